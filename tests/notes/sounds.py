"""Recordings for tests, whole to the last octet: silence in each of the three kinds, and what only looks like one."""

from __future__ import annotations

FRAME = b"\xff\xfb\x90\x64" + bytes(413)
"""MPEG-1 layer III, 128 kbit/s, 44,100 Hz: 417 octets."""


def mp3(n_frames: int = 40) -> bytes:
    return FRAME * n_frames


def tagged_mp3() -> bytes:
    """With tags before and behind, as recorders write them."""
    return b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128) + mp3() + b"TAG" + bytes(125)


def ogg(first: bytes = b"OpusHead", n_pages: int = 4) -> bytes:
    head = b"OggS" + bytes(22) + b"\x01" + b"\x13" + first.ljust(19, b"\x01")
    page = b"OggS" + bytes(22) + b"\x02" + b"\xff\x0a" + bytes(265)
    return head + page * (n_pages - 1)


def box(kind: bytes, inside: bytes) -> bytes:
    return (len(inside) + 8).to_bytes(4, "big") + kind + inside


def m4a(brand: bytes = b"M4A ", handler: bytes = b"soun", codec: bytes = b"mp4a") -> bytes:
    moov = box(b"moov", box(b"hdlr", bytes(8) + handler + bytes(12)) + box(b"stsd", box(codec, bytes(20))))
    return box(b"ftyp", brand + bytes(4)) + moov + box(b"mdat", bytes(600))


EXE = b"MZ\x90\x00\x03" + bytes(4000)
PAGE = b"<!DOCTYPE html><script>alert(1)</script>" + bytes(2000)
