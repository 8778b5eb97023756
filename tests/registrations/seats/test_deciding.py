"""The decisions over plain values, on random worlds: seats, childcare, repeats, people who leave."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.database import KEY
from tests.oracle import ACTS, Judge, Moved, RefusedError
from trainings.audit.actor import FILLER_OF_FORM, HOLDER_OF_LINK, VISITOR, Actor
from trainings.db.fields import set_keyring
from trainings.lib.crypt import Keyring
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose
from trainings.registrations.commands import (
    Accept,
    Approve,
    Command,
    Decline,
    Draft,
    Enter,
    FewerChildren,
    Fill,
    HandReason,
    Join,
    Leave,
    LetGoFirst,
    Member,
    Move,
    MoveOut,
    Outcome,
    Rejoin,
    Resize,
    SetAside,
    SignedUp,
    SignUp,
    StandAgain,
    StepBack,
    Ticket,
    UseCard,
)
from trainings.registrations.models import CardState, Farewell, HoldReason, RegistrationState, Source
from trainings.registrations.seats.allocation import ChildcareFull
from trainings.registrations.seats.deciding import decide
from trainings.registrations.seats.entering import KeyUsedAgain
from trainings.registrations.seats.situation import Changes, Group, Meeting, Person, Run, Situation
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
    """One training through many batches: what one leaves behind the next finds, as if it were stored.

    `cards_asked`: so many reserved cards are used or given up in this batch; each is only once.
    """

    situation: Situation
    entered: list[SignedUp] = field(default_factory=list)
    n_drawn: int = 10
    cards_asked: int = 0

    @classmethod
    def of(cls, training: Run) -> World:
        return cls(Situation(NOW, {TRAINING: training}, {}, frozenset()))

    def draw(self) -> str:
        self.n_drawn += 1
        return str(UUID(int=self.n_drawn))

    def batch(self, *asked: SignUp | tuple[UUID, ...] | Move) -> tuple[list[Outcome | Exception], Changes]:
        """Sign-ups, the keys of people who leave, and whatever else, decided together."""
        commands = [_command(one) for one in asked]
        self.situation.drafts = {
            number: Draft(
                self.draw(),
                "group-link",
                tuple(Ticket(self.draw(), "code", "qr", "link") for _member in one.members),
            )
            for number, one in enumerate(asked)
            if isinstance(one, SignUp)
        }
        self.situation.spare_keys = {number: self.draw() for number in range(len(asked) + 1)}
        # Nobody leaves at the end, so that all who enter are remembered: the next batch finds them as if stored.
        outcomes, changes = decide([*commands, _command(())], self.situation)
        outcomes.pop()
        self._store(changes)
        self.entered += [one for one in outcomes if isinstance(one, SignedUp) and one.is_new]
        return outcomes, changes

    def _store(self, changes: Changes) -> None:
        for entry in changes.entries:
            draft, wish = entry.draft, entry.command.wish
            if draft.group_id in self.situation.groups:
                continue
            size, children = wish.n_people, wish.childcare_places
            group = Group(
                draft.group_id, TRAINING, entry.state, size, children, entry.wait_number, NOW, entry.hold_reason
            )
            self.situation.groups[group.id] = group
            for ticket, keys in zip(draft.tickets, wish.keys, strict=True):
                self.situation.add_person(
                    group, Person(ticket.registration_id, keys.email_key, group.state, Source.WEB)
                )

    @property
    def run(self) -> Run:
        [found] = self.situation.runs.values()
        return found


def _command(asked: SignUp | tuple[UUID, ...] | Move) -> Command:
    if isinstance(asked, Move):
        return asked
    if isinstance(asked, SignUp):
        return Enter(TRAINING, asked, VISITOR, "es-GT")
    return Leave(training_id=TRAINING, registration_ids=asked, actor=HOLDER_OF_LINK)


# -- against the judge

SIGN_UPS = st.tuples(st.integers(0, 3), st.integers(1, 4), st.sampled_from((0, 0, 1, 2)))
ACTS_OF_ALL = ("resize", "give up cards", "set aside", "use reserved", "use spare")
ACTS_OF_GROUPS = (
    "leave",
    "leave",
    "approve",
    "accept",
    "decline",
    "let first",
    "step back",
    "step back",
    "fewer children",
    "come back",
)
ACTS_OF_ONE = (
    *("one leaves", "one leaves", "taken out", "claim", "answer alone", "step out"),
    *("come back alone", "staff take back", "join", "join", "stand again", "stand again"),
)
MOVES = st.tuples(st.sampled_from((*ACTS_OF_ALL, *ACTS_OF_GROUPS, *ACTS_OF_ONE)), st.integers(0, 1_000))
BATCHES = st.lists(st.lists(st.one_of(SIGN_UPS, MOVES), min_size=1, max_size=6), max_size=12)


@settings(max_examples=150)
@given(st.integers(0, 8), st.integers(0, 4), st.integers(0, 2), st.booleans(), st.booleans(), BATCHES)
def test_every_log_of_random_families_is_what_the_judge_would_have_done(
    seats: int, cots: int, reserved: int, offers: bool, approves: bool, batches: list[list[tuple[Any, ...]]]
) -> None:
    seats += reserved
    fields = {"reserved": reserved, "offer_hours": 24 if offers else None, "approval_required": approves}
    world, judge = World.of(run(seats, cots, **fields)), Judge(seats, cots, offers, approves, reserved)

    for batch in batches:
        world.situation.at += timedelta(minutes=1)
        judge.now += 1
        world.cards_asked = 0
        asked = [one for one in (_asked(drawn, world, judge) for drawn in batch) if one is not None]
        outcomes, changes = world.batch(*asked)
        _judge(judge, asked, outcomes, changes, world)
        _compare(judge, world)

    assert judge.faults == []


PLAIN: dict[str, Any] = {"training_id": TRAINING, "actor": HOLDER_OF_LINK}
STAFF = Actor(id=UUID(int=4), role="hub_coordinator")


def _asked(drawn: tuple[Any, ...], world: World, judge: Judge) -> SignUp | Move | None:
    """What was drawn, of people and groups that are there. Nothing where there is nobody for it."""
    if len(drawn) == 3:
        return wish(*drawn)
    act, number = drawn
    if act in ACTS_OF_ALL:
        return _of_all(act, number, world, judge)
    if not judge.families:
        return None
    if act in ACTS_OF_GROUPS:
        return _of_group(act, number, world, judge)
    people = sorted(map(UUID, world.situation.group_of))
    return _of_one(act, number, people, world, judge)


def _of_all(act: str, number: int, world: World, judge: Judge) -> Move | None:
    if act == "resize":
        return Resize(**PLAIN, capacity=number % 11, childcare_capacity=number % 5)
    if act == "set aside":
        return SetAside(**PLAIN, n_cards=1 + number % 3)
    has_card = judge.reserved > world.cards_asked
    if act == "give up cards":
        n_cards = int(has_card and not number % 3)
        world.cards_asked += n_cards
        return Fill(**PLAIN, n_cards=n_cards)
    is_reserved = act == "use reserved"
    if is_reserved and not has_card:
        return None
    world.cards_asked += is_reserved
    draft = Draft(world.draw(), "group-link", (Ticket(world.draw(), "code", "qr", "link"),))
    fields: dict[str, Any] = {"card_id": UUID(int=5), "draft": draft, "is_reserved": is_reserved}
    return UseCard(**PLAIN, wish=wish(5, source=Source.CARD), lang="es-GT", **fields)


def _of_group(act: str, number: int, world: World, judge: Judge) -> Move | None:
    key = list(judge.families)[number % len(judge.families)]
    if act == "leave":
        return Leave(**PLAIN, registration_ids=tuple(sorted(map(UUID, world.situation.groups[str(key)].people))))
    of_group = {**PLAIN, "group_ids": (key,)}
    by_act: dict[str, Move] = {
        "accept": Accept(**of_group),
        "approve": Approve(**of_group),
        "decline": Decline(**of_group),
        "step back": StepBack(**of_group),
        "let first": LetGoFirst(**of_group, reason=HandReason.ERROR),
        "fewer children": FewerChildren(**of_group, n=number % 3),
        "come back": Rejoin(**of_group),
    }
    return by_act[act]


def _of_one(act: str, number: int, people: Sequence[UUID], world: World, judge: Judge) -> Move | None:
    one = people[number % len(people)]
    if act == "claim":
        world.situation.person(str(one))[1].has_own_link = True
        judge.claimed.add(one)
        return None
    if act == "join":
        live = [(key, person) for key, family in judge.families.items() for person in sorted(family.people)]
        others = [person for key, person in live if key != judge.group_of(one)]
        kept = others[number % len(others)] if others and one in dict(map(reversed, live)) else None  # type: ignore[arg-type]
        fields: dict[str, Any] = {"registration_ids": (one,), "farewell": Farewell.JOINED}
        return Join(**PLAIN, **fields, kept_id=kept) if kept is not None else None
    if act == "stand again":
        joined = sorted(judge.joined)
        one = joined[number % len(joined)] if joined else one
        return StandAgain(**PLAIN, registration_ids=(one,), kept_id=judge.joined[one][0]) if joined else None
    of_one = {**PLAIN, "registration_ids": (one,)}
    by_act: dict[str, Move] = {
        "one leaves": Leave(**of_one),
        "taken out": Leave(**(of_one | {"actor": FILLER_OF_FORM})),
        "answer alone": MoveOut(**of_one, to_answer=True),
        "step out": MoveOut(**of_one),
        "come back alone": Rejoin(**of_one),
        "staff take back": Rejoin(**(of_one | {"actor": STAFF})),
    }
    return by_act[act]


def _judge(
    judge: Judge,
    asked: Sequence[SignUp | Move],
    outcomes: Sequence[Outcome | Exception],
    changes: Changes,
    world: World,
) -> None:
    """Let the judge follow a batch, command by command; who moves up and who is passed over is told as it must be."""
    begun = {entry.draft.group_id: entry.line("").detail for entry in changes.entries}
    right: Moved = []
    for number, (command, outcome) in enumerate(zip(asked, outcomes, strict=True)):
        if isinstance(command, SignUp):
            if isinstance(outcome, SignedUp) and outcome.is_new:
                judge.sign_up(outcome.group_id, set(outcome.registration_ids), begun[outcome.group])
            else:
                judge.expect(type(outcome), SignedUp if command.childcare_places <= judge.cots else ChildcareFull)
            continue
        try:
            right += _judged(judge, command, UUID(world.situation.spare_keys[number]))
        except RefusedError:
            judge.expect(f"{command} refused: {isinstance(outcome, Exception)}", f"{command} refused: True")
        else:
            judge.expect(f"{command} refused: {isinstance(outcome, Exception)}", f"{command} refused: False")
    judge.expect(
        [
            (line.act.partition(".")[2], UUID(line.object_id), line.detail.get("lacking", ""))
            for line in changes.lines
            if line.act in ACTS[2:]
        ],
        right,
    )


def _judged(judge: Judge, command: Move, own: UUID) -> Moved:  # noqa: C901 - a case for each command
    match command:
        case Decline():
            return judge.decline(UUID(command.group))
        case Join():
            return judge.join(command.kept_id, UUID(command.person))
        case Leave():
            return _judged_leave(judge, command)
        case Approve():
            judge.approve(UUID(command.group))
        case Accept():
            judge.accept(UUID(command.group))
        case StepBack():
            return judge.step_back(UUID(command.group))
        case LetGoFirst():
            return judge.let_first(UUID(command.group))
        case FewerChildren():
            return judge.fewer_children(UUID(command.group), command.n)
        case MoveOut():
            person = UUID(command.person)
            family = judge.families[judge.group_of(person)]
            has_to = family.state == "offered" and family.seats > 1 and person in judge.claimed & family.people
            return judge.step_out(person, own) if has_to or not command.to_answer else []
        case Rejoin() if command.group_ids:
            judge.come_back(UUID(command.group))
        case Rejoin():
            judge.come_back_alone(UUID(command.person), own, by_staff=command.actor == STAFF)
        case StandAgain():
            return judge.stand_again(UUID(command.person), own)
        case Resize():
            return judge.resize(command.capacity, command.childcare_capacity)
        case SetAside():
            judge.set_aside(command.n_cards)
        case Fill():
            return judge.give_up_cards(command.n_cards)
        case UseCard():
            [ticket] = command.draft.tickets
            judge.use_card(UUID(command.draft.group_id), UUID(ticket.registration_id), is_reserved=command.is_reserved)
    return []


def _judged_leave(judge: Judge, command: Leave) -> Moved:
    by_filler = command.actor == FILLER_OF_FORM
    asked = [one for one in command.registration_ids if not (by_filler and one in judge.claimed)]
    if by_filler and not asked:
        raise RefusedError
    found = [(judge.group_of(one), one) for one in asked]
    return judge.leave([(group, one) for group, one in found if one in judge.families[group].people])


def _compare(judge: Judge, world: World) -> None:
    """The world is as the judge has it: nobody is oversold, no family torn apart, and the list is in its order."""
    groups = world.situation.groups.values()
    stands = {UUID(one.id): (str(one.state), {UUID(person.id) for person in one.live}) for one in groups}
    assert stands == {key: (one.state, one.people) for key, one in judge.families.items()}
    assert [group.id for group in groups if {one.state for one in group.live} - {group.state}] == []
    assert [group.id for group in groups if group.live and len(group.live) != group.n_people] == []
    free, free_cots = judge.free()
    taken = judge.seats - judge.reserved - free, judge.cots - free_cots
    assert (world.run.taken, world.run.childcare_taken, world.run.reserved) == (*taken, judge.reserved)
    assert (world.run.occupied <= world.run.capacity, taken[1] <= judge.cots) == (True, True)
    numbered = sorted((one for one in groups if one.state == "waitlisted"), key=lambda one: one.wait_number or 0)
    assert [UUID(one.id) for one in numbered] == [UUID(one) for one in world.run.waiting] == judge.queue
    numbers = [one.wait_number for one in groups if one.wait_number is not None]
    assert len(set(numbers)) == len(numbers)


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
    held = Group(world.draw(), TRAINING, RegistrationState.HELD, 1, 0, None, NOW, HoldReason.PREREQUISITE)
    person = Person(world.draw(), None, RegistrationState.HELD, Source.CARD, held_card=CardState.USED)
    world.situation.groups[held.id] = held
    world.situation.add_person(held, person)
    world.batch(wish(1))
    waiting = world.entered[0].group

    _outcomes, changes = world.batch((UUID(person.id),), (UUID(person.id),))

    assert list(changes.people) == [person.id]
    assert (changes.cards, list(changes.promoted)) == ({person.id: CardState.RELEASED}, [waiting])
    assert (world.run.taken, world.run.reserved) == (2, 0)
