"""What is asked of a training's places: to enter, or to leave. Many are decided and written together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from trainings.audit.actor import FILLER_OF_FORM, HOLDER_OF_LINK, Actor
from trainings.limits.actions import Watch
from trainings.registrations.models import Author, Farewell
from trainings.registrations.wishes import SignUp


class Enter(NamedTuple):
    """A sign-up. `lang` is the language of the page on which it was agreed.

    `watched` are the windows in which it counts: beyond their limits it is refused, or held for staff.
    """

    training_id: UUID
    wish: SignUp
    actor: Actor
    lang: str
    watched: tuple[Watch, ...] = ()


@dataclass(frozen=True, slots=True)
class Leave:
    """Some people give their places back. `run_at` and `batch_id`: staff can stop the messages until then.

    Only to cancel is refused once the training is over: what was waited for ends then too.
    """

    training_id: UUID
    registration_ids: tuple[UUID, ...]
    actor: Actor
    run_at: datetime | None = None
    batch_id: UUID | None = None
    farewell: Farewell = Farewell.CANCELLED


def author_of(actor: Actor) -> Author:
    """Who acts, as a registration keeps it."""
    if actor.id is not None:
        return Author.HUB
    by_link = {HOLDER_OF_LINK.role: Author.PERSON, FILLER_OF_FORM.role: Author.FILLER}
    return by_link.get(actor.role, Author.PROGRAM)


Command = Enter | Leave


class SignedUp(NamedTuple):
    """The registrations, and the secret address that opens them. Ids are as they are written: few ask for them."""

    group: str
    registrations: tuple[str, ...]
    token: str
    is_new: bool

    @property
    def group_id(self) -> UUID:
        return UUID(self.group)

    @property
    def registration_ids(self) -> tuple[UUID, ...]:
        return tuple(map(UUID, self.registrations))

    @property
    def registration_id(self) -> UUID:
        """The first person's."""
        return UUID(self.registrations[0])


@dataclass(frozen=True, slots=True)
class Left:
    """Who left now; who had left before is not among them."""

    registration_ids: tuple[UUID, ...]


Outcome = SignedUp | Left
