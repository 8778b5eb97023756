"""What a decided batch writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from trainings.audit.actor import Actor
from trainings.people.models import ConsentPurpose
from trainings.registrations.commands import Draft, Enter, UseCard
from trainings.registrations.models import CardState, HoldReason, RegistrationState, Source


class Entrant(NamedTuple):
    """A person who comes in: known from before (`known_id`) or new."""

    known_id: UUID | None
    purposes: frozenset[ConsentPurpose]


class Entry(NamedTuple):
    """A new group with its people, in the state in which it begins."""

    command: Enter | UseCard
    draft: Draft
    state: RegistrationState
    hold_reason: HoldReason | None
    wait_number: int | None
    entrants: tuple[Entrant, ...]
    has_group_link: bool

    def line(self, hub_id: str) -> Line:
        """The line of the log that says what was asked for, and what came of it."""
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
    """A message about a registration."""

    kind: str
    registration_id: str
    hub_id: str
    run_at: datetime | None = None
    batch_id: UUID | None = None


class Line(NamedTuple):
    """An audit line."""

    act: str
    actor: Actor
    object_id: str
    hub_id: str
    detail: dict[str, Any]


@dataclass(slots=True)
class Changes:
    """In the order in which they were decided. `runs`, `groups`, `people` are the keys of those that changed.

    `promoted` are the groups that moved up, whose people are not known but all stand as their group does.
    `made` are groups of people who were in others before; their own links come along (`moved`, by registration).
    `shifts`: who stands on a waiting list behind a number moves one on, before anything else is written.
    `cards`: what becomes of the named card with which somebody waited for staff. `used`: cards with their state and the
    registration that they became.
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
