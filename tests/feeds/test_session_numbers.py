""" "Sesión N de M" follows the order of the calendar, whatever is moved, added or called off."""

from __future__ import annotations

from datetime import timedelta

from httpx2 import AsyncClient

from tests import make
from tests.feeds.asking import body_of, events_in, line_of
from trainings.audit.actor import PROGRAM
from trainings.schedule import actions as schedule
from trainings.schedule.actions import SessionPlan
from trainings.schedule.models import TrainingSession

DAY = timedelta(days=1)


async def numbers(client: AsyncClient) -> list[str]:
    """Ends of the titles in the feed, by start."""
    events = events_in(await body_of(client)).values()
    in_time = sorted(events, key=lambda event: line_of(event, "DTSTART"))
    return [line_of(event, "SUMMARY").rpartition("\\, ")[2] for event in in_time]


async def test_session_moved_behind_another_takes_its_number_and_gives_it_its_own(client: AsyncClient) -> None:
    days = [(make.tomorrow_at(8, days=n), make.tomorrow_at(12, days=n)) for n in (3, 5, 7)]
    training = await make.make_training(sessions=days)
    first, second, third = sorted(training.sessions, key=lambda one: one.starts_at)
    before = events_in(await body_of(client))

    await schedule.move_session(
        second.id, second.starts_at + 4 * DAY, second.ends_at + 4 * DAY, second.venue_id, actor=PROGRAM
    )

    after = events_in(await body_of(client))
    assert await numbers(client) == [f"sesión {n} de 3" for n in (1, 2, 3)]
    assert after[first.id] == before[first.id]
    sequences = {
        one.id: int(line_of(after[one.id], "SEQUENCE")) - int(line_of(before[one.id], "SEQUENCE"))
        for one in (second, third)
    }
    assert sequences == {second.id: 1, third.id: 0}
    assert line_of(after[third.id], "LAST-MODIFIED") > line_of(before[third.id], "LAST-MODIFIED")


async def test_added_session_is_numbered_by_its_day_and_a_cancelled_one_keeps_its_place(client: AsyncClient) -> None:
    days = [(make.tomorrow_at(8, days=n), make.tomorrow_at(12, days=n)) for n in (3, 7)]
    training = await make.make_training(sessions=days)

    between = SessionPlan(make.tomorrow_at(8, days=5), make.tomorrow_at(12, days=5))
    added = await schedule.add_session(training.id, between, actor=PROGRAM)
    assert await numbers(client) == [f"sesión {n} de 3" for n in (1, 2, 3)]
    await schedule.cancel_session(added.id, actor=PROGRAM)

    assert await numbers(client) == [f"sesión {n} de 3" for n in (1, 2, 3)]
    stored = await TrainingSession.filter(training_id=training.id).order_by("starts_at")
    assert [one.position for one in stored] == [1, 2, 3]
