"""`/panel/sesiones/{id}/asistencia`: who may open it, and marking without script."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest

from tests import make
from tests.attendance.browsers import (
    Freeze,
    NewClient,
    mark,
    open_held_door,
    path_of,
    signed_in,
)
from tests.attendance.doors import flags, qr_of, scan, stay, take
from tests.cast import make_cast
from tests.registrations.card_world import make_spare_cards
from tests.web.pages import Page
from trainings.accounts.models import Role
from trainings.attendance.models import ScanEvent, ScanKind
from trainings.attendance.phones.shell import samples
from trainings.attendance.queries import totals_of
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.lib import tokens
from trainings.panel.attendance import attendance_routes
from trainings.registrations.seats import actions as registrations

# -- who may


@pytest.mark.parametrize("who", ["facilitator", "assistant"])
async def test_door_is_open_to_who_holds_the_session_and_to_the_desk(new_client: NewClient, who: str) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    client = await signed_in(new_client, cast, who)

    answer = await client.get(path_of(door))

    page = Page(answer.text)
    assert answer.status_code == 200
    assert "Ana Lucía B. C., Las Pozas" in page.text
    assert "Ba Coc" not in page.text, "lists show initials"
    assert ("Cerrar la sesión" in page.text) is (who != "assistant")


async def test_facilitator_of_another_session_of_the_same_hub_finds_nothing(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    colleague = await make.make_user(Role.FACILITATOR, cast.hub)
    client = new_client()
    await make.sign_in(client, colleague)

    assert (await client.get(path_of(door))).status_code == 404


# -- marking without script


async def test_typed_code_marks_and_the_page_says_who_came(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")

    answer = await mark(client, door, code=tokens.show_short_code(door.ana.short_code).lower(), how="typed")

    assert answer.status_code == 303
    assert re.fullmatch(rf"{path_of(door)}\?marca=[0-9a-f-]{{36}}#resultado", answer.headers["location"])
    assert "set-cookie" not in answer.headers, "the name is told by the page, not by a cookie"
    page = Page((await client.get(answer.headers["location"])).text)
    result = page.text[page.text.index("Presente") :]
    assert result.split("Presente")[1].lstrip().startswith("Ana Lucía B. C.")
    assert "1 de 1 presentes" in " ".join(page.text.split())


async def test_tapped_row_marks_leaves_and_is_undone(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")

    await mark(client, door, registration=str(door.ana.id), how="list")
    assert (await stay(door)).is_present is True
    freeze(door.starts_at + timedelta(hours=1))
    await mark(client, door, registration=str(door.ana.id), how="list", kind="out")
    assert (await stay(door)).left_at == door.starts_at + timedelta(hours=1)
    page = Page((await client.get(path_of(door))).text)
    undo = next(field["value"] for field in page.all("input", name="event") if field["value"])
    answer = await client.post(
        f"{path_of(door)}/deshacer",
        data={"id": str(tokens.uuid7()), "event": str(undo), "filtro": "presentes", "q": "ana"},
    )

    row = await stay(door)
    assert (row.is_present, row.left_at) == (True, None)
    assert answer.headers["location"].endswith("&filtro=presentes&q=ana#resultado")


async def test_undo_of_one_of_two_marks_says_that_the_person_is_still_here(
    new_client: NewClient, freeze: Freeze
) -> None:
    """Two phones saw Ana: each mark is taken back for itself."""
    cast = await make_cast()
    door = await open_held_door(cast)
    freeze(door.starts_at + timedelta(hours=1))
    minute = timedelta(minutes=1)
    first, second = (scan(qr_of(door.ana), door.starts_at + n * minute) for n in (2, 9))
    await take(door, first, second, scan(registration=door.ana, kind=ScanKind.OUT, at=door.starts_at + 50 * minute))
    client = await signed_in(new_client, cast, "facilitator")

    async def said(target: UUID) -> str:
        form = {"id": str(tokens.uuid7()), "event": str(target)}
        answer = await client.post(f"{path_of(door)}/deshacer", data=form, follow_redirects=True)
        return " ".join(Page(answer.text).text.split())

    [left] = await ScanEvent.filter(kind=ScanKind.OUT)
    assert "Sigue presente" not in await said(left.id), "it was the departure that was taken back"
    assert "Sigue presente por otra marca, de las 8:39 a. m." in (await said(first.id)).replace("\xa0", " ")
    assert "Sigue presente" not in await said(second.id)
    assert (await stay(door)).is_present is False


@pytest.mark.parametrize("who", ["a person", "a card without a name"])
async def test_button_of_a_page_of_before_whose_mark_was_undone_says_so(
    new_client: NewClient, freeze: Freeze, who: str
) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    [card] = await make_spare_cards(door.training)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")
    named = {"registration": str(door.ana.id)} if who == "a person" else {"code": card.qr_token or ""}
    form = {"id": str(tokens.uuid7()), "how": "list", **named}
    await mark(client, door, **form)
    await client.post(f"{path_of(door)}/deshacer", data={"id": str(tokens.uuid7()), "event": form["id"]})

    answer = await mark(client, door, **form)

    shown = (await client.get(answer.headers["location"].split("#")[0])).text.split("<template data-answers>")[0]
    assert re.findall(r'class="result [^"]*" data-state="(\w+)"', shown) == ["undone"]
    assert (await totals_of(door.session)).n_present == 0


async def test_two_clicks_on_one_row_are_one_mark(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")
    key = str(tokens.uuid7())
    await mark(client, door, id=key, registration=str(door.ana.id), how="list")

    freeze(door.starts_at + timedelta(seconds=1))
    await mark(client, door, id=key, registration=str(door.ana.id), how="list")

    assert await ScanEvent.all().count() == 1
    assert await flags(door) == [""]


async def test_other_code_from_a_page_gone_back_to_is_answered_and_undone_for_its_own_person(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    berta = await make.make_registration(door.training, given_names="Berta", surnames="Caal Pop")
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")
    key = str(tokens.uuid7())
    await mark(client, door, id=key, code=door.ana.short_code)

    told = await mark(client, door, id=key, code=berta.short_code)

    page = (await client.get(told.headers["location"])).text
    answer = page[page.index('id="resultado"') : page.index('class="below"')]
    assert "Berta C. P." in answer
    assert "Ana" not in answer
    [shown] = re.findall(r'data-undo-last[^>]*>.*?name="event" value="([^"]*)"', page)
    await client.post(f"{path_of(door)}/deshacer", data={"id": str(tokens.uuid7()), "event": shown})
    assert (await stay(door, berta)).is_present is False
    assert (await stay(door)).is_present is True


FIELD = re.compile(r'name="(\w+)" value="([^"]*)"')
SHORT = samples()[2].short_code


async def test_two_clicks_on_undo_are_one_undo_under_the_id_of_its_form(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")
    await mark(client, door, registration=str(door.ana.id), how="list")
    page = (await client.get(path_of(door))).text
    forms = re.findall(r'action="[^"]*/deshacer"[^>]*>(.*?)</form>', page)
    [undo] = [dict(FIELD.findall(form)) for form in forms if "Ana" in form]

    for _ in range(2):
        await client.post(f"{path_of(door)}/deshacer", data=undo)

    assert await ScanEvent.filter(kind=ScanKind.UNDO).values_list("id") == [(UUID(undo["id"]),)]
    assert (await stay(door)).is_present is False


async def test_wrong_code_is_told_and_kept_in_its_field(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    client = await signed_in(new_client, cast, "facilitator")

    for code in ("K7Q2-9XMD-A", "<b>hola</b>", "x" * 301, "", "https://example.org/", samples()[0].token, SHORT):
        answer = await mark(client, door, code=code, how="typed")
        page = Page(answer.text)
        assert answer.status_code == 422
        assert page.one("input", id="code")["value"] == code
        assert page.one("input", id="code")["aria-invalid"] == "true"
    assert await ScanEvent.all().count() == 0


async def test_unknown_code_is_kept_and_the_person_let_in(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    client = await signed_in(new_client, cast, "facilitator")

    answer = await mark(client, door, code=tokens.short_code(), how="typed")

    page = Page((await client.get(answer.headers["location"])).text)
    assert "Guardado, por revisar" in page.text
    assert "Deje pasar a la persona." in page.text
    assert await ScanEvent.filter(flag="unknown_code").count() == 1


TAMPERED: list[dict[str, str]] = [
    {"id": "x"},
    {"registration": "x"},
    {"kind": "undo"},
    {"how": "camera"},
    {"id": ""},
    {"registration": "%00"},
]


async def test_tampered_marks_are_refused(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    client = await signed_in(new_client, cast, "facilitator")

    for fields in TAMPERED:
        answer = await mark(client, door, **({"registration": str(door.ana.id), "how": "list"} | fields))

        assert answer.status_code == 422, fields
        assert await ScanEvent.all().count() == 0, fields


async def test_answer_about_an_event_of_another_door_is_not_told(new_client: NewClient) -> None:
    cast = await make_cast()
    door, other = await open_held_door(cast), await open_held_door(cast)
    came = scan(qr_of(other.ana), other.starts_at)
    await take(other, came)
    client = await signed_in(new_client, cast, "facilitator")

    for value in (str(came.id), "present", "x" * 900, "%00"):
        page = Page((await client.get(f"{path_of(door)}?marca={value}")).text)
        assert "Listo para marcar" in page.text


async def test_list_is_searched_and_filtered_in_the_address(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    door = await open_held_door(cast, capacity=2)
    berta = await make.make_registration(door.training, given_names="Berta", surnames="Xol")
    waits = await make.make_registration(door.training, given_names="Cruz", surnames="Mo")
    gone = await make.make_registration(door.training, given_names="Dora", surnames="Coc")
    await registrations.cancel(gone.id, actor=HOLDER_OF_LINK)
    await take(door, scan(qr_of(berta), door.starts_at))
    client = await signed_in(new_client, cast, "facilitator")

    async def shown(query: str) -> list[str]:
        page = Page((await client.get(f"{path_of(door)}?{query}")).text)
        rows = [row for row in page.all("tr") if "data-name" in row]
        assert len(rows) == 3, "who cancelled and did not come is not on the list"
        return [str(row["data-name"]) for row in rows if "hidden" not in row]

    assert await shown("") == ["Ana Lucía B. C.", "Berta X.", "Cruz M."]
    assert await shown("filtro=faltan") == ["Ana Lucía B. C."]
    assert await shown("filtro=presentes") == ["Berta X."]
    assert await shown("q=LUCIA%20pozas") == ["Ana Lucía B. C."]
    assert await shown(f"q={waits.short_code[:4]}") == ["Cruz M."]
    assert await shown("filtro=x&q=%00") == await shown("filtro=todas&q=%25")


async def test_long_list_comes_by_page_is_searched_whole_and_comes_back_where_it_was(
    new_client: NewClient, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendance_routes, "PAGE", 3)
    cast = await make_cast()
    door = await open_held_door(cast)
    freeze(door.starts_at)
    for name in ("Berta", "Carla", "Delia", "Elena"):
        await make.make_registration(door.training, given_names=name, surnames="Xol")
    client = await signed_in(new_client, cast, "facilitator")

    async def names(query: str) -> list[str]:
        page = Page((await client.get(f"{path_of(door)}?{query}")).text)
        return [str(row["data-name"]) for row in page.all("tr") if "data-name" in row]

    everybody = ["Ana Lucía B. C.", "Berta X.", "Carla X.", "Delia X.", "Elena X."]
    assert await names("") + await names("pagina=2") == await names("") + await names("pagina=99") == everybody
    assert (await names("q=elena+xol"), await names("filtro=presentes")) == (everybody[4:], [])
    second = (await client.get(f"{path_of(door)}?pagina=2")).text
    assert ("4 a 5 de 5" in Page(second).text, "?pagina=1" in second) == (True, True)
    form = re.findall(r'<form [^>]*data-mark="in".*?</form>', second, re.DOTALL)[0]
    answer = await client.post(f"{path_of(door)}/marcas", data=dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)))
    assert answer.status_code == 303
    assert "pagina=2" in answer.headers["location"]
