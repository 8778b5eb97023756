"""Hours made up at another date of the course, on a sign-up of its own there, as the own page tells people to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from tests import make
from tests.attendance.doors import Opened, hours, open_door, qr_of, scan, take
from tests.queries import until_somebody_waits
from trainings import clock
from trainings.accounts.models import Role
from trainings.accounts.queries import actor_of
from trainings.attendance import actions, settling
from trainings.attendance.models import ScanKind
from trainings.attendance.settling import stays_counting, stays_of_person
from trainings.audit.actor import PROGRAM
from trainings.certificates.eligibility import hours_of
from trainings.certificates.making.transcripts import entries_of
from trainings.db import lock, transaction
from trainings.people.models import Merge, MergeReason
from trainings.privacy import merging
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.models import Training, TrainingSession
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
HOUR = timedelta(hours=1)


async def another_date(door: Opened, days: int = 9) -> Training:
    """Four hours of the same course, so many days from today."""
    course = await door.training.course
    start = make.tomorrow_at(8, days=days)
    return await make.make_training(course=course, sessions=[(start, start + 4 * HOUR)], hub=await door.training.hub)


async def sign_up_again(door: Opened, training: Training) -> Registration:
    """Ana's, at another training, by the code of her ticket: the same participant."""
    again = await make.make_registration(training, given_names="Ana Lucía", surnames="Ba Coc")
    again.participant_id = door.ana.participant_id
    await again.save(update_fields=["participant_id"])
    return again


async def at_two_dates() -> tuple[Opened, Training, Registration]:
    door = await open_door()
    other = await another_date(door)
    return door, other, await sign_up_again(door, other)


async def attend(door: Opened, registration: Registration, session: TrainingSession, freeze: Freeze, n: int) -> None:
    """So many hours of a session, which is closed then; others' tickets may have been shown there as well."""
    leaves = session.starts_at + n * HOUR
    freeze(leaves)
    code = qr_of(registration)
    await take(door, scan(code, session.starts_at), scan(code, leaves, kind=ScanKind.OUT), session=session.id)
    freeze(session.ends_at + HOUR)
    await actions.close_session(session.id, actor=PROGRAM)


async def shown(registration: Registration) -> int:
    """The minutes that pages compute."""
    sessions = await TrainingSession.filter(training_id=registration.training_id)
    training = await Training.get(id=registration.training_id)
    stays = (await stays_counting([registration.id]))[registration.id]
    return hours_of(stays, sessions, training.course_id).attended


async def test_half_was_missed_and_made_up_on_a_new_sign_up_then_it_counts_once(db: Settings, freeze: Freeze) -> None:
    door, other, again = await at_two_dates()
    await attend(door, door.ana, door.session, freeze, 2)
    assert await hours(door.ana) == (120, False)

    await attend(door, again, other.sessions[0], freeze, 2)

    assert await hours(door.ana) == (240, True)
    assert await hours(again) == (120, False), "what came before makes up for nothing that came after"
    assert (await shown(door.ana), await shown(again)) == (240, 120)
    entries = await entries_of([door.ana.participant_id])
    assert [(one.minutes, one.is_completed) for one in entries] == [(120, True), (120, False)], "each hour is told once"

    await take(door, scan(qr_of(door.ana), other.sessions[0].starts_at), session=other.sessions[0].id)
    assert await hours(door.ana) == (240, True), "both tickets at one session are one stay"
    assert sum(one.minutes for one in await entries_of([door.ana.participant_id])) == 240


async def test_made_up_more_than_was_missed_then_only_what_was_missed(db: Settings, freeze: Freeze) -> None:
    door = await open_door(n_sessions=2)
    other = await another_date(door)
    again = await sign_up_again(door, other)
    await attend(door, door.ana, door.session, freeze, 3)

    await attend(door, again, other.sessions[0], freeze, 4)

    assert await hours(door.ana) == (420, True)
    assert await hours(again) == (240, True)


async def test_place_given_back_or_another_course_then_nothing_is_made_up(db: Settings, freeze: Freeze) -> None:
    door, else_ = await open_door(), await open_door()
    other = await another_date(door)
    again = await sign_up_again(door, other)
    elsewhere = await sign_up_again(door, else_.training)
    door.ana.state = RegistrationState.CANCELLED
    await door.ana.save(update_fields=["state"])

    await attend(door, again, other.sessions[0], freeze, 4)

    assert await hours(door.ana) == (0, False)
    assert await hours(elsewhere) == (0, False)
    assert (await shown(door.ana), await shown(elsewhere)) == (0, 0)


async def test_two_who_are_merged_then_as_one_until_it_is_taken_back(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    other = await another_date(door)
    again = await make.make_registration(other, given_names="Ana", surnames="Ba")
    coordinator = await actor_of(await make.make_user(Role.HUB_COORDINATOR, await door.training.hub))
    await attend(door, door.ana, door.session, freeze, 2)
    await attend(door, again, other.sessions[0], freeze, 2)
    assert await hours(door.ana) == (120, False)

    await merging.merge(again.participant_id, door.ana.participant_id, MergeReason.SAID_SO, actor=coordinator)
    assert await hours(door.ana) == (240, True)

    await merging.undo((await Merge.get()).id, actor=coordinator)
    assert await hours(door.ana) == (120, False)


async def test_two_sign_ups_for_one_training_are_merged_then_all_counts_for_one_until_it_is_taken_back(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door(n_sessions=2)
    again = await make.make_registration(door.training, given_names="Ana Lucía", surnames="Ba Coc")
    coordinator = await actor_of(await make.make_user(Role.HUB_COORDINATOR, await door.training.hub))
    first, second = door.training.sessions
    await attend(door, again, first, freeze, 3)
    await attend(door, door.ana, second, freeze, 4)
    both = [door.ana.participant_id, again.participant_id]

    for kept_id, merged_id in (both, both[::-1]):
        await merging.merge(kept_id, merged_id, MergeReason.SAID_SO, actor=coordinator)
        assert (await hours(door.ana), await hours(again)) == ((420, True), (0, False))
        assert (await shown(door.ana), await shown(again)) == (420, 0)
        assert sum(one.minutes for one in await stays_of_person(again)) == 420, "her other link says the same"
        await merging.undo((await Merge.filter(undone_at=None).get()).id, actor=coordinator)
        assert (await hours(door.ana), await hours(again)) == ((240, False), (180, False))


async def test_one_of_two_places_at_a_training_was_given_back_then_it_tells_its_own_stays_alone(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    again = await sign_up_again(door, door.training)
    await attend(door, door.ana, door.session, freeze, 4)
    with_place = await stays_of_person(again)
    again.state = RegistrationState.CANCELLED
    await again.save(update_fields=["state"])

    given_back = await stays_of_person(again)

    assert ([one.minutes for one in with_place], given_back) == ([240], [])


async def test_sign_up_at_another_date_then_it_tells_no_stay_of_the_date_before(db: Settings, freeze: Freeze) -> None:
    door, _other, again = await at_two_dates()
    await attend(door, door.ana, door.session, freeze, 4)

    assert [one.minutes for one in await stays_of_person(door.ana)] == [240]
    assert await stays_of_person(again) == []


async def test_merge_or_undo_was_cut_off_before_its_hours_then_said_again_they_are(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    other = await another_date(door)
    again = await make.make_registration(other, given_names="Ana", surnames="Ba")
    coordinator = await actor_of(await make.make_user(Role.HUB_COORDINATOR, await door.training.hub))
    await attend(door, again, other.sessions[0], freeze, 4)
    ana = Registration.filter(id=door.ana.id)

    for _twice in range(2):
        await ana.update(minutes_attended=0, completed_at=None)
        await merging.merge(again.participant_id, door.ana.participant_id, MergeReason.SAID_SO, actor=coordinator)
        assert await hours(door.ana) == (240, True)

    for _twice in range(2):
        await ana.update(minutes_attended=240, completed_at=clock.now())
        await merging.undo((await Merge.get()).id, actor=coordinator)
        assert (await hours(door.ana), await shown(door.ana), await hours(again)) == ((0, False), 0, (240, True))


async def test_place_made_up_for_and_given_back_then_it_has_no_hours_once_settled(db: Settings, freeze: Freeze) -> None:
    door, other, again = await at_two_dates()
    await attend(door, again, other.sessions[0], freeze, 4)
    assert await hours(door.ana) == (240, True)
    await Registration.filter(id=door.ana.id).update(state=RegistrationState.CANCELLED)

    await settling.settle(door.training.id)

    assert await hours(door.ana) == (0, False)
    assert await hours(again) == (240, True)


async def test_both_dates_settled_at_the_same_moment_then_nothing_is_lost(
    postgres_db: Settings, freeze: Freeze
) -> None:
    door, other, again = await at_two_dates()
    freeze(door.starts_at + 2 * HOUR)
    await take(door, scan(qr_of(door.ana), door.starts_at))
    await take(door, scan(qr_of(door.ana), door.starts_at + 2 * HOUR, kind=ScanKind.OUT))
    freeze(other.sessions[0].ends_at + HOUR)
    session = other.sessions[0]
    await take(door, scan(qr_of(again), session.starts_at), session=session.id)

    async with asyncio.timeout(60):
        await asyncio.gather(*(settling.settle(one) for one in (door.training.id, other.id) for _again in range(3)))

    assert await hours(door.ana) == (240, True)


async def test_one_settled_alone_then_by_all_their_tickets_and_nobody_elses_hours(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    again = await sign_up_again(door, await another_date(door))
    beto = await make.make_registration(door.training, given_names="Beto")
    await take(door, scan(qr_of(again), door.starts_at), scan(qr_of(beto), door.starts_at))
    freeze(door.ends_at)

    async with transaction():
        await lock(Training, [door.training.id])
        await settling.settle_people(door.training.id, [door.ana.id])
    alone = (await hours(door.ana), await hours(beto))
    await settling.settle(door.training.id)

    assert alone == ((240, True), (0, False))
    assert (await hours(door.ana), await hours(beto)) == ((240, True), (240, True))


async def settle_alone(registration: Registration, is_settled: asyncio.Event, may_end: asyncio.Event) -> None:
    async with transaction():
        await settling.lock_stays_of(registration.training_id, [registration.id])
        await settling.settle_people(registration.training_id, [registration.id])
        is_settled.set()
        await may_end.wait()


async def test_one_settled_alone_then_their_other_sign_up_is_held_till_it_is_written(postgres_db: Settings) -> None:
    door = await open_door()
    again = await sign_up_again(door, await another_date(door))
    is_settled, may_end = asyncio.Event(), asyncio.Event()

    settling = asyncio.create_task(settle_alone(again, is_settled, may_end))
    await is_settled.wait()
    async with transaction():
        free = await Registration.all().select_for_update(skip_locked=True)
    may_end.set()
    await settling

    assert free == [], "whoever counts for the other date waits, and does not write what this one read before"


async def test_one_settled_alone_while_another_date_is_held_then_waits_for_it_holding_nothing(
    postgres_db: Settings,
) -> None:
    door, other, again = await at_two_dates()
    await take(door, scan(qr_of(door.ana), other.sessions[0].starts_at), session=other.sessions[0].id)
    is_settled, may_end, is_held = asyncio.Event(), asyncio.Event(), asyncio.Event()
    may_end.set()

    async def meanwhile() -> None:
        await is_held.wait()
        await settle_alone(again, is_settled, may_end)

    settling = asyncio.create_task(meanwhile())
    async with transaction():
        await lock(Training, [door.training.id])
        is_held.set()
        await until_somebody_waits()
        await lock(Training, [other.id])
    await settling

    assert is_settled.is_set()
