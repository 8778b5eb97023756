"""Reminders to everybody of a training in one transaction, against a raw bulk insert of the same rows.

python benchmarks/reminders.py [COUNT]

Ours reads who is expected, who has been reminded already, writes the messages and opens the call list, and commits. The
raw insert writes the very same rows again, prepared in memory, in one transaction of the bare driver: on SQLite with
synchronous = FULL, on PostgreSQL (out of its wheel) with fsync on.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

import asyncpg
from _postgres import postgres
from _rush import person, rush, settings_for, together
from _worlds import make_hub, make_training

from trainings import clock, db
from trainings.outbox.models import CallList, OutboxJob
from trainings.people.models import Participant
from trainings.registrations.telling.reminders import remind
from trainings.settings import Settings

ROUNDS, BOUND = 5, 3.0
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "cache_size = -32000")
"""As the program has them."""
COLUMNS = "id, created_at, kind, payload, dedup, subject_id, hub_id, lang, run_at, attempts, tries, outcome, last_error"
SAME_ROWS = f"SELECT {COLUMNS} FROM outbox_job WHERE kind = 'session_reminder'"
TAKE_OUT = "DELETE FROM outbox_job WHERE kind = 'session_reminder'"


async def main(count: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        missed = await compare(settings_for(Path(folder)), count)
    with postgres() as url, tempfile.TemporaryDirectory() as folder:
        missed += await compare(settings_for(Path(folder), url), count)
    return int(bool(missed))


async def compare(settings: Settings, count: int) -> int:
    """Both in turns; the first round warms up and is not counted."""
    await db.migrate(settings)
    ours: list[float] = []
    raw: list[float] = []
    async with db.connect(settings):
        morning = await make_world(count)
        for _round in range(ROUNDS + 1):
            await OutboxJob.all().delete()
            await CallList.all().delete()
            with clock.frozen(morning):
                start = time.perf_counter()
                written = await remind()
                ours.append(time.perf_counter() - start)
            assert written == count, written
            raw.append(await (on_sqlite(settings) if settings.is_sqlite else on_postgres(settings)))
    return told("SQLite" if settings.is_sqlite else "PostgreSQL", median(ours[1:]), median(raw[1:]), count)


async def make_world(count: int) -> Any:
    """A training in a week with so many people who left an address; the morning on which they are reminded."""
    training = await make_training(await make_hub(), clock.now() + timedelta(days=7), count)
    await rush([training.id], together, [person(number) for number in range(count)], 50)
    # One in ten left an address: here, everybody did.
    for key in await Participant.all().values_list("id", flat=True):
        await Participant.filter(id=key).update(email_key=f"{key}", phone_key=None)
    day = clock.local(training.sessions[0].starts_at).date() - timedelta(days=3)
    return clock.midnight(day) + timedelta(hours=9)


async def on_sqlite(settings: Settings) -> float:
    """Seconds of one transaction of bare `sqlite3`."""
    connection = sqlite3.connect(settings.sqlite_path, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    rows = connection.execute(SAME_ROWS).fetchall()
    connection.execute(TAKE_OUT)
    marks = ", ".join("?" * len(rows[0]))
    start = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(f"INSERT INTO outbox_job ({COLUMNS}) VALUES ({marks})", rows)
    connection.execute("COMMIT")
    seconds = time.perf_counter() - start
    connection.close()
    return seconds


async def on_postgres(settings: Settings) -> float:
    """Seconds of one transaction of bare asyncpg, its rows in one statement over arrays."""
    connection = await asyncpg.connect(settings.database_url)
    rows = [tuple(row) for row in await connection.fetch(SAME_ROWS)]
    await connection.execute(TAKE_OUT)
    types = [
        "uuid",
        "timestamptz",
        "text",
        "jsonb",
        "text",
        "uuid",
        "uuid",
        "text",
        "timestamptz",
        "int",
        "int",
        "text",
        "text",
    ]
    arrays = ", ".join(f"${number}::{kind}[]" for number, kind in enumerate(types, 1))
    text = f"INSERT INTO outbox_job ({COLUMNS}) SELECT * FROM unnest({arrays})"
    start = time.perf_counter()
    async with connection.transaction():
        await connection.execute(text, *zip(*rows, strict=True))
    seconds = time.perf_counter() - start
    await connection.close()
    return seconds


def told(engine: str, ours: float, raw: float, count: int) -> int:
    """Print the ratio; 1 where it misses its bound."""
    ratio = ours / raw
    verdict = "" if ratio <= BOUND else f"   MISSED {BOUND:g} ×"
    print(
        f"{engine}: {count:,} reminders in one transaction {ours * 1e3:.1f} ms, "
        f"the same rows raw {raw * 1e3:.1f} ms   {ratio:.2f} ×{verdict}"
    )
    return int(ratio > BOUND)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)))
