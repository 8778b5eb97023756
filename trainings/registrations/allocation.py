"""Who gets a place: pure rules over numbers, so that they can be replayed and proved.

A group gets all it asks for or waits whole. A freed place goes to the first waiting group that fits; for each group
passed over the reason is told. Nobody waits who fits.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K", bound=Hashable)


class Shortage(StrEnum):
    """What a group lacks to be confirmed."""

    SEATS = "seats"
    CHILDCARE = "childcare"


class Room(NamedTuple):
    """A training's places: seats, of which nameless cards reserve some, and, beside them, places in childcare."""

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
        """What this group lacks, or nothing."""
        if party.n_people > self.free:
            return Shortage.SEATS
        return Shortage.CHILDCARE if party.childcare_places > self.childcare_free else None

    def taking(self, party: Party[K]) -> Room:
        """The room with this group in it; look-alikes take nothing."""
        return self.releasing(-party.seats, -party.childcare_seats)

    def releasing(self, n_people: int, childcare_places: int) -> Room:
        """The room after people left it."""
        return self._replace(taken=self.taken - n_people, childcare_taken=self.childcare_taken - childcare_places)


class Party(NamedTuple, Generic[K]):
    """A group's wish: people and childcare places, all or none.

    The look-alikes in it are asked for like anybody, so that nobody learns of them, and take nothing. Of those who look
    alike and all wait, who gets in first takes a place: `shared` has a key for each of them, which all of them have.
    """

    id: K
    n_people: int = 1
    childcare_places: int = 0
    n_alike: int = 0
    shared: tuple[Hashable, ...] = ()

    @property
    def seats(self) -> int:
        """The seats that it takes."""
        return self.n_people - self.n_alike

    @property
    def childcare_seats(self) -> int:
        """The childcare places that it takes: none where nobody of it is new."""
        return self.childcare_places if self.seats else 0

    def after(self, inside: AbstractSet[Hashable]) -> Party[K]:
        """The same wish once others got in: who looks like one of them takes nothing."""
        n_alike = sum(key in inside for key in self.shared)
        return self._replace(n_alike=self.n_alike + n_alike) if n_alike else self


@dataclass(frozen=True, slots=True)
class Promotion(Generic[K]):
    """The outcome of going through the waiting list once, in its order."""

    room: Room
    promoted: tuple[K, ...]
    passed_over: tuple[tuple[K, Shortage], ...]


def promote(room: Room, waiting: Iterable[Party[K]]) -> Promotion[K]:
    """Give free places to waiting groups, first come first served by group that fits.

    Groups behind the last promoted one were not passed over: nobody overtook them.
    """
    promoted: list[K] = []
    passed: list[tuple[K, Shortage]] = []
    inside: set[Hashable] = set()
    overtaken = 0
    for party in waiting:
        lacking = room.shortage(party)
        if lacking is not None:
            passed.append((party.id, lacking))
            continue
        room = room.taking(party.after(inside))
        inside.update(party.shared)
        promoted.append(party.id)
        overtaken = len(passed)
    return Promotion(room, tuple(promoted), tuple(passed[:overtaken]))
