"""Copies of a month's activities in another month, as drafts, beside its trainings'."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from trainings.audit.actor import Actor
from trainings.db import reads, transaction
from trainings.outreach.actions import ActivityPlan, TimeAndPlace, create_activity, locked_activity, works_at
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.outreach.words import KINDS
from trainings.schedule.bookings import Owner
from trainings.schedule.plans import SessionPlan
from trainings.schedule.staff.copies import Copy, bounds, copy_key, day_in, foreseen, shifted
from trainings.web.i18n import gettext


async def copy_activity_to_month(
    activity_id: UUID, month: date, *, actor: Actor, override_reason: str = ""
) -> tuple[OutreachActivity, bool]:
    """As `schedule.staff.copies.copy_to_month`: a draft, and whether it is new. Refuses as `create_activity`. If the
    responsible person left the hub, the actor becomes responsible.
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
            at=_in_month(activity, month),
            responsible_id=responsible_id,
            summary=activity.summary,
            materials=activity.materials,
            rain_plan=activity.rain_plan,
        )
        return await create_activity(plan, actor=actor, override_reason=override_reason, activity_id=key), True


async def copies_of_activities(hub_id: UUID, month: date, target: date) -> list[Copy]:
    """The copies of a hub's month in another, by day, without cancelled activities."""
    start, end = bounds(month)
    held = reads(OutreachActivity).filter(hub_id=hub_id, starts_at__gte=start, starts_at__lt=end)
    activities = await held.exclude(state=ActivityState.CANCELLED).order_by("starts_at", "id")
    keys = [copy_key(one.id, target) for one in activities]
    made = {key for (key,) in await reads(OutreachActivity).filter(id__in=keys).values_list("id")}
    return [
        foreseen(
            Owner(one.id, one.title, "" if one.venue_id else one.municipality_id),
            [_plan_of(one)],
            target,
            path="/panel/actividades",
            made=made,
            kind=gettext(KINDS[one.kind]),
        )
        for one in activities
    ]


def _in_month(activity: OutreachActivity, month: date) -> TimeAndPlace:
    plan = _plan_of(activity)
    [then] = shifted([plan], day_in(month, [plan]))
    return TimeAndPlace(then.starts_at, then.ends_at, activity.municipality_id, activity.venue_id, activity.place)


def _plan_of(activity: OutreachActivity) -> SessionPlan:
    return SessionPlan(activity.starts_at, activity.ends_at, activity.venue_id, (activity.responsible_id,))
