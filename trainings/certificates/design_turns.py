"""Threads of its own for work with what strangers made, which may take as long as it is let: no other work waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 2
"""What such work is about waits for what came before it; the threads that all share are never taken."""

_threads = ThreadPoolExecutor(AT_ONCE, "designs")


def taken_up(work: Callable[..., T], *given: object) -> Future[T]:
    """The work, in the language of who asked, in its turn."""
    return _threads.submit(copy_context().run, work, *given)


async def in_turn(work: Callable[..., T], *given: object) -> T:
    """What the work returns. Whoever goes away before its turn takes it along."""
    return await asyncio.wrap_future(taken_up(work, *given))
