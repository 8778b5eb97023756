"""When a mark was made: by its phone's clock, by the counter of its page, or as its session says.

Only the mark and what is sent with it tell that, so that the order of arrival changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import UUID

from trainings.attendance.models import DatedBy, Decision, ScanEvent, ScanFlag, ScanHow, ScanKind
from trainings.attendance.projection import ARRIVALS
from trainings.attendance.scans import CLOCK_TOLERANCE, DOOR_OPENS, flag_of_clock, when_of
from trainings.schedule.models import TrainingSession

CAME: frozenset[str] = frozenset(ARRIVALS)
AT_THE_END: frozenset[str] = frozenset({ScanKind.OUT, ScanKind.LEFT, ScanKind.CLOSE})
OF_THE_TIME = frozenset({ScanFlag.NONE, ScanFlag.CLOCK, ScanFlag.BEFORE_ARRIVAL})
"""Flags that come from a mark's time; none; and the flag computed anew with attendance."""
OF_THE_SESSION = OF_THE_TIME | {ScanFlag.SESSION_OFF}
"""Also flags that come from the session being held or not."""
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
        """Whether a repeated mark knows its time better.

        A counter may stand still while a phone sleeps, and never hurries: the earlier of two. A clock set right in
        between was behind, as after an empty battery: the later of two. Minutes are the way here, and no difference.
        """
        if self.by is not known.by:
            return TRUTH.index(self.by) > TRUTH.index(known.by)
        later = self.at - known.at
        gained = {DatedBy.CLOCK: later, DatedBy.PAGE: -later}.get(self.by, timedelta())
        return gained > CLOCK_TOLERANCE


@dataclass(frozen=True, slots=True)
class Moments:
    """How times of marks are read. `offset`: our clock minus the sender's on sending. `sent`: the counter of the
    sending page then, where known.

    A clock set right in between leaves earlier marks at impossible times: before the phone was prepared, or after they
    came in. The panel marks at sessions that are entered: not before that.
    """

    prepared_at: datetime | None
    offset: timedelta
    now: datetime
    sent: Reading | None = None

    def of(self, event: Made, session: TrainingSession, came_at: datetime | None = None) -> Dated:
        """`came_at`: first arrival, unless that is now. Where nothing tells the time, as the session was.

        A line of the signed paper says that a person came, not when, whatever clock it was typed in by.
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
        """When the person left, or the session ended, as said, on the same clock; None where nothing dates it."""
        if event.stated_at is None or dated.by is DatedBy.SESSION:
            return None
        return event.stated_at + (dated.at - event.at)

    def _counted(self, event: Made) -> datetime | None:
        """By the counter of the sending page, where the mark was made on that page."""
        if self.sent is None or event.perf is None or event.page != self.sent.page:
            return None
        return self.sent.at + timedelta(milliseconds=event.perf - self.sent.perf)


def is_line(kind: str, how: ScanHow) -> bool:
    """Whether a mark is an arrival by a line of the signed paper."""
    return how is ScanHow.SHEET and kind in CAME


def as_held(kind: str, session: TrainingSession) -> datetime:
    """The time of a mark that nothing else dates: the session's start, or its end for a departure."""
    return session.held_until if kind in AT_THE_END else session.starts_at


async def date_again(
    again: Mapping[UUID, Made], sessions: Mapping[UUID, TrainingSession], moments: Moments
) -> list[ScanEvent]:
    """Correct the times of repeated marks where they are known better now; returns these, for their attendance.

    In the caller's transaction, with their trainings locked.
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
    """Move marks that nothing else dates along with their sessions."""
    marks = ScanEvent.filter(session_id__in=sorted(sessions), dated_by=DatedBy.SESSION)
    moved: dict[datetime, list[UUID]] = defaultdict(list)
    for key, session_id, kind, at in await marks.values_list("id", "session_id", "kind", "at"):
        held_at = as_held(kind, sessions[session_id])
        if at != held_at:
            moved[held_at].append(key)
    for held_at, keys in moved.items():
        await ScanEvent.filter(id__in=keys).update(at=held_at)


async def compare_again(training_id: UUID) -> None:
    """Compare times of marks with the sessions as now known: a phone in a village knew before us that a session moved,
    or was held after all. Marks that only the session dates move with it.

    Decisions stay, and flags with another reason.
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
