"""The entries for the reader's calendar, read by a calendar's library."""

from __future__ import annotations

from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from icalendar import Calendar

from tests import make
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
from trainings import clock
from trainings.outbox.mailer import Mail
from trainings.outbox.models import OutboxJob, Outcome
from trainings.registrations.models import RegistrationState
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
