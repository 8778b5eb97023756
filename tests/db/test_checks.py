from __future__ import annotations

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from trainings.lib.tokens import uuid7
from trainings.schedule.models import ChangeKind, DatedChange
from trainings.settings import Settings


@pytest.mark.both_engines
async def test_change_is_of_a_session_or_of_an_activity(db: Settings) -> None:
    with pytest.raises((IntegrityError, OperationalError), match="ck_dated_change_of_one"):
        await DatedChange.create(kind=ChangeKind.CANCELLED, batch_id=uuid7())
