"""A scan of the panel where there are many people, against the same where there are few.

python benchmarks/door.py [OLD] [PEOPLE…]

Servers of ours on SQLite files of their own: one whose training has 20 people, with no other registration, and one for
each number of PEOPLE, whose registrations stand among OLD ones of trainings that are over. They take turns, one scan
after the other; of each the processor's time is compared, so that others at work on the machine do not count. First
everybody has arrived already but those who are scanned: an empty hall would cost less.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median
from uuid import UUID

from _posts import burst
from _servers import Server, environment, free_port, started
from _worlds import make_hub, make_training
from check_in import PASSWORD, PATH, scan
from million import OLD_TRAININGS, copy_of, fill

from trainings import clock, db
from trainings.accounts import actions as accounts
from trainings.accounts.cookies import SESSION
from trainings.accounts.models import Role, RoleGrant, User
from trainings.attendance.models import Attendance
from trainings.audit.actor import PROGRAM
from trainings.db import sql
from trainings.lib import tokens
from trainings.registrations.models import Registration
from trainings.settings import Settings

FEW, OLD, MANY = 20, 210_000, (2_000, 10_000)
ROUNDS, SCANS = 8, 25
MOST_MS, MOST_RATIO = 15.0, 1.5


@dataclass(frozen=True)
class Hall:
    """A session that is on now: the server, the cookie of who holds it, and the tickets of who comes yet."""

    server: Server
    path: str
    cookie: str
    codes: list[str]


def main(old: int, numbers: Sequence[int]) -> int:
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        halls = {FEW: open_hall(Path(name) / "few", FEW + ROUNDS * SCANS, 0, running)}
        for n in numbers:
            halls[n] = open_hall(Path(name) / str(n), n, old, running)
        return asyncio.run(compare(halls, old))


def open_hall(folder: Path, people: int, old: int, running: ExitStack) -> Hall:
    folder.mkdir()
    port = free_port()
    settings = environment(folder, port) | {"TRAININGS_RATE_LIMITS": "off"}
    os.environ.update(settings)
    session_id, cookie, codes = asyncio.run(make_world(people, old))
    process = running.enter_context(
        started("-m", "trainings", "serve", "--port", str(port), port=port, settings=settings)
    )
    return Hall(Server(process, port), PATH.format(id=session_id), f"{SESSION}={cookie}", codes)


async def make_world(people: int, old: int) -> tuple[UUID, str, list[str]]:
    await db.migrate(Settings())
    async with db.connect(Settings()):
        hub = await make_hub()
        holder = await accounts.create_user("facilita@demo.example", name="Ana Coc", actor=PROGRAM, password=PASSWORD)
        await RoleGrant.create(user=holder, role=Role.FACILITATOR, hub=hub)
        cookie, _session = await accounts.sign_in("facilita@demo.example", PASSWORD, address="127.0.0.1")
        training = await make_training(hub, clock.now() - timedelta(hours=1), people, await User.get(id=holder.id))
        if old:
            past = clock.now() - timedelta(days=30)
            await fill([await copy_of(training, past) for _number in range(OLD_TRAININGS)], old - people)
        await fill([training], people)
        [session] = training.sessions
        return session.id, cookie, await come_in(training.id, session.id)


async def come_in(training_id: UUID, session_id: UUID) -> list[str]:
    """Everybody is here but so many as are scanned, whose tickets get a code that is known."""
    keys = await Registration.filter(training_id=training_id).order_by("id").values_list("id", flat=True)
    missing, here = keys[: ROUNDS * SCANS], keys[ROUNDS * SCANS :]
    codes = [tokens.qr_token() for _key in missing]
    async with db.transaction():
        renamed = [(tokens.digest(code, "qr"), key) for code, key in zip(codes, missing, strict=True)]
        await sql.execute_many("UPDATE registration SET qr_hash = ? WHERE id = ?", renamed)
        # Written in bulk, its seals open nothing: a server of ours does not start beside them.
        for table, column in (("participant", "phone"), ("registration", "qr_token"), ("own_link", "token")):
            await sql.execute(f"UPDATE {table} SET {column} = NULL WHERE {column} IS NOT NULL")
        about = {"session_id": session_id, "is_present": True, "arrived_at": clock.now()}
        await Attendance.bulk_create([Attendance(registration_id=key, **about) for key in here], batch_size=1000)
    return codes


async def compare(halls: dict[int, Hall], old: int) -> int:
    """The first round of each warms up and is not counted."""
    cpu: dict[int, list[float]] = {n: [] for n in halls}
    for number in range(ROUNDS):
        for n in sorted(halls, reverse=bool(number % 2)):
            cpu[n].append(await scanned(halls[n], number))
    ms = {n: median(found[1:]) / 1000 for n, found in cpu.items()}
    missed = False
    print(f"{SCANS} scans each time, {old:,} registrations: processor for each")
    for n, took in ms.items():
        ratio = took / ms[FEW]
        is_missed = n != FEW and (took > MOST_MS or ratio > MOST_RATIO)
        missed |= is_missed
        print(f"  {n:6,} people  {took:7.2f} ms   ratio {ratio:5.2f} ×{'   MISSED' if is_missed else ''}")
    print(f"  bound: {MOST_MS:.0f} ms and {MOST_RATIO} × of {FEW} people alone")
    return int(missed)


async def scanned(hall: Hall, number: int) -> float:
    codes = hall.codes[number * SCANS : (number + 1) * SCANS]
    sent = [scan(hall.server.port, hall.path, hall.cookie, codes, one) for one in range(SCANS)]
    done = await burst(hall.server, sent, 1)
    assert set(done.statuses) == {200}, done.statuses
    return done.cpu


if __name__ == "__main__":
    first, *others = [int(told) for told in sys.argv[1:]] or [OLD, *MANY]
    sys.exit(main(first, others))
