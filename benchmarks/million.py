"""Sign-ups into a database of 1,000,000 registrations, against the same with 1,000.

python benchmarks/million.py [COUNT]

The old registrations belong to a thousand trainings that are over; people sign up for fifty new ones, 50 waiting at a
time. They are written in bulk, with seals and digests of the right length but no meaning. What the random columns cost
is measured beside it: batches into a table with one unique column, whose values come in order of time or in none.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from _postgres import postgres
from _rush import ACTS, person, rush, settings_for
from _worlds import make_hub, make_training
from tortoise.connection import get_connection

from trainings import clock, db
from trainings.db import sql
from trainings.db.sql import Insert, Statement
from trainings.lib import tokens
from trainings.registrations import keeping
from trainings.schedule.models import Training
from trainings.settings import Settings

SMALL, ROUNDS, NEW, WAITERS = 1_000, 3, 2_000, 50
OLD_TRAININGS, NEW_TRAININGS, AT_ONCE = 1_000, 50, 5_000
SQLITE_BOUND, POSTGRES_BOUND = 0.5, 0.8
PROBE_BATCH = 175
SEAL = "v1.3b4d0148." + "x" * 60

Values = tuple[Any, ...]
Rows = dict[Insert, list[Values]]


async def main(count: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        missed = await measure("SQLite", settings_for(Path(folder)), count, SQLITE_BOUND)
    with tempfile.TemporaryDirectory() as folder, postgres() as url:
        missed += await measure("PostgreSQL", settings_for(Path(folder), url), count, POSTGRES_BOUND)
    return int(bool(missed))


async def measure(engine: str, settings: Settings, count: int, bound: float) -> int:
    await db.migrate(settings)
    async with db.connect(settings):
        hub = await make_hub()
        first = await make_training(hub, clock.now() + timedelta(days=3), 20)
        new = [first, *[await copy_of(first, clock.now() + timedelta(days=3)) for _number in range(NEW_TRAININGS - 1)]]
        old = [await copy_of(first, clock.now() - timedelta(days=30)) for _number in range(OLD_TRAININGS)]
        await fill(old, SMALL)
        small = await speed(new, 0)
        seconds = await fill(old, count - SMALL)
        large = await speed(new, 1_000_000)
        probes = await probe(count)
    ratio = large / small
    size = f", {settings.sqlite_path.stat().st_size / 1e9:.1f} GB" if settings.is_sqlite else ""
    print(f"{engine}: {count:,} registrations written in {seconds:.0f} s{size}")
    print(f"  sign-ups a second: {small:,.0f} with {SMALL:,}, {large:,.0f} with {count:,}: {ratio:.0%}", end="")
    print("" if ratio >= bound else f"   MISSED {bound:.0%}")
    for name, (little, much) in probes.items():
        print(f"  {PROBE_BATCH} rows, unique column {name}: {little:.2f} ms at the start, {much:.2f} ms at {count:,}")
    print(f"  memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")
    return int(ratio < bound)


async def copy_of(training: Training, starts_at: datetime) -> Training:
    """Another training of twenty places, as a row alone: nobody looks at its page here."""
    fields = {name: getattr(training, name) for name in Training._meta.db_fields if name not in ("id", "created_at")}
    code = tokens.short_code()[:8]
    copied = await Training.create(**(fields | {"slug": f"copia-{code}", "short_code": code}))
    [session] = training.sessions
    await type(session).create(
        training_id=copied.id,
        position=1,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=4),
        stamped_at=clock.now().replace(microsecond=0),
    )
    return copied


async def speed(trainings: Sequence[Training], first: int) -> float:
    """Sign-ups a second; the first round warms up."""
    found = []
    for number in range(ROUNDS + 1):
        people = [person(first + number * NEW + one) for one in range(NEW)]
        done, seconds, _wait = await rush([one.id for one in trainings], ACTS["together"], people, WAITERS)
        found.append(done / seconds)
    return median(found[1:])


async def fill(trainings: Sequence[Training], count: int) -> float:
    """Write registrations of the past in bulk; in how many seconds."""
    start = time.perf_counter()
    dice = random.Random(count)
    made = _registrations([one.id for one in trainings], dice)
    written = 0
    while written < count:
        n = min(AT_ONCE, count - written)
        rows: Rows = {}
        for one in islice(made, n):
            for insert, values in one:
                rows.setdefault(insert, []).append(values)
        async with db.transaction():
            if get_connection("default").capabilities.dialect == "postgres":
                # What is written here refers to what is there; looking it up each time takes half of the time.
                await sql.execute("SET LOCAL session_replication_role = replica")
            await sql.write_all([Statement(insert, values) for insert, values in rows.items()])
        written += n
    if get_connection("default").capabilities.dialect == "postgres":
        # What the server does by itself within minutes; until then it plans as for empty tables and writes twice.
        await sql.execute("VACUUM ANALYZE")
        await sql.execute("CHECKPOINT")
    return time.perf_counter() - start


def _registrations(training_ids: Sequence[UUID], dice: random.Random) -> Iterator[list[tuple[Insert, Values]]]:
    """One person's rows after the other's, as a sign-up writes them."""
    at = clock.now() - timedelta(days=60)
    number = 0
    while True:
        number += 1
        group, person_id, registration = tokens.uuid7(), tokens.uuid7(), tokens.uuid7()
        training, name = training_ids[number % len(training_ids)], f"rosa {dice.getrandbits(40)} coc xol"
        phone = f"{dice.getrandbits(256):064x}"
        about = (name, name, name, f" {name}", "1705", "", "familia", "", None, None, None)
        yield [
            (keeping.PARTICIPANT, (person_id, at, *about, SEAL, None, phone, None, None, None)),
            (keeping.CONSENT, (tokens.uuid7(), at, person_id, "data", "2026-11", "form", None)),
            (
                keeping.GROUP,
                (group, at, training, "confirmed", 1, 0, None, None, tokens.idempotency_key(), phone, phone, at),
            ),
            (
                keeping.REGISTRATION,
                (
                    *(registration, at, training, group, person_id, None, "confirmed", "web"),
                    *(tokens.short_code(), f"{dice.getrandbits(256):064x}", SEAL, None, at),
                ),
            ),
            (
                keeping.LINK,
                (tokens.uuid7(), at, group, registration, "person", f"{dice.getrandbits(256):064x}", SEAL),
            ),
            (
                keeping.LINE,
                (tokens.uuid7(), at, "registrations.sign_up", None, "visitor", registration, None, "", "{}"),
            ),
        ]


async def probe(count: int) -> dict[str, tuple[float, float]]:
    """Milliseconds to insert a batch into a table whose one unique column comes in order of time, or in none."""
    dice = random.Random(1)
    found: dict[str, tuple[float, float]] = {}

    def in_order() -> str:
        return f"{tokens.uuid7().hex}{dice.getrandbits(128):032x}"

    def in_none() -> str:
        return f"{dice.getrandbits(256):064x}"

    for name, draw in {"in order of time": in_order, "random": in_none}.items():
        table = f"probe_{len(found)}"
        insert = Insert(table, "value text")
        await sql.execute(f"CREATE TABLE {table} (value VARCHAR(64) NOT NULL UNIQUE)")
        little = await _probe(insert, draw)
        for _number in range(count // AT_ONCE):
            async with db.transaction():
                await sql.write_all([Statement(insert, [(draw(),) for _row in range(AT_ONCE)])])
        found[name] = (little, await _probe(insert, draw))
    return found


async def _probe(insert: Insert, draw: Callable[[], str]) -> float:
    took = []
    for _number in range(20):
        rows = [(draw(),) for _row in range(PROBE_BATCH)]
        start = time.perf_counter()
        async with db.transaction():
            await sql.write_all([Statement(insert, rows)])
        took.append(1e3 * (time.perf_counter() - start))
    return median(took)


if __name__ == "__main__":
    os.environ.setdefault("TRAININGS_LOG_LEVEL", "WARNING")
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)))
