"""What was called off and stopped in time nobody heard of: held again, it is told to nobody, nor promised to be."""

from __future__ import annotations

from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.outbox.told import accept
from tests.registrations.call_world import households
from tests.registrations.card_world import make_block
from tests.schedule.changing import DAY, HOUR, MORNING, Freeze, a_training, first, shift, text_of, with_people
from tests.schedule.panel import as_, one, post
from trainings import clock, jobs
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.outbox.actions import stop_batch
from trainings.outbox.models import CallList, CallResult, CallVia, OutboxJob
from trainings.registrations.calls import actions as call_actions
from trainings.registrations.telling.changes import tell_changes
from trainings.schedule.changes import standing
from trainings.schedule.models import SessionFacilitator, Training
from trainings.schedule.session_actions import locked_training

NOBODY = "No se le avisa a nadie: todo queda como las personas ya lo saben."


async def test_what_was_called_off_and_stopped_is_held_again_without_a_word_to_anybody(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast, 2)
    for name, email in (("Ana", "ana@x.example"), ("Beto", "")):
        await make.make_registration(training, given_names=name, email=email)
    session = first(training)
    await as_(client, cast, "coordinator")
    batch = await rescheduling.cancel(session.id, actor=PROGRAM)
    await post(client, one(training, f"/cambios/{batch}/detener"))
    freeze(MORNING - 9 * DAY + HOUR)

    question = await text_of(client, f"/panel/sesiones/{session.id}/reabrir")
    await post(client, f"/panel/sesiones/{session.id}/reabrir")
    page = await text_of(client, one(training, "/cambios"))

    assert NOBODY in question
    assert "Se le escribe a" not in question
    assert "hay que llamarle" not in question
    assert "Se le avisa" not in page
    assert "Llamadas:" not in page
    assert await OutboxJob.filter(kind="training_changed", stopped_at=None).count() == 0
    assert await CallList.filter(closed_at=None).count() == 0


async def test_training_called_off_and_stopped_is_held_again_without_a_word_to_anybody(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    training = await with_people(client, cast, freeze)
    batch = await rescheduling.call_off(training.id, "Lluvia.", actor=PROGRAM)
    stopped = await post(client, one(training, f"/cambios/{batch}/detener"))
    freeze(MORNING - 9 * DAY + HOUR)

    question = await text_of(client, one(training, "/reabrir"))
    await post(client, one(training, "/reabrir"))
    page = await text_of(client, one(training, "/cambios"))
    called_off_again = await text_of(client, one(training, "/cancelar"))

    assert stopped.status_code == 303
    assert NOBODY in question
    assert "Se le avisa" not in page
    assert await OutboxJob.filter(kind__startswith="training_", stopped_at=None).count() == 0
    assert await CallList.filter(closed_at=None).count() == 0
    assert "Se le escribe a <strong>1 persona</strong>" in called_off_again


async def test_what_people_heard_was_called_off_is_told_when_it_is_held_again(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast, 2)
    await make.make_registration(training, email="ana@x.example")
    session = first(training)
    await as_(client, cast, "coordinator")
    batch = await rescheduling.cancel(session.id, actor=PROGRAM)
    within = await text_of(client, f"/panel/sesiones/{session.id}/reabrir")
    await accept(await OutboxJob.get(batch_id=batch))
    freeze(MORNING - 9 * DAY + HOUR)

    afterwards = await text_of(client, f"/panel/sesiones/{session.id}/reabrir")
    await rescheduling.restore(session.id, actor=PROGRAM)

    assert NOBODY in within
    assert "Se le escribe a <strong>1 persona</strong>" in afterwards
    assert await OutboxJob.filter(kind="training_changed", done_at=None, stopped_at=None).count() == 1


async def test_who_signed_up_while_it_was_called_off_hears_that_it_is_held(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast, 2)
    await make.make_registration(training, email="ana@x.example")
    await as_(client, cast, "coordinator")
    session = first(training)
    batch = await rescheduling.cancel(session.id, actor=PROGRAM)
    assert batch is not None
    await stop_batch(batch, actor=await make.actor_of(cast.coordinator))
    freeze(MORNING - 9 * DAY + HOUR)
    beto = await make.make_registration(training, given_names="Beto", email="beto@x.example")

    question = await text_of(client, f"/panel/sesiones/{session.id}/reabrir")
    await rescheduling.restore(session.id, actor=PROGRAM)

    assert "Se le escribe a <strong>1 persona</strong>" in question
    assert [job.subject_id for job in await OutboxJob.filter(kind="training_changed", stopped_at=None)] == [beto.id]


async def test_what_a_holder_of_cards_was_called_about_is_news_when_it_is_as_before(cast: Cast, freeze: Freeze) -> None:
    freeze(MORNING - 9 * DAY)
    training = await a_training(cast)
    block = await make_block(training)
    session, hour = first(training), MORNING + DAY
    batch = await rescheduling.move(session.id, hour, hour + 4 * HOUR, None, actor=PROGRAM)
    call_list = await CallList.get(batch_id=batch)
    await call_actions.mark(call_list.id, block.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
    await CallList.filter(id=call_list.id).update(closed_at=clock.now())
    freeze(MORNING - 9 * DAY + HOUR)

    again = await rescheduling.move(session.id, MORNING, MORNING + 4 * HOUR, None, actor=PROGRAM)

    assert again is not None


async def stopped_move(client: AsyncClient, cast: Cast, freeze: Freeze) -> Training:
    """One whose session was moved by a day; Ana, by mail, and Beto, by telephone, were to hear of it, and did not."""
    training = await with_people(client, cast, freeze)
    batch = await shift(first(training).id, DAY)
    await post(client, one(training, f"/cambios/{batch}/detener"))
    freeze(MORNING - 9 * DAY + HOUR)
    return training


async def test_what_was_stopped_stays_in_sight_until_it_is_told_at_once(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    training = await stopped_move(client, cast, freeze)

    panel = await text_of(client, "/panel")
    page = await text_of(client, one(training, "/cambios"))
    told = await post(client, one(training, "/cambios/avisar"))
    afterwards = await text_of(client, "/panel")
    again = await post(client, one(training, "/cambios/avisar"))

    for shown in (panel, page):
        assert "2 personas no saben que se movió" in shown
        assert f'action="{one(training, "/cambios/avisar")}"' in shown
        assert "Avisar ahora" in shown
    assert (told.status_code, told.headers["location"]) == (303, one(training, "/cambios"))
    assert "no saben que se movió" not in afterwards
    [job] = await OutboxJob.filter(kind="training_changed", stopped_at=None)
    assert (job.run_at, job.batch_id) == (clock.now(), (await CallList.get(closed_at=None)).batch_id)
    mail = await jobs.COMPOSERS["training_changed"](job)
    assert mail is not None
    assert "Antes: jueves, 4 de marzo de 2027" in mail.text
    assert again.status_code == 409
    assert await OutboxJob.filter(kind="training_changed", stopped_at=None).count() == 1


async def test_what_was_called_off_and_stopped_says_so_too(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    training = await with_people(client, cast, freeze)
    batch = await rescheduling.call_off(training.id, "Lluvia.", actor=PROGRAM)
    await post(client, one(training, f"/cambios/{batch}/detener"))

    panel = await text_of(client, "/panel")
    await post(client, one(training, "/cambios/avisar"))

    assert "2 personas no saben que se canceló" in panel
    assert await OutboxJob.filter(kind="training_cancelled", stopped_at=None).count() == 1


async def test_what_was_stopped_and_moved_back_or_told_by_the_next_change_asks_for_nothing(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    training = await stopped_move(client, cast, freeze)
    await shift(first(training).id, -DAY)
    moved_back = await text_of(client, "/panel")
    await shift(first(training).id, 2 * DAY)
    moved_on = await text_of(client, "/panel")

    assert "no saben que se movió" not in moved_back
    assert "no saben que se movió" not in moved_on


async def test_change_that_nobody_stopped_asks_for_nothing(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    training = await with_people(client, cast, freeze)
    await shift(first(training).id, DAY)

    panel = await text_of(client, "/panel")
    answer = await post(client, one(training, "/cambios/avisar"))

    assert "no saben que" not in panel
    assert answer.status_code == 409


@pytest.mark.parametrize(
    ("later", "after"),
    [(70 * DAY, 62 * DAY), (-DAY, 9 * DAY)],
    ids=["months ahead", "on the old day, over the new one"],
)
async def test_what_was_stopped_stays_in_sight_while_somebody_may_still_come_on_the_old_day(
    client: AsyncClient, cast: Cast, freeze: Freeze, later: timedelta, after: timedelta
) -> None:
    training = await with_people(client, cast, freeze)
    batch = await shift(first(training).id, later)
    await post(client, one(training, f"/cambios/{batch}/detener"))
    freeze(MORNING - 9 * DAY + after)
    await as_(client, cast, "coordinator")

    panel = await text_of(client, "/panel")
    told = await post(client, one(training, "/cambios/avisar"))
    afterwards = await text_of(client, "/panel")

    assert "2 personas no saben que se movió" in panel
    assert told.status_code == 303
    assert "no saben que se movió" not in afterwards
    [job] = await OutboxJob.filter(kind="training_changed", stopped_at=None)
    mail = await jobs.COMPOSERS["training_changed"](job)
    assert mail is not None
    assert not mail.is_overtaken
    assert "Antes: jueves, 4 de marzo de 2027" in mail.text
    [household] = await households(await CallList.get(closed_at=None))
    assert [member.person.given_names for member in household.members] == ["Beto"]
    assert (
        "<h1>Cambio de fecha: " in (await client.get(f"/panel/llamadas/{(await CallList.get(closed_at=None)).id}")).text
    )


async def test_what_was_stopped_goes_once_both_days_are_over(client: AsyncClient, cast: Cast, freeze: Freeze) -> None:
    await stopped_move(client, cast, freeze)
    freeze(MORNING + DAY + 5 * HOUR)
    await as_(client, cast, "coordinator")

    assert "no saben que se movió" not in await text_of(client, "/panel")


async def test_change_that_is_told_again_with_another_can_be_stopped_again(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    """Put down as facilitator by herself, the coordinator hears nothing of it; people hear of the move."""
    training = await stopped_move(client, cast, freeze)
    freeze(clock.now() + HOUR)
    her = await make.actor_of(cast.coordinator)
    async with transaction():
        await locked_training(training.id)
        before = await standing(training.id)
        await SessionFacilitator.create(session_id=first(training).id, user_id=cast.coordinator.id)
        batch = await tell_changes(before, actor=her)

    page = await text_of(client, one(training, "/cambios"))

    assert f"/cambios/{batch}/detener" in page
