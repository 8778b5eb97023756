"""Kept under their digest (`audio/notes/{digest}.{ending}` in the data folder), given out in parts.

Files that no browser plays, or without a readable length, are refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from tinytag import ParseError, TinyTag, UnsupportedFormatError

from trainings.errors import WrongInput
from trainings.people.audio import TYPES
from trainings.settings import get_settings
from trainings.web.files import RecordingTooLarge
from trainings.web.i18n import N_

ADDRESS = "/audio/notas/"
NAME = re.compile(r"[0-9a-f]{32}\.(?P<ending>mp3|m4a|ogg)")

PLAYED = {
    "audio/mpeg": "mp3",
    'audio/mp4; codecs="mp4a': "m4a",
    'audio/ogg; codecs="opus': "ogg",
    'audio/ogg; codecs="vorbis': "ogg",
}
"""As the tag reader names them, and their endings."""
BARE_AAC = (b"\xff\xf1", b"\xff\xf9")
"""AAC without a container, which the tag reader takes for MP3."""


class NoRecording(WrongInput):
    sentence = N_(
        "Ese archivo no es una grabación, aunque su nombre lo diga. Sirven MP3, M4A (la grabadora del teléfono) y OGG."
    )


class BrokenRecording(WrongInput):
    sentence = N_("La grabación está dañada o llegó incompleta. Escúchela en su teléfono y súbala otra vez.")


class EmptyRecording(WrongInput):
    sentence = N_("Escoja el archivo de la grabación.")


@dataclass(frozen=True, slots=True)
class Recording:
    """`name`: digest and ending, as in the note's column and the address."""

    name: str
    path: Path
    media_type: str


def keep(content: bytes) -> str:
    """Returns its name. Call it in a thread: a hostile file takes seconds.

    Refuses EmptyRecording, RecordingTooLarge (over 5 MB), NoRecording (neither MP3, M4A nor OGG by content),
    BrokenRecording (unreadable length).
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
    read = NAME.fullmatch(name)
    path = _folder() / name if read else None
    if read is None or path is None or not path.is_file():
        return None
    return Recording(name, path, TYPES[read["ending"]])


def remove(name: str) -> None:
    """Twice is once."""
    if NAME.fullmatch(name):
        (_folder() / name).unlink(missing_ok=True)


def _folder() -> Path:
    return get_settings().data_dir / "audio" / "notes"


def _ending_of(content: bytes) -> str:
    if content.startswith(BARE_AAC):
        raise NoRecording(field="file")
    try:
        tag = TinyTag.get(file_obj=BytesIO(content), tags=False)
    except UnsupportedFormatError as error:
        raise NoRecording(field="file") from error
    except ParseError as error:
        raise BrokenRecording(field="file") from error
    if tag.duration is None:
        raise BrokenRecording(field="file")
    ending = next((ending for kind, ending in PLAYED.items() if (tag.mime_type or "").startswith(kind)), None)
    if ending is None:
        raise NoRecording(field="file")
    return ending
