from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from trainings import clock
from trainings.attendance.models import Attendance, Decision, ScanEvent, ScanFlag, ScanHow, ScanKind
from trainings.db import reads, sealed, sql
from trainings.db.prepared import Select
from trainings.db.sql import Insert, Statement
from trainings.registrations.models import Registration
from trainings.schedule.models import TrainingSession


def names_in(columns: str) -> tuple[str, ...]:
    """Of columns with their types, as `Insert` takes them."""
    return tuple(column.split()[0] for column in columns.split(", "))


KEPT = (
    "SELECT id, session_id, registration_id, kind, how, at, stated_at, target_id, conflict_of_id, code_hash, number, "
    "flag, decision, body_hash, phone_id, created_at FROM scan_event "
)
OF_PEOPLE = KEPT + "WHERE session_id IN ?list AND registration_id IN ?list"
BY_KEY = KEPT + "WHERE id IN ?list"
WITH_THEIRS = f"""{BY_KEY} UNION {KEPT}WHERE session_id = ? AND registration_id IN
(SELECT registration_id FROM scan_event WHERE id IN ?list)"""  # noqa: S608 - constants of the program
EVENT_COLUMNS = (
    "id uuid, created_at timestamptz, session_id uuid, registration_id uuid, kind text, target_id uuid, "
    "conflict_of_id uuid, how text, at timestamptz, device_at timestamptz, seq int, user_id uuid, "
    "unknown_code text, body_hash text, flag text, phone_id uuid, code_hash text, sheet_id uuid, row int, number int, "
    "stated_at timestamptz, perf bigint, page text, app_version text, roster_version text, decision text, dated_by text"
)
UNDOS = KEPT + "WHERE target_id IN ?list AND kind = 'undo'"
OTHER_BODIES = KEPT + "WHERE session_id IN ?list AND conflict_of_id IN ?list"
BESIDE = KEPT + "WHERE session_id = ? AND (registration_id IS NULL OR kind = 'undo')"
NAMES = names_in(EVENT_COLUMNS)
EVENT = Insert("scan_event", EVENT_COLUMNS)


class KeptMark(NamedTuple):
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
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


async def marks_of(session_ids: Iterable[UUID], registration_ids: Collection[UUID]) -> list[KeptMark]:
    return [_mark(row) for row in await sql.reads(OF_PEOPLE, list(session_ids), list(registration_ids))]


async def marks_by_key(keys: Iterable[UUID]) -> dict[UUID, KeptMark]:
    return {mark.id: mark for mark in map(_mark, await sql.reads(BY_KEY, list(keys)))}


async def marks_with_theirs(session_id: UUID, keys: Collection[UUID]) -> list[KeptMark]:
    return [_mark(row) for row in await sql.reads(WITH_THEIRS, list(keys), session_id, list(keys))]


async def marks_beside(session_id: UUID) -> list[KeptMark]:
    return [_mark(row) for row in await sql.reads(BESIDE, session_id)]


async def other_bodies(session_ids: Collection[UUID], keys: Collection[UUID]) -> list[KeptMark]:
    """Events that came under these ids when another body had them."""
    return [_mark(row) for row in await sql.reads(OTHER_BODIES, list(session_ids), list(keys))] if keys else []


async def undos_naming(keys: Collection[UUID]) -> list[KeptMark]:
    return [_mark(row) for row in await sql.reads(UNDOS, list(keys))] if keys else []


async def write_marks(events: Collection[ScanEvent]) -> None:
    """As many statements for fifty as for one. Refuses (IntegrityError) a taken id."""
    if events:
        await sql.write_all([Statement(EVENT, [_values(event) for event in events])])


def _values(event: ScanEvent) -> tuple[Any, ...]:
    code = sealed(ScanEvent, "unknown_code", event.id, event.unknown_code)
    return tuple(code if name == "unknown_code" else getattr(event, name) for name in NAMES)


def _mark(row: Mapping[str, Any]) -> KeptMark:
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


ARRIVALS = frozenset({ScanKind.IN, ScanKind.WALK_IN})
DEPARTURES = frozenset({ScanKind.OUT, ScanKind.LEFT})
ODD_ARRIVALS = frozenset(
    {
        ScanFlag.WAITLISTED,
        ScanFlag.HELD,
        ScanFlag.CANCELLED,
        ScanFlag.OTHER_TRAINING,
        ScanFlag.CHANGED_BODY,
        ScanFlag.REPLACED,
    }
)
"""Flags that make a person "present, to be reviewed"; clocks and late marks are reviewed apart."""

WAIT_FOR_DECISION = frozenset({ScanFlag.REVOKED, ScanFlag.OTHER_SESSION})
"""Such events count only by a decision: their phone was not, or no longer, prepared for them."""


class Mark(Protocol):
    @property
    def id(self) -> UUID: ...
    @property
    def registration_id(self) -> UUID | None: ...
    @property
    def kind(self) -> ScanKind: ...
    @property
    def how(self) -> ScanHow: ...
    @property
    def at(self) -> datetime: ...
    @property
    def stated_at(self) -> datetime | None: ...
    @property
    def target_id(self) -> UUID | None: ...
    @property
    def conflict_of_id(self) -> UUID | None: ...
    @property
    def code_hash(self) -> str: ...
    @property
    def number(self) -> int | None: ...
    @property
    def phone_id(self) -> UUID | None: ...
    @property
    def flag(self) -> ScanFlag: ...
    @property
    def decision(self) -> Decision: ...


M = TypeVar("M", bound=Mark)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One person at one session. `event_id`: the event behind its state. `seen_at`: first seen, which the signed paper
    does not say. `unseen_departure_id`: a departure without an arrival.
    """

    arrived_at: datetime | None = None
    seen_at: datetime | None = None
    left_at: datetime | None = None
    to_review: bool = False
    event_id: UUID | None = None
    unseen_departure_id: UUID | None = None

    @property
    def is_present(self) -> bool:
        return self.arrived_at is not None

    @property
    def left_unseen(self) -> bool:
        return self.left_at is not None and self.seen_at is not None and self.left_at < self.seen_at


def is_counted(event: Mark) -> bool:
    """Events put aside never count, undecided events not yet."""
    if event.decision is Decision.NONE:
        return event.flag not in WAIT_FOR_DECISION
    return event.decision is Decision.COUNTED


def undone_by(events: Iterable[Mark]) -> set[UUID]:
    """Ids taken back, also of events that have not come in yet."""
    undos = (event for event in events if event.kind is ScanKind.UNDO and is_counted(event))
    return {event.target_id for event in undos if event.target_id is not None}


def standing(events: Iterable[M], undone: Collection[UUID]) -> list[M]:
    """Events that count and were not taken back. An undo takes back everything under its id."""
    return [
        event for event in events if is_counted(event) and event.id not in undone and event.conflict_of_id not in undone
    ]


def stay_of(events: Iterable[Mark], undone: Collection[UUID]) -> Stay:
    """A person with a standing arrival is present, from the earliest one. The latest departure counts unless the person
    came back after it was said. LEFT states its time, another departure is its own time. A line of the signed paper
    is an arrival, never a return. Decided events are not reviewed again.
    """
    left = standing(events, undone)
    arrivals = sorted((event for event in left if event.kind in ARRIVALS), key=_in_time)
    departure = max((event for event in left if event.kind in DEPARTURES), key=_in_time, default=None)
    if not arrivals:
        return Stay(unseen_departure_id=departure.id if departure is not None else None)
    returns = [event.at for event in arrivals if event.how is not ScanHow.SHEET]
    has_left = departure is not None and (not returns or departure.at > returns[-1])
    return Stay(
        arrived_at=arrivals[0].at,
        seen_at=returns[0] if returns else None,
        left_at=(departure.stated_at or departure.at) if departure is not None and has_left else None,
        to_review=any(event.flag in ODD_ARRIVALS and event.decision is Decision.NONE for event in arrivals),
        event_id=(departure if departure is not None and has_left else arrivals[0]).id,
    )


def departures_to_look_at(events: Iterable[M], stay: Stay) -> list[tuple[M, ScanFlag]]:
    """Departures of a stay whose flag changes: the counting departure is odd before the arrival, or where no arrival
    was seen. Decisions stay, and flags with another reason.
    """
    found = []
    for event in events:
        if event.kind in DEPARTURES and event.decision is Decision.NONE:
            is_early = event.id == (stay.event_id if stay.left_unseen else stay.unseen_departure_id)
            wanted = ScanFlag.BEFORE_ARRIVAL if is_early else ScanFlag.NONE
            if event.flag in (ScanFlag.NONE, ScanFlag.BEFORE_ARRIVAL) and event.flag is not wanted:
                found.append((event, wanted))
    return found


def _in_time(event: Mark) -> tuple[datetime, datetime, UUID, UUID]:
    # Two words about a departure in the same moment: the later departure, whatever the order they came in. Of two that
    # came under one id the second was given another.
    return event.at, event.stated_at or event.at, event.conflict_of_id or event.id, event.id


def heads_of(events: Iterable[Mark], undone: Collection[UUID]) -> int:
    """Companions without a card: the sum of all phones, at least 0. A phone prepared anew takes back its old counts
    under another key, so phones are not summed one by one.
    """
    return max(0, sum(heads_by_phone(events, undone).values()))


def heads_by_phone(events: Iterable[Mark], undone: Collection[UUID]) -> dict[UUID | None, int]:
    """Never below 0 where some heads were put aside: the phone may take back those same heads."""
    heads = [event for event in events if event.kind is ScanKind.HEADS]
    counted: dict[UUID | None, int] = defaultdict(int)
    for event in standing(heads, undone):
        counted[event.phone_id] += event.number or 0
    for phone_id in {event.phone_id for event in heads if event.decision is Decision.DISMISSED}:
        counted[phone_id] = max(0, counted[phone_id])
    return dict(counted)


def unnamed_of(events: Iterable[Mark], undone: Collection[UUID]) -> int:
    return len(unnamed_stays(events, undone))


def unnamed_stays(events: Iterable[Mark], undone: Collection[UUID]) -> dict[str, Stay]:
    """Arrivals without a name: nameless cards, and what staff decided to count. By the beginning of the card's digest,
    or by event.
    """
    by_card: dict[str, list[Mark]] = defaultdict(list)
    for event in events:
        if event.registration_id is None and (event.flag is ScanFlag.UNNAMED or event.decision is Decision.COUNTED):
            by_card[event.code_hash or str(event.id)].append(event)
    stays = {key: stay_of(own, undone) for key, own in by_card.items()}
    return {key: stay for key, stay in stays.items() if stay.is_present}


def counts(session: TrainingSession) -> bool:
    """The session was closed or ended, and is not cancelled."""
    if not session.is_on:
        return False
    return session.closed_at is not None or clock.now() >= session.ends_at


def minutes_of(session: TrainingSession, stay: Stay) -> int:
    """Whole minutes: the whole session as held, or from its start to the departure."""
    if not stay.is_present or not counts(session):
        return 0
    until = session.held_until if stay.left_at is None else min(stay.left_at, session.held_until)
    return max(0, int((until - session.starts_at).total_seconds() // 60))


async def project(session: TrainingSession, registration_ids: Collection[UUID]) -> None:
    """In the caller's transaction."""
    await project_all({session.id: session}, {session.id: registration_ids})


async def project_all(sessions: Mapping[UUID, TrainingSession], touched: Mapping[UUID, Collection[UUID]]) -> None:
    """In as many statements as for one session."""
    people = sorted({key for keys in touched.values() for key in keys})
    if not people:
        return
    marks = await marks_of(touched, people)
    undone = await undone_among(marks)
    events: dict[tuple[UUID, UUID], list[Mark]] = defaultdict(list)
    for event in marks:
        assert event.registration_id is not None
        events[event.session_id, event.registration_id].append(event)
    pairs = [(session_id, key) for session_id, keys in touched.items() for key in keys]
    stays = {pair: stay_of(events[pair], undone[pair[0]]) for pair in pairs}
    await _look_at_departures([one for pair in pairs for one in departures_to_look_at(events[pair], stays[pair])])
    await _keep({pair: _columns(sessions[pair[0]], stay) for pair, stay in stays.items()})


async def _look_at_departures(changes: Iterable[tuple[Mark, ScanFlag]]) -> None:
    keys: dict[ScanFlag, list[UUID]] = defaultdict(list)
    for event, flag in changes:
        keys[flag].append(event.id)
    for flag, own in keys.items():
        await ScanEvent.filter(id__in=own).update(flag=flag)


STAY_COLUMNS = (
    "id uuid, created_at timestamptz, session_id uuid, registration_id uuid, is_present bool, arrived_at timestamptz, "
    "left_at timestamptz, minutes int, to_review bool"
)
STAY_NAMES, NEW_STAY = names_in(STAY_COLUMNS), Insert("attendance", STAY_COLUMNS)
STAYS = Select(Attendance, where="this.session_id IN ?list AND this.registration_id IN ?list", are_few=True)


async def _keep(wanted: Mapping[tuple[UUID, UUID], dict[str, Any]]) -> None:
    sessions, people = {session_id for session_id, _key in wanted}, {key for _session_id, key in wanted}
    kept = await STAYS.rows(sorted(sessions), sorted(people))
    rows = {(one.session_id, one.registration_id): one for one in kept}
    new, changed = [], []
    for pair, columns in wanted.items():
        attendance = rows.get(pair)
        if attendance is None:
            new.append(Attendance(session_id=pair[0], registration_id=pair[1], **columns))
        elif any(getattr(attendance, name) != value for name, value in columns.items()):
            changed.append(attendance.update_from_dict(columns))
    written = [Statement(NEW_STAY, [_values_of(one, STAY_NAMES) for one in new])]
    await sql.write_all([*written, Statement(KEEP_STAY, [row_of(one, COLUMNS) for one in changed])])


async def undone_at(session_id: UUID) -> set[UUID]:
    """Also ids of events that have not come in yet."""
    return undone_by(await reads(ScanEvent).filter(session_id=session_id, kind=ScanKind.UNDO))


async def undone_among(marks: Collection[KeptMark]) -> dict[UUID, set[UUID]]:
    """The same work however many other marks the sessions have."""
    named = {mark.id for mark in marks} | {mark.conflict_of_id for mark in marks if mark.conflict_of_id is not None}
    undos: dict[UUID, list[KeptMark]] = defaultdict(list)
    for undo in await undos_naming(named):
        undos[undo.session_id].append(undo)
    return defaultdict(set, {session_id: undone_by(own) for session_id, own in undos.items()})


COLUMNS = ("is_present", "arrived_at", "left_at", "minutes", "to_review")
KEEP_STAY = "UPDATE attendance SET is_present = ?, arrived_at = ?, left_at = ?, minutes = ?, to_review = ? WHERE id = ?"


def row_of(kept: Attendance | Registration, columns: Iterable[str]) -> list[Any]:
    return [*_values_of(kept, columns), kept.id]


def _values_of(kept: Attendance | Registration, columns: Iterable[str]) -> list[Any]:
    values = (getattr(kept, name) for name in columns)
    return [one.astimezone(UTC) if isinstance(one, datetime) else one for one in values]


def _columns(session: TrainingSession, stay: Stay) -> dict[str, Any]:
    return {
        "is_present": stay.is_present,
        "arrived_at": stay.arrived_at,
        "left_at": stay.left_at,
        "minutes": minutes_of(session, stay),
        "to_review": stay.to_review,
    }
