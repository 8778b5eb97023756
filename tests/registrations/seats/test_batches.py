"""What is asked in one moment is written together: who breaks it fails alone, who waits too long a line is told so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from httpx2 import AsyncClient
from tortoise.exceptions import IntegrityError, OperationalError

from tests import make
from tests.oracle import faults_of
from tests.registrations.forms import post
from tests.registrations.wishes import places_of, wish
from tests.web.pages import Page
from trainings.audit.actor import VISITOR
from trainings.db.group_commit import GroupCommit, Handed
from trainings.registrations.commands import SignedUp
from trainings.registrations.eligibility import check_people
from trainings.registrations.models import Registration
from trainings.registrations.seats import entering
from trainings.registrations.seats import sign_up as signing_up
from trainings.registrations.seats.sign_up import Crowded, sign_up
from trainings.registrations.signup import routes as sign_up_routes
from trainings.registrations.wishes import SignUp
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


async def test_text_that_postgresql_cannot_hold_fails_alone(postgres_db: Settings) -> None:
    training = await make.make_training(capacity=PEOPLE)
    wishes = [wish(given_names=f"Persona {n}", body_hash="\0" if n == 11 else "") for n in range(PEOPLE)]

    said = await all_at_once(training.id, wishes)

    assert [type(one) for one in said if not isinstance(one, SignedUp)] == [OperationalError]
    assert await places_of(training) == (PEOPLE - 1, 0)


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


async def _echo(batch: Sequence[int], _handed: Handed) -> list[int | Exception]:
    await asyncio.sleep(0)
    return [number * 2 for number in batch]


async def test_commands_of_a_moment_are_one_batch_and_answered_in_order() -> None:
    batches: list[list[int]] = []

    async def write(batch: Sequence[int], handed: Handed) -> list[int | Exception]:
        batches.append(list(batch))
        return await _echo(batch, handed)

    line: GroupCommit[int, int] = GroupCommit(write, busy=Crowded, most=4)

    assert await asyncio.gather(*(line.submit(number) for number in range(6))) == [0, 2, 4, 6, 8, 10]
    assert batches == [[0, 1, 2, 3], [4, 5]]


async def test_half_of_a_crowd_is_written_before_the_other_half() -> None:
    sizes: list[int] = []

    async def write(batch: Sequence[int], handed: Handed) -> list[int | Exception]:
        sizes.append(len(batch))
        return await _echo(batch, handed)

    line: GroupCommit[int, int] = GroupCommit(write, busy=Crowded)

    assert await asyncio.gather(*(line.submit(number) for number in range(150))) == [2 * n for n in range(150)]
    assert sizes == [75, 38, 32, 5]


@dataclass
class Disk:
    """Writes two at a time, the second batch only once it may; whatever happens is noted in order."""

    said: list[str] = field(default_factory=list)
    may_write: asyncio.Event = field(default_factory=asyncio.Event)
    has_second: asyncio.Event = field(default_factory=asyncio.Event)
    decides: bool = True
    breaks: bool = False

    async def write(self, batch: Sequence[int], handed: Handed) -> list[int | Exception]:
        await asyncio.sleep(0)
        self.said.append(f"decided {batch[0]}")
        if self.decides:
            handed()
        if batch[0]:
            self.has_second.set()
            await self.may_write.wait()
        if batch[0] and self.breaks:
            raise OperationalError("database is locked")
        self.said.append(f"on disk {batch[0]}")
        return [number * 2 for number in batch]

    async def asked(self, line: GroupCommit[int, int], number: int) -> int:
        answer = await line.submit(number)
        self.said.append(f"answered {number}")
        return answer


async def test_those_on_disk_are_answered_while_the_next_are_written_and_not_before_they_are_decided() -> None:
    disk = Disk()
    line: GroupCommit[int, int] = GroupCommit(disk.write, busy=Crowded, most=2)
    asked = [asyncio.create_task(disk.asked(line, number)) for number in range(4)]

    await asyncio.wait(asked[:2], timeout=30)
    disk.may_write.set()

    assert await asyncio.gather(*asked) == [0, 2, 4, 6]
    assert disk.said == [
        *("decided 0", "on disk 0", "decided 2", "answered 0", "answered 1"),
        *("on disk 2", "answered 2", "answered 3"),
    ]


async def test_those_on_disk_are_answered_though_the_next_take_long_to_decide() -> None:
    disk = Disk(decides=False)
    line: GroupCommit[int, int] = GroupCommit(disk.write, busy=Crowded, most=2)
    asked = [asyncio.create_task(disk.asked(line, number)) for number in range(4)]

    await asyncio.wait(asked[:2], timeout=30)

    assert disk.said == ["decided 0", "on disk 0", "decided 2", "answered 0", "answered 1"]
    disk.may_write.set()
    await asyncio.gather(*asked)


async def test_those_on_disk_are_told_so_though_the_next_cannot_be_written() -> None:
    disk = Disk(decides=False, breaks=True)
    disk.may_write.set()
    line: GroupCommit[int, int] = GroupCommit(disk.write, busy=Crowded, most=2)

    said = await asyncio.gather(*(line.submit(number) for number in range(4)), return_exceptions=True)

    assert said[:2] == [0, 2]
    assert [str(one) for one in said[2:]] == ["database is locked"] * 2


async def test_those_on_disk_are_told_so_though_the_line_is_ended() -> None:
    disk = Disk(decides=False)
    line: GroupCommit[int, int] = GroupCommit(disk.write, busy=Crowded, most=2)
    asked = [asyncio.create_task(disk.asked(line, number)) for number in range(4)]
    await disk.has_second.wait()

    assert line._writer is not None
    line._writer.cancel()

    await asyncio.wait(asked[:2], timeout=30)
    assert [one.result() for one in asked[:2]] == [0, 2]
    for one in asked[2:]:
        one.cancel()


async def test_line_that_is_too_long_is_refused_with_when_to_come_back() -> None:
    line: GroupCommit[int, int] = GroupCommit(_echo, busy=Crowded, longest=3)

    said = await asyncio.gather(*(line.submit(number) for number in range(5)), return_exceptions=True)

    assert said[:3] == [0, 2, 4]
    assert [(type(one), one.status, one.retry_after) for one in said[3:] if isinstance(one, Crowded)] == [
        (Crowded, 503, 10)
    ] * 2


async def test_database_that_is_away_is_told_to_all_at_once_and_nobody_is_tried_again() -> None:
    tries: list[int] = []

    async def write(batch: Sequence[int], _handed: Handed) -> list[int | Exception]:
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


def test_program_has_one_line_for_each_process() -> None:
    assert isinstance(signing_up.counter, GroupCommit)
