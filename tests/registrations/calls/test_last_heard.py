"""Who is told of a change, and what: by what each of them last heard, be it before, between or after other changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from tests import make
from tests.cast import Cast, make_cast
from tests.outbox.told import accept
from tests.registrations.call_world import (
    MONDAY,
    SATURDAY,
    Freeze,
    a_training,
    calls,
    households,
    names_of,
    newest_mark,
    only_call,
    said_to_all,
)
from tests.registrations.card_world import make_block
from trainings import clock, jobs
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.lib.dates import NBSP
from trainings.outbox.actions import stop_batch
from trainings.outbox.mailer import Mail
from trainings.outbox.models import CallList, CallReason, CallResult, CallVia, OutboxJob, Outcome
from trainings.registrations.calls import actions as call_actions
from trainings.registrations.calls.actions import OPENED, WhyClosed
from trainings.registrations.calls.people import audience_of, n_to_tell, n_written_to
from trainings.registrations.calls.texts import text_for, told_by
from trainings.registrations.models import Registration, ReservedBlock
from trainings.registrations.own.ticket import Ticket, ticket_of
from trainings.registrations.queries import with_sessions
from trainings.registrations.telling.changes import who_would_hear
from trainings.registrations.telling.reminders import remind
from trainings.schedule import actions as schedule
from trainings.schedule.models import Training, TrainingSession
from trainings.settings import Settings

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = 7 * DAY


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


@dataclass(frozen=True)
class Comers:
    """Those who came at the same time: one left an address, one left none, one was given cards for others."""

    mail: str
    caller: str
    block: ReservedBlock


async def come(training: Training, name: str) -> Comers:
    address = f"{name.lower()}@x.example"
    await make.make_registration(training, given_names=name, email=address)
    await make.make_registration(training, given_names=f"{name} sin correo")
    return Comers(address, f"{name} sin correo", await make_block(training))


async def shift(session_id: UUID, by: timedelta) -> UUID | None:
    now = await TrainingSession.get(id=session_id)
    return await rescheduling.move(now.id, now.starts_at + by, now.ends_at + by, now.venue_id, actor=PROGRAM)


async def stop(batch: UUID | None, cast: Cast) -> None:
    assert batch is not None
    await stop_batch(batch, actor=await make.actor_of(cast.coordinator))


async def leave(freeze: Freeze, outcome: Outcome = Outcome.SENT, *, within: timedelta = HOUR) -> dict[str, Mail]:
    """What leaves within the hour, by address."""
    freeze(clock.now() + within)
    read: dict[str, Mail] = {}
    due = OutboxJob.filter(done_at=None, failed_at=None, stopped_at=None, run_at__lte=clock.now())
    for job in await due.order_by("id"):
        mail = await jobs.COMPOSERS[job.kind](job)
        assert mail
        job.outcome = Outcome.OVERTAKEN if mail.is_overtaken else outcome
        job.done_at, job.attempts = clock.now(), 1
        await job.save()
        if job.outcome == Outcome.SENT:
            if mail.on_sent:
                await mail.on_sent()
            read[mail.to] = mail
    return read


async def written_to() -> set[str]:
    """To whom a message is about to leave."""
    waiting = OutboxJob.filter(kind__startswith="training_", done_at=None, stopped_at=None).order_by("id")
    mails = [await jobs.COMPOSERS[job.kind](job) for job in await waiting]
    return {mail.to for mail in mails if mail}


async def open_list() -> CallList:
    return await CallList.get(closed_at=None)


async def holders(call_list: CallList) -> list[UUID]:
    return [one.id for one in (await audience_of(call_list)).holders]


def plain(text: str) -> str:
    return text.replace(NBSP, " ")


BACK = "La del domingo 7 de marzo, 8:30 a. m. pasa al sábado 6 de marzo, 8:30 a. m."


@pytest.mark.parametrize("is_stopped", [True, False], ids=["stopped", "waiting"])
async def test_who_came_between_a_move_and_its_return_is_told_and_nobody_else(
    cast: Cast, freeze: Freeze, is_stopped: bool
) -> None:
    training = await a_training(cast)
    session_id = training.sessions[0].id
    await come(training, "Ana")
    await leave(freeze)
    batch = await shift(session_id, DAY)
    if is_stopped:
        await stop(batch, cast)
        freeze(clock.now() + HOUR)
    freeze(clock.now() + timedelta(minutes=2))
    nora = await come(training, "Nora")
    await leave(freeze, within=timedelta(minutes=2))

    batch = await shift(session_id, -DAY)

    assert batch is not None
    assert await written_to() == {nora.mail}
    assert await n_written_to([batch]) == {batch: 1}
    call_list = await open_list()
    assert set(await calls(call_list)) == {nora.caller}
    assert await holders(call_list) == [nora.block.id]
    told = await told_by(call_list)
    household = await only_call(call_list)
    [holder] = (await audience_of(call_list)).holders
    for text in (text_for(household, told), text_for(holder, told), await said_to_all(call_list)):
        assert BACK in plain(text)
    mails = await leave(freeze)
    assert set(mails) == {nora.mail}
    said = plain(mails[nora.mail].text)
    assert "Antes: domingo, 7 de marzo de 2027" in said
    assert "Ahora: sábado, 6 de marzo de 2027" in said


async def test_who_came_while_a_session_was_off_is_told_that_it_is_held_and_nobody_else(
    cast: Cast, freeze: Freeze
) -> None:
    training = await a_training(cast, sessions=[(SATURDAY, SATURDAY + HOUR), (SATURDAY + WEEK, SATURDAY + WEEK + HOUR)])
    first = await TrainingSession.get(training_id=training.id, starts_at=SATURDAY)
    await come(training, "Ana")
    await leave(freeze)
    await stop(await rescheduling.cancel(first.id, actor=PROGRAM), cast)
    freeze(clock.now() + HOUR)
    freeze(clock.now() + timedelta(minutes=2))
    nora = await come(training, "Nora")
    await leave(freeze, within=timedelta(minutes=2))

    asked = await who_would_hear(training, is_called_off=False, turned=first.id)
    promised = await n_to_tell(training.id, asked.unknowing)
    await rescheduling.restore(first.id, actor=PROGRAM)

    assert promised == (1, 2)
    assert await written_to() == {nora.mail}
    call_list = await open_list()
    assert set(await calls(call_list)) == {nora.caller}
    assert await holders(call_list) == [nora.block.id]
    text = text_for(await only_call(call_list), await told_by(call_list))
    assert "La del sábado 6 de marzo, 8:30 a. m. sí se realiza." in plain(text)
    mails = await leave(freeze)
    assert mails[nora.mail].subject.startswith("Sí se realiza: ")


async def test_of_sessions_changed_in_one_act_each_hears_what_they_do_not_know(cast: Cast, freeze: Freeze) -> None:
    training = await a_training(cast, sessions=[(SATURDAY, SATURDAY + HOUR), (SATURDAY + WEEK, SATURDAY + WEEK + HOUR)])
    first = await TrainingSession.get(training_id=training.id, starts_at=SATURDAY)
    second = await TrainingSession.get(training_id=training.id, starts_at=SATURDAY + WEEK)
    ana = await come(training, "Ana")
    await leave(freeze)
    await stop(await shift(first.id, DAY), cast)
    freeze(clock.now() + HOUR)
    nora = await come(training, "Nora")
    await leave(freeze)

    async def both() -> None:
        for session_id, starts_at in ((first.id, SATURDAY), (second.id, SATURDAY + 2 * WEEK)):
            await schedule.move_session(session_id, starts_at, starts_at + HOUR, cast.venue.id, actor=PROGRAM)

    await rescheduling.change_sessions(training.id, both, actor=PROGRAM)

    call_list = await open_list()
    told = await told_by(call_list)
    texts = {names_of(one): plain(text_for(one, told)) for one in await households(call_list)}
    assert set(texts) == {ana.caller, nora.caller}
    assert BACK not in texts[ana.caller]
    assert BACK in texts[nora.caller]
    assert all("La del sábado 13 de marzo, 8:30 a. m. pasa al sábado 20 de marzo" in text for text in texts.values())
    assert set(await holders(call_list)) == {ana.block.id, nora.block.id}
    mails = {address: plain(mail.text) for address, mail in (await leave(freeze)).items()}
    assert {address: text.count("Antes: ") for address, text in mails.items()} == {ana.mail: 1, nora.mail: 2}
    assert "Antes: sábado, 13 de marzo de 2027" in mails[ana.mail]
    assert "domingo" not in mails[ana.mail]
    assert "Antes: domingo, 7 de marzo de 2027" in mails[nora.mail]


async def test_those_who_know_a_session_on_different_days_are_told_in_public_only_what_holds_now(
    cast: Cast, freeze: Freeze
) -> None:
    training = await a_training(cast)
    session_id = training.sessions[0].id
    ana = await come(training, "Ana")
    await stop(await shift(session_id, DAY), cast)
    freeze(clock.now() + HOUR)
    nora = await come(training, "Nora")

    await shift(session_id, DAY)

    call_list = await open_list()
    told, found = await told_by(call_list), await households(call_list)
    texts = {names_of(one): plain(text_for(one, told)) for one in found}
    assert "La del sábado 6 de marzo, 8:30 a. m. pasa al lunes 8 de marzo" in texts[ana.caller]
    assert "La del domingo 7 de marzo, 8:30 a. m. pasa al lunes 8 de marzo" in texts[nora.caller]
    for_all = plain(await said_to_all(call_list))
    assert "hay un cambio en su actividad. Ahora es el lunes 8 de marzo, 8:30 a. m." in for_all


# -- what was heard in between


async def test_what_a_call_told_is_what_its_person_knows_whom_no_message_reached(cast: Cast, freeze: Freeze) -> None:
    training = await a_training(cast)
    session_id = training.sessions[0].id
    ana = await make.make_registration(training, given_names="Ana", email="ana@x.example")
    await make.make_registration(training, given_names="Beto", email="beto@x.example")
    await leave(freeze)
    await shift(session_id, DAY)
    await leave(freeze, Outcome.REFUSED)
    call_list = await open_list()
    await call_actions.mark(call_list.id, ana.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
    await call_actions.close(call_list.id, WhyClosed.NO_ANSWER, actor=PROGRAM)
    freeze(clock.now() + HOUR)

    await shift(session_id, -DAY)

    assert await written_to() == {"ana@x.example"}, "nobody told Beto that it was ever on another day"
    mails = await leave(freeze)
    assert "Antes: domingo, 7 de marzo de 2027" in plain(mails["ana@x.example"].text)


@pytest.mark.parametrize("email", ["ana@x.example", ""], ids=["by mail", "by call"])
async def test_day_that_a_reminder_named_is_the_one_that_is_left(cast: Cast, freeze: Freeze, email: str) -> None:
    freeze(SATURDAY - 3 * DAY)
    training = await a_training(cast)
    session_id = training.sessions[0].id
    ana = await make.make_registration(training, given_names="Ana", email=email)
    await make.make_registration(training, given_names="Beto")
    await leave(freeze)
    await stop(await shift(session_id, DAY), cast)
    freeze(SATURDAY - 2 * DAY + HOUR)
    await remind()
    reminder = await open_list()
    if email:
        assert set(await leave(freeze)) == {email}
    else:
        await call_actions.mark(reminder.id, ana.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
        freeze(clock.now() + HOUR)

    await shift(session_id, -DAY)

    change = await CallList.get(reason=CallReason.CHANGED, closed_at=None)
    assert set(await calls(change)) == (set() if email else {"Ana"}), "to Beto it was always on Saturday"
    mails = await leave(freeze)
    assert set(mails) == ({email} if email else set())
    assert all("Antes: domingo, 7 de marzo de 2027" in plain(mail.text) for mail in mails.values())


async def test_who_may_have_heard_of_a_move_without_a_mark_is_told_once_what_holds_when_it_was_moved_back(
    cast: Cast, freeze: Freeze
) -> None:
    training = await a_training(cast)
    session_id = training.sessions[0].id
    ana = await make.make_registration(training, given_names="Ana")
    await make.make_registration(training, given_names="Beto")
    block = await make_block(training)
    await shift(session_id, DAY)
    first = await open_list()
    freeze(clock.now() + HOUR)
    await call_actions.note_seen(first, await audience_of(first), OPENED, actor=PROGRAM)
    await call_actions.mark(first.id, ana.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
    freeze(clock.now() + HOUR)

    await shift(session_id, -DAY)

    second = await CallList.exclude(id=first.id).get()
    assert [set(await calls(one)) for one in (first, second)] == [{"Ana"}, {"Ana", "Beto"}]
    assert [await holders(one) for one in (first, second)] == [[], [block.id]]
    told = await told_by(second)
    texts = {names_of(one): plain(text_for(one, told)) for one in await households(second)}
    assert BACK in texts["Ana"]
    assert "hay un cambio en su actividad. Ahora es el sábado 6 de marzo, 8:30 a. m." in texts["Beto"]


async def test_call_that_is_taken_back_leaves_what_may_have_been_heard_before_it(cast: Cast, freeze: Freeze) -> None:
    training = await a_training(cast)
    session_id = training.sessions[0].id
    ana = await make.make_registration(training, given_names="Ana")
    block = await make_block(training)
    await shift(session_id, DAY)
    first = await open_list()
    freeze(clock.now() + HOUR)
    await call_actions.note_seen(first, await audience_of(first), OPENED, actor=PROGRAM)
    await shift(session_id, DAY)
    second = await open_list()
    freeze(clock.now() + HOUR)
    for one in (ana, block):
        await call_actions.mark(second.id, one.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
        seen = await newest_mark(one)
        await call_actions.mark(second.id, one.id, CallResult.NOT_REACHED, CallVia.CALL, seen=seen, actor=PROGRAM)

    await shift(session_id, -2 * DAY)

    third = await open_list()
    assert (set(await calls(third)), await holders(third)) == ({"Ana"}, [block.id])


async def test_message_on_its_way_while_it_is_moved_back_is_followed_by_the_next(cast: Cast, freeze: Freeze) -> None:
    training = await a_training(cast)
    session_id = training.sessions[0].id
    await come(training, "Ana")
    await leave(freeze)
    batch = await shift(session_id, DAY)
    freeze(clock.now() + HOUR)
    leaving = await OutboxJob.get(batch_id=batch)
    await OutboxJob.filter(id=leaving.id).update(attempts=1)
    mail = await jobs.COMPOSERS[leaving.kind](leaving)
    assert mail
    assert mail.on_leaving
    assert mail.on_sent
    assert await mail.on_leaving()
    await shift(session_id, -DAY)
    waiting = await written_to()
    await mail.on_sent()
    await OutboxJob.filter(id=leaving.id).update(outcome=Outcome.SENT, done_at=clock.now() + timedelta(seconds=1))

    mails = await leave(freeze)

    assert waiting == {"ana@x.example"}
    assert "Antes: domingo, 7 de marzo de 2027" in plain(mails["ana@x.example"].text)


# -- on the own page


async def own_page(registration: Registration) -> Ticket:
    return ticket_of(await with_sessions(registration.id), None)


async def came_around_a_stopped_move(cast: Cast, freeze: Freeze) -> tuple[TrainingSession, Registration, Registration]:
    """Ana knows the session on Saturday, Nora was shown it on Sunday."""
    training = await a_training(cast)
    session = training.sessions[0]
    ana = await make.make_registration(training, given_names="Ana")
    await stop(await shift(session.id, DAY), cast)
    freeze(clock.now() + HOUR)
    return session, ana, await make.make_registration(training, given_names="Nora")


async def test_own_page_says_the_day_that_its_reader_was_shown_also_once_it_is_off(cast: Cast, freeze: Freeze) -> None:
    session, ana, nora = await came_around_a_stopped_move(cast, freeze)

    await shift(session.id, -DAY)

    [change] = (await own_page(nora)).changes
    assert plain(change).startswith("Antes: domingo, 7 de marzo de 2027")
    assert (await own_page(ana)).changes == []

    await shift(session.id, 3 * DAY)
    await rescheduling.call_off(session.training_id, "Lluvia.", actor=PROGRAM)

    days = [[one.starts_at for one in (await own_page(who)).meetings] for who in (ana, nora)]
    assert days == [[SATURDAY], [SATURDAY + DAY]]


@pytest.mark.parametrize("outcome", [Outcome.SENT, Outcome.KEPT])
async def test_who_is_promised_a_message_about_what_was_called_off_finds_news_in_it(
    db: Settings, freeze: Freeze, outcome: Outcome
) -> None:
    freeze(MONDAY)
    training = await a_training(
        await make_cast(), sessions=[(SATURDAY + n * DAY, SATURDAY + n * DAY + HOUR) for n in (0, 1)]
    )
    session_id = min(training.sessions, key=lambda one: one.starts_at).id
    await make.make_registration(training, given_names="Ana", email="ana@x.example")
    await rescheduling.cancel(session_id, actor=PROGRAM)
    freeze(clock.now() + HOUR)
    job = await OutboxJob.get(kind="training_changed")
    if outcome is Outcome.SENT:
        await accept(job)
    await OutboxJob.filter(id=job.id).update(outcome=outcome, done_at=clock.now(), attempts=1)
    freeze(clock.now() + HOUR)

    readers = await who_would_hear(await Training.get(id=training.id), is_called_off=False, turned=session_id)
    await rescheduling.restore(session_id, actor=PROGRAM)
    waiting = await OutboxJob.filter(kind="training_changed", done_at=None)
    mails = [await jobs.COMPOSERS[job.kind](job) for job in waiting]

    assert len(readers.unknowing) == len(mails) == (1 if outcome is Outcome.SENT else 0)
    assert not any(mail is None or mail.is_overtaken for mail in mails)


async def test_who_was_not_reached_by_a_kept_message_is_called_about_a_second_change_too(
    db: Settings, freeze: Freeze
) -> None:
    freeze(MONDAY)
    training = await a_training(await make_cast())
    await make.make_registration(training, given_names="Ana", email="ana@x.example")
    for _ in range(2):
        await shift(training.sessions[0].id, DAY)
        freeze(clock.now() + HOUR)
        await OutboxJob.filter(done_at=None).update(outcome=Outcome.KEPT, done_at=clock.now(), attempts=1)
        freeze(clock.now() + HOUR)

    assert [name for one in await CallList.all() for name in await calls(one)] == ["Ana"]
