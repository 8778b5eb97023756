"""Recordings for tests: silence in each of the three kinds, and what only looks like one."""

from __future__ import annotations

import wave
from io import BytesIO

FRAME = b"\xff\xfb\x90\x64" + bytes(413)
"""MPEG-1 layer III, 128 kbit/s, 44,100 Hz: 417 octets."""


def mp3(n_frames: int = 40) -> bytes:
    return FRAME * n_frames


def tagged_mp3() -> bytes:
    """With tags before and behind, as recorders write them."""
    return b"ID3\x04\x00\x00\x00\x00\x01\x00" + bytes(128) + mp3() + b"TAG" + bytes(125)


def ogg(first: bytes = b"OpusHead") -> bytes:
    head = b"OggS" + bytes(22) + b"\x01" + b"\x1e" + first.ljust(30, b"\x01")
    page = b"OggS" + bytes(22) + b"\x02" + b"\xff\x0a" + bytes(265)
    return head + page * 3


def box(kind: bytes, inside: bytes) -> bytes:
    return (len(inside) + 8).to_bytes(4, "big") + kind + inside


def m4a(brand: bytes = b"M4A ", codec: bytes = b"mp4a") -> bytes:
    """A second, as a telephone writes it: how long it is stands behind the sound."""
    length = box(b"mvhd", bytes(12) + (1000).to_bytes(4, "big") * 2)
    inside = box(b"stsd", bytes(8) + box(codec, bytes(47) + b"\x40" + bytes(20)))
    for kind in (b"stbl", b"minf", b"mdia", b"trak"):
        inside = box(kind, inside)
    return box(b"ftyp", brand + bytes(4)) + box(b"mdat", bytes(600)) + box(b"moov", length + inside)


def wav() -> bytes:
    file = BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(8000))
    return file.getvalue()


EXE = b"MZ\x90\x00\x03" + bytes(4000)
PAGE = b"<!DOCTYPE html><script>alert(1)</script>" + bytes(2000)
