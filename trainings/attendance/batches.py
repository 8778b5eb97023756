"""A batch of a phone's events: what they name is read together, each is decided in order, all are written together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Self
from uuid import UUID

from trainings import clock
from trainings.attendance import slips
from trainings.attendance.device_queries import ends_of, may_upload, sessions_of
from trainings.attendance.head_counts import Counting, open_counting
from trainings.attendance.holders import Holders, Meant, find_holders
from trainings.attendance.marks import KeptMark, key_of, marks_by_key, other_bodies, write_marks
from trainings.attendance.models import Device, ScanEvent, ScanFlag, ScanHow, ScanKind, WalkInSlip
from trainings.attendance.moments import Dated, Moments, Reading, as_held, date_again
from trainings.attendance.projection import counts, project_all
from trainings.attendance.scans import NOTHING_ODD, When, flag_of, flag_of_time
from trainings.attendance.settling import settle_registrations
from trainings.attendance.upload_forms import OF_SOMEBODY, EventKind, UploadedEvent, other_id
from trainings.attendance.upload_results import Result, ResultState, Trouble
from trainings.db import lock, sql
from trainings.lib import tokens
from trainings.schedule.models import Training, TrainingSession

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
"""


TRAININGS_BY_CODE = """
SELECT training_id FROM registration WHERE short_code IN ?list
UNION SELECT r.training_id FROM replaced_ticket AS t JOIN registration AS r ON r.id = t.registration_id
WHERE t.short_code IN ?list
"""


class CameMeanwhile(Exception):
    """Between our first look and our locks another transaction kept one of these ids, at a training not held here."""


@dataclass(slots=True)
class Batch:
    """What is known while a batch is decided, with all trainings held that it touches.

    `waits` is why nothing counts yet of what this phone says of a session. `new` collects the events to be written,
    `again` those that are here already, `contested` stored ones under whose id another body came, `touched` whose
    attendance is computed anew, by session.
    """

    device: Device
    offset: timedelta
    moments: Moments
    sessions: Mapping[UUID, TrainingSession]
    trainings: Mapping[UUID, Training]
    waits: Mapping[UUID, ScanFlag]
    holders: Holders
    counting: Counting
    stored: dict[UUID, KeptMark | ScanEvent]
    slips: dict[UUID, str]
    now: datetime = field(default_factory=clock.now)
    new: list[ScanEvent] = field(default_factory=list)
    new_slips: list[UploadedEvent] = field(default_factory=list)
    contested: list[UUID] = field(default_factory=list)
    again: dict[UUID, UploadedEvent] = field(default_factory=dict)
    touched: dict[UUID, set[UUID]] = field(default_factory=lambda: defaultdict(set))

    @classmethod
    async def open(
        cls,
        device: Device,
        offset: timedelta,
        events: Sequence[UploadedEvent],
        session_ids: frozenset[UUID] | None = None,
        hub_ids: frozenset[UUID] | None = None,
        sent: Reading | None = None,
    ) -> Self:
        """Read, in the caller's transaction, all that these events name: as many statements for fifty as for one.

        Of a copy what is of none of `session_ids` waits for somebody, and heads at activities of none of `hub_ids`.
        Raises CameMeanwhile: begun anew, it holds all it has to.
        """
        trainings = await _locked_trainings(events)
        sessions = await TrainingSession.filter(training_id__in=sorted(trainings))
        known = {one.id: one for one in sessions}
        ends, bound = ends_of(sessions), await sessions_of(device)
        bound = bound if session_ids is None else bound & session_ids
        waits = {one.id: ScanFlag.OTHER_SESSION for one in sessions if one.id not in bound}
        waits |= {one.id: ScanFlag.REVOKED for one in sessions if not may_upload(device, ends[one.training_id])}
        keys = {key for one in events for key in (one.id, other_id(one.id, one.body_hash), one.target) if key}
        undone = {one.target for one in events if one.kind is EventKind.UNDO and one.target is not None}
        kept = await marks_by_key(keys) | {one.id: one for one in await other_bodies(_sessions_in(events), undone)}
        if any(one.id in kept and kept[one.id].session_id not in known for one in events):
            raise CameMeanwhile
        return cls(
            device=device,
            offset=offset,
            moments=Moments(device, offset, clock.now(), sent),
            sessions=known,
            trainings=trainings,
            waits=waits,
            holders=await find_holders(events),
            counting=await open_counting(device, events, hub_ids),
            stored={**kept},
            slips=await _kept_slips(events),
        )

    def decide(self, event: UploadedEvent) -> Result:
        """Keep one event, unless it is kept already, and say what came of it."""
        key = str(event.id)
        if event.kind is EventKind.COUNT or (event.kind is EventKind.UNDO and event.session is None):
            return self.counting.decide(event, event.at + self.offset)
        session = self.sessions.get(event.session) if event.session is not None else None
        if session is None:
            return Result(key, ResultState.MALFORMED, trouble=Trouble.UNKNOWN_SESSION)
        if event.kind is EventKind.SLIP:
            return self._take_slip(event, session)
        first, event_id = self.stored.get(event.id), event.id
        if first is not None:
            if tokens.same(first.body_hash, event.body_hash):
                self.again[first.id] = event
                return Result(key, ResultState.ALREADY, first.flag)
            event_id = other_id(event.id, event.body_hash)
            other = self.stored.get(event_id)
            if other is not None:
                self.again[other.id] = event
                return Result(key, ResultState.CONFLICT, other.flag)
        return self._take(event, event_id, session, first)

    def _take(
        self, event: UploadedEvent, event_id: UUID, session: TrainingSession, first: KeptMark | ScanEvent | None
    ) -> Result:
        meant = self._meant(event, session)
        kept = self._event(event, event_id, session, meant)
        state = ResultState.STORED if kept.flag is ScanFlag.NONE else ResultState.FLAGGED
        if first is not None:
            self._contest(first)
            kept.conflict_of_id, state = first.id, ResultState.CONFLICT
            kept.flag = ScanFlag.CHANGED_BODY if kept.flag in NOTHING_ODD else kept.flag
        self.new.append(kept)
        self.stored[kept.id] = kept
        self._touch(kept)
        return Result(str(event.id), state, kept.flag)

    def _meant(self, event: UploadedEvent, session: TrainingSession) -> Meant:
        """Whom an event is about. An undo: whom the event is about that it names, where that came before."""
        if event.kind in OF_SOMEBODY:
            return self.holders.of(event, session, self.trainings[session.training_id])
        target = self.stored.get(event.target) if event.target is not None else None
        is_here = target is not None and target.session_id == session.id
        return Meant(registration_id=target.registration_id) if target is not None and is_here else Meant()

    def _event(self, event: UploadedEvent, event_id: UUID, session: TrainingSession, meant: Meant) -> ScanEvent:
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
            unknown_code=_code_of(event, meant) if is_nobodys else None,
            body_hash=event.body_hash,
            flag=self._flag(event, session, meant, dated, stated_at),
            phone_id=self.device.id,
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
        event: UploadedEvent,
        session: TrainingSession,
        meant: Meant,
        dated: Dated,
        stated_at: datetime | None,
    ) -> ScanFlag:
        if session.id in self.waits:
            return self.waits[session.id]
        if meant.has_no_row:
            return ScanFlag.UNKNOWN_ROW
        if event.kind is EventKind.UNDO:
            return ScanFlag.NONE if session.closed_at is None else ScanFlag.AFTER_CLOSE
        has_clock = event.how is not ScanHow.SHEET
        when = When(dated.at, dated.at - event.at, self.now, stated_at, has_clock=has_clock)
        if event.kind in OF_SOMEBODY:
            return flag_of(meant.holder, session, when)
        return flag_of_time(session, when)

    def _contest(self, first: KeptMark | ScanEvent) -> None:
        """Two bodies under one id are both to be looked at, whichever came first; a flag that says more stays."""
        if first.flag not in NOTHING_ODD:
            return
        if isinstance(first, ScanEvent):
            first.flag = ScanFlag.CHANGED_BODY
        else:
            self.stored[first.id] = first._replace(flag=ScanFlag.CHANGED_BODY)
            self.contested.append(first.id)
        self._touch(first)

    def _touch(self, event: KeptMark | ScanEvent) -> None:
        """Compute anew whom an event is about; an undo takes back all that came under the id that it names."""
        if event.registration_id is not None:
            self.touched[event.session_id].add(event.registration_id)
        if event.kind is ScanKind.UNDO:
            others = (one for one in self.stored.values() if one.conflict_of_id == event.target_id)
            here = {one.registration_id for one in others if one.session_id == event.session_id}
            self.touched[event.session_id] |= {key for key in here if key is not None}

    def _take_slip(self, event: UploadedEvent, session: TrainingSession) -> Result:
        standing = self.slips.get(event.id)
        flag = self.waits.get(session.id, ScanFlag.NONE)
        self.new_slips.append(event)
        if standing is None:
            return Result(str(event.id), ResultState.FLAGGED if flag else ResultState.STORED, flag)
        is_same = tokens.same(standing, slips.body_hash_of(event.sealed or ""))
        return Result(str(event.id), ResultState.ALREADY if is_same else ResultState.CONFLICT, flag)

    async def write(self) -> None:
        """Write all of it, and compute attendance anew; hours too where they count."""
        await write_marks(self.new)
        for one in await date_again(self.again, self.sessions, self.moments):
            self._touch(one)
        if self.contested:
            await ScanEvent.filter(id__in=self.contested).update(flag=ScanFlag.CHANGED_BODY)
        await self._write_slips()
        await self.counting.write()
        await project_all(self.sessions, self.touched)
        settled = {
            key for session_id, keys in self.touched.items() if counts(self.sessions[session_id]) for key in keys
        }
        if settled:
            await settle_registrations(settled)

    async def _write_slips(self) -> None:
        for event in self.new_slips:
            assert event.session is not None
            assert event.sealed is not None
            session = self.sessions[event.session]
            meant = self.holders.of(event, session, self.trainings[session.training_id])
            dated = partial(self.moments.of, event, session)
            held_at = as_held(event.kind, session)
            slip = slips.Slip(event.id, session.id, meant.code_hash, event.sealed, dated, held_at, event.seq)
            await slips.receive(self.device, slip)


def _code_of(event: UploadedEvent, meant: Meant) -> str | None:
    """By what somebody may find out afterwards whose a mark is: the code as it was shown, or that of a sheet which is
    not here, for its row.
    """
    of_sheet = event.sheet_code if meant.has_no_row and meant.sheet_id is None else ""
    return event.read_code or event.piece_of_code or of_sheet or None


def _sessions_in(events: Sequence[UploadedEvent]) -> set[UUID]:
    return {one.session for one in events if one.session is not None}


async def _locked_trainings(events: Sequence[UploadedEvent]) -> dict[UUID, Training]:
    """The trainings of the sessions, of the tickets, and of what came before under the same ids, all held at once."""
    keys = {key for one in events for key in (one.id, one.target) if key is not None}
    hashes = sorted({one.shown_hash for one in events if one.shown_hash is not None})
    sheets = sorted({one.sheet_code for one in events if one.sheet_code})
    found = await sql.rows(TRAININGS, sorted(_sessions_in(events)), sorted(keys), hashes, hashes, sheets)
    typed = sorted({code for one in events if (code := one.read_code) and len(code) == tokens.SHORT_CODE_LENGTH})
    if typed:
        found = [*found, *await sql.rows(TRAININGS_BY_CODE, typed, typed)]
    return {one.id: one for one in await lock(Training, [key_of(row["training_id"]) for row in found])}


async def _kept_slips(events: Sequence[UploadedEvent]) -> dict[UUID, str]:
    sent = [one.id for one in events if one.kind is EventKind.SLIP]
    return dict(await WalkInSlip.filter(id__in=sent).values_list("id", "body_hash")) if sent else {}
