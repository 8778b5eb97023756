"""One call for people of one telephone or form; minors are called by their guardian's telephone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from trainings.db import reads
from trainings.lib import tokens
from trainings.lib.text import fold, short_name
from trainings.people.consents import english_readers
from trainings.people.models import Guardian, Participant, Relation
from trainings.places.models import Municipality
from trainings.registrations.calls.people import Audience, Holder, Listed
from trainings.registrations.calls.told import Mark
from trainings.registrations.models import Card, Registration, RegistrationState, ReservedBlock
from trainings.schedule.changes import Difference
from trainings.schedule.public import sentences
from trainings.web.i18n import N_, gettext


@dataclass(frozen=True, slots=True)
class Member:
    listed: Listed
    registration: Registration
    relation: Relation | None

    @property
    def person(self) -> Participant:
        return self.registration.participant

    @property
    def is_minor(self) -> bool:
        return self.registration.participant.is_minor

    @property
    def is_apart(self) -> bool:
        return self.listed.person.is_apart


@dataclass(frozen=True, slots=True)
class Household:
    """Adults first. `speaks_english`: somebody signed up on the English page."""

    phone: str | None
    members: Sequence[Member]
    speaks_english: bool = False

    @property
    def id(self) -> UUID:
        return self.members[0].registration.id

    @property
    def keys(self) -> list[UUID]:
        return [one.registration.id for one in self.members]

    @property
    def other_phones(self) -> list[str]:
        return list(dict.fromkeys(one.person.other_phone for one in self.members if one.person.other_phone))

    @property
    def is_reached(self) -> bool:
        return all(one.listed.is_reached for one in self.members)

    @property
    def last_marks(self) -> Sequence[Mark]:
        return [mark for one in self.members for mark in one.listed.marks[-1:]]

    @property
    def marks(self) -> Sequence[Mark]:
        """Marks of the member with the most tries."""
        return max((one.listed.marks for one in self.members), key=len)

    @property
    def news(self) -> list[Difference]:
        return [difference for one in self.members for difference in one.listed.news]

    @property
    def offered_groups(self) -> list[UUID]:
        return sorted(
            {one.registration.group_id for one in self.members if one.registration.state is RegistrationState.OFFERED}
        )

    @property
    def is_confirmed(self) -> bool:
        return all(one.registration.state is RegistrationState.CONFIRMED for one in self.members)


ToCall = Household | Holder


@dataclass(frozen=True, slots=True)
class Part:
    """Of a list, to be told together: a community (folded name; empty: none written), the people who have cards of a
    block, or all.
    """

    community: str | None = None
    block_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Leader:
    block_id: UUID
    name: str
    n_people: int


def n_people_of(found: Iterable[ToCall]) -> int:
    return sum(len(one.keys) for one in found)


def newest_mark_of(one: ToCall) -> Mark | None:
    return max(one.last_marks, key=lambda mark: (mark.created_at, mark.id), default=None)


def names_of(one: ToCall) -> str:
    return one.block.holder if isinstance(one, Holder) else sentences.listing([name_of(mate) for mate in one.members])


def name_of(member: Member) -> str:
    name = short_name(member.person.given_names, member.person.surnames) or gettext(N_("Una persona sin nombre"))
    return gettext(N_("%(name)s (menor de edad)")) % {"name": name} if member.is_minor else name


def sign_of(found: Iterable[ToCall]) -> str:
    """Tells whether these are the same people, in a page that is sent back."""
    return tokens.digest(" ".join(sorted(str(key) for one in found for key in one.keys)), "calls")


def is_asked(one: ToCall) -> bool:
    """A place is offered: each has to answer."""
    return isinstance(one, Household) and bool(one.offered_groups)


async def left_in(found: Sequence[ToCall], part: Part, seat: str) -> list[ToCall]:
    """People of the part whom nobody told yet."""
    left = [one for one in found if not one.is_reached]
    if part.community is not None:
        return [one for one in left if fold(community_of(one, seat)) == part.community]
    if part.block_id is None:
        return left
    with_cards = (await _cards_of(left)).get(part.block_id, set())
    return [one for one in left if one.id == part.block_id or with_cards & set(one.keys)]


async def leaders_of(found: Sequence[ToCall]) -> list[Leader]:
    """Holders of blocks whose cards people left on the list have, by name."""
    left = [one for one in found if not one.is_reached and not is_asked(one)]
    cards = await _cards_of(left)
    blocks = await reads(ReservedBlock).filter(id__in=sorted(cards)) if cards else []
    leaders = [
        Leader(block.id, block.holder, n_people_of(await left_in(left, Part(block_id=block.id), "")))
        for block in blocks
    ]
    return sorted(leaders, key=lambda one: (fold(one.name), one.block_id))


async def _cards_of(found: Iterable[ToCall]) -> dict[UUID, set[UUID]]:
    """By block, whose registrations came with its cards."""
    people = [key for one in found if isinstance(one, Household) for key in one.keys]
    cards = reads(Card).filter(registration_id__in=people, block_id__not_isnull=True)
    of_blocks: dict[UUID, set[UUID]] = defaultdict(set)
    for block_id, registration_id in await cards.values_list("block_id", "registration_id") if people else ():
        of_blocks[block_id].add(registration_id)
    return of_blocks


def written_community(one: ToCall) -> str:
    return one.block.community if isinstance(one, Holder) else one.members[0].person.community


def place_of(one: ToCall) -> Municipality | None:
    return one.block.municipality if isinstance(one, Holder) else one.members[0].person.municipality


def community_of(one: ToCall, seat: str) -> str:
    """With a municipality other than the hub's."""
    place = place_of(one)
    elsewhere = place.full_name if place is not None and place.ine_code != seat else ""
    return ", ".join(part for part in (written_community(one), elsewhere) if part)


async def to_call(audience: Audience) -> list[ToCall]:
    """In order of sign-up, holders of cards last."""
    return [*await _households(audience.listed), *audience.holders]


async def _households(listed: Sequence[Listed]) -> list[Household]:
    members = await _members(listed)
    phones = await _phones(members)
    english = await english_readers([member.person.id for member in members])
    together: dict[tuple[str, object], list[Member]] = defaultdict(list)
    for member in members:
        together[_call_of(member, phones)].append(member)
    return [
        Household(
            phone=str(key) if kind == "phone" else None,
            members=sorted(mates, key=lambda one: (one.is_minor, one.registration.id)),
            speaks_english=any(one.person.id in english for one in mates),
        )
        for (kind, key), mates in together.items()
    ]


def _call_of(member: Member, phones: Mapping[UUID, str]) -> tuple[str, object]:
    phone = phones.get(member.registration.id)
    if phone is not None:
        return "phone", phone
    return ("apart", member.registration.id) if member.is_apart else ("form", member.registration.group_id)


async def _members(listed: Sequence[Listed]) -> list[Member]:
    registrations = await _loaded([one.person.id for one in listed])
    relations = {one.participant_id: one.relation for one in await _guardians(registrations.values())}
    return [
        Member(one, registrations[one.person.id], relations.get(one.person.participant_id))
        for one in listed
        if one.person.id in registrations
    ]


async def _loaded(registration_ids: Collection[UUID]) -> dict[UUID, Registration]:
    found = reads(Registration).filter(id__in=list(registration_ids)).prefetch_related("participant__municipality")
    return {one.id: one for one in await found} if registration_ids else {}


async def _guardians(registrations: Iterable[Registration]) -> list[Guardian]:
    minors = [one.participant_id for one in registrations if one.participant.is_minor]
    if not minors:
        return []
    return await reads(Guardian).filter(participant_id__in=minors, withdrawn_at=None).order_by("created_at", "id")


async def _phones(members: Sequence[Member]) -> dict[UUID, str]:
    """A minor's is the guardian's; an adult's their own, else the form's unless their own link was claimed."""
    guardians = await _guardians(one.registration for one in members)
    of_minors = {one.participant_id: one.phone for one in guardians if one.phone}
    of_forms = await _phones_of_forms(members)
    phones: dict[UUID, str | None] = {}
    for one in members:
        shared = None if one.is_apart else of_forms.get((one.registration.group_id, one.person.phone_key))
        phones[one.registration.id] = of_minors.get(one.person.id) if one.is_minor else one.person.phone or shared
    return {registration_id: phone for registration_id, phone in phones.items() if phone}


async def _phones_of_forms(members: Sequence[Member]) -> dict[tuple[UUID, str | None], str]:
    lacking = {one.registration.group_id for one in members if not one.is_minor and not one.person.phone}
    if not lacking:
        return {}
    mates = await reads(Registration).filter(group_id__in=sorted(lacking)).prefetch_related("participant")
    return {
        (one.group_id, one.participant.phone_key): one.participant.phone
        for one in mates
        if one.participant.phone and one.participant.phone_key and not one.participant.is_minor
    }
