"""A minor at the door alone: counted on paper, a slip for the family, the protection route when it is needed.

Nothing of it is kept: no name, no mark, no line in the log.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

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


async def test_door_says_what_to_do_with_a_minor_who_came_alone_and_keeps_nothing_of_one(new_client: NewClient) -> None:
    _cast, door, client = await at_door(new_client, admits_minors=True)
    path, n_people = f"{path_of(door)}/sin-boleto", await Registration.all().count()

    page = Page((await client.get(path)).text)
    refused = await client.post(path, data=ROSA | {"id": str(tokens.uuid7()), "age_group": "14-17"})

    text = " ".join(page.text.split())
    assert "Cuente a esa persona solo en el total de la hoja de papel" in text
    assert page.one("form", action=route_of(door))["method"] == "post"
    for hidden in ("PGN", "IGM", "Procuraduría"):
        assert hidden not in text, "the protection contacts are not shown to whoever came without a ticket"
    assert (refused.status_code, "open" in Page(refused.text).one("details", id="menor-solo")) == (409, True)
    assert all(one.one("a", href=slip_of(door)) for one in (page, Page(refused.text)))
    assert await Registration.all().count() == n_people


# -- the slip


async def test_slip_names_the_neutral_title_the_day_and_whom_to_call(new_client: NewClient) -> None:
    _cast, door, client = await at_door(
        new_client,
        title="Trata de personas: denuncia",
        neutral_title="Taller del jueves",
        admits_minors=True,
        contact_phone="+50255556666",
    )

    answer = await client.get(slip_of(door))

    text = words(answer.text)
    assert answer.status_code == 200
    for said in (
        "Taller del jueves",
        "Su hija o hijo vino",
        "Para inscribirle",
        "5555 6666",
        "Ventanilla de La Libertad",
    ):
        assert said in text, said
    assert f"de {door.starts_at.year}" in text
    for hidden in ("Trata", "Ana Lucía", "Ba Coc", "Salón municipal", PHONE):
        assert hidden not in answer.text, hidden


@pytest.mark.parametrize(
    ("training", "says"),
    [
        ({}, "Esta capacitación es para personas de 18 años o más."),
        ({"admits_minors": True, "minimum_age": 14}, "Esta capacitación es desde los 14 años."),
        ({"admits_minors": True, "childcare_capacity": 3}, "Si tiene menos de 12 años, puede venir con usted"),
    ],
)
async def test_slip_says_whether_the_training_is_for_that_age_and_whom_to_call(
    new_client: NewClient, training: dict[str, Any], says: str
) -> None:
    _cast, door, client = await at_door(new_client, **training)

    text = words((await client.get(slip_of(door))).text)
    assert (says in text, PHONE in text) == (True, True)


# -- the protection route


async def test_route_is_shown_once_staff_say_that_the_child_travels_alone_with_no_number_but_their_hub_s(
    new_client: NewClient,
) -> None:
    cast, door, client = await at_door(new_client)
    other = await make.make_hub("otra", phone="+50277778888", operator=await make.make_operator())

    asked = await client.get(ROUTE)
    assert (asked.status_code, "¿Viaja sin su familia?" in words(asked.text)) == (200, True)
    for session in (door.key, "", "x", UUID(int=0)):
        told = await client.post(f"{ROUTE}?sesion={session}")

        assert (told.status_code, told.headers["cache-control"]) == (200, "no-store")
        contacts = ("Procuraduría General de la Nación (PGN)", "Instituto Guatemalteco de Migración (IGM)", PHONE)
        for said in (*contacts, cast.hub.name):
            assert said in words(told.text), said
        assert not [said for said in contacts if said in words(asked.text)]
        page = Page(told.text)
        called = [str(one["href"]) for one in page.all("a") if str(one["href"]).startswith("tel:")]
        assert (set(called), other.phone in told.text) == ({f"tel:{cast.hub.phone}"}, False)
        assert page.all("input", name="given_names") == []
    elsewhere = await signed_in(new_client, cast, "coordinator_elsewhere")
    told = await elsewhere.post(route_of(door))
    assert ("Ventanilla de Tacaná" in words(told.text), "La Libertad" in words(told.text)) == (True, False)


# -- nothing is kept, and who may


async def test_nothing_is_stored(new_client: NewClient, freeze: Freeze) -> None:
    _cast, door, client = await at_door(new_client)
    await client.get("/panel")
    n_lines = await AuditLine.all().count()

    with statements() as sent:
        answers = [await client.get(slip_of(door)), await client.get(ROUTE), await client.post(route_of(door))]

    assert [(one.status_code, "set-cookie" in one.headers) for one in answers] == [(200, False)] * 3
    assert [one for one in sent if not one.lstrip().upper().startswith("SELECT")] == []
    assert await AuditLine.all().count() == n_lines
    freeze(make.tomorrow_at(20))
    signed_out = await client.post(route_of(door))
    assert signed_out.headers["location"].startswith("/entrar")
    assert await KeptForm.all().count() == 0


async def test_who_takes_attendance_opens_these_pages(new_client: NewClient) -> None:
    cast, door, _client = await at_door(new_client)
    opened = {}
    for who in ("assistant", "coordinator", "facilitator_elsewhere", "monitor", "platform"):
        client = await signed_in(new_client, cast, who)
        answers = [await client.get(slip_of(door)), await client.get(ROUTE), await client.post(ROUTE)]
        opened[who] = [answer.status_code for answer in answers]

    assert opened == {
        "assistant": [200, 200, 200],
        "coordinator": [200, 200, 200],
        "facilitator_elsewhere": [404, 200, 200],
        "monitor": [403, 403, 403],
        "platform": [403, 403, 403],
    }
