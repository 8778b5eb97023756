"""Sign-ups into a database of 1,000,000 registrations, against the same with 1,000, in turn.

python benchmarks/million.py [COUNT]

The old registrations belong to a thousand trainings that are over; people sign up for fifty new ones, 50 waiting at a
time. They are written in bulk, with seals and digests of the right length but no meaning. Both databases stand side by
side, on PostgreSQL each with a server of its own, and take turns: a machine that slows down meanwhile slows both. What
the random columns cost is measured beside it: batches into a table with one unique column, whose values come in order
of time or in none.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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
from trainings.people import newcomers
from trainings.people.finding import NAME_WORD, hub_number, word_rows
from trainings.registrations.seats import writing
from trainings.schedule.models import Training
from trainings.settings import Settings

SMALL, ROUNDS, WARM, NEW, WAITERS = 1_000, 7, 500, 1_500, 50
OLD_TRAININGS, NEW_TRAININGS, AT_ONCE = 1_000, 50, 5_000
SQLITE_BOUND, POSTGRES_BOUND = 0.5, 0.8
PROBE_BATCH = 175
NAME_KEY = 2
SEAL = "v1.3b4d0148." + "x" * 60

Values = tuple[Any, ...]
Rows = dict[Insert, list[Values]]


async def main(count: int) -> int:
    with folders() as (small, large):
        missed = await measure("SQLite", settings_for(small), settings_for(large), count, SQLITE_BOUND)
    with folders() as (small, large), postgres() as few, postgres() as many:
        about = settings_for(small, few), settings_for(large, many)
        missed += await measure("PostgreSQL", *about, count, POSTGRES_BOUND)
    return int(bool(missed))


@contextmanager
def folders() -> Iterator[tuple[Path, Path]]:
    with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as large:
        yield Path(small), Path(large)


async def measure(engine: str, small: Settings, large: Settings, count: int, bound: float) -> int:
    few, _seconds = await filled(small, SMALL)
    many, seconds = await filled(large, count)
    size = f", {large.sqlite_path.stat().st_size / 1e9:.1f} GB" if large.is_sqlite else ""
    print(f"{engine}: {count:,} registrations written in {seconds:.0f} s{size}", flush=True)
    speeds: dict[int, list[float]] = {SMALL: [], count: []}
    sides = [(SMALL, small, few), (count, large, many)]
    for number in range(ROUNDS):
        for size_of, settings, training_ids in sides:
            async with db.connect(settings):
                speeds[size_of].append(await speed(training_ids, number))
        sides.reverse()
    ratios = [much / little for little, much in zip(speeds[SMALL], speeds[count], strict=True)]
    ratio = median(ratios)
    told = ", ".join(f"{median(found):,.0f} with {size_of:,}" for size_of, found in speeds.items())
    print(f"  sign-ups a second: {told}: {ratio:.0%} ({min(ratios):.0%} to {max(ratios):.0%})", end="")
    print("" if ratio >= bound else f"   MISSED {bound:.0%}")
    async with db.connect(large):
        probes = await probe(count)
    for name, (little, much) in probes.items():
        print(f"  {PROBE_BATCH} rows, unique column {name}: {little:.2f} ms at the start, {much:.2f} ms at {count:,}")
    print(f"  memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")
    return int(ratio < bound)


async def filled(settings: Settings, count: int) -> tuple[list[UUID], float]:
    """A database with so many old registrations: the new trainings, and how many seconds that took."""
    await db.migrate(settings)
    async with db.connect(settings):
        hub = await make_hub()
        first = await make_training(hub, clock.now() + timedelta(days=3), 20)
        new = [first, *[await copy_of(first, clock.now() + timedelta(days=3)) for _number in range(NEW_TRAININGS - 1)]]
        old = [await copy_of(first, clock.now() - timedelta(days=30)) for _number in range(OLD_TRAININGS)]
        return [one.id for one in new], await fill(old, count)


async def copy_of(training: Training, starts_at: datetime) -> Training:
    """Another training of twenty places, as a row alone: nobody looks at its page here."""
    fields = {name: getattr(training, name) for name in Training._meta.db_fields if name not in ("id", "created_at")}
    code = tokens.short_code()[:8]
    copied = await Training.create(**(fields | {"slug": f"copia-{code}", "short_code": code}))
    [session], ends_at = training.sessions, starts_at + timedelta(hours=4)
    await type(session).create(
        training_id=copied.id,
        position=1,
        starts_at=starts_at,
        ends_at=ends_at,
        closed_at=ends_at if ends_at < clock.now() else None,
        stamped_at=clock.now().replace(microsecond=0),
    )
    return copied


async def speed(training_ids: Sequence[UUID], turn: int) -> float:
    """Sign-ups a second, after a few that warm up."""
    first = 1_000_000 + turn * (WARM + NEW)
    people = [person(number) for number in range(first, first + WARM + NEW)]
    await rush(list(training_ids), ACTS["together"], people[:WARM], WAITERS)
    done, seconds, _wait = await rush(list(training_ids), ACTS["together"], people[WARM:], WAITERS)
    return done / seconds


def rosa(dice: random.Random, _key: UUID) -> Values:
    """The columns of a new person after key and moment."""
    name, phone = f"rosa {dice.getrandbits(40)} coc xol", f"{dice.getrandbits(256):064x}"
    about = (name, name, name, name, f" {name}", "1705", "", "familia", "", None, None, None)
    return (*about, SEAL, None, None, phone, phone[:8], *[None] * 4)


async def fill(
    trainings: Sequence[Training],
    count: int,
    person: Callable[[random.Random, UUID], Values] = rosa,
    seal: str | None = SEAL,
) -> float:
    """Write registrations of the past in bulk; in how many seconds. `seal`: of tickets and links. A server of ours does
    not start beside one that opens nothing.
    """
    start = time.perf_counter()
    made = _registrations(trainings, random.Random(f"{trainings[0].id} {count}"), person, seal)
    if get_connection("default").capabilities.dialect == "sqlite":
        # As below; until this connection ends.
        await sql.execute("PRAGMA foreign_keys = OFF")
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


def _registrations(
    trainings: Sequence[Training],
    dice: random.Random,
    person: Callable[[random.Random, UUID], Values],
    seal: str | None,
) -> Iterator[list[tuple[Insert, Values]]]:
    """One person's rows after the other's, as a sign-up writes them."""
    at, hub = clock.now() - timedelta(days=60), hub_number(trainings[0].hub_id)
    for training in itertools.cycle(trainings):
        key = tokens.uuid7()
        about = person(dice, key)
        yield [
            (newcomers.PARTICIPANT, (key, at, *about)),
            (newcomers.CONSENT, (tokens.uuid7(), at, key, "data", "2026-11", "form", None)),
            *_sign_up(training.id, key, at, dice, seal),
            *[(NAME_WORD, row) for row in word_rows(hub, about[NAME_KEY], str(key))],
        ]


def _sign_up(
    training: UUID, person: UUID, at: datetime, dice: random.Random, seal: str | None
) -> list[tuple[Insert, Values]]:
    group, registration, browser = tokens.uuid7(), tokens.uuid7(), f"{dice.getrandbits(256):064x}"
    kept = (*(None, None, None), tokens.idempotency_key(), browser, browser, at)
    return [
        (writing.GROUP, (group, at, training, "confirmed", 1, 0, *kept)),
        (
            writing.REGISTRATION,
            (
                *(registration, at, training, group, person, "confirmed", "web"),
                *(tokens.short_code(), f"{dice.getrandbits(256):064x}", seal, None, at),
            ),
        ),
        (
            writing.LINK,
            (tokens.uuid7(), at, group, registration, "person", f"{dice.getrandbits(256):064x}", seal),
        ),
        (
            writing.LINE,
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
