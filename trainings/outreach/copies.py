"""Copies of a month's activities in another month, as drafts, beside those of its trainings."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from trainings import clock
from trainings.audit.actor import Actor
from trainings.db import reads, transaction
from trainings.outreach.actions import ActivityPlan, TimeAndPlace, create_activity, locked_activity, works_at
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.outreach.words import KINDS
from trainings.schedule.bookings import Owner
from trainings.schedule.copies import Copy, bounds, copy_key
from trainings.schedule.plans import SessionPlan
from trainings.schedule.series import ordinal, same_weekday_in
from trainings.web.i18n import gettext


async def copy_activity_to_month(
    activity_id: UUID, month: date, *, actor: Actor, override_reason: str = ""
) -> tuple[OutreachActivity, bool]:
    """As `schedule.copies.copy_to_month`: a draft, and whether it is new. Refuses as `create_activity`; where who
    answered for it left the hub, whoever copies it answers for the copy.
    """
    async with transaction():
        activity = await locked_activity(activity_id)
        key = copy_key(activity.id, month)
        made = await OutreachActivity.get_or_none(id=key)
        if made is not None:
            return made, False
        responsible_id = activity.responsible_id
        if actor.id is not None and not await works_at(activity.hub_id, responsible_id):
            responsible_id = actor.id
        plan = ActivityPlan(
            hub_id=activity.hub_id,
            kind=activity.kind,
            title=activity.title,
            at=_shifted(activity, month),
            responsible_id=responsible_id,
            summary=activity.summary,
            materials=activity.materials,
            rain_plan=activity.rain_plan,
        )
        return await create_activity(plan, actor=actor, override_reason=override_reason, activity_id=key), True


async def copies_of_activities(hub_id: UUID, month: date, target: date) -> list[Copy]:
    """What the hub's activities of a month would be in another, by day. Called-off ones are left out."""
    start, end = bounds(month)
    held = reads(OutreachActivity).filter(hub_id=hub_id, starts_at__gte=start, starts_at__lt=end)
    activities = await held.exclude(state=ActivityState.CANCELLED).order_by("starts_at", "id")
    keys = [copy_key(one.id, target) for one in activities]
    made = {key for (key,) in await reads(OutreachActivity).filter(id__in=keys).values_list("id")}
    return [_foreseen(activity, target, made) for activity in activities]


def _foreseen(activity: OutreachActivity, target: date, made: set[UUID]) -> Copy:
    at, key, day = _shifted(activity, target), copy_key(activity.id, target), _day(activity)
    return Copy(
        owner=Owner(activity.id, activity.title, "" if at.venue_id else activity.municipality_id),
        first_day=day,
        plans=(SessionPlan(at.starts_at, at.ends_at, at.venue_id, (activity.responsible_id,)),),
        is_last_of_month=ordinal(day) != ordinal(clock.local(at.starts_at).date()),
        made_path=f"/panel/actividades/{key}" if key in made else "",
        kind=gettext(KINDS[activity.kind]),
    )


def _shifted(activity: OutreachActivity, month: date) -> TimeAndPlace:
    """When and where it would be: the same weekday of that month at the same hours."""
    day = _day(activity)
    shift = same_weekday_in(day, month.year, month.month) - day
    return TimeAndPlace(
        starts_at=activity.starts_at + shift,
        ends_at=activity.ends_at + shift,
        municipality=activity.municipality_id,
        venue_id=activity.venue_id,
        place=activity.place,
    )


def _day(activity: OutreachActivity) -> date:
    return clock.local(activity.starts_at).date()
