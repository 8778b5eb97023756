"""A training whose people have to be told of a change, and what the mail server said to those with an address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests import make
from tests.cast import Cast
from trainings import clock
from trainings.db import transaction
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import enqueue
from trainings.outbox.models import CallList, CallReason, OutboxJob, Outcome
from trainings.registrations.calls.households import Household, households
from trainings.registrations.messages import open_list
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.models import Training, TrainingSession

Freeze = Callable[[datetime], None]

MONDAY = datetime.fromisoformat("2027-03-01T15:00:00+00:00")
SATURDAY = datetime.fromisoformat("2027-03-06T14:30:00+00:00")
"""8:30 on the clock of Guatemala."""
CALLER = UUID("00000000-0000-7000-8000-000000000001")


async def a_training(cast: Cast | None = None, **columns: Any) -> Training:
    """On Saturday from 8:30 to 12:30."""
    where: dict[str, Any] = {"hub": cast.hub, "venue": cast.venue} if cast else {}
    saturday = {"sessions": [(SATURDAY, SATURDAY + timedelta(hours=4))]}
    return await make.make_training(**(saturday | where | columns))


async def a_list(
    training: Training, reason: CallReason = CallReason.CHANGED, *, is_written: bool = True, **more: Any
) -> CallList:
    """A list that is due now. Everybody with an address is written to in its batch, unless told otherwise."""
    batch_id = uuid7()
    async with transaction():
        if is_written:
            people = Registration.filter(training_id=training.id, state__not=RegistrationState.CANCELLED)
            for one in await people.filter(participant__email_key__not_isnull=True).order_by("id"):
                payload = {"registration_id": str(one.id)}
                dedup = f"training_changed:{one.id}:{batch_id}"
                await enqueue("training_changed", payload, dedup=dedup, hub_id=training.hub_id, batch_id=batch_id)
        columns: dict[str, Any] = {"due_at": clock.now(), "batch_id": batch_id} | more
        return await open_list(training, reason, batch_id, **columns)


async def mail_came_to(registration: Registration, outcome: Outcome) -> None:
    """What became of the message to this person."""
    moment = clock.now()
    ended = {"done_at": moment} if outcome in (Outcome.SENT, Outcome.KEPT, Outcome.OVERTAKEN) else {"failed_at": moment}
    changed = await OutboxJob.filter(subject_id=registration.id, kind="training_changed").update(
        outcome=outcome, **ended
    )
    assert changed == 1


async def session_of(training: Training) -> TrainingSession:
    return await TrainingSession.get(training_id=training.id)


async def calls(call_list: CallList) -> dict[str, str | None]:
    """Who is on the list, call by call: the names and the telephone."""
    return {names_of(one): one.phone for one in await households(call_list)}


def names_of(household: Household) -> str:
    return " ".join(one.person.given_names for one in household.members)


async def only_call(call_list: CallList) -> Household:
    [household] = await households(call_list)
    return household
