"""A training that meets in three municipalities of Petén: each meeting has its own day, place and access."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests import make
from tests.schedule.public_pages import on
from trainings.audit.actor import PROGRAM
from trainings.places.models import Venue
from trainings.schedule import actions as schedule
from trainings.schedule.actions import SessionPlan, TrainingPlan
from trainings.schedule.models import Training

LAS_CRUCES, SAYAXCHE = "1713", "1710"
TODAY = on(1, 9)[0]


@dataclass(frozen=True)
class Round:
    """The training with its places in the order of its days: 2, 9 and 16 March 2027, 8:30 to 12:30."""

    training: Training
    hall: Venue
    school: Venue
    parish: Venue


async def going_round(*, extra: tuple[int, ...] = (), hours: float = 4, **columns: Any) -> Round:
    """`extra` are further days of March in the first place."""
    hub = await make.make_hub()
    hall = await make.make_venue(hub, "Salón municipal", access=("step_free", "accessible_toilet"))
    school = await make.make_venue(hub, "Escuela oficial", municipality=LAS_CRUCES, address="Barrio Nuevo")
    parish = await make.make_venue(
        hub, "Parroquia de Las Pozas", municipality=SAYAXCHE, address="Las Pozas", access=("stairs_only",)
    )
    course = await make.make_course()
    days = [(2, hall), (9, school), (16, parish), *((day, hall) for day in extra)]
    plan = TrainingPlan(course_id=course.id, hub_id=hub.id, venue_id=hall.id, title="Coma", capacity=20, **columns)
    sessions = [SessionPlan(*_times(day, hours), venue.id) for day, venue in days]
    made = await schedule.create_training(plan, sessions, actor=PROGRAM)
    await schedule.publish(made.id, actor=PROGRAM)
    training = await Training.get(id=made.id).prefetch_related("sessions")
    return Round(training, hall, school, parish)


def _times(day: int, hours: float) -> tuple[datetime, datetime]:
    start = on(day)[0]
    return start, start + timedelta(hours=hours)
