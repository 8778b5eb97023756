from __future__ import annotations

from typing import Any

import pytest
from tortoise import Model

from tests.counting import statements
from tests.make import make_hub, make_registration, make_session, make_training, make_venue, tomorrow_at
from trainings.db import sql
from trainings.db.prepared import Select, hang
from trainings.people.models import Participant
from trainings.registrations.models import Registration
from trainings.schedule.models import SessionFacilitator, Training, TrainingSession
from trainings.settings import Settings

pytestmark = pytest.mark.both_engines

TRAININGS = Select(
    Training, "course__topic", "hub__seat", "venue__municipality", where="hub.name = ?", order="this.created_at"
)
SESSIONS = Select(TrainingSession, "venue", where="this.training_id IN ?list", order="this.starts_at", are_few=True)
PEOPLE = Select(Registration, "participant", where="this.training_id = ?")


def columns(row: Model) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row._meta.db_fields}


async def test_a_select_finds_the_rows_of_the_mapper_with_those_their_keys_point_to(db: Settings) -> None:
    hub = await make_hub()
    venue = await make_venue(hub)
    there, online = await make_training(hub=hub, venue=venue), await make_training(hub=hub)
    await Training.filter(id=online.id).update(venue_id=None)

    found = await TRAININGS.rows(hub.name)

    wanted = await Training.all().order_by("created_at").prefetch_related("course__topic", "hub__seat")
    assert [columns(one) for one in found] == [columns(one) for one in wanted]
    assert [one.id for one in found] == [there.id, online.id]
    assert [columns(one.course.topic) for one in found] == [columns(one.course.topic) for one in wanted]
    assert [columns(one.hub.seat) for one in found] == [columns(one.hub.seat) for one in wanted]
    assert found[0].venue is not None
    assert columns(found[0].venue) == columns(venue)
    assert found[0].venue.municipality.ine_code == venue.municipality_id
    assert found[1].venue is None


async def test_rows_can_be_changed_and_saved(db: Settings) -> None:
    hub = await make_hub()
    await make_training(hub=hub)

    [training] = await TRAININGS.rows(hub.name)
    training.title = "Otro título"
    await training.save(update_fields=["title"])

    assert (await Training.get(id=training.id)).title == "Otro título"


async def test_sealed_columns_are_open(db: Settings) -> None:
    training = await make_training()
    registration = await make_registration(training, phone="+50255550001")

    [found] = await PEOPLE.rows(training.id)

    assert found.id == registration.id
    assert found.participant.phone == (await Participant.get(id=registration.participant_id)).phone == "+50255550001"


async def test_several_are_asked_in_one_go_and_hung_on_their_owners(db: Settings) -> None:
    hub = await make_hub()
    first, second = await make_training(hub=hub), await make_training(hub=hub)
    await make_session(first, tomorrow_at(9, days=2), tomorrow_at(10, days=2))
    await SESSIONS.rows([])  # written once before what is counted

    with statements() as asked:
        found, sessions = await sql.tables([TRAININGS.asked(hub.name), SESSIONS.asked([first.id, second.id])])
        trainings = TRAININGS.made(found)
        hang(trainings, "sessions", SESSIONS.made(sessions))

    assert len(asked) == 2
    assert [len(one.sessions) for one in trainings] == [2, 1]
    for one in trainings:
        assert [each.id for each in one.sessions] == [
            each.id for each in await TrainingSession.filter(training_id=one.id)
        ]
        assert {each.training_id for each in one.sessions} == {one.id}


async def test_nothing_is_hung_where_nothing_is_found(db: Settings) -> None:
    training = await make_training()
    [session] = await SESSIONS.rows([training.id])

    hang([], "facilitators", [])
    hang([session], "facilitators", [])

    assert list(session.facilitators) == []
    assert await TRAININGS.first("nobody") is None
    assert await SessionFacilitator.all().count() == 0
