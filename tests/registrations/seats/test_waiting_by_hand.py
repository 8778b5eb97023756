"""The waiting list by hand: who goes before others and why, and the end of the list."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.registrations.families import make_family
from tests.registrations.waiting_world import MONDAY, SATURDAY, Freeze, a_training, one_offered, staff
from tests.registrations.wishes import places_of, state_of, waiting
from tests.web.pages import Page
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import OutboxJob
from trainings.registrations.commands import HandReason
from trainings.registrations.models import Registration, RegistrationState
from trainings.registrations.seats.allocation import NoChildcareRoom, NoRoom, NotWaiting
from trainings.registrations.seats.waiting import close_waiting_list, promote_by_hand
from trainings.schedule.models import Training, TrainingState
from trainings.settings import Settings


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


async def three_waiting(capacity: int = 3, **columns: Any) -> tuple[Training, list[Registration]]:
    """Full with one; a family of three waits, then Cruz, then Dora."""
    training = await a_training(capacity=1, offer_hours=None, **columns)
    await make.make_registration(training, given_names="Ana")
    family = await make_family(training, "Rosa", "Diego", "Eva", email="rosa@x.example")
    cruz = await make.make_registration(training, given_names="Cruz", email="cruz@x.example")
    dora = await make.make_registration(training, given_names="Dora")
    await Training.filter(id=training.id).update(capacity=capacity)
    await OutboxJob.all().delete()
    return training, [family[0], cruz, dora]


async def test_by_hand_when_there_is_room_then_it_goes_first_with_the_reason_on_record(db: Settings) -> None:
    training, (family, cruz, dora) = await three_waiting(capacity=3)
    actor = await staff()

    await promote_by_hand(dora.group_id, HandReason.DISTANCE, actor=actor)

    assert [await state_of(one) for one in (family, cruz, dora)] == ["waitlisted", "waitlisted", "confirmed"]
    assert await places_of(training) == (2, 0)
    lines = await AuditLine.filter(act__in=["registrations.pass_over", "registrations.promote"]).order_by("id")
    assert [(line.act, line.object_id, line.detail, line.actor_id) for line in lines] == [
        ("registrations.pass_over", family.group_id, {"reason": "distance"}, actor.id),
        ("registrations.pass_over", cruz.group_id, {"reason": "distance"}, actor.id),
        ("registrations.promote", dora.group_id, {"reason": "distance"}, actor.id),
    ]


@pytest.mark.parametrize(
    ("capacity", "sentence"),
    [
        (2, "Faltan 2 lugares: aumente el cupo o cancele a alguien."),
        (3, "Falta 1 lugar: aumente el cupo o cancele a alguien."),
    ],
)
async def test_by_hand_when_there_is_no_room_then_it_is_refused_with_the_number(
    db: Settings, capacity: int, sentence: str
) -> None:
    training, (family, _cruz, _dora) = await three_waiting(capacity=capacity)

    with pytest.raises(NoRoom) as refusal:
        await promote_by_hand(family.group_id, HandReason.ERROR, actor=PROGRAM)

    assert str(refusal.value) == sentence
    assert await state_of(family) == "waitlisted"
    assert await places_of(training) == (1, 0)
    assert await AuditLine.filter(act="registrations.pass_over").count() == 0


async def test_by_hand_when_childcare_is_lacking_then_that_number_is_told(db: Settings) -> None:
    training = await a_training(capacity=1, childcare_capacity=2)
    await make.make_registration(training, given_names="Ana", childcare_places=1)
    mother = await make.make_registration(training, given_names="Rosa", childcare_places=2)
    await Training.filter(id=training.id).update(capacity=5)

    with pytest.raises(NoChildcareRoom) as refusal:
        await promote_by_hand(mother.group_id, HandReason.ERROR, actor=PROGRAM)

    assert str(refusal.value) == "Falta 1 lugar de cuidado infantil: auméntelos o cancele a alguien."


async def test_by_hand_when_it_does_not_wait_then_it_is_refused(db: Settings) -> None:
    _training, (_family, cruz, _dora) = await three_waiting(capacity=3)
    await promote_by_hand(cruz.group_id, HandReason.ERROR, actor=PROGRAM)

    with pytest.raises(NotWaiting):
        await promote_by_hand(cruz.group_id, HandReason.ERROR, actor=PROGRAM)


async def test_by_hand_at_once_for_the_last_place_is_one_promotion(db: Settings) -> None:
    training, (_family, cruz, dora) = await three_waiting(capacity=2)

    answers = await asyncio.gather(
        *(promote_by_hand(one.group_id, HandReason.ERROR, actor=PROGRAM) for one in (cruz, dora)),
        return_exceptions=True,
    )

    assert sorted(type(one).__name__ for one in answers) == ["NoRoom", "NoneType"]
    assert await places_of(training) == (2, 0)


# -- closing


async def test_close_when_people_wait_then_they_are_cancelled_and_told_after_ten_minutes(db: Settings) -> None:
    training, (family, cruz, dora) = await three_waiting()

    batch = await close_waiting_list(training.id, actor=await staff())

    row = await Training.get(id=training.id)
    assert (row.has_waiting_list, row.taken) == (False, 1)
    assert row.revision > training.revision, "a form opened before must not open the list again"
    assert await waiting(training) == []
    assert {one.state for one in await Registration.filter(group_id=family.group_id)} == {RegistrationState.CANCELLED}
    jobs = await OutboxJob.all().order_by("id")
    assert [(job.kind, job.subject_id, job.run_at, job.batch_id) for job in jobs] == [
        ("waitlist_closed", family.id, MONDAY + STAFF_DELAY, batch),
        ("waitlist_closed", cruz.id, MONDAY + STAFF_DELAY, batch),
    ]
    line = await AuditLine.get(act="registrations.close_waiting_list")
    assert line.detail == {"groups": [str(one.group_id) for one in (family, cruz, dora)]}


async def test_close_leaves_offered_places_to_who_has_them(db: Settings) -> None:
    training, (_ana, berta, cruz) = await one_offered()

    await close_waiting_list(training.id, actor=PROGRAM)

    assert [await state_of(one) for one in (berta, cruz)] == ["offered", "cancelled"]
    assert await places_of(training) == (1, 0)


NewClient = Callable[[], AsyncClient]


@pytest.fixture
async def cast(db: object, freeze: Freeze) -> Cast:
    freeze(MONDAY)
    return await make_cast()


@pytest.fixture
async def coordinator(new_client: NewClient, cast: Cast) -> AsyncClient:
    client = new_client()
    await make.sign_in(client, cast.coordinator)
    return client


async def full(cast: Cast, **columns: Any) -> Training:
    """On Saturday, with one place that Ana has."""
    sessions = [(SATURDAY, SATURDAY + timedelta(hours=4))]
    training = await make.make_training(hub=cast.hub, sessions=sessions, capacity=1, **columns)
    await make.make_registration(training, given_names="Ana")
    return training


async def one_waiting(training: Training) -> Registration:
    return await make.make_registration(training, given_names="Berta", phone="+50255551234")


def closing(training: Training) -> str:
    return f"/panel/capacitaciones/{training.id}/espera/cerrar"


def leads_back(page: Page, training: Training) -> bool:
    base = closing(training).removesuffix("/cerrar")
    return [one["href"] for one in page.all("a") if str(one["href"]).startswith(base)] == [base, base]


async def _call_off(training: Training, freeze: Freeze) -> None:
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)


async def _let_end(training: Training, freeze: Freeze) -> None:
    freeze(SATURDAY + timedelta(hours=5))


@pytest.mark.parametrize(
    ("end", "sentence"),
    [
        pytest.param(_call_off, "quien coordina la reabre en su página", id="off"),
        pytest.param(_let_end, "Esta capacitación ya terminó.", id="over"),
    ],
)
async def test_list_of_what_is_over_or_off_is_not_closed_and_says_why(
    coordinator: AsyncClient,
    cast: Cast,
    freeze: Freeze,
    end: Callable[[Training, Freeze], Awaitable[None]],
    sentence: str,
) -> None:
    berta = await one_waiting(training := await full(cast))
    await end(training, freeze)
    await make.sign_in(coordinator, cast.coordinator)

    asked = Page((await coordinator.get(closing(training))).text)
    sent = await coordinator.post(closing(training))

    assert sentence in asked.text
    assert leads_back(asked, training)
    assert not asked.all("form", action=closing(training))
    assert (sent.status_code, Page(sent.text).text.count(sentence)) == (409, 1)
    assert await state_of(berta) == "waitlisted", "it may take place after all"
    assert (await Training.get(id=training.id)).has_waiting_list


async def test_list_that_is_closed_is_not_closed_again_and_who_is_to_be_called_stays_on_it(
    coordinator: AsyncClient, cast: Cast
) -> None:
    await one_waiting(training := await full(cast))
    await close_waiting_list(training.id, actor=PROGRAM)

    asked = Page((await coordinator.get(closing(training))).text)
    sent = await coordinator.post(closing(training))

    assert "La lista ya está cerrada" in asked.text
    assert leads_back(asked, training)
    assert not asked.all("form", action=closing(training))
    page = Page((await coordinator.get(sent.headers["location"])).text)
    assert "La lista ya estaba cerrada." in page.text
    assert "La lista se cerró: falta llamar" in page.text
    assert page.one("a", href="tel:+50255551234")
    assert await AuditLine.filter(act="registrations.close_waiting_list").count() == 1


async def test_list_where_nobody_waits_says_so_and_can_be_closed_all_the_same(
    coordinator: AsyncClient, cast: Cast
) -> None:
    training = await full(cast)

    asked = Page((await coordinator.get(closing(training))).text)
    sent = await coordinator.post(closing(training))

    assert "Nadie espera" in asked.text
    assert "¿Cerrar" not in asked.text
    assert leads_back(asked, training)
    assert asked.one("form", action=closing(training))
    assert "la lista de espera está cerrada" in Page((await coordinator.get(sent.headers["location"])).text).text
    assert not (await Training.get(id=training.id)).has_waiting_list


async def test_list_of_a_draft_can_be_closed_before_anybody_knows_of_it(coordinator: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, state=TrainingState.DRAFT)

    sent = await coordinator.post(closing(training))

    assert sent.status_code == 303
    assert not (await Training.get(id=training.id)).has_waiting_list


async def test_list_that_nobody_may_join_while_some_still_wait_can_be_closed(
    coordinator: AsyncClient, cast: Cast
) -> None:
    berta = await one_waiting(training := await full(cast))
    await Training.filter(id=training.id).update(has_waiting_list=False)

    listed = Page((await coordinator.get(f"/panel/capacitaciones/{training.id}/espera")).text)
    asked = Page((await coordinator.get(closing(training))).text)
    await coordinator.post(closing(training))

    assert listed.one("a", href=closing(training))
    assert "A 1 persona hay que llamarle" in asked.text
    assert await state_of(berta) == "cancelled"
