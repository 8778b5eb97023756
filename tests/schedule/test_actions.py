"""Planning and editing trainings: what is written, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests import make
from tests.cast import Cast
from tests.schedule.wishes import NOBODY, acts, meeting, plan_for, plan_of, sessions_of, standing
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.errors import NotFound, Refusal
from trainings.schedule import actions, plans, session_actions
from trainings.schedule.actions import SessionPlan
from trainings.schedule.models import (
    Offer,
    PlaceShown,
    SessionFacilitator,
    Training,
    TrainingState,
)


async def test_create_training_writes_a_draft_with_numbered_sessions(cast: Cast) -> None:
    plan = await plan_for(
        cast,
        title="Trata de personas: ¿qué hacer?",
        languages=("spa", "kek"),
        offers=(Offer.SNACK.value,),
        place_shown=PlaceShown.AFTER_CONFIRMATION,
        online_url="https://reunion.example/x",
    )

    training = await actions.create_training(
        plan, [meeting(10, 8, 12, cast.facilitator), meeting(3, 8, 12)], actor=PROGRAM
    )

    kept = await Training.get(id=training.id)
    assert kept.state is TrainingState.DRAFT
    assert kept.slug.startswith("trata-de-personas-que-hacer-")
    assert len(kept.slug.rpartition("-")[2]) == 6
    assert len(kept.short_code) == 6
    assert (kept.languages, kept.offers, kept.online_url) == (["spa", "kek"], ["snack"], "https://reunion.example/x")
    first, second = await sessions_of(training)
    assert [(one.position, one.venue_id) for one in (first, second)] == [(1, cast.venue.id), (2, cast.venue.id)]
    assert [one.user_id for one in second.facilitators] == [cast.facilitator.id]
    assert kept.published_at is None
    assert (await acts())[-1] == "schedule.create_training"


REFUSED_SESSIONS: list[tuple[list[SessionPlan], type[Refusal], str | None]] = [
    ([meeting(3, 12, 8)], plans.EndsBeforeStart, "sessions-0"),
    ([meeting(3, 8, 8)], plans.EndsBeforeStart, "sessions-0"),
    ([meeting(3, 8, 12), meeting(3, 11, 13)], plans.SessionsOverlap, "sessions-1"),
    ([meeting(3, 9, 10), meeting(3, 8, 12)], plans.SessionsOverlap, "sessions-1"),
    ([meeting(3, 0, 30)], plans.SessionTooLong, "sessions-0"),
    ([meeting(n) for n in range(1, 26)], plans.TooManySessions, None),
    ([meeting(3, venue_id=NOBODY)], plans.VenueElsewhere, "venue"),
    ([meeting(3, facilitator_ids=(NOBODY,))], plans.UnknownFacilitator, "sessions-0"),
    ([meeting(3, id=NOBODY)], session_actions.SessionElsewhere, None),
]


async def test_create_training_refuses_sessions(cast: Cast) -> None:
    for sessions, refusal, field in REFUSED_SESSIONS:
        with pytest.raises(refusal) as refused:
            await actions.create_training(await plan_for(cast), sessions, actor=PROGRAM)

        assert refused.value.field == field, sessions
        assert await Training.all().count() == 0, sessions


REFUSED_PLANS: list[tuple[dict[str, Any], type[Refusal]]] = [
    ({"course_id": NOBODY}, plans.UnknownCourse),
    ({"hub_id": NOBODY}, plans.UnknownHub),
    ({"venue_id": NOBODY}, plans.VenueElsewhere),
    ({"admits_minors": True, "minimum_age": 11}, plans.WrongMinimumAge),
    ({"admits_minors": True, "minimum_age": 18}, plans.WrongMinimumAge),
    ({"minimum_age": 14}, plans.WrongMinimumAge),
    ({"offer_hours": 0}, plans.WrongOfferHours),
    ({"offer_hours": 169}, plans.WrongOfferHours),
    ({"capacity": -1}, plans.NegativePlaces),
    ({"opens_at": make.tomorrow_at(9), "closes_at": make.tomorrow_at(8)}, plans.WindowReversed),
]


async def test_create_training_refuses_a_plan(cast: Cast) -> None:
    for fields, refusal in REFUSED_PLANS:
        with pytest.raises(refusal):
            await actions.create_training(replace(await plan_for(cast), **fields), [], actor=PROGRAM)


async def test_venue_of_another_hub_is_refused(cast: Cast) -> None:
    with pytest.raises(plans.VenueElsewhere):
        await actions.create_training(await plan_for(cast), [meeting(venue_id=cast.venue_elsewhere.id)], actor=PROGRAM)


async def test_edit_writes_what_changed_and_leaves_places_alone(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, capacity=20)

    edited = await actions.edit_training(
        training.id,
        plan_of(training, title="Otro", capacity=1, childcare_capacity=9, walk_ins=False),
        await standing(training),
        actor=PROGRAM,
    )

    kept = await Training.get(id=training.id)
    assert (kept.title, kept.walk_ins, kept.capacity, kept.childcare_capacity) == ("Otro", False, 20, 0)
    assert kept.slug == training.slug
    assert kept.revision == training.revision + 1
    assert not edited.is_moved
    line = await AuditLine.filter(act="schedule.edit_training").first()
    assert line is not None
    assert sorted(line.detail["changed"]) == ["title", "walk_ins"]


async def test_edit_of_a_draft_drops_sessions_left_out_and_numbers_the_rest(cast: Cast) -> None:
    training = await actions.create_training(
        await plan_for(cast), [meeting(3, 8, 12, cast.facilitator), meeting(4), meeting(5)], actor=PROGRAM
    )
    first, _second, third = await standing(training)

    await actions.edit_training(
        training.id, plan_of(training), [replace(third, facilitator_ids=()), first, meeting(4, 13, 15)], actor=PROGRAM
    )

    kept = await sessions_of(training)
    assert [(one.position, one.id == first.id or one.id == third.id) for one in kept] == [
        (1, True),
        (2, False),
        (3, True),
    ]
    assert [len(one.facilitators) for one in kept] == [1, 0, 0]


async def test_edit_of_a_published_training_keeps_sessions_left_out_and_numbers_all_by_time(cast: Cast) -> None:
    hours = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (5, 9)]
    training = await make.make_training(hub=cast.hub, sessions=hours)
    first, second = await standing(training)

    edited = await actions.edit_training(training.id, plan_of(training), [second, meeting(3)], actor=PROGRAM)

    kept = await sessions_of(training)
    assert [one.position for one in kept] == [1, 2, 3]
    assert {first.id, second.id} <= {one.id for one in kept}
    assert edited.is_moved


async def test_edit_tells_a_change_of_people_apart_from_a_move(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    [only] = await standing(training)

    edited = await actions.edit_training(
        training.id, plan_of(training), [replace(only, facilitator_ids=(cast.coordinator.id,))], actor=PROGRAM
    )

    assert not edited.is_moved
    assert await SessionFacilitator.filter(session_id=only.id).values_list("user_id") == [(cast.coordinator.id,)]


async def test_edit_moves_the_sessions_that_are_where_the_training_is(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    school = await make.make_venue(cast.hub, "Escuela")
    [only] = await standing(training)

    edited = await actions.edit_training(
        training.id, plan_of(training, venue_id=school.id), [replace(only, venue_id=None)], actor=PROGRAM
    )

    assert edited.is_moved
    assert [one.venue_id for one in await sessions_of(training)] == [school.id]


async def test_edit_does_not_ask_again_for_a_clash_that_stands(cast: Cast) -> None:
    hours = [(make.tomorrow_at(8, days=3), make.tomorrow_at(12, days=3))]
    await make.make_training(hub=cast.hub, sessions=hours, facilitators=[cast.facilitator])
    training = await make.make_training(hub=cast.hub, sessions=hours, facilitators=[cast.facilitator])

    await actions.edit_training(training.id, plan_of(training, title="Otro"), await standing(training), actor=PROGRAM)

    assert (await Training.get(id=training.id)).title == "Otro"


async def test_edit_refuses_another_hub_and_a_session_of_another_training(cast: Cast) -> None:
    training, other = await make.make_training(hub=cast.hub), await make.make_training(hub=cast.hub)

    with pytest.raises(actions.HubFixed):
        await actions.edit_training(
            training.id, plan_of(training, hub_id=cast.elsewhere.id), await standing(training), actor=PROGRAM
        )
    with pytest.raises(session_actions.SessionElsewhere):
        await actions.edit_training(training.id, plan_of(training), await standing(other), actor=PROGRAM)
    with pytest.raises(NotFound):
        await actions.edit_training(NOBODY, plan_of(training), [], actor=PROGRAM)


async def test_edit_refuses_what_is_called_off(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, state=TrainingState.CANCELLED)

    with pytest.raises(session_actions.TrainingCalledOff):
        await actions.edit_training(training.id, plan_of(training), await standing(training), actor=PROGRAM)
    with pytest.raises(session_actions.TrainingCalledOff):
        await actions.add_session(training.id, meeting(5), actor=PROGRAM)
