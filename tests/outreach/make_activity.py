"""Activities for tests, with defaults."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests import make
from trainings import clock
from trainings.accounts.models import Role, User
from trainings.accounts.queries import actor_of
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.outreach.actions import ActivityPlan, TimeAndPlace, create_activity, publish_activity
from trainings.outreach.calendar_texts import refresh
from trainings.outreach.models import ActivityKind, OutreachActivity
from trainings.places.models import Hub

IN_A_WEEK = timedelta(days=7)


async def make_responsible(hub: Hub | None = None) -> User:
    """A coordinator of the hub, made once."""
    hub = hub or await make.make_hub()
    email = f"{hub.slug}@responde.example"
    found = await User.get_or_none(email=email)
    return found or await make.make_user(Role.HUB_COORDINATOR, hub, email=email, name="Rosa Xol")


async def plan_of(
    hub: Hub | None = None, *, when: TimeAndPlace | None = None, responsible: User | None = None, **more: Any
) -> ActivityPlan:
    """A fair in the park of the hub's seat, in a week, for four hours."""
    hub = hub or await make.make_hub()
    starts_at = (clock.now() + IN_A_WEEK).replace(microsecond=0)
    there = TimeAndPlace(starts_at, starts_at + timedelta(hours=4), hub.seat_id, None, "Parque central")
    responsible = responsible or await make_responsible(hub)
    values: dict[str, Any] = {
        "hub_id": hub.id,
        "kind": ActivityKind.FAIR,
        "title": "Feria informativa",
        "at": when or there,
        "responsible_id": responsible.id,
    }
    return ActivityPlan(**{**values, **more})


async def make_draft(hub: Hub | None = None, **more: Any) -> OutreachActivity:
    return await create_activity(await plan_of(hub, **more), actor=PROGRAM, override_reason="Prueba")


async def make_activity(hub: Hub | None = None, **more: Any) -> OutreachActivity:
    """One that who answers for it published, so that they need no word of that."""
    draft = await make_draft(hub, **more)
    return await publish_activity(draft.id, actor=await actor_of(await User.get(id=draft.responsible_id)))


async def written_again(activity: OutreachActivity) -> bool:
    """Whether writing its entry again changes anything."""
    async with transaction():
        return bool(await refresh([activity.id]))
