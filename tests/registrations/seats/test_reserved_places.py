"""What reserved places bind: everything that counts places, at once and one after another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests import make
from tests.counting import statements
from tests.registrations.card_world import card_of, make_block, named, places_of
from tests.registrations.wishes import state_of
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.registrations.cards.queries import by_bearer_link
from trainings.registrations.models import CardState, ReservedBlock
from trainings.registrations.seats import actions, cards
from trainings.registrations.seats.allocation import CapacityBelowTaken
from trainings.schedule.models import TrainingSession
from trainings.settings import Settings

USED = CardState.USED


async def test_capacity_below_taken_and_reserved_then_refused_with_the_number(db: Settings) -> None:
    training = await make.make_training(capacity=9)
    await make.make_registration(training)
    await make_block(training, 4)

    with pytest.raises(CapacityBelowTaken) as refused:
        await actions.resize(training.id, 4, 0, actor=PROGRAM)
    await actions.resize(training.id, 5, 0, actor=PROGRAM)

    assert refused.value.values == {"taken": 5}
    assert await places_of(training) == (1, 4)


async def test_bearer_page_of_many_names_then_no_more_statements_than_of_one(sqlite_db: Settings) -> None:
    block = await make_block(await make.make_training(), 4)
    costs = []
    for number in (1, 2, 3, 4):
        await named(await card_of(block, number), body_hash=str(number), given_names=f"Con {number}")
        with statements() as sent:
            await by_bearer_link(block.token or "")
        costs.append(len(sent))

    assert costs == [costs[0]] * 4


@pytest.mark.parametrize(
    ("days", "released"),
    [
        pytest.param(26, 24, id="put off: the cards that were given out stay good as long before it"),
        pytest.param(4, 2, id="earlier: no place is kept beyond the beginning"),
        pytest.param(1, 1, id="so near that nothing is left of the time: until it begins"),
    ],
)
async def test_training_moved_then_reserved_places_are_kept_till_as_long_before_it(
    db: Settings, days: int, released: int
) -> None:
    hours = make.tomorrow_at(8, days=6), make.tomorrow_at(12, days=6)
    training = await make.make_training(sessions=[hours])
    block, given_up = [await make_block(training, 2, release_at=make.tomorrow_at(8, days=4)) for _ in range(2)]
    await cards.release(given_up.id, actor=PROGRAM)
    session = await TrainingSession.get(training_id=training.id)
    starts_at = make.tomorrow_at(8, days=days)

    await rescheduling.move(session.id, starts_at, starts_at + timedelta(hours=4), None, actor=PROGRAM)

    kept = [(await ReservedBlock.get(id=one.id)).release_at for one in (block, given_up)]
    assert kept == [make.tomorrow_at(8, days=released), make.tomorrow_at(8, days=4)]


async def test_first_session_off_and_on_again_then_reserved_places_are_kept_till_before_the_next(db: Settings) -> None:
    days = [(make.tomorrow_at(8, days=n), make.tomorrow_at(12, days=n)) for n in (6, 9)]
    block = await make_block(await make.make_training(sessions=days), 2, release_at=make.tomorrow_at(8, days=4))
    session = await TrainingSession.filter(training_id=block.training_id).order_by("starts_at").first()
    assert session is not None
    moments = []

    for act in (rescheduling.cancel, rescheduling.restore):
        await act(session.id, actor=PROGRAM)
        moments.append((await ReservedBlock.get(id=block.id)).release_at)

    assert moments == [make.tomorrow_at(8, days=7), make.tomorrow_at(8, days=4)]


async def test_training_called_off_for_a_while_then_its_cards_are_good_till_it_begins(
    db: Settings, freeze: Callable[[datetime], None]
) -> None:
    begins = make.tomorrow_at(8, days=6)
    training = await make.make_training(sessions=[(begins, begins + timedelta(hours=4))])
    block = await make_block(training, 2, release_at=make.tomorrow_at(8, days=4))
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)
    freeze(make.tomorrow_at(8, days=5))

    off = await cards.release_due()
    await rescheduling.reopen(training.id, actor=PROGRAM)
    on_again = await cards.release_due()

    assert (off, on_again) == (0, 0)
    assert await places_of(training) == (0, 2)
    assert (await ReservedBlock.get(id=block.id)).release_at == begins


async def test_places_given_back_while_called_off_then_go_to_who_waits_once_it_takes_place(db: Settings) -> None:
    training = await make.make_training(capacity=2)
    block = await make_block(training, 2)
    waiting = await make.make_registration(training)
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)
    await cards.release(block.id, actor=PROGRAM)
    while_off = await state_of(waiting)

    await rescheduling.reopen(training.id, actor=PROGRAM)

    assert (while_off, await state_of(waiting)) == ("waitlisted", "confirmed")
    assert await places_of(training) == (1, 0)


async def moved(session: TrainingSession, starts_at: datetime) -> None:
    await rescheduling.move(session.id, starts_at, starts_at + timedelta(hours=4), None, actor=PROGRAM)


async def release_of(block: ReservedBlock) -> datetime:
    return (await ReservedBlock.get(id=block.id)).release_at


async def test_training_moved_near_and_back_then_reserved_places_are_kept_as_was_agreed(db: Settings) -> None:
    training = await make.make_training(sessions=[(make.tomorrow_at(8, days=6), make.tomorrow_at(12, days=6))])
    block = await make_block(training, 2, release_at=make.tomorrow_at(8, days=4))
    session = await TrainingSession.get(training_id=training.id)
    kept = []

    for days in (1, 6):
        await moved(session, make.tomorrow_at(8, days=days))
        kept.append(await release_of(block))

    assert kept == [make.tomorrow_at(8, days=1), make.tomorrow_at(8, days=4)]
    lines = await AuditLine.filter(act="registrations.move_release", object_id=block.id).order_by("id")
    assert [line.detail for line in lines] == [
        {"old": make.tomorrow_at(8, days=4).isoformat(), "new": make.tomorrow_at(8, days=1).isoformat()},
        {"old": make.tomorrow_at(8, days=1).isoformat(), "new": make.tomorrow_at(8, days=4).isoformat()},
    ]


async def test_training_takes_place_after_all_and_is_put_off_then_its_cards_are_kept_as_was_agreed(
    db: Settings, freeze: Callable[[datetime], None]
) -> None:
    begins = make.tomorrow_at(8, days=6)
    training = await make.make_training(sessions=[(begins, begins + timedelta(hours=4))])
    block = await make_block(training, 2, release_at=begins - timedelta(days=2))
    session = await TrainingSession.get(training_id=training.id)
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)
    freeze(begins - timedelta(days=1))
    await rescheduling.reopen(training.id, actor=PROGRAM)

    await moved(session, begins + timedelta(days=20))

    assert await release_of(block) == begins + timedelta(days=18)
