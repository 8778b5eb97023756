"""What people read of a change: old and new, once; and what their calendars are sent, caught from a mail server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email.message import EmailMessage
from uuid import UUID

import pytest
from icalendar import Calendar, Event

from tests import make
from tests.outbox.make_jobs import until_none_is_due, until_settled, with_smtp, working
from tests.outbox.smtp import Peer
from tests.outbox.told import FRIDAY, SATURDAY, a_training, last_mail, put_on_waiting_list, tell
from trainings import clock, jobs
from trainings.accounts.models import Role
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.lib.dates import NBSP, day_and_time
from trainings.outbox.actions import STAFF_DELAY, TakenOver, stop_batch
from trainings.outbox.models import OutboxJob, Outcome
from trainings.schedule.models import PlaceShown, Training, TrainingSession
from trainings.settings import Settings
from trainings.web.i18n import speaking

Freeze = Callable[[datetime], None]
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _earlier(freeze: Freeze) -> None:
    freeze(FRIDAY - 3 * DAY)


async def shift(session_id: UUID, by: timedelta) -> None:
    now = await TrainingSession.get(id=session_id)
    await rescheduling.move(now.id, now.starts_at + by, now.ends_at + by, now.venue_id, actor=PROGRAM)


async def deliver(settings: Settings, freeze: Freeze, peer: Peer) -> list[EmailMessage]:
    """What leaves once the ten minutes are over."""
    freeze(clock.now() + STAFF_DELAY)
    before = len(peer.accepted)
    async with working(with_smtp(settings, peer.url), jobs.COMPOSERS):
        await until_settled()
    return peer.accepted[before:]


def object_of(message: EmailMessage) -> tuple[str, Event]:
    """The only entry of a message as a calendar reads it: METHOD of part and object agree, both copies are one."""
    parts = [part for part in message.walk() if part.get_content_type() in ("text/calendar", "application/ics")]
    inline, attached = parts
    content = inline.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert attached.get_payload(decode=True) == content
    read = Calendar.from_ical(content)
    assert not read.errors
    assert inline.get_param("method") == str(read["METHOD"])
    [event] = read.walk("VEVENT")
    assert isinstance(event, Event)
    assert event["ORGANIZER"] == f"mailto:{message['From'].addresses[0].addr_spec}"
    assert event["ATTENDEE"] == "mailto:ana@x.example"
    return str(read["METHOD"]), event


def sequence_of(event: Event) -> int:
    return int(str(event["SEQUENCE"]))


def words_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert isinstance(body, EmailMessage)
    return str(body.get_content()).replace("\r\n", "\n")


async def test_request_update_and_cancel_are_one_uid_with_a_rising_sequence(
    db: Settings, peer: Peer, freeze: Freeze
) -> None:
    training = await a_training()
    [session] = training.sessions
    await make.make_registration(training, email="ana@x.example")
    [asked] = await deliver(db, freeze, peer)

    await shift(session.id, HOUR)
    [moved] = await deliver(db, freeze, peer)
    other = await make.make_venue(name="Escuela Central")
    now = await TrainingSession.get(id=session.id)
    await rescheduling.move(now.id, now.starts_at, now.ends_at, other.id, actor=PROGRAM)
    [elsewhere] = await deliver(db, freeze, peer)
    await rescheduling.call_off(training.id, "No hay paso por la lluvia.", actor=PROGRAM)
    [off] = await deliver(db, freeze, peer)

    chain = [object_of(message) for message in (asked, moved, elsewhere, off)]
    assert [method for method, _ in chain] == ["REQUEST", "REQUEST", "REQUEST", "CANCEL"]
    assert len({str(event["UID"]) for _, event in chain}) == 1
    sequences = [sequence_of(event) for _, event in chain]
    assert sequences == sorted(set(sequences))
    stamps = [event.decoded("DTSTAMP") for _, event in chain]
    assert stamps == sorted(stamps)
    assert [event.decoded("DTSTART") for _, event in chain] == [SATURDAY, *[SATURDAY + HOUR] * 3]
    assert [str(event["STATUS"]) for _, event in chain] == ["CONFIRMED"] * 3 + ["CANCELLED"]
    assert "Escuela Central" in str(chain[2][1]["LOCATION"])


async def test_session_held_after_all_has_an_entry_of_its_own_once_it_was_taken_out(
    db: Settings, peer: Peer, freeze: Freeze
) -> None:
    training = await a_training(2)
    session = next(one for one in training.sessions if one.starts_at == SATURDAY)
    await make.make_registration(training, email="ana@x.example")
    await OutboxJob.all().delete()

    await rescheduling.cancel(session.id, actor=PROGRAM)
    [off] = await deliver(db, freeze, peer)
    await rescheduling.restore(session.id, actor=PROGRAM)
    [on] = await deliver(db, freeze, peer)

    (cancel, gone), (request, again) = object_of(off), object_of(on)
    assert (cancel, request) == ("CANCEL", "REQUEST")
    assert str(gone["UID"]).partition("@")[0] + "-1" == str(again["UID"]).partition("@")[0]
    assert sequence_of(again) > sequence_of(gone)
    assert str(off["Subject"]).startswith("Se canceló una sesión: ")
    assert str(on["Subject"]).startswith("Sí se realiza: ")
    assert "un aviso que quita la cita de su calendario" in words_of(off)
    assert "sí se realiza" in words_of(on)
    assert "Va adjunta la cita para su calendario" in words_of(on)


async def test_message_says_old_and_new_day_hours_and_place(db: Settings, peer: Peer, freeze: Freeze) -> None:
    training = await a_training()
    [session] = training.sessions
    await make.make_registration(training, email="ana@x.example")
    await OutboxJob.all().delete()
    other = await make.make_venue(name="Escuela Central")

    await rescheduling.move(session.id, SATURDAY + DAY, SATURDAY + DAY + 3 * HOUR, other.id, actor=PROGRAM)
    [message] = await deliver(db, freeze, peer)

    words = words_of(message)
    assert (
        "Antes: sábado, 6 de marzo de 2027, de 8:30 a. m. a 12:30 p. m. (Salón municipal, La Libertad, Petén). "
        "Ahora: domingo, 7 de marzo de 2027, de 8:30 a. m. a 11:30 a. m. (Escuela Central, La Libertad, Petén)."
    ) in words.replace(NBSP, " ")


async def test_two_changes_within_ten_minutes_are_one_message_from_what_people_knew(
    db: Settings, peer: Peer, freeze: Freeze
) -> None:
    training = await a_training()
    await make.make_registration(training, email="ana@x.example")
    await OutboxJob.all().delete()

    await shift(training.sessions[0].id, DAY)
    freeze(clock.now() + timedelta(minutes=4))
    await shift(training.sessions[0].id, DAY)
    messages = await deliver(db, freeze, peer)

    [message] = messages
    words = words_of(message).replace(NBSP, " ")
    assert "Antes: sábado, 6 de marzo de 2027" in words
    assert "Ahora: lunes, 8 de marzo de 2027" in words
    assert "domingo, 7 de marzo" not in words


async def test_called_off_before_its_move_was_told_names_the_day_that_people_know(
    db: Settings, peer: Peer, freeze: Freeze
) -> None:
    training = await a_training()
    ana = await make.make_registration(training, email="ana@x.example")
    await OutboxJob.all().delete()
    await shift(training.sessions[0].id, DAY)
    await shift(training.sessions[0].id, DAY)

    await rescheduling.call_off(training.id, "Lluvia.", actor=PROGRAM)
    [message] = await deliver(db, freeze, peer)
    later = await tell(ana, "training_cancelled")

    words = words_of(message).replace(NBSP, " ")
    assert message["Subject"] == "Se canceló la actividad: sábado 6 de marzo, 8:30 a. m."
    assert "Se canceló la sesión del sábado, 6 de marzo de 2027" in words
    assert "Cancelada: sábado, 6 de marzo de 2027, de 8:30 a. m. a 12:30 p. m." in words
    assert "8 de marzo" not in words
    assert "Cancelada: sábado, 6 de marzo de 2027" in later.text.replace(NBSP, " "), "what was told once stays so"
    assert object_of(message)[1].decoded("DTSTART") == SATURDAY + 2 * DAY, "the calendar has to find its entry"
    assert {job.outcome for job in await OutboxJob.filter(kind="training_changed")} == {Outcome.STOPPED}


async def test_subject_names_the_session_that_changed_as_it_is_now(db: Settings, peer: Peer, freeze: Freeze) -> None:
    training = await a_training(3)
    first, _second, last = sorted(training.sessions, key=lambda one: one.starts_at)
    await make.make_registration(training, email="ana@x.example")
    await OutboxJob.all().delete()
    await rescheduling.cancel(first.id, actor=PROGRAM)
    await deliver(db, freeze, peer)

    await shift(last.id, DAY)
    [moved] = await deliver(db, freeze, peer)
    await rescheduling.restore(first.id, actor=PROGRAM)
    [restored] = await deliver(db, freeze, peer)

    day = day_and_time(last.starts_at + DAY, "es-GT").replace(NBSP, " ")
    assert moved["Subject"] == f"Cambió la fecha o el lugar: {day}"
    assert restored["Subject"] == "Sí se realiza: sábado 6 de marzo, 8:30 a. m."


async def test_stopping_what_leaves_with_a_later_change_is_refused(db: Settings) -> None:
    training = await a_training()
    await make.make_registration(training, email="ana@x.example")
    leader = await make.actor_of(await make.make_user(Role.HUB_COORDINATOR, await training.hub))
    await shift(training.sessions[0].id, DAY)
    [first] = {job.batch_id for job in await OutboxJob.filter(kind="training_changed")}
    await shift(training.sessions[0].id, DAY)
    assert first is not None

    with pytest.raises(TakenOver):
        await stop_batch(first, actor=leader)

    assert await OutboxJob.filter(kind="training_changed", stopped_at=None).count() == 1


async def test_session_called_off_before_its_move_was_told_is_in_the_subject_as_people_know_it(
    db: Settings, peer: Peer, freeze: Freeze
) -> None:
    training = await a_training(2)
    first = min(training.sessions, key=lambda one: one.starts_at)
    await make.make_registration(training, email="ana@x.example")
    await OutboxJob.all().delete()
    await shift(first.id, DAY)

    await rescheduling.cancel(first.id, actor=PROGRAM)
    [message] = await deliver(db, freeze, peer)

    words = words_of(message).replace(NBSP, " ")
    assert message["Subject"] == "Se canceló una sesión: sábado 6 de marzo, 8:30 a. m."
    assert "Cancelada: sábado, 6 de marzo de 2027" in words
    assert "7 de marzo" not in words


async def test_day_that_the_confirmation_said_is_the_one_that_is_called_off_or_left(
    db: Settings, peer: Peer, freeze: Freeze
) -> None:
    off, moved = await a_training(), await a_training(venue=await make.make_venue(name="Escuela Central"))
    for number, training in enumerate((off, moved)):
        await make.make_registration(training, email=f"ana{number}@x.example")
        await shift(training.sessions[0].id, 2 * DAY)
    freeze(clock.now() + timedelta(minutes=1))
    async with working(with_smtp(db, peer.url), jobs.COMPOSERS):
        await until_none_is_due()
    confirmed = [words_of(message).replace(NBSP, " ") for message in peer.accepted]
    freeze(clock.now() + timedelta(minutes=1))

    await rescheduling.call_off(off.id, "Lluvia.", actor=PROGRAM)
    await shift(moved.sessions[0].id, DAY)
    messages = {str(message["To"]): message for message in await deliver(db, freeze, peer)}

    assert len(confirmed) == 2
    assert all("lunes, 8 de marzo de 2027" in words and "sábado" not in words for words in confirmed)
    cancelled, changed = messages["ana0@x.example"], words_of(messages["ana1@x.example"]).replace(NBSP, " ")
    assert cancelled["Subject"] == "Se canceló la actividad: lunes 8 de marzo, 8:30 a. m."
    assert "sábado" not in words_of(cancelled)
    assert "Antes: lunes, 8 de marzo de 2027" in changed, "as the confirmation said"
    assert "Ahora: martes, 9 de marzo de 2027" in changed
    assert "sábado" not in changed


async def test_protected_place_is_told_to_nobody_without_a_place(db: Settings, freeze: Freeze) -> None:
    training = await a_training(place_shown=PlaceShown.AFTER_CONFIRMATION)
    [session] = training.sessions
    waiting = await make.make_registration(training, email="ana@x.example")
    await put_on_waiting_list(waiting)
    other = await make.make_venue(name="Casa segura", municipality="0701")

    await rescheduling.move(session.id, SATURDAY + DAY, SATURDAY + DAY + HOUR, other.id, actor=PROGRAM)
    mail = await last_mail("training_changed")

    assert "Salón municipal" not in mail.text + mail.html
    assert "Casa segura" not in mail.text + mail.html
    assert "(La Libertad, Petén)" in mail.text
    assert "(Sololá, Sololá)" in mail.text


async def test_another_house_in_the_same_town_is_no_news_for_who_waits(db: Settings) -> None:
    training = await a_training(place_shown=PlaceShown.AFTER_CONFIRMATION)
    [session] = training.sessions
    waiting = await make.make_registration(training, email="ana@x.example")
    await put_on_waiting_list(waiting)
    other = await make.make_venue(name="Casa segura")

    await rescheduling.move(session.id, session.starts_at, session.ends_at, other.id, actor=PROGRAM)

    assert (await last_mail("training_changed")).is_overtaken
    assert await Training.exists(id=training.id)


# -- who holds the session


async def test_who_holds_a_session_hears_of_its_change_but_not_of_their_own(
    db: Settings, peer: Peer, freeze: Freeze
) -> None:
    hub = await make.make_hub()
    holder = await make.make_user(Role.FACILITATOR, hub, email="facilita@x.example")
    author = await make.make_user(hub=hub, email="coordina@x.example")
    training = await a_training(facilitators=[holder, author])
    [session] = training.sessions
    await OutboxJob.all().delete()
    actor = await make.actor_of(author)

    with speaking("en"):
        await rescheduling.move(session.id, SATURDAY + DAY, SATURDAY + DAY + HOUR, session.venue_id, actor=actor)
    [message] = await deliver(db, freeze, peer)

    assert message["To"] == "facilita@x.example"
    words = words_of(message).replace(NBSP, " ")
    assert "Antes: sábado, 6 de marzo de 2027" in words
    assert f"/panel/capacitaciones/{training.id}" in words
    assert "Mi cuenta" not in words


async def test_who_holds_a_session_hears_nothing_of_what_was_moved_back(db: Settings, freeze: Freeze) -> None:
    hub = await make.make_hub()
    holder = await make.make_user(Role.FACILITATOR, hub, email="facilita@x.example")
    training = await a_training(facilitators=[holder])
    await shift(training.sessions[0].id, DAY)

    await shift(training.sessions[0].id, -DAY)

    assert await OutboxJob.filter(kind="facilitator_changed", stopped_at=None).count() == 0
