"""What a change is said to cause before it is made is what comes of it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests import make
from tests.cast import Cast, make_cast
from tests.registrations.call_world import MONDAY, a_training, session_of
from trainings import clock
from trainings.attendance import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.outbox.models import CallList
from trainings.people.models import Participant
from trainings.registrations.call_people import n_to_tell, people_on
from trainings.registrations.models import Registration, RegistrationState
from trainings.settings import Settings

Freeze = Callable[[datetime], None]


@pytest.fixture
async def cast(db: Settings) -> Cast:
    return await make_cast()


async def test_who_has_to_be_called_is_counted_as_the_list_will_have_them(cast: Cast, freeze: Freeze) -> None:
    freeze(MONDAY)
    training = await a_training(cast)
    await make.make_registration(training, email="ana@x.example")
    refused = await make.make_registration(training, given_names="Beto", email="nadie@x.example")
    await Participant.filter(id=refused.participant_id).update(email_refused_at=clock.now())
    await make.make_registration(training, given_names="Carla")
    gone = await make.make_registration(training, given_names="Delia")
    await Registration.filter(id=gone.id).update(state=RegistrationState.CANCELLED)

    promised = await n_to_tell(training.id)

    session = await session_of(training)
    day = timedelta(days=1)
    await rescheduling.move(session.id, session.starts_at + day, session.ends_at + day, None, actor=PROGRAM)
    [call_list] = await CallList.filter(training_id=training.id)
    assert promised == (1, 2)
    assert len((await people_on([call_list]))[call_list.id]) == 2
