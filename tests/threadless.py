"""SQLite without its thread, in the tests' own process: what is asked is answered in the loop's thread, a turn later.

The way to the thread and back costs as much as a small question, and a run asks a million of them. Programs that tests
start have the thread, as always.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiosqlite import core

Asked = tuple[Any, Callable[[], Any]]


class AtOnce:
    """In place of the queue to the thread."""

    def put_nowait(self, asked: Asked) -> None:
        future, function = asked
        later = future.get_loop().call_soon if future is not None else _to_nobody
        try:
            answer = function()
        except BaseException as trouble:  # noqa: BLE001 - as the thread does it
            later(core.set_exception, future, trouble)
        else:
            later(core.set_result, future, answer)


def _to_nobody(*answer: Any) -> None:
    pass


class NoThread:
    def start(self) -> None:
        """Nobody waits in it."""


class Connection(core.Connection):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.__dict__.update(_tx=AtOnce(), _thread=NoThread())


def begin() -> None:
    """From now on every connection that this process opens is such a one."""
    core.Connection = Connection  # type: ignore[misc]


@contextmanager
def undone() -> Iterator[None]:
    """Connections that are opened inside the block have their thread, as in the program."""
    core.Connection = Connection.__base__  # type: ignore[misc,assignment]
    try:
        yield
    finally:
        begin()
