"""The decisions over plain values, on random worlds: seats, childcare, repeats, people who leave."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.database import KEY
from tests.oracle import ACTS, Judge
from trainings.audit.actor import HOLDER_OF_LINK, VISITOR
from trainings.db.keyring import set_keyring
from trainings.lib.crypt import Keyring
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose
from trainings.registrations.changes import Changes
from trainings.registrations.commands import Command, Enter, Leave, Outcome, SignedUp
from trainings.registrations.deciding import decide
from trainings.registrations.models import HoldReason, RegistrationState, Source
from trainings.registrations.places import ChildcareFull
from trainings.registrations.sameness import KeyUsedAgain
from trainings.registrations.situation import Draft, Group, Meeting, Person, Run, Situation, Ticket
from trainings.registrations.wishes import Member, SignUp
from trainings.schedule.models import SessionState, TrainingState

NOW = datetime(2026, 11, 25, 18, tzinfo=UTC)
TRAINING, HUB, COURSE = UUID(int=1), UUID(int=2), UUID(int=3)


@pytest.fixture(autouse=True)
def _keyring() -> None:
    """Contacts are compared by keyed hashes; no database is needed for that."""
    set_keyring(Keyring([KEY]))


def run(seats: int, cots: int, **fields: Any) -> Run:
    """A training that is open, in three days."""
    day = NOW + timedelta(days=3)
    plain: dict[str, Any] = {
        "id": TRAINING,
        "hub_id": str(HUB),
        "hub_phone": "79001234",
        "contact_phone": "",
        "course_id": COURSE,
        "required_courses": frozenset(),
        "state": TrainingState.PUBLISHED,
        "capacity": seats,
        "taken": 0,
        "reserved": 0,
        "childcare_capacity": cots,
        "childcare_taken": 0,
        "next_wait_number": 1,
        "has_waiting_list": True,
        "offer_hours": None,
        "approval_required": False,
        "opens_at": None,
        "closes_at": None,
        "admits_minors": False,
        "minimum_age": None,
        "audience": [],
        "meetings": [Meeting(day, day + timedelta(hours=4), None, SessionState.PLANNED)],
    }
    return Run(**(plain | fields))


def wish(name: int, size: int = 1, children: int = 0, **fields: Any) -> SignUp:
    """A family of that many; equal numbers are the same names and the same telephone."""
    members = tuple(
        Member(
            PersonForm.model_validate(
                {
                    "given_names": f"Persona {name} {position}",
                    "surnames": "Coc",
                    "municipality": "0000",
                    "actor_type": "familia",
                    "phone": f"5555 {name:04d}",
                }
            )
        )
        for position in range(size)
    )
    return SignUp(members, frozenset({ConsentPurpose.DATA}), childcare_places=children, **fields)


@dataclass
class World:
    """One training through many batches: what one leaves behind the next finds, as if it were stored."""

    situation: Situation
    entered: list[SignedUp] = field(default_factory=list)
    n_drawn: int = 10

    @classmethod
    def of(cls, training: Run) -> World:
        return cls(Situation(NOW, {TRAINING: training}, {}, frozenset()))

    def draw(self) -> str:
        self.n_drawn += 1
        return str(UUID(int=self.n_drawn))

    def batch(self, *asked: SignUp | tuple[UUID, ...]) -> tuple[list[Outcome | Exception], Changes]:
        """Sign-ups, and the keys of people who leave, decided together."""
        commands: list[Command] = [
            Enter(TRAINING, one, VISITOR, "es-GT") if isinstance(one, SignUp) else Leave(TRAINING, one, HOLDER_OF_LINK)
            for one in asked
        ]
        self.situation.drafts = {
            number: Draft(
                self.draw(),
                "group-link",
                tuple(Ticket(self.draw(), "code", "qr", "link") for _member in one.members),
            )
            for number, one in enumerate(asked)
            if isinstance(one, SignUp)
        }
        # Nobody leaves at the end, so that all who enter are remembered: the next batch finds them as if stored.
        outcomes, changes = decide([*commands, Leave(TRAINING, (), HOLDER_OF_LINK)], self.situation)
        outcomes.pop()
        self._store(changes)
        self.entered += [one for one in outcomes if isinstance(one, SignedUp) and one.is_new]
        return outcomes, changes

    def _store(self, changes: Changes) -> None:
        for entry in changes.entries:
            draft, size = entry.draft, entry.command.wish.n_people
            if draft.group_id in self.situation.groups:
                continue
            wish, children = entry.command.wish, entry.command.wish.childcare_places
            group = Group(draft.group_id, entry.state, size, children, entry.wait_number)
            self.situation.groups[group.id] = group
            for ticket, keys in zip(draft.tickets, wish.keys, strict=True):
                self.situation.add_person(
                    group, Person(ticket.registration_id, keys.email_key, group.state, Source.WEB)
                )

    @property
    def run(self) -> Run:
        return self.situation.runs[TRAINING]


SIGN_UPS = st.tuples(st.integers(0, 3), st.integers(1, 4), st.sampled_from((0, 0, 1, 2)))
LEAVING = st.tuples(st.integers(0, 1_000), st.booleans())
BATCHES = st.lists(st.lists(st.one_of(SIGN_UPS, LEAVING), min_size=1, max_size=6), max_size=12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 8), st.integers(0, 4), BATCHES)
def test_every_log_of_random_families_is_what_the_judge_would_have_done(
    seats: int, cots: int, batches: list[list[tuple[Any, ...]]]
) -> None:
    world, judge = World.of(run(seats, cots)), Judge(seats, cots)

    for batch in batches:
        asked = [_asked(one, world) for one in batch]
        _outcomes, changes = world.batch(*[one for one in asked if one is not None])
        _judge(judge, changes, world)

    assert judge.faults == []
    people = {UUID(one.id) for group in world.situation.groups.values() for one in group.live}
    assert people == {one for family in judge.families.values() for one in family.people}
    numbers = [one.wait_number for one in world.situation.groups.values() if one.wait_number is not None]
    assert len(set(numbers)) == len(numbers)
    free, free_cots = judge.free()
    assert (world.run.taken, world.run.childcare_taken) == (seats - free, cots - free_cots)
    assert world.run.taken <= seats
    assert world.run.childcare_taken <= cots
    assert [group for group in world.situation.groups.values() if len({one.state for one in group.live}) > 1] == []


def _asked(drawn: tuple[Any, ...], world: World) -> SignUp | tuple[UUID, ...] | None:
    if len(drawn) == 3:
        return wish(*drawn)
    if not world.entered:
        return None
    which, everybody = drawn
    people: tuple[UUID, ...] = world.entered[which % len(world.entered)].registration_ids
    return people if everybody else people[which % len(people) :][:1]


def _judge(judge: Judge, changes: Changes, world: World) -> None:
    """Let the judge follow the lines of a batch."""
    lines = list(changes.lines)
    entries = {entry.draft.tickets[0].registration_id: entry for entry in changes.entries}
    while lines:
        line = lines.pop(0)
        if line.act == "registrations.sign_up":
            entry = entries[line.object_id]
            ids = {UUID(ticket.registration_id) for ticket in entry.draft.tickets}
            judge.sign_up(UUID(entry.draft.group_id), ids, line.detail)
            continue
        gone = [line, *(lines.pop(0) for _more in range(line.detail["people"] - 1))]
        said = []
        while lines and lines[0].act in ACTS[2:]:
            told = lines.pop(0)
            said.append((told.act.partition(".")[2], UUID(told.object_id), told.detail.get("lacking", "")))
        groups = [world.situation.group_of[one.object_id] for one in gone]
        left = [(UUID(group), UUID(one.object_id)) for group, one in zip(groups, gone, strict=True)]
        judge.expect(said, judge.leave(left))


def test_same_commands_over_the_same_situation_are_decided_alike() -> None:
    world = World.of(run(3, 1))
    world.batch(wish(1, 3), wish(2, 2), wish(3, 1))
    again = copy.deepcopy(world)
    asked = (world.entered[0].registration_ids, wish(4, 2, 1), wish(5, 1))

    assert world.batch(*asked) == again.batch(*asked)


def test_who_enters_and_moves_up_in_one_batch_is_confirmed() -> None:
    world = World.of(run(1, 0))
    world.batch(wish(1))
    first = world.entered[0].registration_ids

    _outcomes, changes = world.batch(wish(2), first)

    assert [entry.state for entry in changes.entries] == [RegistrationState.WAITLISTED]
    assert list(changes.promoted) == [changes.entries[0].draft.group_id]
    assert world.run.taken == 1


def test_same_key_twice_in_one_batch_is_one_and_with_other_answers_is_refused() -> None:
    world = World.of(run(5, 0))
    key = "01KATB3V8Y9Z0N4E5Q6R7S8T9V"

    outcomes, changes = world.batch(
        wish(1, idempotency_key=key, body_hash="a"),
        wish(1, idempotency_key=key, body_hash="a"),
        wish(2, idempotency_key=key, body_hash="b"),
    )

    first, again, refused = outcomes
    assert isinstance(first, SignedUp)
    assert isinstance(again, SignedUp)
    assert (again.registration_ids, again.is_new) == (first.registration_ids, False)
    assert isinstance(refused, KeyUsedAgain)
    assert len(changes.entries) == 1


def test_refused_command_changes_nothing_and_its_neighbours_stand() -> None:
    world = World.of(run(5, 1))

    outcomes, changes = world.batch(wish(1), wish(2, 1, 3), wish(3))

    assert [type(one) for one in outcomes] == [SignedUp, ChildcareFull, SignedUp]
    assert len(changes.entries) == len(changes.lines) == 2
    assert world.run.taken == 2


def test_who_leaves_while_staff_decide_about_their_card_frees_its_reserved_place() -> None:
    world = World.of(run(2, 0, reserved=1, taken=1))
    held = Group(world.draw(), RegistrationState.HELD, 1, 0, None, hold_reason=HoldReason.PREREQUISITE)
    person = Person(world.draw(), None, RegistrationState.HELD, Source.CARD, keeps_card=True)
    world.situation.groups[held.id] = held
    world.situation.add_person(held, person)
    world.batch(wish(1))
    waiting = world.entered[0].group

    _outcomes, changes = world.batch((UUID(person.id),), (UUID(person.id),))

    assert (list(changes.left), changes.cards, list(changes.promoted)) == ([person.id], [person.id], [waiting])
    assert (world.run.taken, world.run.reserved) == (2, 0)
