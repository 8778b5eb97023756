from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

_listening: set[asyncio.Event] = set()


def wake() -> None:
    """Wake the workers of this process. Other processes look every few seconds."""
    for event in _listening:
        event.set()


@contextmanager
def listening() -> Iterator[asyncio.Event]:
    event = asyncio.Event()
    _listening.add(event)
    try:
        yield event
    finally:
        _listening.discard(event)
