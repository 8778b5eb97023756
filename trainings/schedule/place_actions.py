"""Hubs and venues opened and corrected together with what calendars say of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tortoise.expressions import Q

from trainings import clock
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.lib.text import fold
from trainings.places import actions as places
from trainings.places.actions import HubDetails, OperatorDetails, VenueDetails
from trainings.places.hub_file import HubEntry
from trainings.places.models import Hub, Municipality, Operator, Venue
from trainings.schedule import shown
from trainings.schedule.course_actions import STILL_SHOWN
from trainings.schedule.models import Training, TrainingSession


class HubIsAnothers(Refusal):
    """Only the command line says this: `%(slug)s` stands in a file."""

    code = "hub_is_anothers"
    sentence = "The hub %(slug)s is there with another operator or seat, which never change. Choose another slug."


async def open_hubs(entries: Iterable[HubEntry], *, actor: Actor) -> list[Hub]:
    """Make what is not there yet, and correct what is said otherwise: all entries or none. Nothing is removed.

    An operator is known by its code, a hub by its slug, a venue by its name within hub and municipality. Signatories
    are written with a new operator only: later they are the hub's own. Refuses as the actions of places do.
    """
    async with transaction():
        return [await _open(entry, actor) for entry in entries]


async def renew_municipalities() -> set[str]:
    """Write the municipalities of the file again; entries and calendars that name one whose name was corrected follow.

    Returns the codes of those.
    """
    async with transaction():
        before = await _names()
        await places.load_municipalities()
        after = await _names()
        renamed = {code for code, name in before.items() if after[code] != name}
        if renamed:
            there = Q(venue__municipality_id__in=renamed) | Q(venue_id=None, training__hub__seat_id__in=renamed)
            sessions = TrainingSession.filter(there, starts_at__gte=clock.now() - STILL_SHOWN)
            found = await sessions.values_list("id", "training_id")
            await shown.refresh(
                session_ids=[session_id for session_id, _training_id in found],
                renamed=[f"municipio:{code}" for code in renamed],
            )
            await shown.restamp({training_id for _session_id, training_id in found})
    return renamed


async def _names() -> dict[str, tuple[str, str]]:
    found = await Municipality.all().values_list("ine_code", "name", "department")
    return {code: (name, department) for code, name, department in found}


async def correct_venue(venue: Venue, details: VenueDetails, *, hub: Hub, actor: Actor) -> None:
    """Correct what is said of a venue; entries in calendars follow. Refuses as `places.actions.update_venue`."""
    async with transaction():
        if not await places.update_venue(venue, details, hub=hub, actor=actor):
            return
        recent = TrainingSession.filter(venue_id=venue.id, starts_at__gte=clock.now() - STILL_SHOWN)
        there = await recent.values_list("id", "training_id")
        await shown.refresh(session_ids=[session_id for session_id, _training_id in there])
        await shown.restamp({training_id for _session_id, training_id in there})


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
        recent = Training.filter(hub_id=hub.id, sessions__starts_at__gte=clock.now() - STILL_SHOWN)
        ids = [one for (one,) in await recent.distinct().values_list("id")]
        await shown.refresh(training_ids=ids)
        await shown.restamp(ids)
    return hub
