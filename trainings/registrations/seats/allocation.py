"""Pure rules over numbers on who gets a place, so that they can be replayed and proved.

A group gets everything it asks for or waits whole. A freed place goes to the first waiting group that fits, with a
reason for each group passed over. No group that fits waits.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)


class Shortage(StrEnum):
    SEATS = "seats"
    CHILDCARE = "childcare"


class Room(NamedTuple):
    """Seats, some reserved by nameless cards, and childcare places beside them."""

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

    def shortage(self, party: Party[K]) -> Shortage | None:
        if party.n_people > self.free:
            return Shortage.SEATS
        return Shortage.CHILDCARE if party.childcare_places > self.childcare_free else None

    def taking(self, party: Party[K]) -> Room:
        return self.releasing(-party.n_people, -party.childcare_places)

    def releasing(self, n_people: int, childcare_places: int) -> Room:
        return self._replace(taken=self.taken - n_people, childcare_taken=self.childcare_taken - childcare_places)


class Party(NamedTuple, Generic[K]):
    """People and childcare places a group asks for, all or none."""

    id: K
    n_people: int = 1
    childcare_places: int = 0


@dataclass(frozen=True, slots=True)
class Promotion(Generic[K]):
    """Outcome of one pass through the waiting list."""

    room: Room
    promoted: tuple[K, ...]
    passed_over: tuple[tuple[K, Shortage], ...]


def promote(room: Room, waiting: Iterable[Party[K]]) -> Promotion[K]:
    """Free places go to the first waiting groups that fit.

    Groups behind the last promoted one were not passed over.
    """
    promoted: list[K] = []
    passed: list[tuple[K, Shortage]] = []
    overtaken = 0
    for party in waiting:
        lacking = room.shortage(party)
        if lacking is not None:
            passed.append((party.id, lacking))
            continue
        room = room.taking(party)
        promoted.append(party.id)
        overtaken = len(passed)
    return Promotion(room, tuple(promoted), tuple(passed[:overtaken]))
