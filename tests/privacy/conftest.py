"""Who decides about repeated people in the tests of this folder."""

from __future__ import annotations

import pytest

from tests.cast import Cast
from trainings.accounts.queries import actor_of
from trainings.audit.actor import Actor


@pytest.fixture
async def rosa(cast: Cast) -> Actor:
    """The coordinator of La Libertad."""
    return await actor_of(cast.coordinator)
