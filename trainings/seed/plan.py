from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from uuid import UUID

from trainings import clock
from trainings.schedule.plans import SessionPlan
from trainings.seed.catalogue import COURSES, SeedCourse

DAYS_AROUND = 178
EVERY_DAYS = 17
MORNING, AFTERNOON = time(8, 30), time(14)
SUNDAY = 6
FIRST_HUB = 0


class Fate(StrEnum):
    USUAL = "usual"
    FULL = "full"
    DRAFT = "draft"
    UNLISTED = "unlisted"
    CANCELLED = "cancelled"
    PROTECTED = "protected"
    BY_APPROVAL = "by_approval"
    NOT_YET_OPEN = "not_yet_open"


@dataclass(frozen=True, slots=True)
class Planned:
    hub: int
    course: SeedCourse
    first_day: date
    fate: Fate


def planned_trainings(dice: random.Random, n_hubs: int) -> list[Planned]:
    made = [training for hub in range(n_hubs) for training in _of_hub(dice, hub)]
    return sorted(made, key=lambda one: (one.first_day, one.hub))


def _of_hub(dice: random.Random, hub: int) -> Iterator[Planned]:
    courses = list(COURSES)
    dice.shuffle(courses)
    coming_fates = iter(COMING_FATES[hub % len(COMING_FATES)])
    offset = -DAYS_AROUND + dice.randrange(EVERY_DAYS)
    number = 0
    while offset < DAYS_AROUND - 60:
        course = courses[number % len(courses)]
        if _touches_today(course, offset) and (hub == FIRST_HUB or offset >= -14):
            # The days around today have a training of their own, and at the first hub nothing else runs beside it.
            course = next(one for one in courses if len(one.sessions) == 1)
        fate = Fate.USUAL
        if offset > 1:
            fate = next(coming_fates, Fate.USUAL)
        elif number == 3 and hub == 1:
            fate = Fate.CANCELLED
        first_day = _working_day(dice, clock.today() + timedelta(days=offset))
        if not -2 <= (first_day - clock.today()).days <= 1:
            yield Planned(hub, course, first_day, fate)
        offset += EVERY_DAYS + dice.randrange(-4, 5) + 7 * (len(course.sessions) - 1)
        number += 1


def _touches_today(course: SeedCourse, offset: int) -> bool:
    return offset <= 1 and offset + 7 * (len(course.sessions) - 1) + 6 >= -2


COMING_FATES = (
    (Fate.USUAL, Fate.FULL, Fate.BY_APPROVAL, Fate.CANCELLED, Fate.DRAFT, Fate.NOT_YET_OPEN),
    (Fate.USUAL, Fate.PROTECTED, Fate.USUAL, Fate.DRAFT),
    (Fate.USUAL, Fate.USUAL, Fate.UNLISTED),
    (Fate.FULL, Fate.USUAL, Fate.USUAL),
)


def _working_day(dice: random.Random, day: date) -> date:
    return day + timedelta(days=dice.randrange(1, 7)) if day.weekday() == SUNDAY else day


def sessions_of(planned: Planned, facilitator_ids: tuple[UUID, ...]) -> tuple[SessionPlan, ...]:
    """Weekly mornings; an eight-hour day continues after lunch, a charla is in the afternoon."""
    plans = []
    for number, minutes in enumerate(planned.course.sessions):
        start = AFTERNOON if minutes <= 120 else MORNING
        starts_at = clock.at(planned.first_day + timedelta(weeks=number), start)
        plans.append(SessionPlan(starts_at, starts_at + timedelta(minutes=minutes), facilitator_ids=facilitator_ids))
    return tuple(plans)
