from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.accounts.permissions import DESK, EDITORS
from trainings.accounts.queries import names_of
from trainings.attendance.events import card_hash
from trainings.attendance.holders import of_card
from trainings.attendance.models import (
    Attendance,
    Decision,
    Device,
    DeviceSession,
    ScanEvent,
    ScanFlag,
    ScanKind,
    SlipState,
    WalkInSlip,
)
from trainings.attendance.phones.closings import closed_on_phones, early_ends, phones_missing
from trainings.attendance.phones.gaps import ASKED_FOR, Gap, gaps_of
from trainings.attendance.projection import is_counted, undone_by
from trainings.attendance.queries import gate_of
from trainings.attendance.reviews import PEOPLE_KINDS, may_be_given
from trainings.audit.actor import Actor
from trainings.db import reads, sql
from trainings.outreach.heads import waiting_at
from trainings.registrations.models import Card, Registration
from trainings.schedule.models import OF_REAL, SessionFacilitator, TrainingSession
from trainings.schedule.queries import UnknownSession

SHOWN_FOR = timedelta(days=180)
MOST_SESSIONS = 60
MOST_MARKS = 600
"""A phone in the wrong hands makes any number of marks in one session, and must not hide other sessions."""
AT_ONCE = 5_000
"""Keys in one statement, which databases limit."""

# Odd marks without an answer that were not taken back, as `_odd` and `projection.is_counted` have it. An id names one
# mark wherever it was made, so that no session is asked for: databases would look through all of its marks each time.
TAKEN_BACK = """EXISTS (
    SELECT 1 FROM scan_event AS u WHERE u.target_id = {mark} AND u.kind = 'undo'
    AND (u.decision = 'counted' OR (u.decision = '' AND u.flag NOT IN ('revoked', 'other_session')))
)"""
TO_DECIDE = f"""
SELECT COUNT(*) AS n FROM training AS t
JOIN training_session AS s ON s.training_id = t.id JOIN scan_event AS e ON e.session_id = s.id
WHERE t.hub_id IN ?list AND t.state <> 'practice' AND s.starts_at > ? AND e.flag <> '' AND e.decision = ''
AND NOT {TAKEN_BACK.format(mark="e.id")} AND NOT {TAKEN_BACK.format(mark="e.conflict_of_id")}
UNION ALL SELECT COUNT(*) AS n FROM walk_in_slip AS slip
JOIN training_session AS s ON s.id = slip.session_id JOIN training AS t ON t.id = s.training_id
WHERE slip.state = 'waiting' AND t.hub_id IN ?list AND t.state <> 'practice' AND s.starts_at > ?
"""  # noqa: S608 - constants of the program


@dataclass(frozen=True, slots=True)
class Case:
    """Marks decided together: one reason, one person, card, or nobody. `arrived_at`: for departures before the arrival.
    `undoes_closing`: it takes back a closing that took effect, which reopens nothing.
    """

    flag: ScanFlag
    decision: Decision
    events: Sequence[ScanEvent]
    person: Registration | None = None
    card: Card | None = None
    decided_by: str = ""
    arrived_at: datetime | None = None
    undoes_closing: bool = False

    @property
    def ids(self) -> list[UUID]:
        return [one.id for one in self.events]

    @property
    def first(self) -> ScanEvent:
        return self.events[0]

    @property
    def is_about_people(self) -> bool:
        return self.first.kind in PEOPLE_KINDS

    @property
    def names_nobody(self) -> bool:
        return self.is_about_people and self.person is None

    @property
    def counts_now(self) -> bool:
        """Marks of nobody count only as a nameless card, or by decision."""
        if self.names_nobody and self.flag is not ScanFlag.UNNAMED and self.decision is Decision.NONE:
            return False
        return is_counted(self.first)


@dataclass(frozen=True, slots=True)
class Phone:
    """With undecided marks. `can_count`: some name their person, and may be counted together."""

    device: Device
    n: int
    until: datetime
    can_count: bool


@dataclass(frozen=True, slots=True)
class Closing:
    """A phone closed the session at `at`. `ended_at`: the real end of an early closing."""

    at: datetime
    missing: Sequence[Device]
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Review:
    session: TrainingSession
    open: Sequence[Case] = ()
    decided: Sequence[Case] = ()
    phones: Sequence[Phone] = ()
    slips: Sequence[WalkInSlip] = ()
    gaps: Sequence[Gap] = ()
    closing: Closing | None = None
    phone_names: Mapping[UUID, str] = field(default_factory=dict)

    @property
    def n_open(self) -> int:
        return len(self.open) + len(self.slips) + (self.closing is not None)

    @property
    def n_counting_nobody(self) -> int:
        """People, cards and companions that count only by a decision."""
        heads = ScanKind.HEADS
        return sum(not one.counts_now and (one.is_about_people or one.first.kind is heads) for one in self.open)

    @property
    def has_anything(self) -> bool:
        return bool(self.n_open or self.gaps)


async def deciding_gate(session_id: UUID, actor: Actor) -> TrainingSession:
    """Refuses (UnknownSession) people who do not decide."""
    gate = await gate_of(session_id, actor)
    if not gate.can_decide:
        raise UnknownSession
    return gate.session


async def review_of(session: TrainingSession) -> Review:
    return (await reviews_of([session]))[0]


async def reviews_of(sessions: Sequence[TrainingSession]) -> list[Review]:
    """As many statements as for one, except for closings."""
    keys = [one.id for one in sessions]
    cases = await _cases(keys)
    slips: dict[UUID, list[WalkInSlip]] = defaultdict(list)
    waiting = reads(WalkInSlip).filter(session_id__in=keys, state=SlipState.WAITING).order_by("written_at", "id")
    for slip in await waiting.select_related("device"):
        slips[slip.session_id].append(slip)
    gaps, closings = await gaps_of(keys), await _closings(keys)
    names = await _phone_names(case.first for own in cases.values() for case in own)
    return [
        _review(one, cases[one.id], slips[one.id], gaps.get(one.id, ()), closings.get(one.id), names)
        for one in sessions
    ]


def _review(
    session: TrainingSession,
    cases: Sequence[Case],
    slips: Sequence[WalkInSlip],
    gaps: Sequence[Gap],
    closing: Closing | None,
    devices: Mapping[UUID, Device],
) -> Review:
    waiting = [one for one in cases if one.decision is Decision.NONE]
    return Review(
        session=session,
        open=waiting,
        decided=[one for one in cases if one.decision is not Decision.NONE],
        phones=_phones(waiting, devices),
        slips=slips,
        gaps=gaps,
        closing=closing,
        phone_names={key: one.name for key, one in devices.items()},
    )


def _phones(cases: Iterable[Case], devices: Mapping[UUID, Device]) -> list[Phone]:
    events: dict[UUID, list[ScanEvent]] = defaultdict(list)
    n_cases: dict[UUID, set[int]] = defaultdict(set)
    for number, case in enumerate(cases):
        for one in case.events:
            if one.phone_id is not None:
                events[one.phone_id].append(one)
                n_cases[one.phone_id].add(number)
    several = [
        Phone(devices[key], len(own), max(one.created_at for one in own), not all(map(may_be_given, own)))
        for key, own in events.items()
        if len(n_cases[key]) > 1 and key in devices
    ]
    return sorted(several, key=lambda one: (-one.n, one.device.name))


async def _phone_names(events: Iterable[ScanEvent]) -> dict[UUID, Device]:
    keys = {one.phone_id for one in events if one.phone_id is not None}
    return {one.id: one for one in await reads(Device).filter(id__in=sorted(keys))} if keys else {}


# -- cases


async def _cases(session_ids: Sequence[UUID]) -> dict[UUID, list[Case]]:
    odd = await _odd(session_ids)
    of_closings = await _undone_closings(odd)
    together: dict[tuple[object, ...], list[ScanEvent]] = defaultdict(list)
    for one in odd:
        together[*_key(one), one.id in of_closings].append(one)
    cards = await _cards(one for own in together.values() for one in own)
    deciders = await names_of(own[0].decided_by_id for own in together.values())
    arrivals = await _arrivals([own[0] for own in together.values()])
    cases: dict[UUID, list[Case]] = defaultdict(list)
    for own in together.values():
        first = own[0]
        cases[first.session_id].append(
            Case(
                flag=first.flag,
                decision=first.decision,
                events=own,
                person=first.registration,
                card=cards.get(first.code_hash),
                decided_by=deciders.get(first.decided_by_id, "") if first.decided_by_id else "",
                arrived_at=arrivals.get((first.session_id, first.registration_id)),
                undoes_closing=first.id in of_closings,
            )
        )
    return cases


async def _odd(session_ids: Sequence[UUID]) -> list[ScanEvent]:
    """A session with very many marks gives its earliest waiting and its earliest decided marks."""
    undos = await reads(ScanEvent).filter(session_id__in=list(session_ids), kind=ScanKind.UNDO)
    undone = {key: undone_by([one for one in undos if one.session_id == key]) for key in session_ids}
    here = Q(~Q(flag=ScanFlag.NONE) | ~Q(decision=Decision.NONE), session_id__in=list(session_ids))
    columns = ("id", "session_id", "conflict_of_id", "decision")
    of: dict[tuple[UUID, bool], list[UUID]] = defaultdict(list)
    for key, session_id, first, decision in (
        await reads(ScanEvent).filter(here).order_by("at", "id").values_list(*columns)
    ):
        if key not in undone[session_id] and first not in undone[session_id]:
            of[session_id, decision == Decision.NONE].append(key)
    keys = [key for own in of.values() for key in own[:MOST_MARKS]]
    found: list[ScanEvent] = []
    for start in range(0, len(keys), AT_ONCE):
        part = reads(ScanEvent).filter(id__in=keys[start : start + AT_ONCE])
        found += await part.prefetch_related("registration__participant", "sheet")
    return sorted(found, key=lambda one: (one.at, one.id))


def _key(event: ScanEvent) -> tuple[object, ...]:
    """Groups by reason, answer and person; for companions and the like, by phone and kind."""
    whom: object = event.registration_id or event.code_hash
    if not whom:
        whom = (event.kind, event.phone_id) if event.kind not in PEOPLE_KINDS else event.id
    return event.session_id, event.flag, event.decision, whom


async def _cards(events: Iterable[ScanEvent]) -> dict[str, Card]:
    shown = sorted({one.code_hash for one in events if one.code_hash and one.registration_id is None})
    found = {}
    for start in range(0, len(shown), 100):
        part = shown[start : start + 100]
        begins = Q(*map(of_card, part), join_type=Q.OR)
        found.update({card_hash(card.qr_hash): card for card in await reads(Card).filter(begins)})
    return found


async def _arrivals(events: Iterable[ScanEvent]) -> dict[tuple[UUID, UUID | None], datetime]:
    early = {(one.session_id, one.registration_id) for one in events if one.flag is ScanFlag.BEFORE_ARRIVAL}
    if not early:
        return {}
    people = sorted({key for _session_id, key in early if key is not None})
    rows = reads(Attendance).filter(session_id__in=sorted({key for key, _person in early}), registration_id__in=people)
    return {(one.session_id, one.registration_id): one.arrived_at for one in await rows if one.arrived_at is not None}


async def _undone_closings(events: Iterable[ScanEvent]) -> set[UUID]:
    targets = {one.target_id: one.id for one in events if one.kind is ScanKind.UNDO and one.registration_id is None}
    keys = sorted(key for key in targets if key is not None)
    closings = reads(ScanEvent).filter(id__in=keys, kind=ScanKind.CLOSE) if keys else None
    return {targets[key] for (key,) in await closings.values_list("id")} if closings is not None else set()


async def _closings(session_ids: Collection[UUID]) -> dict[UUID, Closing]:
    closed = await closed_on_phones(session_ids)
    ended = await early_ends(closed) if closed else {}
    return {key: Closing(at, await phones_missing(key, at), ended.get(key)) for key, at in closed.items()}


# -- all sessions of somebody


WITH_ODD_MARKS = """
    SELECT DISTINCT e.session_id FROM scan_event e JOIN training_session s ON s.id = e.session_id
    WHERE e.flag <> '' AND e.decision = '' AND s.starts_at > ?
"""
"""In the words of the index of marks that nobody decided, which SQLite finds by no value."""


async def sessions_to_review(actor: Actor) -> list[Review]:
    """In scope, with something waiting or missing, latest first, at most 60."""
    now = clock.now()
    keys = {sql.as_uuid(key) for (key,) in await sql.tuples(WITH_ODD_MARKS, now - SHOWN_FOR)}
    waiting = reads(WalkInSlip).filter(state=SlipState.WAITING, session__starts_at__gt=now - SHOWN_FOR)
    keys |= {key for (key,) in await waiting.distinct().values_list("session_id")}
    bound = reads(DeviceSession).filter(session__starts_at__gt=now - ASKED_FOR, session__starts_at__lte=now)
    keys |= {key for (key,) in await bound.distinct().values_list("session_id")}
    sessions = reads(TrainingSession).filter(OF_REAL, await _in_scope(actor), id__in=sorted(keys))
    found = await sessions.order_by("-starts_at", "id").limit(MOST_SESSIONS).prefetch_related("training__hub")
    return [one for one in await reviews_of(found) if one.has_anything]


async def n_to_decide(actor: Actor) -> int:
    hubs, since = sorted(actor.hubs_with(EDITORS)), clock.now() - SHOWN_FOR
    n_heads = sum((await waiting_at(hubs, since)).values())
    counted = await sql.tuples(TO_DECIDE, hubs, since, hubs, since)
    return n_heads + sum(int(n) for (n,) in counted)


async def _in_scope(actor: Actor) -> Q:
    held = reads(SessionFacilitator).filter(user_id=actor.id).values_list("session_id")
    return Q(training__hub_id__in=sorted(actor.hubs_with(DESK))) | Q(id__in=[key for (key,) in await held])
