"""Which feeds there are: a municipality's, a hub's, the country's, with their names and public addresses."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from trainings.db import reads
from trainings.errors import NotFound
from trainings.places.models import Hub, Municipality
from trainings.schedule.models import Topic
from trainings.web.i18n import N_

PREFIX = "/cal"
SLUG = re.compile(r"[a-z0-9-]{1,120}")


class ScopeKind(StrEnum):
    """The first part of a feed's address under `/cal`."""

    MUNICIPALITY = "municipio"
    HUB = "ventanilla"
    TOPIC = "tema"
    COUNTRY = "guatemala"


class UnknownFeed(NotFound):
    code = "unknown_feed"
    sentence = N_("No encontramos ese calendario. Búsquelo en la página de su municipio.")


@dataclass(frozen=True, slots=True)
class Scope:
    """One feed: `key` is its counter and the mark on its sessions, `path` its page, `address` its own path."""

    key: str
    name: str
    description: str
    path: str
    address: str
    filename: str


def address_of(kind: ScopeKind, slug: str) -> str:
    """The feed's path on this site; the country has no slug."""
    return f"{PREFIX}/{kind.value}/{slug}.ics" if slug else f"{PREFIX}/{kind.value}.ics"


async def resolve(kind: ScopeKind, slug: str) -> Scope:
    """The feed of this kind and slug, or UnknownFeed."""
    if slug and not SLUG.fullmatch(slug):
        # PostgreSQL does not even compare with what is no text.
        raise UnknownFeed
    return await RESOLVERS[kind](slug)


async def _municipality(slug: str) -> Scope:
    found = await reads(Municipality).get_or_none(slug=slug)
    if found is None:
        raise UnknownFeed
    return _scope(
        ScopeKind.MUNICIPALITY,
        slug,
        key=f"municipio:{found.ine_code}",
        name=f"Capacitaciones en {found.full_name}",
        path=f"/municipios/{slug}",
    )


async def _hub(slug: str) -> Scope:
    found = await reads(Hub).get_or_none(slug=slug).prefetch_related("seat")
    if found is None:
        raise UnknownFeed
    return _scope(
        ScopeKind.HUB,
        slug,
        key=f"ventanilla:{slug}",
        name=f"Capacitaciones: {found.name}",
        path=f"/municipios/{found.seat.slug}",
    )


async def _topic(slug: str) -> Scope:
    found = await reads(Topic).get_or_none(slug=slug)
    if found is None:
        raise UnknownFeed
    return _scope(
        ScopeKind.TOPIC,
        slug,
        key=f"tema:{slug}",
        name=f"Capacitaciones: {found.name}",
        path=f"/capacitaciones?tema={slug}",
    )


async def _country(_slug: str) -> Scope:
    return _scope(
        ScopeKind.COUNTRY,
        "",
        key="guatemala",
        name="Capacitaciones de las ventanillas municipales sobre migración",
        path="/capacitaciones",
    )


DESCRIPTION = "Capacitaciones de las ventanillas informativas municipales sobre migración. Inscribirse no cuesta."

RESOLVERS: dict[ScopeKind, Callable[[str], Awaitable[Scope]]] = {
    ScopeKind.MUNICIPALITY: _municipality,
    ScopeKind.HUB: _hub,
    ScopeKind.TOPIC: _topic,
    ScopeKind.COUNTRY: _country,
}


def _scope(kind: ScopeKind, slug: str, *, key: str, name: str, path: str) -> Scope:
    return Scope(key, name, DESCRIPTION, path, address_of(kind, slug), f"{slug or kind.value}.ics")
