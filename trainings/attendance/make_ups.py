"""Stays that count for a registration: its own, and those made up through another registration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from trainings.attendance.marks import KeptMark, marks_of
from trainings.attendance.models import Attendance
from trainings.attendance.projection import minutes_of, stay_of, undone_among
from trainings.db import reads
from trainings.people.merged import whole_people
from trainings.registrations.models import TAKES_PLACE, Registration, RegistrationState
from trainings.schedule.models import TrainingSession, sessions_on

AT_ONCE = 1000


class _SignUp(NamedTuple):
    id: UUID
    participant_id: UUID
    training_id: UUID
    course_id: UUID
    state: RegistrationState


async def same_course_ids(registration_ids: Collection[UUID]) -> set[UUID]:
    """These registrations, and others of the same people, as staff merged them, for the same courses."""
    whole = set(registration_ids)
    for some in _in_parts(registration_ids):
        whole.update(one.id for own in await _of_same_people(some) for one in own)
    return whole


async def stays_counting(registration_ids: Collection[UUID]) -> dict[UUID, list[Attendance]]:
    """The stays that each registration's hours are computed from, each with its session and that one's training.

    They are the stays of its own ticket, wherever shown, and those of the same person, as staff merged them, by another
    registration: at this training, or at a session of its course that began later than this training did. Of several
    registrations of a person for one training one has all the stays, the others none: first the one with attendance,
    then with a place, then the oldest. A place that was not given, or given back, and never used, has none.
    """
    found: dict[UUID, list[Attendance]] = {}
    for some in _in_parts(registration_ids):
        found |= await _stays_of_some(some)
    return found


async def stays_of_person(registration: Registration) -> list[Attendance]:
    """The stays that a registration's page tells: those of another registration of the person for the training, where
    that has the hours. For a place given back, its own alone.
    """
    own = (await stays_counting([registration.id]))[registration.id]
    if own or registration.state not in TAKES_PLACE:
        return own
    sign_ups = [one for people in await _of_same_people([registration.id]) for one in people]
    beside = [one.id for one in sign_ups if one.training_id == registration.training_id]
    return next((stays for stays in (await stays_counting(beside)).values() if stays), [])


def _in_parts(registration_ids: Collection[UUID]) -> Iterable[Sequence[UUID]]:
    keys = sorted(registration_ids)
    return (keys[first : first + AT_ONCE] for first in range(0, len(keys), AT_ONCE))


async def _stays_of_some(registration_ids: Sequence[UUID]) -> dict[UUID, list[Attendance]]:
    people = await _of_same_people(registration_ids)
    wanted = {*registration_ids, *(one.id for own in people for one in own)}
    attended = reads(Attendance).filter(registration_id__in=sorted(wanted), is_present=True)
    stays: dict[UUID, list[Attendance]] = defaultdict(list)
    for stay in await attended.prefetch_related("session__training"):
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
    """For several registrations of one person for a training: a stay lasts as all their marks at the session say
    together, as on its list. A person who left with one of two cards has not stayed with the other.
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
    """Of one person's registrations for a course: the one of each training that gains the hours of the others."""
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


async def _of_same_people(registration_ids: Sequence[UUID]) -> list[list[_SignUp]]:
    """Registrations of each person for each course, where there are several and one of them is given."""
    asked = reads(Registration).filter(id__in=registration_ids)
    person_of = await whole_people(dict(await asked.values_list("participant_id", "participant__merged_into_id")))
    found = reads(Registration).filter(participant_id__in=sorted(person_of))
    columns = ("id", "participant_id", "training_id", "training__course_id", "state")
    sign_ups = [_SignUp(*row) for row in await found.values_list(*columns)]
    by_course: dict[tuple[UUID, UUID], list[_SignUp]] = defaultdict(list)
    for one in sign_ups:
        by_course[person_of[one.participant_id], one.course_id].append(one)
    keys = set(registration_ids)
    return [own for own in by_course.values() if len(own) > 1 and not keys.isdisjoint(one.id for one in own)]


async def _beginnings(training_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When each training that was not cancelled began."""
    if not training_ids:
        return {}
    planned = reads(TrainingSession).filter(sessions_on(), training_id__in=sorted(training_ids))
    return dict(await planned.order_by("-starts_at").values_list("training_id", "starts_at"))
