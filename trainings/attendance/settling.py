from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from trainings import clock
from trainings.attendance.make_ups import same_course_ids, stays_counting
from trainings.attendance.models import Attendance
from trainings.attendance.projection import row_of
from trainings.db import sql
from trainings.db.sql import Statement
from trainings.registrations.models import Registration
from trainings.schedule.completion import is_completed, minutes_counted, minutes_planned, share_needed
from trainings.schedule.models import Training, TrainingSession

HOURS = ("minutes_attended", "completed_at")
KEEP_HOURS = "UPDATE registration SET minutes_attended = ?, completed_at = ? WHERE id = ?"


async def settle_registrations(registration_ids: Collection[UUID]) -> None:
    """Write minutes and, once the training's share is reached, the moment of completion.

    Sessions of other trainings of the same course make up for missed ones, also for other registrations of the same
    people: those are settled too. In the caller's transaction, with the trainings of these registrations locked.
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


def _settled(
    registration: Registration, stays: Sequence[Attendance], sessions: Sequence[TrainingSession], share: int | None
) -> bool:
    """Set what the stays come to; True where the number changed."""
    minutes = minutes_counted(stays, sessions)
    is_complete = is_completed(minutes, minutes_planned(sessions), share)
    completed_at = (registration.completed_at or clock.now()) if is_complete else None
    if (minutes, completed_at) == (registration.minutes_attended, registration.completed_at):
        return False
    registration.minutes_attended, registration.completed_at = minutes, completed_at
    return True
