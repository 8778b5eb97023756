"""Without protected facts, so that no page can show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from trainings import clock
from trainings.places.models import OperatorKind
from trainings.schedule.models import ChangeKind, CourseKind, SessionState, TrainingState, is_on
from trainings.schedule.phase import Phase, Session, end_of, is_running, phase
from trainings.schedule.towns import Town
from trainings.web.i18n import gettext


@dataclass(frozen=True, slots=True)
class Place:
    """No name: only the municipality is public. An online place is in none, whatever `town` it is listed under."""

    town: Town
    name: str = ""
    address: str = ""
    lat: float | None = None
    lon: float | None = None
    access: tuple[str, ...] = ()
    is_online: bool = False

    @property
    def where(self) -> str:
        """Municipality and department, or "online"."""
        return gettext("En línea") if self.is_online else self.town.full_name

    @property
    def with_name(self) -> str:
        """`where` after the venue's name, if public."""
        return f"{self.name}, {self.where}" if self.name else self.where

    @property
    def in_full(self) -> str:
        """As far as public."""
        if self.is_online:
            return self.where
        return ", ".join(part for part in (self.name, self.address, self.town.full_name) if part)

    @property
    def map_address(self) -> str:
        """OpenStreetMap; empty without a public point."""
        if self.lat is None or self.lon is None:
            return ""
        return f"https://www.openstreetmap.org/?mlat={self.lat}&mlon={self.lon}#map=17/{self.lat}/{self.lon}"


@dataclass(frozen=True, slots=True)
class Was:
    """A session before its change of the last seven days. `place` None: unchanged. `is_other_link`: only the link
    changed.
    """

    kind: ChangeKind
    starts_at: datetime | None
    ends_at: datetime | None
    place: Place | None
    is_other_link: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """A session or activity before all changes of the last seven days. `is_elsewhere`: in another place, named or
    not.
    """

    was: Was
    is_elsewhere: bool


@dataclass(frozen=True, slots=True)
class PublicSession:
    starts_at: datetime
    ends_at: datetime
    state: SessionState
    place: Place
    closed_at: datetime | None = None
    was: Was | None = None
    id: str = ""
    called_off_at: datetime | None = None

    @property
    def is_on(self) -> bool:
        return is_on(self.state, self.called_off_at)


@dataclass(frozen=True, slots=True)
class HubCard:
    """`phone` is E.164, `hours` in words."""

    slug: str
    name: str
    address: str
    hours: str
    phone: str
    languages: tuple[str, ...]
    access: tuple[str, ...]
    seat: Town
    operator: str
    operator_kind: OperatorKind


@dataclass(frozen=True, slots=True)
class Listed:
    """Sessions by time."""

    id: str
    slug: str
    state: TrainingState
    title: str
    capacity: int
    taken: int
    has_waiting_list: bool
    opens_at: datetime | None
    closes_at: datetime | None
    sessions: tuple[PublicSession, ...]

    @property
    def path(self) -> str:
        return f"/capacitaciones/{self.slug}"

    @property
    def occupied(self) -> int:
        return self.taken

    @property
    def free(self) -> int:
        return max(self.capacity - self.taken, 0)

    @property
    def phase(self) -> Phase:
        return phase(self, self.sessions, clock.now())

    @property
    def is_running(self) -> bool:
        return self.state is not TrainingState.CANCELLED and is_running(self.sessions, clock.now())

    @property
    def is_over(self) -> bool:
        return end_of(self.next_session) <= clock.now()

    @property
    def held(self) -> tuple[PublicSession, ...]:
        """Sessions not cancelled; all if all were."""
        kept = tuple(session for session in self.sessions if session.state is SessionState.PLANNED)
        return kept or self.sessions

    @property
    def next_session(self) -> PublicSession:
        """The first not ended; once all is over, the first."""
        now = clock.now()
        return next((session for session in self.held if end_of(session) > now), self.held[0])

    def next_session_in(self, town_code: str, since: datetime | None = None) -> PublicSession:
        """The first in this town that has not ended, not before `since`; else the next anywhere. Once all is over, the
        first in this town.
        """
        now, is_over = clock.now(), self.is_over
        found = (
            session
            for session in self.held
            if (is_over or end_of(session) > now)
            and (not town_code or session.place.town.code == town_code)
            and (since is None or session.starts_at >= since)
        )
        return next(found, self.next_session)

    def number_of(self, session: PublicSession) -> int:
        """By time, from 1; cancelled sessions count, as in calendars."""
        return self.sessions.index(session) + 1

    @property
    def town(self) -> Town:
        return self.next_session.place.town

    @property
    def taking_place(self) -> tuple[PublicSession, ...]:
        return tuple(session for session in self.held if session.is_on)


@dataclass(frozen=True, slots=True)
class Posted(Listed):
    """`minutes` of the course; `prerequisites`: titles. `is_unlisted`: by its address only, also once cancelled."""

    neutral_title: str
    summary: str
    contents: tuple[str, ...]
    prerequisites: tuple[str, ...]
    kind: CourseKind
    minutes: int
    completion_share: int
    pass_mark: int | None
    topic_slug: str
    childcare_capacity: int
    childcare_taken: int
    is_place_public: bool
    is_online: bool
    is_unlisted: bool
    approval_required: bool
    walk_ins: bool
    admits_minors: bool
    minimum_age: int | None
    audience: tuple[str, ...]
    languages: tuple[str, ...]
    interpreter_languages: tuple[str, ...]
    offers: tuple[str, ...]
    bring: str
    phone: str
    revision: int
    cancel_reason: str
    hub: HubCard


class Timed(Protocol):
    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def closes_at(self) -> datetime | None: ...
    @property
    def sessions(self) -> Iterable[Session]: ...


def next_change(trainings: Iterable[Timed], now: datetime) -> datetime:
    """When these trainings next read differently without an edit."""
    moments = [clock.midnight(clock.local(now).date() + timedelta(days=1))]
    for training in trainings:
        moments += [moment for moment in (training.opens_at, training.closes_at) if moment is not None]
        for session in training.sessions:
            moments += (session.starts_at, session.ends_at)
    return min(moment for moment in moments if moment > now)
