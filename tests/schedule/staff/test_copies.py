"""A month of a hub in another month: looked at first, made once however often it is asked for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.outreach.make_activity import make_activity
from tests.schedule.panel import as_, one, post
from trainings import clock
from trainings.accounts.models import RoleGrant
from trainings.audit.actor import PROGRAM
from trainings.outreach.actions import TimeAndPlace, cancel_activity, copy_activity_to_month
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.places.models import FeastDay
from trainings.schedule.actions import cancel_session
from trainings.schedule.models import Training, TrainingSession, TrainingState
from trainings.schedule.months import Month
from trainings.schedule.staff.copies import copies_of, copy_to_month

PAGE = "/panel/copiar-mes"
MARCH, APRIL = Month(2027, 3), Month(2027, 4)

Freeze = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def _in_march(freeze: Freeze) -> None:
    freeze(clock.at(date(2027, 3, 1), time(7)))


def span(day: str, start: int = 8, end: int = 12) -> tuple[datetime, datetime]:
    at = date.fromisoformat(day)
    return clock.at(at, time(start)), clock.at(at, time(end))


def asked(cast: Cast, month: str = "2027-03", target: str = "2027-04") -> dict[str, object]:
    return {"hub": cast.hub.id, "month": month, "target": target}


async def days_of(training: Training) -> list[str]:
    sessions = await TrainingSession.filter(training_id=training.id).order_by("starts_at")
    return [clock.local(session.starts_at).isoformat()[:16] for session in sessions]


async def test_copies_come_on_the_same_weekday_and_keep_their_distance(cast: Cast) -> None:
    second_thursday = await make.make_training(hub=cast.hub, title="A", sessions=[span("2027-03-11")])
    three = [span("2027-03-02"), span("2027-03-09"), span("2027-04-06")]
    first_tuesday = await make.make_training(hub=cast.hub, title="B", sessions=three)
    fifth_monday = await make.make_training(hub=cast.hub, title="C", sessions=[span("2027-03-29")])
    await make.make_training(
        hub=cast.hub, title="Cancelada", sessions=[span("2027-03-12")], state=TrainingState.CANCELLED
    )
    await make.make_training(hub=cast.hub, title="De febrero", sessions=[span("2027-02-25"), span("2027-03-04")])
    await make.make_training(
        hub=cast.elsewhere, venue=cast.venue_elsewhere, title="De allá", sessions=[span("2027-03-11")]
    )

    found = await copies_of(cast.hub.id, MARCH, APRIL)

    told = {copy.owner.title: [clock.local(plan.starts_at).date().isoformat() for plan in copy.plans] for copy in found}
    assert told == {"B": ["2027-04-06", "2027-04-13", "2027-05-11"], "A": ["2027-04-08"], "C": ["2027-04-26"]}
    assert [copy.owner.id for copy in found] == [first_tuesday.id, second_thursday.id, fifth_monday.id]
    assert [copy.is_last_of_month for copy in found] == [False, False, True]


async def test_preview_shows_days_off_and_clashes_and_ticks_what_is_free(client: AsyncClient, cast: Cast) -> None:
    free = await make.make_training(hub=cast.hub, title="Libre", sessions=[span("2027-03-11")])
    taken = await make.make_training(
        hub=cast.hub, title="Ocupada", sessions=[span("2027-03-09")], facilitators=[cast.facilitator]
    )
    await make.make_training(
        hub=cast.elsewhere,
        venue=cast.venue_elsewhere,
        title="Un tema delicado",
        sessions=[span("2027-04-13")],
        facilitators=[cast.facilitator],
    )
    await FeastDay.create(municipality_id="1705", month=4, day=8, name="Feria titular")
    await as_(client, cast, "coordinator")

    page = (await client.get(f"{PAGE}?{urlencode(asked(cast))}")).text

    assert "Feria titular (La Libertad, Petén)" in page
    assert f"Ana Coc ya está en «{cast.elsewhere.name}»" in page
    assert "Un tema delicado" not in page
    ticked = dict(re.findall(r'name="copy_ids" value="([^"]+)"( checked)?', page))
    assert ticked == {str(free.id): " checked", str(taken.id): ""}
    assert await Training.filter(state=TrainingState.DRAFT).count() == 0


async def test_month_is_copied_once_however_often_it_is_asked_for(client: AsyncClient, cast: Cast) -> None:
    trainings = [
        await make.make_training(hub=cast.hub, title=title, sessions=[span(day)], capacity=12)
        for title, day in (("A", "2027-03-11"), ("B", "2027-03-12"), ("C", "2027-03-15"))
    ]
    await as_(client, cast, "coordinator")
    form = {**asked(cast), "copy_ids": [training.id for training in trainings[:2]]}

    first = await post(client, PAGE, form)
    told = (await client.get(first.headers["location"])).text
    again = await post(client, PAGE, form)
    told_again = (await client.get(again.headers["location"])).text

    drafts = await Training.filter(state=TrainingState.DRAFT).order_by("title")
    assert [(draft.title, draft.capacity, await days_of(draft)) for draft in drafts] == [
        ("A", 12, ["2027-04-08T08:00"]),
        ("B", 12, ["2027-04-09T08:00"]),
    ]
    assert "se hicieron 2 borradores" in told
    assert all(f'href="/panel/capacitaciones/{draft.id}"' in told for draft in drafts)
    assert "no se hizo nada nuevo" in told_again


async def test_copy_that_was_renamed_and_moved_is_known_again(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, sessions=[span("2027-03-11")])
    made, _is_new = await copy_to_month(training.id, APRIL, actor=PROGRAM)
    await Training.filter(id=made.id).update(title="Otro título")
    await TrainingSession.filter(training_id=made.id).delete()

    again, is_new = await copy_to_month(training.id, APRIL, actor=PROGRAM)

    assert (again.id, is_new, again.title) == (made.id, False, "Otro título")


async def test_copied_twice_at_once_is_one_draft(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, sessions=[span("2027-03-11")])

    outcomes = await asyncio.gather(*(copy_to_month(training.id, APRIL, actor=PROGRAM) for _ in range(4)))

    assert sorted(is_new for _training, is_new in outcomes) == [False, False, False, True]
    assert await Training.filter(state=TrainingState.DRAFT).count() == 1


async def test_what_is_taken_is_left_out_with_the_reason_and_made_with_one(client: AsyncClient, cast: Cast) -> None:
    free = await make.make_training(hub=cast.hub, title="Libre", sessions=[span("2027-03-11")])
    taken = await make.make_training(hub=cast.hub, title="Ocupada", sessions=[span("2027-03-09")])
    await make.make_training(hub=cast.hub, title="Ya estaba", sessions=[span("2027-04-13")])
    await as_(client, cast, "coordinator")
    form = {**asked(cast), "copy_ids": [free.id, taken.id]}

    refused = await post(client, PAGE, form)
    made = await post(client, PAGE, {**form, "override_reason": "El salón tiene dos aulas."})

    assert (refused.status_code, made.status_code) == (409, 303)
    assert "se hizo 1 borrador" in refused.text
    assert "ya está ocupado por «Ya estaba»" in refused.text
    assert 'name="override_reason"' in refused.text
    assert sorted([draft.title for draft in await Training.filter(state=TrainingState.DRAFT)]) == ["Libre", "Ocupada"]


async def test_activities_are_copied_beside_trainings_and_clashes_among_copies_are_told(
    client: AsyncClient, cast: Cast
) -> None:
    fourth, fifth = span("2027-03-22"), span("2027-03-29")
    await make.make_training(hub=cast.hub, title="Charla", sessions=[fourth], facilitators=[cast.facilitator])
    in_tacana = TimeAndPlace(*fifth, make.TACANA, None, "Parque central")
    fair = await make_activity(cast.hub, when=in_tacana, title="Feria", responsible=cast.facilitator, materials="Toldo")
    called_off = await make_activity(cast.hub, when=replace(in_tacana, place="Mercado"), title="Mercado")
    await cancel_activity(called_off.id, "Lluvia", actor=PROGRAM)
    await FeastDay.create(municipality_id=make.TACANA, month=4, day=26, name="Feria de Tacaná")
    await as_(client, cast, "coordinator")
    form = {**asked(cast), "copy_ids": [fair.id]}

    page = (await client.get(f"{PAGE}?{urlencode(asked(cast))}")).text
    made = await post(client, PAGE, form)
    again = await post(client, PAGE, form)
    told = (await client.get(made.headers["location"])).text

    assert "Ana Coc ya está en «Feria, que también se copia»" in page
    assert "Ana Coc ya está en «Charla, que también se copia»" in page
    assert "Feria de Tacaná" in page
    assert "Mercado" not in page
    assert "checked" not in page
    assert (made.status_code, again.status_code) == (303, 303)
    copy = await OutreachActivity.get(state=ActivityState.DRAFT)
    assert clock.local(copy.starts_at).isoformat()[:16] == "2027-04-26T08:00"
    assert (copy.materials, copy.municipality_id, copy.place) == ("Toldo", make.TACANA, "Parque central")
    assert f'href="/panel/actividades/{copy.id}"' in told


async def test_activity_of_who_left_the_hub_is_copied_for_who_copies_it(cast: Cast) -> None:
    activity = await make_activity(cast.hub, responsible=cast.assistant)
    await RoleGrant.filter(user_id=cast.assistant.id).delete()

    copy, _is_new = await copy_activity_to_month(activity.id, APRIL, actor=await make.actor_of(cast.coordinator))

    assert copy.responsible_id == cast.coordinator.id


NOT_OFFERED: list[tuple[dict[str, object], str]] = [
    ({"target": "2027-03"}, "target"),
    ({"target": "2027-02"}, "target"),
    ({"target": "2099-01"}, "target"),
    ({"month": "2027-13"}, "month"),
    ({"month": "<b>"}, "month"),
    ({"hub": "x"}, "hub"),
    ({}, "copias"),
]


async def test_months_that_are_not_offered_and_nothing_ticked_are_refused(client: AsyncClient, cast: Cast) -> None:
    await make.make_training(hub=cast.hub, sessions=[span("2027-03-11")])
    await as_(client, cast, "coordinator")

    for fields, field in NOT_OFFERED:
        answer = await post(client, PAGE, {**asked(cast), **fields})

        assert answer.status_code == 422, fields
        assert f'href="#{field}"' in answer.text, fields
        assert await Training.all().count() == 1, fields


async def test_month_and_trainings_of_another_hub_are_not_found(client: AsyncClient, cast: Cast) -> None:
    theirs = await make.make_training(
        hub=cast.elsewhere, venue=cast.venue_elsewhere, title="De allá", sessions=[span("2027-03-11")]
    )
    await as_(client, cast, "coordinator")
    elsewhere = {**asked(cast), "hub": cast.elsewhere.id}

    shown = await client.get(f"{PAGE}?{urlencode(elsewhere)}")
    copied = await post(client, PAGE, {**elsewhere, "copy_ids": [theirs.id]})
    smuggled = await post(client, PAGE, {**asked(cast), "copy_ids": [theirs.id]})

    assert (shown.status_code, copied.status_code, smuggled.status_code) == (404, 404, 303)
    assert await Training.all().count() == 1


async def test_empty_month_says_so(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    page = (await client.get(f"{PAGE}?{urlencode(asked(cast))}")).text

    assert "Ese mes no tiene capacitaciones" in page


async def test_copy_of_one_training_is_looked_at_before_it_is_made(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(
        hub=cast.hub, title="Curso", sessions=[span("2027-03-11"), span("2027-03-18"), span("2027-03-20")]
    )
    await cancel_session(training.sessions[2].id, actor=PROGRAM)
    await make.make_training(hub=cast.hub, title="Ya estaba", sessions=[span("2027-05-13")])
    await FeastDay.create(municipality_id="1705", month=5, day=6, name="Feria titular")
    await as_(client, cast, "coordinator")
    path = one(training, "/duplicar")

    malformed = await post(client, path, {"first_day": "mañana"})
    looked = await post(client, path, {"first_day": "2027-05-06", "look": "yes"})
    refused = await post(client, path, {"first_day": "2027-05-06"})
    made = await post(client, path, {"first_day": "2027-05-06", "override_reason": "Dos aulas"})

    assert [one.status_code for one in (malformed, looked, refused, made)] == [422, 200, 409, 303]
    assert "Feria titular (La Libertad, Petén)" in looked.text
    assert "ya está ocupado por «Ya estaba»" in looked.text
    assert 'href="#sessions-1"' in refused.text
    draft = await Training.get(state=TrainingState.DRAFT)
    assert await days_of(draft) == ["2027-05-06T08:00", "2027-05-13T08:00"]


async def test_drafts_of_a_copied_month_are_published_together_and_those_that_cannot_say_why(
    client: AsyncClient, cast: Cast
) -> None:
    good = await make.make_training(hub=cast.hub, venue=cast.venue, sessions=[span("2027-03-04")])
    bare = await make.make_training(
        hub=cast.hub, title="Sin lugar", sessions=[span("2027-03-11")], online_url="https://x.example/a"
    )
    copies = [(await copy_to_month(one.id, APRIL, actor=PROGRAM))[0] for one in (good, bare)]
    await Training.filter(id=copies[1].id).update(online_url=None)
    await TrainingSession.filter(training_id=copies[1].id).update(venue_id=None)
    await make.sign_in(client, cast.coordinator)
    form = {"hub": str(cast.hub.id), "month": str(MARCH), "target": str(APRIL)}

    page = await client.get(PAGE, params=form)
    refused = await client.post(f"{PAGE}/publicar", data=form)

    states = [(await Training.get(id=copy.id)).state for copy in copies]
    assert "Publicar los 2 borradores" in page.text
    assert refused.status_code == 409
    assert "Listo: se publicó 1 borrador." in refused.text
    assert "Falta el lugar de una sesión" in refused.text
    assert "Publicar el borrador" in refused.text
    assert states == [TrainingState.PUBLISHED, TrainingState.DRAFT]
