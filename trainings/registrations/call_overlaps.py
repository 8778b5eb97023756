"""Somebody on the lists of several changes is called once: the call about the earliest tells the later ones too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from trainings.outbox.models import CallList
from trainings.registrations.call_facts import Around


def is_told_elsewhere(
    call_list: CallList,
    around: Around,
    *,
    reached_at: Callable[[CallList], datetime | None],
    is_to_call: Callable[[CallList], bool],
) -> bool:
    """Whether the call about an earlier change of the same sessions tells somebody this too: it says what holds now.

    It is right for who was not reached before: they know the date that was left first, not the one in between.
    `reached_at`: when a call of a list reached them; `is_to_call`: whether it is for them, and no message does.
    """
    for earlier in around.before.get(call_list.id, ()):
        reached = reached_at(earlier)
        if reached is not None:
            is_told = reached >= call_list.created_at
        else:
            is_called = earlier.closed_at is None and is_to_call(earlier)
            is_told = is_called and not is_told_elsewhere(earlier, around, reached_at=reached_at, is_to_call=is_to_call)
        if is_told:
            return True
    return False
