"""What is known while a batch of commands is decided: plain values, changed in memory as one command after another is.

Nothing here reads or writes the database, so that decisions can be replayed. What is made anew for each sign-up is a
named tuple: a frozen dataclass takes more than twice as long to make. Ids of groups and registrations are texts, as
they are written: a UUID takes longer to make, to look up and to write than all that is decided about it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from trainings.limits.actions import Counted
from trainings.people.actions import Sameness
from trainings.registrations.allocation import Party, Room
from trainings.registrations.commands import SignedUp
from trainings.registrations.models import TAKES_PLACE, HoldReason, RegistrationState, Source
from trainings.registrations.wishes import Namesake, SignUp
from trainings.schedule.models import SessionState, TrainingState


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session, as far as a training's phase depends on it."""

    starts_at: datetime
    ends_at: datetime
    closed_at: datetime | None
    state: SessionState


class Alike(NamedTuple):
    """A live registration that others may look like: by names, municipality, and one of the contacts.

    Who waits for staff (`is_held`) is the first only of others who do: who is let in meanwhile counts. `waits_in` is
    the group in which it stood on the waiting list when it was read.
    """

    id: str
    name_key: str
    municipality: str | None
    phone_key: str | None
    email_key: str | None
    is_held: bool = False
    waits_in: str | None = None

    def is_like(self, keys: Sameness) -> bool:
        is_named_so = (self.name_key, self.municipality) == (keys.name_key, keys.municipality)
        return is_named_so and (self.phone_key in keys.phone_keys or self.email_key in keys.email_keys)


@dataclass(slots=True)
class Person:
    """One registration of a group that is being changed. `first_id` is the one that it looks like; `keeps_card`: it
    waits for staff with a named card, whose place is reserved until they answer.
    """

    looks: Alike
    state: RegistrationState
    source: Source
    first_id: str | None
    keeps_card: bool = False

    @property
    def id(self) -> str:
        return self.looks.id

    @property
    def is_alike(self) -> bool:
        return self.first_id is not None

    @property
    def is_live(self) -> bool:
        return self.state is not RegistrationState.CANCELLED

    @property
    def is_counted(self) -> bool:
        """Whether there is a seat for this one: nobody counted who came without a sign-up."""
        return self.state in TAKES_PLACE and self.source is not Source.WALK_IN

    @property
    def holds_place(self) -> bool:
        return self.is_counted and not self.is_alike


@dataclass(slots=True)
class Group:
    """A group, with its people where they are being changed. `alike` are the look-alikes in it, each with its first."""

    id: str
    state: RegistrationState
    n_people: int
    childcare_places: int
    wait_number: int | None
    alike: dict[str, str] = field(default_factory=dict)
    hold_reason: HoldReason | None = None
    people: dict[str, Person] = field(default_factory=dict)

    @property
    def live(self) -> list[Person]:
        return [one for one in self.people.values() if one.is_live]


@dataclass(slots=True)
class Run:
    """A training: its rules, and its places as they change. `waiting` is in order; `is_cut`: it is longer.

    `alike` are those whom others may look like, by folded name, the oldest first; `by_browser` the groups that stand.
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
    is_cut: bool = False
    alike: dict[str, list[Alike]] = field(default_factory=dict)
    by_browser: dict[str, list[Standing]] = field(default_factory=dict)

    @property
    def occupied(self) -> int:
        return self.taken + self.reserved

    @property
    def room(self) -> Room:
        return Room(self.capacity, self.taken, self.childcare_capacity, self.childcare_taken, self.reserved)

    @room.setter
    def room(self, room: Room) -> None:
        self.taken, self.childcare_taken, self.reserved = room.taken, room.childcare_taken, room.reserved

    def add_alike(self, one: Alike) -> None:
        """From now on others may look like this one."""
        others = self.alike.setdefault(one.name_key, [])
        if one not in others:
            others.append(one)
        others.sort(key=lambda each: each.id)

    def drop_alike(self, one: Alike) -> None:
        """Nobody looks like who left."""
        others = self.alike.get(one.name_key, [])
        others[:] = [each for each in others if each.id != one.id]

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
    """Who came with an earlier code: the participant, what they have in this very training, courses completed."""

    participant_id: UUID
    email_key: str | None
    standing: Alike | None
    completed: frozenset[UUID]

    def standing_for(self, *, is_held: bool) -> Alike | None:
        """What they have, as the first of one that is held or not."""
        return self.standing if self.standing is not None and (is_held or not self.standing.is_held) else None


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


@dataclass(slots=True)
class Situation:
    """Everything a batch touches. `heirs` are the live look-alikes of somebody, the oldest first; `waits` are those on
    the waiting list whom others may look like, each with its group; `claimed` made their link their own, of those whom
    somebody else wants to take out.
    """

    at: datetime
    runs: dict[UUID, Run]
    drafts: dict[int, Draft]
    municipalities: frozenset[str]
    by_key: dict[str, Standing] = field(default_factory=dict)
    known: dict[int, Known] = field(default_factory=dict)
    counted: dict[int, tuple[Counted, ...]] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    group_of: dict[str, str] = field(default_factory=dict)
    heirs: dict[str, list[str]] = field(default_factory=dict)
    waits: dict[str, str] = field(default_factory=dict)
    claimed: frozenset[str] = frozenset()

    def look_alike(self, run: Run, keys: Sameness, *, is_held: bool) -> Alike | None:
        """The first live registration like this one, which itself is held or not: who is in before who waits.

        By name alone nobody is the same.
        """
        if not keys.phone_keys and not keys.email_keys:
            return None
        others = run.alike.get(keys.name_key)
        if not others:
            return None
        found = [one for one in others if one.is_like(keys) and (is_held or not one.is_held)]
        return min(found, key=lambda one: one.id in self.waits, default=None)

    def add_person(self, group: Group, person: Person) -> None:
        """Somebody who may leave, or come in the stead of who does."""
        group.people[person.id] = person
        self.group_of[person.id] = group.id
        if person.first_id is not None and person.is_live:
            group.alike[person.id] = person.first_id
            self.heirs.setdefault(person.first_id, []).append(person.id)

    def person(self, registration_id: str) -> tuple[Group, Person]:
        group = self.groups[self.group_of[registration_id]]
        return group, group.people[registration_id]

    def parties(self, groups: Iterable[Group]) -> list[Party[str]]:
        """What groups of a waiting list ask for, of whom some look alike."""
        firsts: dict[str, list[str]] = defaultdict(list)
        for first_id, group_id in self.waits.items():
            firsts[group_id].append(first_id)
        return [self._party(group, firsts.get(group.id, ())) for group in groups]

    def _party(self, group: Group, firsts: Sequence[str]) -> Party[str]:
        shared = [first for _one, first in self.behind(group)]
        n_alike = len(group.alike) - len(shared)
        return Party(group.id, group.n_people, group.childcare_places, n_alike, (*shared, *firsts))

    def behind(self, group: Group) -> list[tuple[str, str]]:
        """Those of a waiting group whose first waits too, in another group; each with that first."""
        return [(one, first) for one, first in group.alike.items() if self.waits.get(first, group.id) != group.id]

    def stand_first(self, chosen_id: str, first_id: str) -> list[str]:
        """Somebody got in while the first of those who look alike waits: from now on they look like this one. Who of
        them was read.
        """
        group = self.groups.get(self.waits.pop(first_id))
        for one in self.groups.values():
            one.alike.update({key: chosen_id for key, first in one.alike.items() if first == first_id})
        if group is not None:
            group.alike[first_id] = chosen_id
        known = [one for one in (first_id, *self.heirs.pop(first_id, ())) if one in self.group_of]
        for key in known:
            self.person(key)[1].first_id = chosen_id
        self.heirs.setdefault(chosen_id, []).extend(known)
        return known
