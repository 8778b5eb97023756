from __future__ import annotations

import re
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any
from uuid import UUID

from tortoise.exceptions import IntegrityError

from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.errors import Refusal, WrongInput
from trainings.lib.text import fold, slugify
from trainings.places.data import municipalities
from trainings.places.models import (
    AccessFeature,
    Hub,
    HubService,
    Municipality,
    Operator,
    OperatorKind,
    Signatory,
    Venue,
)
from trainings.places.queries import feed_keys
from trainings.versions.actions import bump
from trainings.web.i18n import N_


class UnknownMunicipality(WrongInput):
    code = "unknown_municipality"
    sentence = N_("Escoja el municipio de la lista.")


class WrongOperatorCode(WrongInput):
    sentence = N_(
        "El código %(code)s no sirve. Una municipalidad usa su código del INE, por ejemplo 1705; "
        "una asociación, el del municipio y una letra, por ejemplo 0901A."
    )


class OperatorExists(Refusal):
    sentence = N_("Ya hay una entidad con el código %(code)s. Búsquela en la lista.")


class HubExists(Refusal):
    sentence = N_("Ya hay una ventanilla con la dirección %(slug)s. Póngale otro nombre.")


class VenueExists(Refusal):
    sentence = N_("La ventanilla ya tiene un lugar con el nombre %(name)s en ese municipio. Escójalo de la lista.")


@dataclass(frozen=True, slots=True)
class SignatoryDetails:
    name: str
    office: str


@dataclass(frozen=True, slots=True)
class OperatorDetails:
    """`code` begins the folios: a municipality's INE code, or an association's own (`0901A`)."""

    code: str
    kind: OperatorKind
    name: str
    municipality: str
    signatories: tuple[SignatoryDetails, ...] = ()


@dataclass(frozen=True, slots=True)
class HubDetails:
    """`seat` and `serves`: INE codes, the seat always served; `phone`: E.164. `slug`: fixed for good, by default made
    from the name.
    """

    name: str
    seat: str
    address: str
    hours: str
    phone: str
    slug: str = ""
    email: str = ""
    serves: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    access: tuple[AccessFeature, ...] = ()


@dataclass(frozen=True, slots=True)
class VenueDetails:
    """`municipality`: INE code. Position in degrees (WGS 84), only where it may be shown.

    An inactive venue is not offered; its trainings stay.
    """

    name: str
    municipality: str
    address: str = ""
    lat: Decimal | None = None
    lon: Decimal | None = None
    access: tuple[AccessFeature, ...] = ()
    capacity: int | None = None
    is_active: bool = True


CALENDARS_SHOW = frozenset({"name", "address", "lat", "lon", "municipality_id"})


async def load_municipalities() -> int:
    """The 340 of the file. Repeatable; slugs never change."""
    rows = []
    for row in municipalities():
        columns = {column.name: getattr(row, column.name) for column in fields(row)}
        columns |= {"languages": " ".join(row.languages), "slug": row.slug, "search_text": row.search_text}
        rows.append(Municipality(**columns))
    changing = set(Municipality._meta.fields_db_projection) - {"ine_code", "slug"}
    async with transaction():
        await Municipality.bulk_create(rows, on_conflict=["ine_code"], update_fields=sorted(changing))
    return len(rows)


async def create_operator(details: OperatorDetails, *, actor: Actor) -> Operator:
    """With its signatories. Refuses an unknown municipality, and a code that is malformed or taken."""
    _check_operator_code(details)
    async with transaction():
        await _check_municipalities(details.municipality)
        try:
            operator = await Operator.create(
                code=details.code, kind=details.kind, name=details.name, municipality_id=details.municipality
            )
        except IntegrityError as exc:
            raise OperatorExists(field="code", code=details.code) from exc
        for position, signatory in enumerate(details.signatories, start=1):
            await Signatory.create(operator=operator, name=signatory.name, office=signatory.office, position=position)
        await record("places.create_operator", actor=actor, object_id=operator.id, code=details.code)
    return operator


async def set_reminder_days(operator_id: UUID, days: str, *, actor: Actor) -> None:
    """Days before each session (`3,1`); empty: never."""
    async with transaction():
        await Operator.filter(id=operator_id).update(reminder_days=days)
        await record("places.set_reminder_days", actor=actor, object_id=operator_id, days=days)


async def set_sheet_columns(operator_id: UUID, columns: str, *, actor: Actor) -> None:
    """Columns beside name and signature (`dpi,phone`)."""
    async with transaction():
        await Operator.filter(id=operator_id).update(sheet_columns=columns)
        await record("places.set_sheet_columns", actor=actor, object_id=operator_id, columns=columns)


async def create_hub(details: HubDetails, *, operator: Operator, actor: Actor) -> Hub:
    """Refuses unknown municipalities and a slug that is taken."""
    slug = details.slug or slugify(details.name) or f"ventanilla-{details.seat}"
    served = sorted({details.seat, *details.serves})
    async with transaction():
        await _check_municipalities(*served)
        try:
            hub = await Hub.create(slug=slug, operator=operator, seat_id=details.seat, **_hub_columns(details))
        except IntegrityError as exc:
            raise HubExists(field="name", slug=slug) from exc
        for code in served:
            await HubService.create(hub=hub, municipality_id=code)
        await bump(*feed_keys(hub))
        await record("places.create_hub", actor=actor, object_id=hub.id, hub_id=hub.id, slug=slug)
    return hub


async def update_hub(hub: Hub, details: HubDetails, *, actor: Actor) -> bool:
    """True: something changed. Slug, seat and operator are fixed. Refuses unknown municipalities.
    `outreach.place_actions` updates the stored calendar texts that name the hub.
    """
    assert details.seat == hub.seat_id, "a hub keeps its seat: feeds and folios hang on it"
    columns = _hub_columns(details)
    changed = [name for name, value in columns.items() if getattr(hub, name) != value]
    served = {details.seat, *details.serves}
    async with transaction():
        await lock(Hub, [hub.id])
        before = {code for (code,) in await HubService.filter(hub_id=hub.id).values_list("municipality_id")}
        if not changed and served == before:
            return False
        await _check_municipalities(*served)
        if changed:
            await hub.update_from_dict(columns).save(update_fields=changed)
        await HubService.filter(hub_id=hub.id, municipality_id__in=sorted(before - served)).delete()
        for code in sorted(served - before):
            await HubService.create(hub=hub, municipality_id=code)
        if "name" in changed:
            await bump(*feed_keys(hub))
        await record("places.update_hub", actor=actor, object_id=hub.id, hub_id=hub.id, changed=changed)
    return True


async def create_venue(details: VenueDetails, *, hub: Hub, actor: Actor) -> Venue:
    """Refuses an unknown municipality, and the same name twice in one."""
    async with transaction():
        await _check_venue(details, hub)
        venue = await Venue.create(hub=hub, **_venue_columns(details))
        await record("places.create_venue", actor=actor, object_id=venue.id, hub_id=hub.id)
    return venue


async def update_venue(venue: Venue, details: VenueDetails, *, hub: Hub, actor: Actor) -> bool:
    """True: something changed; feeds that name it are told. Refuses as `create_venue`.

    `outreach.place_actions` updates the stored calendar texts that name it.
    """
    columns = _venue_columns(details)
    changed = [name for name, value in columns.items() if getattr(venue, name) != value]
    if not changed:
        return False
    async with transaction():
        await _check_venue(details, hub, except_for=venue)
        before = venue.municipality_id
        await venue.update_from_dict(columns).save(update_fields=changed)
        if not CALENDARS_SHOW.isdisjoint(changed):
            await bump(*feed_keys(hub, before, details.municipality))
        await record("places.update_venue", actor=actor, object_id=venue.id, hub_id=hub.id, changed=changed)
    return True


def _hub_columns(details: HubDetails) -> dict[str, Any]:
    return {
        "name": details.name,
        "address": details.address,
        "hours": details.hours,
        "phone": details.phone,
        "email": details.email,
        "languages": list(details.languages),
        "access": list(details.access),
    }


def _venue_columns(details: VenueDetails) -> dict[str, Any]:
    return {
        "name": details.name,
        "municipality_id": details.municipality,
        "address": details.address,
        "lat": details.lat,
        "lon": details.lon,
        "access": list(details.access),
        "capacity": details.capacity,
        "is_active": details.is_active,
    }


def _check_operator_code(details: OperatorDetails) -> None:
    if details.kind is OperatorKind.MUNICIPALITY:
        is_right = details.code == details.municipality
    else:
        is_right = re.fullmatch(r"[0-9]{4}[A-Z]", details.code) is not None
    if not is_right:
        raise WrongOperatorCode(field="code", code=details.code)


async def _check_municipalities(*codes: str) -> None:
    known = await Municipality.filter(ine_code__in=codes).count()
    if known != len(set(codes)):
        raise UnknownMunicipality(field="municipality")


async def _check_venue(details: VenueDetails, hub: Hub, *, except_for: Venue | None = None) -> None:
    await _check_municipalities(details.municipality)
    # Names that fold alike have no unique index: two forms sent at once wait here for each other.
    await lock(Hub, [hub.id])
    others = await Venue.filter(hub_id=hub.id, municipality_id=details.municipality)
    if any(fold(other.name) == fold(details.name) for other in others if other != except_for):
        raise VenueExists(field="name", name=details.name)
