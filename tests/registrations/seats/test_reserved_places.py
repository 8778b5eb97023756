"""What reserved places bind: everything that counts places, at once and one after another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.counting import statements
from tests.registrations.card_world import card_of, make_block, named, places_of
from tests.registrations.forms import errors_of
from tests.registrations.wishes import state_of
from tests.web.pages import Page
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.registrations.cards.queries import by_bearer_link
from trainings.registrations.models import Addressee, CardState, InvitationLetter, ReservedBlock
from trainings.registrations.seats import actions, cards
from trainings.registrations.seats.allocation import CapacityBelowTaken
from trainings.schedule.models import Training, TrainingSession
from trainings.settings import Settings

USED = CardState.USED


async def test_capacity_below_taken_and_reserved_then_refused_with_the_number(db: Settings) -> None:
    training = await make.make_training(capacity=9)
    await make.make_registration(training)
    await make_block(training, 4)

    with pytest.raises(CapacityBelowTaken) as refused:
        await actions.resize(training.id, 4, 0, actor=PROGRAM)
    await actions.resize(training.id, 5, 0, actor=PROGRAM)

    assert refused.value.values == {"taken": 5}
    assert await places_of(training) == (1, 4)


async def test_bearer_page_of_many_names_then_no_more_statements_than_of_one(sqlite_db: Settings) -> None:
    block = await make_block(await make.make_training(), 4)
    costs = []
    for number in (1, 2, 3, 4):
        await named(await card_of(block, number), body_hash=str(number), given_names=f"Con {number}")
        with statements() as sent:
            await by_bearer_link(block.token or "")
        costs.append(len(sent))

    assert costs == [costs[0]] * 4


async def test_training_moved_then_reserved_places_are_kept_till_as_long_before_it(db: Settings) -> None:
    """Put off, earlier, so near that nothing is left of the time (then until it begins), and back."""
    training = await make.make_training(sessions=[(make.tomorrow_at(8, days=6), make.tomorrow_at(12, days=6))])
    block, given_up = [await make_block(training, 2, release_at=make.tomorrow_at(8, days=4)) for _ in range(2)]
    await cards.release(given_up.id, actor=PROGRAM)
    session = await TrainingSession.get(training_id=training.id)
    kept = []

    for days in (26, 4, 1, 6):
        await moved(session, make.tomorrow_at(8, days=days))
        kept.append(await release_of(block))

    released = [make.tomorrow_at(8, days=days) for days in (24, 2, 1, 4)]
    assert kept == released
    assert await release_of(given_up) == make.tomorrow_at(8, days=4)
    lines = await AuditLine.filter(act="registrations.move_release", object_id=block.id).order_by("id")
    assert [line.detail for line in lines] == [
        {"old": old.isoformat(), "new": new.isoformat()} for old, new in pairwise([released[-1], *released])
    ]


async def test_first_session_off_and_on_again_then_reserved_places_are_kept_till_before_the_next(db: Settings) -> None:
    days = [(make.tomorrow_at(8, days=n), make.tomorrow_at(12, days=n)) for n in (6, 9)]
    block = await make_block(await make.make_training(sessions=days), 2, release_at=make.tomorrow_at(8, days=4))
    session = await TrainingSession.filter(training_id=block.training_id).order_by("starts_at").first()
    assert session is not None
    moments = []

    for act in (rescheduling.cancel, rescheduling.restore):
        await act(session.id, actor=PROGRAM)
        moments.append((await ReservedBlock.get(id=block.id)).release_at)

    assert moments == [make.tomorrow_at(8, days=7), make.tomorrow_at(8, days=4)]


async def test_training_called_off_for_a_while_then_its_cards_are_good_till_it_begins(
    db: Settings, freeze: Callable[[datetime], None]
) -> None:
    begins = make.tomorrow_at(8, days=6)
    training = await make.make_training(sessions=[(begins, begins + timedelta(hours=4))])
    block = await make_block(training, 2, release_at=make.tomorrow_at(8, days=4))
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)
    freeze(make.tomorrow_at(8, days=5))

    off = await cards.release_due()
    await rescheduling.reopen(training.id, actor=PROGRAM)
    on_again = await cards.release_due()

    assert (off, on_again) == (0, 0)
    assert await places_of(training) == (0, 2)
    assert (await ReservedBlock.get(id=block.id)).release_at == begins


async def test_places_given_back_while_called_off_then_go_to_who_waits_once_it_takes_place(db: Settings) -> None:
    training = await make.make_training(capacity=2)
    block = await make_block(training, 2)
    waiting = await make.make_registration(training)
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)
    await cards.release(block.id, actor=PROGRAM)
    while_off = await state_of(waiting)

    await rescheduling.reopen(training.id, actor=PROGRAM)

    assert (while_off, await state_of(waiting)) == ("waitlisted", "confirmed")
    assert await places_of(training) == (1, 0)


async def moved(session: TrainingSession, starts_at: datetime) -> None:
    await rescheduling.move(session.id, starts_at, starts_at + timedelta(hours=4), None, actor=PROGRAM)


async def release_of(block: ReservedBlock) -> datetime:
    return (await ReservedBlock.get(id=block.id)).release_at


async def test_training_takes_place_after_all_and_is_put_off_then_its_cards_are_kept_as_was_agreed(
    db: Settings, freeze: Callable[[datetime], None]
) -> None:
    begins = make.tomorrow_at(8, days=6)
    training = await make.make_training(sessions=[(begins, begins + timedelta(hours=4))])
    block = await make_block(training, 2, release_at=begins - timedelta(days=2))
    session = await TrainingSession.get(training_id=training.id)
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)
    freeze(begins - timedelta(days=1))
    await rescheduling.reopen(training.id, actor=PROGRAM)

    await moved(session, begins + timedelta(days=20))

    assert await release_of(block) == begins + timedelta(days=18)


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


CANNOT_BE: list[tuple[dict[str, str], int, dict[str, str]]] = [
    (typed(BEGINS - timedelta(days=30)), 409, {"release_on": "Esa hora ya pasó. Escriba una que esté por venir."}),
    (
        typed(BEGINS + timedelta(minutes=1)),
        409,
        {"release_on": "Los lugares sin nombre se sueltan, a más tardar, cuando empieza la primera sesión."},
    ),
    (
        {"release_on": "", "release_time": "25:00"},
        422,
        {
            "release_on": "Escriba el día en que se sueltan.",
            "release_time": "Escriba una hora, por ejemplo 08:30.",
        },
    ),
]


async def test_release_that_cannot_be_then_said_at_the_day_with_what_was_typed(desk: AsyncClient, cast: Cast) -> None:
    _training, block = await reserved(cast)

    for fields, status, errors in CANNOT_BE:
        answer = await desk.post(f"{path_of(block)}/hora", data=fields)

        page = Page(answer.text)
        assert (answer.status_code, errors_of(page)) == (status, errors)
        assert {name: page.one("input", name=name)["value"] for name in fields} == fields
    assert (await ReservedBlock.get()).release_at == AGREED
    assert not await AuditLine.exists(act="registrations.set_release")


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
