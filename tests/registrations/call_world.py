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
from trainings.outbox.models import Call, CallList, CallReason, HolderCall, OutboxJob, Outcome
from trainings.registrations.calls.households import Household, to_call
from trainings.registrations.calls.people import audience_of
from trainings.registrations.calls.texts import text_for_all, told_by
from trainings.registrations.calls.validity import CHANGES
from trainings.registrations.messages import open_list
from trainings.registrations.models import Registration, RegistrationState, ReservedBlock
from trainings.schedule.changes import standing
from trainings.schedule.models import Training, TrainingSession
from trainings.schedule.snapshots import keep_facts

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
        if reason in CHANGES:
            await _keep_what_was_known(training)
        if is_written:
            people = Registration.filter(training_id=training.id, state__not=RegistrationState.CANCELLED)
            for one in await people.filter(participant__email_key__not_isnull=True).order_by("id"):
                payload = {"registration_id": str(one.id)}
                dedup = f"training_changed:{one.id}:{batch_id}"
                await enqueue("training_changed", payload, dedup=dedup, hub_id=training.hub_id, batch_id=batch_id)
        columns: dict[str, Any] = {"due_at": clock.now(), "batch_id": batch_id} | more
        return await open_list(training, reason, batch_id, **columns)


async def _keep_what_was_known(training: Training) -> None:
    """Everybody so far was told that the sessions are an hour later than they are."""
    before = await standing(training.id)
    for session in before.sessions.values():
        session.starts_at, session.ends_at = (
            session.starts_at + timedelta(hours=1),
            session.ends_at + timedelta(hours=1),
        )
    await keep_facts(before)


async def households(call_list: CallList) -> list[Household]:
    return [one for one in await to_call(await audience_of(call_list)) if isinstance(one, Household)]


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


async def said_to_all(call_list: CallList, community: str = "") -> str:
    """What is said by loudspeaker."""
    return text_for_all(await to_call(await audience_of(call_list)), await told_by(call_list), community)


def names_of(household: Household) -> str:
    return " ".join(one.person.given_names for one in household.members)


async def newest_mark(whom: Registration | ReservedBlock) -> UUID:
    """What a page of now shows of them."""
    is_block = isinstance(whom, ReservedBlock)
    marks = HolderCall.filter(block_id=whom.id) if is_block else Call.filter(registration_id=whom.id)
    newest = await marks.order_by("-created_at", "-id").first()
    assert newest is not None
    return newest.id


async def only_call(call_list: CallList) -> Household:
    [household] = await households(call_list)
    return household
