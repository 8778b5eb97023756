"""Many people who completed one training, written in few goes: what is tested is what comes after."""

from __future__ import annotations

from collections.abc import Sequence

from tests.certificates.held import BEFORE, come, make_attendee
from tests.registrations.families import many_like
from trainings import clock
from trainings.registrations.models import Registration
from trainings.schedule.models import Training

SCANS_AT_ONCE = 200


async def make_crowd(training: Training, n: int) -> Sequence[Registration]:
    """So many people who came to all sessions. The first signs up as people do, the others are like them."""
    first = await make_attendee(training, given_names="Ana", surnames="Coc Xol")
    with clock.frozen(BEFORE):
        others = await many_like(first, n - 1)
    for session in training.sessions:
        for begin in range(0, len(others), SCANS_AT_ONCE):
            await come(session, *others[begin : begin + SCANS_AT_ONCE])
    return [first, *others]
