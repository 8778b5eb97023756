from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from trainings import clock
from trainings.attendance.events import EventKind, FormEvent, SentEvent, Trouble, card_hash
from trainings.attendance.holders import match_unknown
from trainings.attendance.intake import Intake, keep_marks
from trainings.attendance.models import Attendance, Decision, ScanEvent, ScanFlag, ScanHow, ScanKind
from trainings.attendance.projection import ARRIVALS, project_all, standing, undone_at
from trainings.attendance.queries import answer_about, answers_about, session_of, totals_of
from trainings.attendance.scans import Answer, compare_again, flag_of_clock, when_of
from trainings.attendance.settling import locked_stays, settle, settle_if_over
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.registrations.cards.use import use_at_door
from trainings.registrations.commands import SignUp
from trainings.registrations.models import Registration, ReplacedTicket
from trainings.registrations.seats.actions import register_walk_in
from trainings.schedule import actions as schedule
from trainings.schedule.models import TrainingSession
from trainings.schedule.queries import UnknownSession
from trainings.web.i18n import N_

NO_OFFSET = timedelta()
REOPEN = "attendance.reopen"


class RowsNotKept(Refusal):
    """A fault of ours at some marks; all other marks are kept."""

    status = 503
    sentence = N_(
        "No se pudo guardar la fila %(rows)s. Lo demás quedó guardado. Inténtelo otra vez, o avise a soporte."
    )


async def take(
    session_id: UUID, events: Sequence[SentEvent], *, actor: Actor, offset: timedelta = NO_OFFSET
) -> list[Answer]:
    """Take marks of one session made in the panel, as `keep_marks`. One answer per event, in order. `offset`: our
    clock minus the client's. Refuses (RowsNotKept), by row, marks that could not be kept.
    """
    assert all(one.session == session_id for one in events)
    results = await keep_marks(partial(Intake, offset, user_id=actor.id), events)
    if any(one.trouble is Trouble.UNKNOWN_SESSION for one in results):
        raise UnknownSession
    lost = [event.row for event, one in zip(events, results, strict=True) if one.kept_as is None]
    if lost:
        raise RowsNotKept(rows=", ".join(map(str, lost)), field="rows")
    kept_as = [one.kept_as for one in results if one.kept_as is not None]
    answers = await answers_about(session_id, kept_as)
    return [answers[key] for key in kept_as]


async def add_walk_in(session_id: UUID, wish: SignUp, mark_id: UUID, *, actor: Actor) -> Answer:
    """Register a walk-in and mark them present, together or not at all. Sent twice is one person. A nameless card in
    the wish becomes the ticket. Refuses a card of another person, void, released, or not for this training.
    """
    async with transaction():
        where = await session_of(session_id)
        if wish.card_id is not None:
            registration_id = (await use_at_door(wish.card_id, where.training_id, wish, actor=actor)).registration_id
            await match_unknown(where.training_id)
            came = await _came_before(where, registration_id)
            if came is not None:
                return came
        else:
            registration_id = (await register_walk_in(where.training_id, wish, actor=actor)).registration_id
        # A slip that is typed in afterwards says that somebody came, not when: as a row of the signed sheet does.
        is_late = wish.card_id is not None and not _goes_on(where)
        mark = FormEvent(
            id=mark_id,
            kind=EventKind.WALK_IN,
            how=ScanHow.SHEET if is_late else ScanHow.WALK_IN,
            session=session_id,
            registration=registration_id,
        )
        [answer] = await take(session_id, [mark], actor=actor)
        return answer


async def _came_before(session: TrainingSession, registration_id: UUID) -> Answer | None:
    """None: mark the person now. A second mark would read as a return after a departure; but a name given while the
    session runs brings a departed person back.
    """
    events = await ScanEvent.filter(session_id=session.id, registration_id=registration_id)
    arrivals = [one for one in standing(events, await undone_at(session.id)) if one.kind in ARRIVALS]
    if not arrivals or (_goes_on(session) and await _has_left(session, registration_id)):
        return None
    await settle_if_over(session, {registration_id})
    return await answer_about(session.id, min(arrivals, key=lambda one: (one.at, one.id)).id)


def _goes_on(session: TrainingSession) -> bool:
    return session.closed_at is None and clock.now() < session.ends_at


async def _has_left(session: TrainingSession, person_id: UUID) -> bool:
    return await Attendance.filter(session_id=session.id, registration_id=person_id, left_at__isnull=False).exists()


async def close_session(
    session_id: UUID, *, actor: Actor, at: datetime | None = None, ended_at: datetime | None = None
) -> None:
    """Its minutes count from now on. Twice is once. `at`: when a phone without signal closed it. `ended_at`, and
    refusals, as in `schedule.close_session`.
    """
    async with transaction():
        training_id = (await session_of(session_id)).training_id
        await locked_stays(training_id)
        was_closed = (await session_of(session_id)).closed_at is not None
        await match_unknown(training_id)
        await schedule.close_session(session_id, actor=actor, at=at, ended_at=ended_at)
        if was_closed:
            return
        if (await session_of(session_id)).ended_at is not None:
            await compare_again(training_id)
        await settle(training_id)
        n_present = (await totals_of(await session_of(session_id))).n_present
        await record("attendance.close", actor=actor, object_id=session_id, present=n_present)


async def reopen_session(session_id: UUID, *, actor: Actor) -> None:
    """Earlier closings of phones close it no more."""
    async with transaction():
        training_id = (await session_of(session_id)).training_id
        await locked_stays(training_id)
        before = await session_of(session_id)
        if before.closed_at is None:
            return
        await schedule.reopen_session(session_id, actor=actor)
        await _look_at_late_ones(await session_of(session_id))
        if before.ended_at is not None:
            await compare_again(training_id)
        await settle(training_id)
        await record(REOPEN, actor=actor, object_id=session_id)


async def _look_at_late_ones(session: TrainingSession) -> None:
    """Marks after the closing are late no more. Decisions and flags about the time stay."""
    late = ScanEvent.filter(session_id=session.id, flag=ScanFlag.AFTER_CLOSE, decision=Decision.NONE)
    for event in await late:
        event.flag = ScanFlag.NONE if event.kind is ScanKind.UNDO else flag_of_clock(session, when_of(event))
        await event.save(update_fields=["flag"])


async def count_as(joined_id: UUID, kept_id: UUID) -> None:
    """Marks of the joined registration count for the kept registration. Hours are not counted here. The caller's
    transaction holds the stays of both (`lock_all_stays`).
    """
    await _move(await ScanEvent.filter(registration_id=joined_id), joined_id, kept_id)


async def give_own_marks(own_id: UUID, kept_id: UUID) -> None:
    """Marks by this registration's own ticket count for it again. Marks in a list do not say whose they are, and stay.
    Locks as `count_as`.
    """
    own = await Registration.get(id=own_id)
    replaced = await ReplacedTicket.filter(registration_id=own_id).values_list("qr_hash")
    shown = [card_hash(digest) for digest in (own.qr_hash, *(old for (old,) in replaced)) if digest]
    marks = await ScanEvent.filter(registration_id=kept_id, code_hash__in=shown)
    keys = [key for one in marks for key in (one.id, one.conflict_of_id) if key is not None]
    undos = await ScanEvent.filter(registration_id=kept_id, kind=ScanKind.UNDO, target_id__in=keys) if keys else []
    await _move([*marks, *undos], kept_id, own_id)


async def _move(marks: Collection[ScanEvent], before_id: UUID, after_id: UUID) -> None:
    touched: dict[UUID, set[UUID]] = defaultdict(set)
    for one in marks:
        touched[one.session_id] |= {before_id, after_id}
    await ScanEvent.filter(id__in=[one.id for one in marks]).update(registration_id=after_id)
    sessions = {one.id: one for one in await TrainingSession.filter(id__in=sorted(touched))}
    await project_all(sessions, touched)
