"""Lists across trainings hold adults only: minors are found inside their own training."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from tortoise.expressions import F, Q, Subquery
from tortoise.functions import Count
from tortoise.queryset import QuerySet

from trainings.accounts.permissions import MERGERS, can_merge
from trainings.audit.actor import Actor
from trainings.certificates.models import Certificate
from trainings.db import reads, sql
from trainings.errors import NotFound
from trainings.lib.text import like_terms, short_name
from trainings.people.merged import same_person_ids
from trainings.people.models import AgeGroup, Merge, Participant
from trainings.registrations.desk.look_alikes import Seen, pairs_in, signs_of
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.models import REAL, Training, TrainingState
from trainings.web.i18n import N_, gettext


class UnknownPerson(NotFound):
    sentence = N_("No encontramos a esas dos personas en su ventanilla. Búsquelas en la lista.")


@dataclass(frozen=True, slots=True)
class Side:
    """`people`: merged with `person`, at own hubs."""

    person: Participant
    people: Sequence[Participant]
    registrations: Sequence[Registration]
    certificates: Sequence[Certificate]

    @property
    def is_minor(self) -> bool:
        return any(one.is_minor for one in self.people)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`both_live`: pairs of live registrations in the same training."""

    one: Side
    other: Side
    are_one: bool

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.one, self.other

    @property
    def both_live(self) -> list[tuple[Registration, Registration]]:
        live = [[row for row in side.registrations if _is_live(row)] for side in self.sides]
        return [(one, other) for one in live[0] for other in live[1] if one.training_id == other.training_id]

    @property
    def hub_id(self) -> UUID:
        return self.other.registrations[0].training.hub_id


async def compare(one_id: UUID, other_id: UUID, actor: Actor, roles: Collection[str] = MERGERS) -> Comparison:
    """Both with their history at hubs where the actor has these roles. Merged people are shown apart, as each came.

    Refuses (UnknownPerson) a person who was at none of these, and a minor with somebody of no common training: minors
    are found only inside their own session, so only common trainings are shown.
    """
    if one_id == other_id:
        raise UnknownPerson
    one, other = await _side(one_id, actor, roles), await _side(other_id, actor, roles)
    if one.is_minor or other.is_minor:
        common = _trainings_of(one) & _trainings_of(other)
        if not common:
            raise UnknownPerson
        one, other = _within(one, common), _within(other, common)
    are_one = other_id in await same_person_ids(one_id)
    if are_one:
        one, other = _alone(one), _alone(other)
    return Comparison(one, other, are_one)


async def hub_in_scope(participant_id: UUID, actor: Actor) -> UUID | None:
    hubs = reads(Registration).filter(participant_id=participant_id).distinct().values_list("training__hub_id")
    return next((hub_id for (hub_id,) in await hubs if can_merge(actor, hub_id)), None)


async def _side(participant_id: UUID, actor: Actor, roles: Collection[str]) -> Side:
    all_of_them = await same_person_ids(participant_id)
    found = (
        await reads(Registration)
        .filter(participant_id__in=all_of_them)
        .order_by("-created_at", "-id")
        .prefetch_related("participant__municipality", "training__sessions")
    )
    real = (row for row in found if row.training.state is not TrainingState.PRACTICE)
    own = [row for row in real if actor.has_at(row.training.hub_id, roles)]
    people = {row.participant_id: row.participant for row in reversed(own)}
    if participant_id not in people:
        raise UnknownPerson
    certificates = reads(Certificate).filter(registration_id__in=[row.id for row in own]).order_by("-issued_at", "-id")
    return Side(people[participant_id], list(people.values()), own, await certificates)


def _trainings_of(side: Side) -> set[UUID]:
    return {row.training_id for row in side.registrations}


def _within(side: Side, trainings: set[UUID]) -> Side:
    return _with(side, [row for row in side.registrations if row.training_id in trainings])


def _alone(side: Side) -> Side:
    own = [row for row in side.registrations if row.participant_id == side.person.id]
    return replace(_with(side, own), people=[side.person])


def _with(side: Side, rows: Sequence[Registration]) -> Side:
    ids = {row.id for row in rows}
    return replace(
        side, registrations=rows, certificates=[one for one in side.certificates if one.registration_id in ids]
    )


def _is_live(registration: Registration) -> bool:
    return registration.state is not RegistrationState.CANCELLED


SHOWN = 50
"""Most people, findings and decisions shown at once."""
A_MINOR = N_("Una persona menor de edad")
CROWD = 5
"""More namesakes in a municipality are only counted, not compared."""
MINORS = tuple(band for band in AgeGroup if band.is_minor)

NAMESAKES = """
    SELECT id, name_key, municipality_id, phone_key, email_key FROM (
        SELECT id, name_key, municipality_id, phone_key, email_key, COUNT(*) OVER (PARTITION BY name_key) AS n
        FROM participant
        WHERE name_key <> '' AND COALESCE(age_group, '') NOT IN ('12-13', '14-17') AND id IN (
            SELECT r.participant_id FROM registration r JOIN training t ON t.id = r.training_id
            WHERE r.state <> 'cancelled' AND t.state <> 'practice' AND t.hub_id IN ?list
        )
    ) AS named WHERE n > 1 ORDER BY id
"""
"""Adults of these hubs who share their name with another."""


@dataclass(frozen=True, slots=True)
class Someone:
    """For lists across trainings: minors without name and community."""

    participant: Participant
    n_trainings: int

    @property
    def id(self) -> UUID:
        return self.participant.id

    @property
    def name(self) -> str:
        of = self.participant
        return gettext(A_MINOR) if of.is_minor else short_name(of.given_names, of.surnames)

    @property
    def town(self) -> str:
        return self.participant.municipality.full_name if self.participant.municipality else ""

    @property
    def place(self) -> str:
        community = "" if self.participant.is_minor else self.participant.community
        return ", ".join(filter(None, (community, self.town)))


@dataclass(frozen=True, slots=True)
class Repeated:
    """The first person may be each of the further people. `is_sure`: all agree in name, municipality and telephone."""

    people: Sequence[Someone]
    is_sure: bool = False


@dataclass(frozen=True, slots=True)
class Crowd:
    someone: Someone
    n_people: int


@dataclass(frozen=True, slots=True)
class Alike:
    """People who share more than a name; people of one name and municipality; crowds. `n_strong` and `n_weak` also
    count people left out.
    """

    strong: Sequence[Repeated]
    weak: Sequence[Repeated]
    crowds: Sequence[Crowd]
    n_strong: int
    n_weak: int


@dataclass(frozen=True, slots=True)
class Said:
    """A merge, or two people held different; a side known only at other hubs is None."""

    row: Merge
    kept: Someone | None
    merged: Someone | None


Edge = tuple[UUID, UUID]


@dataclass(slots=True)
class _Search:
    """`seen`: the first participant at the reader's hubs, for the kept participant may be of another hub."""

    merged_into: Mapping[UUID, UUID]
    seen: dict[UUID, UUID] = field(default_factory=dict)
    strong: set[Edge] = field(default_factory=set)
    phones: dict[UUID, set[str | None]] = field(default_factory=lambda: defaultdict(set))
    weak: set[Edge] = field(default_factory=set)
    crowds: dict[UUID, int] = field(default_factory=dict)

    def person(self, participant_id: UUID) -> UUID:
        while participant_id in self.merged_into:
            participant_id = self.merged_into[participant_id]
        return participant_id

    def see(self, participant_id: UUID) -> UUID:
        person = self.person(participant_id)
        self.seen.setdefault(person, participant_id)
        return person

    def add_namesakes(self, rows: Iterable[Mapping[str, Any]]) -> None:
        by_contact, by_place = defaultdict[Any, set[UUID]](set), defaultdict[Any, set[UUID]](set)
        for row in rows:
            person = self.see(_uuid(row["id"]))
            name, place = row["name_key"], row["municipality_id"]
            self.phones[person].add(row["phone_key"])
            for sign in signs_of(name, place, filter(None, (row["phone_key"], row["email_key"])), is_minor=False):
                by_contact[sign].add(person)
            if place is not None:
                by_place[name, place].add(person)
        self.strong |= set(_edges(by_contact.values()))
        for people in by_place.values():
            if len(people) > CROWD:
                self.crowds[min(people)] = len(people)
            else:
                self.weak |= set(_edges([people]))


async def alike(actor: Actor) -> Alike:
    """At hubs where the actor may merge, newest first, without decided pairs."""
    hubs = list(actor.hubs_with(MERGERS))
    search = _Search(dict(await reads(Merge).filter(undone_at=None).values_list("merged_id", "kept_id")))
    search.add_namesakes(await sql.reads(NAMESAKES, hubs))
    different = await differences().values_list("kept_id", "merged_id")
    decided = set(_edges({search.person(one), search.person(other)} for one, other in different))
    apart = decided | await _of_one_form(search)
    groups = _connected(search.strong - apart)
    weak = _by_newest(search.weak - search.strong - decided)
    largest = sorted(search.crowds.items(), key=lambda crowd: (-crowd[1], crowd[0]))[:SHOWN]
    shown = {*itertools.chain(*groups[:SHOWN], *weak[:SHOWN]), *dict(largest)}
    known = await _people([search.seen[person] for person in shown], hubs)
    people = {person: known[search.seen[person]] for person in shown}
    strong = [Repeated([people[one] for one in group], _is_sure(search, group, apart)) for group in groups[:SHOWN]]
    namesakes = [Repeated([people[one] for one in group]) for group in weak[:SHOWN]]
    crowds = [Crowd(people[person], n) for person, n in largest]
    return Alike(strong, namesakes, crowds, n_strong=len(groups), n_weak=len(weak))


async def alike_in(training: Training) -> Alike:
    """Within this training, minors too, newest first; and merged people with two registrations left."""
    pairs = [pair for pair in await pairs_in([training.id]) if pair[0].participant_id != pair[1].participant_id]
    seen = {one.participant_id: one for pair in pairs for one in pair}
    edges = {(min(one, other), max(one, other)) for one, other in _ids(pairs)}
    groups = _connected(edges)
    people = await _people([key for group in groups[:SHOWN] for key in group], [training.hub_id])
    strong = []
    for group in groups[:SHOWN]:
        known = {(seen[key].name_key, seen[key].municipality, seen[key].phone_key) for key in group}
        has_phone = all(seen[key].phone_key is not None for key in group)
        is_sure = has_phone and len(known) == 1 and edges.issuperset(_edges([group]))
        strong.append(Repeated([people[key] for key in group], is_sure))
    return Alike(strong, (), (), n_strong=len(groups), n_weak=0)


def _ids(pairs: Iterable[tuple[Seen, Seen]]) -> Iterator[Edge]:
    return ((one.participant_id, other.participant_id) for one, other in pairs)


async def _of_one_form(search: _Search) -> set[Edge]:
    """Registered in one form: father and son may share a name."""
    ids = sorted({*itertools.chain(*search.strong)})
    together: dict[UUID, set[UUID]] = defaultdict(set)
    rows = reads(Registration).filter(participant_id__in=ids)
    for group_id, participant_id in await rows.values_list("group_id", "participant_id"):
        together[group_id].add(search.person(participant_id))
    return set(_edges(together.values()))


def _connected(edges: Iterable[Edge]) -> list[list[UUID]]:
    linked: dict[UUID, set[UUID]] = defaultdict(set)
    for one, other in edges:
        linked[one].add(other)
        linked[other].add(one)
    groups: list[list[UUID]] = []
    left = set(linked)
    while left:
        group, latest = set[UUID](), {left.pop()}
        while latest:
            group |= latest
            latest = {other for one in latest for other in linked[one]} - group
        left -= group
        groups.append(sorted(group))
    return sorted(groups, key=max, reverse=True)


def _by_newest(edges: Iterable[Edge]) -> list[list[UUID]]:
    earlier: dict[UUID, list[UUID]] = defaultdict(list)
    for one, other in sorted(edges):
        earlier[other].append(one)
    return [[newest, *earlier[newest]] for newest in sorted(earlier, reverse=True)]


def _is_sure(search: _Search, group: Sequence[UUID], apart: Collection[Edge]) -> bool:
    phones = set[str | None]().union(*(search.phones[one] for one in group))
    return len(phones) == 1 and None not in phones and not any(pair in apart for pair in _edges([group]))


async def found(actor: Actor, name: str) -> list[Someone]:
    """Adults by beginnings of words in name or community; at most SHOWN."""
    terms, hubs = like_terms(name), list(actor.hubs_with(MERGERS))
    if not terms:
        return []
    trainings = Subquery(reads(Training).filter(REAL, hub_id__in=hubs).values("id"))
    came = reads(Registration).filter(training_id__in=trainings).exclude(state=RegistrationState.CANCELLED)
    is_adult = Q(age_group__isnull=True) | ~Q(age_group__in=MINORS)
    people = reads(Participant).filter(is_adult, id__in=Subquery(came.values("participant_id"))).exclude(name_key="")
    for term in terms:
        people = people.filter(search_text__contains=term.strip("%"))
    named = await people.order_by("name_key", "id").limit(SHOWN)
    by_id = await _people([person.id for person in named], hubs)
    return [by_id[person.id] for person in named]


async def merges(actor: Actor) -> list[Said]:
    real = Q(undone_at__isnull=True) | ~Q(undone_at=F("created_at"))
    return await _said(reads(Merge).filter(real), actor)


async def held_different(actor: Actor) -> list[Said]:
    return await _said(differences(), actor)


def differences() -> QuerySet[Merge]:
    """Pairs held different: stored as merges undone at once."""
    return reads(Merge).filter(undone_at=F("created_at"))


async def _said(rows: QuerySet[Merge], actor: Actor) -> list[Said]:
    hubs = list(actor.hubs_with(MERGERS))
    theirs = Subquery(reads(Registration).filter(training__hub_id__in=hubs).values("participant_id"))
    said = (
        await rows.filter(Q(kept_id__in=theirs) | Q(merged_id__in=theirs)).order_by("-created_at", "-id").limit(SHOWN)
    )
    people = await _people({*(row.kept_id for row in said), *(row.merged_id for row in said)}, hubs)
    return [Said(row, people.get(row.kept_id), people.get(row.merged_id)) for row in said]


async def _people(ids: Iterable[UUID], hubs: Sequence[UUID]) -> dict[UUID, Someone]:
    wanted = list(ids)
    at_hubs = reads(Registration).filter(participant_id__in=wanted, training__hub_id__in=list(hubs))
    counted = await at_hubs.annotate(n=Count("id")).group_by("participant_id").values_list("participant_id", "n")
    n_trainings = dict(counted)
    people = await reads(Participant).filter(id__in=list(n_trainings)).prefetch_related("municipality")
    return {person.id: Someone(person, n_trainings[person.id]) for person in people}


def _edges(groups: Iterable[Iterable[UUID]]) -> Iterator[Edge]:
    for group in groups:
        yield from itertools.combinations(sorted(group), 2)


def _uuid(stored: object) -> UUID:
    return UUID(str(stored))
