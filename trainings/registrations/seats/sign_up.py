"""Signing up and giving places back: what is asked in a moment is decided and written together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.audit.actor import Actor
from trainings.db import is_in_transaction, transaction
from trainings.db.group_commit import GroupCommit
from trainings.errors import Busy, NotFound
from trainings.lib.tokens import uuid7
from trainings.limits.actions import Watch
from trainings.outbox.actions import STAFF_DELAY
from trainings.registrations.commands import Command, Done, Enter, Move, MoveOut, Outcome, SignedUp
from trainings.registrations.models import RegistrationGroup
from trainings.registrations.seats.deciding import decide
from trainings.registrations.seats.gathering import gather
from trainings.registrations.seats.writing import keep
from trainings.registrations.wishes import SignUp
from trainings.web import i18n
from trainings.web.i18n import N_


class UnknownGroup(NotFound):
    code = "unknown_group"
    sentence = N_("No encontramos esa inscripción.")


class Crowded(Busy):
    code = "crowded"
    sentence = N_("Hay mucha gente inscribiéndose en este momento. Espere unos segundos y vuelva a intentarlo.")

    def __init__(self) -> None:
        super().__init__(retry_after=10)


async def serve(commands: Sequence[Command]) -> list[Outcome | Exception]:
    """Decide and write a batch, in one transaction; each command's answer in order, or the refusal of it."""
    async with transaction():
        situation = await gather(commands)
        outcomes, changes = decide(commands, situation)
        await keep(changes, situation)
        return outcomes


counter: GroupCommit[Command, Outcome] = GroupCommit(serve, busy=Crowded)
"""Where everybody of this process stands in line."""


async def ask(command: Command) -> Outcome:
    """The answer to one command, once it is on disk. In a transaction of the caller's it is part of that."""
    if not is_in_transaction():
        return await counter.submit(command)
    [outcome] = await serve([command])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


async def sign_up(training_id: UUID, wish: SignUp, *, actor: Actor, watched: tuple[Watch, ...] = ()) -> SignedUp:
    """Register the people of one wish: all confirmed, all on the waiting list, or all held for staff.

    The same sign-up again answers with the registration that stands. Refuses by window, state, audience, age and
    places, and with Crowded where too many wait in line. What comes too often (`watched`) is refused or held.
    """
    outcome = await ask(Enter(training_id, wish, actor, i18n.language(), watched))
    assert isinstance(outcome, SignedUp)
    return outcome


async def register_walk_in(training_id: UUID, wish: SignUp, *, actor: Actor) -> SignedUp:
    """Register somebody who stands at the door without a sign-up. It takes none of the counted places.

    Refuses a minor whose guardian is not named.
    """
    return await sign_up(training_id, wish, actor=actor)


def stoppable(actor: Actor) -> dict[str, Any]:
    """What staff cause is told after ten minutes, in which it can be stopped; anybody else's act at once."""
    return {"run_at": clock.now() + STAFF_DELAY, "batch_id": uuid7()} if actor.id is not None else {}


async def moved_to(command: MoveOut) -> UUID:
    """In which group the person is from now on."""
    outcome = await ask(command)
    assert isinstance(outcome, Done)
    assert outcome.group_id is not None
    return outcome.group_id


async def ask_of(group_id: UUID, command: type[Move], *, actor: Actor, **fields: Any) -> None:
    """One thing asked of a whole group. Refuses (UnknownGroup) one that does not exist."""
    await ask(command(training_id=await training_of(group_id), group_ids=(group_id,), actor=actor, **fields))


async def training_of(group_id: UUID) -> UUID:
    """The training that a group signed up for: it never changes."""
    where = await RegistrationGroup.get_or_none(id=group_id)
    if where is None:
        raise UnknownGroup
    return where.training_id
