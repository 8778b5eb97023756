from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from trainings import clock
from trainings.accounts.permissions import can_close_session, can_decide_marks, can_see_roster
from trainings.attendance.models import Device, ScanEvent, ScanHow, ScanKind
from trainings.attendance.projection import (
    KeptMark,
    Stay,
    heads_by_phone,
    heads_of,
    marks_beside,
    marks_of,
    marks_with_theirs,
    standing,
    stay_of,
    undone_among,
    undone_at,
    undone_by,
    unnamed_of,
)
from trainings.attendance.scans import Answer, answer_to
from trainings.audit.actor import Actor
from trainings.db import reads, sql
from trainings.db.prepared import Select
from trainings.db.sql import Statement, as_uuid
from trainings.errors import NotAllowed
from trainings.lib.text import search_text, short_name
from trainings.lib.tokens import show_short_code
from trainings.people.merged import whole_people
from trainings.registrations.cards.queries import SeenCard, seen_at
from trainings.registrations.models import TAKES_PLACE, Registration, RegistrationState
from trainings.schedule.models import Training, TrainingSession, TrainingState
from trainings.schedule.queries import UnknownSession
from trainings.web.i18n import N_
from trainings.web.render import note_practice


class MayNotClose(NotAllowed):
    sentence = N_("Solo quien facilita o coordina puede cerrar la sesión. Pídaselo.")


@dataclass(frozen=True, slots=True)
class Gate:
    session: TrainingSession
    can_close: bool
    can_decide: bool


@dataclass(frozen=True, slots=True)
class Door:
    session: TrainingSession
    facilitators: tuple[str, ...]
    can_close: bool

    @property
    def place(self) -> str:
        return place_of(self.session)


@dataclass(frozen=True, slots=True)
class RosterLine:
    """`how`: of the mark that "Deshacer" takes back. `others`: further registrations of the person here, also
    cancelled.
    """

    number: int
    registration_id: UUID
    name: str
    full_name: str
    community: str
    short_code: str
    registration_state: RegistrationState
    is_of_training: bool
    stay: Stay
    how: ScanHow | None
    others: frozenset[UUID] = frozenset()
    marked_as: UUID | None = None

    @property
    def here_as(self) -> UUID:
        return self.marked_as or self.registration_id

    @property
    def sign_ups(self) -> frozenset[UUID]:
        return self.others | {self.registration_id}

    @property
    def is_here(self) -> bool:
        return self.stay.is_present

    @property
    def state(self) -> str:
        """`missing`, `present`, `left` or `review`."""
        if not self.stay.is_present:
            return "missing"
        if self.stay.to_review:
            return "review"
        return "left" if self.stay.left_at is not None else "present"

    @property
    def is_expected(self) -> bool:
        return self.is_of_training and self.registration_state in TAKES_PLACE


async def session_of(session_id: UUID) -> TrainingSession:
    """Refuses (UnknownSession)."""
    found = await TrainingSession.get_or_none(id=session_id)
    if found is None:
        raise UnknownSession
    return found


def place_of(session: TrainingSession) -> str:
    """Venue with municipality, for staff. Training, hub and venues are loaded."""
    venue = session.venue or session.training.venue
    return f"{venue.name}, {venue.municipality.full_name}" if venue is not None else session.training.hub.seat.full_name


WITH_TRAINING = Select(TrainingSession, "training", where="this.id = ?")
HELD_BY = "SELECT 1 FROM session_facilitator WHERE session_id = ? AND user_id = ? LIMIT 1"


async def gate_of(session_id: UUID, actor: Actor) -> Gate:
    """Refuses (UnknownSession) a session out of the person's scope."""
    found, held = await sql.tables(
        [WITH_TRAINING.asked(session_id), Statement(HELD_BY, (session_id, actor.id))], are_few=True
    )
    if not found:
        raise UnknownSession
    [session], holds = WITH_TRAINING.made(found), bool(held)
    hub_id = session.training.hub_id
    if not can_see_roster(actor, hub_id, is_facilitator=holds):
        raise UnknownSession
    note_practice(session.training.state is TrainingState.PRACTICE)
    return Gate(session, can_close_session(actor, hub_id, is_facilitator=holds), can_decide_marks(actor, hub_id))


async def closing_gate(session_id: UUID, actor: Actor) -> Gate:
    """As `gate_of`; refuses (MayNotClose) people who only take attendance."""
    gate = await gate_of(session_id, actor)
    if not gate.can_close:
        raise MayNotClose
    return gate


AT_THE_DOOR = Select(
    TrainingSession,
    *("training__hub__seat", "training__venue__municipality", "venue__municipality"),
    where="this.id = ?",
)
HOLDERS = """
    SELECT u.name FROM session_facilitator f JOIN app_user u ON u.id = f.user_id WHERE f.session_id = ? ORDER BY f.id
"""


async def door_of(session_id: UUID, actor: Actor) -> Door:
    """As `gate_of`."""
    gate = await gate_of(session_id, actor)
    found, holders = await sql.tables([AT_THE_DOOR.asked(session_id), Statement(HOLDERS, (session_id,))], are_few=True)
    [session] = AT_THE_DOOR.made(found)
    return Door(session, tuple(name for (name,) in holders), gate.can_close)


class _SignUp(NamedTuple):
    id: UUID
    is_of_training: bool
    state: RegistrationState
    short_code: str
    participant_id: UUID
    merged_into_id: UUID | None
    given_names: str
    surnames: str
    community: str
    is_named: bool
    is_here: bool


ON_LIST = """
    SELECT r.id, r.training_id = ?, r.state, r.short_code, r.participant_id, p.merged_into_id, p.given_names,
        p.surnames, p.community, r.training_id = ? OR EXISTS (
            SELECT 1 FROM scan_event e WHERE e.session_id = ? AND e.registration_id = r.id AND e.how = 'camera'
        ), COALESCE(a.is_present, false)
    FROM (
        SELECT id FROM registration WHERE training_id = ?
        UNION SELECT registration_id FROM attendance WHERE session_id = ? AND is_present
    ) AS listed
    JOIN registration r ON r.id = listed.id
    JOIN participant p ON p.id = r.participant_id
    LEFT JOIN attendance a ON a.session_id = ? AND a.registration_id = r.id
    ORDER BY p.name_key, r.id
"""
"""A person who types another training's code on a phone need not hold the ticket: its code stands for the name."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A person of a session's list; `first` of `own` stands for all. `number`: from 1."""

    number: int
    first: _SignUp
    own: Sequence[_SignUp]
    is_here: bool

    @property
    def is_of_training(self) -> bool:
        return self.first.is_of_training

    @property
    def is_expected(self) -> bool:
        return self.is_of_training and self.first.state in TAKES_PLACE

    @property
    def is_named(self) -> bool:
        return any(one.is_named for one in self.own)

    @property
    def search_text(self) -> str:
        first = self.first
        names = (first.given_names, first.surnames, first.community) if self.is_named else ()
        return search_text(*names, *(one.short_code for one in self.own))


async def listed(session: TrainingSession) -> list[Listed]:
    """By name; cancelled people and people of other trainings only where they came. Of several registrations of a
    person, the registration for this training with a place stands for all, else the oldest.
    """
    key = session.training_id
    rows = await sql.tuples(ON_LIST, key, key, session.id, key, session.id, session.id)
    by_name, people = [_sign_up(*row) for row in rows], []
    for own in await _by_person(by_name):
        shown = [one for one in own if one.state is not RegistrationState.CANCELLED or one.is_here]
        if shown:
            first = min(shown, key=lambda one: (not one.is_of_training, one.state not in TAKES_PLACE, one.id))
            people.append((first, own))
    place = {one.id: number for number, one in enumerate(by_name)}
    people.sort(key=lambda one: place[one[0].id])
    return [
        Listed(number, first, own, any(one.is_here for one in own)) for number, (first, own) in enumerate(people, 1)
    ]


async def _by_person(found: Sequence[_SignUp]) -> list[list[_SignUp]]:
    person_of = await persons_of({one.participant_id: one.merged_into_id for one in found})
    together: dict[UUID, list[_SignUp]] = defaultdict(list)
    for one in found:
        together[person_of[one.participant_id]].append(one)
    return list(together.values())


def _sign_up(
    key: Any, is_of_training: Any, state: str, code: str, person: Any, into: Any, given: str, surnames: str, *told: Any
) -> _SignUp:
    community, is_named, is_here = told
    merged_into = into and as_uuid(into)
    return _SignUp(
        *(as_uuid(key), bool(is_of_training), RegistrationState(state), code, as_uuid(person), merged_into),
        *(given, surnames, community, bool(is_named), bool(is_here)),
    )


async def roster(session: TrainingSession) -> list[RosterLine]:
    """Everybody of `listed`."""
    return await lines_of(session, await listed(session))


async def lines_of(session: TrainingSession, people: Sequence[Listed]) -> list[RosterLine]:
    marks = await marks_of([session.id], [one.id for person in people for one in person.own])
    undone, events = (await undone_among(marks))[session.id], defaultdict[UUID | None, list[KeptMark]](list)
    for mark in marks:
        events[mark.registration_id].append(mark)
    return [_line(person, [event for one in person.own for event in events[one.id]], undone) for person in people]


async def persons_of(merged_into: Mapping[UUID, UUID | None]) -> Mapping[UUID, UUID]:
    if any(merged_into.values()):
        return await whole_people(merged_into)
    return {key: key for key in merged_into}


def _line(person: Listed, events: Sequence[KeptMark], undone: Collection[UUID]) -> RosterLine:
    first, stay = person.first, stay_of(events, undone)
    shown = next((one for one in events if one.id == stay.event_id), None)
    code = show_short_code(first.short_code)
    return RosterLine(
        number=person.number,
        registration_id=first.id,
        name=short_name(first.given_names, first.surnames) if person.is_named else code,
        full_name=f"{first.given_names} {first.surnames}".strip() if person.is_named else code,
        community=first.community if person.is_named else "",
        short_code=first.short_code,
        registration_state=first.state,
        is_of_training=person.is_of_training,
        stay=stay,
        how=shown.how if shown else None,
        others=frozenset(one.id for one in person.own if one.id != first.id),
        marked_as=shown.registration_id if shown else None,
    )


async def answer_about(session_id: UUID, event_id: UUID) -> Answer | None:
    """None: the session has no such event."""
    return (await answers_about(session_id, [event_id])).get(event_id)


PEOPLE = Select(Registration, "participant", where="this.id IN ?list", are_few=True)


async def answers_about(session_id: UUID, event_ids: Collection[UUID]) -> dict[UUID, Answer]:
    """As many statements for fifty as for one."""
    marks = [one for one in await marks_with_theirs(session_id, event_ids) if one.session_id == session_id]
    told = [one for one in marks if one.id in set(event_ids)]
    keys = sorted({one.registration_id for one in told if one.registration_id is not None})
    found = await PEOPLE.rows(keys) if keys else ()
    people: dict[UUID | None, Registration] = {one.id: one for one in found}
    events: dict[UUID | None, list[KeptMark]] = defaultdict(list)
    for event in marks:
        if event.registration_id is not None:
            events[event.registration_id].append(event)
    undone = (await undone_among(marks))[session_id]
    nobodys = [one.id for one in told if one.registration_id is None]
    cards = await _cards_shown(session_id, nobodys) if nobodys else {}
    return {
        one.id: answer_to(one, people.get(one.registration_id), events[one.registration_id], undone, cards.get(one.id))
        for one in told
    }


async def _cards_shown(session_id: UUID, event_ids: Collection[UUID]) -> dict[UUID, SeenCard]:
    codes = {one.id: one.unknown_code or "" for one in await reads(ScanEvent).filter(id__in=list(event_ids))}
    cards = await seen_at(await reads(Training).get(sessions__id=session_id), set(codes.values()) - {""})
    return {key: cards[code] for key, code in codes.items() if code in cards}


@dataclass(frozen=True, slots=True)
class Totals:
    """People here, and people expected (confirmed, and everybody present); arrivals by nameless card, and
    companions.
    """

    n_present: int
    n_expected: int
    n_unnamed: int = 0
    n_companions: int = 0


def totals(people: Iterable[Listed | RosterLine]) -> Totals:
    return Totals(
        n_present=sum(one.is_here for one in people),
        n_expected=sum(one.is_expected or one.is_here for one in people),
    )


class Heads(NamedTuple):
    """Several registrations of a person are one head. Here, and expected or here."""

    n_present: int
    n_expected: int


HERE_AND_EXPECTED = """
    SELECT true AS is_here, r.participant_id, p.merged_into_id FROM attendance a
    JOIN registration r ON r.id = a.registration_id JOIN participant p ON p.id = r.participant_id
    WHERE a.session_id = ? AND a.is_present
    UNION ALL SELECT false, r.participant_id, p.merged_into_id FROM registration r
    JOIN participant p ON p.id = r.participant_id
    WHERE r.training_id = ? AND r.state IN ('confirmed', 'offered')
"""
SIGN_UPS = """
    SELECT (SELECT COUNT(*) FROM attendance WHERE session_id = ? AND is_present),
    (SELECT COUNT(*) FROM registration WHERE training_id = ? AND state IN ('confirmed', 'offered'))
"""
"""Each half is counted in an index."""

FEW, SECONDS_KNOWN = 200, 10.0


class _Surplus(NamedTuple):
    """Heads less registrations at a session, cached until then (`clock.ticks`)."""

    until: float
    n_present: int
    n_expected: int


_surplus: dict[UUID, _Surplus] = {}


async def heads_now(session: TrainingSession) -> Heads:
    """For the answer to a scan. In a large hall only registrations are counted anew; the surplus is up to ten seconds
    old.
    """
    [(n_here, n_expected)] = await sql.tuples(SIGN_UPS, session.id, session.training_id)
    if max(n_here, n_expected) <= FEW:
        return (await _counted(session))[0]
    known = _surplus.get(session.id)
    if known is None or known.until < clock.ticks():
        heads, sign_ups = await _counted(session)
        known = _Surplus(
            clock.ticks() + SECONDS_KNOWN,
            heads.n_present - sign_ups.n_present,
            heads.n_expected - sign_ups.n_expected,
        )
        _surplus[session.id] = known
    return Heads(n_here + known.n_present, n_expected + known.n_expected)


async def _counted(session: TrainingSession) -> tuple[Heads, Heads]:
    rows = await sql.tuples(HERE_AND_EXPECTED, session.id, session.training_id)
    merged_into = {sql.as_uuid(key): into and sql.as_uuid(into) for _is_here, key, into in rows}
    person_of = await persons_of(merged_into)
    here = {person_of[sql.as_uuid(key)] for is_here, key, _into in rows if is_here}
    n_here = sum(bool(is_here) for is_here, _key, _into in rows)
    return Heads(len(here), len({person_of[key] for key in merged_into})), Heads(n_here, len(rows) - n_here)


async def totals_of(session: TrainingSession) -> Totals:
    heads, _sign_ups = await _counted(session)
    return Totals(*heads, *(await beside_list(session.id)))


class BesideList(NamedTuple):
    n_unnamed: int
    n_companions: int


async def beside_list(session_id: UUID) -> BesideList:
    marks = await marks_beside(session_id)
    undone = undone_by(marks)
    return BesideList(unnamed_of(marks, undone), heads_of(marks, undone))


@dataclass(frozen=True, slots=True)
class CountedBy:
    phone_id: UUID
    name: str
    n: int
    until: datetime


async def companions_by_phone(session_id: UUID) -> Sequence[CountedBy]:
    heads = await reads(ScanEvent).filter(session_id=session_id, registration_id=None, kind=ScanKind.HEADS)
    if len({one.phone_id for one in heads}) < 2:
        return []
    undone = await undone_at(session_id)
    counted = {key: n for key, n in heads_by_phone(heads, undone).items() if key is not None and n > 0}
    if len(counted) < 2:
        return []
    devices = await reads(Device).filter(id__in=sorted(counted)).order_by("name", "id")
    came: dict[UUID | None, datetime] = {}
    for one in standing(heads, undone):
        came[one.phone_id] = max(one.created_at, came.get(one.phone_id, one.created_at))
    return [CountedBy(one.id, one.name, counted[one.id], came[one.id]) for one in devices]
