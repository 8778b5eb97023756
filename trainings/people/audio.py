"""Read by a speaker, never by a machine: one for each version and language.

Files of the data folder: `audio/consent-{version}-{language}.{ending}`. The program brings none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from trainings.errors import NotFound
from trainings.people.consents import TEXT_VERSION, TEXTS
from trainings.people.words import LANGUAGES
from trainings.settings import get_settings
from trainings.web.i18n import N_, gettext

LARGEST = 2 * 1024 * 1024
ADDRESS = "/audio/permiso/"
TYPES = {"mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg"}
SPEECHLESS = frozenset({"gsm", "und"})
"""A sign language has no voice, and "und" no language."""

NAME = re.compile(r"consent-(?P<version>[0-9-]+)-(?P<language>[a-z]{3})\.(?P<ending>[a-z0-9]{3})")


class UnusableRecording(ValueError):
    """The sentence tells the operator why."""


class UnknownRecording(NotFound):
    sentence = N_("No hay grabación en ese idioma.")


@dataclass(frozen=True, slots=True)
class Recording:
    """`address` changes with the content, so browsers may cache it."""

    version: str
    language: str
    path: Path
    media_type: str
    address: str

    @property
    def words(self) -> str:
        return gettext(LANGUAGES[self.language])


def available() -> list[Recording]:
    """Recordings of the current texts, in the forms' order of languages."""
    return [one for one in recordings() if one.version == TEXT_VERSION]


def recordings() -> list[Recording]:
    """Recordings of all versions, newest first."""
    folder = _folder()
    files = list(folder.iterdir()) if folder.is_dir() else []
    found = [one for one in map(_recording, files) if one is not None]
    order = list(LANGUAGES)
    by_language = sorted(found, key=lambda one: order.index(one.language))
    return sorted(by_language, key=lambda one: one.version, reverse=True)


def recording_in(language: str) -> Recording:
    """Refuses (UnknownRecording)."""
    found = next((one for one in available() if one.language == language), None)
    if found is None:
        raise UnknownRecording
    return found


def add(file: Path, language: str, version: str = TEXT_VERSION) -> Recording:
    """A copy of the file for this version and language; replaces an earlier recording. Raises UnusableRecording for an
    unknown language or version, more than 2 MB, and content that is not MP3, M4A or Ogg, whatever the name; OSError
    if unreadable.
    """
    if language not in LANGUAGES or language in SPEECHLESS:
        spoken = ", ".join(code for code in LANGUAGES if code not in SPEECHLESS)
        raise UnusableRecording(f"{language} is none of the languages: {spoken}.")
    if version not in TEXTS:
        raise UnusableRecording(f"There is no version {version} of the sentences, but {', '.join(TEXTS)}.")
    if file.stat().st_size > LARGEST:
        raise UnusableRecording("It is larger than 2 MB. Speech needs no more than 32 kbit/s: save it smaller.")
    content = file.read_bytes()
    ending = _ending_of(content)
    if ending is None:
        raise UnusableRecording("It is no recording in MP3, M4A (AAC) or Ogg (Opus, Vorbis).")
    return _keep(content, f"consent-{version}-{language}", ending)


def _keep(content: bytes, stem: str, ending: str) -> Recording:
    """Moved into place: listeners hear the old file or the new."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / f"{stem}.{ending}"
    unfinished = kept.with_suffix(".new")
    unfinished.write_bytes(content)
    unfinished.replace(kept)
    for other in TYPES:
        if other != ending:
            kept.with_suffix(f".{other}").unlink(missing_ok=True)
    recording = _recording(kept)
    assert recording is not None
    return recording


def _recording(path: Path) -> Recording | None:
    read = NAME.fullmatch(path.name)
    if read is None or read["version"] not in TEXTS or read["language"] not in LANGUAGES or read["ending"] not in TYPES:
        return None
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return Recording(
        version=read["version"],
        language=read["language"],
        path=path,
        media_type=TYPES[read["ending"]],
        address=f"{ADDRESS}{read['language']}?v={read['version']}-{found.st_mtime_ns:x}",
    )


def _ending_of(content: bytes) -> str | None:
    if content[:4] == b"OggS" and content[28:36] in (b"OpusHead", b"\x01vorbis\x00"):
        return "ogg"
    if content[4:8] == b"ftyp" and content[8:12] in (b"M4A ", b"mp42", b"isom"):
        return "m4a"
    if content[:3] == b"ID3" or _is_mpeg_frame(content[:4]):
        return "mp3"
    return None


def _is_mpeg_frame(head: bytes) -> bool:
    """Layer III: eleven set bits, then version, layer, bit rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer, bit_rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4
    return version != 1 and layer == 1 and bit_rate not in (0, 15)


def _folder() -> Path:
    return get_settings().data_dir / "audio"
