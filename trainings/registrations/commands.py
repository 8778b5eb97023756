"""What is asked of a training's places: to enter, to leave, to move between. Many are decided and written together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from trainings.audit.actor import FILLER_OF_FORM, HOLDER_OF_LINK, Actor
from trainings.limits.actions import Watch
from trainings.registrations.models import Author, Farewell
from trainings.registrations.wishes import SignUp


class Ticket(NamedTuple):
    """What one person's rows will be known by, drawn before it is decided whether they are written."""

    registration_id: str
    short_code: str
    qr: str
    link: str


class Draft(NamedTuple):
    """The same for a group."""

    group_id: str
    link: str
    tickets: tuple[Ticket, ...]


class Enter(NamedTuple):
    """A sign-up. `lang` is the language of the page on which it was agreed.

    `watched` are the windows in which it counts: beyond their limits it is refused, or held for staff.
    """

    training_id: UUID
    wish: SignUp
    actor: Actor
    lang: str
    watched: tuple[Watch, ...] = ()


class HandReason(StrEnum):
    """Why staff let somebody go before others: our mistake, their office, a long way, those before do not come."""

    ERROR = "error"
    AUTHORITY = "authority"
    DISTANCE = "distance"
    DROPPED_OUT = "dropped_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What is asked of people who have signed up. All of a group that has one of `registration_ids`, or is one of
    `group_ids`, is known when it is decided.
    """

    training_id: UUID
    actor: Actor
    registration_ids: tuple[UUID, ...] = ()
    group_ids: tuple[UUID, ...] = ()

    @property
    def concerned(self) -> tuple[UUID, ...]:
        """The registrations whose groups have to be known."""
        return self.registration_ids

    @property
    def group(self) -> str:
        """The only group that is meant, as its key is written."""
        [group_id] = self.group_ids
        return str(group_id)

    @property
    def person(self) -> str:
        """The only registration."""
        [registration_id] = self.registration_ids
        return str(registration_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(Move):
    """Some people, or all of some groups, give their places back. `run_at` and `batch_id`: staff can stop the messages
    until then.

    Only to cancel is refused once the training is over: what was waited for ends then too.
    """

    run_at: datetime | None = None
    batch_id: UUID | None = None
    farewell: Farewell = Farewell.CANCELLED


class Decline(Leave):
    """A group says no to the places that it is offered, or (`EXPIRED`) staff give them on.

    Who made their link their own answers for themselves.
    """


class Reject(Leave):
    """Staff say no to a group that waits for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveOut(Move):
    """One person becomes a group of their own; `to_answer`: only who has to answer an offer for themselves."""

    to_answer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejoin(Move):
    """Who cancelled comes back: one person, or (a group) those of it who left last.

    `without`: the participants who took back the permission for their data.
    """

    without: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(Leave):
    """Sign-ups of one person leave, and what they ask for counts with the one that is kept."""

    kept_id: UUID

    @property
    def concerned(self) -> tuple[UUID, ...]:
        return (*self.registration_ids, self.kept_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandAgain(Move):
    """A sign-up that was joined to the kept one stands for itself again."""

    kept_id: UUID

    @property
    def concerned(self) -> tuple[UUID, ...]:
        return (*self.registration_ids, self.kept_id)


class Approve(Move):
    """Staff let a held group in."""


class Accept(Move):
    """A group says yes to the places that it is offered."""


class OfferAgain(Move):
    """Groups are offered their places anew: nobody knows that they know of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetGoFirst(Move):
    """Staff let a waiting group go before others."""

    reason: HandReason


@dataclass(frozen=True, slots=True, kw_only=True)
class FewerChildren(Move):
    """A group keeps only `n` of its places in childcare."""

    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize(Move):
    """A training has so many places from now on."""

    capacity: int
    childcare_capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill(Move):
    """Who waits gets what is free, and the places of `n_cards` nameless cards that were given up."""

    n_cards: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside(Move):
    """So many places are reserved for nameless cards."""

    n_cards: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCard(Move):
    """One person signs up with a nameless card: a reserved one gives its place, a spare one none.

    `draft` has the tokens of the card, so that the card in the hand is the ticket. `at_door`: they stand there.
    """

    wish: SignUp
    lang: str
    card_id: UUID
    draft: Draft
    is_reserved: bool
    at_door: bool = False


def author_of(actor: Actor) -> Author:
    """Who acts, as a registration keeps it."""
    if actor.id is not None:
        return Author.HUB
    by_link = {HOLDER_OF_LINK.role: Author.PERSON, FILLER_OF_FORM.role: Author.FILLER}
    return by_link.get(actor.role, Author.PROGRAM)


Command = Enter | Move


class SignedUp(NamedTuple):
    """The registrations, and the secret address that opens them. Ids are as they are written: few ask for them."""

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
    """Who left now; who had left before is not among them."""

    registration_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """What was asked is done, or was before: asked twice it is one. `group_id`: in which group the person is now."""

    group_id: UUID | None = None


Outcome = SignedUp | Left | Done
