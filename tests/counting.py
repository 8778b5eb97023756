"""How many statements an answer costs: for tests that a list of three costs no more than a list of one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from tortoise.connection import get_connection

ALIASES = ("default", "read")
METHODS = ("execute_query", "execute_query_dict", "execute_insert", "execute_many")


@contextmanager
def statements() -> Iterator[list[str]]:
    """The texts of all statements sent meanwhile, on either alias."""
    sent: list[str] = []
    with ExitStack() as patches:
        for alias in ALIASES:
            connection = get_connection(alias)
            for name in METHODS:
                patches.enter_context(patch.object(connection, name, _noting(getattr(connection, name), sent)))
        yield sent


def _noting(method: Any, sent: list[str]) -> Any:
    async def noted(text: str, *values: Any) -> Any:
        sent.append(text)
        return await method(text, *values)

    return noted
