from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
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
    marks_of_session,
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
    search_text: str
    others: frozenset[UUID] = frozenset()
    marked_as: UUID | None = None

    @property
    def here_as(self) -> UUID:
        return self.marked_as or self.registration_id

    @property
    def sign_ups(self) -> frozenset[UUID]:
        return self.others | {self.registration_id}

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
    training_id: UUID
    state: RegistrationState
    short_code: str
    participant_id: UUID
    merged_into_id: UUID | None
    given_names: str
    surnames: str
    community: str


ON_LIST = """
    SELECT r.id, r.training_id, r.state, r.short_code, r.participant_id, p.merged_into_id, p.given_names, p.surnames,
        p.community
    FROM registration r JOIN participant p ON p.id = r.participant_id WHERE r.training_id = ? OR r.id IN ?list
"""


async def roster(session: TrainingSession) -> list[RosterLine]:
    """By name; cancelled people and people of other trainings only where they came. Of several registrations of a
    person, the registration for this training with a place stands for all, else the oldest.
    """
    marks = await marks_of_session(session.id)
    undone, events = undone_by(marks), defaultdict[UUID | None, list[KeptMark]](list)
    for mark in marks:
        events[mark.registration_id].append(mark)
    came = {key for key, own in events.items() if key is not None and stay_of(own, undone).is_present}
    people = []
    for own in await _by_person(await sql.tuples(ON_LIST, session.training_id, sorted(came))):
        shown = [one for one in own if one.state is not RegistrationState.CANCELLED or one.id in came]
        if shown:
            people.append((_who_stands(shown, session), own))
    people.sort(key=lambda one: (search_text(one[0].given_names, one[0].surnames), one[0].id))
    lines = []
    for number, (first, own) in enumerate(people, start=1):
        theirs = [event for one in own for event in events.get(one.id, ())]
        lines.append(_line(number, first, own, stay_of(theirs, undone), {event.id: event for event in theirs}, session))
    return lines


async def _by_person(rows: sql.Table) -> list[list[_SignUp]]:
    found = [_sign_up(*row) for row in rows]
    person_of = await persons_of({one.participant_id: one.merged_into_id for one in found})
    together: dict[UUID, list[_SignUp]] = defaultdict(list)
    for one in found:
        together[person_of[one.participant_id]].append(one)
    return list(together.values())


def _sign_up(key: Any, training: Any, state: str, code: str, person: Any, into: Any, *told: str) -> _SignUp:
    merged_into = into and as_uuid(into)
    return _SignUp(as_uuid(key), as_uuid(training), RegistrationState(state), code, as_uuid(person), merged_into, *told)


async def persons_of(merged_into: Mapping[UUID, UUID | None]) -> Mapping[UUID, UUID]:
    if any(merged_into.values()):
        return await whole_people(merged_into)
    return {key: key for key in merged_into}


def _who_stands(own: Sequence[_SignUp], session: TrainingSession) -> _SignUp:
    return min(own, key=lambda one: (one.training_id != session.training_id, one.state not in TAKES_PLACE, one.id))


def _line(
    number: int,
    registration: _SignUp,
    own: Sequence[_SignUp],
    stay: Stay,
    marks: Mapping[UUID, KeptMark],
    session: TrainingSession,
) -> RosterLine:
    others = [one for one in own if one.id != registration.id]
    shown = marks.get(stay.event_id) if stay.event_id else None
    is_of_training = registration.training_id == session.training_id
    # A person who types another training's code on a phone need not hold the ticket: its code stands for the name.
    is_named = is_of_training or any(one.how is ScanHow.CAMERA for one in marks.values())
    code = show_short_code(registration.short_code)
    return RosterLine(
        number=number,
        registration_id=registration.id,
        name=short_name(registration.given_names, registration.surnames) if is_named else code,
        full_name=f"{registration.given_names} {registration.surnames}".strip() if is_named else code,
        community=registration.community if is_named else "",
        short_code=registration.short_code,
        registration_state=registration.state,
        is_of_training=is_of_training,
        stay=stay,
        how=shown.how if shown else None,
        search_text=search_text(
            *((registration.given_names, registration.surnames, registration.community) if is_named else ()),
            *(one.short_code for one in (registration, *others)),
        ),
        others=frozenset(one.id for one in others),
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


def totals(lines: list[RosterLine]) -> Totals:
    return Totals(
        n_present=sum(line.stay.is_present for line in lines),
        n_expected=sum(line.is_expected or line.stay.is_present for line in lines),
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
