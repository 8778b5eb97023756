"""An independent judge of one training's places: it replays the log of what was decided, by rules of its own writing.

It knows nothing of how the program decides: from the order of the log it works out who had to get in, to wait, to move
up and to be passed over, and compares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    """A group as the judge keeps it: who is left of it."""

    people: set[UUID]
    children: int
    state: str

    @property
    def seats(self) -> int:
        return len(self.people)

    @property
    def cots(self) -> int:
        return self.children if self.seats else 0


@dataclass
class Judge:
    """One training. `faults` is empty where the log is as it had to be. `queue` is the waiting list in its order."""

    seats: int
    cots: int
    offers: bool = False
    approves: bool = False
    reserved: int = 0
    families: dict[UUID, Family] = field(default_factory=dict)
    queue: list[UUID] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

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
        family = Family(people, detail["childcare"], "")
        family.state = "held" if self.approves else "waitlisted" if self.fits(family) else "confirmed"
        self.expect(f"{group} begins {detail['state']}", f"{group} begins {family.state}")
        self.families[group] = family
        if family.state == "waitlisted":
            self.queue.append(group)

    def leave(self, together: Sequence[tuple[UUID, UUID]]) -> Moved:
        """Each with the group."""
        gives_way = False
        for group, person in together:
            family = self.families[group]
            family.people.remove(person)
            gives_way = gives_way or family.state in INSIDE or bool(family.people)
            if not family.people:
                self._put(group, "cancelled")
        return self.moves() if gives_way else []

    def approve(self, group: UUID, person: UUID) -> None:
        """Staff say yes to one of a family, and so to all who are left of it."""
        self._only("held", group)
        if person not in self.families[group].people:
            raise RefusedError
        self._put(group, "waitlisted" if self.fits(self.families[group]) else "confirmed")

    def accept(self, group: UUID) -> None:
        if self.families[group].state != "confirmed":
            self._only("offered", group)
            self._put(group, "confirmed")

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
        self.families[group].state = state
        if group in self.queue:
            self.queue.remove(group)
        if state == "waitlisted":
            self.queue.append(group)

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
