"""What is known while a batch of commands is decided: plain values, changed in memory as one command after another is.

Nothing here reads or writes the database, so that decisions can be replayed. What is made anew for each sign-up is a
named tuple: a frozen dataclass takes more than twice as long to make. Ids of groups and registrations are texts, as
they are written: a UUID takes longer to make, to look up and to write than all that is decided about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from trainings.limits.actions import Counted
from trainings.registrations.commands import Draft, SignedUp
from trainings.registrations.models import (
    TAKES_PLACE,
    Author,
    CardState,
    Farewell,
    HoldReason,
    RegistrationState,
    Source,
)
from trainings.registrations.seats.allocation import Party, Room
from trainings.registrations.wishes import Namesake, SignUp
from trainings.schedule.models import SessionState, TrainingState


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session, as far as a training's phase depends on it."""

    starts_at: datetime
    ends_at: datetime
    closed_at: datetime | None
    state: SessionState


@dataclass(slots=True)
class Person:
    """One registration of a group that is being changed.

    `held_card`: it waits for staff with a named card, whose place is reserved until they answer; what becomes of the
    card where they say yes. `has_own_link`: they made their link their own. `joined_to` is another one of theirs,
    `joined_state` how they stood before, and `joined_childcare` what counts with that one.
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
        """Whether there is a seat for this one: nobody counted who came without a sign-up."""
        return self.state in TAKES_PLACE and self.source is not Source.WALK_IN


@dataclass(slots=True)
class Group:
    """A group as it is stored, with its people where they are being changed."""

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
    def party(self) -> Party[str]:
        """What it asks for."""
        return Party(self.id, self.n_people, self.childcare_places)


@dataclass(slots=True)
class Run:
    """A training: its rules, and its places as they change. `waiting` is in order; `by_browser` are the groups that
    stand.
    """

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
    by_browser: dict[str, list[Standing]] = field(default_factory=dict)

    @property
    def occupied(self) -> int:
        return self.taken + self.reserved

    @property
    def room(self) -> Room:
        return Room(self.capacity, self.taken, self.childcare_capacity, self.childcare_taken, self.reserved)

    @room.setter
    def room(self, room: Room) -> None:
        self.capacity, self.taken, self.childcare_capacity, self.childcare_taken, self.reserved = room

    def same_browser(self, wish: SignUp) -> Iterator[Standing]:
        """The groups that the same people made from the same browser."""
        standing = self.by_browser.get(wish.browser_key or "", ())
        return (one for one in standing if one.is_of(wish))

    def number(self) -> int:
        """The next number of the waiting list: given once, never reused."""
        number = self.next_wait_number
        self.next_wait_number = number + 1
        return number


@dataclass(frozen=True, slots=True)
class Known:
    """Who came with an earlier code: the participant, what stands of them in this very training, courses completed."""

    participant_id: UUID
    email_key: str | None
    standing: SignedUp | None
    completed: frozenset[UUID]


class Standing(NamedTuple):
    """A group that stands, as the same sign-up again finds it: by its key, or by who comes and how they are reached.

    `people` are those who have not cancelled, in order. Of a sign-up of the same batch they are in its `wish`, which is
    looked into only where its browser comes again.
    """

    training_id: UUID
    body_hash: str
    created_at: datetime
    answer: SignedUp | None
    people: Sequence[Namesake] = ()
    contact_keys: frozenset[str] = frozenset()
    wish: SignUp | None = None

    def is_of(self, wish: SignUp) -> bool:
        """Whether the same people come, and are reached as before: one telephone signs up namesakes of a whole village,
        and a name alone, typed on a shared one, must open nothing.
        """
        people, reached_at = self.people, self.contact_keys
        if self.wish is not None:
            people, reached_at = self.wish.namesakes, self.wish.contact_keys
        typed = wish.contact_keys
        has_same_contact = bool(typed & reached_at) or not (typed or reached_at)
        return has_same_contact and wish.namesakes == people


@dataclass(slots=True)
class Situation:
    """Everything a batch touches. `spare_keys` are for groups that a command makes of people who have signed up."""

    at: datetime
    runs: dict[UUID, Run]
    drafts: dict[int, Draft]
    municipalities: frozenset[str]
    by_key: dict[str, Standing] = field(default_factory=dict)
    known: dict[int, Known] = field(default_factory=dict)
    counted: dict[int, tuple[Counted, ...]] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    group_of: dict[str, str] = field(default_factory=dict)
    spare_keys: dict[int, str] = field(default_factory=dict)

    def add_person(self, group: Group, person: Person) -> None:
        """Somebody who may leave."""
        group.people[person.id] = person
        self.group_of[person.id] = group.id

    def person(self, registration_id: str) -> tuple[Group, Person]:
        group = self.groups[self.group_of[registration_id]]
        return group, group.people[registration_id]

    def run_of(self, group_id: str) -> Run:
        """The training of a group that is known."""
        return self.runs[self.groups[group_id].training_id]
