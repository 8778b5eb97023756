"""The pages of an imported list, without script: upload, columns, preview, progress, result, the rows to correct."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.registrations.list_pages import assign, confirm, path, previewed, selected, send, uploaded, version
from tests.registrations.lists import (
    HEADER,
    JUAN,
    MARIA,
    ROSA,
    a_training,
    an_actor,
    confirmed,
    counts,
    imported,
    people,
    work_off,
)
from tests.schedule.panel import post
from tests.tables import text
from tests.web.pages import Page
from trainings import clock
from trainings.accounts.models import Role
from trainings.audit.models import AuditLine
from trainings.outbox.models import OutboxJob
from trainings.people.models import Participant
from trainings.registrations.imports import actions
from trainings.registrations.imports.columns import FIELDS
from trainings.registrations.models import ImportDraft, ImportState
from trainings.schedule.models import Training

WRONG = "Beto,,1705,,COCODE,,,,,,"


# -- the whole way


async def test_assistant_brings_a_list_from_file_to_registrations(assistant: AsyncClient) -> None:
    training = await a_training()
    entry = Page((await assistant.get(f"/panel/capacitaciones/{training.id}")).text)
    assert entry.all("a", href=path(training))
    form = Page((await assistant.get(path(training))).text).one("form", action=path(training))
    assert form["enctype"] == "multipart/form-data"

    address = await previewed(assistant, training, MARIA, JUAN, WRONG)
    preview = Page((await assistant.get(address)).text)
    assert "Todavía no se ha inscrito a nadie." in preview.text
    assert "Apellidos: falta este dato." in preview.text
    assert await Participant.all().count() == 0
    answer = await confirm(assistant, address, {"how": "paper"})
    assert (answer.status_code, answer.headers["location"]) == (303, address)
    progress = Page((await assistant.get(address)).text)
    assert progress.one("progress")["max"] == "3"
    assert progress.all("a", href=address)

    await work_off(await ImportDraft.get())
    done = Page((await assistant.get(address)).text)
    assert "La lista está inscrita" in done.text
    assert "2 con lugar" in done.text
    assert await Participant.all().count() == 2
    [call] = [str(link["href"]) for link in done.all("a") if "llamadas?grupo=imported" in str(link["href"])]
    assert "2 personas" in (await assistant.get(call)).text


async def test_row_with_the_name_of_somebody_else_is_shown_wherever_it_stands(assistant: AsyncClient) -> None:
    training = await a_training()
    await make.make_registration(training, given_names="María Elena", surnames="Caal Tzib", municipality="1705")
    many = [f"Ana {letter},Pop,1705,,COCODE,,,,,," for letter in "ABCDEFGHIJKLMNOPQRSTU"]

    alone = Page((await assistant.get(await previewed(assistant, training, *many))).text)
    page = Page((await assistant.get(await previewed(assistant, training, *many, MARIA))).text)

    assert "Mire esta fila" not in alone.text
    assert "Mire esta fila antes de confirmar" in page.text
    assert "23María Elena Caal Tzib" in page.text


ROOM: list[tuple[dict[str, Any], str]] = [
    ({"capacity": 2}, ""),
    ({"capacity": 1}, "Queda 1 lugar. Quien ya no cabe entra a la lista de espera, en el orden de la hoja."),
    ({"capacity": 1, "has_waiting_list": False}, "No hay lista de espera: quien ya no cabe no se inscribe."),
]


async def test_preview_says_how_many_of_the_list_there_is_room_for(assistant: AsyncClient) -> None:
    training = await a_training()
    address = await previewed(assistant, training, MARIA, JUAN)

    for places, told in ROOM:
        await Training.filter(id=training.id).update(**places)
        page = Page((await assistant.get(address)).text)

        assert told in page.text
        assert ("ya no cabe" in page.text) is bool(told)


# -- the columns


async def test_columns_page_shows_samples_and_what_was_dropped(assistant: AsyncClient) -> None:
    content = text("Nombre,DPI,Religión,Nivel", "José Núñez,1234567890101,ninguna,básico", encoding="cp1252")
    answer = await send(assistant, await a_training(), content)

    page = Page((await assistant.get(answer.headers["location"])).text)

    assert selected(page) == {"column-0": "full_name", "municipality": "1705"}
    assert "José Núñez" in page.text
    assert "«DPI»: no guardamos el DPI ni otros documentos." in page.text
    assert "«Religión»: no guardamos la religión." in page.text
    assert "El archivo no dice cómo guarda las tildes y la ñ." in page.text
    assert "1234567890101" not in page.source


async def test_list_without_titles_says_which_row_was_taken_for_them(assistant: AsyncClient) -> None:
    training, words = await a_training(), "Se tomó como títulos la fila que dice «Ana», «Caal»."

    lists = [await uploaded(assistant, training, "Luis,Ba", header=top) for top in ("Ana,Caal", "Nombres,Caal")]

    assert [words in (await assistant.get(f"{one}/columnas")).text for one in lists] == [True, False]


async def test_columns_can_be_corrected_and_the_unused_are_forgotten(assistant: AsyncClient) -> None:
    training = await a_training()
    address = await uploaded(assistant, training, "Ana,Coc,secreto", header="A,B,C")

    form = {"column-0": "given_names", "column-1": "surnames", "municipality": "1705", "actor_type": "docente"}
    answer = await assign(assistant, address, form | {"column-99": "phone"})

    assert answer.status_code == 303
    draft = await ImportDraft.get()
    assert draft.columns == {"given_names": 0, "surnames": 1}
    assert "secreto" not in (draft.rows or "")
    page = Page((await assistant.get(address)).text)
    assert "La Libertad, Petén" in page.text
    assert "Docente" in page.text


async def test_columns_sent_again_from_a_page_of_before_change_nothing(assistant: AsyncClient) -> None:
    address = await uploaded(assistant, await a_training(), "Ana,Coc,rojo,1705", header="Nombres,Apellidos,Color,Lugar")
    names = {"column-0": "given_names", "column-1": "surnames"}
    before = (
        names | {"column-3": "municipality", "actor_type": "docente"} | await version(assistant, f"{address}/columnas")
    )

    first = await post(assistant, f"{address}/columnas", before)
    again = await post(assistant, f"{address}/columnas", before | {"column-2": "community"})

    assert [(one.status_code, one.headers["location"]) for one in (first, again)] == [(303, address)] * 2
    assert "Alguien cambió esta lista" in Page((await assistant.get(address)).text).text
    assert (await ImportDraft.get()).columns == {"given_names": 0, "surnames": 1, "municipality": 2}


async def test_preview_of_other_columns_confirms_nothing(assistant: AsyncClient) -> None:
    address = await previewed(assistant, await a_training(), MARIA)
    seen = await version(assistant, address)
    form = selected(Page((await assistant.get(f"{address}/columnas")).text))
    await assign(assistant, address, form | {"actor_type": "docente"})

    answer = await post(assistant, f"{address}/confirmar", {"how": "paper"} | seen)

    assert (answer.status_code, answer.headers["location"]) == (303, address)
    assert "Alguien cambió esta lista" in Page((await assistant.get(address)).text).text
    assert (await ImportDraft.get()).state is ImportState.PREVIEW


WRONG_COLUMNS: list[tuple[dict[str, str], str]] = [
    ({}, "Diga en qué columnas están los nombres y los apellidos, o el nombre completo."),
    ({"column-0": "full_name", "column-1": "phone", "column-2": "phone"}, "Ese dato ya está en otra columna."),
    ({"column-0": "full_name", "municipality": "9999"}, "Escoja su municipio de la lista."),
    ({"column-0": "full_name", "actor_type": "astronauta"}, "Escoja una de las opciones."),
    ({"column-0": "password", "column-99999999999": "full_name", "column-x": "phone"}, "Diga en qué columnas"),
]


async def test_wrong_columns_are_said_to_be(assistant: AsyncClient) -> None:
    address = await uploaded(assistant, await a_training(), "Ana,Coc,x", header="A,B,C")

    for form, sentence in WRONG_COLUMNS:
        answer = await assign(assistant, address, form)

        assert answer.status_code == 422, form
        assert sentence in Page(answer.text).text, form
        named = {one for ids in re.findall(r'aria-describedby="([^"]+)"', answer.text) for one in ids.split()}
        assert named <= set(re.findall(r'\bid="([^"]+)"', answer.text)), form


async def test_list_without_columns_leads_to_them(assistant: AsyncClient) -> None:
    address = await uploaded(assistant, await a_training(), MARIA)

    answers = [await assistant.get(address), await assistant.get(f"{address}/errores.csv")]

    assert {answer.headers["location"] for answer in answers} == {f"{address}/columnas"}


# -- the preview


async def test_preview_shows_names_as_they_were_split(assistant: AsyncClient) -> None:
    address = await previewed(
        assistant, await a_training(), "María Elena De León Tzib,COCODE", header="Nombre completo,Cargo"
    )

    page = Page((await assistant.get(address)).text)

    assert "Vea si los nombres y apellidos quedaron bien separados." in page.text
    assert "Apellidos: De León Tzib" in page.text


async def test_preview_pages_through_all_rows_and_shows_what_to_mend_first(assistant: AsyncClient) -> None:
    rows = [*people(60), *(f"Sin{n},,1705,,COCODE,,,,,," for n in range(210))]
    address = await previewed(assistant, await a_training(), *rows)

    first, second, last, beyond = [
        Page((await assistant.get(f"{address}{page}")).text) for page in ("", "?pagina=2", "?pagina=6", "?pagina=99")
    ]

    shown = [[str(one["id"]) for one in page.all("tr") if "id" in one] for page in (first, second, last, beyond)]
    assert [len(rows) for rows in shown] == [50, 50, 20, 20]
    assert (shown[0][0], shown[1][0], shown[2][-1]) == ("fila-2", "fila-52", "fila-271")
    assert shown[2] == shown[3]
    assert first.text.count("Apellidos: falta este dato.") == 200
    assert "Hay 10 filas más." in first.text
    assert "251 a 270 de 270" in last.text
    assert [link["href"] for link in second.all("a", rel="next")] == [f"{address}?pagina=3"] * 2


async def test_permission_must_be_declared_and_a_second_confirmation_only_shows_how_far_it_is(
    assistant: AsyncClient,
) -> None:
    address = await previewed(assistant, await a_training(), MARIA)

    answers = [await confirm(assistant, address, form) for form in ({}, {"how": "form"}, {"how": "x"})]
    before = (await ImportDraft.get()).state
    clicks = [await confirm(assistant, address, {"how": "read_aloud"}) for _click in range(2)]

    assert [answer.status_code for answer in answers] == [422, 422, 422]
    assert "Diga cómo dieron su permiso las personas de la lista." in answers[0].text
    assert before is ImportState.PREVIEW
    assert [(one.status_code, one.headers["location"]) for one in clicks] == [(303, address)] * 2
    assert await OutboxJob.filter(kind=actions.KIND).count() == 1


async def test_lists_beyond_those_of_an_hour_are_told_when_to_come_back(
    assistant: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "UPLOADS_PER_HOUR", 1)
    training = await a_training()

    answers = [await send(assistant, training, text(HEADER, MARIA)) for _list in range(2)]

    assert [answer.status_code for answer in answers] == [303, 429]
    assert 0 < int(answers[1].headers["retry-after"]) <= 3600


async def test_list_can_be_thrown_away(assistant: AsyncClient) -> None:
    training = await a_training()
    address = await previewed(assistant, training, MARIA)

    answer = await post(assistant, f"{address}/descartar")

    assert answer.headers["location"] == f"/panel/capacitaciones/{training.id}"
    assert (await assistant.get(address)).status_code == 404


async def test_forgotten_list_says_so(assistant: AsyncClient) -> None:
    address = await previewed(assistant, await a_training(), MARIA)
    await ImportDraft.all().update(created_at=clock.now() - actions.KEPT * 2)
    await actions.forget_old_lists()

    for rest in ("", "/columnas"):
        answer = await assistant.get(address + rest)
        assert answer.status_code == 409
        assert "La lista ya no está: se guarda un día." in answer.text


# -- the progress


async def test_progress_is_told_to_the_waiting_page_which_is_asked_again_without_script(assistant: AsyncClient) -> None:
    draft = await confirmed(await a_training(), people(3), await an_actor())
    page = f"/panel/importaciones/{draft.id}"

    waiting = await assistant.get(page)
    before = await assistant.get(f"{page}/avance")
    await work_off(draft)
    after = await assistant.get(f"{page}/avance")
    done = await assistant.get(page)

    assert f'<noscript><p class="say"><a class="button" href="{page}">' in waiting.text
    assert "La lista está inscrita" in done.text

    assert before.json() == {"state": "running", "n_rows": 3, "n_done": 0, "words": "Van 0 de 3 filas."}
    assert after.json() == {"state": "done", "n_rows": 3, "n_done": 3, "words": "Van 3 de 3 filas."}
    assert before.headers["cache-control"] == "no-store"


async def test_list_that_stopped_says_what_to_do(assistant: AsyncClient) -> None:
    training = await a_training()
    draft = await confirmed(training, people(3), await an_actor())
    await OutboxJob.filter(kind=actions.KIND).update(failed_at=clock.now())

    page = Page((await assistant.get(f"/panel/importaciones/{draft.id}")).text)

    assert "Se detuvo y no siguió." in page.text
    assert page.all("a", href=path(training))


# -- the rows to correct


async def rows_to_correct(client: AsyncClient, address: str) -> tuple[Response, list[list[str]]]:
    answer = await client.get(f"{address}/errores.csv")
    return answer, list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


async def test_wrong_rows_come_back_with_their_reasons_and_can_be_uploaded_again(assistant: AsyncClient) -> None:
    training = await a_training()
    header = "Alumno,Tipo de actor,Teléfono"
    address = await uploaded(assistant, training, "=1+1 Coc,COCODE,+502 5555 1234", "Ana Coc,COCODE,", header=header)
    form = {"column-0": "full_name", "column-1": "actor_type", "column-2": "phone", "municipality": "1705"}
    await assign(assistant, address, form)

    answer, rows = await rows_to_correct(assistant, address)

    assert rows == [
        [FIELDS["full_name"], "Tipo de actor", "Teléfono", "Fila", "Por qué no se inscribió"],  # type: ignore[index]
        [
            "'=1+1 Coc",
            "COCODE",
            "'+502 5555 1234",
            "2",
            "Nombres: empieza como una fórmula. Escriba solo el texto.",
        ],
    ]
    assert answer.headers["content-disposition"] == 'attachment; filename="filas-con-errores.csv"'
    assert answer.headers["cache-control"] == "no-store"
    assert (await AuditLine.get(act="registrations.download_list_errors")).detail == {"rows": 1}

    again = await send(assistant, training, answer.content.replace(b"'=1+1 Coc", b"Beto Coc"))
    page = Page((await assistant.get(again.headers["location"])).text)
    assert selected(page) == {
        "column-0": "full_name",
        "column-1": "actor_type",
        "column-2": "phone",
        "municipality": "1705",
    }


async def test_wrong_rows_can_still_be_had_when_the_list_is_done(assistant: AsyncClient) -> None:
    draft = await imported(await a_training(), [MARIA, WRONG], await an_actor())

    page = Page((await assistant.get(f"/panel/importaciones/{draft.id}")).text)
    _answer, rows = await rows_to_correct(assistant, f"/panel/importaciones/{draft.id}")

    assert counts(draft) == (1, 0, 1)
    assert "Apellidos: falta este dato." in page.text
    assert [row[0] for row in rows] == ["Nombres", "Beto"]
    assert "María Elena" not in page.text


# -- who may


async def test_list_of_another_hub_does_not_exist(client: AsyncClient) -> None:
    draft = await confirmed(await a_training(), [MARIA], await an_actor())
    elsewhere = await make.make_hub("tacana-san-marcos", municipality=make.TACANA)
    await make.sign_in(client, await make.make_user(Role.HUB_COORDINATOR, elsewhere))

    seen = [
        await client.get(f"/panel/importaciones/{draft.id}{rest}")
        for rest in ("", "/columnas", "/avance", "/errores.csv")
    ]

    assert [answer.status_code for answer in seen] == [404] * 4
    assert not any("Caal" in answer.text for answer in seen)


async def test_preview_names_the_rows_that_are_equal_to_another(assistant: AsyncClient) -> None:
    address = await previewed(assistant, await a_training(), JUAN, ROSA, *people(30), ROSA)

    page = Page((await assistant.get(address)).text)

    text = " ".join(page.text.split())
    assert "Una fila repite a otra" in text
    assert "Si son dos que se llaman igual, corrija la fila con algo que las distinga" in text
    assert "34Rosa CocEs igual a la fila 3." in text


async def test_preview_of_different_rows_speaks_of_none_that_is_equal(assistant: AsyncClient) -> None:
    other = ROSA.replace("1705,,", "1705,Las Pozas,")
    address = await previewed(assistant, await a_training(), JUAN, ROSA, other)

    page = Page((await assistant.get(address)).text)

    assert "repite a otra" not in page.text
    assert "3 personas nuevas" in " ".join(page.text.split())
