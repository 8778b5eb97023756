from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from uuid import UUID

from trainings import clock
from trainings.attendance.device_access import ROSTER_DAYS, ends_of, may_upload, sessions_of
from trainings.attendance.events import (
    EventKind,
    Result,
    ResultState,
    SentEvent,
    Trouble,
    Unreadable,
    other_id,
    read_event,
)
from trainings.attendance.intake import Intake, keep_marks
from trainings.attendance.models import Device, ScanEvent, ScanFlag, ScanHow, WalkInSlip
from trainings.attendance.phones.closings import PHONE, close_reported
from trainings.attendance.phones.head_counts import Counting, open_counting
from trainings.attendance.scans import Reading, as_held
from trainings.attendance.slips import slips
from trainings.attendance.slips.slips import open_slips
from trainings.audit.actions import record
from trainings.db import reads, sql
from trainings.db.sql import Statement
from trainings.lib import tokens
from trainings.lib.text import initials


@dataclass(frozen=True, slots=True)
class Upload:
    """`n_unsent`: what the phone keeps besides; None where the phone is not the sender. Then `session_ids` and
    `hub_ids` are what the sender answers for. `sent`: the page's counter on sending. `first_seq`: its first number.
    """

    items: Sequence[object]
    offset: timedelta
    last_seq: int | None = None
    n_unsent: int | None = None
    app_version: str = ""
    session_ids: frozenset[UUID] | None = None
    hub_ids: frozenset[UUID] | None = None
    sent: Reading | None = None
    first_seq: int | None = None


async def receive(device: Device, upload: Upload) -> list[Result]:
    """As `intake.keep_marks`; then opens slips, and closes sessions that waited for this phone last."""
    read = [read_event(item) for item in upload.items]
    results = await keep_marks(partial(PhoneIntake, device, upload), read)
    await open_slips(_slips_in(read, upload.session_ids), actor=PHONE)
    if upload.n_unsent == 0 and all(one.is_kept for one in results):
        await close_reported(await sessions_of(device))
    return await _with_initials(read, results)


async def _with_initials(read: Sequence[SentEvent | Unreadable], results: list[Result]) -> list[Result]:
    """Of people whom one row of a sheet named, while a phone may have the list. A mark that waits tells nobody."""
    asked = {str(one.id) for one in read if isinstance(one, SentEvent) and one.how is ScanHow.ROW}
    keys = [one.kept_as for one in results if one.id in asked and one.flag not in WAITING and one.kept_as is not None]
    if not keys:
        return results
    marks = reads(ScanEvent).filter(id__in=keys, session__ends_at__gt=clock.now() - ROSTER_DAYS)
    columns = ("id", "registration__participant__given_names", "registration__participant__surnames")
    named = {key: initials(given, surnames) for key, given, surnames in await marks.values_list(*columns) if given}
    return [replace(one, initials=named.get(one.kept_as, "")) if one.kept_as in keys else one for one in results]


WAITING = frozenset({ScanFlag.REVOKED, ScanFlag.OTHER_SESSION})


def _slips_in(read: Sequence[SentEvent | Unreadable], session_ids: frozenset[UUID] | None) -> list[UUID]:
    """Also of slips sent again, since opening them may have failed."""
    sent = [one for one in read if isinstance(one, SentEvent) and one.kind is EventKind.SLIP]
    sent = [one for one in sent if session_ids is None or one.session in session_ids]
    return [key for one in sent for key in (one.id, other_id(one.id, slips.body_hash_of(one.sealed or "")))]


class PhoneIntake(Intake):
    """Marks wait from a revoked phone, or one not prepared for the session; in a loaded copy also marks of sessions,
    and heads of hubs, that the loader does not answer for.
    """

    counting: Counting
    kept_slips: dict[UUID, str]

    def __init__(self, device: Device, upload: Upload) -> None:
        super().__init__(upload.offset, upload.sent, phone=device)
        self.device, self.upload = device, upload
        self.new_slips: list[SentEvent] = []

    async def _read(self, events: Sequence[SentEvent]) -> None:
        await super()._read(events)
        self.counting = await open_counting(self.device, events, self.upload.hub_ids)
        self.kept_slips = await _kept_slips(events)
        sessions, bound = list(self.sessions.values()), await sessions_of(self.device)
        bound = bound if self.upload.session_ids is None else bound & self.upload.session_ids
        ends = ends_of(sessions)
        self.waits = {one.id: ScanFlag.OTHER_SESSION for one in sessions if one.id not in bound}
        self.waits |= {
            one.id: ScanFlag.REVOKED for one in sessions if not may_upload(self.device, ends[one.training_id])
        }

    def _decide(self, event: SentEvent) -> Result:
        if event.kind is EventKind.COUNT or (event.kind is EventKind.UNDO and event.session is None):
            return self.counting.decide(event, event.at + self.upload.offset)
        if event.kind is EventKind.SLIP:
            return self._take_slip(event)
        return super()._decide(event)

    def _take_slip(self, event: SentEvent) -> Result:
        key = str(event.id)
        if event.session is None or event.session not in self.sessions:
            return Result(key, ResultState.MALFORMED, trouble=Trouble.UNKNOWN_SESSION)
        standing = self.kept_slips.get(event.id)
        flag = self.waits.get(event.session, ScanFlag.NONE)
        self.new_slips.append(event)
        if standing is None:
            return Result(key, ResultState.FLAGGED if flag else ResultState.STORED, flag)
        is_same = tokens.same(standing, slips.body_hash_of(event.sealed or ""))
        return Result(key, ResultState.ALREADY if is_same else ResultState.CONFLICT, flag)

    async def _write(self) -> None:
        await self._write_slips()
        await self.counting.write()
        await super()._write()

    async def _write_slips(self) -> None:
        for event in self.new_slips:
            assert event.session is not None
            assert event.sealed is not None
            session = self.sessions[event.session]
            meant = self.holders.of(event, session, self.trainings[session.training_id])
            dated = partial(self.moments.of, event, session)
            held_at = as_held(event.kind, session)
            slip = slips.SentSlip(event.id, session.id, meant.code_hash, event.sealed, dated, held_at, event.seq)
            await slips.receive(self.device, slip)

    async def note(self, results: Sequence[Result]) -> None:
        device, upload, n_malformed = self.device, self.upload, sum(not one.is_kept for one in results)
        if n_malformed:
            await record(
                "devices.malformed", actor=PHONE, object_id=device.id, hub_id=device.hub_id, events=n_malformed
            )
        if upload.n_unsent is not None:
            # The first number is kept once said, also when the phone is emptied and begins anew. Said only after other
            # numbers, it would hide marks that never came.
            first_seq = device.first_seq or (None if device.last_seq else upload.first_seq)
            last_seq = max(device.last_seq, upload.last_seq or 0)
            version = upload.app_version or device.app_version
            n_unsent = upload.n_unsent + n_malformed
            await sql.write_all([Statement(NOTED, [(clock.now(), first_seq, last_seq, n_unsent, version, device.id)])])


NOTED = """
    UPDATE device SET last_seen_at = ?, first_seq = ?, last_seq = ?, n_unsent = ?, app_version = ? WHERE id = ?
"""


async def _kept_slips(events: Sequence[SentEvent]) -> dict[UUID, str]:
    sent = [one.id for one in events if one.kind is EventKind.SLIP]
    return dict(await WalkInSlip.filter(id__in=sent).values_list("id", "body_hash")) if sent else {}
