from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from trainings.db import reads
from trainings.errors import NotFound
from trainings.lib.text import SLUG
from trainings.people.models import ActorType
from trainings.people.words import ACTOR_TYPES, LANGUAGES
from trainings.places.models import Hub, Municipality
from trainings.schedule.models import Topic
from trainings.versions.queries import filters_key
from trainings.web.i18n import N_

PREFIX = "/cal"


class ScopeKind(StrEnum):
    """First part of a feed's address under `/cal`."""

    MUNICIPALITY = "municipio"
    HUB = "ventanilla"
    TOPIC = "tema"
    COUNTRY = "guatemala"


class FilterKind(StrEnum):
    LANGUAGE = "idioma"
    AUDIENCE = "para"


KNOWN_CODES = {
    FilterKind.LANGUAGE.value: tuple(LANGUAGES),
    FilterKind.AUDIENCE.value: tuple(actor.value for actor in ACTOR_TYPES),
}


class UnknownFeed(NotFound):
    sentence = N_("No encontramos ese calendario. Búsquelo en la página de su municipio.")


@dataclass(frozen=True, slots=True)
class Filter:
    """`code`: ISO 639-3 or an actor type."""

    kind: FilterKind
    code: str

    @property
    def words(self) -> str:
        if self.kind is FilterKind.LANGUAGE:
            return LANGUAGES[self.code]
        return f"para: {ACTOR_TYPES[ActorType(self.code)]}"

    @property
    def tail(self) -> str:
        return f"{self.kind.value}/{self.code}"

    def takes(self, languages: Collection[str], audience: Collection[str]) -> bool:
        """An empty audience is everybody."""
        if self.kind is FilterKind.LANGUAGE:
            return self.code in languages
        return not audience or self.code in audience


@dataclass(frozen=True, slots=True)
class Scope:
    """`key`: its counter and the mark on its sessions; `path`: its page; `address`: its own path. `subject`: as people
    named it; a secret feed has neither.
    """

    key: str
    name: str
    description: str
    path: str
    address: str
    filename: str
    filter: Filter | None = None
    subject: str = ""

    @property
    def counters(self) -> tuple[str, ...]:
        """Their moves may change the feed."""
        return (self.key,) if self.filter is None else (self.key, filters_key(self.key))


def address_of(kind: ScopeKind, slug: str, filtered_by: Filter | None = None) -> str:
    """`slug` is empty for the country."""
    parts = [PREFIX, kind.value, slug] if slug else [PREFIX, kind.value]
    if filtered_by is not None:
        parts += [filtered_by.kind.value, filtered_by.code]
    return "/".join(parts) + ".ics"


def read_filter(kind: str, code: str) -> Filter:
    """Raises UnknownFeed for an unknown code, which would be an empty calendar forever."""
    if code not in KNOWN_CODES.get(kind, ()):
        raise UnknownFeed
    return Filter(FilterKind(kind), code)


def read_address(parts: Mapping[str, str]) -> tuple[ScopeKind, str, Filter | None]:
    """From a path's `kind` and `slug` (without them: the country), `by` and `code`. Raises UnknownFeed."""
    filtered_by = read_filter(parts["by"], parts["code"]) if "by" in parts else None
    if "kind" not in parts:
        return ScopeKind.COUNTRY, "", filtered_by
    if parts["kind"] not in (ScopeKind.MUNICIPALITY, ScopeKind.HUB, ScopeKind.TOPIC):
        raise UnknownFeed
    return ScopeKind(parts["kind"]), parts["slug"], filtered_by


async def resolve(kind: ScopeKind, slug: str, filtered_by: Filter | None = None) -> Scope:
    """Raises UnknownFeed."""
    if slug and not SLUG.fullmatch(slug):
        # PostgreSQL refuses to compare such texts.
        raise UnknownFeed
    whole = await RESOLVERS[kind](slug)
    if filtered_by is None:
        return whole
    return replace(
        whole,
        name=f"{whole.name} ({filtered_by.words})",
        address=address_of(kind, slug, filtered_by),
        filename=f"{whole.filename.removesuffix('.ics')}-{filtered_by.code}.ics",
        filter=filtered_by,
    )


async def _municipality(slug: str) -> Scope:
    found = await reads(Municipality).get_or_none(slug=slug)
    if found is None:
        raise UnknownFeed
    return _scope(
        ScopeKind.MUNICIPALITY,
        slug,
        key=f"municipio:{found.ine_code}",
        name=f"Capacitaciones en {found.full_name}",
        subject=found.full_name,
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
        subject=found.name,
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
        subject=found.name,
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


def _scope(kind: ScopeKind, slug: str, *, key: str, name: str, path: str, subject: str = "") -> Scope:
    filename = f"{slug or kind.value}.ics"
    return Scope(key, name, DESCRIPTION, path, address_of(kind, slug), filename, subject=subject)
