"""Marks of phones and of the panel: read, decided in order, and written together."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.exceptions import IntegrityError

from trainings import clock
from trainings.attendance.events import (
    OF_SOMEBODY,
    EventKind,
    Result,
    ResultState,
    SentEvent,
    Trouble,
    Unreadable,
    other_id,
)
from trainings.attendance.holders import Holders, Meant, find_holders
from trainings.attendance.models import Device, ScanEvent, ScanFlag, ScanHow, ScanKind
from trainings.attendance.projection import (
    KeptMark,
    counts,
    key_of,
    marks_by_key,
    other_bodies,
    project_all,
    write_marks,
)
from trainings.attendance.scans import (
    NOTHING_ODD,
    Dated,
    Moments,
    Reading,
    Registered,
    When,
    date_again,
    flag_of,
    flag_of_time,
)
from trainings.attendance.settling import settle_registrations
from trainings.db import lock, sql, transaction
from trainings.db.connection import is_passing
from trainings.lib import tokens
from trainings.schedule.models import Training, TrainingSession, TrainingState
from trainings.schedule.queries import SESSIONS_OF

logger = logging.getLogger("trainings.attendance")

TRAININGS = """
SELECT training_id FROM training_session WHERE id IN ?list
UNION SELECT s.training_id FROM scan_event AS e JOIN training_session AS s ON s.id = e.session_id WHERE e.id IN ?list
UNION SELECT r.training_id FROM ?texts CROSS JOIN registration AS r
WHERE r.qr_hash >= wanted.value AND r.qr_hash < wanted.value || 'g'
UNION SELECT r.training_id FROM ?texts CROSS JOIN replaced_ticket AS t
JOIN registration AS r ON r.id = t.registration_id
WHERE t.qr_hash >= wanted.value AND t.qr_hash < wanted.value || 'g'
UNION SELECT s.training_id FROM attendance_sheet AS a JOIN training_session AS s ON s.id = a.session_id
WHERE a.code IN ?list
UNION SELECT training_id FROM registration WHERE id IN ?list
"""


TRAININGS_BY_CODE = """
SELECT training_id FROM registration WHERE short_code IN ?list
UNION SELECT r.training_id FROM replaced_ticket AS t JOIN registration AS r ON r.id = t.registration_id
WHERE t.short_code IN ?list
"""


class CameMeanwhile(Exception):
    """Another transaction kept one of these ids before our locks, at a training not held here."""


class Intake:
    """One batch of marks with all its trainings held: of a person in the panel (`user_id`), or of a prepared `phone`.

    `waits`: why nothing said of a session counts yet. `again`: events already here. `contested`: stored events under
    whose id another body came. `touched`: people to compute anew, by session.
    """

    now: datetime
    moments: Moments
    sessions: Mapping[UUID, TrainingSession]
    trainings: Mapping[UUID, Training]
    holders: Holders
    stored: dict[UUID, KeptMark | ScanEvent]
    waits: Mapping[UUID, ScanFlag]

    def __init__(
        self,
        offset: timedelta,
        sent: Reading | None = None,
        *,
        user_id: UUID | None = None,
        phone: Device | None = None,
    ) -> None:
        self.offset, self.sent = offset, sent
        self.prepared_at = phone.created_at if phone is not None else None
        self.user_id, self.phone_id = user_id, phone.id if phone is not None else None
        self.waits = {}
        self.new: list[ScanEvent] = []
        self.contested: list[UUID] = []
        self.again: dict[UUID, SentEvent] = {}
        self.touched: dict[UUID, set[UUID]] = defaultdict(set)

    async def take(self, events: Sequence[SentEvent]) -> list[Result]:
        """Keep these events in the caller's transaction and compute attendance anew; one result for each, in order. As
        many statements for fifty as for one. Raises CameMeanwhile: start again, with all locks.
        """
        await self._read(events)
        results = [self._decide(event) for event in events]
        await self._write()
        return results

    async def _read(self, events: Sequence[SentEvent]) -> None:
        self.trainings = await _locked_trainings(events, codes_elsewhere=self.phone_id is not None)
        # Only now: what was kept before has an earlier moment.
        self.now = clock.now()
        self.moments = Moments(self.prepared_at, self.offset, self.now, self.sent)
        self.sessions = {one.id: one for one in await SESSIONS_OF.rows(sorted(self.trainings))}
        keys = {key for one in events for key in (one.id, other_id(one.id, one.body_hash), one.target) if key}
        undone = {one.target for one in events if one.kind is EventKind.UNDO and one.target is not None}
        kept = await marks_by_key(keys) | {one.id: one for one in await other_bodies(_sessions_in(events), undone)}
        if any(one.id in kept and kept[one.id].session_id not in self.sessions for one in events):
            raise CameMeanwhile
        self.stored = {**kept}
        self.holders = await find_holders(events, self.sessions)
        if self.phone_id is None:
            self.holders.keep_codes_of(
                {self.sessions[key].training_id for key in _sessions_in(events) if key in self.sessions}
            )

    def _decide(self, event: SentEvent) -> Result:
        key = str(event.id)
        session = self.sessions.get(event.session) if event.session is not None else None
        if session is None:
            return Result(key, ResultState.MALFORMED, trouble=Trouble.UNKNOWN_SESSION)
        first, event_id = self.stored.get(event.id), event.id
        if first is not None:
            if tokens.same(first.body_hash, event.body_hash):
                self.again[first.id] = event
                return Result(key, ResultState.ALREADY, first.flag, kept_as=first.id)
            event_id = other_id(event.id, event.body_hash)
            other = self.stored.get(event_id)
            if other is not None:
                self.again[other.id] = event
                return Result(key, ResultState.CONFLICT, other.flag, kept_as=other.id)
        return self._take(event, event_id, session, first)

    def _take(
        self, event: SentEvent, event_id: UUID, session: TrainingSession, first: KeptMark | ScanEvent | None
    ) -> Result:
        meant = self._meant(event, session)
        kept = self._event(event, event_id, session, meant)
        state = ResultState.STORED if kept.flag is ScanFlag.NONE else ResultState.FLAGGED
        if first is not None:
            kept.conflict_of_id, state = first.id, ResultState.CONFLICT
            if self._hub_of(first) == self._hub_of(kept):
                self._contest(first)
                kept.flag = ScanFlag.CHANGED_BODY if kept.flag in NOTHING_ODD else kept.flag
        self.new.append(kept)
        self.stored[kept.id] = kept
        self._touch(kept)
        return Result(str(event.id), state, kept.flag, kept_as=kept.id)

    def _meant(self, event: SentEvent, session: TrainingSession) -> Meant:
        """An undo is about the people of the event that it names, if known."""
        if event.kind in OF_SOMEBODY:
            return self._on_this_side(self.holders.of(event, session, self.trainings[session.training_id]), session)
        target = self.stored.get(event.target) if event.target is not None else None
        is_here = target is not None and target.session_id == session.id
        return Meant(registration_id=target.registration_id) if target is not None and is_here else Meant()

    def _on_this_side(self, meant: Meant, session: TrainingSession) -> Meant:
        """Nobody of a practice comes to a real session, nor the other way round."""
        person = meant.holder.registration
        sides = {self.trainings[key].state is TrainingState.PRACTICE for key in _trainings_of(person, session)}
        return meant if len(sides) == 1 else Meant(code_hash=meant.code_hash, sheet_id=meant.sheet_id)

    def _event(self, event: SentEvent, event_id: UUID, session: TrainingSession, meant: Meant) -> ScanEvent:
        is_nobodys = event.kind in OF_SOMEBODY and meant.registration_id is None
        dated = self.moments.of(event, session)
        stated_at = self.moments.stated(event, dated)
        return ScanEvent(
            id=event_id,
            created_at=self.now,
            session_id=session.id,
            registration_id=meant.registration_id,
            kind=ScanKind(event.kind.value),
            target_id=event.target,
            how=event.how,
            at=dated.at,
            dated_by=dated.by,
            device_at=event.at,
            seq=event.seq,
            user_id=self.user_id,
            unknown_code=_code_of(event, meant) if is_nobodys else None,
            body_hash=event.body_hash,
            flag=self._flag(event, session, meant, dated, stated_at),
            phone_id=self.phone_id,
            code_hash=meant.code_hash,
            sheet_id=meant.sheet_id,
            row=event.row,
            number=event.number,
            stated_at=stated_at,
            perf=event.perf,
            page=event.page,
            app_version=event.app,
            roster_version=event.roster,
        )

    def _flag(
        self,
        event: SentEvent,
        session: TrainingSession,
        meant: Meant,
        dated: Dated,
        stated_at: datetime | None,
    ) -> ScanFlag:
        if session.id in self.waits:
            return self.waits[session.id]
        if meant.has_no_row:
            return ScanFlag.UNKNOWN_ROW
        is_line = event.how is ScanHow.SHEET
        if event.kind is EventKind.UNDO:
            flag = ScanFlag.NONE if session.closed_at is None else ScanFlag.AFTER_CLOSE
        else:
            when = When(dated.at, dated.at - event.at, self.now, stated_at, has_clock=not is_line)
            is_of_somebody = event.kind in OF_SOMEBODY
            flag = flag_of(meant.holder, session, when) if is_of_somebody else flag_of_time(session, when)
        # Signed lists are typed in at the panel after the session is closed, by people who know that it is.
        is_typed_in = is_line and self.phone_id is None and flag is ScanFlag.AFTER_CLOSE
        return ScanFlag.NONE if is_typed_in else flag

    def _hub_of(self, event: KeptMark | ScanEvent) -> UUID:
        return self.trainings[self.sessions[event.session_id].training_id].hub_id

    def _contest(self, first: KeptMark | ScanEvent) -> None:
        """Two bodies under one id are both to be reviewed, whichever came first; a stronger flag stays."""
        if first.flag not in NOTHING_ODD:
            return
        if isinstance(first, ScanEvent):
            first.flag = ScanFlag.CHANGED_BODY
        else:
            self.stored[first.id] = first._replace(flag=ScanFlag.CHANGED_BODY)
            self.contested.append(first.id)
        self._touch(first)

    def _touch(self, event: KeptMark | ScanEvent) -> None:
        if event.registration_id is not None:
            self.touched[event.session_id].add(event.registration_id)
        if event.kind is ScanKind.UNDO:
            others = (one for one in self.stored.values() if one.conflict_of_id == event.target_id)
            here = {one.registration_id for one in others if one.session_id == event.session_id}
            self.touched[event.session_id] |= {key for key in here if key is not None}

    async def _write(self) -> None:
        await write_marks(self.new)
        for one in await date_again(self.again, self.sessions, self.moments):
            self._touch(one)
        if self.contested:
            await ScanEvent.filter(id__in=self.contested).update(flag=ScanFlag.CHANGED_BODY)
        await project_all(self.sessions, self.touched)
        settled = {
            key for session_id, keys in self.touched.items() if counts(self.sessions[session_id]) for key in keys
        }
        if settled:
            await settle_registrations(settled)

    async def note(self, results: Sequence[Result]) -> None:
        """The sender's own numbers; nothing of a person."""


def _code_of(event: SentEvent, meant: Meant) -> str | None:
    """The shown code, or an unknown sheet's, may tell later whose a mark is."""
    of_sheet = event.sheet_code if meant.has_no_row and meant.sheet_id is None else ""
    return event.read_code or event.piece_of_code or of_sheet or None


def _trainings_of(person: Registered | None, session: TrainingSession) -> list[UUID]:
    return [session.training_id, *([person.training_id] if person is not None else [])]


def _sessions_in(events: Sequence[SentEvent]) -> set[UUID]:
    return {one.session for one in events if one.session is not None}


async def _locked_trainings(events: Sequence[SentEvent], *, codes_elsewhere: bool) -> dict[UUID, Training]:
    """Locks the trainings of the sessions, of the tickets, and of earlier events under the same ids."""
    keys = {key for one in events for key in (one.id, one.target) if key is not None}
    hashes = sorted({one.shown_hash for one in events if one.shown_hash is not None})
    sheets = sorted({one.sheet_code for one in events if one.sheet_code})
    tapped = sorted({one.registration for one in events if one.registration is not None})
    found = await sql.rows(TRAININGS, sorted(_sessions_in(events)), sorted(keys), hashes, hashes, sheets, tapped)
    typed = sorted({code for one in events if (code := one.read_code) and len(code) == tokens.SHORT_CODE_LENGTH})
    if typed and codes_elsewhere:
        found = [*found, *await sql.rows(TRAININGS_BY_CODE, typed, typed)]
    return {one.id: one for one in await lock(Training, [key_of(row["training_id"]) for row in found])}


# -- taking a batch


async def keep_marks(begin: Callable[[], Intake], read: Sequence[SentEvent | Unreadable]) -> list[Result]:
    """Keep a batch in one transaction; one result for each event, in order. `begin` makes the intake of each attempt.

    A known id with the same body is acknowledged again; with another body both are kept. If an event raises an error,
    each is kept by itself; if all do, the fault is ours and the sender tries again.
    """
    try:
        return await _keep_once_more(begin, read)
    except Exception as error:
        if len(read) == 1 or is_passing(error):
            raise
        results = [await _keep_alone(begin, one) for one in read]
        if not any(one.is_kept for one in results):
            raise
        async with transaction():
            await begin().note(results)
        return results


async def _keep_alone(begin: Callable[[], Intake], one: SentEvent | Unreadable) -> Result:
    try:
        [result] = await _keep_once_more(begin, [one], is_alone=True)
    except Exception as error:
        if is_passing(error):
            raise
        logger.exception("a mark could not be kept")
        return Result(str(one.id), ResultState.MALFORMED, trouble=Trouble.UNREADABLE)
    return result


async def _keep_once_more(
    begin: Callable[[], Intake], read: Sequence[SentEvent | Unreadable], *, is_alone: bool = False
) -> list[Result]:
    try:
        return await _keep(begin(), read, is_alone=is_alone)
    except (IntegrityError, CameMeanwhile):
        # In between another process kept one of these ids, at a training that was not held here. Now it is found.
        return await _keep(begin(), read, is_alone=is_alone)


async def _keep(intake: Intake, read: Sequence[SentEvent | Unreadable], *, is_alone: bool) -> list[Result]:
    async with transaction():
        events = [one for one in read if isinstance(one, SentEvent)]
        kept = iter(await intake.take(events) if events else ())
        results = [
            next(kept)
            if isinstance(one, SentEvent)
            else Result(one.id, ResultState.MALFORMED, trouble=Trouble.UNREADABLE)
            for one in read
        ]
        if not is_alone:
            await intake.note(results)
        return results
