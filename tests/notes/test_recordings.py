"""Recordings: known by what is inside, or refused in words, and kept under their content."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests import moment
from tests.notes import sounds
from trainings.errors import Refusal
from trainings.notes import recordings
from trainings.notes.recordings import BrokenRecording, EmptyRecording, NoRecording
from trainings.web.files import RecordingTooLarge

TODAY = moment.turn()
MOST_PLACES = 90
"""At which one recording is cut off, each day at others."""


@pytest.fixture(autouse=True)
def own_folder(folder: Path) -> Path:
    """Nothing is kept beyond a test."""
    return folder


@pytest.mark.parametrize(
    ("content", "ending", "media_type"),
    [
        (sounds.mp3(), "mp3", "audio/mpeg"),
        (sounds.tagged_mp3(), "mp3", "audio/mpeg"),
        (sounds.mp3()[:-100], "mp3", "audio/mpeg"),
        (sounds.m4a(), "m4a", "audio/mp4"),
        (sounds.m4a(b"isom"), "m4a", "audio/mp4"),
        (sounds.m4a(b"3gp4"), "m4a", "audio/mp4"),
        (sounds.ogg(), "ogg", "audio/ogg"),
        (sounds.ogg(b"\x01vorbis"), "ogg", "audio/ogg"),
    ],
)
def test_recording_is_kept_under_its_content_as_what_it_holds(
    folder: Path, content: bytes, ending: str, media_type: str
) -> None:
    name = recordings.keep(content)

    found = recordings.found(name)
    assert found is not None
    assert (found.media_type, found.path.read_bytes(), name.rpartition(".")[2]) == (media_type, content, ending)
    assert [file.name for file in folder.iterdir()] == [name]
    assert recordings.keep(content) == name


@pytest.mark.parametrize(
    "content",
    [
        sounds.EXE,
        sounds.PAGE,
        b"%PDF-1.7" + bytes(900),
        sounds.wav(),
        b"\xff\xd8\xff\xe0" + bytes(900),
        b"\xff\xf1P@" + bytes(900),
        sounds.m4a(codec=b"samr"),
    ],
)
def test_what_is_no_recording_is_refused_in_words_and_not_kept(folder: Path, content: bytes) -> None:
    with pytest.raises(NoRecording) as refused:
        recordings.keep(content)

    assert refused.value.field == "file"
    assert "no es una grabación, aunque su nombre lo diga" in str(refused.value)
    assert not folder.exists()


@pytest.mark.parametrize(
    "content",
    [
        sounds.m4a()[:630],
        sounds.m4a()[:20],
        sounds.ogg()[:20],
        sounds.ogg(b"\x80theora"),
        b"\xff\xfb" + bytes(900),
        b"\xff\xfe<\x00h\x00" + bytes(900),
        b"ID3" + b"<script>",
    ],
)
def test_recording_whose_length_cannot_be_read_is_refused_and_not_kept(folder: Path, content: bytes) -> None:
    with pytest.raises(BrokenRecording, match="dañada o llegó incompleta"):
        recordings.keep(content)

    assert not folder.exists()


def test_five_megabytes_are_taken_and_no_octet_more() -> None:
    whole = sounds.mp3(RecordingTooLarge.limit // len(sounds.FRAME))
    recordings.keep(whole.ljust(RecordingTooLarge.limit, b"\x00"))

    with pytest.raises(RecordingTooLarge, match="más de 5 MB"):
        recordings.keep(whole.ljust(RecordingTooLarge.limit + 1, b"\x00"))
    with pytest.raises(EmptyRecording):
        recordings.keep(b"")


@pytest.mark.parametrize("whole", [sounds.tagged_mp3(), sounds.ogg(), sounds.ogg(b"\x01vorbis"), sounds.m4a()])
def test_recording_cut_off_or_spoilt_anywhere_is_kept_or_refused_in_words(whole: bytes) -> None:
    for n in range(TODAY % 7, len(whole), max(7, len(whole) // MOST_PLACES)):
        for content in (whole[:n], whole[:n] + b"\xff\xff\xff\xff" + whole[n + 4 :]):
            with contextlib.suppress(Refusal):
                assert recordings.keep(content)


def test_name_that_is_none_of_ours_finds_nothing_and_removes_nothing(folder: Path) -> None:
    kept = recordings.keep(sounds.mp3())

    for name in ("", "../secret", "a.mp3", "0" * 32 + ".exe", "0" * 32 + ".mp3", "0" * 32 + ".mp3\n"):
        recordings.remove(name)
        assert recordings.found(name) is None
    assert [file.name for file in folder.iterdir()] == [kept]


def test_removed_recording_is_gone_from_the_disk(folder: Path) -> None:
    recordings.remove(recordings.keep(sounds.ogg()))

    assert list(folder.iterdir()) == []
