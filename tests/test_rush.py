"""Families by the thousand: every place that fits is filled, none is given twice, no family is torn apart.

Each training's log is replayed by an independent judge. What was acknowledged survives the process that said so.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import pytest

from tests import make
from tests.families import come_and_go
from tests.oracle import faults_of, states
from tests.processes import Server, running
from trainings.audit.models import AuditLine
from trainings.registrations.models import Registration, RegistrationGroup
from trainings.schedule.models import Training
from trainings.settings import Settings

pytestmark = pytest.mark.both_engines

AT_ONCE = 64


async def _trainings(n: int) -> list[Training]:
    """Trainings of twenty places, with room for six small children, that admit minors."""
    course = await make.make_course()
    found = [await make.make_training(course=course, capacity=20, childcare_capacity=6) for _number in range(n)]
    await Training.all().update(admits_minors=True)
    return found


@contextmanager
def _ready(
    settings: Settings, trainings: Sequence[Training], jobs: Sequence[dict[str, float]]
) -> Iterator[list[Server]]:
    """A process for each of these jobs, which waits until it is told to go on."""
    ids = {"trainings": [str(one.id) for one in trainings]}
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                running("tests.families", settings.data_dir, settings.database_url, json.dumps(ids | job))
            )
            for job in jobs
        ]


@dataclass(frozen=True)
class Rush:
    """What a rush came to: sign-ups acknowledged, groups stored, and what the judge found wrong."""

    acknowledged: int
    stored: int
    faults: list[str]


async def _rush(settings: Settings, *, n: int, at_once: int, n_trainings: int, n_processes: int) -> Rush:
    trainings = await _trainings(n_trainings)
    share = n // n_processes
    job = {"n": share, "at_once": at_once // n_processes, "leaving": 0.15}
    with _ready(settings, trainings, [job | {"first": number * share} for number in range(n_processes)]) as started:
        began = asyncio.get_running_loop().time()
        told = await asyncio.gather(*(asyncio.to_thread(process.goes_on) for process in started))

    seconds = asyncio.get_running_loop().time() - began
    assert [output.endswith("done\n") for output in told] == [True] * n_processes
    faults = [fault for training in trainings for fault in await faults_of(training.id)]
    engine = "SQLite" if settings.is_sqlite else "PostgreSQL"
    print(
        f"\n{engine}, {n_processes} processes, {at_once} at once: {n:,} families in {seconds:.1f} s, {await states()}"
    )
    acknowledged = sum(output.count('"group"') for output in told)
    return Rush(acknowledged, await RegistrationGroup.all().count(), faults)


async def test_families_from_one_process_fill_every_place_that_fits(sqlite_db: Settings) -> None:
    rush = await _rush(sqlite_db, n=50, at_once=40, n_trainings=2, n_processes=1)

    assert rush == Rush(50, 50, [])


async def test_families_from_two_processes_fill_every_place_that_fits(postgres_db: Settings) -> None:
    rush = await _rush(postgres_db, n=50, at_once=40, n_trainings=2, n_processes=2)

    assert rush == Rush(50, 50, [])


@pytest.mark.proof
async def test_10000_families_on_sqlite_fill_every_place_that_fits(sqlite_db: Settings) -> None:
    rush = await _rush(sqlite_db, n=10_000, at_once=200, n_trainings=50, n_processes=1)

    assert rush == Rush(10_000, 10_000, [])


@pytest.mark.proof
async def test_10000_families_on_postgresql_fill_every_place_that_fits(postgres_db: Settings) -> None:
    rush = await _rush(postgres_db, n=10_000, at_once=200, n_trainings=50, n_processes=4)

    assert rush == Rush(10_000, 10_000, [])


async def test_judge_finds_a_place_given_twice_a_family_torn_apart_and_a_wrong_turn(sqlite_db: Settings) -> None:
    [training] = await _trainings(1)
    for number in range(20):
        await come_and_go(training.id, number, 0.2)
    assert await faults_of(training.id) == []
    waiting = await RegistrationGroup.filter(state="waitlisted", n_people__gt=1).order_by("wait_number").first()
    assert waiting is not None

    await RegistrationGroup.filter(id=waiting.id).update(state="confirmed")
    given_twice = await faults_of(training.id)
    await RegistrationGroup.filter(id=waiting.id).update(state="waitlisted")
    first = await Registration.filter(group_id=waiting.id).order_by("id").first()
    assert first is not None
    await Registration.filter(id=first.id).update(state="confirmed")
    torn_apart = await faults_of(training.id)
    await Registration.filter(id=first.id).update(state="waitlisted")
    line = await AuditLine.get(act="registrations.sign_up", object_id=first.id)
    await AuditLine.filter(id=line.id).update(detail=line.detail | {"state": "confirmed"})
    wrong_turn = await faults_of(training.id)

    assert [len(one) for one in (given_twice, torn_apart, wrong_turn)] == [1, 1, 1]


# -- killed in the middle


@dataclass(frozen=True)
class Killed:
    """What of what was acknowledged before the processes died is not there whole and once; what the judge found."""

    lost: list[str]
    faults: list[str]


async def _kill(settings: Settings, times: int, *, n_processes: int, most: int = 300) -> Killed:
    """Each process is killed as soon as it has acknowledged a number drawn by chance, at most `most`, and the next ones
    go on.
    """
    trainings = await _trainings(4)
    acknowledged: list[tuple[str, int]] = []
    dice = random.Random(1)
    for number in range(times):
        first = number * 100_000
        job = {"n": 10_000, "at_once": AT_ONCE, "leaving": 0.15}
        with _ready(
            settings, trainings, [job | {"first": first + one * 10_000} for one in range(n_processes)]
        ) as started:
            ends = [partial(_killed_after, process, dice.randint(1, most)) for process in started]
            for output in await asyncio.gather(*map(asyncio.to_thread, ends)):
                whole = [line for line in output.split("\n")[:-1] if line.startswith("{")]
                acknowledged += [(one["group"], one["people"]) for one in map(json.loads, whole)]
    engine = "SQLite" if settings.is_sqlite else "PostgreSQL"
    print(f"\n{engine}: {times} times killed, {len(acknowledged):,} sign-ups acknowledged")
    faults = [fault for training in trainings for fault in await faults_of(training.id)]
    return Killed(await _lost(acknowledged), faults)


def _killed_after(process: Server, n: int) -> str:
    """All that it says, killed once it has acknowledged `n` groups: while it writes others."""
    process.tell()
    first = [process.output.readline() for _group in range(n)]
    assert all(first), "it ended by itself"
    process.kill()
    return "".join(first) + process.output.read()


async def _lost(acknowledged: Sequence[tuple[str, int]]) -> list[str]:
    """The groups that are not there as they were acknowledged, or were acknowledged twice."""
    found = Counter(str(group_id) for (group_id,) in await Registration.all().values_list("group_id"))
    twice = [group for group, n in Counter(group for group, _people in acknowledged).items() if n > 1]
    return twice + [group for group, people in acknowledged if found[group] != people]


async def test_what_was_acknowledged_survives_being_killed(db: Settings) -> None:
    assert await _kill(db, 2, n_processes=1, most=40) == Killed([], [])


@pytest.mark.proof
async def test_what_was_acknowledged_survives_twenty_kills_on_sqlite(sqlite_db: Settings) -> None:
    assert await _kill(sqlite_db, 20, n_processes=1) == Killed([], [])


@pytest.mark.proof
async def test_what_was_acknowledged_survives_twenty_kills_on_postgresql(postgres_db: Settings) -> None:
    assert await _kill(postgres_db, 20, n_processes=4) == Killed([], [])
