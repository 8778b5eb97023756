from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

from tortoise.backends.base.client import NestedTransactionContext

T = TypeVar("T")


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end even if the waiting task is cancelled, then cancel.

    An interrupted commit, rollback or return of a connection leaves a lock or connection taken for ever.
    """
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except BaseException:  # noqa: BLE001 - the work's own failure: `result` raises it below
            break
    if cancelled is None:
        return task.result()
    # The caller sees its cancellation; a failure of the work itself is marked as seen.
    if not task.cancelled():
        task.exception()
    raise cancelled


class Savepoint(NestedTransactionContext):
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.client._finalized:
            await finish(self.client.savepoint_rollback() if kind else self.client.release_savepoint())
