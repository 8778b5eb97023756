"""Plain values, changed in memory command by command: no database, so that decisions can be replayed. A new sign-up
makes named tuples: a frozen dataclass takes more than twice as long. Ids of groups and registrations are texts, as
written: a UUID takes longer to make, look up and write than the decisions about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from trainings.audit.actor import Actor
from trainings.limits.actions import Counted
from trainings.people.models import ConsentPurpose
from trainings.registrations.commands import Draft, Enter, Namesake, SignedUp, SignUp, UseCard
from trainings.registrations.models import (
    TAKES_PLACE,
    Author,
    CardState,
    Farewell,
    HoldReason,
    RegistrationState,
    Source,
)
from trainings.schedule.models import SessionState, TrainingState

# -- places, as numbers


class Shortage(StrEnum):
    SEATS = "seats"
    CHILDCARE = "childcare"


class Room(NamedTuple):
    capacity: int
    taken: int
    childcare_capacity: int = 0
    childcare_taken: int = 0
    reserved: int = 0

    @property
    def free(self) -> int:
        return self.capacity - self.taken - self.reserved

    @property
    def childcare_free(self) -> int:
        return self.childcare_capacity - self.childcare_taken

    def shortage(self, party: Party) -> Shortage | None:
        if party.n_people > self.free:
            return Shortage.SEATS
        return Shortage.CHILDCARE if party.childcare_places > self.childcare_free else None

    def taking(self, party: Party) -> Room:
        return self.releasing(-party.n_people, -party.childcare_places)

    def releasing(self, n_people: int, childcare_places: int) -> Room:
        return self._replace(taken=self.taken - n_people, childcare_taken=self.childcare_taken - childcare_places)


class Party(NamedTuple):
    id: str
    n_people: int = 1
    childcare_places: int = 0


# -- what stands


@dataclass(frozen=True, slots=True)
class Meeting:
    starts_at: datetime
    ends_at: datetime
    closed_at: datetime | None
    state: SessionState


@dataclass(slots=True)
class Person:
    """`held_card`: held with a named card that reserves the place; the state the card gets with a yes. `has_own_link`:
    claimed. `joined_to`: another sign-up of the person; `joined_state`: the state before; `joined_childcare`: places
    that count with the kept sign-up.
    """

    id: str
    email_key: str | None
    state: RegistrationState
    source: Source
    held_card: CardState | None = None
    confirmed_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled_by: Author | None = None
    taken_off: Farewell | None = None
    detached_at: datetime | None = None
    joined_to: str | None = None
    joined_state: RegistrationState | None = None
    joined_childcare: int = 0
    participant_id: UUID | None = None
    is_minor: bool = False
    has_own_link: bool = False

    @property
    def is_live(self) -> bool:
        return self.state is not RegistrationState.CANCELLED

    @property
    def holds_place(self) -> bool:
        return self.state in TAKES_PLACE and self.source is not Source.WALK_IN


@dataclass(slots=True)
class Group:
    """People are loaded if they are being changed."""

    id: str
    training_id: UUID
    state: RegistrationState
    n_people: int
    childcare_places: int
    wait_number: int | None
    changed_at: datetime
    hold_reason: HoldReason | None = None
    reached_at: datetime | None = None
    offered_until: datetime | None = None
    moved_up_at: datetime | None = None
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def live(self) -> list[Person]:
        return [one for one in self.people.values() if one.is_live]

    @property
    def party(self) -> Party:
        return Party(self.id, self.n_people, self.childcare_places)


@dataclass(slots=True)
class Run:
    """A training's rules and places. `waiting`: in order; `by_browser`: groups that stand."""

    id: UUID
    hub_id: str
    hub_phone: str
    contact_phone: str
    course_id: UUID
    required_courses: frozenset[UUID]
    state: TrainingState
    capacity: int
    taken: int
    reserved: int
    childcare_capacity: int
    childcare_taken: int
    next_wait_number: int
    has_waiting_list: bool
    offer_hours: int | None
    approval_required: bool
    opens_at: datetime | None
    closes_at: datetime | None
    admits_minors: bool
    minimum_age: int | None
    audience: list[str]
    meetings: list[Meeting] = field(default_factory=list)
    waiting: dict[str, Group] = field(default_factory=dict)
    by_browser: dict[str, list[StandingGroup]] = field(default_factory=dict)

    @property
    def occupied(self) -> int:
        return self.taken + self.reserved

    @property
    def room(self) -> Room:
        return Room(self.capacity, self.taken, self.childcare_capacity, self.childcare_taken, self.reserved)

    @room.setter
    def room(self, room: Room) -> None:
        self.capacity, self.taken, self.childcare_capacity, self.childcare_taken, self.reserved = room

    def same_browser(self, wish: SignUp) -> Iterator[StandingGroup]:
        standing = self.by_browser.get(wish.browser_key or "", ())
        return (one for one in standing if one.is_of(wish))

    def number(self) -> int:
        """The next number of the waiting list: never reused."""
        number = self.next_wait_number
        self.next_wait_number = number + 1
        return number


@dataclass(frozen=True, slots=True)
class Known:
    participant_id: UUID
    email_key: str | None
    standing: SignedUp | None
    completed: frozenset[UUID]


class StandingGroup(NamedTuple):
    """A group that stands, found by its key, or by its people and contact.

    `people`: not cancelled, in order. For a sign-up of the same batch they are in its `wish`, read only if its browser
    comes again.
    """

    training_id: UUID
    body_hash: str
    created_at: datetime
    answer: SignedUp | None
    people: Sequence[Namesake] = ()
    contact_keys: frozenset[str] = frozenset()
    wish: SignUp | None = None

    def is_of(self, wish: SignUp) -> bool:
        """The same people with the same contact: one telephone signs up namesakes of a whole village, and a name typed
        on a shared one must open nothing.
        """
        people, reached_at = self.people, self.contact_keys
        if self.wish is not None:
            people, reached_at = self.wish.namesakes, self.wish.contact_keys
        typed = wish.contact_keys
        has_same_contact = bool(typed & reached_at) or not (typed or reached_at)
        return has_same_contact and wish.namesakes == people


@dataclass(slots=True)
class Situation:
    at: datetime
    runs: dict[UUID, Run]
    drafts: dict[int, Draft]
    municipalities: frozenset[str]
    by_key: dict[str, StandingGroup] = field(default_factory=dict)
    known: dict[int, Known] = field(default_factory=dict)
    counted: dict[int, tuple[Counted, ...]] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    group_of: dict[str, str] = field(default_factory=dict)
    spare_keys: dict[int, str] = field(default_factory=dict)

    def add_person(self, group: Group, person: Person) -> None:
        group.people[person.id] = person
        self.group_of[person.id] = group.id

    def person(self, registration_id: str) -> tuple[Group, Person]:
        group = self.groups[self.group_of[registration_id]]
        return group, group.people[registration_id]

    def run_of(self, group_id: str) -> Run:
        return self.runs[self.groups[group_id].training_id]


# -- what is to be written


class Entrant(NamedTuple):
    known_id: UUID | None
    purposes: frozenset[ConsentPurpose]


class Entry(NamedTuple):
    command: Enter | UseCard
    draft: Draft
    state: RegistrationState
    hold_reason: HoldReason | None
    wait_number: int | None
    entrants: tuple[Entrant, ...]
    has_group_link: bool

    def line(self, hub_id: str) -> Line:
        wish = self.command.wish
        detail = {
            "state": str(self.state),
            "source": str(wish.source),
            "people": wish.n_people,
            "childcare": wish.childcare_places,
        }
        act = "registrations.walk_in" if wish.source is Source.WALK_IN else "registrations.sign_up"
        return Line(act, self.command.actor, self.draft.tickets[0].registration_id, hub_id, detail)


class Letter(NamedTuple):
    kind: str
    registration_id: str
    hub_id: str
    run_at: datetime | None = None
    batch_id: UUID | None = None


class Line(NamedTuple):
    act: str
    actor: Actor
    object_id: str
    hub_id: str
    detail: dict[str, Any]


@dataclass(slots=True)
class Changes:
    """In order of decision. `runs`, `groups`, `people`: keys of changed rows.

    `promoted`: groups that moved up; people who are not loaded get the group's state. `made`: groups of people from
    other groups; their own links come along (`moved`, by registration). `shifts`: a waiting list behind a number moves
    by one, before anything else is written. `cards`: what becomes of a held person's named card. `used`: cards with
    their state and registration.
    """

    entries: list[Entry] = field(default_factory=list)
    people: dict[str, None] = field(default_factory=dict)
    cards: dict[str, CardState] = field(default_factory=dict)
    used: list[tuple[UUID, CardState, str]] = field(default_factory=list)
    groups: dict[str, None] = field(default_factory=dict)
    promoted: dict[str, None] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    shifts: list[tuple[UUID, int]] = field(default_factory=list)
    runs: dict[UUID, None] = field(default_factory=dict)
    letters: list[Letter] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
