"""What is asked in one moment is written together: who breaks it fails alone, who waits too long a line is told so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from httpx2 import AsyncClient
from tortoise.exceptions import IntegrityError, OperationalError

from tests import make
from tests.oracle import faults_of
from tests.registrations.forms import post
from tests.registrations.wishes import places_of, wish
from tests.web.pages import Page
from trainings.audit.actor import VISITOR
from trainings.db.group_commit import GroupCommit
from trainings.registrations.commands import SignedUp, SignUp
from trainings.registrations.eligibility import check_people
from trainings.registrations.models import Registration
from trainings.registrations.seats import entering
from trainings.registrations.seats.actions import Crowded, sign_up
from trainings.registrations.signup import routes as sign_up_routes
from trainings.settings import Settings

pytestmark = pytest.mark.both_engines

PEOPLE = 30


async def all_at_once(training_id: object, wishes: Sequence[SignUp]) -> list[SignedUp | BaseException]:
    return await asyncio.gather(
        *(sign_up(training_id, one, actor=VISITOR) for one in wishes),  # type: ignore[arg-type]
        return_exceptions=True,
    )


async def test_command_that_a_bug_breaks_fails_alone(db: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    training = await make.make_training(capacity=PEOPLE)

    def buggy(run: object, phone: str, one: SignUp) -> None:
        assert one.first.person.given_names != "Persona 7", "a bug"
        check_people(run, phone, one)  # type: ignore[arg-type]

    monkeypatch.setattr(entering, "check_people", buggy)
    said = await all_at_once(training.id, [wish(given_names=f"Persona {n}") for n in range(PEOPLE)])

    assert [n for n, one in enumerate(said) if not isinstance(one, SignedUp)] == [7]
    assert isinstance(said[7], AssertionError)
    assert await places_of(training) == (PEOPLE - 1, 0)
    assert await faults_of(training.id) == []


async def test_command_that_the_database_refuses_fails_alone(db: Settings) -> None:
    training = await make.make_training(capacity=PEOPLE, childcare_capacity=100)
    wishes = [wish(given_names=f"Persona {n}", childcare_places=9 if n in (3, 4, 20) else 1) for n in range(PEOPLE)]

    said = await all_at_once(training.id, wishes)

    assert {n: type(one) for n, one in enumerate(said) if not isinstance(one, SignedUp)} == dict.fromkeys(
        (3, 4, 20), IntegrityError
    )
    assert await places_of(training) == (PEOPLE - 3, PEOPLE - 3)
    assert await faults_of(training.id) == []


async def test_who_stops_waiting_leaves_the_others_in_line(db: Settings) -> None:
    training = await make.make_training(capacity=PEOPLE)
    tasks = [
        asyncio.create_task(sign_up(training.id, wish(given_names=f"Persona {n}"), actor=VISITOR))
        for n in range(PEOPLE)
    ]
    await asyncio.sleep(0)

    for task in tasks[::3]:
        task.cancel()
    said = await asyncio.gather(*tasks, return_exceptions=True)

    stayed = [one for one in said if isinstance(one, SignedUp)]
    assert len(stayed) == PEOPLE - 10
    for one in stayed:
        assert await Registration.exists(id=one.registration_id)
    assert await faults_of(training.id) == []


# -- the line itself


async def _echo(batch: Sequence[int]) -> list[int | Exception]:
    await asyncio.sleep(0)
    return [number * 2 for number in batch]


async def test_commands_of_a_moment_are_one_batch_and_answered_in_order() -> None:
    batches: list[list[int]] = []

    async def write(batch: Sequence[int]) -> list[int | Exception]:
        batches.append(list(batch))
        return await _echo(batch)

    line: GroupCommit[int, int] = GroupCommit(write, busy=Crowded, most=4)

    assert await asyncio.gather(*(line.submit(number) for number in range(6))) == [0, 2, 4, 6, 8, 10]
    assert batches == [[0, 1, 2, 3], [4, 5]]


async def test_who_comes_while_a_batch_is_written_makes_the_next_one_whole() -> None:
    batches: list[list[int]] = []
    late: list[asyncio.Task[int]] = []

    async def write(batch: Sequence[int]) -> list[int | Exception]:
        batches.append(list(batch))
        if not late:
            late.extend(asyncio.create_task(line.submit(number)) for number in range(1, 151))
        return await _echo(batch)

    line: GroupCommit[int, int] = GroupCommit(write, busy=Crowded)

    assert await line.submit(0) == 0
    assert await asyncio.gather(*late) == [2 * number for number in range(1, 151)]
    assert batches == [[0], list(range(1, 151))]


async def test_line_that_is_too_long_is_refused_with_when_to_come_back() -> None:
    line: GroupCommit[int, int] = GroupCommit(_echo, busy=Crowded, longest=3)

    said = await asyncio.gather(*(line.submit(number) for number in range(5)), return_exceptions=True)

    assert said[:3] == [0, 2, 4]
    assert [(type(one), one.status, one.retry_after) for one in said[3:] if isinstance(one, Crowded)] == [
        (Crowded, 503, 10)
    ] * 2


async def test_database_that_is_away_is_told_to_all_at_once_and_nobody_is_tried_again() -> None:
    tries: list[int] = []

    async def write(batch: Sequence[int]) -> list[int | Exception]:
        tries.append(len(batch))
        raise OperationalError("database is locked")

    line: GroupCommit[int, int] = GroupCommit(write, busy=Crowded)
    said = await asyncio.gather(*(line.submit(number) for number in range(8)), return_exceptions=True)

    assert [str(one) for one in said] == ["database is locked"] * 8
    assert tries == [8]


async def test_form_sent_into_a_crowd_comes_back_filled_with_when_to_try_again(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = await make.make_training()

    async def crowded(*_asked: object, **_more: object) -> None:
        raise Crowded

    monkeypatch.setattr(sign_up_routes, "sign_up", crowded)
    answer = await post(client, training, given_names="Rosa Amalia", community="Las Pozas")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    page = Page(answer.text)
    assert page.one("input", name="given_names")["value"] == "Rosa Amalia"
    assert page.one("input", name="community")["value"] == "Las Pozas"
    assert await Registration.all().count() == 0
