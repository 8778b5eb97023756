"""The list of a session for a phone: how large it is on the way, and how long it takes to be made.

python benchmarks/roster.py [PEOPLE]

Ours reads the people, their tickets, spare cards and a printed sheet with a row for each, opens the sealed tokens,
seals each name with its card, and writes the file. The baseline seals the same names with keys that lie ready, and no
more. Times are of the processor, so that others at work on the machine do not count.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle
from pathlib import Path
from statistics import median

import brotli  # type: ignore[import-untyped]
from _rush import person, rush, settings_for, together
from _worlds import make_hub, make_training
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trainings import clock, db
from trainings.attendance.models import AttendanceSheet, SheetRow
from trainings.attendance.phones.roster_file import ONE_USE, rosters_of
from trainings.audit.actor import PROGRAM
from trainings.people.models import Participant
from trainings.registrations.models import Card, Registration
from trainings.registrations.seats.cards import make_spares
from trainings.schedule.models import TrainingSession

ROUNDS = 25
MOST_BYTES, MOST_MS = 40_000, 50.0
BROTLI, GZIP = 4, 4
"""As pages are compressed."""
BLANK_ROWS = 25
NAMES = cycle(("María Elena", "Juan Carlos", "Ixchel", "José Efraín", "Domitila", "Ana Lucía"))
SURNAMES = cycle(("Caal Tzib", "Ba Coc", "Quej", "Ramírez López", "Xol Tiul", "Chub Pop", "Ical"))


async def main(people: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_for(Path(folder))
        await db.migrate(settings)
        async with db.connect(settings):
            return await measure(await make_world(people), people)


async def measure(session: TrainingSession, people: int) -> int:
    """In turns; the first round of each warms up and is not counted."""
    read, made, bare = [], [], []
    names = await _names()
    body = b""
    for _round in range(ROUNDS + 1):
        start = time.process_time()
        roster = (await rosters_of([session]))[session.id]
        read.append(time.process_time() - start)
        start = time.process_time()
        body = roster.body()
        made.append(time.process_time() - start)
        bare.append(_seconds(lambda: seal_bare(names)))
    return told(body, [median(times[1:]) * 1000 for times in (read, made, bare)], people)


def told(body: bytes, ms: list[float], people: int) -> int:
    read, made, bare = ms
    file = json.loads(body)
    rows = sum(len(sheet["rows"]) for sheet in file["sheets"])
    assert len(file["people"]) == people, len(file["people"])
    packed = {"brotli": len(brotli.compress(body, quality=BROTLI)), "gzip": len(_gzip(body))}
    print(f"{people} people, {len(file['spares'])} spare cards, {rows} rows of a sheet")
    print(f"  size       {len(body):,} bytes, " + ", ".join(f"{n:,} with {how}" for how, n in packed.items()))
    print(f"  read       {read:6.1f} ms from SQLite, with its version")
    print(f"  made       {made:6.1f} ms, {read + made:.1f} ms with reading")
    print(f"  bare       {bare:6.1f} ms to seal the same names; ratio {made / bare:.1f} ×")
    is_missed = packed["brotli"] > MOST_BYTES or read + made > MOST_MS
    print(f"  bound      {MOST_BYTES:,} bytes compressed, {MOST_MS:.0f} ms: {'missed' if is_missed else 'kept'}")
    return int(is_missed)


async def make_world(people: int) -> TrainingSession:
    """A training with so many people, each on a row of its printed sheet, and blank rows for spare cards."""
    hub = await make_hub()
    training = await make_training(hub, clock.now() + timedelta(days=1), people)
    await rush([training.id], together, [person(number) for number in range(people)], 50)
    for key in await Participant.all().values_list("id", flat=True):
        await Participant.filter(id=key).update(given_names=next(NAMES), surnames=next(SURNAMES))
    for _printing in range(3):
        await make_spares(hub.id, 80, actor=PROGRAM)
    [session] = training.sessions
    sheet = await AttendanceSheet.create(session=session, code="7K2QM")
    registered = await Registration.filter(training_id=training.id).order_by("id")
    cards = await Card.all().order_by("id").limit(BLANK_ROWS)
    rows = [SheetRow(sheet=sheet, number=n, registration=one) for n, one in enumerate(registered, start=1)]
    rows += [SheetRow(sheet=sheet, number=n, card=one) for n, one in enumerate(cards, start=len(rows) + 1)]
    await SheetRow.bulk_create(rows)
    return session


async def _names() -> list[tuple[bytes, bytes]]:
    """(key, name) of everybody."""
    found = await Participant.all().values_list("given_names", "surnames")
    return [(number.to_bytes(16, "big"), f"{one[0]} {one[1]}".encode()) for number, one in enumerate(found)]


def seal_bare(names: list[tuple[bytes, bytes]]) -> int:
    return sum(len(AESGCM(key).encrypt(ONE_USE, name, b"")) for key, name in names)


def _seconds(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def _gzip(body: bytes) -> bytes:
    return zlib.compress(body, GZIP)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)))
