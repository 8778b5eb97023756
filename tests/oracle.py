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


@dataclass
class Family:
    """A group as the judge keeps it: who is left of it."""

    people: set[UUID]
    children: int
    state: str
    arrived: int

    @property
    def seats(self) -> int:
        return len(self.people)

    @property
    def cots(self) -> int:
        return self.children if self.seats else 0


@dataclass
class Judge:
    """One training. `faults` is empty where the log is as it had to be."""

    seats: int
    cots: int
    families: dict[UUID, Family] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def free(self) -> tuple[int, int]:
        inside = [one for one in self.families.values() if one.state == "confirmed"]
        return self.seats - sum(one.seats for one in inside), self.cots - sum(one.cots for one in inside)

    def fits(self, family: Family) -> str:
        """What a family lacks; nothing where it fits."""
        seats, cots = self.free()
        if len(family.people) > seats:
            return "seats"
        return "childcare" if family.children > cots else ""

    def sign_up(self, group: UUID, people: set[UUID], detail: Mapping[str, Any]) -> None:
        family = Family(people, detail["childcare"], "", len(self.families))
        family.state = "waitlisted" if self.fits(family) else "confirmed"
        self.expect(f"{group} begins {detail['state']}", f"{group} begins {family.state}")
        self.families[group] = family

    def leave(self, together: Sequence[tuple[UUID, UUID]]) -> list[tuple[str, UUID, str]]:
        """Each with the group; what has to follow in the log, in its order."""
        for group, person in together:
            family = self.families[group]
            family.people.remove(person)
            if not family.people:
                family.state = "cancelled"
        return self.moves()

    def moves(self) -> list[tuple[str, UUID, str]]:
        """Who has to move up now, first come first served by family that fits, and whom they overtake."""
        waiting = sorted(
            ((key, one) for key, one in self.families.items() if one.state == "waitlisted"),
            key=lambda each: each[1].arrived,
        )
        up: list[tuple[str, UUID, str]] = []
        lacking: list[tuple[str, UUID, str]] = []
        overtaken = 0
        for key, family in waiting:
            lack = self.fits(family)
            if lack:
                lacking.append(("pass_over", key, lack))
            else:
                family.state = "confirmed"
                up.append(("promote", key, ""))
                overtaken = len(lacking)
        return up + lacking[:overtaken]

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
