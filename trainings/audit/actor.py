from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

NOWHERE: Mapping[UUID, frozenset[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Actor:
    """A visitor, the holder of a link, a person of the staff, or the program. `roles_at` maps each hub in scope to the
    roles held there, `roles_everywhere` are roles without a place. `role` is the audit line's word; `place` names
    the only hub or operator. `wants_slash`: the key `/` leads to the search.
    """

    id: UUID | None
    role: str
    name: str = ""
    email: str = ""
    place: str = ""
    roles_at: Mapping[UUID, frozenset[str]] = field(default_factory=lambda: NOWHERE)
    roles_everywhere: frozenset[str] = frozenset()
    operator_ids: frozenset[UUID] = frozenset()
    request_id: str = ""
    wants_slash: bool = False

    @property
    def is_by_link(self) -> bool:
        return self in (HOLDER_OF_LINK, FILLER_OF_FORM)

    def has_any(self, roles: Iterable[str]) -> bool:
        held = self.roles_everywhere.union(*self.roles_at.values())
        return not held.isdisjoint(roles)

    def has_at(self, hub_id: UUID, roles: Iterable[str]) -> bool:
        """True also for a role held everywhere."""
        wanted = frozenset(roles)
        return bool(wanted & self.roles_everywhere or wanted & self.roles_at.get(hub_id, frozenset()))

    def hubs_with(self, roles: Iterable[str]) -> frozenset[UUID]:
        wanted = frozenset(roles)
        return frozenset(hub_id for hub_id, held in self.roles_at.items() if held & wanted)


VISITOR = Actor(id=None, role="visitor")
HOLDER_OF_LINK = Actor(id=None, role="holder")
FILLER_OF_FORM = Actor(id=None, role="filler")
"""The filler of a form for several people, by the group's link."""
PROGRAM = Actor(id=None, role="program")
