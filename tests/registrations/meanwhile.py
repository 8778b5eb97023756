"""Two things at the same moment, for the tests of this folder: one holds a person, the other waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from tests.queries import until_somebody_waits
from trainings.db import lock, transaction
from trainings.people.models import Participant


@asynccontextmanager
async def person_held(participant_id: UUID, act: Callable[[], Awaitable[object]]) -> AsyncIterator[asyncio.Task[None]]:
    """In a transaction that holds the person, once `act` waits for them beside it: the task of that, to be awaited."""
    is_held = asyncio.Event()

    async def beside() -> None:
        await is_held.wait()
        await act()

    # It begins outside the transaction, to be none of it.
    acting = asyncio.create_task(beside())
    async with transaction():
        await lock(Participant, [participant_id])
        is_held.set()
        await until_somebody_waits()
        yield acting
