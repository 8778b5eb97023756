from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from tortoise.expressions import Q

from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import NotFound
from trainings.lib.text import fold, like_terms
from trainings.places.models import Hub, Municipality, Venue
from trainings.web.i18n import N_


async def search_municipalities(text: str, limit: int = 20) -> list[Municipality]:
    """Names or departments with words that begin as typed; accents and apostrophes do not count.

    The exact name first, then names that begin so, other names, departments; larger ones first.
    """
    terms = like_terms(text)
    if not terms:
        return []
    found = reads(Municipality)
    for term in terms:
        found = found.filter(search_text__contains=term.strip("%"))
    typed = fold(text)
    return sorted(await found, key=lambda place: (_rank(place, typed), -place.population_2018))[:limit]


def _rank(place: Municipality, typed: str) -> int:
    names = [fold(name) for name in (place.name, place.alias, place.full_name) if name]
    if typed in names:
        return 0
    if any(name.startswith(typed) for name in names):
        return 1
    if any(f" {typed}" in f" {name}" for name in names[:-1]):
        return 2
    return 3


class HubNotYours(NotFound):
    """Unknown, or not the actor's: one answer for both."""

    sentence = N_("No encontramos esa ventanilla entre las suyas. Abra la página otra vez.")


def one_of(hubs: Iterable[Hub], wanted: object) -> Hub:
    """Raises HubNotYours."""
    for hub in hubs:
        if str(hub.id) == str(wanted):
            return hub
    raise HubNotYours


async def hubs_visible_to(actor: Actor) -> list[Hub]:
    """With seat and operator; all hubs for a role without a place."""
    hubs = reads(Hub).select_related("seat", "operator")
    if not actor.roles_everywhere:
        hubs = hubs.filter(id__in=sorted(actor.roles_at))
    return await hubs


async def venue_choices(hub: Hub, *, also: Iterable[UUID | None] = ()) -> list[tuple[UUID, str]]:
    """Name and municipality of venues in use, and of retired venues among `also`."""
    wanted = Q(is_active=True) | Q(id__in=[venue_id for venue_id in also if venue_id])
    venues = await reads(Venue).filter(wanted, hub_id=hub.id).select_related("municipality")
    return [(venue.id, f"{venue.name}, {venue.municipality.full_name}") for venue in venues]


def feed_keys(hub: Hub, *municipality_codes: str) -> set[str]:
    """Counters of the feeds that show a hub's sessions in these municipalities. A municipality's feed holds sessions
    held there, and sessions of hubs seated there.
    """
    places = {hub.seat_id, *municipality_codes}
    return {f"municipio:{code}" for code in places} | {f"ventanilla:{hub.slug}", "guatemala"}
