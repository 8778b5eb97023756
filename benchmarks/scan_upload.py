"""Marks that phones kept without signal, fifty in a request, against one request and one transaction for each.

python benchmarks/scan_upload.py [COUNT]

Real server processes: one on an SQLite file, one and four on PostgreSQL. Four phones send at once, each as soon as the
last is answered, in batches and one by one in turns. Then the server on SQLite absorbs the queue of one phone that was
at four sessions, 10,000 marks, while its memory is watched. COUNT is the number of marks that go one by one.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, cycle, islice
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

from _postgres import postgres
from _posts import Burst, as_json, burst
from _servers import Server, environment, free_port, resident_bytes, started
from _worlds import make_hub, make_training

from trainings import clock, db
from trainings.attendance.device_access import device_digest
from trainings.attendance.models import Attendance, Device, DeviceSession, ScanEvent
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose
from trainings.places import actions as places
from trainings.places.models import Hub
from trainings.registrations.commands import for_one
from trainings.registrations.models import Registration
from trainings.registrations.seats.actions import sign_up
from trainings.schedule import actions as schedule
from trainings.schedule.actions import SessionPlan, TrainingPlan
from trainings.schedule.models import Training
from trainings.settings import Settings

PHONES, PEOPLE = 4, 250
BATCH, ROUNDS, QUEUE = 50, 4, 10_000
MOST_GROWN = 24 * 1024 * 1024
MOST_MS = {1: 1.5, BATCH: 0.25}
"""Of the processor for a mark, on SQLite."""
Found = dict[int, list[tuple[float, float]]]
"""By marks in a request, of each round: marks a second, and milliseconds of the processor for each."""
PATH = "/marcar/api/marcas"


@dataclass(frozen=True, slots=True)
class Phone:
    """A prepared phone: its cookie, the cards that it knows, each with its session, and the numbers of its marks."""

    token: str
    cards: Sequence[tuple[str, str]]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def events(self, n: int) -> list[dict[str, Any]]:
        now = round(clock.now().timestamp() * 1000)
        return [
            {
                "id": str(tokens.uuid7()),
                "kind": "in",
                "session": session,
                "at": now,
                "perf": number,
                "page": "page",
                "seq": number,
                "how": "camera",
                "h": card,
                "known": True,
                "roster": "0123456789abcdef01234567",
                "app": "1",
            }
            for (session, card), number in zip(islice(cycle(self.cards), n), self.numbers, strict=False)
        ]

    def requests(self, port: int, n: int, size: int) -> list[bytes]:
        """`n` marks in requests of `size`."""
        events = self.events(n)
        return [self._request(port, events[first : first + size]) for first in range(0, n, size)]

    def _request(self, port: int, events: list[dict[str, Any]]) -> bytes:
        body = {
            "client_now": round(clock.now().timestamp() * 1000),
            "last_seq": events[-1]["seq"],
            "n_unsent": 1,
            "events": events,
        }
        return as_json(port, PATH, body, cookie=f"trainings_device={self.token}", x_marcar="1")


def main(count: int) -> int:
    with serving("") as (server, phones):
        found = asyncio.run(compare(server, phones, count))
        compare_speeds("SQLite, 1 process", found)
        keeps = is_cheap(found), asyncio.run(absorb(server, phones))
    for workers in (1, 4):
        with postgres() as url, serving(url, "--workers", str(workers)) as (server, phones):
            found = asyncio.run(compare(server, phones, count))
            compare_speeds(f"PostgreSQL, {workers} process{'es' if workers > 1 else ''}", found)
    return 0 if all(keeps) else 1


@contextmanager
def serving(url: str, *options: str) -> Iterator[tuple[Server, list[Phone]]]:
    """Our server on a fresh database, with phones that are prepared for a session of their own."""
    with tempfile.TemporaryDirectory() as name:
        port = free_port()
        settings = environment(Path(name), port) | {"TRAININGS_RATE_LIMITS": "off", "TRAININGS_DATABASE_URL": url}
        os.environ.update(settings)
        phones = asyncio.run(make_world())
        command = ("-m", "trainings", "serve", "--no-worker", "--port", str(port), *options)
        with started(*command, port=port, settings=settings) as process:
            yield Server(process, port), phones


async def make_world() -> list[Phone]:
    await db.migrate(Settings())
    async with db.connect(Settings()):
        first = await make_training(await make_hub(), clock.now() - timedelta(hours=1), PEOPLE)
        trainings = [first, *[await another(first, f"Salón {number}") for number in range(2, PHONES + 1)]]
        return [await make_phone(training) for training in trainings]


async def another(like: Training, venue: str) -> Training:
    """The same course at the same time, elsewhere."""
    hub = await Hub.get(id=like.hub_id)
    place = await places.create_venue(places.VenueDetails(venue, "1705"), hub=hub, actor=PROGRAM)
    about = TrainingPlan(like.course_id, hub.id, title=like.title, capacity=like.capacity, venue_id=place.id)
    [session] = like.sessions
    training = await schedule.create_training(about, [SessionPlan(session.starts_at, session.ends_at)], actor=PROGRAM)
    await schedule.publish(training.id, actor=PROGRAM)
    return await Training.get(id=training.id).prefetch_related("sessions")


async def make_phone(training: Training) -> Phone:
    """For a session that is on now, with a hundred people."""
    for number in range(PEOPLE):
        about = {"given_names": f"Rosa {number}", "surnames": "Coc", "municipality": "0000", "actor_type": "familia"}
        wish = for_one(PersonForm.model_validate(about), frozenset({ConsentPurpose.DATA}))
        await sign_up(training.id, wish, actor=PROGRAM)
    token, session = tokens.own_link(), training.sessions[0]
    device = await Device.create(hub_id=training.hub_id, name="Teléfono", token_hash=device_digest(token))
    await DeviceSession.create(device_id=device.id, session_id=session.id)
    cards = await Registration.filter(training_id=training.id).values_list("qr_hash")
    return Phone(token, [(str(session.id), qr_hash[:24]) for (qr_hash,) in cards])


async def at_all(phones: Sequence[Phone]) -> Phone:
    """The first of them, prepared for the sessions of all."""
    async with db.connect(Settings()):
        device = await Device.get(token_hash=device_digest(phones[0].token))
        for phone in phones[1:]:
            await DeviceSession.create(device_id=device.id, session_id=UUID(phone.cards[0][0]))
    return Phone(phones[0].token, [card for phone in phones for card in phone.cards])


async def compare(server: Server, phones: Sequence[Phone], count: int) -> Found:
    """In batches and one by one. The first round of each warms up and is not counted."""
    found: Found = {BATCH: [], 1: []}
    each = max(BATCH, count // ROUNDS // PHONES)
    n_sent = 0
    for number in range(ROUNDS):
        for size in (1, BATCH) if number % 2 else (BATCH, 1):
            n = each if size == 1 else each // BATCH * BATCH * 4
            sent = [phone.requests(server.port, n, size) for phone in phones]
            # One after the other of each phone, so that each connection is one phone's.
            requests = [one for at_once in zip(*sent, strict=True) for one in at_once]
            took: Burst = await burst(server, requests, PHONES)
            assert set(took.statuses) == {200}, took.statuses
            found[size].append((took.per_second * size, took.cpu / 1000 / size))
            n_sent += n * PHONES
    async with db.connect(Settings()):
        n_present = await Attendance.filter(is_present=True).count()
        assert (await ScanEvent.all().count(), n_present) == (n_sent, PHONES * min(PEOPLE, each // BATCH * BATCH * 4))
    return {size: speeds[1:] for size, speeds in found.items()}


def compare_speeds(where: str, found: Found) -> None:
    single, batched = (median(speed for speed, _ms in found[size]) for size in (1, BATCH))
    print(f"{where:24} {single:7.0f} marks a second one by one, {batched:7.0f} by fifty: {batched / single:5.1f} ×")


def is_cheap(found: Found) -> bool:
    took = {size: median(ms for _speed, ms in rounds) for size, rounds in found.items()}
    for size, bound in MOST_MS.items():
        beside = f"   MISSED {bound:g}" if took[size] > bound else ""
        print(f"  ms of processor for a mark, {size:2} in a request: {took[size]:.3f}{beside}")
    return all(took[size] <= bound for size, bound in MOST_MS.items())


async def absorb(server: Server, phones: Sequence[Phone]) -> bool:
    """Whether memory stays what it is while one phone brings a queue of ten thousand."""
    phone = await at_all(phones)
    requests = phone.requests(server.port, QUEUE, BATCH)
    sizes, start = [resident_bytes(server.process.pid)], time.perf_counter()
    for first in range(0, len(requests), 20):
        took = await burst(server, requests[first : first + 20], 1)
        assert set(took.statuses) == {200}, took.statuses
        sizes.append(resident_bytes(server.process.pid))
    seconds = time.perf_counter() - start
    grown = max(sizes) - sizes[1]
    print(
        f"{QUEUE:,} queued marks of one phone in {seconds:.1f} s; memory {sizes[0] / 1e6:.1f} MB before, "
        f"{sizes[1] / 1e6:.1f} after the first thousand, {max(sizes) / 1e6:.1f} at most"
    )
    return grown <= MOST_GROWN


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_600))
