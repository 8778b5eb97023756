"""Cancelled means cancelled: no minutes of what was called off, no diploma of a training that was, and staff see it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests import make
from tests.attendance.doors import Opened, hours, open_door, qr_of, scan, take
from tests.attendance.uploading import event, h, make_device, send
from tests.certificates.desk import Browsers, signed_in, text_of
from tests.certificates.held import HELD, make_attendee, make_held
from trainings import clock
from trainings.accounts.models import Role, User
from trainings.attendance import actions as attendance
from trainings.attendance import settling
from trainings.attendance.models import Attendance, ScanEvent
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.certificates.eligibility import NotEligible
from trainings.certificates.issuing import bulk
from trainings.certificates.issuing.actions import issue
from trainings.certificates.issuing.late_data import changes_of
from trainings.certificates.models import Certificate, CertificateKind, CertificateState, JobPurpose
from trainings.errors import Refusal
from trainings.places.models import Hub
from trainings.registrations.models import Registration
from trainings.schedule.models import Training, TrainingSession
from trainings.schedule.session_actions import TrainingCalledOff
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
HOUR = timedelta(hours=1)
DIPLOMA, NOTE = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA


async def four_at_a_door(new_client: Browsers) -> tuple[Opened, User, list[Registration]]:
    hub = await make.make_hub()
    user = await make.make_user(Role.HUB_COORDINATOR, hub)
    door = await open_door(hub=hub, facilitators=[user])
    others = [await make.make_registration(door.training, given_names=name) for name in ("Beto", "Cata", "Delia")]
    return door, user, [door.ana, *others]


async def test_training_cancelled_while_a_phone_marks_without_signal_then_no_minutes_and_no_diploma(
    db: Settings, freeze: Freeze, new_client: Browsers
) -> None:
    door, user, people = await four_at_a_door(new_client)
    phone = await make_device(door, prepared_by_id=user.id)
    freeze(door.starts_at + HOUR)
    await rescheduling.call_off(door.training.id, "No hay paso por la lluvia.", actor=PROGRAM)
    freeze(door.ends_at + HOUR)

    marks = [event(door, h=h(one)) for one in people]
    await send(phone, *marks, event(door, door.ends_at, kind="close", how="button"))

    assert await ScanEvent.filter(session_id=door.key).count() == 5, "all that came is kept"
    assert await Attendance.filter(session_id=door.key, is_present=True).count() == 4
    assert [await hours(one) for one in people] == [(0, False)] * 4
    session = await TrainingSession.get(id=door.key)
    assert (session.is_on, session.closed_at) == (False, None)
    page = await (await signed_in(new_client, user)).get(f"/panel/capacitaciones/{door.training.id}/diplomas")
    assert "Emitir" not in text_of(page)
    with pytest.raises(Refusal):
        await issue(door.ana.id, DIPLOMA, actor=PROGRAM)


async def test_session_cancelled_after_people_were_marked_then_marks_are_shown_and_its_minutes_are_gone(
    db: Settings, freeze: Freeze, new_client: Browsers
) -> None:
    hub = await make.make_hub()
    coordinator = await make.make_user(Role.HUB_COORDINATOR, hub)
    door = await open_door(n_sessions=2, hub=hub)
    freeze(door.starts_at + HOUR)
    await take(door, scan(qr_of(door.ana), door.starts_at))

    await rescheduling.cancel(door.key, actor=PROGRAM)
    freeze(door.ends_at + HOUR)
    await settling.settle(door.training.id)

    assert await hours(door.ana) == (0, False)
    stay = await Attendance.get(session_id=door.key, registration_id=door.ana.id)
    assert (stay.is_present, stay.minutes) == (True, 0)
    page = await (await signed_in(new_client, coordinator)).get(f"/panel/sesiones/{door.key}/asistencia")
    assert "Ana Lucía B. C." in text_of(page)


async def half_held() -> tuple[Training, Registration]:
    """Two sessions of four hours, the first one closed; Ana came to it."""
    training = await make_held(4, 4, hub=await make.make_hub())
    first = training.sessions[0]
    ana = await make_attendee(training, sessions=[first], given_names="Ana", surnames="Coc Xol")
    with clock.frozen(first.ends_at):
        await attendance.close_session(first.id, actor=PROGRAM)
    return training, ana


async def test_training_cancelled_after_its_first_session_then_that_one_gives_a_note_and_never_a_diploma(
    db: Settings, freeze: Freeze, new_client: Browsers
) -> None:
    training, ana = await half_held()
    coordinator = await make.make_user(Role.HUB_COORDINATOR, await Hub.get(id=training.hub_id))
    freeze(HELD + timedelta(hours=5))

    await rescheduling.call_off(training.id, "No hay paso por la lluvia.", actor=PROGRAM)

    sessions = await TrainingSession.filter(training_id=training.id).order_by("starts_at")
    assert [one.is_on for one in sessions] == [True, False]
    assert await hours(ana) == (240, False), "the whole of what is left is no course"
    with pytest.raises(NotEligible):
        await issue(ana.id, DIPLOMA, actor=PROGRAM)
    browser = await signed_in(new_client, coordinator)
    page = text_of(await browser.get(f"/panel/capacitaciones/{training.id}/diplomas"))
    assert "Emitir 1 constancia de asistencia" in page
    assert "Emitir el que falta" not in page
    for purpose in (JobPurpose.PREPARE, JobPurpose.ISSUE):
        await bulk.start(training.id, purpose, actor=PROGRAM)
    assert not await Certificate.exists()
    await bulk.start(training.id, JobPurpose.NOTES, actor=PROGRAM)
    [note] = await Certificate.all()
    assert (note.kind, note.minutes) == (NOTE, 240)


async def test_papers_issued_before_their_training_was_cancelled_are_listed_and_stand(
    db: Settings, freeze: Freeze, new_client: Browsers
) -> None:
    training = await make_held(4, 4, hub=await make.make_hub())
    first, last = training.sessions
    ana = await make_attendee(training, given_names="Ana", surnames="Coc Xol")
    with clock.frozen(first.ends_at):
        await attendance.close_session(first.id, actor=PROGRAM)
    freeze(last.starts_at + 3 * HOUR)
    await attendance.close_session(last.id, actor=PROGRAM)
    diploma = await issue(ana.id, DIPLOMA, actor=PROGRAM)
    await attendance.reopen_session(last.id, actor=PROGRAM)

    await rescheduling.call_off(training.id, "Se fue la luz.", actor=PROGRAM)

    assert (await Certificate.get(id=diploma.id)).state is CertificateState.VALID
    assert [one.certificate.id for one in await changes_of(training.id) if one.fails] == [diploma.id]


async def test_closed_sessions_keep_their_minutes_when_the_training_is_cancelled_between_them(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door(n_sessions=2)
    freeze(door.starts_at + HOUR)
    await take(door, scan(qr_of(door.ana), door.starts_at))
    await attendance.close_session(door.key, actor=PROGRAM)
    await rescheduling.call_off(door.training.id, "Lluvia.", actor=PROGRAM)

    with pytest.raises(TrainingCalledOff):
        await attendance.reopen_session(door.key, actor=PROGRAM)

    assert (await hours(door.ana))[0] > 0


async def test_reopened_training_has_the_sessions_again_that_fell_with_it(db: Settings, freeze: Freeze) -> None:
    door = await open_door(n_sessions=3)
    second = door.training.sessions[1]
    await rescheduling.cancel(second.id, actor=PROGRAM)
    freeze(door.starts_at + HOUR)
    await take(door, scan(qr_of(door.ana), door.starts_at))
    await rescheduling.call_off(door.training.id, "Lluvia.", actor=PROGRAM)

    await rescheduling.reopen(door.training.id, actor=PROGRAM)
    freeze(door.ends_at)
    await settling.settle(door.training.id)

    sessions = await TrainingSession.filter(training_id=door.training.id).order_by("starts_at")
    assert [one.is_on for one in sessions] == [True, False, True]
    assert await hours(door.ana) == (240, False)


async def test_page_that_asks_before_a_training_is_cancelled_names_what_is_over_and_not_closed(
    db: Settings, freeze: Freeze, new_client: Browsers
) -> None:
    hub = await make.make_hub()
    coordinator = await make.make_user(Role.HUB_COORDINATOR, hub)
    door = await open_door(n_sessions=3, hub=hub)
    page = f"/panel/capacitaciones/{door.training.id}/cancelar"
    freeze(door.starts_at)
    browser = await signed_in(new_client, coordinator)
    assert "asistencia/cerrar" not in (await browser.get(page)).text
    freeze(door.ends_at)
    await make.sign_in(browser, coordinator)

    asked = await browser.get(page)

    assert f'href="/panel/sesiones/{door.key}/asistencia/cerrar"' in asked.text
    assert asked.text.count("asistencia/cerrar") == 1
