"""The file of a list as it arrives: what is refused, in words, and what is too large."""

from __future__ import annotations

import io

from httpx2 import AsyncClient
from python_calamine import load_workbook

from tests.registrations.list_pages import path, previewed, selected, send
from tests.registrations.lists import (
    HEADER,
    MARIA,
    a_training,
)
from tests.schedule.panel import post
from tests.tables import text, xlsx
from tests.web.pages import Page
from trainings.audit.actor import PROGRAM
from trainings.registrations.models import ImportDraft
from trainings.registrations.telling import changes
from trainings.web.files import FILE_LIMIT
from trainings.web.guards import BODY_LIMIT

# -- the file


NO_LISTS: list[tuple[bytes, str, str]] = [
    (b"%PDF-1.7 ...", "lista.csv", "Es un PDF"),
    (b"\x89PNG\r\n\x1a\n", "lista.xlsx", "Es una foto o imagen"),
    (b"", "lista.csv", "El archivo está vacío"),
    (
        text("Nombre", *["Ana Coc"] * 2_001),
        "lista.csv",
        "La lista tiene 2,001 filas y aquí caben 2,000 a la vez.",
    ),
]


async def test_file_that_is_no_list_shows_the_form_again_with_the_reason(assistant: AsyncClient) -> None:
    training = await a_training()
    for content, name, sentence in NO_LISTS:
        answer = await send(assistant, training, content, name)

        page = Page(answer.text)
        assert answer.status_code == 422, sentence
        assert sentence in page.text, sentence
        assert page.one("input", id="file")["aria-invalid"] == "true", sentence
        assert page.all("a", href="#file"), sentence
        assert "Escoja otra vez el archivo." in page.text, sentence
        assert "Lo demás que escribió" not in page.text, sentence


async def test_form_without_a_file_says_so(assistant: AsyncClient) -> None:
    training = await a_training()
    nothing_chosen = await send(assistant, training, b"", "")
    no_file = await assistant.post(path(training), files={"x": (None, b"1")})
    no_upload = await post(assistant, path(training), {"file": "x"})

    assert [one.status_code for one in (nothing_chosen, no_file, no_upload)] == [422, 422, 415]
    assert "Escoja un archivo y envíelo con el formulario de esta página." in no_upload.text


BROKEN: list[bytes] = [
    b"",
    b"x",
    b"--b\r\n",
    b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--",
    b"--b\r\n" + b"A: b\r\n" * 5_000,
]


async def test_broken_upload_is_refused(assistant: AsyncClient) -> None:
    kind, address = {"content-type": "multipart/form-data; boundary=b"}, path(await a_training())

    for body in BROKEN:
        answer = await assistant.post(address, content=body, headers=kind)
        no_boundary = await assistant.post(address, content=body, headers={"content-type": "multipart/form-data"})

        assert answer.status_code in (400, 422), body
        assert no_boundary.status_code == 400, body


async def test_second_file_and_many_fields_are_refused(assistant: AsyncClient) -> None:
    training = await a_training()
    one = ("a.csv", text(HEADER, MARIA))

    two_files = await assistant.post(path(training), files=[("file", one), ("file", one)])
    many_fields = await assistant.post(
        path(training), files=[("file", one), *((f"f{n}", (None, b"")) for n in range(21))]
    )
    long_field = await assistant.post(path(training), files=[("file", one), ("x", (None, b"x" * 5_000))])

    assert [answer.status_code for answer in (two_files, many_fields, long_field)] == [400, 400, 400]
    assert await ImportDraft.all().count() == 0


async def test_file_of_two_megabytes_is_read_and_a_larger_one_refused_in_words(assistant: AsyncClient) -> None:
    training = await a_training()
    list_ = text(HEADER, MARIA)
    empty = b" " * 998 + b"\r\n"

    largest = await send(assistant, training, list_ + empty * ((FILE_LIMIT - len(list_)) // len(empty)))
    larger = await send(assistant, training, b"x" * (FILE_LIMIT + 1))
    much_larger = await send(assistant, training, b"x" * (FILE_LIMIT + BODY_LIMIT + 1))

    assert [answer.status_code for answer in (largest, larger, much_larger)] == [303, 413, 413]
    for answer in (larger, much_larger):
        assert "El archivo pesa más de 2 MB." in answer.text


async def test_no_other_address_takes_more_than_a_form(assistant: AsyncClient) -> None:
    training = await a_training()
    body = b"x" * (BODY_LIMIT + 1)

    answers = [
        await assistant.post(address, content=body, headers={"content-type": "multipart/form-data; boundary=b"})
        for address in (f"{path(training)}/otra", path(training).replace("importar", "inscribir"), "/entrar")
    ]

    assert [answer.status_code for answer in answers] == [413, 413, 413]


async def test_model_sheet_has_columns_that_are_recognised(assistant: AsyncClient) -> None:
    answer = await assistant.get("/panel/importaciones/modelo.xlsx")
    header = load_workbook(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()[0]
    training = await a_training()

    back = await send(assistant, training, xlsx([header, ["Ana", "Coc", "1705", "", "COCODE"]]))

    assert answer.headers["content-disposition"] == 'attachment; filename="lista-modelo.xlsx"'
    page = Page((await assistant.get(back.headers["location"])).text)
    assert len([name for name in selected(page) if name.startswith("column-")]) == len(header)


async def test_preview_of_what_was_called_off_since_has_nothing_to_confirm(assistant: AsyncClient) -> None:
    training = await a_training()
    address = await previewed(assistant, training, MARIA)

    await changes.call_off_training(training.id, "No hay paso.", actor=PROGRAM)

    page = Page((await assistant.get(address)).text)
    assert "Esta capacitación se canceló." in page.text
    assert not page.all("form", action=f"{address}/confirmar")
