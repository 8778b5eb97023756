"""Reads for taking attendance: the session in scope, its roster with what the scans say, the counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings.accounts.permissions import can_close_session, can_see_roster
from trainings.attendance.models import Attendance, ScanEvent, ScanHow, ScanKind
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import NotFound
from trainings.lib.text import search_text, short_name
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.models import SessionFacilitator, TrainingSession
from trainings.web.i18n import N_

EXPECTED = frozenset({RegistrationState.CONFIRMED, RegistrationState.OFFERED})


class UnknownSession(NotFound):
    code = "unknown_session"
    sentence = N_("No encontramos esa sesión. Búsquela en la semana de su ventanilla.")


@dataclass(frozen=True, slots=True)
class Door:
    """A session as whoever takes its attendance sees it."""

    session: TrainingSession
    facilitators: tuple[str, ...]
    can_close: bool

    @property
    def place(self) -> str:
        """The venue's name with its municipality."""
        venue = self.session.venue or self.session.training.venue
        hub = self.session.training.hub
        return f"{venue.name}, {venue.municipality.full_name}" if venue is not None else hub.seat.full_name


@dataclass(frozen=True, slots=True)
class RosterLine:
    """One person of the roster. `event_id` is what "Deshacer" takes back; times are UTC."""

    number: int
    registration_id: UUID
    name: str
    full_name: str
    community: str
    short_code: str
    registration_state: RegistrationState
    is_present: bool
    to_review: bool
    arrived_at: datetime | None
    left_at: datetime | None
    how: ScanHow | None
    event_id: UUID | None
    search_text: str

    @property
    def state(self) -> str:
        """`missing`, `present`, `left` or `review`."""
        if not self.is_present:
            return "missing"
        if self.to_review:
            return "review"
        return "left" if self.left_at is not None else "present"

    @property
    def is_expected(self) -> bool:
        return self.registration_state in EXPECTED


async def door_of(session_id: UUID, actor: Actor) -> Door:
    """The session, if this person holds it or works at its hub; else UnknownSession."""
    session = (
        await reads(TrainingSession)
        .get_or_none(id=session_id)
        .prefetch_related("training__hub__seat", "training__venue__municipality", "venue__municipality")
    )
    if session is None:
        raise UnknownSession
    holders = await reads(SessionFacilitator).filter(session_id=session_id).prefetch_related("user")
    is_facilitator = actor.id is not None and any(holder.user_id == actor.id for holder in holders)
    hub_id = session.training.hub_id
    if not can_see_roster(actor, hub_id, is_facilitator=is_facilitator):
        raise UnknownSession
    return Door(
        session=session,
        facilitators=tuple(holder.user.name for holder in holders),
        can_close=can_close_session(actor, hub_id, is_facilitator=is_facilitator),
    )


async def roster(session: TrainingSession) -> list[RosterLine]:
    """Everybody who may come or came, by name; cancelled people only where they came."""
    registrations = (
        await reads(Registration)
        .filter(training_id=session.training_id, duplicate_of_id=None)
        .prefetch_related("participant")
    )
    by_registration = {one.registration_id: one for one in await reads(Attendance).filter(session_id=session.id)}
    deciding = await _deciding_events(session.id)
    known = {one.id for one in registrations}
    strangers = [key for key in by_registration if key not in known]
    if strangers:
        registrations += await reads(Registration).filter(id__in=strangers).prefetch_related("participant")
    shown = [one for one in registrations if one.state is not RegistrationState.CANCELLED or one.id in by_registration]
    shown.sort(key=lambda one: (search_text(one.participant.given_names, one.participant.surnames), one.id))
    return [_line(number, one, by_registration.get(one.id), deciding) for number, one in enumerate(shown, start=1)]


async def _deciding_events(session_id: UUID) -> dict[UUID, ScanEvent]:
    """Per registration the event that its present state rests on: the exit of who left, else the first arrival."""
    events = await reads(ScanEvent).filter(session_id=session_id, conflict_of_id=None).order_by("at", "id")
    undone = {event.target_id for event in events if event.kind is ScanKind.UNDO}
    deciding: dict[UUID, ScanEvent] = {}
    for event in events:
        if event.registration_id is None or event.kind is ScanKind.UNDO or event.id in undone:
            continue
        if event.kind is ScanKind.OUT or event.registration_id not in deciding:
            deciding[event.registration_id] = event
    return deciding


def _line(
    number: int, registration: Registration, attendance: Attendance | None, deciding: dict[UUID, ScanEvent]
) -> RosterLine:
    person = registration.participant
    event = deciding.get(registration.id)
    return RosterLine(
        number=number,
        registration_id=registration.id,
        name=short_name(person.given_names, person.surnames),
        full_name=person.full_name,
        community=person.community,
        short_code=registration.short_code,
        registration_state=registration.state,
        is_present=attendance is not None and attendance.is_present,
        to_review=attendance is not None and attendance.to_review,
        arrived_at=attendance.arrived_at if attendance else None,
        left_at=attendance.left_at if attendance else None,
        how=event.how if event else None,
        event_id=event.id if event else None,
        search_text=search_text(person.given_names, person.surnames, person.community, registration.short_code),
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """How many are here, and how many were expected (the confirmed, and everybody who came)."""

    n_present: int
    n_expected: int


def totals(lines: list[RosterLine]) -> Totals:
    return Totals(
        n_present=sum(line.is_present for line in lines),
        n_expected=sum(line.is_expected or line.is_present for line in lines),
    )


async def totals_of(session: TrainingSession) -> Totals:
    """The same counts, without names."""
    present = set(
        await reads(Attendance).filter(session_id=session.id, is_present=True).values_list("registration_id", flat=True)
    )
    expected = set(
        await reads(Registration)
        .filter(training_id=session.training_id, duplicate_of_id=None, state__in=list(EXPECTED))
        .values_list("id", flat=True)
    )
    return Totals(len(present), len(present | expected))
