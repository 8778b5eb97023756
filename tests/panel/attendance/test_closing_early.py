"""Closed well before its planned end: the true end is asked, and what was held counts against what was planned."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.attendance.doors import Opened, flags, hours, open_door, qr_of, scan, take
from tests.attendance.uploading import event, h, make_device, ms, send
from tests.certificates.desk import Browsers, signed_in, text_of
from tests.certificates.held import make_attendee, make_held
from trainings.accounts.models import Role
from trainings.attendance.actions import close_session, reopen_session
from trainings.attendance.models import ScanFlag, ScanKind
from trainings.attendance.phones.closings import close_without_waiting
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.eligibility import EndToConfirm
from trainings.certificates.issuing import bulk, preparing
from trainings.certificates.issuing.actions import issue
from trainings.certificates.issuing.late_data import changes_of
from trainings.certificates.issuing.preparing import Outdated
from trainings.certificates.models import Certificate, CertificateKind, CertificateState, JobPurpose
from trainings.places.models import Hub
from trainings.schedule.models import TrainingSession
from trainings.schedule.session_actions import EndOutside
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DIPLOMA, NOTE = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA


async def ended(door: Opened) -> datetime | None:
    return (await TrainingSession.get(id=door.key)).ended_at


async def ana_came(door: Opened, freeze: Freeze) -> None:
    freeze(door.starts_at)
    await take(door, scan(qr_of(door.ana), door.starts_at))


async def test_session_of_four_hours_closed_after_five_seconds_then_no_hours_and_no_diploma(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    await ana_came(door, freeze)
    freeze(door.starts_at + timedelta(seconds=5))

    await close_session(door.key, actor=PROGRAM)

    assert await hours(door.ana) == (0, False)
    await bulk.start(door.training.id, JobPurpose.ISSUE, actor=PROGRAM)
    assert not await Certificate.exists()


@pytest.mark.parametrize(("minutes_before", "minutes"), [(16, 224), (15, 240), (0, 240)])
async def test_share_is_counted_against_what_was_planned_from_more_than_fifteen_minutes_on(
    sqlite_db: Settings, freeze: Freeze, minutes_before: int, minutes: int
) -> None:
    door = await open_door()
    await ana_came(door, freeze)
    freeze(door.ends_at - minutes_before * MINUTE)

    await close_session(door.key, actor=PROGRAM)

    assert (await hours(door.ana))[0] == minutes


async def test_half_of_it_held_then_minutes_are_those_held_and_the_course_is_not_completed(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    await ana_came(door, freeze)
    freeze(door.starts_at + 3 * HOUR)

    await close_session(door.key, actor=PROGRAM, ended_at=door.starts_at + 2 * HOUR)

    assert await hours(door.ana) == (120, False)
    [line] = await AuditLine.filter(act="schedule.close_session")
    assert line.detail["ended_at"] == (door.starts_at + 2 * HOUR).isoformat()


@pytest.mark.parametrize("minutes", [-1, 181])
async def test_end_before_the_beginning_or_still_to_come_then_refused_and_open(
    sqlite_db: Settings, freeze: Freeze, minutes: int
) -> None:
    door = await open_door()
    freeze(door.starts_at + 3 * HOUR)

    with pytest.raises(EndOutside):
        await close_session(door.key, actor=PROGRAM, ended_at=door.starts_at + minutes * MINUTE)

    assert (await TrainingSession.get(id=door.key)).closed_at is None


async def test_opened_again_then_its_planned_end_holds(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    await ana_came(door, freeze)
    freeze(door.starts_at + 2 * HOUR)
    await close_session(door.key, actor=PROGRAM)

    await reopen_session(door.key, actor=PROGRAM)
    assert await ended(door) is None
    freeze(door.ends_at)
    await close_session(door.key, actor=PROGRAM)

    assert await hours(door.ana) == (240, True)


async def test_who_left_after_the_true_end_then_counted_up_to_it(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    await ana_came(door, freeze)
    freeze(door.starts_at + 3 * HOUR)
    await take(door, scan(qr_of(door.ana), door.starts_at + 3 * HOUR, kind=ScanKind.OUT))

    await close_session(door.key, actor=PROGRAM, ended_at=door.starts_at + 2 * HOUR)

    assert await hours(door.ana) == (120, False)


async def test_marks_are_compared_with_the_session_as_it_was_held(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    freeze(door.starts_at + 215 * MINUTE)
    await take(door, scan(qr_of(door.ana), door.starts_at + 215 * MINUTE))
    assert await flags(door) == [ScanFlag.NONE]

    await close_session(door.key, actor=PROGRAM, ended_at=door.starts_at + 30 * MINUTE)
    assert await flags(door) == [ScanFlag.CLOCK]
    await reopen_session(door.key, actor=PROGRAM)

    assert await flags(door) == [ScanFlag.NONE]


async def test_coordinator_lowers_what_was_planned_with_a_reason_then_the_share_is_of_that(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door()
    await ana_came(door, freeze)
    freeze(door.starts_at + 2 * HOUR)
    await close_session(door.key, actor=PROGRAM)
    assert await hours(door.ana) == (120, False)

    why = "Se acordó terminar antes."
    await rescheduling.correct(door.key, door.starts_at, door.starts_at + 2 * HOUR, actor=PROGRAM, reason=why)

    assert await hours(door.ana) == (120, True)
    [line] = await AuditLine.filter(act="schedule.correct_session")
    assert line.detail["reason"] == why


# -- papers


async def test_diploma_says_the_hours_held_and_a_note_those_attended(db: Settings, freeze: Freeze) -> None:
    training = await make_held(4, 4, hub=await make.make_hub())
    first, last = training.sessions
    ana = await make_attendee(training, given_names="Ana")
    beto = await make_attendee(training, sessions=[last], given_names="Beto")
    freeze(first.ends_at)
    await close_session(first.id, actor=PROGRAM)
    freeze(last.starts_at + 3 * HOUR)
    await close_session(last.id, actor=PROGRAM)

    diploma = await issue(ana.id, DIPLOMA, actor=PROGRAM)
    note = await issue(beto.id, NOTE, actor=PROGRAM)

    assert (diploma.minutes, note.minutes) == (420, 180)


async def test_papers_with_planned_hours_then_listed_prepared_and_valid_ones(db: Settings, freeze: Freeze) -> None:
    training = await make_held(4, 4, hub=await make.make_hub())
    first, last = training.sessions
    ana = await make_attendee(training, given_names="Ana")
    freeze(first.ends_at)
    await close_session(first.id, actor=PROGRAM)
    await bulk.start(training.id, JobPurpose.PREPARE, actor=PROGRAM)
    [prepared] = await Certificate.all()
    freeze(last.starts_at + 3 * HOUR)

    await close_session(last.id, actor=PROGRAM)

    [waiting] = await preparing.waiting(training.id)
    assert (waiting.certificate.id, waiting.outdated, waiting.is_due) == (prepared.id, [Outdated.HOURS], False)
    await Certificate.all().delete()
    diploma = await issue(ana.id, DIPLOMA, actor=PROGRAM)
    await reopen_session(last.id, actor=PROGRAM)
    freeze(last.starts_at + 3 * HOUR + MINUTE)
    await close_session(last.id, actor=PROGRAM, ended_at=last.starts_at + 150 * MINUTE)
    [change] = await changes_of(training.id)
    assert change.certificate.id == diploma.id
    assert change.held is not None
    assert (change.held.said.minutes, change.held.now.minutes) == (420, 390)


# -- the question in the panel


async def closing_page(new_client: Browsers, freeze: Freeze, at: timedelta) -> tuple[Opened, AsyncClient, str]:
    hub = await make.make_hub()
    facilitator = await make.make_user(Role.FACILITATOR, hub)
    door = await open_door(hub=hub, facilitators=[facilitator])
    await ana_came(door, freeze)
    freeze(door.starts_at + at)
    return door, await signed_in(new_client, facilitator), f"/panel/sesiones/{door.key}/asistencia/cerrar"


async def test_panel_asks_when_it_ended_and_takes_no_closing_without_an_answer(
    db: Settings, freeze: Freeze, new_client: Browsers
) -> None:
    door, browser, page = await closing_page(new_client, freeze, 3 * HOUR)

    asked = await browser.get(page)
    unsaid = await browser.post(page, data={"ended": ""})
    still_open = (await TrainingSession.get(id=door.key)).closed_at is None
    to_come = await browser.post(page, data={"ended": "11:30"})
    done = await browser.post(page, data={"ended": "10:30"})

    assert "¿A qué hora terminó?" in text_of(asked)
    assert "Estaba planeada hasta las 12:00 p. m. Se cuentan" in text_of(asked).replace("\N{NO-BREAK SPACE}", " ")
    assert (unsaid.status_code, still_open) == (422, True)
    assert "Escriba a qué hora terminó" in text_of(unsaid)
    assert (to_come.status_code, 'value="11:30"' in to_come.text) == (422, True)
    assert done.status_code == 303
    assert await ended(door) == door.starts_at + 150 * MINUTE
    assert await hours(door.ana) == (150, False)


async def test_panel_asks_nothing_near_the_planned_end(db: Settings, freeze: Freeze, new_client: Browsers) -> None:
    door, browser, page = await closing_page(new_client, freeze, 225 * MINUTE)

    asked = await browser.get(page)
    done = await browser.post(page, data={})

    assert "¿A qué hora terminó?" not in text_of(asked)
    assert (done.status_code, await ended(door)) == (303, None)


@pytest.mark.parametrize(
    ("arrives", "said", "minutes"),
    [(226, "10:30", 150), (300, "10:30", 150), (230, "11:48", 228), (300, "12:10", 240), (300, "", 240)],
    ids=["a quarter before the end", "after the end", "within the quarter", "past the end", "not said"],
)
async def test_end_that_was_typed_is_used_whenever_the_form_arrives(
    sqlite_db: Settings, freeze: Freeze, new_client: Browsers, arrives: int, said: str, minutes: int
) -> None:
    door, browser, page = await closing_page(new_client, freeze, 3 * HOUR)
    await browser.get(page)
    freeze(door.starts_at + arrives * MINUTE)

    done = await browser.post(page, data={"ended": said})

    assert done.status_code == 303
    assert (await hours(door.ana))[0] == minutes
    assert await ended(door) == (None if minutes == 240 else door.starts_at + minutes * MINUTE)


async def test_end_that_cannot_be_is_shown_again_as_typed_also_near_the_planned_end(
    sqlite_db: Settings, freeze: Freeze, new_client: Browsers
) -> None:
    door, browser, page = await closing_page(new_client, freeze, 226 * MINUTE)

    to_come = await browser.post(page, data={"ended": "11:58"})

    assert (to_come.status_code, 'value="11:58"' in to_come.text) == (422, True)
    assert (await TrainingSession.get(id=door.key)).closed_at is None


# -- on the phone


async def test_phone_asked_for_the_end_and_closes_a_quarter_of_an_hour_before_the_planned_one_then_used(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    facilitator = await make.make_user(Role.FACILITATOR, hub := await make.make_hub())
    door = await open_door(hub=hub, facilitators=[facilitator])
    phone = await make_device(door, prepared_by_id=facilitator.id)
    freeze(door.starts_at + 5 * HOUR)
    said = ms(door.starts_at + 150 * MINUTE)
    closing = event(door, door.starts_at + 226 * MINUTE, kind="close", how="button", stated_at=said)

    await send(phone, event(door, h=h(door.ana)), closing)

    assert await hours(door.ana) == (150, False)


@pytest.mark.parametrize(
    ("stated", "minutes"), [(150, 150), (None, 180), (-30, 0), (500, 180)], ids=["said", "not asked", "odd", "later"]
)
async def test_phone_closes_early_then_up_to_the_end_that_it_asked_for_or_when_it_closed(
    db: Settings, freeze: Freeze, stated: int | None, minutes: int
) -> None:
    hub = await make.make_hub()
    facilitator = await make.make_user(Role.FACILITATOR, hub)
    door = await open_door(hub=hub, facilitators=[facilitator])
    phone = await make_device(door, prepared_by_id=facilitator.id)
    freeze(door.starts_at + 5 * HOUR)
    said = {} if stated is None else {"stated_at": ms(door.starts_at + stated * MINUTE)}
    closing = event(door, door.starts_at + 3 * HOUR, kind="close", how="button", **said)

    await send(phone, event(door, h=h(door.ana)), closing)

    assert await hours(door.ana) == (minutes, False)
    assert await ended(door) == door.starts_at + minutes * MINUTE


# -- told by a phone while another one lies in a drawer


async def told_at_ten_while_one_is_silent(freeze: Freeze, *, only_reports: bool = False) -> Opened:
    """Of four hours, an hour and a half were held, as one of two phones says."""
    hub = await make.make_hub()
    user = await make.make_user(Role.FACILITATOR, hub)
    door = await open_door(hub=hub, facilitators=[user])
    hers = await make_device(door, prepared_by_id=user.id, enrol_until=door.starts_at if only_reports else None)
    await make_device(door, prepared_by_id=user.id)
    said = door.starts_at + 90 * MINUTE
    freeze(said)
    await send(hers, event(door, h=h(door.ana)), event(door, said, kind="close", how="button", stated_at=ms(said)))
    assert (await TrainingSession.get(id=door.key)).closed_at is None, "the other phone may still tell something"
    return door


@pytest.mark.parametrize("by", ["the background", "whoever issues"])
async def test_early_end_is_waited_for_until_the_planned_end_then_it_holds_without_the_silent_phone(
    db: Settings, freeze: Freeze, by: str
) -> None:
    door = await told_at_ten_while_one_is_silent(freeze)

    freeze(door.ends_at)
    if by == "the background":
        await preparing.settle_ended(set())
    else:
        await bulk.start(door.training.id, JobPurpose.ISSUE, actor=PROGRAM)

    assert await ended(door) == door.starts_at + 90 * MINUTE
    assert await hours(door.ana) == (90, False)
    assert not await Certificate.exists()


async def test_prepared_paper_is_not_made_valid_before_the_early_end_was_looked_at(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    door = await told_at_ten_while_one_is_silent(freeze, only_reports=True)
    await bulk.start(door.training.id, JobPurpose.PREPARE, actor=PROGRAM)
    freeze(door.ends_at)

    await preparing.settle_ended(set())
    await preparing.validate_due()

    assert [one.state for one in await Certificate.all()] == [CertificateState.PREPARED]


async def test_early_end_that_is_only_reported_then_nothing_is_issued_before_somebody_confirms_it(
    db: Settings, freeze: Freeze
) -> None:
    door = await told_at_ten_while_one_is_silent(freeze, only_reports=True)
    freeze(door.ends_at)
    await preparing.settle_ended(set())

    with pytest.raises(EndToConfirm):
        await bulk.start(door.training.id, JobPurpose.ISSUE, actor=PROGRAM)
    with pytest.raises(EndToConfirm):
        await issue(door.ana.id, DIPLOMA, actor=PROGRAM)
    await close_without_waiting(door.key, actor=PROGRAM)

    await bulk.start(door.training.id, JobPurpose.ISSUE, actor=PROGRAM)
    assert not await Certificate.exists()
    assert await hours(door.ana) == (90, False)


async def test_page_of_diplomas_leads_to_where_the_end_is_confirmed_and_offers_none_before(
    sqlite_db: Settings, freeze: Freeze, new_client: Browsers
) -> None:
    door = await told_at_ten_while_one_is_silent(freeze, only_reports=True)
    freeze(door.ends_at)
    await preparing.settle_ended(set())
    hub = await Hub.get(id=door.training.hub_id)
    browser = await signed_in(new_client, await make.make_user(Role.HUB_COORDINATOR, hub))
    page = f"/panel/capacitaciones/{door.training.id}/diplomas"

    before = await browser.get(page)
    await close_without_waiting(door.key, actor=PROGRAM)
    after = await browser.get(page)

    assert f'href="/panel/sesiones/{door.key}/revisar"' in before.text
    assert "nadie lo confirmó" in text_of(before)
    assert "Emitir el que falta" not in text_of(before)
    assert "Emitir 1 constancia de asistencia" in text_of(after)
