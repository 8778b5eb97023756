"""The time to answer an offer is another, since the session was moved: who was told hears of it, and pages say so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.outbox.told import last_mail
from tests.registrations.call_world import only_call
from tests.registrations.families import group_token, make_family
from tests.registrations.waiting_world import DAY, MONDAY, SATURDAY, Freeze
from tests.registrations.wishes import link_of, state_of
from tests.web.pages import Page
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib.dates import NBSP
from trainings.outbox.actions import STAFF_DELAY, stop_batch
from trainings.outbox.models import CallList, CallReason, OutboxJob
from trainings.registrations.calls.texts import text_for, told_by
from trainings.registrations.models import Registration, RegistrationGroup
from trainings.registrations.seats import actions
from trainings.registrations.seats.waiting import expire_offers, mark_reached
from trainings.schedule.models import Training, TrainingSession

MINUTE = timedelta(minutes=1)
EARLIER = MONDAY + timedelta(hours=20)
TOLD, NOW = "martes 2 de marzo, 8:30 a. m.", "martes 2 de marzo, 4:30 a. m."
"""The day after the call, and when the session is to begin by then."""


@pytest.fixture
async def cast(db: object, freeze: Freeze) -> Cast:
    freeze(MONDAY)
    return await make_cast()


async def reached(cast: Cast, *names: str, email: str = "") -> tuple[Training, Registration]:
    """Ana gave her place back; who waited was told, and has a day to say yes."""
    sessions = [(SATURDAY, SATURDAY + timedelta(hours=4))]
    n = len(names)
    training = await make.make_training(hub=cast.hub, sessions=sessions, capacity=n, offer_hours=24)
    ana = await make_family(training, *(["Ana"] * n))
    family = await make_family(training, *names, phone="+50255551234", email=email)
    await actions.cancel_group(ana[0].group_id, actor=HOLDER_OF_LINK)
    await mark_reached(family[0].group_id, actor=PROGRAM)
    await OutboxJob.all().delete()
    return training, family[0]


async def move(training: Training, *, back: bool = False) -> UUID | None:
    session = await TrainingSession.get(training_id=training.id)
    starts_at = SATURDAY if back else EARLIER
    return await rescheduling.move(session.id, starts_at, starts_at + timedelta(hours=4), None, actor=PROGRAM)


def read(page: Page) -> str:
    return " ".join(page.text.replace(NBSP, " ").split())


async def test_who_left_an_address_reads_the_new_time_in_the_message_about_the_change_and_it_is_on_record(
    cast: Cast,
) -> None:
    training, berta = await reached(cast, "Berta", email="berta@x.example")

    await move(training)

    assert (await OutboxJob.get(kind="training_changed")).subject_id == berta.id
    text = " ".join((await last_mail("training_changed")).text.replace(NBSP, " ").split())
    assert "Le guardamos un lugar y falta su respuesta." in text
    assert f"Ahora hay tiempo para decir que sí hasta el {NOW.removesuffix('.')}" in text
    assert "el lugar pasa a otra persona" in text
    assert "Decir sí o no" in text
    assert "cancele con su enlace" not in text
    [line] = await AuditLine.filter(act="registrations.move_offer")
    assert (line.object_id, line.hub_id) == (berta.group_id, cast.hub.id)
    assert line.detail == {"old": (MONDAY + DAY).isoformat(), "new": EARLIER.isoformat()}
    session = await TrainingSession.get(training_id=training.id)
    await rescheduling.move(session.id, EARLIER, EARLIER + timedelta(hours=5), None, actor=PROGRAM)
    assert await AuditLine.filter(act="registrations.move_offer").count() == 1, "a time that stays is not"


async def test_message_about_a_change_to_who_has_a_place_asks_for_no_answer(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, sessions=[(SATURDAY, SATURDAY + timedelta(hours=4))])
    await make.make_registration(training, email="ana@x.example")

    await move(training)

    text = (await last_mail("training_changed")).text
    assert "cancele con su enlace" in text
    assert "falta su respuesta" not in text


async def test_who_was_reached_by_telephone_is_on_the_call_list_with_the_reason_and_the_new_time(
    cast: Cast, new_client: Callable[[], AsyncClient], freeze: Freeze
) -> None:
    training, berta = await reached(cast, "Berta")

    await move(training)

    call_list = await CallList.get(training_id=training.id, reason=CallReason.CHANGED)
    call = await only_call(call_list)
    assert [one.registration.id for one in call.members] == [berta.id]
    assert f"Su lugar está guardado: díganos sí o no antes del {NOW}" in text_for(call, await told_by(call_list))
    freeze(MONDAY + STAFF_DELAY)
    client = new_client()
    await make.sign_in(client, cast.assistant)
    page = Page((await client.get(f"/panel/llamadas/{call_list.id}")).text)
    assert f"Cambió su plazo para decir que sí: hasta el {NOW[:-1]}. (antes: hasta el {TOLD[:-1]}.)" in read(page)


async def test_two_forms_with_one_telephone_then_the_call_says_the_time_that_ends_first(
    cast: Cast, new_client: Callable[[], AsyncClient], freeze: Freeze
) -> None:
    """Berta was told in the evening and has till the session, Cruz in the morning."""
    sessions = [(SATURDAY, SATURDAY + timedelta(hours=4))]
    training = await make.make_training(hub=cast.hub, sessions=sessions, capacity=2, offer_hours=24)
    ana = await make_family(training, "Ana", "Eva")
    [berta], [cruz] = [await make_family(training, name, phone="+50255551234") for name in ("Berta", "Cruz")]
    await actions.cancel_group(ana[0].group_id, actor=HOLDER_OF_LINK)
    await mark_reached(cruz.group_id, actor=PROGRAM)
    freeze(MONDAY + timedelta(hours=6))
    await mark_reached(berta.group_id, actor=PROGRAM)
    await OutboxJob.all().delete()
    sooner = MONDAY + timedelta(hours=27)

    session = await TrainingSession.get(training_id=training.id)
    await rescheduling.move(session.id, sooner, sooner + timedelta(hours=4), None, actor=PROGRAM)

    call_list = await CallList.get(training_id=training.id, reason=CallReason.CHANGED)
    call = await only_call(call_list)
    assert [one.registration.id for one in call.members] == [berta.id, cruz.id]
    assert f"díganos sí o no antes del {TOLD}" in text_for(call, await told_by(call_list))
    client = new_client()
    freeze(MONDAY + timedelta(hours=6) + STAFF_DELAY)
    await make.sign_in(client, cast.assistant)
    page = read(Page((await client.get(f"/panel/llamadas/{call_list.id}")).text))
    assert "hasta el martes 2 de marzo, 11:30 a. m. (antes: hasta el martes 2 de marzo, 2:30 p. m.)" in page


@pytest.mark.parametrize("names", [("Berta",), ("Berta", "Cruz")], ids=["alone", "family"])
async def test_new_time_stands_marked_on_the_own_page_and_on_the_list_of_staff_till_it_is_as_before(
    cast: Cast, new_client: Callable[[], AsyncClient], client: AsyncClient, names: tuple[str, ...]
) -> None:
    training, berta = await reached(cast, *names)
    staff = new_client()
    await make.sign_in(staff, cast.assistant)
    own = await link_of(berta) if len(names) == 1 else f"/i/{await group_token(berta)}"
    listed = f"/panel/capacitaciones/{training.id}/espera"
    before = [read(Page((await one.get(path)).text)) for one, path in ((client, own), (staff, listed))]

    await move(training)
    moved = [read(Page((await one.get(path)).text)) for one, path in ((client, own), (staff, listed))]
    await move(training, back=True)
    after = [read(Page((await one.get(path)).text)) for one, path in ((client, own), (staff, listed))]

    assert f"antes del {NOW}" in moved[0]
    assert f"El plazo cambió: antes era hasta el {TOLD}" in moved[0]
    assert f"Hasta el {NOW}" in moved[1]
    assert f"Cambió: antes era hasta el {TOLD}" in moved[1]
    for text in (*before, *after):
        assert TOLD in text
        assert "antes era hasta" not in text


async def test_earlier_time_whose_message_was_stopped_takes_no_place_before_the_time_told(
    cast: Cast, freeze: Freeze
) -> None:
    training, berta = await reached(cast, "Berta")
    batch_id = await move(training)
    assert batch_id is not None
    await stop_batch(batch_id, actor=await make.actor_of(cast.coordinator))

    freeze(EARLIER + MINUTE)
    early = await expire_offers()
    freeze(MONDAY + DAY + MINUTE)
    late = await expire_offers()

    assert (early, late) == (0, 1)
    assert await state_of(berta) == "cancelled"


async def test_earlier_time_whose_message_was_stopped_takes_no_place_before_a_later_time_told_since(
    cast: Cast, freeze: Freeze
) -> None:
    training, berta = await reached(cast, "Berta")
    await RegistrationGroup.filter(id=berta.group_id).update(told_until=EARLIER)
    batch_id = await move(training)
    assert batch_id is not None
    await stop_batch(batch_id, actor=await make.actor_of(cast.coordinator))

    freeze(EARLIER + MINUTE)

    assert await expire_offers() == 0


async def test_offer_that_has_its_time_again_once_it_takes_place_is_on_record(cast: Cast, freeze: Freeze) -> None:
    training, berta = await reached(cast, "Berta")
    await move(training)
    await move(training, back=True)
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)
    freeze(MONDAY + timedelta(hours=2))

    await rescheduling.reopen(training.id, actor=PROGRAM)

    group = await RegistrationGroup.get(id=berta.group_id)
    assert group.offered_until == MONDAY + timedelta(hours=26)
    lines = await AuditLine.filter(act="registrations.move_offer").order_by("id")
    assert lines[-1].detail == {
        "old": (MONDAY + DAY).isoformat(),
        "new": (MONDAY + timedelta(hours=26)).isoformat(),
    }
