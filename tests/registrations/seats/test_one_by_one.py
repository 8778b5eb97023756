"""What is done for many trainings, of which one fails."""

from __future__ import annotations

from uuid import UUID

import pytest

from trainings.registrations.seats.waiting import for_each

FIRST, BROKEN, LAST = (UUID(int=number) for number in range(3))


async def test_training_that_fails_does_not_hold_up_the_others_and_is_on_record(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def act(training_id: UUID) -> int:
        if training_id == BROKEN:
            raise RuntimeError("whatever")
        return 2

    assert await for_each([FIRST, BROKEN, LAST], act, trouble="offers could not be ended") == 4
    assert [one.getMessage() for one in caplog.records] == [f"offers could not be ended: training {BROKEN}"]
