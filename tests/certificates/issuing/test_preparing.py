"""Prepared before the end: who is on track, what makes it valid, what becomes of the unused, what no longer holds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.certificates.desk import Browsers, signed_in, text_of
from tests.certificates.held import BEFORE, HELD, come, make_attendee, make_held
from tests.queries import counted_queries
from tests.registrations.call_world import calls
from trainings import clock, jobs
from trainings.attendance import actions as attendance
from trainings.attendance import settling
from trainings.audit.actor import PROGRAM
from trainings.certificates.ceremony import handover
from trainings.certificates.eligibility import EXCHANGED, UNUSED
from trainings.certificates.issuing import bulk, preparing
from trainings.certificates.issuing.mails import announce
from trainings.certificates.issuing.preparing import AttendanceOpen, NothingUnused, Outdated
from trainings.certificates.issuing.views import certificate_view
from trainings.certificates.models import (
    Certificate,
    CertificateKind,
    CertificateState,
    HandedOver,
    IssueJob,
    JobPurpose,
)
from trainings.outbox.models import CallList, CallReason, OutboxJob
from trainings.people.models import Participant
from trainings.registrations.models import Registration
from trainings.registrations.seats.actions import cancel
from trainings.schedule.models import Training, TrainingSession, TrainingState
from trainings.settings import Settings
from trainings.web.i18n import speaking

Freeze = Callable[[datetime], None]
PREPARED, VALID, REVOKED = CertificateState.PREPARED, CertificateState.VALID, CertificateState.REVOKED
EVE, CLOSING = HELD + timedelta(hours=6), HELD + timedelta(days=1, hours=5)
"""After the first of two sessions; after the second."""


@dataclass(frozen=True)
class World:
    """A training of two sessions, after the first: Ana and Beto came, Cata did not."""

    cast: Cast
    training: Training
    ana: Registration
    beto: Registration
    cata: Registration

    async def states(self) -> dict[str, CertificateState]:
        found = await Certificate.all().order_by("number").prefetch_related("registration__participant")
        return {one.registration.participant.given_names: one.state for one in found}

    async def come(self, who: Registration) -> None:
        """To the second session."""
        await come(self.training.sessions[1], who)


async def prepared(freeze: Freeze, before: Callable[[], Awaitable[None]] | None = None) -> World:
    """`before` it is prepared, and after everything else."""
    world = await make_prepared(before)
    freeze(EVE)
    return world


@make.kept
async def make_prepared(before: Callable[[], Awaitable[None]] | None = None) -> World:
    cast = await make_cast()
    training = await make_held(4, 4, hub=cast.hub)
    first = [training.sessions[0]]
    ana = await make_attendee(
        training, given_names="Ana", surnames="Coc", sessions=first, email="ana@la-libertad.example"
    )
    beto = await make_attendee(training, given_names="Beto", surnames="Caal", sessions=first)
    with clock.frozen(BEFORE):
        cata = await make.make_registration(training, given_names="Cata", surnames="Tut")
    with clock.frozen(EVE):
        if before is not None:
            await before()
        await bulk.start(training.id, JobPurpose.PREPARE, actor=PROGRAM)
    return World(cast, training, ana, beto, cata)


async def test_who_is_on_track_is_prepared_and_attendance_decides(db: Settings, freeze: Freeze) -> None:
    world = await prepared(freeze)
    session = world.training.sessions[1]

    assert await world.states() == {"Ana": PREPARED, "Beto": PREPARED}, "Cata missed too much already"
    assert await preparing.validate_due() == 0, "it goes on"
    await world.come(world.ana)
    freeze(CLOSING)
    await attendance.close_session(session.id, actor=PROGRAM)
    assert await preparing.validate(world.training.id) == 1
    assert await preparing.validate(world.training.id) == 0

    assert await world.states() == {"Ana": VALID, "Beto": PREPARED}
    [ana] = await Certificate.filter(state=VALID)
    assert (ana.validated_at, ana.minutes, ana.revision) == (CLOSING, 480, 1)
    assert await OutboxJob.filter(kind="certificate_ready").count() == 1

    freeze(session.ends_at + timedelta(days=7))
    assert await preparing.validate_due() == 1
    assert await world.states() == {"Ana": VALID, "Beto": REVOKED}
    assert await OutboxJob.filter(kind="certificate_ready").count() == 1, "who never had one is told nothing"
    assert not await CallList.exists(reason=CallReason.ANNULLED)


async def test_many_that_become_valid_when_it_is_cut_short_then_the_next_time_goes_on(
    db: Settings, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preparing, "PAPERS_AT_ONCE", 2)
    training = await make_held(4, 4)
    first = [training.sessions[0]]
    people = [await make_attendee(training, given_names=name, sessions=first) for name in ("Ana", "Beto", "Cata")]
    freeze(EVE)
    await bulk.start(training.id, JobPurpose.PREPARE, actor=PROGRAM)
    for one in people:
        await come(training.sessions[1], one)
    freeze(CLOSING)
    told = list[int]()

    async def cut_short(issued: Sequence[tuple[Certificate, Participant]], training: Training) -> None:
        told.append(len(issued))
        if len(told) == 2:
            raise ConnectionError
        await announce(issued, training)

    monkeypatch.setattr(preparing, "announce", cut_short)

    with pytest.raises(ConnectionError):
        await preparing.validate_due()
    assert [one.state for one in await Certificate.all().order_by("number")] == [VALID, VALID, PREPARED]
    assert await preparing.validate_due() == 1

    assert [one.state for one in await Certificate.all().order_by("number")] == [VALID] * 3
    assert told == [2, 1, 1]


async def test_many_prepared_when_the_session_is_closed_then_valid_by_the_background_and_nobody_waits(
    new_client: Browsers, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await prepared(freeze)
    for one in (world.ana, world.beto):
        await world.come(one)
    freeze(CLOSING)
    browser = await signed_in(new_client, world.cast.coordinator)
    monkeypatch.setattr(preparing, "PAPERS_AT_ONCE", 1)

    closed = await browser.post(f"/panel/sesiones/{world.training.sessions[1].id}/asistencia/cerrar")

    assert closed.status_code == 303
    assert await world.states() == {"Ana": PREPARED, "Beto": PREPARED}
    assert await preparing.validate_due() == 2
    assert await world.states() == {"Ana": VALID, "Beto": VALID}


async def test_many_that_become_valid_then_asked_as_often_as_for_one(db: Settings, freeze: Freeze) -> None:
    asked = []
    for n in (1, 4):
        training = await make_held(4)
        people = [await make_attendee(training, sessions=[]) for _one in range(n)]
        freeze(EVE - timedelta(days=1))
        await bulk.start(training.id, JobPurpose.PREPARE, actor=PROGRAM)
        for one in people:
            await come(training.sessions[0], one)
        freeze(CLOSING)
        await settling.settle(training.id)
        keys = [one.certificate.id for one in await preparing.waiting(training.id)]
        with counted_queries() as queries:
            assert await preparing._validate_some(training.id, keys, has_lapsed=False) == n
        asked.append(len(queries))

    assert asked[0] == asked[1]


async def test_unused_but_handed_over_then_who_holds_the_paper_is_told_after_ten_minutes(
    db: Settings, freeze: Freeze
) -> None:
    world = await prepared(freeze)
    ids = [one.id for one in await Certificate.all()]
    await handover.hand_over(world.training.id, ids, HandedOver.LIST, actor=PROGRAM)

    lapsed = world.training.sessions[1].ends_at + timedelta(days=7)
    freeze(lapsed)
    assert await preparing.validate_due() == 2

    [job] = await OutboxJob.filter(kind="certificate_annulled")
    call_list = await CallList.get(reason=CallReason.ANNULLED)
    assert (job.subject_id, job.run_at, job.batch_id) == (
        world.ana.id,
        lapsed + timedelta(minutes=10),
        call_list.batch_id,
    )
    assert list(await calls(call_list)) == ["Beto"]
    mail = await jobs.COMPOSERS[job.kind](job)
    assert mail is not None
    assert "que se le entregó" in mail.text
    assert "ya no es válido" not in mail.text, "it never was"


async def test_nothing_prepared_and_the_last_session_open_then_first_its_attendance(
    new_client: Browsers, freeze: Freeze
) -> None:
    cast = await make_cast()
    training = await make_held(4, 4, hub=cast.hub)
    await make_attendee(training, given_names="Ana", surnames="Coc", sessions=[training.sessions[0]])
    freeze(CLOSING)
    browser = await signed_in(new_client, cast.coordinator)
    page = f"/panel/capacitaciones/{training.id}/diplomas"
    words = "La última sesión no está cerrada. Antes de emitir, marque a quienes firmaron la hoja y ciérrela."

    ended = text_of(await browser.get(page))
    await attendance.close_session(training.sessions[1].id, actor=PROGRAM)
    closed = text_of(await browser.get(page))

    assert (words in ended, words in closed) == (True, False)
    assert "Emitir 1 constancia de asistencia" in ended, "its hours count at its end"


async def test_unused_are_annulled_by_a_click_and_folios_stay(db: Settings, freeze: Freeze) -> None:
    world = await prepared(freeze)

    with pytest.raises(NothingUnused):
        await preparing.annul_unused(world.training.id, actor=PROGRAM)
    freeze(CLOSING)
    with pytest.raises(AttendanceOpen):
        await preparing.annul_unused(world.training.id, actor=PROGRAM)
    await attendance.close_session(world.training.sessions[1].id, actor=PROGRAM)
    assert len(await preparing.annul_unused(world.training.id, actor=PROGRAM)) == 2
    with pytest.raises(NothingUnused):
        await preparing.annul_unused(world.training.id, actor=PROGRAM)

    found = await Certificate.all().order_by("number")
    assert [(one.number, one.state, one.revoked_reason) for one in found] == [
        (1, REVOKED, UNUSED),
        (2, REVOKED, UNUSED),
    ]
    with speaking("en"):
        assert certificate_view(found[0]).reason.startswith("Not used")
        found[0].revoked_reason = EXCHANGED
        assert certificate_view(found[0]).reason == "A certificate was issued in its place."


async def test_unused_of_what_was_called_off_then_annulled_though_nobody_closes_it(
    db: Settings, freeze: Freeze
) -> None:
    world = await prepared(freeze)
    await Training.filter(id=world.training.id).update(state=TrainingState.CANCELLED)

    assert len(await preparing.annul_unused(world.training.id, actor=PROGRAM)) == 2


async def test_hours_that_no_longer_hold_then_not_valid_until_set_anew(db: Settings, freeze: Freeze) -> None:
    world = await prepared(freeze)
    await world.come(world.ana)
    await world.come(world.beto)
    session = await TrainingSession.get(id=world.training.sessions[1].id)
    session.ends_at -= timedelta(hours=1)
    await session.save(update_fields=["ends_at"])
    handed = await Certificate.get(registration_id=world.beto.id)
    await handover.hand_over(world.training.id, [handed.id], HandedOver.LIST, actor=PROGRAM)
    freeze(CLOSING)

    assert await preparing.validate_due() == 0
    waiting = await preparing.waiting(world.training.id)
    assert [(list(one.outdated), one.is_due, one.is_unused) for one in waiting] == [
        ([Outdated.HOURS], False, False)
    ] * 2
    assert await preparing.correct_outdated(world.training.id, actor=PROGRAM) == 1
    assert await preparing.validate_due() == 1

    ana, beto = await Certificate.all().order_by("number")
    assert (ana.state, ana.minutes, ana.sheet["minutes"], ana.revision) == (VALID, 420, 420, 2)
    assert (beto.state, beto.minutes, beto.revision) == (PREPARED, 480, 1), "what is in somebody's hands stays"


async def test_hours_that_no_longer_hold_when_somebody_stayed_away_then_theirs_is_not_set_anew(
    db: Settings, freeze: Freeze
) -> None:
    world = await prepared(freeze)
    await world.come(world.ana)
    session = await TrainingSession.get(id=world.training.sessions[1].id)
    session.ends_at -= timedelta(hours=1)
    await session.save(update_fields=["ends_at"])
    freeze(CLOSING)

    assert await preparing.correct_outdated(world.training.id, actor=PROGRAM) == 1

    assert [one.revision for one in await Certificate.all().order_by("number")] == [2, 1]


async def test_who_gave_their_place_back_before_they_ever_came_then_neither_called_nor_printed(
    new_client: Browsers, freeze: Freeze
) -> None:
    cast = await make_cast()
    training = await make_held(4, hub=cast.hub)
    freeze(training.sessions[0].starts_at - timedelta(hours=12))
    ana, _beto = [await make.make_registration(training, given_names=name, surnames="Coc") for name in ("Ana", "Beto")]
    await bulk.start(training.id, JobPurpose.PREPARE, actor=PROGRAM)
    browser = await signed_in(new_client, cast.coordinator)
    base = f"/panel/capacitaciones/{training.id}"

    before = text_of(await browser.get(f"{base}/diplomas/imprimir"))
    await cancel(ana.id, actor=PROGRAM)
    told, called, printed, handed = [
        text_of(await browser.get(f"{base}/{page}"))
        for page in ("diplomas", "ceremonia", "diplomas/imprimir", "entrega")
    ]

    assert ("2 documentos." in before, "1 documento." in printed) == (True, True)
    assert ("Ana Coc" in called, "Beto Coc" in called) == (False, True)
    assert ("Ana" in handed, "Beto" in handed) == (False, True)
    assert told.count("Canceló su lugar: no se imprime") == 1


async def test_session_that_nobody_closed_then_its_hours_count_all_the_same(db: Settings, freeze: Freeze) -> None:
    world = await prepared(freeze)
    await world.come(world.ana)
    known: set[UUID] = set()
    freeze(CLOSING)

    assert (await Registration.get(id=world.ana.id)).completed_at is None
    assert await preparing.settle_ended(known) == 1
    assert await preparing.settle_ended(known) == 0
    assert (await Registration.get(id=world.ana.id)).completed_at is not None


async def test_pages_then_who_and_how_many_before_and_one_main_thing_at_a_time(
    new_client: Browsers, freeze: Freeze
) -> None:
    cast = await make_cast()
    training = await make_held(4, 4, hub=cast.hub)
    await make_attendee(training, given_names="Ana", surnames="Coc", sessions=[training.sessions[0]])
    with clock.frozen(BEFORE):
        await make.make_registration(training, given_names="Cata", surnames="Tut")
    freeze(EVE)
    page = f"/panel/capacitaciones/{training.id}/diplomas"
    browser: AsyncClient = await signed_in(new_client, cast.coordinator)
    assistant = await signed_in(new_client, cast.assistant)

    listed = await browser.get("/panel/diplomas")
    before = await browser.get(page)
    asked = await browser.get(f"{page}/preparar")
    forbidden = await assistant.post(f"{page}/preparar")
    done = await browser.post(f"{page}/preparar")
    after = await browser.get(page)
    await handover.hand_over(training.id, [one.id for one in await Certificate.all()], HandedOver.LIST, actor=PROGRAM)
    freeze(CLOSING)
    browser = await signed_in(new_client, cast.coordinator)
    await browser.post(f"/panel/sesiones/{training.sessions[1].id}/asistencia/cerrar")
    over, first_page = await browser.get(page), await browser.get("/panel")
    annulled, told = await browser.post(f"{page}/no-usados"), text_of(await browser.get(page))

    assert (page in listed.text, "Preparar para la ceremonia" in text_of(before)) == (True, True)
    shown = text_of(asked)
    assert "Se prepara 1 diploma, con su folio. Llevan la fecha del último día," in shown
    assert "Ana C. 4 de 8 horas; falta 1 sesión, el viernes 5 de marzo, 8:30 a. m." in shown.replace("\xa0", " ")
    assert "1 persona queda sin diploma Cata T. 0 de 8 horas; falta 1 sesión" in shown
    job = await IssueJob.get(training_id=training.id, purpose=JobPurpose.PREPARE)
    assert (forbidden.status_code, done.status_code, done.headers["location"]) == (403, 303, f"{page}/trabajo/{job.id}")
    assert [words in text_of(after) for words in ("1 preparado, aún no válido.", "Preparar para")] == [True, False]
    assert "De los que no se usaron, 1 ya se entregó: pídalo de vuelta. Anular el que no se usó" in text_of(over)
    assert "Ver 1 diploma que no se usó" in text_of(first_page)
    assert ("entregado: pídalo de vuelta." in told, "llamarle. Detener los avisos" in told) == (True, True)
    assert "diploma que no se usó" not in text_of(await browser.get("/panel"))
    assert (annulled.status_code, await Certificate.filter(state=REVOKED).count()) == (303, 1)
    assert (await Certificate.get(number=1)).kind is CertificateKind.DIPLOMA


async def test_pages_when_nobody_closed_the_last_session_then_lead_to_its_attendance(
    new_client: Browsers, freeze: Freeze
) -> None:
    world = await prepared(freeze)
    page = f"/panel/capacitaciones/{world.training.id}/diplomas"
    freeze(CLOSING)
    browser = await signed_in(new_client, world.cast.coordinator)

    ended, early = await browser.get(page), await browser.post(f"{page}/no-usados")
    panel = text_of(await browser.get("/panel"))

    first = "Antes marque a quienes firmaron la hoja y cierre la sesión. Después se anulan los que no se usaron."
    assert f'href="/panel/sesiones/{world.training.sessions[1].id}/asistencia"' in ended.text
    assert (first in text_of(ended), "Anular los" in text_of(ended)) == (True, False)
    assert (early.status_code, first in text_of(early)) == (409, True)
    assert ("Cerrar una sesión" in panel, "no se usaron" in panel) == (True, False)
