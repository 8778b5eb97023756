from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests import threadless
from tests.database import Database


@pytest.fixture
async def with_its_thread(database: Database) -> AsyncIterator[None]:
    """SQLite is asked in its thread, as by the program: only there a statement can be cancelled in the middle."""
    await database.open_anew()
    with threadless.undone():
        yield
    await database.open_anew()
