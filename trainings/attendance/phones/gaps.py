"""Missing numbers, marks that phones hold, phones not heard of."""

from __future__ import annotations

import contextlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from tortoise.exceptions import OperationalError

from trainings import clock
from trainings.attendance.models import Device, DeviceSession, ScanEvent, WalkInSlip
from trainings.db import reads, sql
from trainings.lib import dates
from trainings.outreach.models import HeadCount
from trainings.schedule.models import AT_REAL, TrainingSession
from trainings.schedule.phase import end_of
from trainings.web.i18n import N_, gettext, language, ngettext

ASKED_FOR = timedelta(days=45)
"""Phones are asked this long after a session for what is missing."""
EARLY = timedelta(days=1)

LOOKED_BACK = 5_000
"""Newest marks that a phone keeps to send again."""
WHOLE_STEP = 100
"""Numbers. Each answer looks at up to as many again, which costs less than to note each; at more while one lacks."""

NOT_HERE = """
    WITH here AS (
        SELECT seq FROM scan_event WHERE phone_id = ? AND seq >= ?
        UNION SELECT seq FROM walk_in_slip WHERE device_id = ? AND seq >= ?
        UNION SELECT seq FROM head_count WHERE counted_by_id = ? AND seq >= ?
        UNION SELECT CAST(? AS INTEGER)
    ), pairs AS (SELECT seq, LEAD(seq) OVER (ORDER BY seq) AS following FROM here)
    SELECT seq + 1 AS first, following - 1 AS last FROM pairs
    WHERE following IS NULL OR following > seq + 1
    ORDER BY seq
"""

MOST_TOLD = 12


@dataclass(frozen=True, slots=True)
class Missing:
    """Marks made but not arrived. No `until`: after `since`; no `since`: before all others."""

    n: int
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Gap:
    """`n_unsent`: as the phone said at `said_at`. `is_silent`: not heard of since the session was over."""

    device_id: UUID
    name: str
    missing: Sequence[Missing]
    n_unsent: int
    said_at: datetime | None
    is_silent: bool

    @property
    def n_missing(self) -> int:
        return sum(one.n for one in self.missing)

    @property
    def sentences(self) -> list[str]:
        """«Falta 1 marca del Teléfono de Ana (hecha entre las 9:10 y las 9:14).»"""
        said = [self._lacking(one) for one in self.missing]
        if self.n_unsent:
            words = ngettext(
                "%(phone)s guarda %(n)s marca sin enviar (dicho el %(when)s).",
                "%(phone)s guarda %(n)s marcas sin enviar (dicho el %(when)s).",
                self.n_unsent,
            )
            said.append(words % {"phone": self.name, "n": self.n_unsent, "when": _when(self.said_at)})
        if self.is_silent and self.said_at is None:
            said.append(gettext(N_("%(phone)s no se ha comunicado nunca.")) % {"phone": self.name})
        elif self.is_silent:
            words = gettext(N_("%(phone)s no se ha comunicado desde el %(when)s: puede tener marcas."))
            said.append(words % {"phone": self.name, "when": _when(self.said_at)})
        return said

    def _lacking(self, one: Missing) -> str:
        values = {"n": one.n, "phone": self.name}
        if one.since is not None and one.until is not None:
            return self._between(one.n, one.since, one.until)
        if one.since is not None:
            words = ngettext(
                "Falta %(n)s marca de %(phone)s (hecha después de %(since)s).",
                "Faltan %(n)s marcas de %(phone)s (hechas después de %(since)s).",
                one.n,
            )
            return words % (values | {"since": dates.the_time(one.since, language())})
        if one.until is not None:
            words = ngettext(
                "Falta %(n)s marca de %(phone)s (hecha antes de %(until)s).",
                "Faltan %(n)s marcas de %(phone)s (hechas antes de %(until)s).",
                one.n,
            )
            return words % (values | {"until": dates.the_time(one.until, language())})
        return ngettext("Falta %(n)s marca de %(phone)s.", "Faltan %(n)s marcas de %(phone)s.", one.n) % values

    def _between(self, n: int, since: datetime, until: datetime) -> str:
        # A clock set in between gives a later mark an earlier time.
        since, until = sorted((since, until))
        is_one_day = dates.local_day(since) == dates.local_day(until)
        told = dates.the_time if is_one_day else dates.day_and_time
        times = {"since": told(since, language()), "until": told(until, language())}
        if is_one_day and times["since"] == times["until"]:
            words = ngettext(
                "Falta %(n)s marca de %(phone)s (hecha hacia %(since)s).",
                "Faltan %(n)s marcas de %(phone)s (hechas hacia %(since)s).",
                n,
            )
        elif not is_one_day:
            words = ngettext(
                "Falta %(n)s marca de %(phone)s (hecha entre el %(since)s y el %(until)s).",
                "Faltan %(n)s marcas de %(phone)s (hechas entre el %(since)s y el %(until)s).",
                n,
            )
        else:
            words = ngettext(
                "Falta %(n)s marca de %(phone)s (hecha entre %(since)s y %(until)s).",
                "Faltan %(n)s marcas de %(phone)s (hechas entre %(since)s y %(until)s).",
                n,
            )
        return words % ({"n": n, "phone": self.name} | times)


def _when(moment: datetime | None) -> str:
    return dates.day_and_time(moment, language()) if moment is not None else ""


async def gaps_of(session_ids: Collection[UUID]) -> dict[UUID, list[Gap]]:
    """By session and phone; without old gaps.

    Phones number their marks. A missing number counts at the session of the mark before it; before the first mark, at
    the first mark's session; without any mark, at the session that had begun last when the phone spoke.
    """
    lately = reads(TrainingSession).filter(id__in=sorted(session_ids), starts_at__gt=clock.now() - ASKED_FOR)
    sessions = {one.id: one for one in await lately}
    bound = await reads(DeviceSession).filter(session_id__in=sorted(sessions)).select_related("device")
    devices = {one.device_id: one.device for one in bound if one.device.token_hash is not None}
    if not devices:
        return {}
    since = min(one.starts_at for one in sessions.values()) - EARLY
    made = await _made(devices, since=since)
    latest = await _latest_begun(devices)
    missing = {key: _missing(devices[key], made[key], latest.get(key)) for key in devices}
    gaps: dict[UUID, list[Gap]] = defaultdict(list)
    for one in sorted(bound, key=lambda one: one.device.name.casefold()):
        if one.device_id in devices:
            session, own = sessions[one.session_id], missing[one.device_id].get(one.session_id, [])
            gap = _gap(one.device, session, own, is_latest=latest.get(one.device_id) == session.id)
            if gap is not None:
                gaps[session.id].append(gap)
    return dict(gaps)


async def _latest_begun(devices: Mapping[UUID, Device]) -> dict[UUID, UUID]:
    telling = {key: one for key, one in devices.items() if one.n_unsent or one.first_seq is not None}
    if not telling:
        return {}
    bound = reads(DeviceSession).filter(device_id__in=sorted(telling), session__starts_at__lte=clock.now())
    latest: dict[UUID, UUID] = {}
    rows = await bound.order_by("session__starts_at").values_list("device_id", "session_id", "session__starts_at")
    for device_id, session_id, starts_at in rows:
        said_at = telling[device_id].last_seen_at
        if said_at is None or starts_at <= said_at:
            latest[device_id] = session_id
    return latest


async def gaps_of_phones(device_ids: Collection[UUID]) -> dict[UUID, list[str]]:
    """Sentences by phone, without marks that the phone says it holds."""
    now = clock.now()
    lately = {"session__starts_at__gt": now - ASKED_FOR, "session__starts_at__lte": now}
    bound = reads(DeviceSession).filter(AT_REAL, device_id__in=sorted(device_ids), **lately)
    said: dict[UUID, list[str]] = defaultdict(list)
    for own in (await gaps_of({key for (key,) in await bound.values_list("session_id")})).values():
        for gap in own:
            if gap.device_id in device_ids:
                said[gap.device_id].extend(replace(gap, n_unsent=0).sentences)
    return {key: list(dict.fromkeys(own)) for key, own in said.items() if own}


def _gap(device: Device, session: TrainingSession, missing: Sequence[Missing], *, is_latest: bool) -> Gap | None:
    """A revoked phone has only missing marks. Marks that a phone holds are told at its latest session."""
    now, end = clock.now(), end_of(session)
    is_used = device.revoked_at is None
    is_held = session.is_on and now >= end
    is_silent = is_used and is_held and (device.last_seen_at is None or device.last_seen_at < end)
    n_unsent = device.n_unsent if is_used and is_latest else 0
    if not (missing or n_unsent or is_silent):
        return None
    return Gap(device.id, device.name, missing, n_unsent, device.last_seen_at, is_silent)


# -- numbers


async def numbers_lacking(device: Device) -> list[tuple[int, int | None]]:
    """First and last of each run of numbers that are not here, but none of those that once came whole (`whole_to`) or
    are long past (`LOOKED_BACK`); the last run has no end. Never made, still on the phone, or lost when a backup was
    restored: sent marks are then sent again.
    """
    first = max(device.first_seq or 1, device.last_seq - LOOKED_BACK, device.whole_to + 1)
    rows = await sql.reads(NOT_HERE, *[device.id, first] * 3, first - 1)
    return [(row["first"], row["last"]) for row in rows]


async def note_whole(device: Device, lacking: Sequence[tuple[int, int | None]]) -> None:
    """Up to the first number lacking. A backup that is restored says so of what it holds. The phone is answered even
    while nothing can be written.
    """
    whole_to = lacking[0][0] - 1
    if whole_to >= device.whole_to + WHOLE_STEP:
        with contextlib.suppress(OperationalError):
            await Device.filter(id=device.id).update(whole_to=whole_to)


@dataclass(frozen=True, slots=True)
class _Numbered:
    seq: int
    session_id: UUID
    at: datetime


@dataclass(frozen=True, slots=True)
class _Made:
    """`others`: numbers of slips and heads, in order. `is_all`: nothing came earlier than what was read."""

    marks: Sequence[_Numbered]
    others: Sequence[int]
    is_all: bool = True

    def n_others(self, first: int, last: int | None) -> int:
        end = len(self.others) if last is None else bisect_left(self.others, last)
        return end - bisect_left(self.others, first)


async def _made(devices: Mapping[UUID, Device], *, since: datetime) -> Mapping[UUID, _Made]:
    keys = sorted(devices)
    marks: dict[UUID, list[_Numbered]] = defaultdict(list)
    columns = ("phone_id", "seq", "session_id", "at")
    rows = reads(ScanEvent).filter(phone_id__in=keys, seq__not_isnull=True, created_at__gte=since)
    for phone_id, *rest in await rows.order_by("seq", "at").values_list(*columns):
        marks[phone_id].append(_Numbered(*rest))
    others, earlier = await _others(keys, since), await _heard_earlier(devices, since)
    return {key: _Made(marks[key], others[key], key not in earlier) for key in keys}


async def _others(keys: Sequence[UUID], since: datetime) -> dict[UUID, list[int]]:
    slips = reads(WalkInSlip).filter(device_id__in=keys, seq__not_isnull=True, created_at__gte=since)
    heads = reads(HeadCount).filter(counted_by_id__in=keys, seq__not_isnull=True)
    numbers: dict[UUID, set[int]] = defaultdict(set)
    for device_id, seq in [
        *await slips.values_list("device_id", "seq"),
        *await heads.values_list("counted_by_id", "seq"),
    ]:
        numbers[device_id].add(seq)
    return {key: sorted(numbers[key]) for key in keys}


async def _heard_earlier(devices: Mapping[UUID, Device], since: datetime) -> set[UUID]:
    older = sorted(key for key, one in devices.items() if one.first_seq is not None and one.created_at < since)
    if not older:
        return set()
    marks = reads(ScanEvent).filter(phone_id__in=older, created_at__lt=since).distinct().values_list("phone_id")
    slips = reads(WalkInSlip).filter(device_id__in=older, created_at__lt=since).distinct().values_list("device_id")
    return {key for (key,) in [*await marks, *await slips]}


def _missing(device: Device, made: _Made, latest: UUID | None) -> dict[UUID, list[Missing]]:
    """By the session of the mark before. `latest`: the phone's session when it last spoke."""
    found: list[tuple[UUID, Missing]] = []
    # Marks from before this preparation may have been sent as the former phone.
    marks = [one for one in made.marks if one.seq >= (device.first_seq or 0)]
    if device.first_seq is not None and made.is_all:
        found += _before_first(device.first_seq, device.last_seq, marks, made, latest)
    for before, after in pairwise(marks):
        n = after.seq - before.seq - 1
        if n > 0:
            n -= made.n_others(before.seq + 1, after.seq)
        found.append((before.session_id, Missing(n, before.at, after.at)))
    if marks:
        newest = marks[-1]
        n = device.last_seq - newest.seq - made.n_others(newest.seq + 1, None)
        found.append((newest.session_id, Missing(n, newest.at, None)))
    missing: dict[UUID, list[Missing]] = defaultdict(list)
    for session_id, one in _without_held(found, device.n_unsent):
        missing[session_id].append(one)
    return {key: _told(own) for key, own in missing.items()}


def _before_first(
    first_seq: int, last_seq: int, marks: Sequence[_Numbered], made: _Made, latest: UUID | None
) -> list[tuple[UUID, Missing]]:
    if marks:
        oldest = marks[0]
        n = oldest.seq - first_seq - made.n_others(first_seq, oldest.seq)
        return [(oldest.session_id, Missing(n, None, oldest.at))]
    n = last_seq - first_seq + 1 - made.n_others(first_seq, None)
    return [(latest, Missing(n, None, None))] if latest is not None else []


def _without_held(found: Sequence[tuple[UUID, Missing]], n_held: int) -> list[tuple[UUID, Missing]]:
    """Taken off the end: the numbers of what the phone holds are unknown."""
    left: list[tuple[UUID, Missing]] = []
    for session_id, one in reversed(found):
        n = max(0, one.n)
        n_taken = min(n, n_held)
        n_held -= n_taken
        if n > n_taken:
            left.append((session_id, replace(one, n=n - n_taken)))
    return left[::-1]


def _told(missing: list[Missing]) -> list[Missing]:
    """The first gaps, the rest joined: a phone may number its marks at will."""
    told, rest = missing[: MOST_TOLD - 1], missing[MOST_TOLD - 1 :]
    return [*told, Missing(sum(one.n for one in rest), rest[0].since, rest[-1].until)] if rest else told
