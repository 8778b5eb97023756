"""Years of data, with trainings of 20 and of 2,000 people that are on now and that are over; a server of ours beside
each amount, as the panel and the door meet them.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from _postgres import postgres
from _servers import Server, environment, free_port, started
from _worlds import make_hub, make_training, prepared, signed_in, staff
from million import copy_of, fill
from search import somebody

from trainings import clock, db
from trainings.accounts.cookies import SESSION
from trainings.accounts.models import Role
from trainings.db import sql
from trainings.lib import tokens
from trainings.registrations.models import Registration
from trainings.schedule.models import Training

SMALL, LARGE = 10_000, 210_000
"""Registrations."""
FEW, MANY = 20, 2_000
"""People of a training, one in ten of whom waits where it is on now."""
OLD, COMING, EXPECTED = 200, 20, 500
"""People of a training of the past, which has one a day; trainings to come, of 20 people; who is not here yet."""

COUNTED = """UPDATE training SET taken = n, capacity = n FROM (
    SELECT training_id, count(*) AS n FROM registration WHERE state = 'confirmed' GROUP BY training_id
) AS counted WHERE training_id = training.id"""
WAITING = {
    "registration": "UPDATE registration SET state = 'waitlisted', confirmed_at = NULL WHERE id = ?",
    "group": """UPDATE registration_group SET state = 'waitlisted', wait_number = ?
        WHERE id = (SELECT group_id FROM registration WHERE id = ?)""",
}
MARKS = """INSERT INTO scan_event (
        id, created_at, session_id, registration_id, kind, how, at, device_at, body_hash, flag
    )
    SELECT r.id, r.created_at, s.id, r.id, 'in', 'camera', s.starts_at, s.starts_at, '', ''
    FROM registration r JOIN training_session s ON s.training_id = r.training_id
    WHERE r.state = 'confirmed' AND s.starts_at < ?"""
PRESENT = """INSERT INTO attendance (
        id, created_at, session_id, registration_id, is_present, arrived_at, minutes, to_review
    )
    SELECT id, created_at, session_id, registration_id, ?, at, 0, ? FROM scan_event"""
COMPLETED = "UPDATE registration SET minutes_attended = 240, completed_at = ? WHERE training_id = ?"


@dataclass(frozen=True)
class World:
    """Cookies of staff, trainings by their people, somebody of the largest, tickets of who comes yet to it, and in how
    many seconds all was written.
    """

    coordinator: str
    facilitator: str
    now: dict[int, Training]
    over: dict[int, Training]
    person: UUID
    codes: list[str]
    seconds: float


@dataclass(frozen=True)
class Side:
    server: Server
    world: World


@contextmanager
def sides(engine: str) -> Iterator[dict[int, Side]]:
    """By the number of registrations; `engine`: `sqlite` or `postgres`."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        found = {}
        for count in (SMALL, LARGE):
            url = running.enter_context(postgres()) if engine == "postgres" else ""
            found[count] = _side(Path(folder) / str(count), url, count, running)
            print(f"{engine}: {count:,} registrations written in {found[count].world.seconds:.0f} s", flush=True)
        yield found


def _side(folder: Path, url: str, count: int, running: ExitStack) -> Side:
    folder.mkdir()
    port = free_port()
    settings = environment(folder, port) | {"TRAININGS_RATE_LIMITS": "off", "TRAININGS_DATABASE_URL": url}
    os.environ.update(settings)
    world = asyncio.run(prepared(partial(make_world, count)))
    command = ("-m", "trainings", "serve", "--no-worker", "--port", str(port))
    return Side(Server(running.enter_context(started(*command, port=port, settings=settings)), port, url), world)


async def make_world(count: int) -> World:
    begin, now = time.perf_counter(), clock.now()
    hub = await make_hub()
    coordinator, facilitator = [await staff(hub, role) for role in (Role.HUB_COORDINATOR, Role.FACILITATOR)]
    largest = await make_training(hub, now - timedelta(hours=1), MANY, facilitator)
    running = {FEW: await copy_of(largest, now - timedelta(hours=1)), MANY: largest}
    over = {n: await copy_of(largest, now - timedelta(days=3)) for n in (FEW, MANY)}
    coming = [await copy_of(largest, now + timedelta(days=1 + number // 2)) for number in range(COMING)]
    n_old = count - 2 * (FEW + MANY) - FEW * COMING
    old = [await copy_of(largest, now - timedelta(days=10 + day)) for day in range(n_old // OLD)]
    for trainings, n in (
        *(([training], n) for held in (running, over) for n, training in held.items()),
        (coming, FEW * COMING),
        (old, n_old),
    ):
        await fill(trainings, n, somebody, seal=None)
    codes = await settle(running, over, now)
    person = await Registration.filter(training_id=largest.id).order_by("id").first()
    assert person is not None
    found = await Training.filter(id__in=[one.id for one in (*running.values(), *over.values())]).prefetch_related(
        "sessions"
    )
    by_key = {one.id: one for one in found}
    return World(
        f"{SESSION}={await signed_in(coordinator)}",
        f"{SESSION}={await signed_in(facilitator)}",
        {n: by_key[one.id] for n, one in running.items()},
        {n: by_key[one.id] for n, one in over.items()},
        person.id,
        codes,
        time.perf_counter() - begin,
    )


async def settle(running: dict[int, Training], over: dict[int, Training], now: datetime) -> list[str]:
    """What bulk writing left out: who waits, who came and completed. The codes of those who come yet to the largest."""
    async with db.transaction():
        for n, training in running.items():
            keys = await Registration.filter(training_id=training.id).order_by("id").values_list("id", flat=True)
            last = keys[n - n // 10 :]
            await sql.execute_many(WAITING["registration"], [(key,) for key in last])
            await sql.execute_many(WAITING["group"], list(enumerate(last, start=1)))
        await sql.execute(COUNTED)
        await sql.execute(MARKS, now)
        coming = keys[:EXPECTED]
        await sql.execute_many("DELETE FROM scan_event WHERE id = ?", [(key,) for key in coming])
        await sql.execute(PRESENT, True, False)
        for training in over.values():
            await sql.execute(COMPLETED, now - timedelta(days=3), training.id)
        codes = [tokens.qr_token() for _key in coming]
        renamed = [(tokens.digest(code, "qr"), key) for code, key in zip(codes, coming, strict=True)]
        await sql.execute_many("UPDATE registration SET qr_hash = ? WHERE id = ?", renamed)
    return codes
