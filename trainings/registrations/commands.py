"""Requests for a training's places: many are decided and written together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from trainings.audit.actor import FILLER_OF_FORM, HOLDER_OF_LINK, Actor
from trainings.limits.actions import Watch
from trainings.people.actions import GuardianContact, Sameness, sameness
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentHow, ConsentPurpose
from trainings.registrations.models import Author, Farewell, HoldReason, Source

LARGEST_GROUP = 8

Namesake = tuple[str, str, bool]
"""(folded name, INE code or empty, is a minor): father and son may share a name."""


@dataclass(frozen=True, slots=True)
class Member:
    person: PersonForm
    needs: tuple[str, ...] = ()
    has_assented: bool = False
    other_phone: str | None = None

    @property
    def is_minor(self) -> bool:
        return self.person.age_group is not None and self.person.age_group.is_minor


@dataclass(frozen=True, slots=True)
class SignUp:
    """A sign-up of 1 to 8 people, with its source and what shows a repeat of it.

    `contact_phone` and `contact_email` reach everybody; of minors alone they are the guardian's. `body_hash`: of all
    answers; `browser_key`: digest of a cookie (not searched for where the cookie is new); `earlier_code`: the first
    person's code of an earlier ticket or certificate, or own link. `card_id`: the printed card that becomes the first
    ticket.
    """

    members: tuple[Member, ...]
    purposes: frozenset[ConsentPurpose]
    childcare_places: int = 0
    guardian: GuardianContact | None = None
    source: Source = Source.WEB
    consent_how: ConsentHow = ConsentHow.FORM
    idempotency_key: str | None = None
    body_hash: str = ""
    browser_key: str | None = None
    browser_is_known: bool = True
    hold_reason: HoldReason | None = None
    earlier_code: str = ""
    card_id: UUID | None = None
    contact_phone: str | None = field(init=False)
    contact_email: str | None = field(init=False)
    keys: tuple[Sameness, ...] = field(init=False)

    def __post_init__(self) -> None:
        assert 1 <= len(self.members) <= LARGEST_GROUP
        phone, email = self._contact()
        object.__setattr__(self, "contact_phone", phone)
        object.__setattr__(self, "contact_email", email)
        keys = tuple(sameness(one.person, *self._reached_at(one)) for one in self.members)
        object.__setattr__(self, "keys", keys)

    def _reached_at(self, member: Member) -> tuple[str | None, str | None]:
        if member.is_minor and self.guardian is not None:
            return self.guardian_contact.phone, self.guardian_contact.email
        return self.contact_phone, self.contact_email

    @property
    def first(self) -> Member:
        return self.members[0]

    @property
    def n_people(self) -> int:
        return len(self.members)

    @property
    def minors(self) -> Sequence[Member]:
        return [one for one in self.members if one.is_minor]

    def _contact(self) -> tuple[str | None, str | None]:
        """The first adult's; of minors alone their guardian's."""
        adult = next((one.person for one in self.members if not one.is_minor), None)
        if adult is not None:
            return adult.phone, adult.email
        return (self.guardian.phone, self.guardian.email) if self.guardian is not None else (None, None)

    @property
    def guardian_contact(self) -> GuardianContact:
        """The sign-up's contact unless the guardian gave another."""
        assert self.guardian is not None
        own = self.guardian.phone or self.guardian.email
        return self.guardian if own else replace(self.guardian, phone=self.contact_phone, email=self.contact_email)

    @property
    def namesakes(self) -> Sequence[Namesake]:
        """Equal for the same people in any order of the form."""
        pairs = zip(self.members, self.keys, strict=True)
        return sorted((keys.name_key, keys.municipality or "", member.is_minor) for member, keys in pairs)

    @property
    def contact_keys(self) -> frozenset[str]:
        """Keyed hashes of every contact with every secret key."""
        return frozenset(key for one in self.keys for key in (*one.phone_keys, *one.email_keys))

    def held(self, reason: HoldReason) -> SignUp:
        return replace(self, hold_reason=reason)


def for_one(
    person: PersonForm, purposes: frozenset[ConsentPurpose], *, needs: Sequence[str] = (), **how: object
) -> SignUp:
    """One adult; `how`: other fields of `SignUp`."""
    return SignUp((Member(person, tuple(needs)),), purposes, **how)  # type: ignore[arg-type]  # passed on as given


class Ticket(NamedTuple):
    """Keys of one person's rows, drawn before the decision whether they are written."""

    registration_id: str
    short_code: str
    qr: str
    link: str


class Draft(NamedTuple):
    group_id: str
    link: str
    tickets: tuple[Ticket, ...]


class Enter(NamedTuple):
    """`lang`: of the page with the consent. `watched`: windows in which it counts; beyond their limits it is refused or
    held.
    """

    training_id: UUID
    wish: SignUp
    actor: Actor
    lang: str
    watched: tuple[Watch, ...] = ()


class HandReason(StrEnum):
    ERROR = "error"
    AUTHORITY = "authority"
    DISTANCE = "distance"
    DROPPED_OUT = "dropped_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A request about registrations. Every group of `registration_ids` or `group_ids` is loaded whole."""

    training_id: UUID
    actor: Actor
    registration_ids: tuple[UUID, ...] = ()
    group_ids: tuple[UUID, ...] = ()

    @property
    def concerned(self) -> tuple[UUID, ...]:
        return self.registration_ids

    @property
    def group(self) -> str:
        [group_id] = self.group_ids
        return str(group_id)

    @property
    def person(self) -> str:
        [registration_id] = self.registration_ids
        return str(registration_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(Move):
    """People or whole groups give their places back; staff can stop the messages until `run_at`. Of a training that is
    over only cancelling is refused.
    """

    run_at: datetime | None = None
    batch_id: UUID | None = None
    farewell: Farewell = Farewell.CANCELLED


class Decline(Leave):
    """A group declines its offer, or (`EXPIRED`) staff give the places on. An adult with a claimed link answers
    alone.
    """


class Reject(Leave):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOut(Move):
    """One person becomes a group of their own; `to_answer`: to answer an offer alone."""

    to_answer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejoin(Move):
    """A cancelled person comes back, or the people of a group who left last. `without`: participants without consent
    for data.
    """

    without: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(Leave):
    """Sign-ups of one person leave; what they ask for counts with the kept sign-up."""

    kept_id: UUID

    @property
    def concerned(self) -> tuple[UUID, ...]:
        return (*self.registration_ids, self.kept_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandAgain(Move):
    """Takes a join back. `without`: participants without consent for data."""

    kept_id: UUID
    without: frozenset[UUID] = frozenset()

    @property
    def concerned(self) -> tuple[UUID, ...]:
        return (*self.registration_ids, self.kept_id)


class Approve(Move):
    pass


class Accept(Move):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBack(Move):
    """A confirmed group gives its places to the waiting list, and waits at its end. Staff can stop the message until
    `run_at`.
    """

    run_at: datetime | None = None
    batch_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetGoFirst(Move):
    reason: HandReason


@dataclass(frozen=True, slots=True, kw_only=True)
class FewerChildren(Move):
    """A group keeps only `n` places in childcare."""

    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize(Move):
    capacity: int
    childcare_capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill(Move):
    """The waiting list gets what is free, and the places of `n_cards` nameless cards given up."""

    n_cards: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside(Move):
    n_cards: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCard(Move):
    """One person signs up with a nameless card: a reserved card gives its place, a spare card none. `draft` has the
    card's tokens: the card becomes the ticket.
    """

    wish: SignUp
    lang: str
    card_id: UUID
    draft: Draft
    is_reserved: bool
    at_door: bool = False


def author_of(actor: Actor) -> Author:
    if actor.id is not None:
        return Author.HUB
    by_link = {HOLDER_OF_LINK.role: Author.PERSON, FILLER_OF_FORM.role: Author.FILLER}
    return by_link.get(actor.role, Author.PROGRAM)


Command = Enter | Move


class SignedUp(NamedTuple):
    """The registrations, and their link's token. Ids are texts, as the database takes them."""

    group: str
    registrations: tuple[str, ...]
    token: str
    is_new: bool

    @property
    def group_id(self) -> UUID:
        return UUID(self.group)

    @property
    def registration_ids(self) -> tuple[UUID, ...]:
        return tuple(map(UUID, self.registrations))

    @property
    def registration_id(self) -> UUID:
        """The first person's."""
        return UUID(self.registrations[0])


@dataclass(frozen=True, slots=True)
class Left:
    registration_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """`group_id`: the person's group now. The same request twice is one."""

    group_id: UUID | None = None


Outcome = SignedUp | Left | Done
