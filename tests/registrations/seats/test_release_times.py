"""When the nameless cards of a community are given back, as staff set it by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.registrations.card_world import make_block, places_of
from tests.registrations.forms import errors_of
from tests.web.pages import Page
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.registrations.models import Addressee, InvitationLetter, ReservedBlock
from trainings.registrations.seats import cards
from trainings.schedule.models import Training, TrainingSession

BEGINS = make.tomorrow_at(8, days=6)
AGREED = make.tomorrow_at(8, days=4)


async def reserved(cast: Cast) -> tuple[Training, ReservedBlock]:
    """In six days; cards without a name are given back two days before."""
    training = await make.make_training(hub=cast.hub, sessions=[(BEGINS, BEGINS + timedelta(hours=4))])
    return training, await make_block(training, 2, release_at=AGREED)


def typed(moment: datetime) -> dict[str, str]:
    local = clock.local(moment)
    return {"release_on": local.date().isoformat(), "release_time": local.strftime("%H:%M")}


def path_of(block: ReservedBlock) -> str:
    return f"/panel/tarjetas/bloques/{block.id}"


@pytest.mark.parametrize("before", [timedelta(hours=15), timedelta(days=3, hours=15)], ids=["later", "earlier"])
async def test_release_set_by_hand_then_cards_wait_till_then_and_as_long_before_wherever_it_moves(
    desk: AsyncClient, cast: Cast, freeze: Callable[[datetime], None], before: timedelta
) -> None:
    training, block = await reserved(cast)
    wanted = BEGINS - before

    answer = await desk.post(f"{path_of(block)}/hora", data=typed(wanted))

    assert answer.headers["location"] == path_of(block)
    page = Page((await desk.get(path_of(block))).text)
    assert "Listo. Cambió cuándo se sueltan: avise a quien las recibe." in page.text
    assert page.one("input", name="release_on")["value"] == typed(wanted)["release_on"]
    assert page.one("input", name="release_time")["value"] == "17:00"
    assert "5:00\xa0p.\xa0m." in Page((await desk.get(f"/tarjetas/{block.token}")).text).text
    [line] = await AuditLine.filter(act="registrations.set_release")
    assert (line.object_id, line.actor_id) == (block.id, cast.assistant.id)
    assert line.detail == {"old": AGREED.isoformat(), "new": wanted.isoformat()}
    session = await TrainingSession.get(training_id=training.id)
    later = BEGINS + timedelta(days=10)
    await rescheduling.move(session.id, later, later + timedelta(hours=4), None, actor=PROGRAM)
    assert (await ReservedBlock.get(id=block.id)).release_at == wanted + timedelta(days=10)
    freeze(wanted + timedelta(days=10, minutes=1))
    assert await cards.release_due() == 2


@pytest.mark.parametrize(
    ("moment", "sentence"),
    [
        pytest.param(BEGINS - timedelta(days=30), "Esa hora ya pasó. Escriba una que esté por venir.", id="past"),
        pytest.param(
            BEGINS + timedelta(minutes=1),
            "Los lugares sin nombre se sueltan, a más tardar, cuando empieza la primera sesión.",
            id="after the beginning",
        ),
    ],
)
async def test_release_that_cannot_be_then_said_at_the_day_with_what_was_typed(
    desk: AsyncClient, cast: Cast, moment: datetime, sentence: str
) -> None:
    _training, block = await reserved(cast)

    answer = await desk.post(f"{path_of(block)}/hora", data=typed(moment))

    page = Page(answer.text)
    assert (answer.status_code, errors_of(page)) == (409, {"release_on": sentence})
    assert {name: page.one("input", name=name)["value"] for name in typed(moment)} == typed(moment)
    assert (await ReservedBlock.get()).release_at == AGREED
    assert not await AuditLine.exists(act="registrations.set_release")


async def test_release_without_a_day_or_a_time_then_asked_for_both(desk: AsyncClient, cast: Cast) -> None:
    _training, block = await reserved(cast)

    answer = await desk.post(f"{path_of(block)}/hora", data={"release_on": "", "release_time": "25:00"})

    assert (answer.status_code, errors_of(Page(answer.text))) == (
        422,
        {
            "release_on": "Escriba el día en que se sueltan.",
            "release_time": "Escriba una hora, por ejemplo 08:30.",
        },
    )


async def test_release_set_after_it_came_then_refused_and_places_stay_with_others(
    desk: AsyncClient, cast: Cast
) -> None:
    training, block = await reserved(cast)
    await cards.release(block.id, actor=PROGRAM)

    answer = await desk.post(f"{path_of(block)}/hora", data=typed(BEGINS - timedelta(hours=1)))

    page = Page(answer.text)
    assert answer.status_code == 409
    assert "Estas tarjetas ya se soltaron" in page.text
    assert not page.all("input", name="release_on")
    assert await places_of(training) == (0, 0)
    assert (await ReservedBlock.get()).release_at == AGREED


async def test_training_called_off_then_no_release_is_set(desk: AsyncClient, cast: Cast) -> None:
    training, block = await reserved(cast)
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)

    answer = await desk.post(f"{path_of(block)}/hora", data=typed(BEGINS - timedelta(hours=1)))

    assert answer.status_code == 409
    assert "quien coordina la reabre" in Page(answer.text).text
    assert (await ReservedBlock.get()).release_at == AGREED


async def test_release_set_to_what_it_is_then_nothing_is_on_record(desk: AsyncClient, cast: Cast) -> None:
    _training, block = await reserved(cast)

    answer = await desk.post(f"{path_of(block)}/hora", data=typed(AGREED))

    assert answer.status_code == 303
    assert not await AuditLine.exists(act="registrations.set_release")


async def test_release_set_then_the_letter_that_says_the_old_time_is_named(desk: AsyncClient, cast: Cast) -> None:
    training, block = await reserved(cast)
    await InvitationLetter.create(training=training, block=block, kind=Addressee.COCODE, addressee="COCODE")

    await desk.post(f"{path_of(block)}/hora", data=typed(AGREED + timedelta(hours=3)))

    assert "imprima de nuevo la convocatoria" in Page((await desk.get(path_of(block))).text).text
