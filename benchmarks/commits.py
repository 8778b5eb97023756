"""Sign-ups gathered into common transactions, against one ordinary transaction each and against bare SQLite.

python benchmarks/commits.py [COUNT]

Everybody wants the same training; 50 wait at a time in each process, which collects as rarely as a server does.
SQLite writes with synchronous = FULL, PostgreSQL (out of its wheel) with fsync on. Bare SQLite writes the very rows
again that the run before it wrote, prepared in memory, with the same texts and in batches of the same size; the two go
in turns, and each begins with an empty log.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from _postgres import postgres
from _rush import ACTS, person, rush, settings_for
from _worlds import make_hub, make_training

from trainings import clock, db
from trainings.db.sqlite_immediate import ImmediateTransaction
from trainings.registrations.models import RegistrationState
from trainings.schedule.models import Training
from trainings.server import collect_rarely
from trainings.settings import Settings

ROUNDS, BARE_ROUNDS, WAITERS = 3, 7, 50
ORDINARY_SHARE = 10
"""The baseline is slow: it gets a tenth of the people."""
SQLITE_BOUND, RAW_BOUND, POSTGRES_BOUND, LONE_BOUND = 10.0, 0.5, 8.0, 1.0

PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = FAST",
    "cache_size = -32000",
    "wal_autocheckpoint = 4000",
)
"""As the program has them."""

Statements = Sequence[tuple[str, Sequence[Any], bool]]
Written = list[tuple[str, Sequence[Any], bool]]


async def main(count: int) -> int:
    missed = await on_sqlite(count)
    with postgres() as url:
        missed += await on_postgres(url, count)
    return int(bool(missed))


# -- SQLite


async def on_sqlite(count: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_for(Path(folder))
        async with world(settings) as training:
            collect_rarely()
            speed, lone = await in_turns(training, count)
            ours, raw = await beside_bare(training, settings.sqlite_path, count)
            await check(training)
    print(f"SQLite, synchronous = FULL, one training, {WAITERS} waiting, {count:,} sign-ups a round")
    missed = told("together", speed["together"], "ordinary", speed["ordinary"], SQLITE_BOUND)
    missed += told("together", ours, "bare SQLite, same rows", raw, RAW_BOUND)
    return missed + told("alone", lone["together"], "alone, ordinary", lone["ordinary"], LONE_BOUND)


async def in_turns(training: Training, count: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Sign-ups a second of both ways, among many and alone; the first round warms up."""
    speed: dict[str, list[float]] = {how: [] for how in ACTS}
    lone: dict[str, list[float]] = {how: [] for how in ACTS}
    first = 0
    for _round in range(ROUNDS + 1):
        for how, act in ACTS.items():
            for found, waiters, n in ((speed, WAITERS, count), (lone, 1, count // 10)):
                share = n if how == "together" or waiters == 1 else n // ORDINARY_SHARE
                people = [person(number) for number in range(first, first + share)]
                done, seconds, _wait = await rush([training.id], act, people, waiters)
                found[how].append(done / seconds)
                first += share
    return speed, lone


async def beside_bare(training: Training, path: Path, count: int) -> tuple[list[float], list[float]]:
    """Sign-ups a second, ours and those of bare SQLite; the first round warms up."""
    ours, raw = [], []
    for first in range(5_000_000, 5_000_000 + (BARE_ROUNDS + 1) * count, count):
        people = [person(number) for number in range(first, first + count)]
        empty_log(path)
        with noted() as batches:
            done, seconds, _wait = await rush([training.id], ACTS["together"], people, WAITERS)
        ours.append(done / seconds)
        raw.append(bare(path, batches, count))
    return ours, raw


@contextmanager
def noted() -> Iterator[list[Written]]:
    """What is written meanwhile, statement by statement; a batch is one call."""
    calls: list[Written] = []
    write_all: Any = ImmediateTransaction.write_all

    async def noting(transaction: ImmediateTransaction, statements: Statements, *, ends_batch: bool = False) -> None:
        calls.append(list(statements))
        await write_all(transaction, statements, ends_batch=ends_batch)

    setattr(ImmediateTransaction, "write_all", noting)  # noqa: B010  for the time of one run
    try:
        yield calls
    finally:
        setattr(ImmediateTransaction, "write_all", write_all)  # noqa: B010  as it was


def bare(path: Path, calls: list[Written], count: int) -> float:
    """Sign-ups a second of bare SQLite: the rows are taken out again and written once more."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("BEGIN")
    for text, values, _is_one_run in (statement for call in calls for statement in call):
        if text.startswith("INSERT INTO"):
            table, one_row = text.split()[2], text.partition("VALUES (")[2].partition(")")[0]
            columns = text.partition("(")[2].partition(")")[0].split(", ")
            # What has no key of its own is its own key.
            key = columns[:1] if columns[0] == "id" else columns
            width, where = one_row.count("?"), " AND ".join(f"{name} = ?" for name in key)
            rows = [values[begin : begin + len(key)] for begin in range(0, len(values), width)]
            connection.executemany(f"DELETE FROM {table} WHERE {where}", rows)
    connection.execute("COMMIT")
    connection.execute("PRAGMA foreign_keys = ON")
    empty_log(path)
    start = time.perf_counter()
    for call in calls:
        connection.execute("BEGIN IMMEDIATE")
        for text, values, is_one_run in call:
            (connection.execute if is_one_run else connection.executemany)(text, values)
        connection.execute("COMMIT")
    seconds = time.perf_counter() - start
    connection.close()
    return count / seconds


def empty_log(path: Path) -> None:
    """Put into the database what its log holds, so that nobody does it for the others."""
    connection = sqlite3.connect(path)
    [(is_busy, _in_log, _put)] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not is_busy
    connection.close()


# -- PostgreSQL


async def on_postgres(url: str, count: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_for(Path(folder), url)
        async with world(settings) as training:
            speed: dict[tuple[str, int], list[float]] = {}
            first = 0
            for _round in range(ROUNDS + 1):
                for n_processes in (1, 4):
                    for how in ACTS:
                        n = (count if how == "together" else count // ORDINARY_SHARE) // n_processes
                        found = at_once(settings, training.id, how, first, n, n_processes)
                        speed.setdefault((how, n_processes), []).append(found)
                        first += n * n_processes
            await check(training)
    missed = 0
    for n_processes in (1, 4):
        print(f"PostgreSQL, fsync on, one training, {n_processes} process(es), {WAITERS} waiting in each")
        ours, theirs = (speed[how, n_processes] for how in ("together", "ordinary"))
        missed += told("together", ours, "ordinary", theirs, POSTGRES_BOUND)
    return missed


def at_once(settings: Settings, training_id: UUID, how: str, first: int, n: int, n_processes: int) -> float:
    """Sign-ups a second of several processes together, from their common start to the end of the last."""
    script = str(Path(__file__).with_name("_rush.py"))
    where = (str(settings.data_dir), settings.database_url, str(training_id), how)
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen(
            [sys.executable, script, *where, str(first + number * n), str(n)], stdin=pipe, stdout=pipe, text=True
        )
        for number in range(n_processes)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    start = time.perf_counter()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told_back = [json.loads(process.stdout.readline()) for process in processes if process.stdout is not None]
    seconds = time.perf_counter() - start
    for process in processes:
        process.communicate()
    return float(sum(done for done, _seconds, _wait in told_back) / seconds)


# -- both


@asynccontextmanager
async def world(settings: Settings) -> AsyncIterator[Training]:
    """A migrated database with one training of 200 places."""
    await db.migrate(settings)
    async with db.connect(settings):
        yield await make_training(await make_hub(), clock.now() + timedelta(days=3), 200)


async def check(training: Training) -> None:
    """Never oversold."""
    row = await Training.get(id=training.id)
    n_confirmed = await row.registrations.filter(state=RegistrationState.CONFIRMED).count()  # type: ignore[attr-defined]  # a reverse relation
    assert (row.taken, n_confirmed) == (200, 200), (row.taken, n_confirmed)


def told(name: str, ours: Sequence[float], base: str, theirs: Sequence[float], bound: float) -> int:
    """Print medians over the rounds but the first, which warms up, and that of their ratios; 1 where it misses."""
    ratio = median(one / other for one, other in zip(ours[1:], theirs[1:], strict=True))
    verdict = "" if ratio >= bound else f"   MISSED {bound:g} ×"
    us, them = median(ours[1:]), median(theirs[1:])
    print(f"  {name} {us:8,.0f} a second   {base} {them:8,.0f} a second   {ratio:6.2f} ×{verdict}")
    return int(ratio < bound)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)))
