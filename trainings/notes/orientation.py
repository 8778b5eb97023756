"""The orientation page of a situation. A training belongs where its topic's name has a word of the situation; the
municipality's own come first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.errors import NotFound, WrongInput
from trainings.lib.phones import show_phone
from trainings.lib.text import fold
from trainings.notes.actions import REVIEWED_LATER, WrongReview, one_year_after
from trainings.notes.models import HelpContact, Situation
from trainings.notes.queries import Line, notes_for
from trainings.notes.words import COUNTRIES
from trainings.schedule.public import overview
from trainings.schedule.public import queries as public_queries
from trainings.schedule.public.posted import HubCard, Listed
from trainings.schedule.public.queries import Coming
from trainings.schedule.towns import Town
from trainings.web.i18n import N_, gettext

HOME = "GT"
SHORT_NUMBER = re.compile(r"[0-9]{3,4}")
"""Numbers of services: 110, 1546. Valid within their country, without a country code."""


class UnknownContact(NotFound):
    sentence = N_("No encontramos ese contacto. Abra la lista otra vez.")


class ContactWithoutSituation(WrongInput):
    sentence = N_("Marque en qué situación se muestra.")


@dataclass(frozen=True, slots=True)
class ContactDetails:
    """An institution and its number: E.164 or short. `source_name`: where the number was checked."""

    name: str
    phone: str
    source_name: str
    reviewed_on: date
    situations: tuple[Situation, ...]
    about: str = ""
    hours: str = ""
    country: str = HOME
    is_emergency: bool = False
    source_url: str = ""
    position: int = 0


@dataclass(frozen=True, slots=True)
class Helper:
    """`is_emergency`: only with a review within a year."""

    id: UUID
    name: str
    about: str
    number: str
    href: str
    hours: str
    place: str
    is_emergency: bool
    is_stale: bool
    source_name: str
    source_url: str
    reviewed_on: date


def is_stale(reviewed_on: date) -> bool:
    return one_year_after(reviewed_on) < clock.today()


def shown_number(phone: str) -> str:
    return phone if SHORT_NUMBER.fullmatch(phone) else show_phone(phone)


async def helpers_for(situation: Situation) -> list[Helper]:
    """Active contacts: emergency first, then as ordered, unreviewed last."""
    found = await reads(HelpContact).filter(is_active=True)
    helpers = [helper_of(contact) for contact in found if situation in contact.situations]
    return sorted(helpers, key=lambda one: (not one.is_emergency, one.is_stale))


async def urgent_everywhere() -> list[Helper]:
    found = await reads(HelpContact).filter(is_active=True, is_emergency=True)
    helpers = [helper_of(contact) for contact in found if set(Situation) <= set(contact.situations)]
    return [helper for helper in helpers if helper.is_emergency]


def helper_of(contact: HelpContact) -> Helper:
    old = is_stale(contact.reviewed_on)
    is_abroad = contact.country != HOME and contact.country in COUNTRIES
    return Helper(
        id=contact.id,
        name=contact.name,
        about=contact.about,
        number=shown_number(contact.phone),
        href=f"tel:{contact.phone}",
        hours=contact.hours,
        place=gettext(COUNTRIES[contact.country]) if is_abroad else "",
        is_emergency=contact.is_emergency and not old,
        is_stale=old,
        source_name=contact.source_name,
        source_url=contact.source_url,
        reviewed_on=contact.reviewed_on,
    )


async def all_contacts() -> list[HelpContact]:
    return sorted(await reads(HelpContact).all(), key=lambda contact: not contact.is_active)


async def contact_by_id(contact_id: UUID) -> HelpContact:
    contact = await reads(HelpContact).get_or_none(id=contact_id)
    if contact is None:
        raise UnknownContact
    return contact


async def add_contact(details: ContactDetails, *, actor: Actor) -> HelpContact:
    """Shown at once. Refuses WrongReview (a future day), ContactWithoutSituation."""
    columns = _columns(details)
    async with transaction():
        contact = await HelpContact.create(**columns)
        await record("contacts.add", actor=actor, object_id=contact.id)
    return contact


async def edit_contact(contact_id: UUID, details: ContactDetails, *, actor: Actor) -> None:
    columns = _columns(details)
    async with transaction():
        contact = await _locked(contact_id)
        await contact.update_from_dict(columns).save(update_fields=list(columns))
        await record("contacts.edit", actor=actor, object_id=contact.id)


async def review_contact(contact_id: UUID, *, actor: Actor) -> None:
    """On the day of a call, or of comparing it with its source."""
    async with transaction():
        contact = await _locked(contact_id)
        contact.reviewed_on = clock.today()
        await contact.save(update_fields=["reviewed_on"])
        await record("contacts.review", actor=actor, object_id=contact.id)


async def switch_contact(contact_id: UUID, *, on: bool, actor: Actor) -> None:
    async with transaction():
        contact = await _locked(contact_id)
        contact.is_active = on
        await contact.save(update_fields=["is_active"])
        await record("contacts.switch", actor=actor, object_id=contact.id, on=on)


async def _locked(contact_id: UUID) -> HelpContact:
    found = await lock(HelpContact, [contact_id])
    if not found:
        raise UnknownContact
    return found[0]


def _columns(details: ContactDetails) -> dict[str, Any]:
    if details.reviewed_on > clock.today():
        raise WrongReview(REVIEWED_LATER, field="reviewed_on")
    if not details.situations:
        raise ContactWithoutSituation(field="situations")
    situations = [situation.value for situation in Situation if situation in details.situations]
    names = ("name", "phone", "source_name", "reviewed_on", "about", "hours", "country", "is_emergency", "source_url")
    return {name: getattr(details, name) for name in names} | {"position": details.position, "situations": situations}


MOST_NOTES = 6
MOST_TRAININGS = 3

SUBJECTS: dict[Situation, tuple[str, ...]] = {
    Situation.WORK_ABROAD: ("trabajo", "vias regulares", "estafas"),
    Situation.RELATIVE_TRAVELLING: ("riesgos", "trata", "trafico"),
    Situation.RETURNED: ("retorno", "reintegracion"),
    Situation.FROM_ABROAD: ("proteccion", "refugio", "regularizacion", "derechos"),
    Situation.CHILD_ALONE: ("ninez", "adolescencia", "proteccion"),
}


@dataclass(frozen=True, slots=True)
class Offered:
    """`hubs`: of the municipality; where none serves it, `near_hubs`."""

    notes: list[Line]
    trainings: list[Listed]
    hubs: list[HubCard]
    near_hubs: list[HubCard]
    helpers: list[Helper]


async def offered(situation: Situation, town: Town | None) -> Offered:
    notes = await notes_for(situation, town.code if town else "")
    hubs = await public_queries.hubs_serving(town.code) if town else []
    near_hubs = overview.nearest_hubs(town.code, await public_queries.all_hubs()) if town and not hubs else []
    return Offered(
        notes=notes[:MOST_NOTES],
        trainings=await _trainings(situation, town),
        hubs=hubs,
        near_hubs=near_hubs,
        helpers=await helpers_for(situation),
    )


async def _trainings(situation: Situation, town: Town | None) -> list[Listed]:
    topics = {slug for slug, name in (await public_queries.topic_names()).items() if is_about(name, situation)}
    coming = [one for one in await public_queries.coming_sessions(clock.now()) if one.topic_slug in topics]
    nearest = sorted(coming, key=lambda one: (_distance(one, town), one.starts_at))
    ids = list(dict.fromkeys(one.training_id for one in nearest))
    return await public_queries.listed_trainings(ids[:MOST_TRAININGS])


def is_about(topic: str, situation: Situation) -> bool:
    words = f" {fold(topic)}"
    return any(f" {subject}" in words for subject in SUBJECTS[situation])


def _distance(one: Coming, town: Town | None) -> int:
    if town is None or one.town_code == town.code:
        return 0
    return 1 if one.town_code[:2] == town.department_code else 2
