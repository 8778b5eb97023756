"""What is held online, comes to be or is so no more: everybody is told, and who has a place gets the address."""

from __future__ import annotations

from uuid import UUID

import pytest

from tests import make
from tests.cast import Cast
from tests.registrations.call_world import MONDAY, Freeze, a_list, a_training, households, said_to_all
from tests.registrations.calls.test_last_heard import Comers, come, leave, open_list, plain
from tests.schedule.wishes import plan_of
from trainings import jobs
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.outbox.mailer import Mail
from trainings.outbox.models import CallReason, OutboxJob
from trainings.registrations.calls.people import n_written_to
from trainings.registrations.calls.texts import text_for, told_by
from trainings.registrations.calls.views import calls_about
from trainings.registrations.models import Registration, RegistrationState
from trainings.registrations.own.ticket import ticket_of
from trainings.registrations.queries import with_sessions
from trainings.registrations.telling import changes
from trainings.schedule.actions import SessionPlan, edit_training, move_session, publish
from trainings.schedule.changes import differences, recent_changes
from trainings.schedule.models import (
    ChangeKind,
    DatedChange,
    SessionFacilitator,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.schedule.public.pictures import change_text
from trainings.schedule.queries import for_staff
from trainings.schedule.session_actions import PlaceGone

FIRST, OTHER = "https://meet.example/aaaa", "https://meet.example/bbbb"
WHEN = "La del sábado 6 de marzo, 8:30 a. m."
DAY = "sábado, 6 de marzo de 2027, de 8:30 a. m. a 12:30 p. m."


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


async def put(training: Training, *, online_url: str | None = None, venue_id: UUID | None = None) -> UUID | None:
    """Held there from now on, as the form of the training says it."""
    now = await TrainingSession.get(training_id=training.id)
    plan = plan_of(await Training.get(id=training.id), venue_id=venue_id, online_url=online_url)
    holders = await SessionFacilitator.filter(session_id=now.id).values_list("user_id")
    session = SessionPlan(now.starts_at, now.ends_at, venue_id, tuple(one for (one,) in holders), now.id)

    async def act() -> None:
        await edit_training(training.id, plan, [session], actor=PROGRAM)

    return await rescheduling.change_sessions(training.id, act, actor=PROGRAM)


async def with_people(cast: Cast, freeze: Freeze, *, is_online: bool) -> tuple[Training, Comers]:
    """Ana with and without an address, and somebody who facilitates; all know how it is."""
    training = await a_training(cast, facilitators=[cast.facilitator], state=TrainingState.DRAFT)
    if is_online:
        await put(training, online_url=FIRST)
    await publish(training.id, actor=PROGRAM)
    comers = await come(training, "Ana")
    await leave(freeze)
    return training, comers


async def to_who_facilitates() -> str:
    job = await OutboxJob.get(kind="facilitator_changed", stopped_at=None, done_at=None)
    mail = await jobs.COMPOSERS[job.kind](job)
    assert isinstance(mail, Mail)
    return plain(mail.text)


async def called() -> tuple[str, str]:
    """What is written to the one person who is called, and what is said by loudspeaker."""
    call_list = await open_list()
    told = await told_by(call_list)
    [person] = await households(call_list)
    return text_for(person, told), await said_to_all(call_list)


async def own_page(address: str) -> list[str]:
    registration = await Registration.get(participant__email_key__not_isnull=True, participant__given_names=address)
    ticket = ticket_of(await with_sessions(registration.id), None)
    return [plain(one) for one in ticket.changes]


async def shared(training: Training, cast: Cast) -> str:
    loaded = await for_staff(training.id, await make.actor_of(cast.coordinator))
    recent = (await recent_changes([training.id]))[training.id]
    [one] = differences(reversed(recent), list(loaded.sessions), loaded, is_called_off=False)
    return plain(change_text(loaded, one))


async def test_who_facilitates_hears_with_their_session_that_it_is_online_and_how_to_come_in(cast: Cast) -> None:
    training = await a_training(cast, facilitators=[cast.facilitator], state=TrainingState.DRAFT)
    await put(training, online_url=FIRST)

    await changes.publish(training.id, actor=PROGRAM)

    when = DAY.removesuffix(".")
    assert f"Ahora usted facilita la sesión del {when}. (En línea). Enlace: {FIRST}" in await to_who_facilitates()


async def test_changed_link_is_told_to_all_who_have_the_old_one(cast: Cast, freeze: Freeze) -> None:
    training, ana = await with_people(cast, freeze, is_online=True)
    for address in ("", "wanda@x.example"):
        waiting = await make.make_registration(training, given_names="Wanda", email=address)
        await Registration.filter(id=waiting.id).update(state=RegistrationState.WAITLISTED)
    sequence = (await TrainingSession.get(training_id=training.id)).sequence

    batch = await put(training, online_url=OTHER)

    assert batch is not None
    assert (await n_written_to([batch]))[batch] == 1, "who waits never had the old one"
    [change] = await DatedChange.filter(batch_id=batch)
    assert (change.kind, change.left_online_url) == (ChangeKind.PLACE, FIRST)
    assert (await TrainingSession.get(training_id=training.id)).sequence == sequence + 1
    [listed] = await calls_about(training.id, await make.actor_of(cast.coordinator))
    assert "cambio de enlace" in listed.words
    to_one, to_all = await called()
    assert f"{WHEN} tiene otro enlace para entrar. Lugar: en línea. Enlace: {OTHER} Si no" in to_one
    assert f"{WHEN} tiene otro enlace para entrar. Lugar: en línea. Más información" in to_all
    assert f"Cambió el enlace para entrar en línea: {DAY} Enlace: {OTHER}" in await to_who_facilitates()
    assert "CAMBIO DE ENLACE" in await shared(training, cast)
    assert await own_page("Ana") == [f"Cambió el enlace para entrar en línea: {DAY}"]
    mails = await leave(freeze)
    assert mails.keys() == {ana.mail, cast.facilitator.email}
    mail = mails[ana.mail]
    assert f"Cambió el enlace para entrar en línea: {DAY}" in plain(mail.text)
    assert OTHER in mail.text
    assert FIRST not in mail.text
    assert mail.invitation is not None
    assert mail.invitation.method == "REQUEST"


async def test_link_that_is_changed_back_in_time_is_told_to_nobody(cast: Cast, freeze: Freeze) -> None:
    training, _ana = await with_people(cast, freeze, is_online=True)
    await put(training, online_url=OTHER)

    assert await put(training, online_url=FIRST) is None
    assert await put(training, online_url=FIRST) is None, "nothing changed"


async def test_from_a_house_to_online_is_told_as_such(cast: Cast, freeze: Freeze) -> None:
    training, ana = await with_people(cast, freeze, is_online=False)
    house = f"{cast.venue.name}, {(await cast.venue.municipality).full_name}"

    await put(training, online_url=FIRST)

    to_one, to_all = await called()
    assert f"{WHEN} es en línea. Enlace: {FIRST} Si no" in to_one
    assert f"{WHEN} es en línea. Más información" in to_all
    day = DAY.removesuffix(".")
    told = f"Antes: {day}. ({house}). Ahora: {day}. (En línea)."
    assert f"{told} Enlace: {FIRST}" in await to_who_facilitates()
    assert await own_page("Ana") == [told]
    assert f"Antes: {house}" in await shared(training, cast)
    mail = (await leave(freeze))[ana.mail]
    assert told in plain(mail.text)
    assert FIRST in mail.text


async def test_from_online_to_a_house_is_told_as_such(cast: Cast, freeze: Freeze) -> None:
    training, _ana = await with_people(cast, freeze, is_online=True)
    house, day = f"{cast.venue.name}, {(await cast.venue.municipality).full_name}", DAY.removesuffix(".")

    await put(training, venue_id=cast.venue.id)

    to_one, to_all = await called()
    assert f"{WHEN} ya no es en línea. Lugar: {cast.venue.name}, " in to_one
    assert f"{WHEN} ya no es en línea. Lugar: {cast.venue.name}, " in to_all
    assert "Antes: En línea\n" in await shared(training, cast)
    assert FIRST not in to_one + to_all
    assert f"Antes: {day}. (En línea). Ahora: {day}. ({house})." in await to_who_facilitates()


async def test_nobody_is_asked_to_arrive_where_it_is_online(cast: Cast, freeze: Freeze) -> None:
    training = await a_training(cast, state=TrainingState.DRAFT)
    await put(training, online_url=FIRST)
    await publish(training.id, actor=PROGRAM)
    ana = await make.make_registration(training, given_names="Ana", email="ana@x.example")

    told = []
    for kind in ("registration_confirmed", "registration_promoted"):
        await OutboxJob.filter(subject_id=ana.id).update(kind=kind)
        mail = await jobs.COMPOSERS[kind](await OutboxJob.get(subject_id=ana.id))
        assert isinstance(mail, Mail)
        told.append(mail.text)

    for text in told:
        assert "n línea: entre con el enlace de abajo." in text
        assert FIRST in text
        assert "Al llegar" not in text


async def test_reminder_by_telephone_says_how_one_comes_in(cast: Cast, freeze: Freeze) -> None:
    training, _ana = await with_people(cast, freeze, is_online=True)

    reminder = await a_list(training, CallReason.REMINDER, session_id=training.sessions[0].id)

    [to_call] = await households(reminder)
    assert f"Lugar: en línea. Enlace: {FIRST} Si no puede venir" in text_for(to_call, await told_by(reminder))


async def test_place_of_what_is_published_is_not_emptied(cast: Cast, freeze: Freeze) -> None:
    training = await a_training(cast)
    session = training.sessions[0]

    with pytest.raises(PlaceGone):
        await put(training)
    await put(training, online_url=FIRST)
    with pytest.raises(PlaceGone):
        await put(training)
    await put(training, venue_id=cast.venue.id)
    await Training.filter(id=training.id).update(venue_id=None)
    with pytest.raises(PlaceGone):
        await move_session(session.id, session.starts_at, session.ends_at, None, actor=PROGRAM)

    assert (await TrainingSession.get(id=session.id)).venue_id == cast.venue.id


async def test_link_beside_a_house_is_told_once_it_is_another(cast: Cast, freeze: Freeze) -> None:
    training, _ana = await with_people(cast, freeze, is_online=False)

    assert await put(training, online_url=FIRST, venue_id=cast.venue.id) is None, "nobody who goes there goes wrong"
    assert await put(training, online_url=OTHER, venue_id=cast.venue.id) is not None
    to_one, _to_all = await called()
    assert f"{WHEN} tiene otro enlace para entrar." in to_one
    assert f"Enlace: {OTHER} " in to_one
