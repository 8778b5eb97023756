"""REQUEST, update and CANCEL of one session as the mail server got them: one UID, rising SEQUENCE (RFC 6047)."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

from icalendar import Calendar

from tests import make
from tests.outbox.make_jobs import until_settled, with_smtp, working
from tests.outbox.smtp import Peer
from tests.outbox.told import FOUR_HOURS, FRIDAY, SATURDAY, Freeze, a_training
from trainings import clock, jobs
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.registrations.seats import actions
from trainings.registrations.telling.changes import tell_changes
from trainings.registrations.telling.reminders import remind
from trainings.schedule import session_actions
from trainings.schedule.changes import standing
from trainings.schedule.models import Training, TrainingSession
from trainings.settings import Settings


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
