"""Statements written by hand, with one text for both engines: `?` is a value, `IN ?list` a list of values.

They run on the transaction in progress, if there is one.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Any
from uuid import UUID

from tortoise.connection import get_connection

PLACEHOLDER = re.compile(r"IN \?list|\?")


async def rows(text: str, *values: object) -> list[dict[str, Any]]:
    """The rows of a SELECT or of a RETURNING. Moments and UUIDs come as text on SQLite."""
    connection = get_connection("default")
    dialect = connection.capabilities.dialect
    return await connection.execute_query_dict(translated(text, dialect), _prepared(values, dialect))


async def execute(text: str, *values: object) -> int:
    """Run an INSERT, UPDATE or DELETE; the number of rows it touched."""
    connection = get_connection("default")
    dialect = connection.capabilities.dialect
    touched, _ = await connection.execute_query(translated(text, dialect), _prepared(values, dialect))
    return touched


async def execute_many(text: str, values: Iterable[Iterable[object]]) -> None:
    """Run one statement for each row of values."""
    connection = get_connection("default")
    dialect = connection.capabilities.dialect
    prepared: list[Any] = [_prepared(row, dialect) for row in values]
    if prepared:
        await connection.execute_many(translated(text, dialect), prepared)


@cache
def translated(text: str, dialect: str) -> str:
    """The text as the engine wants it. Meant for constant texts: each is kept."""
    numbers = itertools.count(1)

    def marker(found: re.Match[str]) -> str:
        is_list = found[0] != "?"
        if dialect != "postgres":
            return "IN (SELECT value FROM json_each(?))" if is_list else "?"
        return f"= ANY(${next(numbers)})" if is_list else f"${next(numbers)}"

    return PLACEHOLDER.sub(marker, text)


def _prepared(values: Iterable[object], dialect: str) -> list[Any]:
    if dialect == "postgres":
        return list(values)
    return [_for_sqlite(value) for value in values]


def _for_sqlite(value: object) -> object:
    if isinstance(value, list):
        return json.dumps(value, default=str)
    return str(value) if isinstance(value, UUID) else value
