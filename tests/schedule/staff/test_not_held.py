"""A session whose time is over and that never took place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO

import pypdf
import pytest
from httpx2 import AsyncClient

from tests import make
from tests.attendance.doors import Opened, flags, hours, open_door, qr_of, scan, take
from tests.attendance.uploading import event, h, make_device, send
from tests.cast import Cast
from tests.certificates.held import AFTER, BEFORE, HELD, make_attendee, make_held
from tests.registrations.card_world import make_block
from tests.registrations.wishes import link_of
from tests.schedule.changing import text_of
from tests.schedule.panel import as_, post
from trainings import clock
from trainings.attendance.actions import close_session
from trainings.attendance.models import ScanKind
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.issuing import bulk, preparing
from trainings.certificates.issuing.actions import issue, revoke
from trainings.certificates.issuing.late_data import PapersTellIt, changes_of, say_not_held
from trainings.certificates.models import Certificate, CertificateKind, CertificateState, JobPurpose
from trainings.outbox.models import OutboxJob
from trainings.registrations.cards.queries import UnknownCards, by_bearer_link
from trainings.registrations.queries import with_sessions
from trainings.schedule.models import DatedChange, SessionState, SessionText, TrainingSession
from trainings.schedule.plans import SessionPlan
from trainings.schedule.session_actions import SessionCancelled, add_session
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WHY = "Llovió y no hubo paso"


async def test_said_and_taken_back_then_hours_and_calendars_follow_and_nobody_is_told(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door(n_sessions=2)
    rained = door.training.sessions[1]
    device = await make_device(Opened(door.training, rained, door.ana))
    freeze(door.ends_at)
    await take(door, scan(qr_of(door.ana), door.starts_at))
    freeze(rained.ends_at + HOUR)
    n_jobs, before = await OutboxJob.all().count(), await TrainingSession.get(id=rained.id)

    for _ in range(2):
        await rescheduling.not_held(rained.id, actor=PROGRAM, reason=WHY)

    assert await hours(door.ana) == (240, True)
    now = await TrainingSession.get(id=rained.id)
    assert (now.state, now.sequence > before.sequence) == (SessionState.CANCELLED, True)
    shown = (await SessionText.get(session_id=rained.id)).body
    assert ("STATUS:CANCELLED" in shown, f"SEQUENCE:{now.sequence}" in shown) == (True, True)
    [line] = await AuditLine.filter(act="schedule.not_held")
    assert (line.object_id, line.detail["reason"]) == (rained.id, WHY)
    late = Opened(door.training, rained, door.ana)
    await send(device, event(late, rained.starts_at, h=h(door.ana)))
    assert (await flags(late), await hours(door.ana)) == (["session_off"], (240, True))

    for _ in range(2):
        await rescheduling.held(rained.id, actor=PROGRAM)

    assert (await flags(late), await hours(door.ana)) == ([""], (480, True))
    assert (await TrainingSession.get(id=rained.id)).state is SessionState.PLANNED
    assert (await OutboxJob.all().count(), await DatedChange.all().count()) == (n_jobs, 0)
    with pytest.raises(rescheduling.SomebodyCame):
        await rescheduling.not_held(rained.id, actor=PROGRAM, reason=WHY)


async def test_page_of_one_that_is_over_then_it_is_said_with_a_reason_and_refused_while_something_tells_it(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    first, rained, coming = [(one, one + 4 * HOUR) for one in (make.tomorrow_at(8, days=n) for n in (1, 2, 4))]
    training = await make.make_training(hub=cast.hub, sessions=[first, rained, coming])
    ana = await make.make_registration(training)
    paths = [f"/panel/sesiones/{one.id}/no-realizada" for one in training.sessions]
    door = Opened(training, training.sessions[1], ana)
    freeze(rained[0] + HOUR)
    mark = scan(qr_of(ana), rained[0])
    await take(door, mark)
    freeze(rained[1] + HOUR)
    await as_(client, cast, "coordinator")

    training_page = await client.get(f"/panel/capacitaciones/{training.id}")
    cancelling = await client.post(f"/panel/sesiones/{door.key}/cancelar")
    no_reason = await post(client, paths[1], {"reason": " "})
    came = await post(client, paths[1], {"reason": WHY})
    to_come = await post(client, paths[2], {"reason": WHY})
    otherwise = await post(client, paths[1], {"reason": WHY, "known_as": "20270101T0800/20270101T1200/"})

    assert [path in training_page.text for path in paths] == [True, True, False]
    assert (cancelling.status_code, paths[1] in cancelling.text) == (409, True)
    refused = [no_reason, came, to_come, otherwise]
    assert [one.status_code for one in refused] == [422, 409, 409, 409]
    assert [f'value="{WHY}"' in one.text for one in refused] == [False, True, True, True]
    assert "sesión: 1. Si llegaron, sí se realizó" in came.text
    assert f"/panel/sesiones/{door.key}/asistencia?filtro=presentes" in came.text
    assert (await TrainingSession.get(id=door.key)).state is SessionState.PLANNED
    await take(door, scan(kind=ScanKind.UNDO, target=mark.id, at=rained[1]))

    done = await post(client, paths[1], {"reason": WHY})

    after = await client.get(done.headers["location"])
    assert (done.status_code, "quedó anotado que no se realizó" in after.text) == (303, True)
    assert f"«{WHY}»" in await text_of(client, paths[1])
    back = await post(client, f"{paths[1]}/deshacer", {})
    assert "la sesión sí se realizó" in await text_of(client, back.headers["location"])
    assert (await TrainingSession.get(id=door.key)).state is SessionState.PLANNED


@pytest.mark.parametrize("kind", [CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA])
async def test_papers_that_tell_of_it_stand_then_refused_till_they_are_annulled_and_made_without_it(
    sqlite_db: Settings, freeze: Freeze, kind: CertificateKind
) -> None:
    training = await make_held(8, 1)
    held, rained = training.sessions
    ana = await make_attendee(training, sessions=[held])
    freeze(AFTER)
    paper = await issue(ana.id, kind, actor=PROGRAM)

    with pytest.raises(PapersTellIt):
        await say_not_held(rained.id, actor=PROGRAM, reason=WHY)
    await revoke(paper.id, WHY, actor=PROGRAM)
    await say_not_held(rained.id, actor=PROGRAM, reason=WHY)

    again = await issue(ana.id, kind, actor=PROGRAM)
    assert (again.minutes, len(again.sheet["held_days"])) == (480, 1)
    assert await Certificate.all().count() == 2
    assert await changes_of(training.id) == []
    await rescheduling.held(rained.id, actor=PROGRAM)
    [change] = await changes_of(training.id)
    assert (change.certificate.id, change.held is not None) == (again.id, True), "it was made while it was denied"


async def test_the_only_one_never_took_place_then_all_pages_stand_and_another_date_can_be_added(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    start = make.tomorrow_at(8)
    training = await make.make_training(hub=cast.hub, venue=cast.venue, sessions=[(start, start + 4 * HOUR)])
    registration = await make.make_registration(training)
    [session] = training.sessions
    freeze(start + DAY)
    await rescheduling.not_held(session.id, actor=PROGRAM, reason=WHY)
    own, panel = f"/capacitaciones/{training.slug}", f"/panel/capacitaciones/{training.id}"

    shown = {path: await client.get(path) for path in (own, f"{own}/inscripcion", "/capacitaciones", "/calendario")}
    shown["own"] = await client.get(await link_of(registration))
    await as_(client, cast, "coordinator")
    parts = ["", "/editar", "/duplicar", "/tarjetas", "/diplomas", "/espera", "/cambios", "/inscribir", "/difundir"]
    shown |= {part: await client.get(panel + part) for part in (*parts, "/exportar", "/cancelar")}
    shown["month"] = await client.get(f"/panel/mes?mes={start:%Y-%m}")
    shown["copy"] = await post(client, f"{panel}/duplicar", {"first_day": (start + 7 * DAY).date().isoformat()})
    plan = SessionPlan(start + 8 * DAY, start + 8 * DAY + HOUR)
    told = await rescheduling.change_sessions(
        training.id, lambda: add_session(training.id, plan, actor=PROGRAM), actor=PROGRAM
    )

    assert {path: one.status_code for path, one in shown.items() if one.status_code >= 400} == {}
    assert "No se realizó" in shown[""].text
    assert "Esta capacitación no se realizó" in shown["own"].text
    assert "ya tiene su lugar" not in shown["own"].text
    assert "soltar mi lugar" not in shown["own"].text, "there is none to give back"
    copied = await TrainingSession.get(training_id=shown["copy"].headers["location"].rpartition("/")[2])
    assert copied.starts_at == start + 7 * DAY
    assert [one.kind for one in await DatedChange.filter(batch_id=told)] == ["added"]
    assert "ya tiene su lugar" in await text_of(client, await link_of(registration))
    assert [one.status_code for one in (await client.get(own), await client.get(panel))] == [200, 200]


async def test_nothing_took_place_then_links_and_prepared_papers_end_as_where_it_did(
    db: Settings, freeze: Freeze
) -> None:
    training = await make_held(4)
    with clock.frozen(BEFORE):
        ana = await make.make_registration(training, given_names="Ana", surnames="Coc")
    freeze(HELD - timedelta(hours=12))
    block = await make_block(training)
    await bulk.start(training.id, JobPurpose.PREPARE, actor=PROGRAM)
    [session] = training.sessions
    freeze(session.ends_at + HOUR)
    await say_not_held(session.id, actor=PROGRAM, reason=WHY)
    assert [n for _training, n in await preparing.left_over([training.hub_id])] == [1]

    freeze(session.ends_at + 8 * DAY)
    assert await preparing.validate_due() == 1
    assert (await Certificate.get()).state is CertificateState.REVOKED
    assert not (await with_sessions(ana.id)).is_only_archive

    freeze(session.ends_at + 100 * DAY)
    assert (await with_sessions(ana.id)).is_only_archive
    with pytest.raises(UnknownCards):
        await by_bearer_link(block.token or "")


async def test_closed_and_not_held_then_it_is_opened_by_taking_that_back_alone(
    client: AsyncClient, cast: Cast, freeze: Freeze
) -> None:
    start = make.tomorrow_at(8)
    training = await make.make_training(hub=cast.hub, venue=cast.venue, sessions=[(start, start + 4 * HOUR)])
    [session] = training.sessions
    freeze(start + HOUR)
    await close_session(session.id, actor=PROGRAM)
    await rescheduling.not_held(session.id, actor=PROGRAM, reason=WHY)
    await as_(client, cast, "coordinator")
    door = f"/panel/sesiones/{session.id}"

    shown, file = await text_of(client, f"{door}/asistencia"), await text_of(client, f"{door}/expediente")
    assert ("Esta sesión está cancelada" in shown, "Abrir otra vez" in shown) == (True, False)
    assert "La sesión está cancelada" in file
    pages = pypdf.PdfReader(BytesIO((await client.get(f"{door}/expediente.pdf")).content)).pages
    assert "no se realizó" in pages[0].extract_text()
    assert (await post(client, f"{door}/asistencia/reabrir", {})).status_code == 409
    freeze(start + DAY)
    await rescheduling.held(session.id, actor=PROGRAM)
    assert (await TrainingSession.get(id=session.id)).state is SessionState.PLANNED


async def test_what_was_cancelled_and_told_then_is_not_said_to_have_been_held_by_this_way(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door(n_sessions=2)
    off = door.training.sessions[1]
    await rescheduling.cancel(off.id, actor=PROGRAM)
    freeze(off.ends_at + HOUR)
    with pytest.raises(SessionCancelled):
        await rescheduling.held(off.id, actor=PROGRAM)
