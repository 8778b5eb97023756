"""One transaction for all that is asked in a moment: what makes a durable commit cheap when two hundred come at once.

A command waits while the batch before it is written, then what gathered meanwhile is written together. A lone command
is a batch of one. A batch that fails is halved until the command that broke it fails alone.

In a rush two batches take turns: while one is written, those of the other are answered and their next requests read.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from tortoise.exceptions import IntegrityError

from trainings.db.trouble import is_passing
from trainings.errors import Busy

C = TypeVar("C")
R = TypeVar("R")

MOST_AT_ONCE = 200
LONGEST_QUEUE = 2_000
CALM_TURNS = 3
ENOUGH = 32
"""Nobody near is waited for once so many are there."""
CROWD = 56
"""Where so many wait, two batches begin to take turns. Halves of fewer would cost more than they save."""
LONGEST_HELD = 0.05
"""Seconds until those whose batch is on disk are answered all the same."""

Handed = Callable[[], None]


class GroupCommit(Generic[C, R]):
    """Gathers commands and has them written by `write`, which takes a batch in its own transaction.

    `write` answers each command in order, with a result or with the exception that refuses it; what it raises itself
    undoes the whole batch. It calls `handed` once it has decided and only the database has work left: who was in the
    batch before is answered meanwhile. Answered sooner, they would keep the program from deciding.
    """

    def __init__(
        self,
        write: Callable[[Sequence[C], Handed], Awaitable[list[R | Exception]]],
        *,
        busy: type[Busy],
        most: int = MOST_AT_ONCE,
        longest: int = LONGEST_QUEUE,
    ) -> None:
        self._write, self._busy = write, busy
        self._most, self._longest = most, longest
        self._waiting: deque[tuple[C, asyncio.Future[R]]] = deque()
        self._writer: asyncio.Task[None] | None = None
        self._written: list[tuple[asyncio.Future[R], Any]] = []
        self._latest: asyncio.TimerHandle | None = None

    async def submit(self, command: C) -> R:
        """The command's result, once it is on disk. Raises what refuses it, and Busy where too many wait already.

        Who stops waiting may find the command done or not: sent again under its key, it is one.
        """
        if len(self._waiting) >= self._longest:
            raise self._busy
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_what_waits())
        return await answer

    async def _write_what_waits(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                await self._settle([self._waiting.popleft() for _number in range(self._next())])
        finally:
            self._answer()

    def _next(self) -> int:
        """How many make the next batch: all, but half of a crowd, and so on as long as two batches take turns."""
        n = min(len(self._waiting), self._most)
        return n if n < CROWD and not self._written else min(n, max(-(-n // 2), ENOUGH))

    def _answer(self) -> None:
        """Answer those of the last batch, which is on disk."""
        if self._latest is not None:
            self._latest.cancel()
        written, self._written, self._latest = self._written, [], None
        for answer, outcome in written:
            if answer.done():
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)

    async def _gather(self) -> None:
        """Let those in who are on their way already: requests that have come in but are still being read.

        Each turn of the loop reads what the sockets hold. When nobody joined for a few turns nobody is near; a lone
        command waits for those few turns only, and who is enough is not kept waiting for more.
        """
        calm = 0
        while calm < CALM_TURNS and len(self._waiting) < ENOUGH:
            before = len(self._waiting)
            await asyncio.sleep(0)
            calm = calm + 1 if len(self._waiting) == before else 0

    async def _settle(self, batch: Sequence[tuple[C, asyncio.Future[Any]]]) -> None:
        """Write a batch, and have an answer for everybody in it, whatever happens."""
        try:
            outcomes: Sequence[Any] = await self._write([command for command, _answer in batch], self._answer)
        except Exception as error:  # noqa: BLE001 - each of the batch is answered: with its own result, or with this
            if len(batch) > 1 and not is_passing(error):
                middle = len(batch) // 2
                await self._settle(batch[:middle])
                await self._settle(batch[middle:])
                return
            outcomes = [await self._once_more(batch[0][0], error)] if len(batch) == 1 else [error] * len(batch)
        self._answer()
        self._written = [(answer, outcome) for (_command, answer), outcome in zip(batch, outcomes, strict=True)]
        self._latest = asyncio.get_running_loop().call_later(LONGEST_HELD, self._answer)

    async def _once_more(self, command: C, error: Exception) -> Any:
        """A row that another process wrote between our look and our write can be found now."""
        if not isinstance(error, IntegrityError):
            return error
        try:
            [outcome] = await self._write([command], self._answer)
        except Exception as again:  # noqa: BLE001 - it is the answer
            return again
        return outcome
