"""Handwritten statements, one text for both engines: `?` is a value, `IN ?list` a list of values, `IN ?pairs` a list of
(UUID or its text, text), `FROM ?texts` a table `wanted` of texts (`wanted.value`).

They run in the current transaction, if any.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import NoneType
from typing import Any
from uuid import UUID

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection

from trainings.db.connection import is_in_transaction
from trainings.db.sqlite_reader import ReadingClient

PLACEHOLDER = re.compile(r"IN \?list|IN \?pairs|FROM \?texts|\?")
TEXT_IN_JSON = re.compile(r"([a-z_.]+) ->> '(\w+)'")
ROWS_AT_ONCE = (64, 32, 16, 8)
"""Sizes of batches, so that a family and one person take the same number of statements."""
TEXT_OR_NOTHING = frozenset({str, NoneType})
PAIRS_ON_POSTGRES = "IN (SELECT * FROM unnest(${}::uuid[], ${}::text[]))"
ON_SQLITE = {
    "?": "?",
    "IN ?list": "IN (SELECT value FROM json_each(?))",
    "IN ?pairs": "IN (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))",
    "FROM ?texts": "FROM json_each(?) AS wanted",
}


FEW = 50
"""The rows of more keys are read by the thread, whatever a caller says (`reads`)."""

Table = tuple[tuple[Any, ...], ...]


async def rows(text: str, *values: object) -> list[dict[str, Any]]:
    """Of a SELECT or RETURNING. SQLite gives moments and UUIDs as text."""
    connection = get_connection("default")
    return await connection.execute_query_dict(*_bound(text, values, connection.capabilities.dialect))


async def reads(text: str, *values: object, are_few: bool = False) -> list[dict[str, Any]]:
    """Read beside the writers; in a transaction by its own connection, to see its rows.

    `are_few`: what a page shows, found by keys however many rows the tables hold. SQLite reads them in the event loop:
    a turn of the reader's thread costs many times the rows.
    """
    connection = _reader()
    bound = _bound(text, values, connection.capabilities.dialect)
    if are_few and isinstance(connection, ReadingClient) and _is_short(values):
        # Busy, as a reader finds it only while it is opened, mended or closed: the thread has time to wait for that.
        with contextlib.suppress(sqlite3.OperationalError):
            return list(map(dict, connection.rows_here(*bound)))
    return await connection.execute_query_dict(*bound)


async def tuples(text: str, *values: object, are_few: bool = False) -> Table:
    """Without column names: cheaper by hundreds, and two readings can be compared. `are_few`: as of `reads`."""
    [found] = await tables([Statement(text, values)], are_few=are_few)
    return found


async def tables(statements: Sequence[Statement], *, are_few: bool = False) -> list[Table]:
    """`are_few`: as of `reads`."""
    connection = _reader()
    asked = [_bound(str(one.text), one.values, connection.capabilities.dialect) for one in statements]
    if isinstance(connection, ReadingClient):
        if are_few and all(_is_short(one.values) for one in statements):
            with contextlib.suppress(sqlite3.OperationalError):
                return [tuple(map(tuple, connection.rows_here(*one))) for one in asked]
        return list(map(tuple, await connection.read_tables(asked)))
    return [tuple(map(tuple, (await connection.execute_query(*one))[1])) for one in asked]


async def row_by_key(text: str, *values: object) -> dict[str, Any] | None:
    """Of a SELECT by unique keys, for showing like `reads`."""
    found = await reads(text, *values, are_few=True)
    assert len(found) <= 1, "a unique key has one row"
    return found[0] if found else None


def _is_short(values: Iterable[object]) -> bool:
    return all(type(value) is not list or len(value) <= FEW for value in values)


def _reader() -> BaseDBAsyncClient:
    return get_connection("default" if is_in_transaction() else "read")


def _bound(text: str, values: Iterable[object], dialect: str) -> tuple[str, list[Any]]:
    return translated(text, dialect), _prepared(values, dialect)


READ_AGAIN = 4096
"""Parsed keys kept: a page made anew has nearly all again."""


@lru_cache(maxsize=READ_AGAIN)
def as_uuid(told: UUID | str) -> UUID:
    return UUID(told) if isinstance(told, str) else told


def as_moment(told: datetime | str) -> datetime:
    moment = datetime.fromisoformat(told) if isinstance(told, str) else told
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


async def execute(text: str, *values: object) -> int:
    """Returns the number of rows."""
    connection = get_connection("default")
    touched, _ = await connection.execute_query(*_bound(text, values, connection.capabilities.dialect))
    return touched


async def execute_many(text: str, values: Iterable[Iterable[object]]) -> None:
    connection = get_connection("default")
    dialect = connection.capabilities.dialect
    prepared: list[Any] = [_prepared(row, dialect) for row in values]
    if prepared:
        await connection.execute_many(translated(text, dialect), prepared)


@dataclass(frozen=True, slots=True)
class Pairs:
    pairs: Sequence[tuple[UUID | str, str]]

    def split(self) -> tuple[list[UUID | str], list[str]]:
        return [one for one, _other in self.pairs], [other for _one, other in self.pairs]


class Insert:
    """Many rows: on PostgreSQL one statement over arrays, on SQLite one for a number of rows."""

    def __init__(self, table: str, columns: str, *, ends: str = "", **fixed: str) -> None:
        """`columns`: names with PostgreSQL types; `ends`: the statement; `fixed`: the same in every row."""
        typed = [column.split() for column in columns.split(", ")]
        names = ", ".join([name for name, _type in typed] + list(fixed))
        same = "".join(f", {value}" for value in fixed.values())
        arrays = ", ".join(f"${number}::{kind}[]" for number, (_name, kind) in enumerate(typed, 1))
        marks = ", ".join("?" * len(typed))
        # Names and types are constants of the program.
        self._on_sqlite, self._row = f"INSERT INTO {table} ({names}) VALUES ", f"({marks}{same})"  # noqa: S608
        self._ends = f" {ends}" if ends else ""
        self.on_postgres = f"INSERT INTO {table} ({names}) SELECT *{same} FROM unnest({arrays}){self._ends}"  # noqa: S608
        self.turned = [number for number, (_name, kind) in enumerate(typed) if kind in ("uuid", "timestamptz")]
        self._texts: dict[int, str] = {}

    def on_sqlite(self, n_rows: int) -> str:
        """The statement for this many rows, values in sequence. Texts are cached: ask for few numbers."""
        text = self._texts.get(n_rows)
        if text is None:
            text = self._texts[n_rows] = self._on_sqlite + ", ".join([self._row] * n_rows) + self._ends
        return text


@dataclass(frozen=True, slots=True)
class Statement:
    text: str | Insert
    values: Sequence[Any]


async def rows_of(statements: Sequence[Statement]) -> list[list[dict[str, Any]]]:
    connection: Any = get_connection("default")
    dialect = connection.capabilities.dialect
    asked = [_bound(str(one.text), one.values, dialect) for one in statements]
    found: list[list[dict[str, Any]]] = await connection.read_all(asked)
    return found


async def write_all(statements: Iterable[Statement], *, ends_batch: bool = False) -> None:
    """Each statement for all its rows, in order, in the current transaction, in one go. No lists.

    `ends_batch`: nothing follows in the batch's own transaction, which may be committed with it.
    """
    connection: Any = get_connection("default")
    dialect = connection.capabilities.dialect
    written = [each for one in statements if one.values for each in _written(one, dialect)]
    await connection.write_all(written, ends_batch=ends_batch)


def _written(statement: Statement, dialect: str) -> Iterator[tuple[str, Sequence[Any], bool]]:
    """Texts with the rows to run each for; with True, all values of one run."""
    text, rows = statement.text, statement.values
    if isinstance(text, str):
        yield translated(text, dialect), rows, False
    elif dialect == "postgres":
        yield text.on_postgres, list(zip(*rows, strict=True)), True
    else:
        values, width, first = _as_text(rows, text.turned), len(rows[0]), 0
        for n in parts(len(rows)):
            yield text.on_sqlite(n), values[first * width : (first + n) * width], True
            first += n


def parts(n: int) -> Iterator[int]:
    """Adds up to `n` with few different numbers: few prepared texts, and SQLite runs many rows at a time without
    waiting for other threads.
    """
    for part in ROWS_AT_ONCE:
        yield from itertools.repeat(part, n // part)
        n %= part
    if n:
        yield n


def _as_text(rows: Sequence[Any], columns: Sequence[int]) -> list[Any]:
    """Keys and moments (`columns`) as SQLite holds them."""
    values, width = list(itertools.chain.from_iterable(rows)), len(rows[0])
    for column in columns:
        in_column = values[column::width]
        if not TEXT_OR_NOTHING.issuperset(map(type, in_column)):
            values[column::width] = [
                value if type(value) in TEXT_OR_NOTHING else _text_of(value) for value in in_column
            ]
    return values


def moments(told: Iterable[datetime]) -> list[datetime | str]:
    is_on_sqlite = get_connection("default").capabilities.dialect == "sqlite"
    return [_text_of(moment) if is_on_sqlite else moment for moment in told]


def _text_of(value: UUID | datetime) -> str:
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


@cache
def translated(text: str, dialect: str) -> str:
    """Texts are cached: use constants."""
    if dialect != "postgres":
        # SQLite reads ->> since 3.38 only.
        text = TEXT_IN_JSON.sub(r"json_extract(\1, '$.\2')", text)
    numbers = itertools.count(1)

    def marker(found: re.Match[str]) -> str:
        kind = found[0]
        if dialect != "postgres":
            return ON_SQLITE[kind]
        if kind == "IN ?pairs":
            return PAIRS_ON_POSTGRES.format(next(numbers), next(numbers))
        if kind == "FROM ?texts":
            return f"FROM unnest(${next(numbers)}::text[]) AS wanted(value)"
        return f"= ANY(${next(numbers)})" if kind == "IN ?list" else f"${next(numbers)}"

    return PLACEHOLDER.sub(marker, text)


def _prepared(values: Iterable[object], dialect: str) -> list[Any]:
    if dialect == "postgres":
        return [part for value in values for part in (value.split() if type(value) is Pairs else (value,))]
    return [_for_sqlite(value) for value in values]


def _for_sqlite(value: object) -> object:
    kind = type(value)
    if kind is Pairs:
        return json.dumps(value.pairs, default=str)  # type: ignore[attr-defined]  # its kind was just looked at
    return json.dumps(value, default=str) if kind is list else value
