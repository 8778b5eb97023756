from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings import clock
from trainings.db import reads
from trainings.lib import tokens
from trainings.lib.dates import day_and_time, time_range
from trainings.lib.phones import show_phone
from trainings.lib.text import fold
from trainings.registrations.models import TAKES_PLACE, Registration, RegistrationState
from trainings.registrations.queries import ALL_OF_IT, OwnRegistration, changes_for_own
from trainings.registrations.telling.calendar_invitations import Appointment, all_in_one, invitation_uid
from trainings.schedule.changes import differences
from trainings.schedule.dated import place_told
from trainings.schedule.models import ChangeKind, PlaceShown, SessionState, TrainingSession, TrainingState
from trainings.schedule.phase import TAKES_SIGN_UPS, phase
from trainings.schedule.public import sentences
from trainings.schedule.public.sentences import EqualHours, sentence_of
from trainings.settings import get_settings
from trainings.web.i18n import gettext as _
from trainings.web.i18n import language, ngettext

PICTURE_SCALE = 12
"""Pixels a module."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """`map_url` is empty where this person may not know the place."""

    starts_at: datetime
    ends_at: datetime
    hours: str
    place: str
    map_url: str
    is_cancelled: bool


@dataclass(frozen=True)
class Ticket:
    """A neutral title if there is one; a protected place only for people with a place. `offered_before`: the first
    deadline told, where it changed.
    """

    own: OwnRegistration
    meetings: Sequence[Meeting]
    position: int | None
    offered_before: datetime | None = None

    @property
    def title(self) -> str:
        training = self.own.registration.training
        return training.title_told

    @property
    def name(self) -> str:
        return self.own.registration.participant.full_name

    @property
    def is_minor(self) -> bool:
        return self.own.registration.participant.is_minor

    @property
    def is_called_off(self) -> bool:
        return self.own.registration.training.state is TrainingState.CANCELLED

    @property
    def was_not_held(self) -> bool:
        """No session is left though the training was not called off."""
        return not self.is_called_off and bool(self.meetings) and not self.planned

    @property
    def is_cancelled(self) -> bool:
        return self.own.registration.state is RegistrationState.CANCELLED

    @property
    def is_over(self) -> bool:
        """Each session ended or was closed."""
        planned = [session for session in self.own.sessions if session.state is SessionState.PLANNED]
        return bool(planned) and all(one.closed_at is not None or clock.now() >= one.ends_at for one in planned)

    @property
    def has_place(self) -> bool:
        return self.own.registration.state in TAKES_PLACE

    @property
    def is_offered(self) -> bool:
        return self.own.registration.state is RegistrationState.OFFERED and self.can_change

    @property
    def answers_for_all(self) -> bool:
        """This person alone was offered a place; for several the group's link answers."""
        return self.own.registration.group.n_people == 1

    @property
    def has_code(self) -> bool:
        """False without a place, and in a training called off. Waiting people are found by name at the door."""
        return self.has_place and not self.is_called_off

    @property
    def phone(self) -> str:
        training = self.own.registration.training
        return training.phone

    @property
    def hub_languages(self) -> str:
        codes = self.own.registration.training.hub.languages
        return sentences.listing([sentences.language_name(code) for code in codes])

    @property
    def can_change(self) -> bool:
        """True until the training begins."""
        return not self.is_over and not self.is_called_off and not self.was_not_held

    @property
    def may_rejoin(self) -> bool:
        now = phase(self.own.registration.training, self.own.sessions, clock.now())
        is_joined = self.own.registration.joined_to_id is not None
        return self.is_cancelled and not is_joined and now in TAKES_SIGN_UPS

    @property
    def next_meeting(self) -> Meeting | None:
        """A session to come or going on, else the last."""
        coming = [meeting for meeting in self.planned if meeting.ends_at > clock.now()]
        return coming[0] if coming else (self.planned[-1] if self.planned else None)

    @property
    def changes(self) -> list[str]:
        later = [one for one in self.own.changes if one.created_at >= self.own.registration.created_at]
        ahead = [session for session in self.own.sessions if session.ends_at > clock.now()]
        found = differences(later, ahead, self.own.registration.training, is_called_off=self.is_called_off)
        knows = knows_place(self.own)
        return [sentence_of(one, knows_place=knows) for one in found if knows or one.kind is not ChangeKind.PLACE]

    @property
    def at_equal_hours(self) -> EqualHours | None:
        """All that are not cancelled, in one line."""
        return sentences.at_equal_hours(self.planned)

    @property
    def planned(self) -> Sequence[Meeting]:
        return [meeting for meeting in self.meetings if not meeting.is_cancelled]


def ticket_of(own: OwnRegistration, position: int | None, offered_before: datetime | None = None) -> Ticket:
    return Ticket(own, [_meeting(own, session) for session in own.sessions], position, offered_before)


async def tickets_of(training_id: UUID, only: Collection[UUID] | None = None) -> list[tuple[Ticket, str]]:
    """Of people with a place, or of `only` these of them, each with its token: by community and name, people without
    community last.
    """
    found = reads(Registration).filter(training_id=training_id, state=RegistrationState.CONFIRMED)
    sessions = reads(TrainingSession).filter(training_id=training_id).prefetch_related("venue__municipality")
    around = await sessions, *await changes_for_own(training_id)
    tickets = [
        (ticket_of(OwnRegistration(one, *around), None), one.qr_token)
        for one in await found.prefetch_related(*ALL_OF_IT)
        if only is None or one.id in only
    ]
    return sorted(
        [(ticket, token) for ticket, token in tickets if ticket.has_code and token is not None],
        key=lambda one: _by_community(one[0]),
    )


def _by_community(ticket: Ticket) -> tuple[bool, str, str, UUID]:
    person = ticket.own.registration.participant
    return not person.community, fold(person.community), fold(person.full_name), ticket.own.registration.id


def captions(ticket: Ticket) -> list[str]:
    """Lines under the picture's code, the short code last: by telephone people get nothing else."""
    title = ticket.own.registration.training.title_shown
    lines = [ticket.name, title] if title else [ticket.name]
    meeting = ticket.next_meeting
    if meeting is not None:
        lines.append(day_and_time(meeting.starts_at, language()))
    n_more = len(ticket.planned) - 1
    if n_more > 0:
        lines.append(ngettext("y %(num)s sesión más", "y %(num)s sesiones más", n_more) % {"num": n_more})
    if meeting is not None:
        lines.append(meeting.place)
    lines.append(_("Ventanilla: %(phone)s") % {"phone": show_phone(ticket.phone)})
    return [*lines, tokens.show_short_code(ticket.own.registration.short_code)]


def _meeting(own: OwnRegistration, session: TrainingSession) -> Meeting:
    """A cancelled session on the day this person knew."""
    shown = session if session.is_on else own.snapshots.shown_off(session, own.registration)
    return Meeting(
        starts_at=shown.starts_at,
        ends_at=shown.ends_at,
        hours=time_range(shown.starts_at, shown.ends_at, language()),
        place=place_of(own, session),
        map_url=_map_url(own, session),
        is_cancelled=session.state is SessionState.CANCELLED,
    )


def knows_place(own: OwnRegistration) -> bool:
    registration = own.registration
    return registration.training.place_shown is PlaceShown.PUBLIC or registration.state in TAKES_PLACE


def place_of(own: OwnRegistration, session: TrainingSession) -> str:
    training = own.registration.training
    return place_told(training, session.venue, training.hub.seat, knows_place=knows_place(own))


def _map_url(own: OwnRegistration, session: TrainingSession) -> str:
    venue = session.venue or own.registration.training.venue
    if venue is None or venue.lat is None or venue.lon is None or not knows_place(own):
        return ""
    return f"https://www.openstreetmap.org/?mlat={venue.lat}&mlon={venue.lon}#map=17/{venue.lat}/{venue.lon}"


def personal_calendar(own: OwnRegistration) -> bytes:
    """METHOD:PUBLISH, no attendee."""
    return all_in_one([_appointment(own, session) for session in own.sessions])


def _appointment(own: OwnRegistration, session: TrainingSession) -> Appointment:
    settings = get_settings()
    training = own.registration.training
    phone = show_phone(training.phone)
    bring = _("Qué traer: %(what)s") % {"what": training.bring} if training.bring else ""
    has_place = own.registration.state in TAKES_PLACE
    online = training.online_url if training.online_url and has_place else ""
    return Appointment(
        uid=invitation_uid(own.registration.id, session.id, settings.uid_domain),
        stamped_at=session.stamped_at,
        sequence=session.sequence,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        summary=training.title_told,
        location=place_of(own, session),
        description="\n".join(part for part in (_("Ventanilla: %(phone)s") % {"phone": phone}, bring, online) if part),
        is_cancelled=not session.is_on,
    )
