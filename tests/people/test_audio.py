"""The permission read aloud: offered where somebody recorded it, and nowhere else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.web.pages import Page
from trainings import __main__ as commands
from trainings.people import audio
from trainings.people.audio import UnusableRecording
from trainings.people.consents import TEXT_VERSION
from trainings.settings import get_settings

MP3 = b"\xff\xfb\x90\x64" + bytes(2000)
TAGGED_MP3 = b"ID3\x04" + bytes(500)
M4A = b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00" + bytes(500)
OPUS = b"OggS" + bytes(24) + b"OpusHead" + bytes(500)
VORBIS = b"OggS" + bytes(24) + b"\x01vorbis\x00" + bytes(500)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where this test's recordings lie."""
    monkeypatch.setenv("TRAININGS_DATA_DIR", str(tmp_path / "var"))
    get_settings.cache_clear()
    yield tmp_path / "var" / "audio"
    get_settings.cache_clear()


def recorded(content: bytes, language: str = "kek", **version: str) -> audio.Recording:
    file = get_settings().data_dir.parent / "grabación sin nombre"
    file.write_bytes(content)
    return audio.add(file, language, **version)


# -- adding


@pytest.mark.parametrize(
    ("content", "ending", "media_type"),
    [
        (MP3, "mp3", "audio/mpeg"),
        (TAGGED_MP3, "mp3", "audio/mpeg"),
        (M4A, "m4a", "audio/mp4"),
        (OPUS, "ogg", "audio/ogg"),
        (VORBIS, "ogg", "audio/ogg"),
    ],
)
def test_recording_is_kept_as_what_it_holds_whatever_its_name(
    folder: Path, content: bytes, ending: str, media_type: str
) -> None:
    recording = recorded(content)

    assert recording.media_type == media_type
    assert [file.name for file in folder.iterdir()] == [f"consent-{TEXT_VERSION}-kek.{ending}"]
    assert recording.path.read_bytes() == content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(500),
        b"<script>alert(1)</script>",
        b"%PDF-1.7" + bytes(500),
        b"\x00\x00\x00\x20ftypqt  " + bytes(500),
        b"OggS" + bytes(24) + b"\x80theora" + bytes(500),
        b"\xff\xd8\xff\xe0" + bytes(500),
        b"\xff\xff\xff\xff" + bytes(500),
        b"\xff\xfe<\x00h\x00" + bytes(500),
    ],
)
def test_what_is_no_recording_is_refused_and_not_kept(folder: Path, content: bytes) -> None:
    with pytest.raises(UnusableRecording, match="no recording"):
        recorded(content)

    assert not folder.exists()


def test_two_megabytes_are_taken_and_no_octet_more() -> None:
    assert recorded(MP3.ljust(audio.LARGEST, b"\x00")).language == "kek"

    with pytest.raises(UnusableRecording, match="larger than 2 MB"):
        recorded(MP3.ljust(audio.LARGEST + 1, b"\x00"))


@pytest.mark.parametrize("language", ["xxx", "gsm", "und", "../etc", "KEK", ""])
def test_language_without_a_voice_or_a_code_is_refused(folder: Path, language: str) -> None:
    with pytest.raises(UnusableRecording, match="none of the languages"):
        recorded(MP3, language)

    assert not folder.exists()


def test_version_that_never_was_is_refused() -> None:
    with pytest.raises(UnusableRecording, match="There is no version"):
        recorded(MP3, version="2026-13")


def test_new_recording_takes_the_place_of_the_old_whatever_its_kind(folder: Path) -> None:
    recorded(OPUS)
    recorded(MP3)

    assert [file.name for file in folder.iterdir()] == [f"consent-{TEXT_VERSION}-kek.mp3"]


def test_only_recordings_of_the_current_sentences_are_offered(folder: Path) -> None:
    recorded(MP3, "quc")
    recorded(OPUS, "kek")
    recorded(MP3, "mam", version="2026-11")
    for stray in ("consent-2026-12-xxx.mp3", "consent-2026-12-kek.wav", "notas.txt", "consent-2026-12-mam.new"):
        (folder / stray).write_bytes(MP3)

    assert [(one.language, one.words) for one in audio.available()] == [("quc", "K’iche’"), ("kek", "Q’eqchi’")]
    assert [one.language for one in audio.recordings()] == ["quc", "kek", "mam"]


# -- on the command line


def test_operator_is_told_what_the_recording_has_to_say(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "permiso.m4a").write_bytes(M4A)

    commands.list_recordings()
    commands.add_recording(tmp_path / "permiso.m4a", "kek")
    commands.add_recording(tmp_path / "permiso.m4a", "kek", "2026-11")
    commands.list_recordings()

    said = capsys.readouterr().out
    assert said.startswith("There are no recordings.\n")
    assert "It has to say, in that language:\nGuardamos estos datos para su inscripción" in said
    assert "2026-11  kek" in said.splitlines()[-1]
    assert said.splitlines()[-1].endswith("(not offered any more: the sentences have changed)")


@pytest.mark.parametrize("name", ["permiso.wav", "no-such-file.mp3"])
def test_operator_is_told_what_cannot_be_used(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "permiso.wav").write_bytes(b"RIFF")

    with pytest.raises(typer.Exit):
        commands.add_recording(tmp_path / name, "kek")

    assert capsys.readouterr().err.startswith(f"{tmp_path / name}: ")


# -- on the pages


async def test_recording_is_served_whole_and_in_parts(client: AsyncClient) -> None:
    recorded(MP3)

    whole = await client.get("/audio/permiso/kek")
    part = await client.get("/audio/permiso/kek", headers={"range": "bytes=0-3"})
    beyond = await client.get("/audio/permiso/kek", headers={"range": "bytes=99999-"})

    assert (whole.status_code, whole.content) == (200, MP3)
    assert (whole.headers["content-type"], whole.headers["accept-ranges"]) == ("audio/mpeg", "bytes")
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert (part.status_code, part.content) == (206, MP3[:4])
    assert part.headers["content-range"] == f"bytes 0-3/{len(MP3)}"
    assert beyond.status_code == 416


async def test_browsers_keep_a_recording_and_ask_where_its_address_has_no_version(client: AsyncClient) -> None:
    address = recorded(MP3).address

    versioned, plain = await client.get(address), await client.get("/audio/permiso/kek")
    again = await client.get("/audio/permiso/kek", headers={"if-none-match": plain.headers["etag"]})

    assert versioned.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert plain.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert "set-cookie" not in versioned.headers


async def test_new_recording_has_a_new_address(folder: Path) -> None:
    first = recorded(MP3)
    os.utime(first.path, (1, 1))

    assert audio.recording_in("kek").address != first.address


@pytest.mark.parametrize("language", ["mam", "xxx", "..%2f..%2fsecret_keys", "%00", "kek.mp3"])
async def test_language_without_a_recording_is_not_found(client: AsyncClient, language: str) -> None:
    recorded(MP3)

    assert (await client.get(f"/audio/permiso/{language}")).status_code == 404


async def test_forms_offer_the_recordings_and_load_none(client: AsyncClient) -> None:
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub, venue=cast.venue, walk_ins=True)
    address = recorded(MP3).address
    await make.sign_in(client, cast.assistant)

    for path in (
        f"/capacitaciones/{training.slug}/inscripcion",
        f"/panel/capacitaciones/{training.id}/inscribir",
        f"/panel/sesiones/{training.sessions[0].id}/asistencia/sin-boleto",
    ):
        page = Page((await client.get(path)).text)
        player = page.one("audio")
        assert (player["src"], player["preload"], "controls" in player) == (address, "none", True)
        assert "Escuchar este permiso: Q’eqchi’" in page.text


async def test_form_offers_a_recording_from_when_it_is_there_until_it_is_gone(client: AsyncClient) -> None:
    form = f"/capacitaciones/{(await make.make_training()).slug}/inscripcion"
    without = (await client.get(form)).text

    recording = recorded(MP3)
    offered = Page((await client.get(form)).text)
    recording.path.unlink()

    assert offered.one("audio")["src"] == recording.address
    assert [re.search("audio|Escuchar", text) for text in (without, (await client.get(form)).text)] == [None, None]
