"""What a change is said to cause before it is made is what comes of it afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.counting import statements
from tests.registrations.call_world import MONDAY, SATURDAY, a_list, a_training, mail_came_to, session_of
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import CallList, CallReason, OutboxJob, Outcome
from trainings.people.models import Participant
from trainings.registrations.calls.people import audience_of, n_to_tell, n_written_to
from trainings.registrations.calls.queries import n_to_call
from trainings.registrations.models import Registration, RegistrationState

Freeze = Callable[[datetime], None]


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
    assert len((await audience_of(call_list)).listed) == 2


async def words_on(client: AsyncClient, path: str) -> str:
    response = await client.get(path)
    assert response.status_code == 200, path
    return " ".join(re.sub(r"<[^>]+>", " ", response.text).replace("\xa0", " ").split())


async def test_whose_address_refuses_is_counted_among_the_calls_alone_on_every_page(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    freeze(MONDAY)
    training = await a_training(cast)
    ana = await make.make_registration(training, email="ana@x.example")
    beto = await make.make_registration(training, given_names="Beto", email="nadie@x.example")
    await Participant.filter(id=beto.participant_id).update(email_refused_at=clock.now())
    await make.make_registration(training, given_names="Carla")
    await make.sign_in(client, cast.coordinator)
    session, day = await session_of(training), timedelta(days=1)

    await rescheduling.move(session.id, session.starts_at + day, session.ends_at + day, session.venue_id, actor=PROGRAM)
    [call_list] = await CallList.filter(training_id=training.id)
    base = f"/panel/capacitaciones/{training.id}"
    changes, queue = await words_on(client, f"{base}/cambios"), await words_on(client, "/panel/mensajes")
    calls = await words_on(client, f"/panel/llamadas/{call_list.id}")

    assert "Se le avisa por correo a 1 persona a las" in changes
    assert "A 2 personas hay que llamarles." in changes
    assert "a 1 persona · sale en 10 minutos" in queue
    assert "0 de 2 avisados" in calls
    assert "A 1 persona más le llega un correo" in calls

    freeze(MONDAY + timedelta(minutes=11))
    await mail_came_to(ana, Outcome.REFUSED)
    for path in (base, f"{base}/cambios", f"/panel/llamadas/{call_list.id}", "/panel/llamadas"):
        assert "0 de 3 avisados" in await words_on(client, path), path
    audience = await audience_of(call_list)
    assert (audience.n_by_mail, len(audience.listed)) == (0, 3)


async def test_everybody_hears_of_a_change_in_one_way_only(cast: Cast, freeze: Freeze) -> None:
    freeze(MONDAY)
    training = await a_training(cast)
    for name, address in (("Ana", "ana@x.example"), ("Beto", "beto@x.example"), ("Carla", "")):
        await make.make_registration(training, given_names=name, email=address)
    call_list = await a_list(training)
    assert call_list.batch_id is not None

    waiting = await audience_of(call_list)

    assert waiting.n_by_mail + len(waiting.listed) == 3
    assert await n_written_to([call_list.batch_id]) == {call_list.batch_id: waiting.n_by_mail}
    await mail_came_to(await Registration.get(training_id=training.id, participant__given_names="Ana"), Outcome.SENT)
    await mail_came_to(
        await Registration.get(training_id=training.id, participant__given_names="Beto"), Outcome.GAVE_UP
    )
    told = await audience_of(call_list)
    assert (told.n_by_mail, len(told.listed)) == (1, 2)


async def test_who_is_on_two_lists_is_one_person_to_call(cast: Cast, freeze: Freeze) -> None:
    freeze(MONDAY)
    days = [SATURDAY, SATURDAY + timedelta(days=1)]
    training = await a_training(cast, sessions=[(day, day + timedelta(hours=1)) for day in days])
    await make.make_registration(training, given_names="Carla")
    for session in training.sessions:
        await a_list(training, CallReason.REMINDER, session_id=session.id, batch_id=None, is_written=False)

    n_people, lists = await n_to_call(await make.actor_of(cast.coordinator))

    assert len(lists) == 2
    assert n_people == 1


async def test_change_asks_and_writes_as_often_for_five_people_as_for_two(cast: Cast, freeze: Freeze) -> None:
    freeze(MONDAY)
    sent: list[int] = []
    for n_people in (2, 5):
        starts_at = SATURDAY + timedelta(days=n_people)
        training = await a_training(cast, sessions=[(starts_at, starts_at + timedelta(hours=2))])
        for n in range(n_people):
            await make.make_registration(training, given_names=f"Ana {n}", email=f"ana{n}@x.example")
        session = await session_of(training)

        with statements() as asked:
            await rescheduling.move(
                session.id, session.starts_at, session.ends_at + timedelta(hours=1), cast.venue.id, actor=PROGRAM
            )

        subjects = Registration.filter(training_id=training.id).values_list("id", flat=True)
        told = await OutboxJob.filter(kind="training_changed", subject_id__in=await subjects).values_list(
            "lang", "run_at"
        )
        assert list(told) == [("", clock.now() + STAFF_DELAY)] * n_people
        sent.append(len(asked))
    assert sent[0] == sent[1]
