"""Reminders: at nine, so many days before as the operator says, once, and of what still holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from tests import make
from tests.registrations.families import make_family
from tests.registrations.reminded import (
    SATURDAY,
    a_training,
    at,
    days_before,
    last_reminder,
    reminded_days,
    reminders,
)
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.outbox.models import CallList, CallReason, OutboxJob
from trainings.places.models import Operator
from trainings.registrations.models import Registration, RegistrationState
from trainings.registrations.seats import actions
from trainings.registrations.telling import changes
from trainings.registrations.telling.contacts import mark_refused
from trainings.registrations.telling.reminders import Reminder, remind
from trainings.schedule import calendar_texts, session_actions
from trainings.schedule.models import Training, TrainingSession, TrainingState
from trainings.settings import Settings

Freeze = Callable[[datetime], None]


@pytest.fixture
def ten_days_before(freeze: Freeze) -> None:
    freeze(days_before(10, 15))


async def pass_days(freeze: Freeze, *moments: datetime) -> list[int]:
    """Look at each of these moments; how many messages were written at each."""
    written = []
    for moment in moments:
        freeze(moment)
        written.append(await remind())
    return written


# -- when


async def test_reminders_are_written_three_days_and_one_day_before_at_nine(
    db: Settings, freeze: Freeze, ten_days_before: None
) -> None:
    await make.make_registration(await a_training(), email="ana@x.example")

    written = await pass_days(
        freeze,
        days_before(3, 8, 59),
        days_before(3, 9),
        days_before(3, 9, 1),
        days_before(2, 9),
        days_before(1, 8, 59),
        days_before(1, 9),
        days_before(1, 18),
        days_before(0, 8),
        days_before(0, 9),
    )

    assert written == [0, 1, 0, 0, 0, 1, 0, 0, 0]
    assert await reminded_days() == [("2027-03-06", 3), ("2027-03-06", 1)]


@pytest.mark.parametrize(("days", "expected"), [("7,2", [7, 2]), ("", [])])
async def test_operator_says_how_many_days_before(
    db: Settings, freeze: Freeze, ten_days_before: None, days: str, expected: list[int]
) -> None:
    await make.make_registration(await a_training(), email="ana@x.example")
    await Operator.all().update(reminder_days=days)

    await pass_days(freeze, *(days_before(n) for n in range(9, -1, -1)))

    assert [n for _on, n in await reminded_days()] == expected


@pytest.mark.both_engines
async def test_several_processes_at_once_write_each_reminder_once(
    db: Settings, freeze: Freeze, ten_days_before: None
) -> None:
    training = await a_training()
    for n in range(5):
        await make.make_registration(training, email=f"p{n}@x.example", given_names=f"P{n}")
    freeze(days_before(3))

    written = await asyncio.gather(*(remind() for _ in range(4)))

    assert sum(written) == 5
    assert len(await reminders()) == 5


async def test_late_start_makes_up_for_the_last_reminder_alone(
    db: Settings, freeze: Freeze, ten_days_before: None
) -> None:
    await make.make_registration(await a_training(), email="ana@x.example")

    written = await pass_days(freeze, days_before(1, 15), days_before(1, 16))

    assert written == [1, 0]
    assert await reminded_days() == [("2027-03-06", 1)]


async def test_late_start_sends_nothing_once_the_session_began(
    db: Settings, freeze: Freeze, ten_days_before: None
) -> None:
    await make.make_registration(await a_training(), email="ana@x.example")

    assert await pass_days(freeze, days_before(0, 8, 30), days_before(0, 9)) == [0, 0]


async def test_day_that_was_missed_is_made_up_for_in_the_early_morning_and_never_by_night(
    db: Settings, freeze: Freeze, ten_days_before: None
) -> None:
    await make.make_registration(await a_training(), email="ana@x.example")

    assert await pass_days(freeze, days_before(0, 2), days_before(0, 6)) == [0, 1]


async def test_nobody_gets_two_reminders_of_one_training_on_one_day(
    db: Settings, freeze: Freeze, ten_days_before: None
) -> None:
    monday, wednesday = SATURDAY + timedelta(days=2), SATURDAY + timedelta(days=4)
    await make.make_registration(await a_training(SATURDAY, monday, wednesday), email="ana@x.example")

    # The hours around nine and midnight of ten days and the week after, the program having been down for two of them.
    around = [days_before(n, hour) for n in range(10, -6, -1) for hour in (0, 9, 16)]
    hours = [hour for hour in around if hour >= days_before(10, 15)]
    await pass_days(freeze, *(hour for hour in hours if not days_before(4) < hour < days_before(2)))

    by_day = [clock.local(job.created_at).date() for job in await reminders()]
    assert len(by_day) == len(set(by_day))
    assert {on for on, _n in await reminded_days()} == {"2027-03-06", "2027-03-08", "2027-03-10"}


async def test_morning_that_was_made_up_for_puts_off_the_next_session_s_reminder(
    db: Settings, freeze: Freeze, ten_days_before: None
) -> None:
    sunday = SATURDAY + timedelta(days=1)
    await make.make_registration(await a_training(SATURDAY, sunday), email="ana@x.example")
    done: set[Reminder] = set()

    written = []
    for moment in (days_before(0, 7), days_before(0, 9), days_before(0, 15), at(sunday, 6, 30)):
        freeze(moment)
        written.append(await remind(done))

    assert written == [1, 0, 0, 1]
    assert await reminded_days() == [("2027-03-06", 1), ("2027-03-07", 1)]


async def test_sessions_of_one_day_are_one_reminder(db: Settings, freeze: Freeze, ten_days_before: None) -> None:
    sessions = [(at(SATURDAY, 8), at(SATURDAY, 11)), (at(SATURDAY, 14), at(SATURDAY, 16))]
    await make.make_registration(await make.make_training(sessions=sessions), email="ana@x.example")

    await pass_days(freeze, days_before(1))

    assert len(await reminders()) == 1
    mail = await last_reminder()
    assert "de 8:00 a. m. a 11:00 a. m." in mail.text
    assert "de 2:00 p. m. a 4:00 p. m." in mail.text


# -- to whom


async def test_only_who_was_confirmed_by_then_is_reminded(db: Settings, freeze: Freeze, ten_days_before: None) -> None:
    training = await a_training(capacity=2)
    ana = await make.make_registration(training, email="ana@x.example", given_names="Ana")
    beto = await make.make_registration(training, email="beto@x.example", given_names="Beto")
    await make.make_registration(training, email="cora@x.example", given_names="Cora")  # waits
    await actions.cancel(beto.id, actor=PROGRAM)  # and so Cora moves up
    freeze(days_before(3, 10))
    await Training.filter(id=training.id).update(capacity=9)
    await make.make_registration(training, email="late@x.example", given_names="Delia")

    await remind()

    cora = await Registration.filter(participant__given_names="Cora").get()
    assert {job.subject_id for job in await reminders()} == {ana.id, cora.id}


async def test_family_is_reminded_once_though_who_was_named_leaves(
    db: Settings, freeze: Freeze, ten_days_before: None
) -> None:
    ana, *_ = await make_family(await a_training(), "Ana", "Beto", "Carlos", email="ana@x.example")
    freeze(days_before(3))
    assert await remind() == 1
    assert "Faltan 3 días" in (await last_reminder()).subject
    await actions.cancel(ana.id, actor=PROGRAM)

    assert await remind() == 0
    assert not (await last_reminder()).is_overtaken


async def test_who_has_no_mail_is_left_to_a_call_list(db: Settings, freeze: Freeze, ten_days_before: None) -> None:
    training = await a_training()
    await make.make_registration(training, given_names="Ana", phone="55551234")
    await make.make_registration(training, given_names="Beto", email="beto@x.example")
    await mark_refused("beto@x.example")
    freeze(days_before(3))

    assert await remind() == 0
    await remind()

    [found] = await CallList.all()
    session = await TrainingSession.get(training_id=training.id)
    assert (found.reason, found.session_id, found.training_id) == (CallReason.REMINDER, session.id, training.id)


# -- what changes meanwhile


async def test_reminder_follows_the_new_date_of_a_moved_session(
    db: Settings, freeze: Freeze, ten_days_before: None
) -> None:
    training = await a_training()
    await make.make_registration(training, email="ana@x.example")
    freeze(days_before(3))
    await remind()
    before = (await reminders())[0]

    await move(training, SATURDAY + timedelta(days=7))
    overtaken = (await last_reminder()).is_overtaken
    await pass_days(freeze, days_before(1), days_before(-4), days_before(-6))

    assert overtaken
    assert await reminded_days() == [("2027-03-06", 3), ("2027-03-13", 3), ("2027-03-13", 1)]
    assert before.payload["on"] == "2027-03-06"


async def test_session_moved_nearer_is_not_reminded_of_while_the_change_is_being_told(
    db: Settings, freeze: Freeze, ten_days_before: None
) -> None:
    training = await a_training()
    await make.make_registration(training, email="ana@x.example")
    freeze(days_before(5, 8, 55))
    await move(training, SATURDAY - timedelta(days=2))

    assert await pass_days(freeze, days_before(5, 9), days_before(5, 12), days_before(3)) == [0, 0, 1]
    assert await reminded_days() == [("2027-03-04", 1)]


async def test_corrected_words_right_before_nine_put_off_no_reminder(
    db: Settings, freeze: Freeze, ten_days_before: None
) -> None:
    training = await a_training()
    await make.make_registration(training, email="ana@x.example")
    session = await TrainingSession.get(training_id=training.id)
    freeze(days_before(1, 8, 55))
    await Training.filter(id=training.id).update(bring="Traiga su DPI")
    async with transaction():
        corrected = await calendar_texts.refresh(training_ids=[training.id])

    written = await pass_days(freeze, days_before(1, 9))

    assert (corrected, written) == ({session.id}, [1])
    assert await CallList.filter(reason=CallReason.REMINDER, session_id=session.id).count() == 1


@pytest.mark.both_engines
async def test_nobody_is_reminded_of_what_is_called_off(db: Settings, freeze: Freeze, ten_days_before: None) -> None:
    off, one_off = await a_training(), await a_training(SATURDAY, SATURDAY + timedelta(days=7), title="Otra")
    for training in (off, one_off):
        await make.make_registration(training, email="ana@x.example")
    await changes.call_off_training(off.id, "Lluvia", actor=PROGRAM)
    first = await TrainingSession.filter(training_id=one_off.id).first()
    assert first
    await session_actions.cancel_session(first.id, actor=PROGRAM)

    await pass_days(freeze, *(days_before(n) for n in (3, 2, 1)))

    assert await reminders() == []


async def test_reminder_that_waited_says_nothing_false(db: Settings, freeze: Freeze, ten_days_before: None) -> None:
    training = await a_training()
    registration = await make.make_registration(training, email="ana@x.example")
    freeze(days_before(3))
    await remind()

    subjects = []
    for moment in (days_before(3), days_before(1, 12), days_before(0, 7)):
        freeze(moment)
        mail = await last_reminder()
        subjects.append(mail.subject)
        assert not mail.is_overtaken
    freeze(days_before(0, 8, 30))
    is_too_late = (await last_reminder()).is_overtaken
    freeze(days_before(2))
    await actions.cancel(registration.id, actor=PROGRAM)

    assert subjects == [
        "Faltan 3 días: sábado 6 de marzo, 8:30 a. m.",
        "Mañana le esperamos: sábado 6 de marzo, 8:30 a. m.",
        "Hoy le esperamos: sábado 6 de marzo, 8:30 a. m.",
    ]
    assert is_too_late
    assert (await last_reminder()).is_overtaken


@pytest.mark.both_engines
async def test_one_training_that_cannot_be_reminded_holds_up_no_other(
    db: Settings, freeze: Freeze, ten_days_before: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for title in ("Una", "Dos"):
        await make.make_registration(await a_training(title=title), email="ana@x.example")
    freeze(days_before(3))
    poisoned = await Training.filter(title="Una").get()
    await OutboxJob.create(
        kind="note",
        payload={},
        dedup=f"session_reminder:{(await Registration.get(training_id=poisoned.id)).id}:2027-03-06:3",
        run_at=clock.now(),
    )

    assert await remind() == 1
    assert (await reminders())[0].hub_id == poisoned.hub_id


async def test_nobody_is_reminded_who_is_held_or_of_a_draft(
    db: Settings, freeze: Freeze, ten_days_before: None
) -> None:
    held = await make.make_registration(await a_training(approval_required=True), email="ana@x.example")
    assert held.state is RegistrationState.HELD
    of_draft = await make.make_registration(await a_training(title="Otra"), email="eva@x.example")
    await Training.filter(id=of_draft.training_id).update(state=TrainingState.DRAFT)

    assert await pass_days(freeze, days_before(3)) == [0]


async def move(training: Training, day: date) -> None:
    """The training's first session to another day, at the same hours."""
    session = await TrainingSession.filter(training_id=training.id).first()
    assert session
    await rescheduling.move(session.id, at(day, 8, 30), at(day, 12, 30), session.venue_id, actor=PROGRAM)
