"""Who is on a call list: whom no message reached, worked out at reading; one call for one telephone."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.counting import statements
from tests.registrations.call_pages import INDEX, NewClient, acts, at_desk, page_of
from tests.registrations.call_world import (
    MONDAY,
    SATURDAY,
    Freeze,
    a_list,
    a_training,
    calls,
    mail_came_to,
    newest_mark,
    only_call,
    session_of,
)
from tests.registrations.card_world import card_of, make_block, named
from tests.registrations.families import make_family
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.db import transaction
from trainings.lib.tokens import uuid7
from trainings.outbox.actions import STAFF_DELAY, stop_batch
from trainings.outbox.models import CallList, CallReason, CallResult, CallVia, HolderCall, OutboxJob, Outcome
from trainings.people.actions import GuardianContact
from trainings.people.models import Consent, Guardian, Participant, Relation
from trainings.privacy.actions import sweep
from trainings.registrations.calls import actions as call_actions
from trainings.registrations.calls.actions import NotOnList, NoWhyClosed, WhyClosed
from trainings.registrations.calls.people import (
    PATIENCE,
    Holder,
    Why,
    audience_of,
    audiences_of,
    n_to_tell,
    n_written_to,
)
from trainings.registrations.calls.queries import n_to_call
from trainings.registrations.messages import open_list
from trainings.registrations.models import OwnLink, Registration
from trainings.registrations.seats import actions
from trainings.registrations.seats.cards import release
from trainings.registrations.telling.reminders import remind
from trainings.schedule.models import Training, TrainingSession, TrainingState


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


# -- opening


async def test_same_cause_twice_is_one_list(db: object) -> None:
    training = await a_training()
    cause = uuid7()

    async with transaction():
        first = await open_list(training, CallReason.CHANGED, cause, batch_id=cause)
        again = await open_list(training, CallReason.CHANGED, cause, batch_id=cause)

    assert first.id == again.id
    assert await CallList.all().count() == 1
    assert (first.hub_id, first.due_at) == (training.hub_id, MONDAY + timedelta(minutes=10))


async def test_list_is_opened_in_the_transaction_of_its_cause_only(db: object) -> None:
    training = await a_training()

    with pytest.raises(AssertionError):
        await open_list(training, CallReason.CHANGED, uuid7())


# -- who is on it


async def test_who_left_no_address_is_called(db: object) -> None:
    training = await a_training()
    await make.make_registration(training, given_names="Ana", phone="5555 1234")
    await make.make_registration(training, given_names="Berta", email="berta@x.example")

    call_list = await a_list(training)

    assert await calls(call_list) == {"Ana": "+50255551234"}


WHYS = {
    Outcome.SENT: None,
    Outcome.OVERTAKEN: None,
    Outcome.REFUSED: Why.REFUSED,
    Outcome.GAVE_UP: Why.FAILED,
    Outcome.MAYBE: Why.MAYBE,
    Outcome.KEPT: Why.FAILED,
    Outcome.NOBODY: Why.FAILED,
}


async def test_who_was_not_reached_by_the_message_is_called(sqlite_db: object) -> None:
    training = await a_training()
    people = {
        outcome: await make.make_registration(training, given_names=outcome.name, email=f"{outcome.value}@x.example")
        for outcome in WHYS
    }
    call_list = await a_list(training)

    for outcome, person in people.items():
        await mail_came_to(person, outcome)

    found = {one.person.id: one.why for one in (await audience_of(call_list)).listed}
    assert found == {people[outcome].id: why for outcome, why in WHYS.items() if why}


async def test_who_is_not_written_to_within_two_hours_is_called_until_the_message_leaves(
    db: object, freeze: Freeze
) -> None:
    training = await a_training()
    person = await make.make_registration(training, given_names="Ana", email="ana@x.example", phone="5555 1234")
    call_list = await a_list(training)

    freeze(MONDAY + PATIENCE)
    before = await calls(call_list)
    freeze(MONDAY + PATIENCE + timedelta(seconds=1))
    late = await calls(call_list)
    await mail_came_to(person, Outcome.SENT)
    afterwards = await calls(call_list)

    assert (before, late, afterwards) == ({}, {"Ana": "+50255551234"}, {})


async def test_address_that_takes_nothing_is_no_address(db: object, freeze: Freeze) -> None:
    training = await a_training()
    person = await make.make_registration(training, given_names="Ana", email="ana@x.example")
    await Participant.filter(id=person.participant_id).update(email_refused_at=clock.now())

    call_list = await a_list(training)

    [listed] = (await audience_of(call_list)).listed
    assert listed.why is Why.REFUSED
    freeze(MONDAY + timedelta(minutes=1))
    await mail_came_to(person, Outcome.SENT)
    assert await calls(call_list) == {}


async def test_who_was_called_stays_when_the_message_comes_too_and_who_was_tried_in_vain_does_not(
    db: object, freeze: Freeze
) -> None:
    training = await a_training()
    people = [
        await make.make_registration(training, given_names=name, email=f"{name}@x.example") for name in ("ana", "eva")
    ]
    call_list = await a_list(training)
    freeze(MONDAY + timedelta(hours=3))
    for person, result in zip(people, (CallResult.REACHED, CallResult.NOT_REACHED), strict=True):
        await call_actions.mark(call_list.id, person.id, result, CallVia.CALL, actor=PROGRAM)

    for person in people:
        await mail_came_to(person, Outcome.SENT)

    assert await calls(call_list) == {"ana": None}
    assert (await only_call(call_list)).is_reached


async def test_who_cancels_came_later_or_took_back_the_permission_is_not_called(db: object, freeze: Freeze) -> None:
    training = await a_training()
    ana, carla, _dora = [await make.make_registration(training, given_names=name) for name in ("Ana", "Carla", "Dora")]
    call_list = await a_list(training)
    await call_actions.mark(call_list.id, ana.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
    freeze(MONDAY + timedelta(minutes=1))

    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    await make.make_registration(training, given_names="Berta")
    await Consent.filter(participant_id=carla.participant_id).update(withdrawn_at=clock.now())

    assert await calls(call_list) == {"Dora": None}


async def test_reminder_is_for_people_with_a_place_and_only_while_it_is_held(db: object) -> None:
    training = await a_training(capacity=1)
    for name in ("Ana", "Berta"):
        await make.make_registration(training, given_names=name)
    session = await TrainingSession.get(training_id=training.id)
    reminder = await a_list(training, CallReason.REMINDER, session_id=session.id, batch_id=None, is_written=False)
    before = await calls(reminder)

    training.state = TrainingState.CANCELLED
    await training.save(update_fields=["state"])

    assert (before, await calls(reminder)) == ({"Ana": None}, {})


async def test_nobody_is_called_about_what_was_stopped(db: object, freeze: Freeze) -> None:
    cast = await make_cast()
    training = await a_training(cast)
    await make.make_registration(training, given_names="Ana")
    await make.make_registration(training, given_names="Berta", email="berta@x.example")
    call_list = await a_list(training)
    await OutboxJob.filter(batch_id=call_list.batch_id).update(run_at=MONDAY + timedelta(minutes=10))
    assert call_list.batch_id is not None

    await stop_batch(call_list.batch_id, actor=await make.actor_of(cast.coordinator))

    assert await calls(call_list) == {}


async def test_reminder_that_was_sent_to_the_address_reaches_its_person(db: object) -> None:
    training = await a_training()
    person = await make.make_registration(training, given_names="Ana", email="ana@x.example")
    session = await TrainingSession.get(training_id=training.id)
    call_list = await a_list(training, CallReason.REMINDER, session_id=session.id, batch_id=None, is_written=False)
    await Participant.filter(id=person.participant_id).update(email_refused_at=MONDAY - timedelta(days=1))
    assert await calls(call_list) == {"Ana": None}

    await OutboxJob.create(
        kind="session_reminder",
        payload={},
        dedup="one",
        subject_id=person.id,
        hub_id=training.hub_id,
        run_at=MONDAY,
        done_at=MONDAY,
        outcome=Outcome.SENT,
    )

    assert await calls(call_list) == {}


async def test_reminder_of_three_days_before_brings_who_left_no_address_onto_a_list(db: object, freeze: Freeze) -> None:
    training = await a_training()
    await make.make_registration(training, given_names="Ana", phone="5555 1234")
    berta = await make.make_registration(training, given_names="Berta", email="berta@x.example", phone="5555 4321")
    nine = SATURDAY - timedelta(days=3) + timedelta(minutes=31)
    freeze(nine)

    assert await remind() == 1

    call_list = await CallList.get(training_id=training.id)
    assert call_list.reason is CallReason.REMINDER
    assert await calls(call_list) == {"Ana": "+50255551234"}
    refused = OutboxJob.filter(subject_id=berta.id, kind="session_reminder")
    assert await refused.update(outcome=Outcome.REFUSED, failed_at=nine) == 1
    assert await calls(call_list) == {"Ana": "+50255551234", "Berta": "+50255554321"}


# -- one call for one telephone


async def test_family_with_one_telephone_or_none_is_one_call(db: object) -> None:
    training = await a_training(admits_minors=True)
    await make_family(training, "Rosa", "Diego", children=["Luz"], phone="5555 1234")
    await make.make_registration(training, given_names="Ana", phone="5555 1234")
    await make.make_registration(training, given_names="Berta", phone="5555 9999")
    await make_family(training, "Zoila", "Eva")
    await make.make_registration(training, given_names="Pía")

    call_list = await a_list(training)

    with_phone = {"Rosa Diego Ana Luz": "+50255551234", "Berta": "+50255559999"}
    assert await calls(call_list) == with_phone | {"Zoila Eva": None, "Pía": None}


async def test_minor_is_told_through_the_guardian_and_never_at_their_own_telephone(db: object) -> None:
    training = await a_training(admits_minors=True)
    guardian = GuardianContact("Marta Coc", Relation.MADRE, phone="+50255550000", email="marta@x.example")
    [child] = await make_family(training, children=["Luz"], guardian=guardian)
    child.participant.phone = "+50244440000"
    await child.participant.save(update_fields=["phone"])
    call_list = await a_list(training)

    own = Guardian.filter(participant_id=child.participant_id)
    written_to = await calls(call_list)
    await own.update(email_refused_at=clock.now())
    refused = await calls(call_list)
    await own.update(withdrawn_at=clock.now())

    assert (written_to, refused, await calls(call_list)) == ({}, {"Luz": "+50255550000"}, {})


async def test_family_is_reached_by_the_message_to_the_address_that_they_share(db: object) -> None:
    training = await a_training()
    rosa, diego = await make_family(training, "Rosa", "Diego", email="rosa@x.example", phone="5555 1234")
    call_list = await a_list(training)
    jobs = {job.subject_id: job for job in await OutboxJob.filter(batch_id=call_list.batch_id)}

    jobs[rosa.id].outcome, jobs[rosa.id].done_at = Outcome.SENT, clock.now()
    await jobs[rosa.id].save()
    for job in jobs.values():
        if job.subject_id == diego.id:
            job.outcome, job.done_at = Outcome.NOBODY, clock.now()
            await job.save()

    assert await calls(call_list) == {}


async def test_who_made_their_link_their_own_is_not_called_at_the_others_telephone(db: object) -> None:
    training = await a_training()
    _rosa, diego = await make_family(training, "Rosa", "Diego", phone="5555 1234")
    diego.participant.phone = None
    await diego.participant.save(update_fields=["phone"])
    call_list = await a_list(training)
    together = await calls(call_list)

    await OwnLink.filter(registration_id=diego.id).update(claimed_at=clock.now())

    assert together == {"Rosa Diego": "+50255551234"}
    assert await calls(call_list) == {"Rosa": "+50255551234", "Diego": None}


async def test_many_lists_take_as_many_questions_as_one(db: object) -> None:
    lists = []
    for number in range(3):
        training = await a_training(title=f"Taller {number}")
        for name in ("Ana", "Berta"):
            await make.make_registration(training, given_names=name)
        lists.append(await a_list(training))

    with statements() as of_one:
        await audiences_of(lists[:1])
    with statements() as of_three:
        found = await audiences_of(lists)

    assert len(of_one) == len(of_three)
    assert [found[one.id].n_people for one in lists] == [2, 2, 2]
    assert clock.now() < SATURDAY


async def test_who_was_called_about_two_changes_is_called_again_about_the_third(db: object, freeze: Freeze) -> None:
    training = await a_training()
    person, block = await make.make_registration(training, given_names="Ana"), await make_block(training)
    session = await TrainingSession.get(training_id=training.id)
    lists = []
    for hours in (1, 2, 3):
        freeze(MONDAY + timedelta(hours=hours))
        starts_at = SATURDAY + timedelta(days=hours)
        batch = await rescheduling.move(session.id, starts_at, starts_at + timedelta(hours=4), None, actor=PROGRAM)
        lists.append(await CallList.get(batch_id=batch))
        if hours == 2:
            for key in (person.id, block.id):
                await call_actions.mark(lists[1].id, key, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)

    found = await audiences_of(lists)

    assert [[one.is_reached for one in found[one.id].listed] for one in lists] == [[], [True], [False]]
    assert [[one.is_reached for one in found[one.id].holders] for one in lists] == [[], [True], [False]]
    assert [one.closed_at is None for one in await CallList.all().order_by("created_at")] == [False, False, True]


HOLDER: dict[str, Any] = {"phone": "+50255559876", "municipality_id": "1705"}


async def holders(call_list: CallList) -> list[Holder]:
    return list((await audience_of(call_list)).holders)


async def a_list_about(training: Training, reason: CallReason) -> CallList:
    return await a_list(training, reason, is_written=False, session_id=(await session_of(training)).id)


@pytest.mark.parametrize("reason", [CallReason.CHANGED, CallReason.REMINDER])
async def test_holder_is_called_for_the_cards_without_a_name(db: object, reason: CallReason) -> None:
    training = await a_training()
    block = await make_block(training, 12)
    await named(await card_of(block))

    call_list = await a_list_about(training, reason)

    [holder] = await holders(call_list)
    assert (holder.id, holder.n_cards, holder.is_reached) == (block.id, 11, False)
    assert (await n_to_tell(training.id))[1] == 2, "Rosa, who has no address, and the holder"


async def test_holder_hears_nothing_of_what_concerns_people_with_names(db: object) -> None:
    training = await a_training()
    await make_block(training)

    for reason in (CallReason.OFFERED, CallReason.CERTIFICATE):
        assert await holders(await a_list_about(training, reason)) == []


async def test_who_got_the_cards_afterwards_or_gave_them_back_is_not_called(db: object, freeze: Freeze) -> None:
    training = await a_training()
    given_back = await make_block(training, community="El Subín")
    call_list = await a_list_about(training, CallReason.CHANGED)
    freeze(MONDAY + timedelta(minutes=1))
    await make_block(training)
    await release(given_back.id, actor=PROGRAM)

    assert await holders(call_list) == []


async def test_holder_who_knows_stays_on_the_list_and_can_be_taken_back(db: object, freeze: Freeze) -> None:
    training = await a_training()
    block = await make_block(training)
    call_list = await a_list_about(training, CallReason.CHANGED)

    with pytest.raises(NoWhyClosed):
        await call_actions.close(call_list.id, None, actor=PROGRAM)
    for _click in range(2):
        await call_actions.mark(call_list.id, block.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
    await release(block.id, actor=PROGRAM)
    [known] = await holders(call_list)
    freeze(MONDAY + timedelta(minutes=2))
    seen = await newest_mark(block)
    await call_actions.mark(call_list.id, block.id, CallResult.NOT_REACHED, CallVia.CALL, seen=seen, actor=PROGRAM)

    assert (known.is_reached, len(known.marks)) == (True, 1)
    assert await holders(call_list) == [], "taken back, and there are no cards any more"
    assert await HolderCall.all().count() == 2
    with pytest.raises(NotOnList):
        await call_actions.mark(call_list.id, block.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
    await call_actions.close(call_list.id, WhyClosed.NOT_NEEDED, actor=PROGRAM)


async def test_holder_stands_in_the_community_with_telephone_and_text_and_is_marked(
    cast: Cast, new_client: NewClient
) -> None:
    training = await a_training(cast)
    block = await make_block(training, 12, **HOLDER)
    call_list = await a_list_about(training, CallReason.CHANGED)
    client = await at_desk(new_client, cast)

    page = await page_of(client, f"{INDEX}/{call_list.id}")
    sheet = await page_of(client, f"{INDEX}/{call_list.id}/hoja")
    fields = {"person": str(block.id), "result": "reached", "via": "in_person"}
    marked = await client.post(f"{INDEX}/{call_list.id}/marcar", data=fields)
    after = await page_of(client, f"{INDEX}/{call_list.id}")

    for text in (page.text, sheet.text):
        assert "Las Pozas" in text
        assert "COCODE de Las Pozas" in text
        assert "Tiene 12 tarjetas apartadas, sin nombre" in text
        assert "5555 9876" in text
    assert "0 de 1 avisado" in page.text
    assert "Por favor avise a quienes van a venir con las tarjetas que usted tiene." in page.text
    assert page.one("a", href=f"/panel/tarjetas/bloques/{block.id}")
    assert (marked.status_code, "1 de 1 avisado" in after.text) == (303, True)
    assert (await acts())[-3:] == ["calls.print", "calls.mark", "calls.open"]


async def test_marks_of_holders_go_with_their_list(db: object, freeze: Freeze) -> None:
    training = await a_training()
    block = await make_block(training)
    call_list = await a_list_about(training, CallReason.CHANGED)
    await call_actions.mark(call_list.id, block.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
    freeze(clock.now() + timedelta(days=60))

    swept = await sweep()

    assert swept.calls == 1
    assert (await HolderCall.all().count(), await CallList.all().count()) == (0, 0)


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
