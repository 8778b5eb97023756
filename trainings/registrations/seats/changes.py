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
    """A person who comes in, known (`known_id`) or new."""

    known_id: UUID | None
    purposes: frozenset[ConsentPurpose]


class Entry(NamedTuple):
    """A new group with its people and first state."""

    command: Enter | UseCard
    draft: Draft
    state: RegistrationState
    hold_reason: HoldReason | None
    wait_number: int | None
    entrants: tuple[Entrant, ...]
    has_group_link: bool

    def line(self, hub_id: str) -> Line:
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
    kind: str
    registration_id: str
    hub_id: str
    run_at: datetime | None = None
    batch_id: UUID | None = None


class Line(NamedTuple):
    act: str
    actor: Actor
    object_id: str
    hub_id: str
    detail: dict[str, Any]


@dataclass(slots=True)
class Changes:
    """In order of decision. `runs`, `groups`, `people`: keys of changed ones.

    `promoted`: groups that moved up; their people are not loaded and have the group's state. `made`: groups of people
    from other groups; their own links come along (`moved`, by registration). `shifts`: everybody on a waiting list
    behind a number moves one on, before anything else is written. `cards`: what becomes of a held person's named card.
    `used`: cards with their state and registration.
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
