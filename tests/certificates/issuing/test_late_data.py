"""Late data: attendance changes what was given out. It is shown, a person decides, and nobody is written to."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.certificates.held import AFTER, leave, make_attendee, make_held, take_back
from tests.make import kept
from trainings import clock
from trainings.accounts.models import Role
from trainings.attendance import reviews
from trainings.attendance.models import Decision, ScanEvent, ScanFlag
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.issuing import late_data
from trainings.certificates.issuing.actions import issue, reissue, revoke
from trainings.certificates.issuing.late_data import ChangedAgain, Fact
from trainings.certificates.models import Certificate, CertificateKind, CertificateReview
from trainings.lib import tokens
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import Registration
from trainings.schedule.models import Training
from trainings.schedule.staff.corrections import correct_session
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
DIPLOMA, NOTE = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA


async def left(training: Training, who: Registration, hours: float) -> None:
    """A late mark says that they left after so many hours."""
    session = training.sessions[-1]
    await leave(session, who, session.starts_at + timedelta(hours=hours))


async def facts(training: Training) -> list[tuple[str, int, bool, bool]]:
    """Kind, minutes now, completed now, and whether it would not be given out: of each that waits for an answer."""
    found = await late_data.changes_of(training.id)
    return [(one.certificate.kind.value, one.now.minutes, one.now.is_completed, one.fails) for one in found]


async def issued(freeze: Freeze) -> tuple[Training, Registration, Certificate, Certificate]:
    """Ana was there for all of two sessions, and has a diploma and a note."""
    given_out = await make_issued()
    freeze(AFTER)
    return given_out


@kept
async def make_issued() -> tuple[Training, Registration, Certificate, Certificate]:
    training = await make_held(4, 4)
    ana = await make_attendee(training, given_names="Ana", email="ana@la-libertad.example")
    with clock.frozen(AFTER):
        diploma, note = [await issue(ana.id, kind, actor=PROGRAM) for kind in (DIPLOMA, NOTE)]
    return training, ana, diploma, note


async def test_session_was_held_at_other_hours_then_what_was_given_out_is_told(
    client: AsyncClient, db: Settings, freeze: Freeze
) -> None:
    training, _ana, diploma, _note = await issued(freeze)
    session, page = training.sessions[-1], f"/panel/capacitaciones/{training.id}/diplomas/cambios"
    start = clock.local(session.starts_at)
    await make.sign_in(client, await make.make_user(Role.HUB_COORDINATOR, await training.hub))
    form = {"day": f"{start:%Y-%m-%d}", "starts": f"{start:%H:%M}", "ends": f"{start + timedelta(hours=3):%H:%M}"}
    both = [("diploma", 420, True, False), ("constancia", 420, True, False)]

    sent = await client.post(f"/panel/sesiones/{session.id}/realizada", data=form | {"reason": "Terminó antes"})

    assert await facts(training) == both
    assert "Ya hay 2 diplomas o constancias" in (await client.get(sent.headers["location"])).text
    shown = re.sub(r"<[^>]+>", "", (await client.get(page)).text)
    assert shown.count("Dice: 8 horas. Ahora: 7 horas.") == 2
    seen = [(one.certificate.id, one.text) for one in await late_data.changes_of(training.id)]
    await late_data.leave(training.id, seen, actor=PROGRAM)
    assert await facts(training) == []
    freeze(AFTER + timedelta(minutes=30))
    hour = timedelta(hours=1)
    await correct_session(session.id, start - hour, start + 2 * hour, actor=PROGRAM, reason="Empezó antes")
    assert await facts(training) == [], "no paper tells the hour"

    freeze(AFTER + timedelta(hours=1))
    another_day = form | {"day": f"{start + timedelta(days=1):%Y-%m-%d}", "reason": "Fue un día después"}
    sent = await client.post(f"/panel/sesiones/{session.id}/realizada", data=another_day)
    shown = re.sub(r"<[^>]+>", "", (await client.get(page)).text)
    assert shown.count("Dice: 8 horas, 4 y 5 de marzo de 2027. Ahora: 7 horas, 4 y 6 de marzo de 2027.") == 2
    assert await facts(training) == both, "the hours are those that somebody left, the day is another"
    with pytest.raises(ChangedAgain):
        await late_data.leave(training.id, seen, actor=PROGRAM)
    await reissue(diploma.id, "Fue un día después", actor=PROGRAM)
    assert await facts(training) == both[1:], "the new one says the day as it was"


async def test_late_departure_then_shown_and_left_alone_until_it_changes_again(db: Settings, freeze: Freeze) -> None:
    training, ana, _diploma, note = await issued(freeze)
    mails, papers = await OutboxJob.all().count(), await Certificate.all().values()
    assert await facts(training) == []

    await left(training, ana, 3)
    assert await facts(training) == [("constancia", 420, True, False)], "the diploma states the hours held"
    await left(training, ana, 3.9)
    await left(training, ana, 1)
    await left(training, ana, 2)
    # The latest word of a departure counts: she left after 3.9 hours.
    assert await facts(training) == [("constancia", 474, True, False)]

    [change] = await late_data.changes_of(training.id)
    assert await late_data.leave(training.id, [(note.id, change.now.text)], actor=PROGRAM) == 1
    assert await facts(training) == []
    assert await late_data.leave(training.id, [(note.id, change.now.text)], actor=PROGRAM) == 0
    [review] = await CertificateReview.all()
    assert (review.certificate_id, review.minutes, review.is_completed) == (note.id, 474, True)

    await left(training, ana, 3.95)
    assert await facts(training) == [("constancia", 477, True, False)], "it changed again"
    with pytest.raises(ChangedAgain):
        await late_data.leave(training.id, [(note.id, change.now.text)], actor=PROGRAM)

    assert await Certificate.all().values() == papers
    assert await OutboxJob.all().count() == mails, "nobody is told"
    assert await AuditLine.filter(act="certificates.leave").count() == 1


async def test_mark_that_is_put_aside_then_the_rule_is_not_met_any_more(db: Settings, freeze: Freeze) -> None:
    training, _ana, diploma, _note = await issued(freeze)
    mails = await OutboxJob.all().count()
    event = await ScanEvent.filter(session_id=training.sessions[0].id).get()
    await ScanEvent.filter(id=event.id).update(flag=ScanFlag.AFTER_CLOSE)

    await reviews.decide(training.sessions[0].id, [event.id], Decision.DISMISSED, actor=PROGRAM)

    assert await facts(training) == [("diploma", 240, False, True), ("constancia", 240, False, False)]
    assert await OutboxJob.all().count() == mails
    await revoke(diploma.id, "No asistió a la primera sesión.", actor=PROGRAM)
    assert await facts(training) == [("constancia", 240, False, False)]
    await reviews.take_back(training.sessions[0].id, [event.id], actor=PROGRAM)
    assert await facts(training) == []
    assert await OutboxJob.all().count() == mails + 1, "only of what staff annulled"


async def test_changes_elsewhere_are_not_left_by_another_training(sqlite_db: Settings, freeze: Freeze) -> None:
    training, ana, _diploma, note = await issued(freeze)
    other = await make_held(4)
    await left(training, ana, 3)

    assert await late_data.leave(other.id, [(note.id, Fact(420, True).text)], actor=PROGRAM) == 0
    assert await late_data.leave(training.id, [(tokens.uuid7(), "420-si")], actor=PROGRAM) == 0
    assert len(await facts(training)) == 1


async def test_pages_show_what_was_and_is_and_the_coordinator_decides(client: AsyncClient, freeze: Freeze) -> None:
    cast = await make_cast()
    training, _ana, diploma, note = await issued(freeze)
    first = training.sessions[0]
    event = await ScanEvent.filter(session_id=first.id).get()
    await take_back(first, event)
    path = f"/panel/capacitaciones/{training.id}/diplomas"
    await make.sign_in(client, cast.assistant)

    seen: dict[str, str] = {}
    for name, address in (("list", path), ("hub", "/panel/revisar/asistencia"), ("late", f"{path}/cambios")):
        seen[name] = (await client.get(address)).text

    for name in ("list", "hub"):
        assert "1 documento emitido ya no cumple la regla" in seen[name]
        assert "1 documento emitido dice otras horas u otro día" in seen[name]
        assert f"{path}/cambios" in seen[name]
    assert "8 horas" in seen["late"]
    assert "no completa, lleva 4 horas" in seen["late"]
    assert "Dejar como está" not in seen["late"], "who decides is the coordination"

    await make.sign_in(client, cast.coordinator)
    page = (await client.get(f"{path}/cambios")).text
    assert f"/panel/diplomas/{diploma.id}/anular" in page
    done = await client.post(f"{path}/cambios", data={"diploma": f"{note.id}:{Fact(240, False).text}"})
    assert done.status_code == 303
    page = (await client.get(f"{path}/cambios")).text
    assert (note.folio in page, diploma.folio in page) == (False, True)
    stale = await client.post(f"{path}/cambios", data={"diploma": f"{diploma.id}:480-si"})
    assert stale.status_code == 409


async def test_mark_is_taken_back_then_the_panel_names_it_to_who_decides_until_decided(
    client: AsyncClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    training, _ana, diploma, note = await issued(freeze)
    first = training.sessions[0]
    path = f"/panel/capacitaciones/{training.id}/diplomas/cambios"

    async def named() -> list[tuple[str, str]]:
        await make.sign_in(client, cast.coordinator)
        return re.findall(rf'<a href="{path}">([^<]+)</a> <span>([^<]+)', (await client.get("/panel")).text)

    assert await named() == []
    event = await ScanEvent.filter(session_id=first.id).get()
    await take_back(first, event)

    sentence = f"«{training.title}»: la asistencia dice ahora otra cosa."
    assert await named() == [("Decidir sobre 2 documentos emitidos", sentence)]
    await client.post(path, data={"diploma": f"{note.id}:{Fact(240, False).text}"})
    assert await named() == [("Decidir sobre 1 documento emitido", sentence)]
    await make.sign_in(client, cast.assistant)
    assert path not in (await client.get("/panel")).text, "who decides is the coordination"
    await revoke(diploma.id, "No asistió a la primera sesión.", actor=PROGRAM)
    assert await named() == []
