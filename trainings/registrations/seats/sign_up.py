"""Commands that arrive at once are decided and written together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from trainings import clock
from trainings.audit.actor import Actor
from trainings.db import batch, is_in_transaction
from trainings.db.group_commit import GroupCommit
from trainings.errors import Busy, NotFound
from trainings.lib.tokens import uuid7
from trainings.limits.actions import Watch
from trainings.outbox.actions import STAFF_DELAY
from trainings.registrations.commands import Command, Done, Enter, Move, MoveOut, Outcome, SignedUp, SignUp
from trainings.registrations.models import RegistrationGroup
from trainings.registrations.seats.deciding import decide
from trainings.registrations.seats.gathering import gather
from trainings.registrations.seats.writing import keep
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
    """One batch in one transaction; answers or refusals in order."""
    async with batch():
        situation = await gather(commands)
        outcomes, changes = decide(commands, situation)
        await keep(changes, situation)
        return outcomes


counter: GroupCommit[Command, Outcome] = GroupCommit(serve, busy=Crowded)


async def ask(command: Command) -> Outcome:
    """Returns once it is on disk. Inside a caller's transaction it is part of that."""
    if not is_in_transaction():
        return await counter.submit(command)
    [outcome] = await serve([command])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


async def sign_up(training_id: UUID, wish: SignUp, *, actor: Actor, watched: tuple[Watch, ...] = ()) -> SignedUp:
    """Register people together: all confirmed, all on the waiting list, or all held.

    The same sign-up again returns the registration that stands. Refuses by window, state, audience, age and places, and
    with Crowded a queue that is too long. Too frequent ones (`watched`) are refused or held.
    """
    outcome = await ask(Enter(training_id, wish, actor, i18n.language(), watched))
    assert isinstance(outcome, SignedUp)
    return outcome


async def register_walk_in(training_id: UUID, wish: SignUp, *, actor: Actor) -> SignedUp:
    """It takes none of the counted places.

    Refuses a minor without a named guardian.
    """
    return await sign_up(training_id, wish, actor=actor)


def stoppable(actor: Actor) -> dict[str, Any]:
    """Messages caused by staff wait ten minutes, in which they can be stopped; others leave at once."""
    return {"run_at": clock.now() + STAFF_DELAY, "batch_id": uuid7()} if actor.id is not None else {}


async def moved_to(command: MoveOut) -> UUID:
    outcome = await ask(command)
    assert isinstance(outcome, Done)
    assert outcome.group_id is not None
    return outcome.group_id


async def ask_of(group_id: UUID, command: type[Move], *, actor: Actor, **fields: Any) -> Outcome:
    """For a whole group. Refuses (UnknownGroup) an unknown one."""
    return await ask(command(training_id=await training_of(group_id), group_ids=(group_id,), actor=actor, **fields))


async def training_of(group_id: UUID) -> UUID:
    where = await RegistrationGroup.get_or_none(id=group_id)
    if where is None:
        raise UnknownGroup
    return where.training_id
