"""The guide for staff: every page is led to from the panel, and names buttons as they stand there."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from tests.cast import make_cast
from tests.database import settings_for
from tests.schedule.panel import as_
from tools.catalogue import kept
from trainings.app import create_app
from trainings.web.guide import FIRST_PAGE, FOLDER, PICTURES, guide_pages, guide_path

FILES = sorted(FOLDER.glob("*.md"))
LINK = re.compile(r"\]\(([^)]+)\)")
WORDS_OF_THE_PANEL = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")


def panel_paths(folder: Path) -> set[str]:
    """The panel's pages, with a word in place of what stands for one thing."""
    from tests.addresses import addresses

    routes = addresses(create_app(settings_for(folder), with_worker=False).routes)
    return {re.sub(r"\{[^}]+\}", "x", one.path) for one in routes if one.name.startswith("GET /panel")}


@cache
def words_of_the_panel() -> set[str]:
    """What people read there, `…` in place of a number or name."""
    messages = [message.id for message in kept("en") if message.id]
    sentences = {text for found in messages for text in ([found] if isinstance(found, str) else found)}
    return {" ".join(PLACEHOLDER.sub("…", text).split()) for text in sentences}


def test_every_page_of_the_guide_helps_somewhere_in_the_panel(tmp_path: Path) -> None:
    paths = panel_paths(tmp_path)

    nowhere = {
        f"{page.slug}: {address}"
        for page in guide_pages().values()
        for address in page.addresses
        if not any(fnmatchcase(path, address) for path in paths)
    }
    led_to = {guide_path(path) for path in paths}

    assert nowhere == set()
    assert led_to == {page.path for page in guide_pages().values()}


@pytest.mark.parametrize(
    ("path", "job"),
    [
        ("/panel/capacitaciones/nueva", "publicar"),
        ("/panel/capacitaciones/01a2300c-822d-76cd-8e32-d843ba6f1ba7", "inscribir"),
        ("/panel/capacitaciones/01a2300c-822d-76cd-8e32-d843ba6f1ba7/diplomas/imprimir", "diplomas"),
        ("/panel/sesiones/01a2300c-822d-76cd-8e32-d843ba6f1ba7/asistencia", "asistencia-panel"),
        ("/panel/sesiones/01a2300c-822d-76cd-8e32-d843ba6f1ba7/hojas/7K2QM/nombres", "diplomas"),
    ],
)
def test_page_of_the_panel_leads_to_the_job_that_is_done_there(path: str, job: str) -> None:
    assert guide_path(path) == f"/panel/guia/{job}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_links_of_a_page_lead_to_pages_and_pictures_that_are_there(path: Path) -> None:
    targets = LINK.findall(path.read_text())

    assert {target for target in targets if not (FOLDER / target).is_file()} == set()


def test_first_page_leads_to_every_other_and_every_picture_is_shown() -> None:
    shown = {target for path in FILES for target in LINK.findall(path.read_text())}

    assert set(LINK.findall((FOLDER / f"{FIRST_PAGE}.md").read_text())) == {path.name for path in FILES} - {"README.md"}
    assert {path.name for path in PICTURES.iterdir()} == {Path(target).name for target in shown if "fotos/" in target}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bold_words_stand_in_the_panel_as_they_are(path: Path) -> None:
    bold = {" ".join(words.split()) for words in WORDS_OF_THE_PANEL.findall(path.read_text())}

    assert bold - words_of_the_panel() == set()


async def test_guide_is_read_from_the_panel_with_its_pictures(db: object, client: AsyncClient) -> None:
    cast = await make_cast()
    await as_(client, cast, "facilitator")

    panel = await client.get("/panel/telefonos")
    page = await client.get("/panel/guia/asistencia-telefono")
    picture = await client.get("/panel/guia/fotos/marcar.png")

    assert 'href="/panel/guia/asistencia-telefono"' in panel.text
    assert "<h1>Asistencia con el teléfono, sin señal</h1>" in page.text
    assert 'src="/panel/guia/fotos/marcar.png"' in page.text
    assert 'href="/panel/guia/asistencia-hoja"' in page.text
    assert "<!--" not in re.search(r"<article.*</article>", page.text, re.DOTALL)[0]  # type: ignore[index]
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")


@pytest.mark.parametrize("path", ["no-hay", "README", "fotos/no-hay.png", "fotos/..%2FREADME.png"])
async def test_page_that_the_guide_has_not_is_not_found(db: object, client: AsyncClient, path: str) -> None:
    cast = await make_cast()
    await as_(client, cast, "facilitator")

    assert (await client.get(f"/panel/guia/{path}")).status_code == 404
