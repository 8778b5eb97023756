"""Hubs and venues opened and corrected together with what calendars say of the sessions and the activities there."""

from __future__ import annotations

from collections.abc import Iterable

from trainings import clock
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.outreach.models import OutreachActivity
from trainings.outreach.shown import STILL_SHOWN, refresh, refresh_at
from trainings.places.actions import VenueDetails
from trainings.places.hub_file import HubEntry
from trainings.places.models import Hub, Venue
from trainings.schedule import place_actions


async def renew_municipalities() -> set[str]:
    """As `schedule.place_actions.renew_municipalities`; activities follow."""
    async with transaction():
        renamed = await place_actions.renew_municipalities()
        there = OutreachActivity.filter(municipality_id__in=renamed, starts_at__gte=clock.now() - STILL_SHOWN)
        await refresh([activity_id for (activity_id,) in await there.values_list("id")])
    return renamed


async def open_hubs(entries: Iterable[HubEntry], *, actor: Actor) -> list[Hub]:
    """As `schedule.place_actions.open_hubs`; activities follow."""
    async with transaction():
        hubs = await place_actions.open_hubs(entries, actor=actor)
        for hub in hubs:
            await _follow_venues(await Venue.filter(hub_id=hub.id))
            await refresh_at(hub_id=hub.id)
    return hubs


async def correct_venue(venue: Venue, details: VenueDetails, *, hub: Hub, actor: Actor) -> None:
    """As `schedule.place_actions.correct_venue`; activities follow."""
    async with transaction():
        await place_actions.correct_venue(venue, details, hub=hub, actor=actor)
        await _follow_venues([venue])
        await refresh_at(venue_id=venue.id)


async def _follow_venues(venues: Iterable[Venue]) -> None:
    """An activity is in the municipality of its venue."""
    since = clock.now() - STILL_SHOWN
    for venue in venues:
        elsewhere = OutreachActivity.filter(venue_id=venue.id, starts_at__gte=since)
        await elsewhere.exclude(municipality_id=venue.municipality_id).update(municipality_id=venue.municipality_id)
