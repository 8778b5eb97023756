"""Offered places: who answers, who is reached, and what runs out. Work on many trainings, one by one."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from tests import make
from tests.registrations.families import group_of, make_family, people_of
from tests.registrations.waiting_world import (
    DAY,
    MONDAY,
    SATURDAY,
    Freeze,
    a_training,
    acts,
    one_offered,
    staff,
    told,
)
from tests.registrations.wishes import link_of, places_of, state_of
from trainings import clock
from trainings.audit.actor import FILLER_OF_FORM, HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import OutboxJob
from trainings.registrations.eligibility import TrainingCancelled, TrainingOver
from trainings.registrations.links import claim_link
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions
from trainings.registrations.seats.actions import UnknownGroup
from trainings.registrations.seats.allocation import NoOffer
from trainings.registrations.seats.waiting import (
    accept_offer,
    decline_offer,
    expire_offers,
    for_each,
    mark_reached,
    offer_ends,
    reached_by_mail,
)
from trainings.registrations.telling import changes
from trainings.schedule.models import SessionState, TrainingSession
from trainings.settings import Settings


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


# -- saying yes or no


async def test_accept_when_offered_then_the_whole_family_has_its_places_and_one_message(db: Settings) -> None:
    training = await a_training(capacity=2, admits_minors=True)
    ana = await make.make_registration(training, given_names="Ana")
    await make.make_registration(training, given_names="Beto")
    rosa, diego = await make_family(training, "Rosa", children=["Diego"], email="rosa@x.example")
    await actions.resize(training.id, 3, 0, actor=PROGRAM)
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    await OutboxJob.all().delete()

    await accept_offer(rosa.group_id, actor=HOLDER_OF_LINK)
    await accept_offer(rosa.group_id, actor=HOLDER_OF_LINK)

    people = await people_of(rosa.group_id)
    assert [(one.id, one.state, one.confirmed_at) for one in people] == [
        (rosa.id, "confirmed", MONDAY),
        (diego.id, "confirmed", MONDAY),
    ]
    assert await places_of(training) == (3, 0)
    assert await told() == [("registration_confirmed", rosa.id)]
    assert (await acts()).count("accept_offer") == 1


async def test_decline_when_offered_then_the_next_one_moves_up_in_the_same_step(db: Settings) -> None:
    training, (_ana, berta, cruz) = await one_offered()

    await decline_offer(berta.group_id, actor=HOLDER_OF_LINK)
    await decline_offer(berta.group_id, actor=HOLDER_OF_LINK)

    assert [await state_of(one) for one in (berta, cruz)] == ["cancelled", "offered"]
    assert await places_of(training) == (1, 0)
    assert await told() == [("registration_cancelled", berta.id), ("registration_offered", cruz.id)]
    assert {job.batch_id for job in await OutboxJob.all()} == {None}


async def test_no_of_who_filled_in_the_form_takes_no_time_from_adults_who_answer_alone(db: Settings) -> None:
    training = await a_training(capacity=2)
    first = await make_family(training, "Ana", "Beto")
    family = await make_family(training, "Rosa", "Diego")
    await actions.cancel_group(first[0].group_id, actor=HOLDER_OF_LINK)
    await mark_reached(family[0].group_id, actor=PROGRAM)
    for one in family:
        await claim_link((await link_of(one)).removeprefix("/i/"), tokens.own_link(), actor=HOLDER_OF_LINK)

    await decline_offer(family[0].group_id, actor=FILLER_OF_FORM)

    group = await group_of(family[0])
    assert (group.state, group.reached_at, group.offered_until) == ("offered", MONDAY, MONDAY + DAY)


async def test_decline_by_staff_is_told_after_ten_minutes_in_a_batch_that_can_be_stopped(db: Settings) -> None:
    _training, (_ana, berta, _cruz) = await one_offered()

    await decline_offer(berta.group_id, actor=await staff())

    job = await OutboxJob.get(kind="registration_cancelled")
    assert job.run_at == MONDAY + STAFF_DELAY
    assert job.batch_id is not None


async def test_answer_when_nothing_is_offered_any_more_then_it_is_refused(db: Settings) -> None:
    _training, (_ana, berta, cruz) = await one_offered()
    await decline_offer(berta.group_id, actor=HOLDER_OF_LINK)

    for act in (accept_offer, mark_reached):
        with pytest.raises(NoOffer):
            await act(berta.group_id, actor=HOLDER_OF_LINK)
    await accept_offer(cruz.group_id, actor=HOLDER_OF_LINK)
    with pytest.raises(NoOffer):
        await decline_offer(cruz.group_id, actor=HOLDER_OF_LINK)
    with pytest.raises(UnknownGroup):
        await accept_offer(uuid7(), actor=HOLDER_OF_LINK)


async def test_answer_when_the_training_is_called_off_or_over_then_it_is_refused(db: Settings, freeze: Freeze) -> None:
    training, (_ana, berta, _cruz) = await one_offered()
    other, (_ana, late, _cruz) = await one_offered()
    await changes.call_off_training(training.id, "Lluvia", actor=PROGRAM)

    with pytest.raises(TrainingCancelled):
        await accept_offer(berta.group_id, actor=HOLDER_OF_LINK)
    freeze(SATURDAY + timedelta(hours=5))
    with pytest.raises(TrainingOver):
        await accept_offer(late.group_id, actor=HOLDER_OF_LINK)
    assert await places_of(other) == (1, 0)


# -- being reached, and running out


@pytest.mark.parametrize("by", ["mail", "call"])
async def test_time_runs_from_when_somebody_was_reached(db: Settings, freeze: Freeze, by: str) -> None:
    _training, (_ana, berta, _cruz) = await one_offered()
    freeze(MONDAY + timedelta(hours=3))

    await (reached_by_mail(berta.group_id) if by == "mail" else mark_reached(berta.group_id, actor=await staff()))

    group = await group_of(berta)
    assert (group.reached_at, group.offered_until) == (MONDAY + timedelta(hours=3), MONDAY + timedelta(hours=27))
    line = await AuditLine.filter(act="registrations.reach").get()
    assert (line.object_id, line.detail) == (berta.group_id, {"by": by})


async def test_who_was_reached_keeps_that_time_whoever_tells_them_again(db: Settings, freeze: Freeze) -> None:
    _training, (_ana, berta, _cruz) = await one_offered()
    await mark_reached(berta.group_id, actor=PROGRAM)
    freeze(MONDAY + timedelta(hours=20))

    await reached_by_mail(berta.group_id)
    await mark_reached(berta.group_id, actor=PROGRAM)

    assert (await group_of(berta)).offered_until == MONDAY + DAY


async def test_time_ends_with_the_beginning_of_the_next_session(db: Settings) -> None:
    training = await a_training()
    sessions = list(training.sessions)
    second = TrainingSession(training_id=training.id, starts_at=SATURDAY + DAY, state=SessionState.PLANNED)

    def end(moment: datetime, *more: TrainingSession) -> datetime | None:
        return offer_ends(training, [*sessions, *more], moment)

    assert end(MONDAY) == MONDAY + DAY
    assert end(SATURDAY - timedelta(hours=2)) == SATURDAY
    assert end(SATURDAY + timedelta(hours=1), second) == SATURDAY + DAY
    training.offer_hours = None
    assert end(MONDAY) is None


async def test_expire_when_the_time_is_over_then_the_next_is_offered_the_place_and_both_are_told(
    db: Settings, freeze: Freeze
) -> None:
    training, (_ana, berta, cruz) = await one_offered()
    await reached_by_mail(berta.group_id)
    freeze(MONDAY + DAY)
    assert await expire_offers() == 0
    freeze(MONDAY + DAY + timedelta(seconds=1))

    assert await expire_offers() == 1

    assert [await state_of(one) for one in (berta, cruz)] == ["cancelled", "offered"]
    assert (await Registration.get(id=berta.id)).cancelled_at == clock.now()
    assert (await group_of(cruz)).offered_until is None
    assert await places_of(training) == (1, 0)
    assert await told() == [("offer_expired", berta.id), ("registration_offered", cruz.id)]
    assert await expire_offers() == 0


async def test_expire_when_nobody_was_reached_then_the_place_stays_kept(db: Settings, freeze: Freeze) -> None:
    _training, (_ana, berta, _cruz) = await one_offered()
    freeze(SATURDAY + timedelta(hours=1))

    assert await expire_offers() == 0
    assert await state_of(berta) == "offered"


async def test_expire_when_the_training_is_called_off_then_offers_wait_for_its_reopening(
    db: Settings, freeze: Freeze
) -> None:
    training, (_ana, berta, _cruz) = await one_offered()
    await reached_by_mail(berta.group_id)
    await changes.call_off_training(training.id, "Lluvia", actor=PROGRAM)
    freeze(MONDAY + 2 * DAY)

    assert await expire_offers() == 0
    assert await state_of(berta) == "offered"


async def test_time_to_answer_stays_when_one_of_a_family_cancels(db: Settings, freeze: Freeze) -> None:
    freeze(MONDAY)
    training = await a_training(capacity=2)
    first = await make_family(training, "Ana", "Beto")
    family = await make_family(training, "Rosa", "Diego")
    await actions.cancel_group(first[0].group_id, actor=HOLDER_OF_LINK)
    await mark_reached(family[0].group_id, actor=PROGRAM)

    await actions.cancel(family[1].id, actor=HOLDER_OF_LINK)

    group = await group_of(family[0])
    assert (group.state, group.reached_at, group.offered_until) == ("offered", MONDAY, MONDAY + DAY)
    freeze(MONDAY + 2 * DAY)
    assert await expire_offers() == 1


FIRST, BROKEN, LAST = (UUID(int=number) for number in range(3))


async def test_training_that_fails_does_not_hold_up_the_others_and_is_on_record(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def act(training_id: UUID) -> int:
        if training_id == BROKEN:
            raise RuntimeError("whatever")
        return 2

    assert await for_each([FIRST, BROKEN, LAST], act, trouble="offers could not be ended") == 4
    assert [one.getMessage() for one in caplog.records] == [f"offers could not be ended: training {BROKEN}"]
