"""Recordings of notes, read aloud by a person: told by their content, kept under it, given out in parts.

They lie in the data folder as `audio/notes/{digest}.{ending}`. A file whose inside does not hold together from its
first octet to its last is refused: what merely begins like a recording plays nothing, or is something else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from trainings.errors import Refusal
from trainings.settings import get_settings
from trainings.web.files import RecordingTooLarge
from trainings.web.i18n import N_

ADDRESS = "/audio/notas/"
TYPES = {"mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg"}
NAME = re.compile(r"[0-9a-f]{32}\.(?P<ending>mp3|m4a|ogg)")

M4A_BRANDS = (b"M4A ", b"M4B ", b"mp41", b"mp42", b"isom", b"iso2", b"iso5", b"dash")
OGG_FIRST = (b"OpusHead", b"\x01vorbis")
FEWEST_FRAMES = 8
"""Of an MP3: a fifth of a second. Fewer may be chance."""
BIT_RATES = {
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Layer III in kbit/s, of MPEG-1 and of MPEG-2 (2.5 too)."""
SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


class NoRecording(Refusal):
    code = "no_recording"
    status = 422
    sentence = N_(
        "Ese archivo no es una grabación, aunque su nombre lo diga. Sirven MP3, M4A (la grabadora del teléfono) y OGG."
    )


class BrokenRecording(Refusal):
    code = "broken_recording"
    status = 422
    sentence = N_("La grabación está dañada o llegó incompleta. Escúchela en su teléfono y súbala otra vez.")


class EmptyRecording(Refusal):
    code = "empty_recording"
    status = 422
    sentence = N_("Escoja el archivo de la grabación.")


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that is kept. `name` is its digest and ending: the column of the note and the end of its address."""

    name: str
    path: Path
    media_type: str


def keep(content: bytes) -> str:
    """Keep the recording and return its name.

    Refuses with EmptyRecording, RecordingTooLarge (over 5 MB), NoRecording (neither MP3, M4A nor OGG by its content) or
    BrokenRecording (its inside ends too early or does not fit together).
    """
    if not content:
        raise EmptyRecording(field="file")
    if len(content) > RecordingTooLarge.limit:
        raise RecordingTooLarge(field="file")
    name = f"{sha256(content).hexdigest()[:32]}.{_ending_of(content)}"
    kept = _folder() / name
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        unfinished = kept.with_suffix(".new")
        unfinished.write_bytes(content)
        unfinished.replace(kept)
    return name


def found(name: str) -> Recording | None:
    """The recording of this name, where there is one."""
    read = NAME.fullmatch(name)
    path = _folder() / name if read else None
    if read is None or path is None or not path.is_file():
        return None
    return Recording(name, path, TYPES[read["ending"]])


def remove(name: str) -> None:
    """Delete the file; nothing where it is gone already."""
    if NAME.fullmatch(name):
        (_folder() / name).unlink(missing_ok=True)


def _folder() -> Path:
    return get_settings().data_dir / "audio" / "notes"


def _ending_of(content: bytes) -> str:
    if content[:4] == b"OggS":
        is_whole, ending = _is_ogg(content), "ogg"
    elif content[4:8] == b"ftyp":
        is_whole, ending = _is_m4a(content), "m4a"
    elif content[:3] == b"ID3" or _mpeg_frame(content, 0):
        is_whole, ending = _is_mp3(content), "mp3"
    else:
        raise NoRecording(field="file")
    if not is_whole:
        raise BrokenRecording(field="file")
    return ending


# -- Ogg: pages, each with a table of its segments (RFC 3533)


def _is_ogg(content: bytes) -> bool:
    if not any(content[28:64].startswith(first) for first in OGG_FIRST):
        raise NoRecording(field="file")
    at = n_pages = 0
    while at + 27 <= len(content) and content[at : at + 5] == b"OggS\x00":
        n_segments = content[at + 26]
        at += 27 + n_segments + sum(content[at + 27 : at + 27 + n_segments])
        n_pages += 1
    return at == len(content) and n_pages > 2


# -- MPEG-4: boxes that begin with their length (ISO/IEC 14496-12)


def _is_m4a(content: bytes) -> bool:
    if content[8:12] not in M4A_BRANDS:
        raise NoRecording(field="file")
    boxes: dict[bytes, bytes] = {}
    at = 0
    while at + 8 <= len(content):
        n_octets, kind = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        if n_octets == 1:
            n_octets = int.from_bytes(content[at + 8 : at + 16], "big")
        elif n_octets == 0:
            n_octets = len(content) - at
        if n_octets < 8:
            return False
        boxes[kind] = content[at : at + n_octets]
        at += n_octets
    moov = boxes.get(b"moov", b"")
    if b"hdlr" in moov and b"vide" in moov:
        raise NoRecording(field="file")
    if moov and b"mp4a" not in moov:
        raise NoRecording(field="file")  # a codec of telephones that browsers do not play
    return at == len(content) and b"soun" in moov and len(boxes.get(b"mdat", b"")) > 8


# -- MP3: frames, one after the other (ISO/IEC 11172-3)


def _is_mp3(content: bytes) -> bool:
    at, end = _after_tag(content), _before_tags(content)
    if not _mpeg_frame(content, at):
        if content[:3] == b"ID3" and at < end:
            return False
        raise NoRecording(field="file")
    n_frames = 0
    while at + 4 <= end and (n_octets := _mpeg_frame(content, at)):
        at += n_octets
        n_frames += 1
    # The recorder may have been stopped within a frame, and some fill up with zeros.
    return n_frames >= FEWEST_FRAMES and not content[at:end].strip(b"\x00")


def _after_tag(content: bytes) -> int:
    """Where the sound begins: behind an ID3v2 tag, whose length is written in sevens of bits."""
    if content[:3] != b"ID3" or len(content) < 10:
        return 0
    length = 0
    for octet in content[6:10]:
        length = length << 7 | octet & 0x7F
    at = 10 + length + (10 if content[5] & 0x10 else 0)
    return at + len(content[at:]) - len(content[at:].lstrip(b"\x00"))


def _before_tags(content: bytes) -> int:
    """Where the sound ends: before an ID3v1 tag, and an APE tag before that."""
    end = len(content) - 128 if content[-128:-125] == b"TAG" else len(content)
    if content[end - 32 : end - 24] == b"APETAGEX":
        end -= int.from_bytes(content[end - 20 : end - 16], "little")
        end -= 32 if content[max(end - 32, 0) : end - 24] == b"APETAGEX" else 0
    return max(end, 0)


def _mpeg_frame(content: bytes, at: int) -> int:
    """How many octets the frame of layer III that begins here has; nothing where none begins."""
    head = content[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer, rate, sampling = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer != 1 or rate in (0, 15) or sampling == 3:
        return 0
    is_first = version == 3
    bit_rate = BIT_RATES[1 if is_first else 2][rate] * 1000
    return (144 if is_first else 72) * bit_rate // SAMPLE_RATES[version][sampling] + (head[2] >> 1 & 1)
