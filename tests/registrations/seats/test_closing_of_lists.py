"""Closing a waiting list: what is said where there is nothing to close, or nobody to tell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.registrations.waiting_world import MONDAY, SATURDAY, Freeze
from tests.registrations.wishes import state_of
from tests.web.pages import Page
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.registrations.models import Registration
from trainings.registrations.seats.waiting import close_waiting_list
from trainings.schedule.models import Training, TrainingState

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
