"""When a mark was made, what is odd about it, and what its person at the door is told. Only the mark and what is sent
with it tell its time: the order of arrival changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from trainings.attendance.models import DatedBy, Decision, ScanEvent, ScanFlag, ScanHow, ScanKind
from trainings.attendance.projection import ARRIVALS, KeptMark, stay_of
from trainings.registrations.cards.queries import SeenCard
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.models import TrainingSession

CLOCK_TOLERANCE = timedelta(minutes=5)
DOOR_OPENS = timedelta(hours=3)
"""A scan is not odd this long before and after a session."""

NOTHING_ODD = frozenset(
    {ScanFlag.NONE, ScanFlag.CLOCK, ScanFlag.AFTER_CLOSE, ScanFlag.SESSION_OFF, ScanFlag.BEFORE_ARRIVAL}
)
"""Flags not told at the door."""


class Outcome(StrEnum):
    PRESENT = "present"
    ALREADY = "already"
    LEFT = "left"
    UNDONE = "undone"
    REVIEW = "review"
    CARD = "card"
    UNKNOWN_CODE = "unknown_code"


@dataclass(frozen=True, slots=True)
class Answer:
    """`registration`: the event counts for it; None: an unknown code. `event_id`: what an undo would take back now.
    `card`: a card without a registration. `arrived_at` of an undo: another arrival by which the person is still
    here.
    """

    id: UUID
    outcome: Outcome
    registration: Registration | None = None
    arrived_at: datetime | None = None
    flag: ScanFlag = ScanFlag.NONE
    event_id: UUID | None = None
    card: SeenCard | None = None


class Registered(Protocol):
    @property
    def training_id(self) -> UUID: ...
    @property
    def state(self) -> RegistrationState: ...


@dataclass(frozen=True, slots=True)
class Holder:
    """A registered person, a nameless card (`is_card`), or nobody. `is_replaced`: the ticket was printed anew."""

    registration: Registered | None = None
    is_replaced: bool = False
    is_card: bool = False


NOBODY = Holder()

ODD_STATES = {
    RegistrationState.WAITLISTED: ScanFlag.WAITLISTED,
    RegistrationState.HELD: ScanFlag.HELD,
    RegistrationState.CANCELLED: ScanFlag.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class When:
    """`at`: by our clock. `stated_at`: when the person left, as said. `has_clock`: False for the signed paper."""

    at: datetime
    offset: timedelta
    now: datetime | None = None
    stated_at: datetime | None = None
    has_clock: bool = True


def when_of(event: ScanEvent) -> When:
    offset = event.at - event.device_at
    return When(event.at, offset, event.created_at, event.stated_at, has_clock=event.how is not ScanHow.SHEET)


def flag_of(holder: Holder, session: TrainingSession, when: When) -> ScanFlag:
    """The phone has the same rule (static/js/marcar/rules.js); tests/attendance/cases.json holds both to it."""
    person = holder.registration
    if person is None:
        return ScanFlag.UNNAMED if holder.is_card else ScanFlag.UNKNOWN_CODE
    if person.training_id != session.training_id:
        return ScanFlag.OTHER_TRAINING
    if person.state in ODD_STATES:
        return ODD_STATES[person.state]
    if holder.is_replaced:
        return ScanFlag.REPLACED
    return flag_of_time(session, when)


def flag_of_time(session: TrainingSession, when: When) -> ScanFlag:
    if not session.is_on:
        return ScanFlag.SESSION_OFF
    if session.closed_at is not None:
        # Whatever its time: certificates may have been computed without it.
        return ScanFlag.AFTER_CLOSE
    return flag_of_clock(session, when)


def flag_of_clock(session: TrainingSession, when: When) -> ScanFlag:
    """A wrong clock, or a time outside the session."""
    is_early_or_late = not (session.starts_at - DOOR_OPENS <= when.at <= session.held_until + DOOR_OPENS)
    is_ahead = when.now is not None and when.at > when.now + CLOCK_TOLERANCE
    said = when.stated_at
    # Nobody leaves a session before it begins, or later than it is said.
    is_stated_oddly = said is not None and not session.starts_at <= said <= when.at + CLOCK_TOLERANCE
    is_clock_odd = when.has_clock and (abs(when.offset) > CLOCK_TOLERANCE or is_early_or_late or is_ahead)
    return ScanFlag.CLOCK if is_clock_odd or is_stated_oddly else ScanFlag.NONE


def answer_to(
    event: KeptMark,
    registration: Registration | None,
    events: Iterable[KeptMark],
    undone: Collection[UUID],
    card: SeenCard | None = None,
) -> Answer:
    """`events`: the person's at the session."""
    if event.kind is ScanKind.UNDO:
        is_of_arrival = any(one.id == event.target_id and one.kind in ARRIVALS for one in events)
        still = stay_of(events, undone).arrived_at if is_of_arrival else None
        return Answer(event.id, Outcome.UNDONE, registration, still, event.flag)
    if event.id in undone or event.conflict_of_id in undone:
        # Sent again, perhaps from an old page: "present" would lose the person at the door.
        return Answer(event.id, Outcome.UNDONE, registration, flag=event.flag)
    if registration is None:
        is_card = event.flag is ScanFlag.UNNAMED or (card is not None and card.is_usable)
        outcome = Outcome.CARD if is_card else Outcome.UNKNOWN_CODE
        return Answer(event.id, outcome, flag=event.flag, card=card)
    stay = stay_of(events, undone)
    earlier = [one for one in events if (one.created_at, one.id) < (event.created_at, event.id)]
    before = stay_of([one for one in earlier if one.id != event.id], undone)
    outcome = _outcome(event, was_present=before.is_present and before.left_at is None)
    return Answer(event.id, outcome, registration, stay.arrived_at, event.flag, stay.event_id)


def _outcome(event: KeptMark, *, was_present: bool) -> Outcome:
    if event.kind not in ARRIVALS:
        return Outcome.LEFT
    if event.flag not in NOTHING_ODD and not was_present:
        return Outcome.REVIEW
    return Outcome.ALREADY if was_present else Outcome.PRESENT


CAME: frozenset[str] = frozenset(ARRIVALS)
AT_THE_END: frozenset[str] = frozenset({ScanKind.OUT, ScanKind.LEFT, ScanKind.CLOSE})
OF_THE_TIME = frozenset({ScanFlag.NONE, ScanFlag.CLOCK, ScanFlag.BEFORE_ARRIVAL})
"""Flags that follow from a mark's time, and the flag computed with attendance."""
OF_THE_SESSION = OF_THE_TIME | {ScanFlag.SESSION_OFF}
TRUTH = (DatedBy.SESSION, DatedBy.PAGE, DatedBy.CLOCK)
NEEDED = (
    *("id", "created_at", "session_id", "registration_id", "kind", "how", "target_id", "conflict_of_id"),
    *("at", "device_at", "stated_at", "dated_by", "flag", "decision"),
)


class Made(Protocol):
    """What dates an event. `perf`: milliseconds since its page was opened."""

    @property
    def kind(self) -> str: ...
    @property
    def how(self) -> ScanHow: ...
    @property
    def at(self) -> datetime: ...
    @property
    def stated_at(self) -> datetime | None: ...
    @property
    def perf(self) -> int | None: ...
    @property
    def page(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Reading:
    page: str
    perf: int
    at: datetime


class Dated(NamedTuple):
    at: datetime
    by: DatedBy

    def is_truer_than(self, known: Dated) -> bool:
        """A repeated mark knows its time better. A counter may stand still while a phone sleeps and never hurries: the
        earlier of two. A clock set right in between was behind: the later of two. Minutes are no difference.
        """
        if self.by is not known.by:
            return TRUTH.index(self.by) > TRUTH.index(known.by)
        later = self.at - known.at
        gained = {DatedBy.CLOCK: later, DatedBy.PAGE: -later}.get(self.by, timedelta())
        return gained > CLOCK_TOLERANCE


@dataclass(frozen=True, slots=True)
class Moments:
    """`offset`: our clock minus the sender's. `sent`: the counter of the sending page, where known. A clock set right
    in between leaves earlier marks at impossible times: before the phone was prepared, or after they came in.
    """

    prepared_at: datetime | None
    offset: timedelta
    now: datetime
    sent: Reading | None = None

    def of(self, event: Made, session: TrainingSession, came_at: datetime | None = None) -> Dated:
        """`came_at`: first arrival, unless that is now. Where nothing tells the time, as the session was. A line of the
        signed paper says that a person came, not when.
        """
        if is_line(event.kind, event.how):
            return Dated(session.starts_at, DatedBy.SESSION)
        at, latest = event.at + self.offset, (came_at or self.now) + CLOCK_TOLERANCE
        since = (self.prepared_at or session.created_at) - DOOR_OPENS
        is_near = session.starts_at - DOOR_OPENS <= at <= session.held_until + DOOR_OPENS
        # Near its session it may be of when the same phone was prepared as another; after it came in it never is.
        if at <= latest and (is_near or since <= at):
            return Dated(at, DatedBy.CLOCK)
        counted = self._counted(event)
        if counted is not None and since <= counted <= latest:
            return Dated(counted, DatedBy.PAGE)
        return Dated(as_held(event.kind, session), DatedBy.SESSION)

    def stated(self, event: Made, dated: Dated) -> datetime | None:
        if event.stated_at is None or dated.by is DatedBy.SESSION:
            return None
        return event.stated_at + (dated.at - event.at)

    def _counted(self, event: Made) -> datetime | None:
        if self.sent is None or event.perf is None or event.page != self.sent.page:
            return None
        return self.sent.at + timedelta(milliseconds=event.perf - self.sent.perf)


def is_line(kind: str, how: ScanHow) -> bool:
    return how is ScanHow.SHEET and kind in CAME


def as_held(kind: str, session: TrainingSession) -> datetime:
    """The time of a mark that nothing else dates: the session's start, or its end for a departure."""
    return session.held_until if kind in AT_THE_END else session.starts_at


async def date_again(
    again: Mapping[UUID, Made], sessions: Mapping[UUID, TrainingSession], moments: Moments
) -> list[ScanEvent]:
    """Correct the times of repeated marks where they are known better now; returns these. The caller's transaction
    holds their trainings.
    """
    changed = []
    for kept in await ScanEvent.filter(id__in=sorted(again)).only(*NEEDED) if again else ():
        event, session = again[kept.id], sessions[kept.session_id]
        dated = moments.of(event, session, kept.created_at)
        if dated.is_truer_than(Dated(kept.at, kept.dated_by)):
            (kept.at, kept.dated_by), kept.stated_at = dated, moments.stated(event, dated)
            if kept.flag in OF_THE_TIME and kept.decision is Decision.NONE and kept.kind is not ScanKind.UNDO:
                kept.flag = flag_of_clock(session, when_of(kept))
            columns = {name: getattr(kept, name) for name in ("at", "dated_by", "stated_at", "flag")}
            await ScanEvent.filter(id=kept.id).update(**columns)
            changed.append(kept)
    return changed


async def date_as_held(sessions: Mapping[UUID, TrainingSession]) -> None:
    marks = ScanEvent.filter(session_id__in=sorted(sessions), dated_by=DatedBy.SESSION)
    moved: dict[datetime, list[UUID]] = defaultdict(list)
    for key, session_id, kind, at in await marks.values_list("id", "session_id", "kind", "at"):
        held_at = as_held(kind, sessions[session_id])
        if at != held_at:
            moved[held_at].append(key)
    for held_at, keys in moved.items():
        await ScanEvent.filter(id__in=keys).update(at=held_at)


async def compare_again(training_id: UUID) -> None:
    """Compare times of marks with the sessions as now known, and move marks that only the session dates. A phone
    without signal may have known of a change before us. Decisions stay, and flags with another reason.
    """
    sessions = {one.id: one for one in await TrainingSession.filter(training_id=training_id)}
    await date_as_held(sessions)
    events = ScanEvent.filter(
        session_id__in=sorted(sessions), flag__in=sorted(OF_THE_SESSION), decision=Decision.NONE
    ).only("id", "session_id", "kind", "how", "at", "device_at", "created_at", "flag", "stated_at")
    changed: dict[ScanFlag, list[UUID]] = defaultdict(list)
    for event in await events:
        flag = _flag_now(sessions[event.session_id], event)
        if flag is not event.flag:
            changed[flag].append(event.id)
    for flag, keys in changed.items():
        await ScanEvent.filter(id__in=keys).update(flag=flag)


def _flag_now(session: TrainingSession, event: ScanEvent) -> ScanFlag:
    if event.kind is ScanKind.UNDO:
        return event.flag
    if not session.is_on:
        return ScanFlag.SESSION_OFF
    return flag_of_clock(session, when_of(event))
