"""Scan events as rows: few columns read, many rows written at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from trainings.attendance.models import Decision, ScanEvent, ScanFlag, ScanHow, ScanKind
from trainings.db import sealed, sql
from trainings.db.sql import Insert, Statement

KEPT = (
    "SELECT id, session_id, registration_id, kind, how, at, stated_at, target_id, conflict_of_id, code_hash, number, "
    "flag, decision, body_hash, phone_id, created_at FROM scan_event "
)
OF_PEOPLE = KEPT + "WHERE session_id IN ?list AND registration_id IN ?list"
BY_KEY = KEPT + "WHERE id IN ?list"
WITH_THEIRS = f"""{BY_KEY} UNION {KEPT}WHERE session_id = ? AND registration_id IN
(SELECT registration_id FROM scan_event WHERE id IN ?list)"""  # noqa: S608 - constants of the program
COLUMNS = (
    "id uuid, created_at timestamptz, session_id uuid, registration_id uuid, kind text, target_id uuid, "
    "conflict_of_id uuid, how text, at timestamptz, device_at timestamptz, device text, seq int, user_id uuid, "
    "unknown_code text, body_hash text, flag text, phone_id uuid, code_hash text, sheet_id uuid, row int, number int, "
    "stated_at timestamptz, perf bigint, page text, app_version text, roster_version text, decision text, dated_by text"
)
UNDOS = KEPT + "WHERE target_id IN ?list AND kind = 'undo'"
OTHER_BODIES = KEPT + "WHERE session_id IN ?list AND conflict_of_id IN ?list"
BESIDE = KEPT + "WHERE session_id = ? AND (registration_id IS NULL OR kind = 'undo')"
NAMES = tuple(column.split()[0] for column in COLUMNS.split(", "))
EVENT = Insert("scan_event", COLUMNS)


class KeptMark(NamedTuple):
    """A stored event. Enums are texts, as in their columns."""

    id: UUID
    session_id: UUID
    registration_id: UUID | None
    kind: ScanKind
    how: ScanHow
    at: datetime
    stated_at: datetime | None
    target_id: UUID | None
    conflict_of_id: UUID | None
    code_hash: str
    number: int | None
    flag: ScanFlag
    decision: Decision
    body_hash: str
    phone_id: UUID | None
    created_at: datetime


key_of = sql.as_uuid
KINDS = {one.value: one for one in ScanKind}
HOWS = {one.value: one for one in ScanHow}
FLAGS = {one.value: one for one in ScanFlag}
DECISIONS = {one.value: one for one in Decision}


def key_or_none(value: Any) -> UUID | None:
    return None if value is None else key_of(value)


def moment_of(value: Any) -> datetime:
    """A moment as either engine gives it."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


async def marks_of(session_ids: Iterable[UUID], registration_ids: Collection[UUID]) -> list[KeptMark]:
    return [_mark(row) for row in await sql.reads(OF_PEOPLE, list(session_ids), list(registration_ids))]


async def marks_by_key(keys: Iterable[UUID]) -> dict[UUID, KeptMark]:
    return {mark.id: mark for mark in map(_mark, await sql.reads(BY_KEY, list(keys)))}


async def marks_with_theirs(session_id: UUID, keys: Collection[UUID]) -> list[KeptMark]:
    """These events, and all others of the same people at the session."""
    return [_mark(row) for row in await sql.reads(WITH_THEIRS, list(keys), session_id, list(keys))]


async def marks_beside(session_id: UUID) -> list[KeptMark]:
    """Marks of nobody on the list: nameless cards, companions; and everything taken back."""
    return [_mark(row) for row in await sql.reads(BESIDE, session_id)]


async def other_bodies(session_ids: Collection[UUID], keys: Collection[UUID]) -> list[KeptMark]:
    """Events of these sessions that came under these ids when another body had them."""
    return [_mark(row) for row in await sql.reads(OTHER_BODIES, list(session_ids), list(keys))] if keys else []


async def undos_naming(keys: Collection[UUID]) -> list[KeptMark]:
    """All undos of these events, whether they count or not."""
    return [_mark(row) for row in await sql.reads(UNDOS, list(keys))] if keys else []


async def write_marks(events: Collection[ScanEvent]) -> None:
    """As many statements for fifty as for one. Refuses (IntegrityError) a taken id."""
    if events:
        await sql.write_all([Statement(EVENT, [_values(event) for event in events])])


def _values(event: ScanEvent) -> tuple[Any, ...]:
    code = sealed(ScanEvent, "unknown_code", event.id, event.unknown_code)
    return tuple(code if name == "unknown_code" else getattr(event, name) for name in NAMES)


def _mark(row: Mapping[str, Any]) -> KeptMark:
    """In the order of the columns of `KEPT`."""
    key, session, person, kind, how, at, stated, target, conflict, code, number, flag, decision, body, phone, made = (
        row.values()
    )
    return KeptMark(
        key_of(key),
        key_of(session),
        key_or_none(person),
        KINDS[kind],
        HOWS[how],
        moment_of(at),
        None if stated is None else moment_of(stated),
        key_or_none(target),
        key_or_none(conflict),
        code,
        number,
        FLAGS[flag],
        DECISIONS[decision],
        body,
        key_or_none(phone),
        moment_of(made),
    )
