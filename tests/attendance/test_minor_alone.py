"""A minor at the door alone: counted on paper, a slip for the family, the protection route when it is needed.

Nothing of it is kept: no name, no mark, no line in the log.
"""

from __future__ import annotations

from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.attendance.browsers import ROSA, Freeze, NewClient, open_held_door, path_of, signed_in
from tests.attendance.doors import Opened
from tests.cast import Cast, make_cast
from tests.counting import statements
from tests.web.pages import Page
from trainings.accounts.models import KeptForm
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.registrations.models import Registration

ROUTE = "/panel/menor-solo"
PHONE = "7900 1234"


async def at_door(new_client: NewClient, who: str = "facilitator", **training: Any) -> tuple[Cast, Opened, AsyncClient]:
    cast = await make_cast()
    door = await open_held_door(cast, **training)
    return cast, door, await signed_in(new_client, cast, who)


def slip_of(door: Opened) -> str:
    return f"/panel/sesiones/{door.key}/aviso-familia"


def route_of(door: Opened) -> str:
    return f"{ROUTE}?sesion={door.key}"


def words(source: str) -> str:
    return " ".join(Page(source).text.split())


# -- at the door


async def test_door_says_what_to_do_with_a_minor_who_came_alone(new_client: NewClient) -> None:
    _cast, door, client = await at_door(new_client)

    page = Page((await client.get(f"{path_of(door)}/sin-boleto")).text)

    text = " ".join(page.text.split())
    assert "Cuente a esa persona solo en el total de la hoja de papel" in text
    assert page.one("a", href=slip_of(door))
    assert page.one("form", action=route_of(door))["method"] == "post"
    for hidden in ("PGN", "IGM", "Procuraduría"):
        assert hidden not in text, "the protection contacts are not shown to whoever came without a ticket"


async def test_refused_minor_leads_to_what_to_do_and_is_not_kept(new_client: NewClient) -> None:
    _cast, door, client = await at_door(new_client, admits_minors=True)
    n_people = await Registration.all().count()

    answer = await client.post(
        f"{path_of(door)}/sin-boleto", data=ROSA | {"id": str(tokens.uuid7()), "age_group": "14-17"}
    )

    page = Page(answer.text)
    assert answer.status_code == 409
    assert "open" in page.one("details", id="menor-solo")
    assert page.one("a", href=slip_of(door))
    assert await Registration.all().count() == n_people


# -- the slip


async def test_slip_names_the_neutral_title_the_day_and_whom_to_call(new_client: NewClient) -> None:
    _cast, door, client = await at_door(
        new_client, title="Trata de personas: denuncia", neutral_title="Taller del jueves", admits_minors=True
    )

    answer = await client.get(slip_of(door))

    text = words(answer.text)
    assert answer.status_code == 200
    for said in ("Taller del jueves", "Su hija o hijo vino", "Para inscribirle", PHONE, "Ventanilla de La Libertad"):
        assert said in text, said
    assert f"de {door.starts_at.year}" in text
    for hidden in ("Trata", "Ana Lucía", "Ba Coc", "Salón municipal"):
        assert hidden not in answer.text, hidden


@pytest.mark.parametrize(
    ("training", "says"),
    [
        ({}, "Esta capacitación es para personas de 18 años o más."),
        ({"admits_minors": True, "minimum_age": 14}, "Esta capacitación es desde los 14 años."),
        ({"admits_minors": True, "childcare_capacity": 3}, "Si tiene menos de 12 años, puede venir con usted"),
    ],
)
async def test_slip_says_whether_the_training_is_for_that_age(
    new_client: NewClient, training: dict[str, Any], says: str
) -> None:
    _cast, door, client = await at_door(new_client, **training)

    assert says in words((await client.get(slip_of(door))).text)


async def test_slip_gives_the_training_s_own_telephone_where_it_has_one(new_client: NewClient) -> None:
    _cast, door, client = await at_door(new_client, contact_phone="+50255556666")

    text = words((await client.get(slip_of(door))).text)

    assert "5555 6666" in text
    assert PHONE not in text


# -- the protection route


async def test_route_is_shown_once_staff_say_that_the_child_travels_alone(new_client: NewClient) -> None:
    _cast, door, client = await at_door(new_client)

    asked = await client.get(ROUTE)
    told = await client.post(route_of(door))

    assert (asked.status_code, told.status_code) == (200, 200)
    assert "¿Viaja sin su familia?" in words(asked.text)
    for said in ("Procuraduría General de la Nación (PGN)", "Instituto Guatemalteco de Migración (IGM)", PHONE):
        assert said not in words(asked.text), said
        assert said in words(told.text), said
    assert told.headers["cache-control"] == "no-store"
    assert Page(told.text).all("input", name="given_names") == []


async def test_route_gives_no_number_but_the_hub_s(new_client: NewClient) -> None:
    cast, door, client = await at_door(new_client)
    other = await make.make_hub("otra", phone="+50277778888", operator=await make.make_operator())

    told = Page((await client.post(route_of(door))).text)

    assert {link["href"] for link in told.all("a") if str(link["href"]).startswith("tel:")} == {f"tel:{cast.hub.phone}"}
    assert other.phone not in told.text


@pytest.mark.parametrize("session", ["", "x", "00000000-0000-0000-0000-000000000000"])
async def test_route_is_shown_without_a_session_too(new_client: NewClient, session: str) -> None:
    cast, _door, client = await at_door(new_client)

    told = await client.post(f"{ROUTE}?sesion={session}")

    assert told.status_code == 200
    assert PHONE in words(told.text)
    assert cast.hub.name in words(told.text)


async def test_session_of_another_hub_does_not_tell_whose_it_is(new_client: NewClient) -> None:
    cast, door, _client = await at_door(new_client)
    await make.make_hub("tacana-san-marcos", municipality=make.TACANA)
    client = await signed_in(new_client, cast, "coordinator_elsewhere")

    told = words((await client.post(route_of(door))).text)

    assert "Ventanilla de Tacaná" in told
    assert "La Libertad" not in told


# -- nothing is kept, and who may


@pytest.mark.parametrize("what", ["slip", "question", "route"])
async def test_nothing_is_stored(new_client: NewClient, what: str) -> None:
    _cast, door, client = await at_door(new_client)
    await client.get("/panel")
    n_lines = await AuditLine.all().count()

    with statements() as sent:
        if what == "route":
            answer = await client.post(route_of(door))
        else:
            answer = await client.get(slip_of(door) if what == "slip" else ROUTE)

    assert answer.status_code == 200
    assert [one for one in sent if not one.lstrip().upper().startswith("SELECT")] == []
    assert await AuditLine.all().count() == n_lines
    assert "set-cookie" not in answer.headers


async def test_answer_of_who_was_signed_out_is_not_kept_either(new_client: NewClient, freeze: Freeze) -> None:
    _cast, door, client = await at_door(new_client)
    freeze(make.tomorrow_at(20))

    answer = await client.post(route_of(door))

    assert answer.headers["location"].startswith("/entrar")
    assert await KeptForm.all().count() == 0


@pytest.mark.parametrize(
    ("who", "slip", "route"),
    [
        ("assistant", 200, 200),
        ("coordinator", 200, 200),
        ("facilitator_elsewhere", 404, 200),
        ("monitor", 403, 403),
        ("platform", 403, 403),
    ],
)
async def test_who_takes_attendance_opens_these_pages(new_client: NewClient, who: str, slip: int, route: int) -> None:
    _cast, door, client = await at_door(new_client, who)

    answers = [await client.get(slip_of(door)), await client.get(ROUTE), await client.post(ROUTE)]

    assert [answer.status_code for answer in answers] == [slip, route, route]
