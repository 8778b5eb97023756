"""Who answers for an activity is told, after ten minutes, what somebody else did to it; nothing of what was undone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.outreach.make_activity import make_activity, make_draft, plan_of
from tests.web.pages import Page
from trainings import clock, jobs
from trainings.accounts.models import User
from trainings.accounts.queries import actor_of
from trainings.audit.actor import PROGRAM
from trainings.lib.dates import NBSP
from trainings.outbox.actions import STAFF_DELAY, stop_batch
from trainings.outbox.mailer import Mail
from trainings.outbox.models import OutboxJob, Outcome
from trainings.outreach.actions import (
    TimeAndPlace,
    cancel_activity,
    edit_activity,
    move_activity,
    publish_activity,
    reopen_activity,
)
from trainings.outreach.responsible import CHANGED
from trainings.settings import Settings
from trainings.web.i18n import speaking

Freeze = Callable[[datetime], None]
NOW = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
SATURDAY = datetime(2027, 3, 6, 14, 30, tzinfo=UTC)
"""8:30 on the clock of Guatemala."""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture(autouse=True)
def _now(freeze: Freeze) -> None:
    freeze(NOW)


def on(day: datetime, place: str = "Parque central") -> TimeAndPlace:
    return TimeAndPlace(day, day + 4 * HOUR, make.LA_LIBERTAD, None, place)


async def waiting() -> list[OutboxJob]:
    return await OutboxJob.filter(kind=CHANGED, done_at=None, stopped_at=None).order_by("id")


async def mail_to(user: User) -> Mail:
    """What waits for this person, as it would be sent now."""
    [job] = [job for job in await waiting() if job.payload["user_id"] == str(user.id)]
    assert job.run_at == clock.now() + STAFF_DELAY
    mail = await jobs.COMPOSERS[CHANGED](job)
    assert mail is not None
    assert mail.to == user.email
    return replace(mail, text=mail.text.replace(NBSP, " "))


async def test_moves_within_ten_minutes_are_one_message_from_what_the_person_knew(db: Settings, freeze: Freeze) -> None:
    cast = await make_cast()
    activity = await make_activity(cast.hub, responsible=cast.coordinator, when=on(SATURDAY))

    await move_activity(activity.id, on(SATURDAY + DAY), actor=PROGRAM)
    freeze(NOW + timedelta(minutes=4))
    with speaking("en"):
        await move_activity(activity.id, on(SATURDAY + 2 * DAY, "Cancha"), actor=PROGRAM)
        mail = await mail_to(cast.coordinator)

    assert mail.subject == "Cambió su actividad"
    assert "Antes: sábado, 6 de marzo de 2027, de 8:30 a. m. a 12:30 p. m. (en otro lugar). Ahora: lunes" in mail.text
    assert "(Cancha, La Libertad, Petén)" in mail.text
    assert "domingo" not in mail.text
    assert f"/panel/actividades/{activity.id}" in mail.text
    assert activity.title not in mail.text + mail.html + mail.subject


async def test_what_was_moved_back_is_told_to_nobody_nor_what_one_does_oneself(db: Settings) -> None:
    cast = await make_cast()
    activity = await make_activity(cast.hub, responsible=cast.coordinator, when=on(SATURDAY))
    actor = await make.actor_of(cast.coordinator)

    await move_activity(activity.id, on(SATURDAY + DAY), actor=PROGRAM)
    await move_activity(activity.id, on(SATURDAY), actor=PROGRAM)
    moved_back = await waiting()
    await move_activity(activity.id, on(SATURDAY + DAY), actor=actor)
    by_oneself = await waiting()
    await move_activity(activity.id, on(SATURDAY + 2 * DAY), actor=PROGRAM)

    assert (moved_back, by_oneself) == ([], [])
    assert [job.outcome for job in await OutboxJob.filter(kind=CHANGED).order_by("id")] == [Outcome.STOPPED, ""]
    assert "Antes: domingo, 7 de marzo" in (await mail_to(cast.coordinator)).text, "they moved it there themselves"


async def test_called_off_says_the_day_that_the_person_knows_and_why(db: Settings, freeze: Freeze) -> None:
    cast = await make_cast()
    activity = await make_activity(cast.hub, responsible=cast.coordinator, when=on(SATURDAY))
    await move_activity(activity.id, on(SATURDAY + DAY), actor=PROGRAM)
    [job] = await waiting()
    assert job.batch_id is not None
    await stop_batch(job.batch_id, actor=await make.actor_of(cast.coordinator))
    freeze(NOW + HOUR)

    await cancel_activity(activity.id, "Por la lluvia.", actor=PROGRAM)
    off = await mail_to(cast.coordinator)
    await OutboxJob.filter(kind=CHANGED, stopped_at=None).update(done_at=clock.now(), outcome=Outcome.SENT, attempts=1)
    await reopen_activity(activity.id, actor=PROGRAM)
    held = await mail_to(cast.coordinator)

    assert "Se canceló la actividad del sábado, 6 de marzo de 2027, de 8:30 a. m. a 12:30 p. m." in off.text
    assert "Motivo: Por la lluvia." in off.text
    assert "7 de marzo" not in off.text, "the message of the move was stopped"
    assert "Se había cancelado, pero sí se realiza. Ahora: domingo, 7 de marzo de 2027" in held.text


async def test_who_is_put_in_charge_and_who_was_hear_of_it(db: Settings) -> None:
    cast = await make_cast()
    plan = await plan_of(cast.hub, responsible=cast.coordinator, when=on(SATURDAY))
    activity = await make_activity(cast.hub, responsible=cast.coordinator, when=on(SATURDAY))
    another = replace(plan, responsible_id=cast.facilitator.id, materials="Mesa\nVolantes", rain_plan="En el salón")

    await edit_activity(activity.id, another, actor=PROGRAM)

    new, old = await mail_to(cast.facilitator), await mail_to(cast.coordinator)
    assert new.subject == old.subject == "Cambió quién responde por una actividad"
    assert "Ahora usted responde por la actividad del sábado, 6 de marzo de 2027" in new.text
    assert "(Parque central, La Libertad, Petén)" in new.text
    assert "Materiales: Mesa, Volantes." in new.text
    assert "Si llueve: En el salón" in new.text
    assert "Ya no responde por la actividad del sábado, 6 de marzo de 2027" in old.text
    assert len({job.batch_id for job in await waiting()}) == 1, "stopped together"


async def test_who_was_put_in_charge_of_a_draft_hears_of_it_when_it_is_published(db: Settings, freeze: Freeze) -> None:
    cast = await make_cast()
    draft = await make_draft(cast.hub, responsible=cast.facilitator, when=on(SATURDAY), materials="Mesa")
    own = await make_draft(cast.hub, responsible=cast.coordinator, when=on(SATURDAY + DAY))

    for activity in (draft, own):
        for _again in range(2):
            await publish_activity(activity.id, actor=await actor_of(cast.coordinator))
    first = await mail_to(cast.facilitator)
    freeze(NOW + timedelta(minutes=4))
    await move_activity(draft.id, on(SATURDAY + 2 * DAY), actor=PROGRAM)
    moved = await mail_to(cast.facilitator)
    await cancel_activity(draft.id, "Lluvia", actor=PROGRAM)

    assert first.subject == moved.subject == "Usted responde por una actividad"
    assert "Ahora usted responde por la actividad del sábado, 6 de marzo de 2027" in first.text
    assert "Materiales: Mesa." in first.text
    assert "Ahora usted responde por la actividad del lunes, 8 de marzo de 2027" in moved.text
    assert await waiting() == [], "of what is off before they heard of it there is nothing to say"


async def test_nobody_is_told_of_a_draft_of_other_words_or_of_what_is_over(db: Settings, freeze: Freeze) -> None:
    cast = await make_cast()
    draft = await make_draft(cast.hub, responsible=cast.coordinator, when=on(SATURDAY))
    public = await make_activity(cast.hub, responsible=cast.facilitator, when=on(SATURDAY + DAY))
    plan = await plan_of(cast.hub, responsible=cast.facilitator, when=on(SATURDAY + DAY), title="Feria de la salud")

    await move_activity(draft.id, on(SATURDAY + 2 * DAY), actor=PROGRAM)
    await cancel_activity(draft.id, "No hay fondos.", actor=PROGRAM)
    await edit_activity(public.id, plan, actor=PROGRAM)
    freeze(SATURDAY + 2 * DAY)
    await edit_activity(public.id, replace(plan, responsible_id=cast.coordinator.id), actor=PROGRAM)

    assert await OutboxJob.filter(kind=CHANGED).count() == 0


async def test_message_stands_in_the_queue_with_its_button_to_stop_it(client: AsyncClient) -> None:
    cast = await make_cast()
    activity = await make_activity(cast.hub, responsible=cast.facilitator, when=on(SATURDAY))
    await make.sign_in(client, cast.coordinator)
    await move_activity(activity.id, on(SATURDAY + DAY), actor=PROGRAM)
    [job] = await waiting()

    own = Page((await client.get(f"/panel/actividades/{activity.id}")).text)
    page = Page((await client.get("/panel/mensajes")).text)

    assert "Cambio, a quien responde por la actividad" in page.text
    assert "a 1 que responde · sale en 10 minutos" in " ".join(page.text.split())
    assert activity.title in page.text
    assert page.one("form", action=f"/panel/mensajes/lotes/{job.batch_id}/detener")
    assert "A quien responde por la actividad se le escribe a las 9:10" in own.text
    assert own.all("a", href="/panel/mensajes")


async def test_what_was_stopped_stays_untold_until_it_changes_again_and_then_reaches_who_had_it_first(
    db: Settings,
) -> None:
    cast = await make_cast()
    plan = await plan_of(cast.hub, responsible=cast.coordinator, when=on(SATURDAY))
    activity = await make_activity(cast.hub, responsible=cast.coordinator, when=on(SATURDAY))
    to_second = replace(plan, responsible_id=cast.facilitator.id)
    await edit_activity(activity.id, to_second, actor=PROGRAM)
    [batch_id] = {job.batch_id for job in await waiting()}
    assert batch_id is not None
    await stop_batch(batch_id, actor=await actor_of(cast.coordinator))

    await edit_activity(activity.id, replace(to_second, title="Feria de la salud"), actor=PROGRAM)
    untold = await waiting()
    await edit_activity(activity.id, replace(to_second, responsible_id=cast.assistant.id), actor=PROGRAM)

    assert untold == []
    told = {job.payload["user_id"] for job in await waiting()}
    assert told == {str(cast.coordinator.id), str(cast.assistant.id)}, "not who never heard of it"
