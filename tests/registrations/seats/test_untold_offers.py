"""A change of the time to answer that nobody was told of, as its message was stopped: who has to answer is told all the
same, and till then no time runs for them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.outbox.told import accept, last_mail
from tests.registrations.call_world import only_call
from tests.registrations.families import make_family
from tests.registrations.waiting_world import DAY, MONDAY, SATURDAY, Freeze, told
from tests.registrations.wishes import state_of
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.lib.dates import NBSP
from trainings.outbox.actions import STAFF_DELAY, stop_batch
from trainings.outbox.models import CallList, CallReason, OutboxJob, Outcome
from trainings.registrations.calls.actions import open_for_offers
from trainings.registrations.models import Registration, RegistrationGroup
from trainings.registrations.seats import actions
from trainings.registrations.seats.waiting import expire_offers, mark_reached, offer_anew, reached_by_mail
from trainings.schedule.models import Training, TrainingSession

MINUTE = timedelta(minutes=1)
EARLIER = MONDAY + timedelta(hours=20)
MOVED_AT = MONDAY + timedelta(hours=1)
STOPPED_AT = MOVED_AT + 2 * MINUTE
LATER = STOPPED_AT + STAFF_DELAY


@pytest.fixture
async def cast(db: object, freeze: Freeze) -> Cast:
    freeze(MONDAY)
    return await make_cast()


async def reached(cast: Cast, *, email: str = "") -> tuple[Training, Registration]:
    """Ana gave her place back on Monday; Berta was told at once, and has a day to say yes."""
    sessions = [(SATURDAY, SATURDAY + timedelta(hours=4))]
    training = await make.make_training(hub=cast.hub, sessions=sessions, capacity=1, offer_hours=24)
    [ana] = await make_family(training, "Ana")
    [berta] = await make_family(training, "Berta", phone="+50255551234", email=email)
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    await mark_reached(berta.group_id, actor=PROGRAM)
    await OutboxJob.all().delete()
    return training, berta


async def move(training: Training, *, back: bool = False) -> UUID | None:
    session = await TrainingSession.get(training_id=training.id)
    starts_at = SATURDAY if back else EARLIER
    ends_at, why = starts_at + timedelta(hours=4), "Caben dos."
    return await rescheduling.move(session.id, starts_at, ends_at, None, actor=PROGRAM, override_reason=why)


async def move_untold(cast: Cast, training: Training, freeze: Freeze, *, back: bool = False) -> None:
    """Moved an hour after she was told, and stopped two minutes later."""
    freeze(MOVED_AT)
    batch_id = await move(training, back=back)
    assert batch_id is not None
    freeze(STOPPED_AT)
    await stop_batch(batch_id, actor=await make.actor_of(cast.coordinator))


async def time_of(registration: Registration) -> tuple[object, object]:
    group = await RegistrationGroup.get(id=registration.group_id)
    return group.reached_at, group.offered_until


async def test_who_has_no_address_is_called_anew_and_keeps_the_place_till_then(cast: Cast, freeze: Freeze) -> None:
    training, berta = await reached(cast)
    await move_untold(cast, training, freeze)
    assert await time_of(berta) == (MONDAY, EARLIER)

    freeze(LATER)
    assert await offer_anew() == 1

    assert await open_for_offers() == 1
    call = await only_call(await CallList.get(training_id=training.id, reason=CallReason.OFFERED))
    assert [one.listed.registration_id for one in call.members] == [berta.id]
    freeze(EARLIER + MINUTE)
    assert await expire_offers() == 0
    assert await time_of(berta) == (None, None)
    assert await offer_anew() == 0


async def test_who_left_an_address_reads_the_time_that_counts(cast: Cast, freeze: Freeze) -> None:
    training, berta = await reached(cast, email="berta@x.example")
    await move_untold(cast, training, freeze)

    freeze(LATER)
    await offer_anew()

    text = " ".join((await last_mail("registration_offered")).text.replace(NBSP, " ").split())
    assert "Diga sí antes del martes 2 de marzo, 4:30 a. m." in text
    await reached_by_mail(berta.group_id)
    assert await time_of(berta) == (LATER, EARLIER)


async def test_training_that_gives_no_time_any_more_then_they_are_called_about_their_place(
    cast: Cast, freeze: Freeze
) -> None:
    training, berta = await reached(cast)
    await move_untold(cast, training, freeze)
    await Training.filter(id=training.id).update(offer_hours=None)

    freeze(LATER)
    assert (await offer_anew(), await open_for_offers()) == (1, 1)

    assert await state_of(berta) == "confirmed"
    call = await only_call(await CallList.get(training_id=training.id, reason=CallReason.OFFERED))
    assert [one.listed.registration_id for one in call.members] == [berta.id]


async def test_moved_back_before_the_ten_minutes_are_over_then_nobody_hears_of_it(cast: Cast, freeze: Freeze) -> None:
    training, berta = await reached(cast, email="berta@x.example")
    await move_untold(cast, training, freeze)
    freeze(LATER - MINUTE)
    assert await offer_anew() == 0
    await move(training, back=True)

    freeze(LATER)
    assert await offer_anew() == 0

    assert await time_of(berta) == (MONDAY, MONDAY + DAY)
    assert [outcome for (outcome,) in await OutboxJob.all().values_list("outcome")] == [Outcome.STOPPED]


async def test_change_that_is_told_takes_its_course(cast: Cast, freeze: Freeze) -> None:
    training, berta = await reached(cast, email="berta@x.example")
    freeze(MOVED_AT)
    await move(training)

    freeze(LATER)
    assert await offer_anew() == 0

    assert await time_of(berta) == (MONDAY, EARLIER)
    assert await told() == [("training_changed", berta.id)]


async def test_time_that_ends_within_the_ten_minutes_takes_no_place_from_who_was_not_told(
    cast: Cast, freeze: Freeze
) -> None:
    training, berta = await reached(cast)
    freeze(EARLIER - 5 * MINUTE)
    batch_id = await move(training)
    assert batch_id is not None
    await stop_batch(batch_id, actor=await make.actor_of(cast.coordinator))
    freeze(EARLIER - 4 * MINUTE)
    assert await offer_anew() == 0

    freeze(EARLIER + MINUTE)
    assert (await offer_anew(), await expire_offers()) == (1, 0)

    assert await time_of(berta) == (None, None)


async def test_time_that_ends_before_they_are_offered_it_anew_takes_no_place(cast: Cast, freeze: Freeze) -> None:
    training, berta = await reached(cast)
    await move_untold(cast, training, freeze)

    freeze(EARLIER + MINUTE)
    assert (await expire_offers(), await offer_anew()) == (0, 1)

    assert await time_of(berta) == (None, None)


async def test_way_back_that_is_stopped_leaves_nobody_with_the_shorter_time(cast: Cast, freeze: Freeze) -> None:
    training, berta = await reached(cast, email="berta@x.example")
    freeze(MONDAY + MINUTE)
    await move(training)
    freeze(MONDAY + 11 * MINUTE)
    await accept(await OutboxJob.get())
    await move_untold(cast, training, freeze, back=True)

    freeze(LATER)
    assert await offer_anew() == 1

    text = (await last_mail("registration_offered")).text.replace(NBSP, " ")
    assert "Diga sí antes del martes 2 de marzo, 9:42 a. m." in text
    assert await time_of(berta) == (None, None)


async def test_called_off_meanwhile_then_nothing_is_offered(cast: Cast, freeze: Freeze) -> None:
    training, berta = await reached(cast)
    await move_untold(cast, training, freeze)
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)

    freeze(LATER)
    assert await offer_anew() == 0

    assert await time_of(berta) == (MONDAY, EARLIER)


async def test_who_stops_it_reads_that_an_offer_is_told_all_the_same(
    cast: Cast, new_client: Callable[[], AsyncClient], freeze: Freeze
) -> None:
    training, _berta = await reached(cast)
    without = await make.make_training(hub=cast.hub, sessions=[(SATURDAY, SATURDAY + timedelta(hours=4))])
    await make.make_registration(without)
    client, said = new_client(), []
    await make.sign_in(client, cast.coordinator)
    freeze(MOVED_AT)

    for one in (training, without):
        batch_id = await move(one)
        by_change, by_message = f"capacitaciones/{one.id}/cambios/{batch_id}", f"mensajes/lotes/{batch_id}"
        pages = [await client.post(f"/panel/{at}/detener", follow_redirects=True) for at in (by_change, by_message)]
        said += [page.text for page in pages]

    assert ["Lo que cambió queda como está." in text for text in said] == [True, False, True, False]
    assert ["A quien tiene un lugar ofrecido" in text for text in said] == [True, True, False, False]
