"""Call lists, written with the change that causes them, and their marks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from trainings import clock
from trainings.db import is_in_transaction
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import Call, CallList, CallReason, CallResult, HolderCall
from trainings.schedule.models import Training

Mark = TypeVar("Mark", Call, HolderCall)


async def open_list(
    training: Training,
    reason: CallReason,
    cause_id: UUID,
    *,
    session_id: UUID | None = None,
    due_at: datetime | None = None,
    batch_id: UUID | None = None,
) -> CallList:
    """In the caller's transaction; the same cause twice is one list. Its people are worked out at each reading.

    `cause_id`: the change, the session that is near, the training called off. `session_id`: the list is about that
    session only. `due_at`: when messages leave and calling begins; None: at once, or after the ten minutes in which
    messages of `batch_id` can be stopped.
    """
    assert is_in_transaction(), "a list is opened together with what causes it"
    due = due_at or (clock.now() + STAFF_DELAY if batch_id else clock.now())
    wanted = CallList(
        training_id=training.id,
        session_id=session_id,
        hub_id=training.hub_id,
        reason=reason,
        cause_id=cause_id,
        batch_id=batch_id,
        due_at=due,
    )
    await CallList.bulk_create([wanted], ignore_conflicts=True)
    return await CallList.get(reason=reason, cause_id=cause_id)


def standing_marks(marks: Iterable[Mark]) -> list[Mark]:
    """ "Not reached" right after "reached" takes that back."""
    standing: list[Mark] = []
    for mark in marks:
        if mark.result is CallResult.NOT_REACHED and standing and standing[-1].result is CallResult.REACHED:
            standing.pop()
        else:
            standing.append(mark)
    return standing
