"""Moving, cancelling and holding after all: rows, hours, messages and the call list, all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from tests import make
from tests.attendance.doors import hours, open_door, qr_of, scan, take, undo
from tests.cast import make_cast
from tests.outbox.told import accept
from tests.queries import until_somebody_waits
from trainings import clock
from trainings.attendance import settling
from trainings.attendance.models import Attendance
from trainings.attendance.sessions import rescheduling
from trainings.attendance.sessions.rescheduling import details_of, relocate
from trainings.audit.actor import PROGRAM
from trainings.db import lock, transaction
from trainings.errors import NotFound, Refusal
from trainings.outbox.actions import STAFF_DELAY, TooLateToStop, stop_batch
from trainings.outbox.models import CallList, CallReason, OutboxJob
from trainings.places.actions import VenueExists
from trainings.places.models import Venue
from trainings.schedule.bookings import VenueBooked
from trainings.schedule.changes import recent_changes
from trainings.schedule.models import (
    ChangeKind,
    DatedChange,
    SessionState,
    SessionText,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.schedule.session_actions import TrainingCalledOff
from trainings.schedule.staff.corrections import AllDatesPassed, DatePassed
from trainings.settings import Settings
from trainings.versions.models import Counter

Freeze = Callable[[datetime], None]
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


async def a_training(n_sessions: int = 2, **columns: object) -> Training:
    """With Ana, who left her address, and Beto, who left none."""
    days = [(make.tomorrow_at(8, days=n), make.tomorrow_at(12, days=n)) for n in range(3, n_sessions + 3)]
    training = await make.make_training(sessions=days, **columns)  # type: ignore[arg-type]
    await make.make_registration(training, given_names="Ana", surnames="Ba", email="ana@x.example")
    await make.make_registration(training, given_names="Beto", surnames="Coc")
    await OutboxJob.all().delete()
    return training


def first_of(training: Training) -> TrainingSession:
    return min(training.sessions, key=lambda session: session.starts_at)


async def shift(session: TrainingSession, by: timedelta) -> UUID | None:
    now = await TrainingSession.get(id=session.id)
    return await rescheduling.move(now.id, now.starts_at + by, now.ends_at + by, now.venue_id, actor=PROGRAM)


async def versions() -> dict[str, int]:
    return {row.key: row.number for row in await Counter.all()}


async def test_move_changes_the_session_tells_people_and_opens_a_call_list_at_once(
    db: Settings, freeze: Freeze
) -> None:
    freeze(clock.now())
    training = await a_training()
    session, before = first_of(training), await versions()

    batch = await shift(session, HOUR)

    now = await TrainingSession.get(id=session.id)
    assert (now.starts_at, now.ends_at, now.sequence) == (session.starts_at + HOUR, session.ends_at + HOUR, 1)
    [change] = await DatedChange.all()
    assert (change.session_id, change.kind, change.batch_id) == (session.id, ChangeKind.MOVED, batch)
    assert (change.left_starts_at, change.left_ends_at, change.left_venue_id) == (
        session.starts_at,
        session.ends_at,
        session.venue_id,
    )
    [job] = await OutboxJob.all()
    assert (job.kind, job.batch_id, job.run_at) == ("training_changed", batch, clock.now() + STAFF_DELAY)
    [call_list] = await CallList.all()
    assert (call_list.reason, call_list.batch_id, call_list.session_id) == (CallReason.CHANGED, batch, session.id)
    assert call_list.due_at == clock.now() + STAFF_DELAY
    after = await versions()
    assert all(after[scope] > version for scope, version in before.items())


async def test_another_place_is_a_change_too_and_the_same_place_is_none(db: Settings) -> None:
    training = await a_training()
    session = first_of(training)
    other = await make.make_venue(name="Escuela Central")

    batch = await rescheduling.move(session.id, session.starts_at, session.ends_at, other.id, actor=PROGRAM)
    nothing = await rescheduling.move(session.id, session.starts_at, session.ends_at, other.id, actor=PROGRAM)

    [change] = await DatedChange.all()
    assert (change.kind, change.left_venue_id, change.batch_id) == (ChangeKind.PLACE, session.venue_id, batch)
    assert nothing is None
    assert (await TrainingSession.get(id=session.id)).sequence == 1


async def test_session_that_no_feed_shows_has_a_higher_sequence_all_the_same(db: Settings) -> None:
    training = await a_training(state=TrainingState.UNLISTED)
    session = first_of(training)

    await shift(session, HOUR)
    await rescheduling.cancel(session.id, actor=PROGRAM)
    await rescheduling.restore(session.id, actor=PROGRAM)

    assert (await TrainingSession.get(id=session.id)).sequence == 3
    assert not await SessionText.exists()


async def test_draft_or_refused_change_tells_nobody(db: Settings) -> None:
    draft = await make.make_training(state=TrainingState.DRAFT)
    assert await shift(draft.sessions[0], HOUR) is None
    session = first_of(await a_training())

    with pytest.raises(Refusal):
        await rescheduling.move(session.id, session.ends_at, session.starts_at, None, actor=PROGRAM)
    with pytest.raises(NotFound):
        await rescheduling.cancel(UUID(int=1), actor=PROGRAM)

    assert (await TrainingSession.get(id=session.id)).starts_at == session.starts_at
    assert not await DatedChange.exists()
    assert not await CallList.exists()
    assert not await OutboxJob.exists()


# -- stopping, and a second change


async def test_stop_ends_messages_and_calls_for_ten_minutes_and_what_changed_stays(
    db: Settings, freeze: Freeze
) -> None:
    freeze(clock.now())
    training = await a_training()
    nobody = await make.make_training(sessions=[(make.tomorrow_at(14), make.tomorrow_at(15))])
    await make.make_registration(nobody)
    coordinator = await make.actor_of(await make.make_user(hub=await make.make_hub()))
    elsewhere = await make.make_hub("solola", municipality="0701")
    stranger = await make.actor_of(await make.make_user(hub=elsewhere, email="otra@x.example"))
    batch, without_address = await shift(first_of(training), HOUR), await shift(nobody.sessions[0], HOUR)
    assert batch is not None
    assert without_address is not None

    with pytest.raises(NotFound):
        await stop_batch(batch, actor=stranger)
    assert [await stop_batch(one, actor=coordinator) for one in (batch, without_address, without_address)] == [1, 0, 0]
    assert await OutboxJob.filter(stopped_at=None).count() == 0
    assert await CallList.filter(closed_at=None).count() == 0
    assert (await TrainingSession.get(id=first_of(training).id)).sequence == 1

    batch = await shift(first_of(training), HOUR)
    assert batch is not None
    freeze(clock.now() + STAFF_DELAY)
    with pytest.raises(TooLateToStop):
        await stop_batch(batch, actor=coordinator)


async def test_second_change_takes_the_place_of_the_first_message(db: Settings, freeze: Freeze) -> None:
    freeze(clock.now())
    training = await a_training()
    session = first_of(training)
    first = await shift(session, HOUR)
    freeze(clock.now() + 5 * MINUTE)

    second = await shift(session, HOUR)

    assert first != second
    jobs = await OutboxJob.all().order_by("id")
    assert [(job.batch_id, job.stopped_at is not None) for job in jobs] == [(first, True), (second, False)]
    lists = await CallList.all().order_by("id")
    assert [(one.batch_id, one.closed_at is not None) for one in lists] == [(first, True), (second, False)]
    changes = await DatedChange.all().order_by("id")
    assert {one.batch_id for one in changes} == {second}
    assert [one.left_starts_at for one in changes] == [session.starts_at, session.starts_at + HOUR]


async def test_what_is_undone_within_ten_minutes_nobody_hears_of(db: Settings, freeze: Freeze) -> None:
    freeze(clock.now())
    training = await a_training()
    for change, back in (
        (shift(first_of(training), HOUR), shift(first_of(training), -HOUR)),
        (
            rescheduling.call_off(training.id, "Lluvia", actor=PROGRAM),
            rescheduling.reopen(training.id, actor=PROGRAM),
        ),
    ):
        assert await change is not None
        assert await back is None
        assert await OutboxJob.filter(stopped_at=None).count() == 0
        assert await CallList.filter(closed_at=None).count() == 0
    assert (await Training.get(id=training.id)).state is TrainingState.PUBLISHED


async def test_change_after_a_stopped_one_tells_what_people_knew(db: Settings, freeze: Freeze) -> None:
    freeze(clock.now())
    training = await a_training()
    session = first_of(training)
    coordinator = await make.actor_of(await make.make_user(hub=await make.make_hub()))
    batch = await shift(session, HOUR)
    assert batch is not None
    await stop_batch(batch, actor=coordinator)
    freeze(clock.now() + 24 * HOUR)

    batch = await shift(session, HOUR)

    both = await DatedChange.filter(batch_id=batch).order_by("id")
    assert [one.left_starts_at for one in both] == [session.starts_at, session.starts_at + HOUR]


# -- cancelling and holding after all


async def test_cancelled_session_takes_place_after_all_with_the_next_sequence(db: Settings, freeze: Freeze) -> None:
    freeze(clock.now())
    training = await a_training()
    session = first_of(training)

    await rescheduling.cancel(session.id, actor=PROGRAM)
    cancelled = await TrainingSession.get(id=session.id)
    freeze(clock.now() + HOUR)
    await accept(await OutboxJob.get(kind="training_changed"))
    batch = await rescheduling.restore(session.id, actor=PROGRAM)
    again = await rescheduling.restore(session.id, actor=PROGRAM)

    assert (cancelled.state, cancelled.sequence) == (SessionState.CANCELLED, 1)
    now = await TrainingSession.get(id=session.id)
    assert (now.state, now.cancelled_at, now.sequence) == (SessionState.PLANNED, None, 2)
    assert "STATUS:CONFIRMED" in (await SessionText.get(session_id=session.id)).body
    assert [one.kind for one in await DatedChange.all().order_by("id")] == [ChangeKind.CANCELLED, ChangeKind.REOPENED]
    assert batch is not None
    assert again is None


async def test_restore_refuses_the_past_a_called_off_training_and_a_taken_place(db: Settings, freeze: Freeze) -> None:
    training = await a_training()
    session = first_of(training)
    await rescheduling.cancel(session.id, actor=PROGRAM)
    await make.make_training(title="Otra", sessions=[(session.starts_at, session.ends_at)])

    with pytest.raises(VenueBooked):
        await rescheduling.restore(session.id, actor=PROGRAM)
    await rescheduling.restore(session.id, actor=PROGRAM, override_reason="Son dos salones.")
    await rescheduling.cancel(session.id, actor=PROGRAM)
    freeze(session.ends_at)
    with pytest.raises(DatePassed):
        await rescheduling.restore(session.id, actor=PROGRAM)
    await rescheduling.call_off(training.id, "Lluvia", actor=PROGRAM)
    with pytest.raises(TrainingCalledOff):
        await rescheduling.restore(session.id, actor=PROGRAM)


async def test_called_off_training_notes_each_session_ahead_and_opens_one_list(db: Settings, freeze: Freeze) -> None:
    training = await a_training(3)
    sessions = sorted(training.sessions, key=lambda session: session.starts_at)
    freeze(sessions[0].ends_at)

    batch = await rescheduling.call_off(training.id, "Lluvia", actor=PROGRAM)

    changes = await DatedChange.filter(batch_id=batch).order_by("left_starts_at")
    assert [(one.session_id, one.kind) for one in changes] == [
        (sessions[1].id, ChangeKind.CANCELLED),
        (sessions[2].id, ChangeKind.CANCELLED),
    ]
    [call_list] = await CallList.all()
    assert (call_list.reason, call_list.session_id) == (CallReason.CANCELLED, None)
    assert [job.kind for job in await OutboxJob.all()] == ["training_cancelled"]


async def test_reopened_training_is_told_and_refused_once_all_is_over(db: Settings, freeze: Freeze) -> None:
    freeze(clock.now())
    training = await a_training()
    await rescheduling.call_off(training.id, "Lluvia", actor=PROGRAM)
    freeze(clock.now() + HOUR)
    for job in await OutboxJob.filter(kind="training_cancelled", subject_id__not_isnull=True):
        await accept(job)

    batch = await rescheduling.reopen(training.id, actor=PROGRAM)

    assert {job.kind for job in await OutboxJob.filter(batch_id=batch)} == {"training_changed"}
    kinds = [one.kind for one in await DatedChange.filter(batch_id=batch)]
    assert kinds == [ChangeKind.REOPENED] * 2
    await rescheduling.call_off(training.id, "Lluvia", actor=PROGRAM)
    freeze(clock.now() + timedelta(days=30))
    with pytest.raises(AllDatesPassed):
        await rescheduling.reopen(training.id, actor=PROGRAM)


async def test_training_called_off_in_the_morning_and_held_anyway_is_reopened_in_the_evening_and_nobody_written_to(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door(capacity=2)
    for name in ("Beto", "Carla"):
        await make.make_registration(door.training, given_names=name, email=f"{name}@x.example")
    freeze(door.starts_at - HOUR)
    await rescheduling.call_off(door.training.id, "Lluvia.", actor=PROGRAM)
    freeze(door.starts_at)
    await OutboxJob.all().update(outcome="sent", done_at=clock.now(), attempts=1)
    await take(door, scan(qr_of(door.ana), door.starts_at))
    n_jobs, n_lists = await OutboxJob.all().count(), await CallList.all().count()
    freeze(door.ends_at + 6 * HOUR)
    assert await hours(door.ana) == (0, False)

    batch = await rescheduling.reopen(door.training.id, actor=PROGRAM)

    assert (await TrainingSession.get(id=door.key)).is_on
    assert await hours(door.ana) == (240, True)
    assert batch is None
    assert (await OutboxJob.all().count(), await CallList.all().count()) == (n_jobs, n_lists)


async def test_training_called_off_to_which_nobody_came_stays_so_once_its_dates_are_over(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    freeze(door.starts_at - HOUR)
    await rescheduling.call_off(door.training.id, "Lluvia.", actor=PROGRAM)
    freeze(door.starts_at)
    here = scan(qr_of(door.ana), door.starts_at)
    await take(door, here, undo(here.id, door.starts_at + MINUTE))
    freeze(door.ends_at)

    with pytest.raises(AllDatesPassed):
        await rescheduling.reopen(door.training.id, actor=PROGRAM)


# -- hours


async def test_hours_follow_what_is_cancelled_held_after_all_and_longer(db: Settings, freeze: Freeze) -> None:
    door = await open_door(n_sessions=2)
    await take(door, scan(qr_of(door.ana), door.starts_at))
    freeze(door.ends_at)
    await settling.settle(door.training.id)
    found = [await hours(door.ana)]
    second = max(door.training.sessions, key=lambda session: session.starts_at)

    for change in (
        rescheduling.cancel(second.id, actor=PROGRAM),
        rescheduling.restore(second.id, actor=PROGRAM),
        rescheduling.move(second.id, second.starts_at, second.starts_at + HOUR, second.venue_id, actor=PROGRAM),
        rescheduling.move(second.id, second.starts_at, second.ends_at, second.venue_id, actor=PROGRAM),
    ):
        await change
        found.append(await hours(door.ana))

    assert found == [(240, is_completed) for is_completed in (False, True, False, True, False)]


# -- what is read


async def test_recent_changes_are_those_of_seven_days_newest_first(db: Settings, freeze: Freeze) -> None:
    freeze(clock.now())
    training = await a_training()
    session = first_of(training)
    await shift(session, HOUR)
    freeze(clock.now() + HOUR)
    await shift(session, HOUR)

    found = (await recent_changes([training.id]))[training.id]
    freeze(clock.now() + timedelta(days=7) - HOUR)
    later = (await recent_changes([training.id]))[training.id]
    freeze(clock.now() + HOUR)

    assert [one.left_starts_at for one in found] == [session.starts_at + HOUR, session.starts_at]
    assert [one.left_starts_at for one in later] == [session.starts_at + HOUR]
    assert await recent_changes([training.id]) == {}


# -- at once


async def test_two_changes_at_once_leave_one_message_and_one_list(db: Settings, freeze: Freeze) -> None:
    freeze(clock.now())
    training = await a_training()
    session = first_of(training)
    other = await make.make_venue(name="Escuela Central")

    await asyncio.gather(
        shift(session, HOUR),
        rescheduling.move(session.id, session.starts_at, session.ends_at, other.id, actor=PROGRAM),
        rescheduling.call_off(training.id, "Lluvia", actor=PROGRAM),
        return_exceptions=True,
    )

    live = {job.batch_id for job in await OutboxJob.filter(stopped_at=None)}
    assert len(live) == 1
    assert {one.batch_id for one in await CallList.filter(closed_at=None)} == live
    assert {one.batch_id for one in await DatedChange.filter(session_id=session.id)} == live


async def test_all_that_is_to_come_moves_or_nothing(db: Settings) -> None:
    cast = await make_cast()
    for hour in (8, 8, 14):
        span = (make.tomorrow_at(hour), make.tomorrow_at(hour + 3))
        await make.make_training(hub=cast.hub, venue=cast.venue, sessions=[span], facilitators=[cast.facilitator])
    details = details_of(cast.venue)

    with pytest.raises(VenueExists):
        await relocate(cast.venue, replace(details, address="Otra calle"), hub=cast.hub, actor=PROGRAM)
    assert not await DatedChange.exists()
    assert (await Venue.get(id=cast.venue.id)).is_active
    new = await relocate(cast.venue, replace(details, name="Escuela Central"), hub=cast.hub, actor=PROGRAM)

    assert {key for (key,) in await TrainingSession.all().values_list("venue_id")} == {new.id}
    assert await DatedChange.filter(left_venue_id=cast.venue.id).count() == 3
    old = await Venue.get(id=cast.venue.id)
    assert (old.name, old.is_active, new.is_active) == (cast.venue.name, False, True)


async def test_what_is_moved_at_that_moment_stays_moved_and_nobody_waits_in_a_ring(postgres_db: Settings) -> None:
    """The older training, which is not held there, is held by another transaction until the newer one is moved."""
    cast = await make_cast()
    elsewhere = await make.make_venue(cast.hub, name="Salón")
    older = await make.make_training(hub=cast.hub, venue=elsewhere)
    spans = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (1, 2)]
    newer = await make.make_training(hub=cast.hub, venue=cast.venue, sessions=spans)
    first, last = newer.sessions
    guest = await make.make_registration(older)
    await Attendance.create(session=first, registration=guest, is_present=True)
    new_details, hour = replace(details_of(cast.venue), name="Escuela Central"), timedelta(hours=1)
    is_held = asyncio.Event()

    async def meanwhile() -> Venue:
        await is_held.wait()
        return await relocate(cast.venue, new_details, hub=cast.hub, actor=PROGRAM)

    relocating = asyncio.create_task(meanwhile())
    async with transaction():
        await lock(Training, [older.id])
        is_held.set()
        await until_somebody_waits()
        await rescheduling.move(first.id, first.starts_at + hour, first.ends_at + hour, cast.venue.id, actor=PROGRAM)
        await rescheduling.move(last.id, last.starts_at, last.ends_at, elsewhere.id, actor=PROGRAM)
    new = await relocating

    held = {one.id: (one.starts_at, one.venue_id) for one in await TrainingSession.filter(training_id=newer.id)}
    assert held == {first.id: (first.starts_at + hour, new.id), last.id: (last.starts_at, elsewhere.id)}
