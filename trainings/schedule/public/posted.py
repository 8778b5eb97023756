"""Trainings as anybody may see them: frozen, and without what is protected, so that no page can show it by mistake."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from trainings import clock
from trainings.places.models import OperatorKind
from trainings.schedule.models import ChangeKind, CourseKind, SessionState, TrainingState, is_on
from trainings.schedule.phase import Phase, end_of, is_running, phase
from trainings.schedule.towns import Town
from trainings.web.i18n import gettext


@dataclass(frozen=True, slots=True)
class Place:
    """Where a meeting is. Without a name only the municipality may be told; online it is in none, whatever `town` it
    is listed under.
    """

    town: Town
    name: str = ""
    address: str = ""
    lat: float | None = None
    lon: float | None = None
    access: tuple[str, ...] = ()
    is_online: bool = False

    @property
    def where(self) -> str:
        """The municipality with its department, or that it is online, in the language of the request."""
        return gettext("En línea") if self.is_online else self.town.full_name

    @property
    def with_name(self) -> str:
        """The same behind the name of the house, where that may be told."""
        return f"{self.name}, {self.where}" if self.name else self.where

    @property
    def in_full(self) -> str:
        """Name, address, municipality and department, as far as they may be told; or that it is online."""
        if self.is_online:
            return self.where
        return ", ".join(part for part in (self.name, self.address, self.town.full_name) if part)

    @property
    def map_address(self) -> str:
        """The point on OpenStreetMap, as a plain link; empty where there is no point that may be shown."""
        if self.lat is None or self.lon is None:
            return ""
        return f"https://www.openstreetmap.org/?mlat={self.lat}&mlon={self.lon}#map=17/{self.lat}/{self.lon}"


@dataclass(frozen=True, slots=True)
class Was:
    """How a session was before it changed within the last seven days. `place` is none where that is the same.

    `is_other_link`: of the place only the address by which one comes in online.
    """

    kind: ChangeKind
    starts_at: datetime | None
    ends_at: datetime | None
    place: Place | None
    is_other_link: bool = False


@dataclass(frozen=True, slots=True)
class Left:
    """How a session or activity was before all its changes of the last seven days. `is_elsewhere`: in another place,
    be it none that may be named.
    """

    was: Was
    is_elsewhere: bool


@dataclass(frozen=True, slots=True)
class Meeting:
    """One dated session."""

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
    """A hub as public pages show it; `phone` is E.164, `hours` in words."""

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
    """A training that was published, as lists show it, with its meetings in order of time."""

    id: str
    slug: str
    state: TrainingState
    title: str
    capacity: int
    taken: int
    has_waiting_list: bool
    opens_at: datetime | None
    closes_at: datetime | None
    meetings: tuple[Meeting, ...]

    @property
    def path(self) -> str:
        """Its address on this site."""
        return f"/capacitaciones/{self.slug}"

    @property
    def occupied(self) -> int:
        """Places gone."""
        return self.taken

    @property
    def free(self) -> int:
        """Places left."""
        return max(self.capacity - self.taken, 0)

    @property
    def phase(self) -> Phase:
        """What it is at this moment."""
        return phase(self, self.meetings, clock.now())

    @property
    def is_running(self) -> bool:
        """Whether a session is going on."""
        return self.state is not TrainingState.CANCELLED and is_running(self.meetings, clock.now())

    @property
    def is_over(self) -> bool:
        """Whether its last meeting has ended, or was closed."""
        return end_of(self.next_meeting) <= clock.now()

    @property
    def held(self) -> tuple[Meeting, ...]:
        """The meetings that were not cancelled; all of them where none is left."""
        kept = tuple(meeting for meeting in self.meetings if meeting.state is SessionState.PLANNED)
        return kept or self.meetings

    @property
    def next_meeting(self) -> Meeting:
        """The first that has not ended; the first of all once everything is over."""
        now = clock.now()
        return next((meeting for meeting in self.held if end_of(meeting) > now), self.held[0])

    def next_meeting_in(self, town_code: str, since: datetime | None = None) -> Meeting:
        """The first in this municipality that has not ended, not before `since`; else the next meeting at all.

        Once everything is over, the first that was there.
        """
        now, is_over = clock.now(), self.is_over
        found = (
            meeting
            for meeting in self.held
            if (is_over or end_of(meeting) > now)
            and (not town_code or meeting.place.town.code == town_code)
            and (since is None or meeting.starts_at >= since)
        )
        return next(found, self.next_meeting)

    def number_of(self, meeting: Meeting) -> int:
        """Which one it is in the order of time, from 1; called-off ones count, as in calendars."""
        return self.meetings.index(meeting) + 1

    @property
    def town(self) -> Town:
        """Where the next meeting is."""
        return self.next_meeting.place.town

    @property
    def taking_place(self) -> tuple[Meeting, ...]:
        """The meetings that were not called off."""
        return tuple(meeting for meeting in self.held if meeting.is_on)


@dataclass(frozen=True, slots=True)
class Posted(Listed):
    """The same with all that its own page shows. `minutes` are the course's, `prerequisites` titles of courses.

    `is_unlisted`: for who has its address only, also when it is called off.
    """

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


def next_change(trainings: Iterable[Listed], now: datetime) -> datetime:
    """Until when these trainings read as they do now, if nobody changes them: a session or a window begins or ends, or
    the day does.
    """
    moments = [clock.midnight(clock.local(now).date() + timedelta(days=1))]
    for training in trainings:
        moments += [moment for moment in (training.opens_at, training.closes_at) if moment is not None]
        for meeting in training.meetings:
            moments += (meeting.starts_at, meeting.ends_at)
    return min(moment for moment in moments if moment > now)
