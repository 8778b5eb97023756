"""Issuing by four processes that share one series of folios, on PostgreSQL: in steps, against one transaction each.

python benchmarks/folios.py [COUNT]

Each process has a training of its own at the same operator, whose people all completed it: the series is what they wait
for. The baseline issues to one person after the other as the button at one name does. fsync is on. Afterwards the
folios must have no gap, and nobody two.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from _postgres import postgres
from _worlds import make_hub, make_training

from trainings import clock, db
from trainings.attendance.models import Attendance, ScanEvent, ScanHow, ScanKind
from trainings.audit.actor import PROGRAM
from trainings.certificates.issuing import actions, bulk
from trainings.certificates.models import Certificate, CertificateKind, JobPurpose
from trainings.db import transaction
from trainings.lib import tokens
from trainings.outbox.models import OutboxJob
from trainings.people.models import Participant
from trainings.places.models import Signatory
from trainings.registrations.models import Registration, RegistrationGroup, RegistrationState, Source
from trainings.schedule import actions as schedule
from trainings.schedule.actions import SessionPlan, TrainingPlan
from trainings.schedule.models import Training, TrainingSession
from trainings.settings import Settings, get_settings

PROCESSES, BOUND = 4, 5.0
HELD, HOURS = datetime(2027, 3, 4, 14, 30, tzinfo=UTC), timedelta(hours=4)
AFTER, BEFORE = HELD + timedelta(days=2), HELD - timedelta(days=60)
WAYS = ("each", "steps")


async def make_world(first: Training, n_each: int, *, days_before: int) -> list[UUID]:
    """As many trainings like this one as processes, a day each, each with so many people who completed it."""
    made = []
    with clock.frozen(BEFORE):
        for number in range(PROCESSES):
            training = await like(first, HELD - timedelta(days=days_before + number), capacity=n_each)
            await fill(training, n_each)
            made.append(training.id)
    return made


async def like(first: Training, begin: datetime, *, capacity: int) -> Training:
    """A published training of the same course, with one session of four hours."""
    plan = TrainingPlan(first.course_id, first.hub_id, title=first.title, capacity=capacity, venue_id=first.venue_id)
    training = await schedule.create_training(plan, [SessionPlan(begin, begin + HOURS)], actor=PROGRAM)
    await schedule.publish(training.id, actor=PROGRAM)
    return training


async def fill(training: Training, n: int) -> None:
    session = await TrainingSession.get(training_id=training.id)
    rows = [somebody(training, number) for number in range(n)]
    async with transaction():
        await Participant.bulk_create([person for person, _group, _one in rows])
        await RegistrationGroup.bulk_create([group for _person, group, _one in rows])
        await Registration.bulk_create([one for _person, _group, one in rows])
        begin, ids = session.starts_at, [one.id for _person, _group, one in rows]
        about = {"session_id": session.id, "kind": ScanKind.IN, "how": ScanHow.LIST, "at": begin, "device_at": begin}
        await ScanEvent.bulk_create([ScanEvent(registration_id=key, body_hash="", **about) for key in ids])
        stay = {"session_id": session.id, "is_present": True, "arrived_at": begin}
        await Attendance.bulk_create([Attendance(registration_id=key, **stay) for key in ids])
        await TrainingSession.filter(id=session.id).update(closed_at=session.ends_at)


def somebody(training: Training, number: int) -> tuple[Participant, RegistrationGroup, Registration]:
    """Who completed it."""
    person = Participant(
        id=tokens.uuid7(),
        given_names=f"Ana {number}",
        surnames="Coc Xol",
        name_key=f"anacoc{number}",
        search_text=f" ana {number} coc xol",
        actor_type="familia",
    )
    group = RegistrationGroup(
        id=tokens.uuid7(),
        training_id=training.id,
        state=RegistrationState.CONFIRMED,
        n_people=1,
        idempotency_key=tokens.idempotency_key(),
        body_hash="",
        changed_at=clock.now(),
    )
    qr = tokens.qr_token()
    one = Registration(
        training_id=training.id,
        group_id=group.id,
        participant_id=person.id,
        state=RegistrationState.CONFIRMED,
        source=Source.DESK,
        short_code=tokens.short_code(),
        qr_hash=tokens.digest(qr, "qr"),
        qr_token=qr,
        confirmed_at=clock.now(),
        minutes_attended=240,
        completed_at=clock.now(),
    )
    return person, group, one


# -- one process


async def work(way: str, training_id: UUID) -> None:
    """Say that we are ready, wait for the start, issue, say how long it took."""
    async with db.connect(get_settings()):
        with clock.frozen(AFTER):
            people = await Registration.filter(training_id=training_id).order_by("created_at", "id").values_list("id")
            print("ready", flush=True)
            sys.stdin.readline()
            begin = time.perf_counter()
            if way == "each":
                for (registration_id,) in people:
                    await actions.issue(registration_id, CertificateKind.DIPLOMA, actor=PROGRAM)
            else:
                await in_steps(training_id)
            print(time.perf_counter() - begin, flush=True)


async def in_steps(training_id: UUID) -> None:
    job = await bulk.start(training_id, JobPurpose.ISSUE, actor=PROGRAM)
    while True:
        left = [
            one for one in await OutboxJob.filter(kind=bulk.STEP, done_at=None) if one.payload["job_id"] == str(job.id)
        ]
        if not left:
            return
        for one in left:
            await bulk.take_step(one)
            await OutboxJob.filter(id=one.id).update(done_at=clock.now())


# -- all of them


def run(way: str, trainings: list[UUID]) -> float:
    """Seconds of the slowest."""
    command = [sys.executable, __file__, "process", way]
    started = [
        subprocess.Popen([*command, str(one)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for one in trainings
    ]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return max(float(process.stdout.readline()) for process in started if process.stdout)
    finally:
        for process in started:
            process.kill()
            process.wait()


async def check(n: int) -> None:
    numbers = await Certificate.all().order_by("number").values_list("number")
    assert [number for (number,) in numbers] == list(range(1, n + 1)), "a folio is missing"
    assert len(set(await Certificate.all().values_list("registration_id"))) == n, "somebody has two"


async def measure(count: int) -> int:
    """One series for both ways, one after the other."""
    settings = Settings()
    n_each = count // PROCESSES
    await db.migrate(settings)
    async with db.connect(settings):
        with clock.frozen(BEFORE):
            hub = await make_hub()
            first = await make_training(hub, HELD, n_each)
            await Signatory.create(operator_id=hub.operator_id, name="Marta Chub", office="Alcaldesa", position=1)
        trainings = {way: await make_world(first, n_each, days_before=1 + n * PROCESSES) for n, way in enumerate(WAYS)}
    speed = {way: n_each * PROCESSES / run(way, trainings[way]) for way in WAYS}
    async with db.connect(settings):
        await check(len(WAYS) * PROCESSES * n_each)
    ratio = speed["steps"] / speed["each"]
    print(f"{n_each * PROCESSES} folios of one series by {PROCESSES} processes, PostgreSQL, no gap, nobody two")
    print(f"  in steps              {speed['steps']:7.0f} a second")
    print(f"  one transaction each  {speed['each']:7.0f} a second")
    print(f"  ratio                 {ratio:7.1f}   (bound {BOUND}) {'ok' if ratio >= BOUND else 'MISSED'}")
    return int(ratio < BOUND)


def main(count: int) -> int:
    with postgres() as url, tempfile.TemporaryDirectory() as folder:
        os.environ.update(
            TRAININGS_ENV="test", TRAININGS_DATABASE_URL=url, TRAININGS_DATA_DIR=folder, TRAININGS_LOG_LEVEL="WARNING"
        )
        return asyncio.run(measure(count))


if __name__ == "__main__":
    if sys.argv[1:2] == ["process"]:
        asyncio.run(work(sys.argv[2], UUID(sys.argv[3])))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000))
