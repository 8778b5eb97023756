"""A registration's hours and completion, and the locks for computing them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.attendance.holders import match_unknown
from trainings.attendance.models import Attendance
from trainings.attendance.projection import (
    KeptMark,
    counts,
    marks_of,
    minutes_of,
    project_all,
    row_of,
    stay_of,
    undone_among,
)
from trainings.db import lock, reads, sql, transaction
from trainings.db.prepared import Select
from trainings.db.sql import Statement, as_uuid
from trainings.people.merged import whole_people
from trainings.people.models import NOBODY
from trainings.registrations.models import TAKES_PLACE, Registration, RegistrationState
from trainings.schedule.completion import is_completed, minutes_counted, minutes_planned, share_needed
from trainings.schedule.models import Training, TrainingSession, sessions_on

HOURS = ("minutes_attended", "completed_at")
KEEP_HOURS = "UPDATE registration SET minutes_attended = ?, completed_at = ? WHERE id = ?"


async def settle_registrations(registration_ids: Collection[UUID]) -> None:
    """Write minutes and, once the training's share is reached, the moment of completion. Sessions of other trainings of
    the course make up for missed sessions, also for other registrations of the same people, which are settled too.
    The caller's transaction holds the trainings of these registrations.
    """
    concerned = await same_course_ids(registration_ids)
    if concerned != set(registration_ids):
        # Other trainings of the person may be settled at the same moment, under their own locks alone.
        await Registration.filter(id__in=sorted(concerned)).order_by("id").select_for_update(no_key=True)
    registrations = await Registration.filter(id__in=sorted(concerned)).only("id", "training_id", *HOURS)
    training_ids = sorted({one.training_id for one in registrations})
    trainings = {one.id: one for one in await Training.filter(id__in=training_ids)}
    sessions_of: dict[UUID, list[TrainingSession]] = defaultdict(list)
    for session in await TrainingSession.filter(training_id__in=training_ids):
        sessions_of[session.training_id].append(session)
    stays_of = await stays_counting(concerned)
    changed = []
    for registration in registrations:
        training = trainings[registration.training_id]
        stays = [one for one in stays_of[registration.id] if one.session.training.course_id == training.course_id]
        if _settled(registration, stays, sessions_of[training.id], share_needed(training)):
            changed.append(registration)
    if changed:
        await sql.write_all([Statement(KEEP_HOURS, [row_of(registration, HOURS) for registration in changed])])


async def settle_if_over(session: TrainingSession, registration_ids: Collection[UUID]) -> None:
    """Does nothing before minutes of the session count."""
    if registration_ids and counts(session):
        await settle_registrations(registration_ids)


def _settled(
    registration: Registration, stays: Sequence[Attendance], sessions: Sequence[TrainingSession], share: int | None
) -> bool:
    """True: the number changed."""
    minutes = minutes_counted(stays, sessions)
    is_complete = is_completed(minutes, minutes_planned(sessions), share)
    completed_at = (registration.completed_at or clock.now()) if is_complete else None
    if (minutes, completed_at) == (registration.minutes_attended, registration.completed_at):
        return False
    registration.minutes_attended, registration.completed_at = minutes, completed_at
    return True


PEOPLE_AT_ONCE = 100
"""Computed in one transaction: others wait for it some hundredths of a second."""


async def settle(training_id: UUID) -> None:
    """Recompute minutes and completion of everybody who came to a training, and of its people who went elsewhere.

    Also registrations that have hours but no stay: what made up for them may count no more. Some people at a time, each
    in its own transaction, so that nobody waits for thousands; or all in the caller's, if there is one.
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
    """In the caller's transaction, which holds what `lock_stays_of` locks."""
    await match_unknown(training_id)
    await _settle_some(registration_ids, await lock_stays_of(training_id, registration_ids))


async def _settle_some(registration_ids: Collection[UUID], stays: Collection[_Where]) -> None:
    """Trainings of `registration_ids` are locked; trainings of the stays may not be."""
    touched: dict[UUID, set[UUID]] = defaultdict(set)
    for stay in stays:
        touched[stay.session_id].add(stay.registration_id)
    sessions = {one.id: one for one in await TrainingSession.filter(id__in=sorted(touched))}
    await project_all(sessions, touched)
    await settle_registrations(registration_ids)


async def _attending(training_id: UUID) -> set[UUID]:
    here = await Attendance.filter(session__training_id=training_id).values_list("registration_id")
    of_its_people = await Attendance.filter(registration__training_id=training_id).values_list("registration_id")
    return {key for (key,) in [*here, *of_its_people]}


async def _with_hours(training_id: UUID) -> set[UUID]:
    """Registrations with forgotten names too: their stays are gone, and the numbers stand."""
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
    """A stay by its session's training and its registration's: they differ where it makes up for another."""

    session_id: UUID
    registration_id: UUID
    held_in: UUID
    signed_up_for: UUID


async def locked_stays(training_id: UUID) -> list[_Where]:
    """All stays that concern a training, under the locks of all their trainings. A stay that came in between was
    counted by its own transaction.
    """
    return await _locked(training_id, partial(_stays, training_id))


async def lock_all_stays(training_ids: Collection[UUID]) -> None:
    held = set(training_ids)
    for training_id in training_ids:
        for stay in await _stays(training_id):
            held |= {stay.held_in, stay.signed_up_for}
    await lock(Training, held)


async def lock_stays_of(training_id: UUID, registration_ids: Collection[UUID]) -> list[_Where]:
    """For some people, by any of their registrations. Call it before locking any training alone: locks are taken in key
    order, against deadlocks.
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


AT_ONCE = 1000


class _SignUp(NamedTuple):
    id: UUID
    participant_id: UUID
    training_id: UUID
    course_id: UUID
    state: RegistrationState


async def same_course_ids(registration_ids: Collection[UUID]) -> set[UUID]:
    """These registrations, and others of the same people for the same courses."""
    whole = set(registration_ids)
    for some in _in_parts(registration_ids):
        whole.update(one.id for own in await _of_same_people(some) for one in own)
    return whole


async def stays_counting(registration_ids: Collection[UUID]) -> dict[UUID, list[Attendance]]:
    """The stays that each registration's hours are computed from, with session and training.

    They come by its own ticket, wherever shown, and by another registration of the same person: at this training, or at
    a session of its course that began later than this training did. Of several registrations of a person for one
    training one has all the stays: first a registration with attendance, then with a place, then the oldest. A place
    that was not given, or given back, and never used, has none.
    """
    found: dict[UUID, list[Attendance]] = {}
    for some in _in_parts(registration_ids):
        found |= await _stays_of_some(some)
    return found


MAY_HAVE_COME = """
    SELECT 1 WHERE EXISTS (
        SELECT 1 FROM attendance WHERE registration_id IN (SELECT id FROM registration WHERE participant_id = ?)
        AND is_present
    )
    OR EXISTS (SELECT 1 FROM participant WHERE id = ? AND merged_into_id IS NOT NULL)
    OR EXISTS (SELECT 1 FROM participant_merge WHERE kept_id = ? AND undone_at IS NULL)
"""


async def stays_of_person(registration: Registration) -> list[Attendance]:
    """The stays that a registration's page tells, also where another registration of the person for the training has
    the hours. For a place given back, its own alone.
    """
    person = registration.participant_id
    if not await sql.tuples(MAY_HAVE_COME, person, person, person, are_few=True):
        return []
    people = await _of_same_people([registration.id])
    beside = {one.id for own in people for one in own if one.training_id == registration.training_id}
    stays = await _stays_among(people, sorted({registration.id, *beside}))
    own = stays[registration.id]
    if own or registration.state not in TAKES_PLACE:
        return own
    return next(filter(None, stays.values()), [])


def _in_parts(registration_ids: Collection[UUID]) -> Iterable[Sequence[UUID]]:
    keys = sorted(registration_ids)
    return (keys[first : first + AT_ONCE] for first in range(0, len(keys), AT_ONCE))


async def _stays_of_some(registration_ids: Sequence[UUID]) -> dict[UUID, list[Attendance]]:
    return await _stays_among(await _of_same_people(registration_ids), registration_ids)


ATTENDED = Select(
    Attendance, "session__training", where="this.registration_id IN ?list AND this.is_present", are_few=True
)


async def _stays_among(
    people: Sequence[Sequence[_SignUp]], registration_ids: Sequence[UUID]
) -> dict[UUID, list[Attendance]]:
    wanted = {*registration_ids, *(one.id for own in people for one in own)}
    stays: dict[UUID, list[Attendance]] = defaultdict(list)
    for stay in await ATTENDED.rows(sorted(wanted)):
        stays[stay.registration_id].append(stay)
    await _count_by_all_marks(people, stays)
    found = {key: list(stays[key]) for key in registration_ids}
    beginnings = await _beginnings({one.training_id for own in people for one in own})
    for own in people:
        gaining = list(_gaining(own, stays))
        found |= {one.id: [] for one in own if one.id in found and one not in gaining}
        for one in gaining:
            if one.id in found:
                found[one.id] += _gained(one, own, stays, beginnings.get(one.training_id))
    return found


async def _count_by_all_marks(people: Iterable[Sequence[_SignUp]], stays: Mapping[UUID, Sequence[Attendance]]) -> None:
    """Several registrations of one person for a training: a stay lasts as all their marks at the session say together.
    A person who left with one of two cards has not stayed with the second.
    """
    doubled = [same for own in people for same in _by_training(own).values() if len(same) > 1]
    sessions = {stay.session_id for same in doubled for one in same for stay in stays[one.id]}
    if not sessions:
        return
    marks = await marks_of(sorted(sessions), sorted(one.id for same in doubled for one in same))
    undone, of = await undone_among(marks), defaultdict[tuple[UUID, UUID | None], list[KeptMark]](list)
    for mark in marks:
        of[mark.session_id, mark.registration_id].append(mark)
    for same in doubled:
        for stay in (stay for one in same for stay in stays[one.id]):
            key = stay.session_id
            whole = stay_of([mark for one in same for mark in of[key, one.id]], undone[key])
            # Marks are kept for a year: what they said stays as it was stored.
            if whole.is_present:
                stay.arrived_at, stay.left_at = whole.arrived_at, whole.left_at
                stay.minutes = minutes_of(stay.session, whole)


def _by_training(own: Iterable[_SignUp]) -> dict[UUID, list[_SignUp]]:
    together: dict[UUID, list[_SignUp]] = defaultdict(list)
    for one in own:
        together[one.training_id].append(one)
    return together


def _gaining(own: Iterable[_SignUp], stays: Mapping[UUID, Sequence[Attendance]]) -> Iterable[_SignUp]:
    """Of one person's registrations for a course: in each training, the registration that gains the hours of all."""
    by_training = _by_training(one for one in own if stays[one.id] or one.state in TAKES_PLACE)
    return (
        min(same, key=lambda one: (not stays[one.id], one.state not in TAKES_PLACE, one.id))
        for same in by_training.values()
    )


def _gained(
    sign_up: _SignUp, own: Iterable[_SignUp], stays: Mapping[UUID, Sequence[Attendance]], begun: datetime | None
) -> list[Attendance]:
    beside = [stay for one in own if _is_beside(one, sign_up) for stay in stays[one.id]]
    elsewhere = [stay for one in own if one.training_id != sign_up.training_id for stay in stays[one.id]]
    return beside + [
        stay
        for stay in elsewhere
        if stay.session.training_id == sign_up.training_id or (begun is not None and stay.session.starts_at > begun)
    ]


def _is_beside(one: _SignUp, sign_up: _SignUp) -> bool:
    return one.training_id == sign_up.training_id and one.id != sign_up.id


WHOSE = """
    SELECT r.participant_id, p.merged_into_id FROM registration r JOIN participant p ON p.id = r.participant_id
    WHERE r.id IN ?list
"""
SIGN_UPS = """
    SELECT r.id, r.participant_id, r.training_id, t.course_id, r.state
    FROM registration r JOIN training t ON t.id = r.training_id WHERE r.participant_id IN ?list
"""


async def _of_same_people(registration_ids: Sequence[UUID]) -> list[list[_SignUp]]:
    asked = await sql.tuples(WHOSE, list(registration_ids), are_few=True)
    person_of = await whole_people({as_uuid(one): into and as_uuid(into) for one, into in asked})
    found = await sql.tuples(SIGN_UPS, sorted(person_of), are_few=True)
    sign_ups = [
        _SignUp(as_uuid(key), as_uuid(person), as_uuid(training), as_uuid(course), RegistrationState(state))
        for key, person, training, course, state in found
    ]
    by_course: dict[tuple[UUID, UUID], list[_SignUp]] = defaultdict(list)
    for one in sign_ups:
        by_course[person_of[one.participant_id], one.course_id].append(one)
    keys = set(registration_ids)
    return [own for own in by_course.values() if len(own) > 1 and not keys.isdisjoint(one.id for one in own)]


async def _beginnings(training_ids: Collection[UUID]) -> dict[UUID, datetime]:
    if not training_ids:
        return {}
    planned = reads(TrainingSession).filter(sessions_on(), training_id__in=sorted(training_ids))
    return dict(await planned.order_by("-starts_at").values_list("training_id", "starts_at"))
