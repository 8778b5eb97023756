"""When people who hold sessions cannot: said by themselves, seen by who plans, without a reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.outreach.make_activity import make_activity
from tests.schedule.panel import NEW, as_, filled, post
from tests.web.pages import Page
from trainings import clock
from trainings.accounts.models import RoleGrant
from trainings.audit.actor import PROGRAM
from trainings.outreach.actions import TimeAndPlace, cancel_activity
from trainings.schedule import absences
from trainings.schedule.models import Training, Unavailability

PAGE = "/panel/mi-disponibilidad"

Freeze = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def _in_february(freeze: Freeze) -> None:
    freeze(clock.at(date(2027, 2, 1), time(9)))


async def words_of(client: AsyncClient, path: str) -> str:
    return " ".join(Page((await client.get(path)).text).text.split())


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("form", "start", "end", "words"),
    [
        ({"day": "2027-03-04"}, "2027-03-04T00:00", "2027-03-05T00:00", "el 4 de marzo de 2027"),
        (
            {"day": "2027-03-04", "last_day": "2027-03-06"},
            "2027-03-04T00:00",
            "2027-03-07T00:00",
            "los días 4, 5 y 6 de marzo de 2027",
        ),
        (
            {"day": "2027-03-04", "starts": "08:00", "ends": "12:30"},
            "2027-03-04T08:00",
            "2027-03-04T12:30",
            "el 4 de marzo de 2027, de 8:00",
        ),
        (
            {"day": "2027-03-04", "last_day": "2027-03-31"},
            "2027-03-04T00:00",
            "2027-04-01T00:00",
            "del 4 al 31 de marzo de 2027",
        ),
    ],
)
async def test_days_or_hours_are_kept_and_taken_back(
    client: AsyncClient, cast: Cast, form: dict[str, object], start: str, end: str, words: str
) -> None:
    await as_(client, cast, "facilitator")

    said = await post(client, PAGE, form)
    one = await Unavailability.get()
    page = (await client.get(PAGE)).text
    back = await post(client, f"{PAGE}/quitar", {"absence": one.id})

    assert (said.status_code, back.status_code) == (303, 303)
    assert one.user_id == cast.facilitator.id
    assert clock.local(one.starts_at).isoformat()[:16] == start
    assert clock.local(one.ends_at).isoformat()[:16] == end
    assert words in page
    assert await Unavailability.all().count() == 0


CANNOT_BE: list[tuple[dict[str, object], str]] = [
    ({}, "day"),
    ({"day": "2027-02-31"}, "day"),
    ({"day": "2027-01-31"}, "day"),
    ({"day": "2027-03-04", "last_day": "2027-03-03"}, "last_day"),
    ({"day": "2027-03-04", "last_day": "2029-03-03"}, "last_day"),
    ({"day": "2027-03-04", "starts": "12:00", "ends": "08:00"}, "ends"),
    ({"day": "2027-03-04", "starts": "22:00", "ends": "00:30"}, "ends"),
    ({"day": "2027-03-04", "starts": "08:00"}, ""),
    ({"day": "2027-03-04", "last_day": "2027-03-05", "starts": "08:00", "ends": "12:00"}, ""),
]


async def test_what_cannot_be_is_refused_at_its_field(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "facilitator")

    for form, field in CANNOT_BE:
        answer = await post(client, PAGE, form)

        assert answer.status_code in (409, 422), form
        assert f'href="#{field}"' in answer.text if field else 'role="alert"' in answer.text, form
        assert await Unavailability.all().count() == 0, form


async def test_what_was_said_before_is_refused_and_there_is_an_end_to_it(
    client: AsyncClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(absences, "MOST", 2)
    await as_(client, cast, "facilitator")

    answers = [
        (await post(client, PAGE, {"day": day})).status_code
        for day in ("2027-03-04", "2027-03-04", "2027-03-05", "2027-03-06")
    ]

    assert answers == [303, 409, 303, 409]


async def test_who_plans_sees_it_and_may_say_why_it_is_possible(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "facilitator")
    await post(client, PAGE, {"day": "2027-03-04", "starts": "08:00", "ends": "10:00"})
    await as_(client, cast, "coordinator")
    form = await filled(cast, **{"sessions-0-day": "2027-03-04", "sessions-0-facilitators": [cast.facilitator.id]})

    looked = await post(client, NEW, {**form, "look": "yes"})
    refused = await post(client, NEW, form)
    saved = await post(client, NEW, {**form, "override_reason": "Llega después de las diez."})

    assert "Ana Coc avisó que no puede el 4 de marzo de 2027, de 8:00" in looked.text
    assert (looked.status_code, refused.status_code, saved.status_code) == (200, 409, 303)
    assert await Training.all().count() == 1


async def test_sessions_that_stand_then_are_told_to_the_person(client: AsyncClient, cast: Cast) -> None:
    day = date(2027, 3, 4)
    hours = [(clock.at(day, time(8)), clock.at(day, time(12)))]
    await make.make_training(hub=cast.hub, title="Refugio", sessions=hours, facilitators=[cast.facilitator])
    await as_(client, cast, "facilitator")

    await post(client, PAGE, {"day": "2027-03-04"})

    page = (await client.get(PAGE)).text
    assert "Ya tiene una sesión ese tiempo" in page
    assert "Refugio" in page


async def test_sessions_that_stand_then_are_told_to_who_coordinates(client: AsyncClient, cast: Cast) -> None:
    day = date(2027, 2, 4)
    hours = [(clock.at(day, time(8)), clock.at(day, time(12))), (clock.at(day, time(14)), clock.at(day, time(16)))]
    training = await make.make_training(hub=cast.hub, title="Refugio", sessions=hours, facilitators=[cast.facilitator])
    await as_(client, cast, "facilitator")
    await post(client, PAGE, {"day": "2027-02-04", "starts": "08:00", "ends": "10:00"})

    await as_(client, cast, "coordinator")
    panel = " ".join(Page((await client.get("/panel")).text).text.split())
    page = " ".join(Page((await client.get(f"/panel/capacitaciones/{training.id}")).text).text.split())
    await as_(client, cast, "coordinator_elsewhere")
    elsewhere = " ".join(Page((await client.get("/panel")).text).text.split())

    assert "Buscar quién facilite" in panel
    assert "«Refugio», jueves 4 de febrero, 8:00 a. m.: Ana Coc avisó que no puede." in panel
    assert panel.count("avisó que no puede") == 1
    assert page.count("Avisó que no puede: Ana Coc") == 1
    assert "avisó que no puede" not in elsewhere


@pytest.mark.both_engines
async def test_sessions_of_who_left_are_told_to_who_coordinates(client: AsyncClient, cast: Cast) -> None:
    day = date(2027, 2, 4)
    hours = [(clock.at(day, time(8)), clock.at(day, time(12)))]
    people = [cast.facilitator, cast.assistant]
    training = await make.make_training(hub=cast.hub, title="Refugio", sessions=hours, facilitators=people)
    await RoleGrant.filter(user_id=cast.facilitator.id).delete()

    await as_(client, cast, "coordinator")
    panel, page = [await words_of(client, path) for path in ("/panel", f"/panel/capacitaciones/{training.id}")]
    await as_(client, cast, "coordinator_elsewhere")
    elsewhere = await words_of(client, "/panel")

    assert "Buscar quién facilite «Refugio», jueves 4 de febrero, 8:00 a. m.: Ana Coc ya no tiene acceso." in panel
    assert "Ya no tiene acceso: Ana Coc" in page
    assert panel.count("ya no tiene acceso") == 1
    assert "ya no tiene acceso" not in elsewhere


@pytest.mark.both_engines
async def test_fairs_that_one_answers_for_then_are_told_to_both(client: AsyncClient, cast: Cast) -> None:
    day = date(2027, 2, 4)
    at = TimeAndPlace(clock.at(day, time(8)), clock.at(day, time(12)), make.LA_LIBERTAD, None, "Parque central")
    fair = await make_activity(cast.hub, responsible=cast.facilitator, when=at, title="Feria")
    later = replace(at, starts_at=clock.at(day, time(14)), ends_at=clock.at(day, time(16)))
    await make_activity(cast.hub, responsible=cast.facilitator, when=later, title="Convivio")
    off = await make_activity(cast.hub, responsible=cast.facilitator, when=replace(at, place="Cancha"), title="Otra")
    await cancel_activity(off.id, "Lluvia", actor=PROGRAM)
    await as_(client, cast, "facilitator")
    await post(client, PAGE, {"day": "2027-02-04", "starts": "08:00", "ends": "10:00"})

    own = await words_of(client, PAGE)
    await as_(client, cast, "coordinator")
    panel, page = [await words_of(client, path) for path in ("/panel", f"/panel/actividades/{fair.id}")]
    await as_(client, cast, "coordinator_elsewhere")
    elsewhere = await words_of(client, "/panel")

    assert "Responde por una actividad ese tiempo. Avise a la coordinación: Feria, jueves 4 de febrero" in own
    assert "Buscar quién responda «Feria», jueves 4 de febrero, 8:00 a. m.: Ana Coc avisó que no puede." in panel
    assert panel.count("avisó que no puede") == 1
    assert page.count("Avisó que no puede.") == 1
    assert "avisó que no puede" not in elsewhere


async def test_absence_of_somebody_else_is_neither_seen_nor_taken_back(client: AsyncClient, cast: Cast) -> None:
    theirs = await Unavailability.create(
        user=cast.assistant, starts_at=clock.midnight(date(2027, 3, 4)), ends_at=clock.midnight(date(2027, 3, 5))
    )
    await as_(client, cast, "facilitator")

    page = (await client.get(PAGE)).text
    answer = await post(client, f"{PAGE}/quitar", {"absence": theirs.id})

    assert answer.status_code == 404
    assert "4 de marzo" not in page
    assert await Unavailability.all().count() == 1


async def test_account_and_week_lead_there(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "facilitator")

    pages = [(await client.get(path)).text for path in ("/panel/cuenta", "/panel")]

    assert all(f'href="{PAGE}"' in page for page in pages)
