"""A list as a municipality has it: titles above, Windows letters, answers as people give them."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from httpx2 import AsyncClient, Response

from tests.registrations.list_pages import assign, confirm, previewed, selected, send, uploaded
from tests.registrations.lists import MARIA, a_training, an_actor, counts, imported, with_columns, work_off
from tests.schedule.panel import post
from tests.tables import xlsx
from tests.web.pages import Page
from trainings.people.models import Guardian, Participant, Sex
from trainings.places.actions import load_municipalities
from trainings.registrations.imports import actions
from trainings.registrations.imports.rows import Preview, Verdict
from trainings.registrations.models import ImportDraft
from trainings.schedule.models import Training
from trainings.settings import Settings

MESSY = Path(__file__).parents[2] / "data" / "lista_desordenada.csv"


async def the_messy_list() -> tuple[ImportDraft, Preview]:
    training = await a_training(admits_minors=True)
    draft = await actions.upload(training, MESSY.read_bytes(), actor=await an_actor())
    draft = await with_columns(draft, actions.ForAll(municipality="1705"))
    return draft, await actions.preview(draft, training)


async def test_messy_list_leaves_four_rows_to_mend(sqlite_db: Settings) -> None:
    draft, preview = await the_messy_list()

    rows = {one.number: one for one in preview.rows}
    assert len(rows) == 31
    assert {one.row.label: one.why for one in preview.of(Verdict.REFUSED)} == {
        "Seño Griselda": ("Apellidos: falta este dato.",),
        "ANA": ("Apellidos: falta este dato.",),
        "Luis Fernando Ax": (
            "Es menor de edad: falta el nombre de quien da permiso.",
            "Es menor de edad: falta su parentesco con quien da permiso.",
            "Es menor de edad: falta el teléfono de quien da permiso.",
            "Es menor de edad: falta que diga que quiere participar.",
        ),
        "Ricardo Xuc (pendiente)": ("Nombres: al lado del nombre dice «(pendiente)». Vea si se inscribe.",),
    }
    assert [(one.row.label, one.same_as) for one in preview.of(Verdict.KNOWN)] == [
        ("Byron Estuardo de la Cruz Mendez", 6)
    ]
    assert actions.sheet_in(draft).left_out == (37,)
    assert await Participant.all().count() == 0


async def test_messy_list_is_mended_on_the_screen_and_registered(assistant: AsyncClient) -> None:
    training = await a_training(admits_minors=True)
    await load_municipalities()
    answer = await send(assistant, training, MESSY.read_bytes())
    address = answer.headers["location"].removesuffix("/columnas")
    await assign(assistant, address, selected(Page((await assistant.get(f"{address}/columnas")).text)))
    ana, griselda, minor, pending = 20, 13, 25, 35

    wrong = await mend(assistant, f"{address}/fila/{ana}", surnames="Ba", phone="12")
    assert wrong.status_code == 422
    page = Page(wrong.text)
    assert (page.one("input", id="surnames")["value"], page.one("input", id="phone")["value"]) == ("Ba", "12")
    places = [
        (await mend(assistant, f"{address}/fila/{number}", **typed)).headers["location"]
        for number, typed in (
            (griselda, {"surnames": "Choc"}),
            (ana, {"surnames": "Ba"}),
            (minor, {"given_names": "Luis Fernando", **GUARDIAN}),
            (pending, {"do": "aside"}),
        )
    ]
    await confirm(assistant, address, {"how": "paper"})
    done = await work_off(await ImportDraft.get())

    assert places == [
        *(f"{address}/fila/{number}" for number in (ana, minor, pending)),
        f"{address}?pagina=1#fila-{pending}",
    ]
    assert actions.outcomes_of(done).refused == {}
    assert counts(done) == (29, 1, 0)
    jose = await Participant.get(surnames="Choc", given_names="José Ángel")
    assert (jose.phone, jose.other_phone) == ("+50255552004", "+50244442004")
    luis = await Participant.get(given_names="Luis Fernando")
    assert (luis.phone, (await Guardian.get(participant_id=luis.id)).name) == (None, "Eva Ax")
    assert not await Participant.filter(given_names="Ricardo").exists()


GUARDIAN = {"guardian_name": "Eva Ax", "guardian_relation": "madre", "guardian_phone": "5555 7777", "assent": "yes"}


async def mend(client: AsyncClient, address: str, **typed: str) -> Response:
    """The row's form as it is shown, with other answers."""
    page = Page((await client.get(address)).text)
    fields = {str(one["name"]): str(one["value"]) for one in page.all("input") if one.get("type") in KEPT}
    return await post(client, address, fields | selected(page) | typed)


KEPT = ("text", "tel", "email")


async def test_preview_shows_sex_and_age_as_they_were_read(assistant: AsyncClient) -> None:
    address = await previewed(assistant, await a_training(), "Ana Coc,M,34", "Luis Ax,H,", header="Nombre,Sexo,Edad")

    page = Page((await assistant.get(address)).text)

    words = " ".join(page.text.split())
    assert "MujerEdad: 25 a 34" in words
    assert "Hombre" in words


async def test_what_a_row_lacks_is_said_on_its_page_as_a_sentence(assistant: AsyncClient) -> None:
    address = await previewed(assistant, await a_training(), "Ana Coc,doce", header="Nombre,Edad")

    page = Page((await assistant.get(f"{address}/fila/2")).text)

    assert "Puede ser mayor o menor de edad. Vea qué edad tiene y póngala." in page.text


async def test_row_when_left_out_keeps_what_was_typed_for_it(assistant: AsyncClient) -> None:
    address = await previewed(assistant, await a_training(), "Beto,,1705,,COCODE,5555 2010,,,,,")
    row = f"{address}/fila/2"

    await mend(assistant, row, do="aside", surnames="Ba", phone="4444 2010", other_phone="33")
    shown = Page((await assistant.get(row)).text)
    await mend(assistant, row, do="in", community="El Chal")

    assert [shown.one("input", id=name)["value"] for name in ("surnames", "phone")] == ["Ba", "4444 2010"]
    assert "Otro teléfono: «33» no se pudo leer y queda vacío." in shown.text
    draft = await ImportDraft.get()
    [one] = (await actions.preview(draft, await a_training_of(draft))).rows
    assert (one.verdict, one.row.label, one.row.typed.value("community")) == (Verdict.NEW, "Beto Ba", "El Chal")


async def test_row_of_another_list_does_not_exist(assistant: AsyncClient) -> None:
    address = await previewed(assistant, await a_training(), MARIA)

    shown = await assistant.get(f"{address}/fila/99")
    kept = await post(assistant, f"{address}/fila/99", {"given_names": "Ana"})

    assert [shown.status_code, kept.status_code] == [404, 404]


async def test_rows_that_a_list_left_are_taken_up_again_once(assistant: AsyncClient) -> None:
    training = await a_training()
    draft = await imported(training, [MARIA, "Beto,,1705,,COCODE,,,,,,"], await an_actor())
    address = f"/panel/importaciones/{draft.id}"

    again = await post(assistant, f"{address}/seguir")
    twice = await post(assistant, f"{address}/seguir")
    new = again.headers["location"]
    await mend(assistant, f"{new}/fila/3", surnames="Ba")
    await confirm(assistant, new, {"how": "paper"})
    done = await work_off(await ImportDraft.get(id=UUID(new.rpartition("/")[2])))

    assert twice.status_code == 409
    assert counts(done) == (1, 0, 0)
    assert "1 persona inscrita" in " ".join(Page((await assistant.get(address)).text).text.split())
    assert await Participant.filter(surnames="Ba").count() == 1


async def test_of_four_sheets_the_one_with_people_is_proposed_and_another_can_be_read(assistant: AsyncClient) -> None:
    people = [["Nombre completo", "Edad"], ["Ana Coc Ba", "30"]]
    content = xlsx([["Gastos", "Q"], ["Refacción", 300]], [["Portada"]], people, [["Nombre"], ["Otra Lista Coc"]])
    answer = await send(assistant, await a_training(), content)
    address = answer.headers["location"]

    first = Page((await assistant.get(address)).text)
    other = Page((await assistant.get(f"{address}?hoja=2")).text)
    kept = await assign(assistant, address.removesuffix("/columnas"), selected(other) | {"sheet": "2"})

    assert "El archivo tiene 3 hojas con datos. Se lee «Sheet3»." in first.text
    assert "Ana Coc Ba" in first.text
    assert "Otra Lista Coc" in other.text
    assert kept.status_code == 303
    draft = await ImportDraft.get()
    assert "Otra Lista Coc" in (draft.rows or "")
    assert "Ana Coc Ba" not in (draft.rows or "")


async def test_sheet_of_sixty_columns_is_read(assistant: AsyncClient) -> None:
    header = ",".join(["Nombre completo", *(f"Pregunta {n}" for n in range(59))])

    address = await uploaded(assistant, await a_training(), "Ana Coc Ba," + "x," * 58 + "x", header=header)

    page = Page((await assistant.get(f"{address}/columnas")).text)
    assert selected(page) == {"column-0": "full_name", "municipality": "1705"}
    assert "Otras columnas de la hoja, que no se usan" in page.text


async def test_m_that_may_be_either_is_asked_once(assistant: AsyncClient) -> None:
    address = await uploaded(assistant, await a_training(), "Ana Coc,M", "Eva Ba,M", header="Nombre,Sexo")
    columns = f"{address}/columnas"

    page = Page((await assistant.get(columns)).text)
    form = selected(page)
    silent = await assign(assistant, address, form)
    said = await assign(assistant, address, form | {"m_means": "mujer"})

    assert "En la columna de sexo, ¿qué quiere decir M?" in page.text
    assert (silent.status_code, said.status_code) == (422, 303)
    assert "M puede ser mujer o masculino. Diga cuál es." in silent.text
    draft = await ImportDraft.get()
    preview = await actions.preview(draft, await a_training_of(draft))
    assert [one.row.typed.value("sex") for one in preview.rows] == ["mujer", "mujer"]


async def test_m_when_the_row_that_tells_it_is_left_out_still_means_what_was_shown(assistant: AsyncClient) -> None:
    address = await uploaded(assistant, await a_training(), "Ana Coc,M", "Eva Ba,M", "Luis Ax,H", header="Nombre,Sexo")
    await assign(assistant, address, selected(Page((await assistant.get(f"{address}/columnas")).text)))

    await mend(assistant, f"{address}/fila/4", do="aside")
    await confirm(assistant, address, {"how": "paper"})
    await work_off(await ImportDraft.get())

    assert {one.given_names: one.sex for one in await Participant.all()} == {"Ana": Sex.MUJER, "Eva": Sex.MUJER}


async def a_training_of(draft: ImportDraft) -> Training:
    return await Training.get(id=draft.training_id).prefetch_related("hub__seat", "sessions")
