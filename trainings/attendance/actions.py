from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.attendance.events import EventKind, FormEvent, SentEvent
from trainings.attendance.intake import Intake, keep
from trainings.attendance.make_ups import same_course_ids
from trainings.attendance.matching import match_unknown
from trainings.attendance.models import Attendance, Decision, ScanEvent, ScanFlag, ScanHow, ScanKind
from trainings.attendance.moments import compare_again
from trainings.attendance.projection import ARRIVALS, counts, project_all, standing, undone_at
from trainings.attendance.queries import answer_about, answers_about, totals_of
from trainings.attendance.scans import Answer, flag_of_clock, when_of
from trainings.attendance.settling import settle_registrations
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.errors import NotFound
from trainings.people.models import NOBODY
from trainings.registrations.cards.use import use_at_door
from trainings.registrations.models import Registration
from trainings.registrations.seats.sign_up import register_walk_in
from trainings.registrations.wishes import SignUp
from trainings.schedule import actions as schedule
from trainings.schedule.models import Training, TrainingSession
from trainings.web.i18n import N_

NO_OFFSET = timedelta()
REOPEN = "attendance.reopen"
PEOPLE_AT_ONCE = 100
"""Computed in one transaction: others wait for it some hundredths of a second."""


async def take(
    session_id: UUID, events: Sequence[SentEvent], *, actor: Actor, offset: timedelta = NO_OFFSET
) -> list[Answer]:
    """Take marks of one session made in the panel by a person with that right, as `intake.keep` takes a phone's. One
    answer per event, in order, under the id that the mark is kept with. `offset`: our clock minus the client's.
    """
    assert all(one.session == session_id for one in events)
    results = await keep(partial(Intake, offset, user_id=actor.id), events)
    kept_as = [one.kept_as for one in results if one.kept_as is not None]
    if len(kept_as) < len(results):
        raise NotFound(N_("No encontramos esa sesión."))
    answers = await answers_about(session_id, kept_as)
    return [answers[key] for key in kept_as]


async def add_walk_in(session_id: UUID, wish: SignUp, mark_id: UUID, *, actor: Actor) -> Answer:
    """Register a walk-in and mark them present, together or not at all. Sent twice is one person.

    A nameless card in the wish becomes the ticket, and its earlier scans count. Refuses a card that is another
    person's, void, released, or not for this training.
    """
    async with transaction():
        where = await _found(session_id)
        if wish.card_id is not None:
            registration_id = (await use_at_door(wish.card_id, where.training_id, wish, actor=actor)).registration_id
            await match_unknown(where.training_id)
            came = await _came_before(where, registration_id)
            if came is not None:
                return came
        else:
            registration_id = (await register_walk_in(where.training_id, wish, actor=actor)).registration_id
        mark = FormEvent(
            id=mark_id,
            kind=EventKind.WALK_IN,
            how=ScanHow.WALK_IN,
            session=session_id,
            registration=registration_id,
        )
        [answer] = await take(session_id, [mark], actor=actor)
        return answer


async def _came_before(session: TrainingSession, registration_id: UUID) -> Answer | None:
    """The answer about the standing arrival of a person who just got a name; None: mark them now.

    A second mark in the office would read as a return after a departure, and as late for each card named there. A
    person who left and gives a name while the session runs has come back.
    """
    events = await ScanEvent.filter(session_id=session.id, registration_id=registration_id)
    arrivals = [one for one in standing(events, await undone_at(session.id)) if one.kind in ARRIVALS]
    if not arrivals or (_goes_on(session) and await _has_left(session, registration_id)):
        return None
    if counts(session):
        await settle_registrations({registration_id})
    return await answer_about(session.id, min(arrivals, key=lambda one: (one.at, one.id)).id)


def _goes_on(session: TrainingSession) -> bool:
    return session.closed_at is None and clock.now() < session.ends_at


async def _has_left(session: TrainingSession, person_id: UUID) -> bool:
    return await Attendance.filter(session_id=session.id, registration_id=person_id, left_at__isnull=False).exists()


async def close_session(
    session_id: UUID, *, actor: Actor, at: datetime | None = None, ended_at: datetime | None = None
) -> None:
    """End a session: its minutes count from now on. Twice is once.

    `at`: when a phone without signal closed it. `ended_at` as in `schedule.close_session`, which refuses. Marks are
    compared with the session as it was held.
    """
    async with transaction():
        training_id = (await _found(session_id)).training_id
        await locked_stays(training_id)
        was_closed = (await _found(session_id)).closed_at is not None
        await match_unknown(training_id)
        await schedule.close_session(session_id, actor=actor, at=at, ended_at=ended_at)
        if was_closed:
            return
        if (await _found(session_id)).ended_at is not None:
            await compare_again(training_id)
        await settle(training_id)
        n_present = (await totals_of(await _found(session_id))).n_present
        await record("attendance.close", actor=actor, object_id=session_id, present=n_present)


async def reopen_session(session_id: UUID, *, actor: Actor) -> None:
    """Phones' earlier closings close it no more."""
    async with transaction():
        training_id = (await _found(session_id)).training_id
        await locked_stays(training_id)
        before = await _found(session_id)
        if before.closed_at is None:
            return
        await schedule.reopen_session(session_id, actor=actor)
        await _look_at_late_ones(await _found(session_id))
        if before.ended_at is not None:
            await compare_again(training_id)
        await settle(training_id)
        await record(REOPEN, actor=actor, object_id=session_id)


async def _look_at_late_ones(session: TrainingSession) -> None:
    """Marks after the closing are late no more. Decisions stay, and so do flags about the time."""
    late = ScanEvent.filter(session_id=session.id, flag=ScanFlag.AFTER_CLOSE, decision=Decision.NONE)
    for event in await late:
        event.flag = ScanFlag.NONE if event.kind is ScanKind.UNDO else flag_of_clock(session, when_of(event))
        await event.save(update_fields=["flag"])


async def settle(training_id: UUID) -> None:
    """Recompute minutes and completion of everybody who came to a training, and of its people who went elsewhere.

    Sessions that ended without being closed count, and scans of cards named later. Also registrations that have hours
    but no stay: what made up for them may count no more, after a merge was taken back or a place given back.

    Some people at a time, each in its own transaction, so that nobody waits for thousands; or all in the caller's, if
    there is one.
    """
    async with transaction():
        await lock(Training, [training_id])
        await match_unknown(training_id)
    concerned = sorted(await _attending(training_id) | await _with_hours(training_id))
    for first in range(0, len(concerned), PEOPLE_AT_ONCE):
        async with transaction():
            some = concerned[first : first + PEOPLE_AT_ONCE]
            await _settle_some(some, await _locked(training_id, partial(_stays_of, training_id, some)))


async def settle_people(training_id: UUID, registration_ids: Collection[UUID]) -> None:
    """As `settle`, for some people, in the caller's transaction, which holds what `lock_stays_of` locks."""
    await match_unknown(training_id)
    await _settle_some(registration_ids, await lock_stays_of(training_id, registration_ids))


async def _settle_some(registration_ids: Collection[UUID], stays: Collection[_Where]) -> None:
    """These stays, then the hours: of these registrations, whose trainings are locked, and of other registrations of
    the same people, whose trainings may not be.
    """
    touched: dict[UUID, set[UUID]] = defaultdict(set)
    for stay in stays:
        touched[stay.session_id].add(stay.registration_id)
    sessions = {one.id: one for one in await TrainingSession.filter(id__in=sorted(touched))}
    await project_all(sessions, touched)
    await settle_registrations(registration_ids)


async def _attending(training_id: UUID) -> set[UUID]:
    """Registrations with a stay at the training, and its own with a stay anywhere."""
    here = await Attendance.filter(session__training_id=training_id).values_list("registration_id")
    of_its_people = await Attendance.filter(registration__training_id=training_id).values_list("registration_id")
    return {key for (key,) in [*here, *of_its_people]}


async def _with_hours(training_id: UUID) -> set[UUID]:
    """Registrations of the training with minutes or a completion.

    Where the name was forgotten the stays are gone, and the numbers stand.
    """
    written = Q(minutes_attended__gt=0) | Q(completed_at__not_isnull=True)
    known = Registration.filter(written, training_id=training_id).exclude(participant__given_names=NOBODY)
    return {key for (key,) in await known.values_list("id")}


async def trainings_in_common(participant_ids: Collection[UUID]) -> set[UUID]:
    """Trainings whose hours depend on which of these participants are one person."""
    rows = await Registration.filter(participant_id__in=sorted(participant_ids)).values_list("id")
    concerned = await same_course_ids([key for (key,) in rows])
    found = await Registration.filter(id__in=sorted(concerned)).values_list("training_id")
    return {training_id for (training_id,) in found}


class _Where(NamedTuple):
    """A stay by its session's training and its registration's: they differ where it makes up for another session."""

    session_id: UUID
    registration_id: UUID
    held_in: UUID
    signed_up_for: UUID


async def locked_stays(training_id: UUID) -> list[_Where]:
    """All stays that concern a training, under the locks of all their trainings.

    A stay that came in between was counted by its own transaction.
    """
    return await _locked(training_id, partial(_stays, training_id))


async def lock_all_stays(training_ids: Collection[UUID]) -> None:
    """Lock these trainings, and all that their stays concern, in order to change each."""
    held = set(training_ids)
    for training_id in training_ids:
        for stay in await _stays(training_id):
            held |= {stay.held_in, stay.signed_up_for}
    await lock(Training, held)


async def lock_stays_of(training_id: UUID, registration_ids: Collection[UUID]) -> list[_Where]:
    """As `locked_stays`, for some people, by any of their registrations. Call it before locking any training alone:
    locks are taken in key order, against deadlocks.
    """
    concerned = await same_course_ids(registration_ids)
    return await _locked(training_id, partial(_stays_of, training_id, concerned))


async def _locked(training_id: UUID, ask: Callable[[], Awaitable[list[_Where]]]) -> list[_Where]:
    held = {training_id}
    for stay in await ask():
        held |= {stay.held_in, stay.signed_up_for}
    await lock(Training, held)
    return [stay for stay in await ask() if {stay.held_in, stay.signed_up_for} <= held]


WHERE = ("session_id", "registration_id", "session__training_id", "registration__training_id")


async def _stays(training_id: UUID) -> list[_Where]:
    """Two statements: with `or`, a database reads everybody's stays."""
    here = await Attendance.filter(session__training_id=training_id).values_list(*WHERE)
    of_its_people = await Attendance.filter(registration__training_id=training_id).values_list(*WHERE)
    return [_Where(*row) for row in dict.fromkeys([*here, *of_its_people])]


async def _stays_of(training_id: UUID, registration_ids: Collection[UUID]) -> list[_Where]:
    found = await Attendance.filter(registration_id__in=sorted(registration_ids)).values_list(*WHERE)
    stays = [_Where(*row) for row in found]
    return [stay for stay in stays if training_id in (stay.held_in, stay.signed_up_for)]


async def _found(session_id: UUID) -> TrainingSession:
    found = await TrainingSession.get_or_none(id=session_id)
    if found is None:
        raise NotFound(N_("No encontramos esa sesión."))
    return found
