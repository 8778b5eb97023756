from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from trainings.accounts.models import User
from trainings.settings import Settings

pytestmark = pytest.mark.both_engines


async def test_key_and_moment_are_there_before_the_row_is(db: Settings, freeze: Callable[[datetime], None]) -> None:
    moment = datetime(2026, 3, 6, 15, 0, tzinfo=UTC)
    freeze(moment)

    user = User(email="a@demo.example", name="A")

    assert user.id.version == 7
    assert user.created_at == moment


async def test_keys_sort_in_the_order_of_making(db: Settings) -> None:
    made = [await User.create(email=f"{n}@demo.example", name="A") for n in range(20)]

    found = await User.all().order_by("id")

    assert [user.email for user in found] == [user.email for user in made]
