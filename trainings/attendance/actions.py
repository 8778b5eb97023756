"""Take scans (nothing is refused, nothing is lost), project them to attendance, close sessions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from trainings import clock
from trainings.attendance.models import Attendance, ScanEvent, ScanFlag, ScanHow, ScanKind
from trainings.attendance.projection import project, settle_registration
from trainings.attendance.scans import Answer, Outcome, Scan, flag_of, readable_code
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import NotFound, Refusal
from trainings.lib import tokens
from trainings.registrations.models import Registration
from trainings.registrations.sign_up import SignUp, locked_training, register_walk_in
from trainings.schedule import actions as schedule
from trainings.schedule.models import SessionState, TrainingSession
from trainings.web.i18n import N_

NO_OFFSET = timedelta()


class SessionCalledOff(Refusal):
    code = "session_cancelled"
    sentence = N_("Esta sesión se canceló: no se puede cerrar ni tomar asistencia en ella.")


async def take(session_id: UUID, scans: Sequence[Scan], *, actor: Actor, offset: timedelta = NO_OFFSET) -> list[Answer]:
    """Store events and recompute attendance, in one transaction; one answer per event, in order.

    `offset` is our clock minus the client's, added to each event's time. A known id with the same body is acknowledged
    again; with another body both are kept and flagged. What is not the shape of a ticket is answered and not stored.
    """
    async with transaction():
        session = await _locked_session(session_id)
        return [await _take_one(session, scan, actor, offset) for scan in scans]


async def _locked_session(session_id: UUID) -> TrainingSession:
    """The session under its training's lock: attendance and hours of one training are written one at a time."""
    where = await TrainingSession.get_or_none(id=session_id)
    if where is None:
        raise NotFound(N_("No encontramos esa sesión."))
    await locked_training(where.training_id)
    return await TrainingSession.get(id=session_id)


async def _take_one(session: TrainingSession, scan: Scan, actor: Actor, offset: timedelta) -> Answer:
    before = await ScanEvent.get_or_none(id=scan.id)
    if before is not None and tokens.same(before.body_hash, scan.body_hash):
        return await _said_again(before)
    code = readable_code(scan.code) if scan.code else None
    if scan.kind is not ScanKind.UNDO and code is None and scan.registration_id is None:
        return Answer(scan.id, Outcome.NOT_A_TICKET, is_stored=False)
    if scan.kind is ScanKind.UNDO:
        return await _undo(session, scan, actor, offset, before)
    registration = await _registration_of(session, code, scan.registration_id)
    at = scan.at + offset
    flag = flag_of(scan, registration, session, at=at, offset=offset)
    attendance = await _attendance(session, registration)
    was_present = attendance is not None and attendance.is_present
    event = await _store(session, scan, actor, at, registration, code, flag, before)
    if registration is None:
        return Answer(scan.id, Outcome.UNKNOWN_CODE, is_stored=True, flag=flag)
    projected = await project(session, registration.id)
    outcome = _outcome(scan.kind, flag, was_present=was_present)
    return Answer(event.id, outcome, True, registration, projected.arrived_at, flag)


def _outcome(kind: ScanKind, flag: ScanFlag, *, was_present: bool) -> Outcome:
    if kind is ScanKind.OUT:
        return Outcome.LEFT
    if was_present:
        return Outcome.ALREADY
    return Outcome.PRESENT if flag in (ScanFlag.NONE, ScanFlag.CLOCK, ScanFlag.AFTER_CLOSE) else Outcome.REVIEW


async def _undo(
    session: TrainingSession, scan: Scan, actor: Actor, offset: timedelta, before: ScanEvent | None
) -> Answer:
    """An undo names one event; one that comes before its target is kept and takes effect with it."""
    target = await ScanEvent.get_or_none(id=scan.target_id, session_id=session.id) if scan.target_id else None
    registration = (
        await Registration.get_or_none(id=target.registration_id).prefetch_related("participant")
        if target is not None and target.registration_id
        else None
    )
    await _store(session, scan, actor, scan.at + offset, registration, None, ScanFlag.NONE, before)
    if registration is not None:
        await project(session, registration.id)
    return Answer(scan.id, Outcome.UNDONE, True, registration)


async def _registration_of(
    session: TrainingSession, code: str | None, registration_id: UUID | None
) -> Registration | None:
    """Whom a code or a tapped row means. A look-alike's card counts as the first one's."""
    known = Registration.all().prefetch_related("participant")
    if registration_id is not None:
        found = await known.get_or_none(id=registration_id, training_id=session.training_id)
    elif code is not None and len(code) == tokens.SHORT_CODE_LENGTH:
        found = await known.get_or_none(training_id=session.training_id, short_code=code)
    elif code is not None:
        found = await known.get_or_none(qr_hash=tokens.digest(code, "qr"))
    else:
        found = None
    if found is not None and found.duplicate_of_id is not None:
        return await known.get(id=found.duplicate_of_id)
    return found


async def _attendance(session: TrainingSession, registration: Registration | None) -> Attendance | None:
    if registration is None:
        return None
    return await Attendance.get_or_none(session_id=session.id, registration_id=registration.id)


async def _store(
    session: TrainingSession,
    scan: Scan,
    actor: Actor,
    at: datetime,
    registration: Registration | None,
    code: str | None,
    flag: ScanFlag,
    before: ScanEvent | None,
) -> ScanEvent:
    """Write the event. Under an id already taken by another body it gets an id of its own and names the first."""
    return await ScanEvent.create(
        id=scan.id if before is None else tokens.uuid7(),
        session_id=session.id,
        registration_id=registration.id if registration else None,
        kind=scan.kind,
        target_id=scan.target_id,
        conflict_of_id=before.id if before is not None else None,
        how=scan.how,
        at=at,
        device_at=scan.at,
        device=scan.device,
        seq=scan.seq,
        user_id=actor.id,
        unknown_code=code if registration is None else None,
        body_hash=scan.body_hash,
        flag=ScanFlag.CHANGED_BODY if before is not None else flag,
    )


async def _said_again(event: ScanEvent) -> Answer:
    """The answer to an event that is stored already: the client lost ours."""
    if event.registration_id is None:
        outcome = Outcome.UNDONE if event.kind is ScanKind.UNDO else Outcome.UNKNOWN_CODE
        return Answer(event.id, outcome, is_stored=True, flag=event.flag)
    registration = await Registration.get(id=event.registration_id).prefetch_related("participant")
    attendance = await Attendance.get_or_none(session_id=event.session_id, registration_id=registration.id)
    outcome = {ScanKind.UNDO: Outcome.UNDONE}.get(event.kind) or _outcome(event.kind, event.flag, was_present=False)
    return Answer(event.id, outcome, True, registration, attendance.arrived_at if attendance else None, event.flag)


async def add_walk_in(session_id: UUID, wish: SignUp, scan_id: UUID, *, actor: Actor) -> Answer:
    """Register somebody at the door and mark them present, together or not at all. Sending it twice is one person."""
    async with transaction():
        session = await _locked_session(session_id)
        signed_up = await register_walk_in(session.training_id, wish, actor=actor)
        scan = Scan(
            id=scan_id,
            kind=ScanKind.WALK_IN,
            how=ScanHow.WALK_IN,
            at=clock.now(),
            registration_id=signed_up.registration_id,
        )
        before = await ScanEvent.get_or_none(id=scan_id)
        return await _said_again(before) if before is not None else await _take_one(session, scan, actor, NO_OFFSET)


async def close_session(session_id: UUID, *, actor: Actor) -> None:
    """End a session: its minutes count from now on. Closing twice is closing once."""
    async with transaction():
        session = await _locked_session(session_id)
        if session.state is SessionState.CANCELLED:
            raise SessionCalledOff
        if session.closed_at is not None:
            return
        await schedule.close_session(session.id, actor=actor)
        await _settle(session.training_id)
        n_present = await Attendance.filter(session_id=session.id, is_present=True).count()
        await record("attendance.close", actor=actor, object_id=session.id, present=n_present)


async def reopen_session(session_id: UUID, *, actor: Actor) -> None:
    """Open a closed session again, for who came late or was forgotten."""
    async with transaction():
        session = await _locked_session(session_id)
        if session.closed_at is None:
            return
        await schedule.reopen_session(session.id, actor=actor)
        await _settle(session.training_id)
        await record("attendance.reopen", actor=actor, object_id=session.id)


async def settle(training_id: UUID) -> None:
    """Recompute everybody's minutes and completion: sessions that ended without being closed count too."""
    async with transaction():
        await locked_training(training_id)
        await _settle(training_id)


async def _settle(training_id: UUID) -> None:
    sessions = await TrainingSession.filter(training_id=training_id)
    present = await Attendance.filter(session__training_id=training_id)
    for session in sessions:
        for attendance in present:
            if attendance.session_id == session.id:
                await project(session, attendance.registration_id)
    for registration_id in sorted({attendance.registration_id for attendance in present}):
        await settle_registration(registration_id)
