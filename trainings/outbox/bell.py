"""Waking the worker of this process when a job was written."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

_listening: set[asyncio.Event] = set()


def wake() -> None:
    """Tell the workers of this process to look. Others find the job within seconds by themselves."""
    for event in _listening:
        event.set()


@contextmanager
def listening() -> Iterator[asyncio.Event]:
    """An event that is set at every `wake`."""
    event = asyncio.Event()
    _listening.add(event)
    try:
        yield event
    finally:
        _listening.discard(event)
