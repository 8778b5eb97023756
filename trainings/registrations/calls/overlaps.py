"""Who is called about a change is not called again to be reminded of the same sessions: it says what holds now."""

from __future__ import annotations

from collections.abc import Callable

from trainings.outbox.models import CallList, CallReason, CallResult
from trainings.registrations.calls.facts import Around
from trainings.registrations.calls.news import Marks
from trainings.schedule.snapshots import Reader


def is_told_elsewhere(
    call_list: CallList,
    reader: Reader,
    around: Around,
    *,
    marks_of: Callable[[CallList], Marks],
    is_to_call: Callable[[CallList], bool],
) -> bool:
    """Whether the call about a change reminds somebody too, as it did since the reminder's list was opened, or still
    may. `is_to_call`: whether it is for them, and no message does.
    """
    change = around.news.newest.get(call_list.training_id)
    if call_list.reason is not CallReason.REMINDER or change is None:
        return False
    marks = marks_of(change)
    news = around.news.of(change, reader, marks) or ()
    named = {one.session.id for one in news}
    if not news or not around.told[call_list.id] <= named:
        return False
    if marks and marks[-1].result is CallResult.REACHED:
        return marks[-1].created_at >= call_list.created_at
    return change.closed_at is None and is_to_call(change)
