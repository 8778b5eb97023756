"""A database as of years: the world of two hubs and, around it, copies of all its rows, written by SQL alone.

Of its hubs, staff and places there are `HUBS` copies, of each training and what belongs to it `TRAININGS`, of each
person and what belongs to them `PEOPLE`. A copied key is the first one with a number at its end, so that a row that
names another names the copy in the same place. Copies are spread over five years, whose last months are to come.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import pickle
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.certificates.held import AFTER
from tests.database import settings_for
from tests.make import make_municipality
from tests.migrated import A_DAY_S, fingerprint, kept, sqlite_file
from tests.two_hubs import World, make_world
from trainings import clock
from trainings.db import close_in_turn, connect, migrate, sql, transaction
from trainings.lib import tokens
from trainings.places.data import by_code
from trainings.settings import Environment, Settings

HUBS, TRAININGS, PEOPLE = 12, 1_000, 25_000
"""Eight sign-ups of six trainings are copied: these make 200,000."""
TO_COME, HOURS_APART = 60, 43

OF_NOBODY, OF_A_HUB, OF_A_TRAINING, OF_A_PERSON = range(4)
COPIES = (0, HUBS, TRAININGS, PEOPLE)
NUMBER = ("", f"(n % {HUBS})", "n", "n")
"""What a copy is numbered by, where `n` counts the copies of its row."""
TRAINING_OF_PERSON = f"(n / {PEOPLE // TRAININGS})"
STANDS_BY_ITSELF = {
    **dict.fromkeys(("operator", "hub", "venue", "app_user", "project"), OF_A_HUB),
    **dict.fromkeys(("training", "outreach_activity", "device", "card", "rate_window"), OF_A_TRAINING),
    **dict.fromkeys(("participant", "registration_group"), OF_A_PERSON),
}
"""Whose copy a row is. Others belong to what they name: a sign-up to a person, a session to a training."""
NOT_COPIED = {
    *("tortoise_migrations", "municipality", "topic", "feast_day", "help_contact", "mail_hold"),
    *("erasure_request", "revocation_request", "sweep_look", "sweep_stop"),
}
"""What all hubs share, and what somebody decides within days."""
TOLD_APART = {
    ("participant", "name_key"),
    ("participant", "sort_key"),
    ("participant", "phone_key"),
    ("participant", "email_key"),
    ("name_word", "word"),
    ("registration", "short_code"),
    ("replaced_ticket", "short_code"),
    ("registration_group", "browser_key"),
    ("certificate_file", "sha256"),
    ("session_feed", "scope"),
    ("activity_feed", "scope"),
}
"""Texts of which each copy has its own, beside those that must be unique."""
OVER = {
    ("outbox_job", "done_at"): "run_at",
    ("call_list", "closed_at"): "due_at",
    ("import_draft", "finished_at"): "created_at",
    ("scan_event", "reviewed_at"): "created_at",
}
"""What waits in the first world was done in the copies, at another of the row's moments."""
SET: Mapping[tuple[str, str], Any] = {
    ("scan_event", "seq"): 1,
}
"""What the first world leaves open and most rows of a real one have."""
OVER_IN_THE_PAST = {("training_session", "closed_at"): "ends_at", ("device", "revoked_at"): "created_at"}
FIRST_OF_ITS_KIND: Mapping[tuple[str, str], Any] = {
    ("walk_in_slip", "state"): "dismissed",
    ("unavailability", "ends_at"): AFTER.replace(hour=23),
}
UNIQUE_IN_A_NUMBER = 1_000
"""Room between the keys of copies of one row and those of the next."""
ROOM = 100_000

CODE = re.compile(r"/\* \w+: ([^\\\s]+)")
WIDTH = re.compile(r"\((\d+)\)")


@dataclass
class Table:
    name: str
    columns: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    uniques: list[set[str]] = field(default_factory=list)
    needed: set[str] = field(default_factory=set)
    codes: dict[str, str] = field(default_factory=dict)


@cache
def tables() -> dict[str, Table]:
    """As migrated, each after those that its rows name."""
    with closing(sqlite3.connect(sqlite_file("trainings.db"))) as file:
        found = {
            name: _table(file, name, text)
            for name, text in file.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall()
            if not name.startswith("sqlite_") and name not in NOT_COPIED
        }
    order = TopologicalSorter({one.name: set(one.names.values()) - {one.name} for one in found.values()})
    in_order = [found[name] for name in order.static_order() if name in found]
    # These name rows of all others without saying so in the schema.
    return {one.name: one for one in sorted(in_order, key=_names_in_secret)}


def _names_in_secret(table: Table) -> bool:
    return not table.names and table.name not in STANDS_BY_ITSELF


def _table(file: sqlite3.Connection, name: str, text: str) -> Table:
    table = Table(name)
    for _number, column, kind, is_needed, _default, is_key in file.execute(f'PRAGMA table_info("{name}")'):
        table.columns[column] = kind
        if is_needed or is_key:
            table.needed.add(column)
    table.names = {row[3]: row[2] for row in file.execute(f'PRAGMA foreign_key_list("{name}")')}
    for _number, index, is_unique, _origin, _partial in file.execute(f'PRAGMA index_list("{name}")').fetchall():
        if is_unique:
            table.uniques.append({row[2] for row in file.execute(f'PRAGMA index_info("{index}")')})
    for line in text.splitlines():
        if code := CODE.search(line):
            table.codes[line.split('"')[1]] = code[1]
    return table


@dataclass(frozen=True)
class Key:
    """Whose copies there are of the row with this key, and where their numbers begin."""

    whose: int
    begins: int


@dataclass
class Filler:
    """Makes the statements that copy `rows`, by table; `kinds` are PostgreSQL's types by table and column."""

    rows: Mapping[str, list[dict[str, Any]]]
    kinds: Mapping[tuple[str, str], str] | None = None
    keys: dict[str, Key] = field(default_factory=dict)
    hubs: dict[int, Key] = field(default_factory=dict)

    def statements(self) -> Iterator[tuple[str, list[Any]]]:
        for table in tables().values():
            rows = [self._row_of(table, row) for row in self.rows.get(table.name) or [self._row(table)]]
            for place, row in enumerate(rows):
                whose = self._whose(table, row)
                if whose != OF_NOBODY:
                    yield self._copied(table, row, whose, place)

    def _row_of(self, table: Table, row: dict[str, Any]) -> dict[str, Any]:
        """What copies are made of: without what waits, with what the first world leaves open."""
        row = row | {column: row[of] for (name, column), of in OVER.items() if name == table.name}
        row |= {column: value for (name, column), value in SET.items() if name == table.name}
        if table.name == "registration_group":
            row |= dict.fromkeys(("idempotency_key", "browser_key"), str(row["id"]))
        if table.name == "scan_event":
            # Sent by a phone; taken back by itself, which says no more than that a few are.
            row |= {"phone_id": self.rows["device"][0]["id"], "target_id": row["id"]}
        return row

    def _row(self, table: Table) -> dict[str, Any]:
        """Of a table that is empty in the first world, where copies of its rows stand too."""
        row = {column: self._value(table, column, kind) for column, kind in table.columns.items()}
        return row | {column: value for (of, column), value in FIRST_OF_ITS_KIND.items() if of == table.name}

    def _value(self, table: Table, column: str, kind: str) -> Any:
        if column in table.names and (there := self.rows.get(table.names[column])):
            return next(iter(there[-1].values())) if column in table.needed else None
        if column not in table.needed:
            return None
        if column in table.codes:
            return table.codes[column]
        if self.kinds and self.kinds[table.name, column] == "bool":
            return True
        values = {"CHAR(36)": str(tokens.uuid7()), "TIMESTAMP": AFTER, "DATE": AFTER.date(), "JSON": "[]", "BLOB": b"x"}
        return values.get(kind, 1 if "INT" in kind else "x")

    def _whose(self, table: Table, row: dict[str, Any]) -> int:
        named = [self.keys[str(value)].whose for value in row.values() if str(value) in self.keys]
        return max([STANDS_BY_ITSELF.get(table.name, OF_NOBODY), *named])

    def _copied(self, table: Table, row: dict[str, Any], whose: int, place: int) -> tuple[str, list[Any]]:
        key, own = next(iter(row)), Key(whose, ROOM * place)
        if key == "id":
            self.keys.setdefault(str(row[key]), own)
        if table.name == "hub":
            self.hubs[int(str(row["id"])[-8:], 16) & 0x7FFFFFFF] = own
        apart = self._apart(table, row, whose)
        parts = [self._part(table, column, row, own, is_apart=column in apart) for column in row]
        columns = ", ".join(f'"{column}"' for column in row)
        chosen = ", ".join(part for part, _values in parts)
        text = f"""
            WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < {COPIES[whose] - 1})
            INSERT INTO "{table.name}" ({columns}) SELECT {chosen} FROM numbers
        """
        return text, [value for _part, values in parts for value in values]

    def _apart(self, table: Table, row: dict[str, Any], whose: int) -> set[str]:
        """The columns that each copy must have its own value in."""
        found = {column for name, column in TOLD_APART if name == table.name and row[column] is not None}
        for unique in table.uniques:
            own = [one for one in unique if table.columns.get(one) == "CHAR(36)" and self._moves(row[one], whose)]
            if not own and all(row.get(one) is not None for one in unique if one):
                words = sorted(unique - {None}, key=lambda one: (one in table.codes, one in table.names, one))
                found |= {next(one for one in words if table.columns[one] != "CHAR(36)")}
        return found

    def _moves(self, value: Any, whose: int) -> bool:
        return value is not None and self.keys.get(str(value), Key(whose, 0)).whose == whose

    def _part(
        self, table: Table, column: str, row: dict[str, Any], own: Key, *, is_apart: bool
    ) -> tuple[str, list[Any]]:
        """An expression for this column of the copy of number `n`, and its values."""
        value, kind = row[column], table.columns[column]
        if (table.name, column) in OVER_IN_THE_PAST:
            then, values = self._moment(row[OVER_IN_THE_PAST[table.name, column]], own.whose)
            return f"CASE WHEN {self._training(own.whose)} > {TO_COME} THEN {then} END", values
        if value is None:
            return "NULL", []
        if table.name == "name_word" and column == "hub":
            hub = self.hubs[value]
            return f"{self._number(hub, own.whose)}", []
        if kind == "CHAR(36)":
            key = self.keys.get(str(value), own)
            if key.whose == OF_NOBODY:
                return self._cast(table, column, "?"), [str(value)]
            end = self._hex(self._number(key, own.whose), 12)
            return self._cast(table, column, f"{self._text} || {end}"), [str(value)[:24]]
        if column in table.names and table.names[column] == "municipality" and own.whose:
            return self._town(own.whose), []
        if kind == "TIMESTAMP":
            return self._moment(value, own.whose)
        if kind == "BLOB":
            return self._cast(table, column, "?"), [b"%PDF"]
        if is_apart:
            return self._told_apart(table, column, value, own)
        return self._cast(table, column, "?"), [value]

    def _told_apart(self, table: Table, column: str, value: Any, own: Key) -> tuple[str, list[Any]]:
        if column == "scope" or table.name == "counter":
            if value.startswith("municipio"):
                return f"'municipio:' || {self._town(own.whose)}", []
            if not value.startswith("ventanilla"):
                return self._text, [value]
            return f"{self._text} || {self._hex(self._number(Key(OF_A_HUB, 0), own.whose), 2)}", [value]
        if isinstance(value, int):
            return f"({value} + {UNIQUE_IN_A_NUMBER} * (n + 1))", []
        width = int(found[1]) if (found := WIDTH.search(table.columns[column])) else ROOM
        digits = min(4, width - 1)
        return f"{self._text} || {self._hex('n', digits)}", [value[-(width - digits) :]]

    def _number(self, key: Key, whose: int) -> str:
        return f"({self._counted(key.whose, whose)} + {key.begins})"

    def _counted(self, named: int, whose: int) -> str:
        if named == whose:
            return NUMBER[whose]
        training = self._training(whose)
        return training if named == OF_A_TRAINING else f"({training} % {HUBS})"

    def _town(self, whose: int) -> str:
        """Another one's code for each copy of a hub."""
        number, codes = self._counted(OF_A_HUB, whose), towns()
        if self.kinds:
            return f"(ARRAY[{', '.join(map(repr, codes))}])[{number} + 1]"
        return f"json_extract('{json.dumps(codes)}', '$[' || {number} || ']')"

    def _training(self, whose: int) -> str:
        return TRAINING_OF_PERSON if whose == OF_A_PERSON else "n"

    def _moment(self, value: Any, whose: int) -> tuple[str, list[Any]]:
        if whose == OF_A_HUB:
            return ("CAST(? AS timestamptz)" if self.kinds else "?"), [value if self.kinds else str(value)]
        hours = f"({TO_COME} - {self._training(whose)}) * {HOURS_APART}"
        if self.kinds:
            return f"CAST(? AS timestamptz) + {hours} * interval '1 hour'", [value]
        return f"strftime('%Y-%m-%d %H:%M:%S+00:00', ?, ({hours}) || ' hours')", [str(value)]

    @property
    def _text(self) -> str:
        return "CAST(? AS text)"

    def _hex(self, number: str, digits: int) -> str:
        return f"lpad(to_hex({number}), {digits}, '0')" if self.kinds else f"printf('%0{digits}x', {number})"

    def _cast(self, table: Table, column: str, expression: str) -> str:
        return f"CAST({expression} AS {self.kinds[table.name, column]})" if self.kinds else expression


@cache
def towns() -> list[str]:
    return sorted(by_code())[:HUBS]


async def make(settings: Settings) -> None:
    """In a database without tables. It keeps what was told of its first world: `told`."""
    await migrate(settings)
    async with connect(settings):
        with clock.frozen(AFTER):
            world = pickle.dumps(await make_world(settings.data_dir))
            for code in towns():
                await make_municipality(code)
        rows = {name: list(map(_plain, await sql.rows(f'SELECT * FROM "{name}"'))) for name in tables()}
        if settings.is_sqlite:
            await close_in_turn()
            _write_sqlite(settings.sqlite_path, Filler(rows), world)
        else:
            await _write_postgres(Filler(rows, await _kinds()), world)


async def told() -> World:
    """Of the first world in the database that is connected."""
    [row] = await sql.rows("SELECT world FROM large_world")
    world: World = pickle.loads(row["world"])
    return world


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, UUID) else value for name, value in row.items()}


def _write_sqlite(path: Path, filler: Filler, world: bytes) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN")
        for text, values in filler.statements():
            file.execute(text, values)
        file.execute("CREATE TABLE large_world (world BLOB)")
        file.execute("INSERT INTO large_world VALUES (?)", [world])
        # Which commits first.
        file.executescript("ANALYZE; PRAGMA journal_mode = WAL")


async def _write_postgres(filler: Filler, world: bytes) -> None:
    async with transaction():
        # What is written here refers to what is there.
        await sql.execute("SET LOCAL session_replication_role = replica")
        for text, values in filler.statements():
            await sql.execute(text, *values)
        await sql.execute("CREATE TABLE large_world (world bytea)")
        await sql.execute("INSERT INTO large_world VALUES (?)", world)
    await sql.execute("VACUUM ANALYZE")


async def _kinds() -> dict[tuple[str, str], str]:
    rows = await sql.rows("""
        SELECT table_name, column_name, udt_name FROM information_schema.columns WHERE table_schema = 'public'
    """)
    return {(row["table_name"], row["column_name"]): row["udt_name"] for row in rows}


def version() -> str:
    """Of all that decides what is in it, but for what the program writes when the first world is made."""
    return hashlib.sha256(fingerprint().encode() + Path(__file__).read_bytes()).hexdigest()[:12]


def kept_on_sqlite() -> Path:
    """The folder of the database, made once."""
    return kept("large", version(), _make_elsewhere, seconds=A_DAY_S)


def _make_elsewhere(folder: Path) -> None:
    # A process of its own: this one has a loop running.
    subprocess.run((sys.executable, "-m", "tests.large_world", str(folder)), check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    os.environ["TRAININGS_ENV"] = Environment.TEST
    asyncio.run(make(settings_for(Path(sys.argv[1]))))
