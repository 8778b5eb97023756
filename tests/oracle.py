"""An independent judge of one training's places: it replays the log of what was decided, by rules of its own writing.

It knows nothing of how the program decides: from the order of the log it works out who had to get in, to wait, to move
up and to be passed over, and compares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any
from uuid import UUID

from trainings.audit.models import AuditLine
from trainings.registrations.models import Registration, RegistrationGroup
from trainings.schedule.models import Training

ACTS = (
    "registrations.sign_up",
    "registrations.cancel",
    "registrations.promote",
    "registrations.pass_over",
)


INSIDE = ("confirmed", "offered")
Moved = list[tuple[str, UUID, str]]
"""What has to follow in the log: who moves up, and whom they overtake for what they lack."""


class RefusedError(Exception):
    """What the rules do not let be done."""


@dataclass
class Family:
    """A group as the judge keeps it: who is left of it, and who left when. `turn`: its place in the waiting list, which
    is kept where it cancels.
    """

    people: set[UUID]
    children: int
    state: str
    turn: Fraction | None = None
    gone: dict[UUID, int] = field(default_factory=dict)

    @property
    def seats(self) -> int:
        return len(self.people)

    @property
    def cots(self) -> int:
        return self.children if self.seats else 0


@dataclass
class Judge:
    """One training. `faults` is empty where the log is as it had to be. `now` goes on from batch to batch.

    `claimed` made their link their own, `let_in` were confirmed when they last came in, `joined` says to which other
    one a sign-up was joined, how it stood, and how many places in childcare count with that one.
    """

    seats: int
    cots: int
    offers: bool = False
    approves: bool = False
    reserved: int = 0
    families: dict[UUID, Family] = field(default_factory=dict)
    claimed: set[UUID] = field(default_factory=set)
    let_in: set[UUID] = field(default_factory=set)
    joined: dict[UUID, tuple[UUID, str, int]] = field(default_factory=dict)
    now: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def queue(self) -> list[UUID]:
        """The waiting list in its order."""
        waiting = [(one.turn, key) for key, one in self.families.items() if one.state == "waitlisted"]
        return [key for _turn, key in sorted(waiting, key=lambda each: each[0] or Fraction(0))]

    def group_of(self, person: UUID) -> UUID:
        return next(key for key, one in self.families.items() if person in one.people or person in one.gone)

    def free(self) -> tuple[int, int]:
        inside = [one for one in self.families.values() if one.state in INSIDE]
        seats = self.seats - self.reserved - sum(one.seats for one in inside)
        return seats, self.cots - sum(one.cots for one in inside)

    def fits(self, family: Family) -> str:
        """What a family lacks; nothing where it fits."""
        seats, cots = self.free()
        if len(family.people) > seats:
            return "seats"
        return "childcare" if family.children > cots else ""

    def sign_up(self, group: UUID, people: set[UUID], detail: Mapping[str, Any]) -> None:
        self._begin(group, Family(people, detail["childcare"], ""))
        self.expect(f"{group} begins {detail['state']}", f"{group} begins {self.families[group].state}")

    def use_card(self, group: UUID, person: UUID, *, is_reserved: bool) -> None:
        """A reserved card has its place, a spare one is a sign-up like any other."""
        family = Family({person}, 0, "")
        if not is_reserved:
            self._begin(group, family)
            return
        self.reserved -= 1
        self.families[group] = family
        self._put(group, "confirmed")

    def _begin(self, group: UUID, family: Family) -> None:
        state = "held" if self.approves else "waitlisted" if self.fits(family) else "confirmed"
        self.families[group] = family
        self._put(group, state)

    def leave(self, together: Sequence[tuple[UUID, UUID]]) -> Moved:
        """Each with the group."""
        gives_way = False
        for group, person in together:
            family = self.families[group]
            family.people.remove(person)
            family.gone[person] = self.now
            gives_way = gives_way or family.state in INSIDE or bool(family.people)
            if not family.people:
                family.state = "cancelled"
        return self.moves() if gives_way else []

    def decline(self, group: UUID) -> Moved:
        """Who has their own link answers alone, unless nobody else is left."""
        if self.families[group].state == "cancelled":
            return []
        self._only("offered", group)
        people = self.families[group].people
        leaving = people - self.claimed or people
        if len(people) > 1 and people <= self.claimed:
            raise RefusedError
        return self.leave([(group, one) for one in sorted(leaving)])

    def step_out(self, person: UUID, own: UUID) -> Moved:
        """A family of their own, right behind the other one where it waits. Childcare stays with the family."""
        family = self.families[self.group_of(person)]
        alone = self.families[own] = Family(set(), 0, "cancelled", self._turn_behind(family.turn))
        if person in family.gone:
            alone.gone[person] = family.gone.pop(person)
            return []
        family.people.remove(person)
        alone.people.add(person)
        alone.state = family.state
        if not family.people:
            family.state = "cancelled"
        return self.moves() if alone.state == "waitlisted" or not family.people else []

    def come_back(self, group: UUID) -> None:
        """Those who left last, if nobody of them comes any more: all in, or all waiting."""
        family = self.families[group]
        if family.state != "cancelled":
            return
        members = {one: left for one, left in family.gone.items() if one not in self.claimed | self.joined.keys()}
        if not members:
            raise RefusedError
        self._again(group, {one for one, left in members.items() if left == max(members.values())})

    def come_back_alone(self, person: UUID, own: UUID, *, by_staff: bool) -> None:
        """With the others where there is a place, else alone: who has their own link, or whom staff take up."""
        group = self.group_of(person)
        family = self.families[group]
        if person in family.people:
            return
        if person in self.joined:
            raise RefusedError
        is_alone = person in self.claimed and len(family.people) + len(family.gone) > 1
        waits_for_staff = self.approves and not by_staff and person not in self.let_in
        has_room = family.state in INSIDE and self.free()[0] > 0 and not waits_for_staff
        if family.state == "cancelled" and not is_alone:
            self._again(group, {person})
        elif family.state == "held" or has_room:
            del family.gone[person]
            family.people.add(person)
            self._mark(person, family.state)
            if family.state == "offered":
                self.let_in.discard(person)
        elif is_alone or by_staff:
            del family.gone[person]
            self._begin(own, Family({person}, 0, ""))
        else:
            raise RefusedError

    def _again(self, group: UUID, people: set[UUID]) -> None:
        family = self.families[group]
        if family.children > self.cots:
            raise RefusedError
        for one in people:
            del family.gone[one]
        family.people = people
        # Of those who are not there yet nobody is counted.
        self._begin(group, family)

    def join(self, kept: UUID, one: UUID) -> Moved:
        """One person's sign-ups become one; what is asked for more of childcare counts with the kept one."""
        group = self.group_of(one)
        mine, other = self.families[group], self.families[self.group_of(kept)]
        if one not in mine.people:
            return []
        more, is_in, other_is_in = mine.children - other.children, mine.state in INSIDE, other.state in INSIDE
        cannot = more <= 0 or mine.seats > 1 or (is_in and not other_is_in)
        if cannot or (other_is_in and not is_in and more > self.free()[1]):
            more = 0
        mine.children, other.children = mine.children - more, other.children + more
        self.joined[one] = (kept, mine.state, more)
        return self.leave([(group, one)])

    def stand_again(self, one: UUID, own: UUID) -> Moved:
        """As it stood before; whose place is gone is the first of the list."""
        if one not in self.joined:
            return []
        kept, state, lent = self.joined.pop(one)
        group, other = self.group_of(one), self.families[self.group_of(kept)]
        family = self.families[group]
        lent = min(lent, other.children)
        family.children, other.children = family.children + lent, other.children - lent
        if state in INSIDE and self.fits(Family({one}, family.children if family.state == "cancelled" else 0, "")):
            state = "waitlisted"
        if family.state not in (state, "cancelled"):
            self.step_out(one, own)
            group, family = own, self.families[own]
        del family.gone[one]
        family.people.add(one)
        family.state = state
        if state == "waitlisted" and family.turn is None:
            family.turn = min(self._turns(), default=Fraction(1)) - 1
        return self.moves()

    def _turns(self) -> list[Fraction]:
        return [one.turn for one in self.families.values() if one.turn is not None]

    def _turn_behind(self, turn: Fraction | None) -> Fraction | None:
        if turn is None:
            return None
        behind = [other for other in self._turns() if other > turn]
        return (turn + min(behind)) / 2 if behind else turn + 1

    def approve(self, group: UUID) -> None:
        self._only("held", group)
        self._put(group, "waitlisted" if self.fits(self.families[group]) else "confirmed")

    def accept(self, group: UUID) -> None:
        if self.families[group].state != "confirmed":
            self._only("offered", group)
            self._put(group, "confirmed")

    def step_back(self, group: UUID) -> Moved:
        """It waits at the end of the list, unless the place would come straight back."""
        if self.families[group].state == "waitlisted":
            return []
        self._only("confirmed", group)
        before = deepcopy((self.families, self.let_in))
        self._put(group, "waitlisted")
        moved = self.moves()
        if ("promote", group, "") in moved:
            self.families, self.let_in = before
            raise RefusedError
        return moved

    def let_first(self, group: UUID) -> Moved:
        """Staff let it go before those who are before it, where it fits."""
        self._only("waitlisted", group)
        if self.fits(self.families[group]):
            raise RefusedError
        before = self.queue[: self.queue.index(group)]
        self._put(group, self._up())
        return [*(("pass_over", one, "") for one in before), ("promote", group, "")]

    def fewer_children(self, group: UUID, n: int) -> Moved:
        if n >= self.families[group].children:
            return []
        self.families[group].children = n
        return self.moves()

    def resize(self, seats: int, cots: int) -> Moved:
        """Nobody who has a place may lose it."""
        free_seats, free_cots = self.free()
        if seats < self.seats - free_seats or cots < self.cots - free_cots:
            raise RefusedError
        has_changed, self.seats, self.cots = (seats, cots) != (self.seats, self.cots), seats, cots
        return self.moves() if has_changed else []

    def set_aside(self, n: int) -> None:
        if n > self.free()[0]:
            raise RefusedError
        self.reserved += n

    def give_up_cards(self, n: int) -> Moved:
        self.reserved -= n
        return self.moves()

    def moves(self) -> Moved:
        """Who has to move up now, first come first served by family that fits, and whom they overtake."""
        up: Moved = []
        lacking: Moved = []
        overtaken = 0
        for key in list(self.queue):
            lack = self.fits(self.families[key])
            if lack:
                lacking.append(("pass_over", key, lack))
            else:
                self._put(key, self._up())
                up.append(("promote", key, ""))
                overtaken = len(lacking)
        return up + lacking[:overtaken]

    def _up(self) -> str:
        return "offered" if self.offers else "confirmed"

    def _only(self, state: str, group: UUID) -> None:
        if self.families[group].state != state:
            raise RefusedError

    def _put(self, group: UUID, state: str) -> None:
        """A family in a state; at the end of the list where it waits."""
        family = self.families[group]
        family.turn = max(self._turns(), default=Fraction(0)) + 1 if state == "waitlisted" else None
        family.state = state
        for one in family.people:
            self._mark(one, state)

    def _mark(self, person: UUID, state: str) -> None:
        """Who was offered a place was not let in yet, but stays so who was before."""
        if state == "confirmed":
            self.let_in.add(person)
        elif state != "offered":
            self.let_in.discard(person)

    def expect(self, said: object, right: object) -> None:
        if said != right:
            self.faults.append(f"the log says {said}, right was {right}")


async def faults_of(training_id: UUID) -> list[str]:
    """What is wrong with a training's log, its rows or its numbers."""
    training = await Training.get(id=training_id)
    people = await Registration.filter(training_id=training_id).order_by("id")
    groups = {one.id: one for one in await RegistrationGroup.filter(training_id=training_id)}
    group_of = {one.id: one.group_id for one in people}
    ids = [*group_of, *groups]
    lines = await AuditLine.filter(act__in=ACTS, object_id__in=ids).order_by("id")
    judge = Judge(training.capacity, training.childcare_capacity)
    _replay(judge, lines, group_of, people)
    _compare_rows(judge, training, list(groups.values()), people)
    return judge.faults


def _replay(
    judge: Judge, lines: Sequence[AuditLine], group_of: Mapping[UUID, UUID], people: Sequence[Registration]
) -> None:
    members: dict[UUID, list[Registration]] = {}
    for one in people:
        members.setdefault(one.group_id, []).append(one)
    left = list(lines)
    while left:
        line = left.pop(0)
        assert line.object_id is not None
        if line.act == "registrations.sign_up":
            group = group_of[line.object_id]
            judge.expect(line.detail["people"], len(members[group]))
            judge.sign_up(group, {one.id for one in members[group]}, line.detail)
        elif line.act == "registrations.cancel":
            together = [line, *(left.pop(0) for _more in range(line.detail["people"] - 1))]
            ids = [one.object_id for one in together if one.object_id is not None]
            said = []
            while left and left[0].act in ACTS[2:]:
                told = left.pop(0)
                said.append((told.act.partition(".")[2], told.object_id, told.detail.get("lacking", "")))
            judge.expect(said, judge.leave([(group_of[one], one) for one in ids]))
        else:
            judge.faults.append(f"{line.act} of {line.object_id} came out of nothing")


def _compare_rows(
    judge: Judge, training: Training, groups: Sequence[RegistrationGroup], people: Sequence[Registration]
) -> None:
    """Rows say what the log says: nobody is oversold, no family split, nobody waits who fits."""
    judge.expect({one.id: one.state.value for one in groups}, {key: one.state for key, one in judge.families.items()})
    numbers = [one.wait_number for one in groups if one.wait_number is not None]
    judge.expect(len(set(numbers)), len(numbers))
    live: dict[UUID, set[str]] = {}
    for one in people:
        if one.state.value != "cancelled":
            live.setdefault(one.group_id, set()).add(one.state.value)
    judge.expect([key for key, states in live.items() if len(states) > 1], [])
    seats, cots = judge.free()
    judge.expect((training.taken, training.childcare_taken), (judge.seats - seats, judge.cots - cots))
    judge.expect([seats >= 0, cots >= 0], [True, True])
    waiting = [key for key, one in judge.families.items() if one.state == "waitlisted" and not judge.fits(one)]
    judge.expect(waiting, [])


async def states() -> Counter[str]:
    """How many people are in which state, in all trainings."""
    return Counter([state for (state,) in await Registration.all().values_list("state")])
