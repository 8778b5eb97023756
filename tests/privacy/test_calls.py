"""Who was called, by whom and through whom: kept as long as messages are, and gone with the permission."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import make
from tests.registrations.call_world import MONDAY, SATURDAY, Freeze, a_list, a_training
from trainings import clock
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.outbox.models import Call, CallList, CallReason, CallResult, CallVia
from trainings.people.models import Participant
from trainings.privacy.actions import sweep
from trainings.privacy.withdrawal import withdraw_data
from trainings.registrations.calls import actions as call_actions
from trainings.registrations.models import Registration
from trainings.schedule.models import Training
from trainings.settings import Settings

END = SATURDAY + timedelta(hours=4)


async def told_by_the_family(training: Training, given_names: str = "Rosa") -> Registration:
    """Somebody without mail, told of a change through their family."""
    person = await make.make_registration(training, given_names=given_names)
    call_list = await a_list(training)
    await call_actions.mark(call_list.id, person.id, CallResult.REACHED, CallVia.FAMILY, actor=PROGRAM)
    return person


@pytest.mark.parametrize(("days", "n_kept"), [(29, 1), (31, 0)])
async def test_marks_of_calls_go_thirty_days_after_the_last_session(
    db: Settings, freeze: Freeze, days: int, n_kept: int
) -> None:
    freeze(MONDAY)
    await told_by_the_family(await a_training())

    with clock.frozen(END + timedelta(days=days)):
        swept = await sweep()
        again = await sweep()

    assert (await Call.all().count(), await CallList.all().count()) == (n_kept, n_kept)
    assert (swept.calls, again.calls) == (1 - n_kept, 0)


@pytest.mark.parametrize(("days", "n_kept"), [(29, 1), (31, 0)])
async def test_list_opened_long_after_is_kept_as_long_as_others(
    db: Settings, freeze: Freeze, days: int, n_kept: int
) -> None:
    freeze(MONDAY)
    training = await a_training()
    opened = END + timedelta(days=200)
    with clock.frozen(opened):
        await a_list(training, CallReason.ANNULLED, is_written=False)
        await a_list(training, CallReason.OWN, is_written=False)
        await a_list(training, CallReason.CHANGED, is_written=False)

    with clock.frozen(opened + timedelta(days=days)):
        await sweep()

    assert await CallList.all().count() == 2 * n_kept


async def test_marks_about_a_training_that_goes_on_are_kept(db: Settings, freeze: Freeze) -> None:
    freeze(MONDAY)
    later = SATURDAY + timedelta(days=90)
    four_hours = timedelta(hours=4)
    training = await make.make_training(sessions=[(SATURDAY, END), (later, later + four_hours)])
    await told_by_the_family(training)

    with clock.frozen(END + timedelta(days=60)):
        await sweep()

    assert await Call.all().count() == 1


async def test_who_takes_back_everything_is_not_kept_as_called(db: Settings, freeze: Freeze) -> None:
    freeze(MONDAY)
    training = await a_training()
    rosa, luz = await told_by_the_family(training), await told_by_the_family(training, "Luz")

    await withdraw_data(rosa.id, actor=HOLDER_OF_LINK)

    assert [call.registration_id for call in await Call.all()] == [luz.id]


async def test_that_an_address_took_nothing_goes_with_the_address(db: Settings, freeze: Freeze) -> None:
    freeze(MONDAY)
    rosa, luz = [
        await make.make_registration(await a_training(), given_names=name, email=f"{name}@correo.example".lower())
        for name in ("Rosa", "Luz")
    ]
    await Participant.all().update(email_refused_at=clock.now())

    await withdraw_data(rosa.id, actor=HOLDER_OF_LINK)
    with clock.frozen(END + timedelta(days=366)):
        await sweep()

    people = await Participant.filter(id__in=[rosa.participant_id, luz.participant_id])
    assert [one.email_refused_at for one in people] == [None, None]
