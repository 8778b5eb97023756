from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from trainings import clock
from trainings.db import reads
from trainings.outreach.queries import ListedActivity, listed_activities
from trainings.places.models import Venue
from trainings.schedule import towns
from trainings.schedule.public.entries import ONE_DAY
from trainings.schedule.public.filters import WITHOUT_STEPS, Filters


async def activities_of(chosen: Filters, first: date, last: date) -> list[ListedActivity]:
    """Activities have neither topic nor language, and everybody may come."""
    if chosen.topic or chosen.language:
        return []
    start = clock.midnight(first)
    found = await listed_activities(first - ONE_DAY, last)
    town = towns.by_slug()[chosen.town].code if chosen.town else ""
    passing = [one for one in found if one.ends_at > start and (not town or one.town.code == town)]
    return await _without_steps(passing) if chosen.is_accessible else passing


async def _without_steps(activities: Sequence[ListedActivity]) -> list[ListedActivity]:
    ids = [one.venue_id for one in activities if one.venue_id]
    access = dict(await reads(Venue).filter(id__in=ids).values_list("id", "access"))
    return [one for one in activities if one.venue_id and WITHOUT_STEPS.intersection(access.get(one.venue_id, ()))]
