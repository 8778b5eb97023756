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
    """Whether a call about a change also reminds this person, or still may, since the reminder's list opened.
    `is_to_call`: the change is for them and no message tells it.
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
