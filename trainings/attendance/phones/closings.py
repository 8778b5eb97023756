"""A phone closes at once where it may and all phones of the session have sent all; else staff confirm."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from trainings import clock
from trainings.attendance import actions, settling
from trainings.attendance.device_access import closes_from
from trainings.attendance.models import DatedBy, Device, DeviceSession, ScanEvent, ScanKind
from trainings.attendance.phones.gaps import Gap, gaps_of
from trainings.attendance.projection import standing, undone_by
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import reads, transaction
from trainings.errors import Refusal
from trainings.schedule.models import TrainingSession, sessions_on
from trainings.schedule.session_actions import closes_early
from trainings.web.i18n import N_

LATELY = timedelta(minutes=10)
"""A running session does not wait for phones that said within this time that they hold nothing."""
PHONE = Actor(id=None, role="phone")
"""The actor also where staff ended the wait."""


class ClosedMeanwhile(Refusal):
    sentence = N_(
        "Mientras tanto se cerró la sesión. Si todavía no termina, ábrala otra vez en su página de asistencia."
    )


class NoClosingWaits(Refusal):
    sentence = N_("Ya no hay un cierre pendiente. Si la sesión terminó, ciérrela en su página de asistencia.")


async def close_reported(session_ids: Collection[UUID]) -> None:
    """Close the sessions among these that a phone with that right closed, and whose phones have sent all. One
    transaction each. An early end waits only up to the planned end: from then on too many hours would count.
    """
    for session, closes in await _closes(session_ids):
        if await _due(session, closes) is not None:
            # Called off in the same moment: then nobody closes it, and what the phone sent is kept all the same.
            with suppress(Refusal):
                await _close_if_still_due(session)


async def _close_if_still_due(session: TrainingSession) -> None:
    """Asked again under the lock: staff may just have kept it open."""
    async with transaction():
        await settling.locked_stays(session.training_id)
        for again, closes in await _closes([session.id]):
            close = await _due(again, closes)
            if close is not None:
                await _close_as_said(again, close, actor=PHONE)


async def _due(session: TrainingSession, closes: Sequence[ScanEvent]) -> ScanEvent | None:
    close = await _taking_effect(session, closes)
    if close is None or (clock.now() >= session.ends_at and _held_until(session, close) < session.ends_at):
        return close
    return None if await phones_missing(session.id, close.at) else close


async def _close_as_said(session: TrainingSession, close: ScanEvent, *, actor: Actor) -> None:
    await actions.close_session(session.id, actor=actor, at=close.at, ended_at=_end_said(session, close))


def _end_said(session: TrainingSession, close: ScanEvent) -> datetime | None:
    """The real end, where the phone asked; an impossible one becomes the nearest possible."""
    return max(session.starts_at, min(close.stated_at, close.at)) if close.stated_at is not None else None


def _held_until(session: TrainingSession, close: ScanEvent) -> datetime:
    return _end_said(session, close) or (close.at if closes_early(session, close.at) else session.ends_at)


async def close_without_waiting(session_id: UUID, *, actor: Actor) -> None:
    """Close though other phones have not sent all. Twice is once. Refuses (NoClosingWaits) an open session without a
    waiting closing.
    """
    async with transaction():
        session = await _locked(session_id)
        if session_id in (waiting := await _closings([session_id])):
            await _close_as_said(*waiting[session_id], actor=actor)
        elif session.closed_at is None:
            raise NoClosingWaits


async def keep_open(session_id: UUID, *, actor: Actor) -> None:
    """Put aside phones' closings until now, as when reopened. Refuses (ClosedMeanwhile) a closed session."""
    async with transaction():
        session = await _locked(session_id)
        if session.closed_at is not None:
            raise ClosedMeanwhile
        if session_id in await closed_on_phones([session_id]):
            await TrainingSession.filter(id=session_id).update(reopened_at=clock.now())
            await record(actions.REOPEN, actor=actor, object_id=session_id)


async def _locked(session_id: UUID) -> TrainingSession:
    where = await TrainingSession.get(id=session_id)
    await settling.locked_stays(where.training_id)
    return await TrainingSession.get(id=session_id)


async def closed_on_phones(session_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Open sessions that a phone closed, and when. A phone that may close counts before a phone that only reports."""
    return {key: close.at for key, (_session, close) in (await _closings(session_ids)).items()}


async def early_ends(session_ids: Collection[UUID]) -> dict[UUID, datetime]:
    reported = (await _closings(session_ids)).items()
    ends = {key: (session, _held_until(session, close)) for key, (session, close) in reported}
    return {key: ended_at for key, (session, ended_at) in ends.items() if ended_at < session.ends_at}


async def _closings(session_ids: Collection[UUID]) -> dict[UUID, tuple[TrainingSession, ScanEvent]]:
    reported = await _closes(session_ids)
    return {one.id: (one, await _taking_effect(one, closes) or closes[0]) for one, closes in reported}


async def _closes(session_ids: Collection[UUID]) -> list[tuple[TrainingSession, list[ScanEvent]]]:
    """Open sessions with their closings, earliest first: none taken back, put aside, undecided, at an impossible time,
    or made before the session was reopened.
    """
    now = clock.now()
    found = reads(TrainingSession).filter(sessions_on(), id__in=sorted(session_ids), closed_at=None, starts_at__lte=now)
    sessions = {one.id: one for one in await found.select_related("training")}
    if not sessions:
        return []
    events = reads(ScanEvent).filter(session_id__in=sorted(sessions), kind__in=[ScanKind.CLOSE, ScanKind.UNDO])
    of_session: dict[UUID, list[ScanEvent]] = defaultdict(list)
    for event in await events.order_by("at", "id"):
        of_session[event.session_id].append(event)
    closed = []
    for session_id, own in of_session.items():
        session = sessions[session_id]
        closes = [one for one in standing(own, undone_by(own)) if one.kind is ScanKind.CLOSE]
        possible = [one for one in closes if session.starts_at <= one.at <= now and _is_since(one, session.reopened_at)]
        if possible:
            closed.append((session, possible))
    return closed


def _is_since(close: ScanEvent, reopened: datetime | None) -> bool:
    """A closing that only its session dates may be of any time: after a reopening it does not count."""
    return reopened is None or (reopened < close.at and close.dated_by is not DatedBy.SESSION)


async def _taking_effect(session: TrainingSession, closes: Sequence[ScanEvent]) -> ScanEvent | None:
    since: dict[UUID | None, datetime | None] = {}
    for phone in await reads(Device).filter(
        id__in=sorted({one.phone_id for one in closes if one.phone_id is not None})
    ):
        since[phone.id] = (await closes_from(phone, [session])).get(session.id)
    for close in closes:
        start = since.get(close.phone_id)
        if start is not None and start <= close.at:
            return close
    return None


async def phones_missing(session_id: UUID, at: datetime) -> list[Device]:
    bound = reads(DeviceSession).filter(session_id=session_id).values_list("device_id")
    devices = await reads(Device).filter(
        id__in=[key for (key,) in await bound], revoked_at=None, token_hash__not_isnull=True
    )
    return [one for one in devices if one.n_unsent or one.last_seen_at is None or one.last_seen_at < at]


async def untold(session: TrainingSession) -> list[Gap]:
    since = min(session.ends_at, clock.now() - LATELY)
    missing = {one.id: one for one in await phones_missing(session.id, since)}
    gaps = {one.device_id: one for one in (await gaps_of([session.id])).get(session.id, [])}
    for key, one in missing.items():
        known = gaps.get(key) or Gap(key, one.name, (), one.n_unsent, one.last_seen_at, is_silent=False)
        is_silent = one.last_seen_at is None or one.last_seen_at < since
        gaps[key] = replace(known, n_unsent=one.n_unsent, is_silent=is_silent)
    return sorted(gaps.values(), key=lambda one: one.name.casefold())
