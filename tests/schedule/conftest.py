"""What the tests of the schedule share."""

from __future__ import annotations

import pytest

from tests.cast import Cast, make_cast
from trainings.settings import Settings


@pytest.fixture
async def cast(db: Settings) -> Cast:
    """Two hubs with their people, in an empty database of either engine."""
    return await make_cast()
