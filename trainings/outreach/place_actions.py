"""Calendar entries follow corrected hubs and venues."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from tortoise.expressions import Q

from trainings import clock
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.lib.text import fold
from trainings.outreach import calendar_texts as activities
from trainings.outreach.models import OutreachActivity
from trainings.places import actions as places
from trainings.places.actions import HubDetails, OperatorDetails, VenueDetails
from trainings.places.hub_file import HubEntry
from trainings.places.models import Hub, Municipality, Operator, Venue
from trainings.schedule import calendar_texts as sessions
from trainings.schedule.calendar_texts import STILL_SHOWN
from trainings.schedule.models import TrainingSession


class HubIsAnothers(Refusal):
    """From the command line only: `%(slug)s` stands in a file."""

    sentence = "The hub %(slug)s is there with another operator or seat, which never change. Choose another slug."


async def open_hubs(entries: Iterable[HubEntry], *, actor: Actor) -> list[Hub]:
    """Create missing and correct different hubs: all or none; nothing is removed. Operators are known by code, hubs by
    slug, venues by name within hub and municipality. Signatories are written with a new operator only. Refuses as
    the actions of places.
    """
    async with transaction():
        return [await _open(entry, actor) for entry in entries]


async def renew_municipalities() -> set[str]:
    """Write the file's municipalities again; entries and calendars with a corrected name follow. Returns their
    codes.
    """
    async with transaction():
        before = await _names()
        await places.load_municipalities()
        after = await _names()
        renamed = {code for code, name in before.items() if after[code] != name}
        if renamed:
            there = Q(venue__municipality_id__in=renamed) | Q(venue_id=None, training__hub__seat_id__in=renamed)
            feeds = [f"municipio:{code}" for code in renamed]
            await _entries_follow(there, Q(municipality_id__in=renamed), renamed=feeds)
    return renamed


async def _names() -> dict[str, tuple[str, str]]:
    found = await Municipality.all().values_list("ine_code", "name", "department")
    return {code: (name, department) for code, name, department in found}


async def correct_venue(venue: Venue, details: VenueDetails, *, hub: Hub, actor: Actor) -> None:
    """Calendar entries follow. Refuses as `places.actions.update_venue`."""
    async with transaction():
        if not await places.update_venue(venue, details, hub=hub, actor=actor):
            return
        here = Q(venue_id=venue.id)
        # An activity is in the municipality of its venue.
        await OutreachActivity.filter(here, starts_at__gte=_since()).update(municipality_id=venue.municipality_id)
        await _entries_follow(here, here)


async def _entries_follow(held: Q, activity: Q, *, renamed: Iterable[str] = ()) -> None:
    """`renamed`: feeds with a new name."""
    found = TrainingSession.filter(held, starts_at__gte=_since()).values_list("training_id")
    trainings = {training_id for (training_id,) in await found}
    await sessions.refresh(training_ids=trainings, renamed=renamed)
    await sessions.restamp(trainings)
    there = OutreachActivity.filter(activity, starts_at__gte=_since()).values_list("id")
    await activities.refresh([activity_id for (activity_id,) in await there])


def _since() -> datetime:
    return clock.now() - STILL_SHOWN


async def _open(entry: HubEntry, actor: Actor) -> Hub:
    operator = await _operator(entry.operator, actor)
    hub = await _hub(entry.hub, operator, actor)
    there = {(fold(venue.name), venue.municipality_id): venue for venue in await Venue.filter(hub_id=hub.id)}
    for details in entry.venues:
        venue = there.get((fold(details.name), details.municipality))
        if venue is None:
            await places.create_venue(details, hub=hub, actor=actor)
        else:
            await correct_venue(venue, replace(details, is_active=venue.is_active), hub=hub, actor=actor)
    return hub


async def _operator(details: OperatorDetails, actor: Actor) -> Operator:
    return await Operator.get_or_none(code=details.code) or await places.create_operator(details, actor=actor)


async def _hub(details: HubDetails, operator: Operator, actor: Actor) -> Hub:
    hub = await Hub.get_or_none(slug=details.slug)
    if hub is None:
        return await places.create_hub(details, operator=operator, actor=actor)
    if (hub.operator_id, hub.seat_id) != (operator.id, details.seat):
        raise HubIsAnothers(slug=details.slug)
    if await places.update_hub(hub, details, actor=actor):
        await _entries_follow(Q(training__hub_id=hub.id), Q(hub_id=hub.id))
    return hub
