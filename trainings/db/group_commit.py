"""One transaction for all commands of a moment: cheap durable commits when two hundred come at once.

A failed batch is halved until the broken command fails alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from tortoise.exceptions import IntegrityError

from trainings.db.connection import is_passing
from trainings.errors import Busy

C = TypeVar("C")
R = TypeVar("R")

MOST_AT_ONCE = 200
LONGEST_QUEUE = 2_000
CALM_TURNS = 3
ENOUGH = 32


class GroupCommit(Generic[C, R]):
    """`write` takes a batch in its own transaction and answers each command in order, with a result or the exception
    that refuses it; an exception it raises undoes the whole batch.
    """

    def __init__(
        self,
        write: Callable[[Sequence[C]], Awaitable[list[R | Exception]]],
        *,
        busy: type[Busy],
        most: int = MOST_AT_ONCE,
        longest: int = LONGEST_QUEUE,
    ) -> None:
        self._write, self._busy = write, busy
        self._most, self._longest = most, longest
        self._waiting: deque[tuple[C, asyncio.Future[R]]] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def submit(self, command: C) -> R:
        """The result, once on disk. Raises the refusal, and Busy if too many wait.

        After a cancelled wait the command may be done or not: sent again under its key, it is one.
        """
        if len(self._waiting) >= self._longest:
            raise self._busy
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_what_waits())
        return await answer

    async def _write_what_waits(self) -> None:
        while self._waiting:
            await self._gather()
            n = min(len(self._waiting), self._most)
            await self._settle([self._waiting.popleft() for _number in range(n)])

    async def _gather(self) -> None:
        """Let in requests that arrived but are still being read: each turn of the loop reads the sockets.

        A few turns without a newcomer end the wait, as do `ENOUGH` commands.
        """
        calm = 0
        while calm < CALM_TURNS and len(self._waiting) < ENOUGH:
            before = len(self._waiting)
            await asyncio.sleep(0)
            calm = calm + 1 if len(self._waiting) == before else 0

    async def _settle(self, batch: Sequence[tuple[C, asyncio.Future[Any]]]) -> None:
        try:
            outcomes: Sequence[Any] = await self._write([command for command, _answer in batch])
        except Exception as error:  # noqa: BLE001 - each of the batch is answered: with its own result, or with this
            if len(batch) > 1 and not is_passing(error):
                middle = len(batch) // 2
                await self._settle(batch[:middle])
                await self._settle(batch[middle:])
                return
            outcomes = [await self._once_more(batch[0][0], error)] if len(batch) == 1 else [error] * len(batch)
        for (_command, answer), outcome in zip(batch, outcomes, strict=True):
            if answer.done():
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

    async def _once_more(self, command: C, error: Exception) -> Any:
        """Finds a row that another process wrote between our look and our write."""
        if not isinstance(error, IntegrityError):
            return error
        try:
            [outcome] = await self._write([command])
        except Exception as again:  # noqa: BLE001 - it is the answer
            return again
        return outcome
