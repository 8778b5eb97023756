"""Many at the same moment: places are never oversold, the same is never doubled, nobody waits for ever.

On PostgreSQL, and in the long proof on both engines, within one process and from two. Three always ask both: SQLite is
the default.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make, rush
from tests.attendance.doors import qr_of, scan
from tests.processes import running
from tests.registrations.forms import of_page
from tests.registrations.wishes import KEY, places_of, wish
from trainings.attendance import actions as attendance
from trainings.attendance import settling
from trainings.attendance.models import Attendance, ScanEvent
from trainings.attendance.scans import Answer
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM, VISITOR
from trainings.db.sql import rows
from trainings.lib import tokens
from trainings.people.models import Participant
from trainings.registrations.commands import SignedUp
from trainings.registrations.models import OwnLink, Registration, RegistrationGroup, Source
from trainings.registrations.seats import actions
from trainings.registrations.seats.actions import sign_up
from trainings.registrations.seats.entering import KeyUsedAgain
from trainings.schedule.models import Training
from trainings.settings import Settings

pytestmark = pytest.mark.race

Freeze = Callable[[datetime], None]
PLACES, AT_ONCE = 20, 40


# -- several processes


async def in_two_processes(settings: Settings, doing: str, training: Training, n: int) -> list[str]:
    """What `n` doings from each of two processes at once came to."""
    said = await in_processes(settings, doing, training, n, n_processes=2)
    return [one for found in said for one in found]


async def in_processes(
    settings: Settings, doing: str, training: Training, n: int, *, n_processes: int
) -> list[list[str]]:
    where = (settings.data_dir, settings.database_url, training.id)
    with ExitStack() as ready:
        started = [
            ready.enter_context(running("tests.rush", doing, *where, number * n, n)) for number in range(n_processes)
        ]
        outputs = await asyncio.gather(*(asyncio.to_thread(one.goes_on) for one in started))
    return [json.loads(output) for output in outputs]


async def check_numbers(training: Training, *, n_waiting: int) -> None:
    """The list is numbered 1, 2, 3 … in the order of commit; who is on it signed up after the last place went."""
    groups = await RegistrationGroup.filter(training_id=training.id).order_by("created_at")
    assert [group.wait_number for group in groups if group.wait_number is not None] == list(range(1, n_waiting + 1))
    assert [group.state.value for group in groups] == ["confirmed"] * PLACES + ["waitlisted"] * n_waiting


async def check_count(training: Training) -> None:
    """What is counted as taken is what is there."""
    taken = await Registration.filter(training_id=training.id, state="confirmed").count()
    assert await places_of(training) == (taken, 0)
    groups = await RegistrationGroup.filter(training_id=training.id, state="confirmed").count()
    assert groups == taken


async def test_equal_forms_from_two_processes_are_one_registration(postgres_db: Settings) -> None:
    training = await make.make_training(capacity=PLACES)

    links = await in_two_processes(postgres_db, "same", training, 10)

    assert len(set(links)) == 1
    assert (await Registration.all().count(), await OwnLink.all().count()) == (1, 1)
    assert await places_of(training) == (1, 0)


async def test_sign_ups_and_cancellations_from_two_processes_keep_the_count(db: Settings) -> None:
    training = await make.make_training(capacity=PLACES)

    done = await in_two_processes(db, "come_and_go", training, 30)

    assert Counter(done) == {"went": 30, "stayed": 30}
    await check_count(training)
    assert await places_of(training) == (PLACES, 0), "what was given back went to who waited"
    assert await RegistrationGroup.filter(state="waitlisted").count() == 30 - PLACES


@pytest.mark.proof
@pytest.mark.parametrize("n_processes", [1, 2, 4])
async def test_thousands_who_come_and_go_on_postgresql_keep_the_count(postgres_db: Settings, n_processes: int) -> None:
    training = await _come_and_go(postgres_db, n_processes)

    await check_count(training)
    assert await places_of(training) == (200, 0)


@pytest.mark.proof
async def test_thousands_who_come_and_go_on_sqlite_keep_the_count(sqlite_db: Settings) -> None:
    # One process is all that the embedded set-up has. Two hold too, but take turns unfairly: beyond ten seconds of
    # waiting SQLite refuses.
    training = await _come_and_go(sqlite_db, 1)

    await check_count(training)
    assert await places_of(training) == (200, 0)


async def _come_and_go(settings: Settings, n_processes: int) -> Training:
    training = await make.make_training(capacity=200)
    started = asyncio.get_running_loop().time()

    await in_processes(settings, "come_and_go", training, 2_000 // n_processes, n_processes=n_processes)

    seconds = asyncio.get_running_loop().time() - started
    engine = "SQLite" if settings.is_sqlite else "PostgreSQL"
    print(f"\n{engine}, {n_processes} processes: 2,000 sign-ups and 1,000 cancellations in {seconds:.1f} s")
    return training


# -- one process


async def test_forms_of_a_crowd_sent_at_once_for_20_places(client: AsyncClient) -> None:
    training = await make.make_training(capacity=PLACES)
    path = f"/capacitaciones/{training.slug}/inscripcion"

    async def post(number: int) -> int:
        answers = {
            "given_names": f"Persona {number}",
            "surnames": "Coc",
            "municipality": "0000",
            "actor_type": "familia",
            "consent_data": "yes",
            **of_page(),
        }
        return (await client.post(path, data=answers)).status_code

    statuses = await asyncio.gather(*(post(number) for number in range(AT_ONCE)))

    assert Counter(statuses) == {303: AT_ONCE}
    assert await places_of(training) == (PLACES, 0)
    await check_numbers(training, n_waiting=AT_ONCE - PLACES)


@pytest.mark.both_engines
async def test_10_clicks_on_one_button_are_one_registration(client: AsyncClient) -> None:
    training = await make.make_training()
    answers = {
        "given_names": "Rosa",
        "surnames": "Coc",
        "municipality": "0000",
        "actor_type": "familia",
        "consent_data": "yes",
        **of_page(KEY),
    }

    sent = await asyncio.gather(
        *(client.post(f"/capacitaciones/{training.slug}/inscripcion", data=answers) for _click in range(10))
    )

    assert {(answer.status_code, answer.headers["location"]) for answer in sent} == {
        (303, f"/i/{(await OwnLink.get()).token}")
    }
    assert (await Registration.all().count(), await Participant.all().count()) == (1, 1)


async def test_same_key_for_two_trainings_at_once_is_taken_by_one_and_refused_to_the_other(db: Settings) -> None:
    trainings = [await make.make_training() for _n in range(2)]

    for _round in range(8):
        key = tokens.idempotency_key()
        outcomes = await asyncio.gather(
            *(sign_up(one.id, wish(idempotency_key=key, body_hash="a"), actor=VISITOR) for one in trainings),
            return_exceptions=True,
        )
        kinds = sorted(type(outcome).__name__ for outcome in outcomes)
        assert kinds == [KeyUsedAgain.__name__, SignedUp.__name__]

    assert await Participant.all().count() == 8, "what was refused left nothing behind"
    for training in trainings:
        await check_count(training)


async def test_cancelled_twice_at_once_frees_one_place(db: Settings) -> None:
    training = await make.make_training(capacity=1)
    ana = await make.make_registration(training, given_names="Ana")
    for name in ("Berta", "Cruz"):
        await make.make_registration(training, given_names=name)

    await asyncio.gather(*(actions.cancel(ana.id, actor=HOLDER_OF_LINK) for _n in range(20)))

    assert await places_of(training) == (1, 0)
    assert await Registration.filter(state="waitlisted").count() == 1


async def test_sign_ups_cancellations_and_resizing_at_once_keep_the_count(db: Settings) -> None:
    training = await make.make_training(capacity=30)
    people = [await make.make_registration(training, given_names=f"Antes {n}") for n in range(30)]

    await asyncio.gather(
        *(actions.cancel(one.id, actor=HOLDER_OF_LINK) for one in people[:15]),
        *(rush.different(training.id, number) for number in range(AT_ONCE)),
        *(actions.resize(training.id, 30 + number, 0, actor=PROGRAM) for number in range(10)),
        return_exceptions=True,
    )

    await check_count(training)
    row, n_waiting = await Training.get(id=training.id), await RegistrationGroup.filter(state="waitlisted").count()
    assert (row.taken, n_waiting) == (row.capacity, 15 + AT_ONCE - row.capacity)


async def test_short_codes_that_come_up_again_are_drawn_again(db: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    training, other = await make.make_training(), await make.make_training()
    codes = [tokens.short_code() for _n in range(8)]
    drawn = _each_three_times(codes)
    monkeypatch.setattr(tokens, "short_code", lambda: next(drawn))

    await asyncio.gather(*(rush.different(training.id, number) for number in range(8)))
    drawn_again = iter(codes)
    monkeypatch.setattr(tokens, "short_code", lambda: next(drawn_again))
    await rush.different(other.id, 0)

    found = await Registration.filter(training_id=training.id).values_list("short_code")
    assert sorted(code for (code,) in found) == sorted(codes)
    assert await Registration.get(training_id=other.id).values_list("short_code") == (codes[0],)


def _each_three_times(codes: Sequence[str]) -> Iterator[str]:
    for code in codes:
        yield from (code, code, code)


# -- at the door


async def test_one_person_scanned_by_10_phones_at_once_is_one_attendance(db: Settings) -> None:
    training = await make.make_training()
    session = training.sessions[0]
    ana = await make.make_registration(training)

    said = await asyncio.gather(
        *(
            attendance.take(session.id, [scan(qr_of(ana), session.starts_at, session=session.id)], actor=PROGRAM)
            for _phone in range(10)
        )
    )

    assert Counter(answer.outcome.value for [answer] in said) == {"present": 1, "already": 9}
    assert (await Attendance.all().count(), await ScanEvent.all().count()) == (1, 10)


async def test_one_event_sent_10_times_at_once_is_one_event(db: Settings) -> None:
    training = await make.make_training()
    session = training.sessions[0]
    came = scan(qr_of(await make.make_registration(training)), session.starts_at, session=session.id)

    said = await asyncio.gather(*(attendance.take(session.id, [came], actor=PROGRAM) for _time in range(10)))

    assert {answer.outcome.value for [answer] in said} == {"present"}
    assert (await Attendance.all().count(), await ScanEvent.all().count()) == (1, 1)


async def test_one_walk_in_sent_10_times_at_once_is_one_person(db: Settings, freeze: Freeze) -> None:
    training = await make.make_training()
    session = training.sessions[0]
    freeze(session.starts_at)
    key = tokens.uuid7()
    about = wish(source=Source.WALK_IN, idempotency_key=f"walkin-{key}", body_hash=str(key))

    said: list[Answer] = await asyncio.gather(
        *(attendance.add_walk_in(session.id, about, key, actor=PROGRAM) for _time in range(10))
    )

    assert len({answer.registration.id for answer in said if answer.registration}) == 1
    counts = [await model.all().count() for model in (Registration, Attendance, ScanEvent)]
    assert counts == [1, 1, 1]


@pytest.mark.both_engines
async def test_scans_during_closing_are_all_counted(db: Settings, freeze: Freeze) -> None:
    training = await make.make_training(capacity=16)
    session = training.sessions[0]
    people = [await make.make_registration(training, given_names=f"P{n}") for n in range(16)]
    freeze(session.ends_at)

    await asyncio.gather(
        *(
            attendance.take(session.id, [scan(qr_of(one), session.starts_at, session=session.id)], actor=PROGRAM)
            for one in people[:8]
        ),
        attendance.close_session(session.id, actor=PROGRAM),
        *(
            attendance.take(session.id, [scan(qr_of(one), session.starts_at, session=session.id)], actor=PROGRAM)
            for one in people[8:]
        ),
    )

    assert await Registration.filter(minutes_attended=240, completed_at__not_isnull=True).count() == 16


async def test_doors_of_two_trainings_that_take_each_others_people_never_wait_in_a_ring(
    db: Settings, freeze: Freeze
) -> None:
    course = await make.make_course()
    trainings = [await make.make_training(course=course, capacity=20) for _n in range(2)]
    sessions = [training.sessions[0] for training in trainings]
    people = [[await make.make_registration(one, given_names=f"P{n}") for n in range(6)] for one in trainings]
    freeze(sessions[0].ends_at)
    calls: list[Any] = []
    for n in range(6):
        for here, there in ((0, 1), (1, 0)):
            session = sessions[here]
            strangers = [scan(qr_of(people[there][n]), session.starts_at, session=session.id)]
            calls.append(attendance.take(session.id, strangers, actor=PROGRAM))
            calls.append(settling.settle(trainings[here].id))
    calls += [attendance.close_session(session.id, actor=PROGRAM) for session in sessions]

    async with asyncio.timeout(60):
        await asyncio.gather(*calls)

    assert await Registration.filter(minutes_attended=240).count() == 12, "each made up at the other's session"


@pytest.mark.both_engines
async def test_nothing_is_left_locked_when_many_give_up_waiting(db: Settings) -> None:
    training = await make.make_training(capacity=PLACES)
    tasks = [asyncio.create_task(rush.different(training.id, number)) for number in range(AT_ONCE)]
    await asyncio.sleep(0)

    for number, task in enumerate(tasks):
        if number % 3:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    await rush.different(training.id, 1_000)
    [row] = await rows("SELECT taken FROM training WHERE id = ?", training.id)
    assert row["taken"] == await Registration.filter(state="confirmed").count() <= PLACES
    await check_count(training)
