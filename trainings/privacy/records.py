"""Records of one hub that may be one person: each sign-up of somebody may have made its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from trainings.certificates.forms import folio_in
from trainings.certificates.issuing.names import erasable
from trainings.certificates.models import Certificate
from trainings.db import reads
from trainings.lib import tokens
from trainings.people.merged import same_person_ids, told_apart
from trainings.people.models import NOBODY, Participant
from trainings.registrations.models import Registration, ReplacedTicket
from trainings.schedule.models import OF_REAL, TrainingState

MOST = 50
"""Records of one kind shown at once; the newest."""


@dataclass(frozen=True, slots=True)
class HubRecord:
    """A participant as this hub knows them. `registrations`: newest first, sessions loaded. `papers`: certificates that
    still hold something personal. `is_joined`: one person with the page's. `agrees`: in name, municipality and
    telephone, and nobody told them apart.
    """

    person: Participant
    registrations: Sequence[Registration]
    papers: Sequence[Certificate]
    is_joined: bool
    agrees: bool

    @property
    def registration(self) -> Registration:
        """Stands for the record where one registration is asked for."""
        return self.registrations[0]

    @property
    def is_gone(self) -> bool:
        """Nothing personal is left."""
        return self.person.given_names == NOBODY and not self.papers


@dataclass(frozen=True, slots=True)
class Records:
    """`own`: the page's person, the page's record first. `namesakes`: of the same name. `relatives`: another name, the
    same telephone or e-mail. `has_more`: of the name are more records of others than shown.
    """

    own: Sequence[HubRecord]
    namesakes: Sequence[HubRecord]
    relatives: Sequence[HubRecord]
    has_more: bool

    @property
    def all_of_name(self) -> Sequence[HubRecord]:
        return [*self.own, *self.namesakes]


async def records_like(registration: Registration) -> Records:
    """At this registration's hub; its person and training are loaded. Minors are found only in a training of this
    person's.
    """
    person, hub_id = registration.participant, registration.training.hub_id
    own_ids = await same_person_ids(person.id)
    is_real = registration.training.state is not TrainingState.PRACTICE
    name = person.name_key if is_real else ""
    named = await _at(hub_id, ~Q(id__in=own_ids), Q(name_key=name)) if name else []
    by_name = named[:MOST]
    contacts = [Q(**{name: getattr(person, name)}) for name in ("phone_key", "email_key") if getattr(person, name)]
    by_contact = [one for contact in contacts for one in (await _at(hub_id, contact))[:MOST]]
    rows = await _registrations({*own_ids, *by_name, *by_contact}, hub_id)
    apart = {key for pair in await told_apart({person.id, *by_name, *by_contact}) if person.id in pair for key in pair}
    found = await _records(rows, person, own_ids, apart)
    common = {row.training_id for key in own_ids for row in rows.get(key, ())}
    seen = [one for one in found.values() if not one.person.is_minor or _is_in(common, one)]
    # Also of an earlier record, found by its telephone, the name decides.
    is_named = {one.person.id for one in seen if name and one.person.name_key == name}
    namesakes = [one for one in seen if not one.is_joined and one.person.id in is_named]
    others = {one.person.id: one for one in seen if not one.is_joined and one.person.id not in is_named}
    relatives = [one for one in others.values() if one.person.merged_into_id not in others]
    own = sorted((one for one in seen if one.is_joined), key=lambda one: one.person.id != person.id)
    return Records(own, namesakes, relatives, len(named) > MOST)


async def found_by_code(typed: str, hub_id: UUID) -> Registration | None:
    at_hub = reads(Registration).filter(OF_REAL, training__hub_id=hub_id)
    return await at_hub.filter(id__in=await registrations_of_code(typed)).order_by("-id").first()


async def registrations_of_code(typed: str) -> list[UUID]:
    """At all hubs, by the code or QR of a ticket, also of a replaced one, or by code or folio of a certificate; not by
    one from which the name was removed.
    """
    if paper := _paper_named(typed):
        found = [reads(Certificate).filter(erased_at=None, **paper).values_list("registration_id")]
    elif ticket := ticket_named(typed):
        replaced = reads(ReplacedTicket).filter(**ticket).values_list("registration_id")
        found = [replaced, reads(Registration).filter(**ticket).values_list("id")]
    else:
        found = []
    return [key for rows in found for (key,) in await rows]


def _paper_named(typed: str) -> dict[str, str]:
    """By column. A folio comes first: it may be as long as what a QR holds."""
    start, _dash, number = folio_in(typed).rpartition("-")
    if start:
        return {"folio": f"{start}-{int(number):06}"}
    code = tokens.read_certificate_code(typed.strip().rstrip("/").rpartition("/")[2])
    return {"code": code} if code else {}


def ticket_named(typed: str) -> dict[str, str]:
    """By column; also of a card without a name."""
    if qr := tokens.read_qr(typed):
        return {"qr_hash": tokens.digest(qr, "qr")}
    code = tokens.read_short_code(typed)
    return {"short_code": code} if code else {}


def _is_in(trainings: Collection[UUID], record: HubRecord) -> bool:
    return any(row.training_id in trainings for row in record.registrations)


async def _at(hub_id: UUID, *wanted: Q) -> list[UUID]:
    """One more than is shown, if there are more."""
    here = Q(registrations__training__hub_id=hub_id) & ~Q(registrations__training__state=TrainingState.PRACTICE)
    known = reads(Participant).filter(here, *wanted)
    return [key for (key,) in await known.distinct().order_by("-id").limit(MOST + 1).values_list("id")]


async def _registrations(people: Collection[UUID], hub_id: UUID) -> dict[UUID, list[Registration]]:
    found = reads(Registration).filter(participant_id__in=sorted(people), training__hub_id=hub_id).order_by("-id")
    rows: dict[UUID, list[Registration]] = defaultdict(list)
    for row in await found.prefetch_related("participant__municipality", "training__sessions"):
        rows[row.participant_id].append(row)
    return rows


async def _records(
    rows: dict[UUID, list[Registration]], person: Participant, own_ids: Collection[UUID], apart: Collection[UUID]
) -> dict[UUID, HubRecord]:
    papers: dict[UUID, list[Certificate]] = defaultdict(list)
    whose = {row.id: key for key, of in rows.items() for row in of}
    for paper in await erasable(list(rows)):
        if paper.registration_id in whose:
            papers[whose[paper.registration_id]].append(paper)
    groups = {row.group_id for key in own_ids for row in rows.get(key, ())}
    return {
        key: HubRecord(
            person=of[0].participant,
            registrations=of,
            papers=papers[key],
            is_joined=key in own_ids,
            agrees=key not in apart and not _came_together(groups, of) and all_agree([person, of[0].participant]),
        )
        for key, of in rows.items()
    }


def _came_together(groups: Collection[UUID], rows: Iterable[Registration]) -> bool:
    """In one form: father and son may share a name."""
    return any(row.group_id in groups for row in rows)


def all_agree(people: Collection[Participant]) -> bool:
    """The folded name, the municipality and the telephone are told and the same."""
    told: set[tuple[Any, ...]] = {(one.name_key, one.municipality_id, one.phone_key, one.is_minor) for one in people}
    [first, *others] = told
    return not others and all(part is not None and part != "" for part in first)
