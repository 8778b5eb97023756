"""The entries for the reader's calendar, read by a calendar's library."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from icalendar import Calendar

from tests import make
from tests.outbox.make_jobs import until_settled, with_smtp, working
from tests.outbox.smtp import Peer
from tests.outbox.told import (
    FOUR_HOURS,
    FRIDAY,
    SATURDAY,
    Freeze,
    a_training,
    call_off,
    change,
    last_mail,
    put_on_waiting_list,
    received,
    tell,
)
from trainings import clock, jobs
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.outbox.mailer import Mail
from trainings.outbox.models import OutboxJob, Outcome
from trainings.registrations.models import RegistrationState
from trainings.registrations.seats import actions
from trainings.registrations.telling.changes import tell_changes
from trainings.registrations.telling.reminders import remind
from trainings.schedule import session_actions
from trainings.schedule.changes import standing
from trainings.schedule.models import Training, TrainingSession
from trainings.settings import Settings, get_settings


@pytest.fixture(autouse=True)
def _on_friday(freeze: Freeze) -> None:
    freeze(FRIDAY)


# -- the reader's calendar


def appointments(mail: Mail) -> list[Any]:
    """The events of all objects of a message, each read by a reader's library, with its METHOD."""
    objects = [mail.invitation.content] if mail.invitation else []
    objects += [file.content for file in mail.attachments]
    read = [Calendar.from_ical(one) for one in objects]
    assert all(not calendar.errors for calendar in read)
    return [(str(calendar["METHOD"]), event) for calendar in read for event in calendar.walk("VEVENT")]


async def test_confirmation_invites_to_the_session_as_itip_asks(db: Settings) -> None:
    training = await a_training()
    [session] = training.sessions
    registration = await make.make_registration(training, email="ana@x.example")

    message = received(await last_mail("registration_confirmed"))

    alternative, attached = message.iter_parts()
    assert isinstance(alternative, EmailMessage)
    calendar = list(alternative.iter_parts())[-1]
    assert calendar["Content-Type"].params["method"] == "REQUEST"
    content = calendar.get_payload(decode=True)
    assert isinstance(content, bytes)
    assert content == attached.get_payload(decode=True)
    assert content.endswith(b"END:VCALENDAR\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 75
    read = Calendar.from_ical(content)
    [event] = read.walk("VEVENT")
    assert read["METHOD"] == "REQUEST"
    assert "UID" not in read
    assert len(read.walk("VTIMEZONE")) == 1
    assert event["UID"] == f"insc-{registration.id}-{session.id}@{get_settings().uid_domain}"
    assert (event["SEQUENCE"], event["STATUS"], str(event["SUMMARY"])) == (0, "CONFIRMED", training.title)
    assert event.decoded("DTSTART") == SATURDAY
    assert event.decoded("DTEND") == SATURDAY + FOUR_HOURS
    assert event["DTSTART"].params["TZID"] == "America/Guatemala"
    assert event["ORGANIZER"] == f"mailto:{message['From'].addresses[0].addr_spec}"
    assert not isinstance(event["ATTENDEE"], list)
    assert event["ATTENDEE"] == "mailto:ana@x.example"
    assert event["ATTENDEE"].params["RSVP"] == "FALSE"
    assert event["ATTENDEE"].params["PARTSTAT"] == "NEEDS-ACTION"
    assert "/i/" not in content.decode()


async def test_cancellation_takes_the_same_entry_out(db: Settings) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    [(_method, before)] = appointments(await last_mail("registration_confirmed"))
    await change(registration, RegistrationState.CANCELLED)

    mail = await tell(registration, "registration_cancelled")

    [(method, event)] = appointments(mail)
    assert (method, event["STATUS"]) == ("CANCEL", "CANCELLED")
    assert mail.invitation
    assert mail.invitation.method == "CANCEL"
    assert event["UID"] == before["UID"]
    assert event["SEQUENCE"] > before["SEQUENCE"]
    assert str(event["SUMMARY"]).startswith("CANCELADA: ")


async def test_cancelled_training_takes_its_entries_out(db: Settings) -> None:
    registration = await make.make_registration(await a_training(2), email="ana@x.example")
    before = appointments(await last_mail("registration_confirmed"))
    await call_off(registration)

    after = appointments(await tell(registration, "training_cancelled"))

    assert [(method, event["UID"]) for method, event in after] == [("CANCEL", event["UID"]) for _, event in before]
    assert all(new["SEQUENCE"] > old["SEQUENCE"] for (_, old), (_, new) in zip(before, after, strict=True))


async def test_who_comes_back_after_a_cancellation_gets_a_new_entry(db: Settings) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    [(_method, first)] = appointments(await last_mail("registration_confirmed"))
    await change(registration, RegistrationState.CANCELLED)
    [(_method, gone)] = appointments(await tell(registration, "registration_cancelled"))
    await OutboxJob.filter(kind="registration_cancelled").update(done_at=clock.now(), outcome=Outcome.SENT)
    await change(registration, RegistrationState.CONFIRMED)

    [(_method, again)] = appointments(await tell(registration, "registration_confirmed"))

    assert gone["UID"] == first["UID"]
    assert again["UID"] != first["UID"]
    await change(registration, RegistrationState.CANCELLED)
    [(method, gone_again)] = appointments(await tell(registration, "registration_cancelled"))
    assert (method, gone_again["UID"]) == ("CANCEL", again["UID"])


async def test_three_sessions_are_three_objects(db: Settings) -> None:
    await make.make_registration(await a_training(3), email="ana@x.example")

    mail = await last_mail("registration_confirmed")

    found = appointments(mail)
    assert [method for method, _event in found] == ["REQUEST"] * 3
    assert [event.decoded("DTSTART") for _method, event in found] == [SATURDAY + timedelta(weeks=n) for n in range(3)]
    assert len({event["UID"] for _method, event in found}) == 3
    assert [file.name for file in mail.attachments] == ["sesion-2.ics", "sesion-3.ics"]


async def test_four_sessions_are_one_file_that_invites_nobody(db: Settings) -> None:
    await make.make_registration(await a_training(4), email="ana@x.example")

    mail = await last_mail("registration_confirmed")

    found = appointments(mail)
    assert mail.invitation is None
    assert [file.name for file in mail.attachments] == ["calendario.ics"]
    assert [method for method, _event in found] == ["PUBLISH"] * 4
    assert all("ATTENDEE" not in event and "ORGANIZER" not in event for _method, event in found)
    for _method, event in found:
        assert event["UID"].startswith("insc-")


@pytest.mark.parametrize("kind", ["registration_waitlisted", "registration_held", "own_link_again"])
async def test_messages_to_people_without_a_place_carry_no_invitation(sqlite_db: Settings, kind: str) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    await put_on_waiting_list(registration)

    assert appointments(await tell(registration, kind)) == []


async def test_session_that_is_over_is_not_invited_to(db: Settings, freeze: Freeze) -> None:
    training = await a_training(2)
    freeze(SATURDAY + FOUR_HOURS)
    await make.make_registration(training, email="ana@x.example")

    [(method, event)] = appointments(await last_mail("registration_confirmed"))

    assert (method, event.decoded("DTSTART")) == ("REQUEST", SATURDAY + timedelta(weeks=1))


async def deliver(db: Settings, peer: Peer) -> None:
    async with working(with_smtp(db, peer.url), jobs.COMPOSERS):
        await until_settled()


async def move(session: TrainingSession, starts_at: datetime) -> None:
    async with transaction():
        before = await standing(session.training_id)
        await session_actions.move_session(session.id, starts_at, starts_at + FOUR_HOURS, None, actor=PROGRAM)
        await tell_changes(before, actor=PROGRAM)


def entries(peer: Peer, session: TrainingSession) -> list[tuple[str, str, int, datetime]]:
    """What the reader's calendar was told of a session by an object of its own: METHOD, UID, SEQUENCE, start."""
    found = []
    for message in peer.accepted:
        for part in message.walk():
            if part.get_content_type() != "text/calendar" or part.get_filename():
                continue
            calendar = valid_imip(message, part)
            [event] = calendar.walk("VEVENT")
            about: Any = event
            if str(session.id) in about["UID"]:
                found.append(
                    (str(calendar["METHOD"]), str(about["UID"]), int(about["SEQUENCE"]), about.decoded("DTSTART"))
                )
    return found


def valid_imip(message: EmailMessage, part: Any) -> Calendar:
    calendar = Calendar.from_ical(part.get_payload(decode=True))
    assert not calendar.errors
    assert part["Content-Type"].params["method"] == calendar["METHOD"]
    [event] = calendar.walk("VEVENT")
    assert event["ORGANIZER"] == f"mailto:{message['From'].addresses[0].addr_spec}"
    assert event["ATTENDEE"] == f"mailto:{message['To'].addresses[0].addr_spec}"
    assert event["STATUS"] == ("CANCELLED" if calendar["METHOD"] == "CANCEL" else "CONFIRMED")
    return calendar


async def test_session_of_a_long_course_is_invited_to_by_its_reminder_and_withdrawn_by_itself(
    db: Settings, peer: Peer, freeze: Freeze
) -> None:
    freeze(FRIDAY - timedelta(days=5))
    training = await a_training(5)
    first, *_, last = sorted(training.sessions, key=lambda one: one.starts_at)
    registration = await make.make_registration(training, email="ana@x.example")
    await deliver(db, peer)
    [whole] = peer.accepted[0].iter_attachments()
    assert (whole.get_filename(), whole.get_content_charset()) == ("calendario.ics", "utf-8")
    freeze(at_nine_before(first))
    await remind()
    await deliver(db, peer)
    await move(first, SATURDAY + timedelta(hours=1))
    freeze(clock.now() + timedelta(minutes=11))
    await deliver(db, peer)
    await actions.cancel(registration.id, actor=PROGRAM)
    freeze(clock.now() + timedelta(minutes=11))
    await deliver(db, peer)

    chain = entries(peer, first)

    assert [method for method, *_ in chain] == ["REQUEST", "REQUEST", "CANCEL"]
    assert len({uid for _method, uid, *_ in chain}) == 1
    numbers = [number for _method, _uid, number, _start in chain]
    assert numbers == sorted(set(numbers))
    assert entries(peer, last) == []
    # The others, which came in one file, go in one file.
    assert [part.get_filename() for part in peer.accepted[-1].iter_attachments()] == ["invite.ics", "calendario.ics"]


async def test_reminder_of_a_short_course_brings_no_second_invitation(db: Settings, peer: Peer, freeze: Freeze) -> None:
    freeze(FRIDAY - timedelta(days=5))
    training: Training = await a_training(3)
    await make.make_registration(training, email="ana@x.example")
    [first, *_] = sorted(training.sessions, key=lambda one: one.starts_at)
    freeze(at_nine_before(first))
    await remind()
    await deliver(db, peer)

    assert len(entries(peer, first)) == 1


def at_nine_before(session: TrainingSession) -> datetime:
    """Nine o'clock, the day before."""
    return clock.midnight(clock.local(session.starts_at).date() - timedelta(days=1)) + timedelta(hours=9)
