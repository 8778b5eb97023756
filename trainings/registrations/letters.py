"""What a message to a participant may tell: read when it is sent, so that it tells what is true then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from trainings import clock
from trainings.db import reads
from trainings.lib.dates import time_range
from trainings.lib.text import initials
from trainings.outbox.models import OutboxJob, Outcome
from trainings.registrations.models import TAKES_PLACE, LinkScope, OwnLink, Registration, RegistrationState
from trainings.schedule.models import PlaceShown, SessionState, TrainingSession, TrainingState
from trainings.settings import get_settings
from trainings.web import i18n
from trainings.web.i18n import SOURCE_LANGUAGE
from trainings.web.i18n import gettext as _

if TYPE_CHECKING:
    from trainings.people.models import Participant
    from trainings.places.models import Hub, Venue
    from trainings.schedule.models import Training

CANCELLING = ("registration_cancelled", "training_cancelled")
"""Messages after which a calendar has forgotten the entries."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """A session as a message shows it; the place is empty where the reader may not know it, or there is none."""

    starts_at: datetime
    hours: str
    place: str
    is_cancelled: bool


@dataclass(frozen=True)
class Facts:
    """One registration with everything around it. `cancellations`: how often the person was told that it is off."""

    job: OutboxJob
    registration: Registration
    sessions: Sequence[TrainingSession]
    token: str | None
    lang: str
    cancellations: int
    is_told_again: bool

    @property
    def participant(self) -> Participant:
        return self.registration.participant

    @property
    def training(self) -> Training:
        return self.registration.training

    @property
    def hub(self) -> Hub:
        return self.training.hub

    @property
    def title(self) -> str:
        """A neutral title takes the place of the real one in everything personal."""
        return self.training.neutral_title or self.training.title

    @property
    def phone(self) -> str:
        return self.training.contact_phone or self.hub.phone

    @property
    def is_cancelled(self) -> bool:
        return self.training.state is TrainingState.CANCELLED

    @property
    def is_over(self) -> bool:
        return not self.coming

    @cached_property
    def coming(self) -> list[TrainingSession]:
        """Sessions that will be held and have not ended."""
        return [one for one in self._ahead if one.state is SessionState.PLANNED]

    @cached_property
    def called_off(self) -> list[TrainingSession]:
        """Sessions ahead that will not be held."""
        return [one for one in self._ahead if one.state is SessionState.CANCELLED]

    @property
    def _ahead(self) -> list[TrainingSession]:
        return [one for one in self.sessions if one.ends_at > clock.now()]

    @property
    def takes_place(self) -> bool:
        return self.registration.state in TAKES_PLACE

    @property
    def knows_place(self) -> bool:
        """A protected place is told only to people who have their place."""
        return self.training.place_shown is PlaceShown.PUBLIC or self.takes_place

    @property
    def link(self) -> str:
        return f"{get_settings().base_url.rstrip('/')}/i/{self.token}" if self.token else ""

    def place_of(self, session: TrainingSession) -> str:
        """Where a session is held, as exactly as this person may know."""
        venue: Venue | None = session.venue or self.training.venue
        if venue is None:
            return "" if self.training.online_url else self.hub.seat.full_name
        if not self.knows_place:
            return venue.municipality.full_name
        return ", ".join(part for part in (venue.name, venue.address, venue.municipality.full_name) if part)

    def meetings(self) -> list[Meeting]:
        """All sessions ahead, in the language being spoken."""
        return [
            Meeting(
                one.starts_at,
                time_range(one.starts_at, one.ends_at, i18n.language()),
                self.place_of(one),
                self.is_cancelled or one.state is SessionState.CANCELLED,
            )
            for one in self._ahead
        ]

    def for_layout(self) -> dict[str, Any]:
        """What the layout of messages shows, in the language being spoken."""
        meetings = self.meetings()
        places = {meeting.place for meeting in meetings if not meeting.is_cancelled}
        is_confirmed = self.registration.state is RegistrationState.CONFIRMED and not self.is_cancelled
        return {
            "title": self.title,
            "day": self.coming[0].starts_at if self.coming and is_confirmed else None,
            "meetings": meetings,
            "place": places.pop() if len(places) == 1 and not self.is_cancelled else "",
            "place_comes_later": not self.knows_place and bool(self.coming) and not self.is_cancelled,
            "online_url": self.training.online_url if is_confirmed else "",
            "bring": self.training.bring if is_confirmed else "",
            # Not the name: anybody may have typed it, and it would travel in our name to an address that is not theirs.
            "initials": initials(self.participant.given_names, self.participant.surnames),
            "short_code": self.registration.short_code if is_confirmed and self.coming else "",
            "link": self.link,
            "link_label": _("Ver mi boleto") if is_confirmed else _("Ver mi inscripción"),
            "hub": self.hub,
            "phone": self.phone,
            "has_invitation": False,
        }


async def gather(job: OutboxJob) -> Facts | None:
    """The facts about the job's registration; none where it is gone or its person has no address."""
    found = (
        await reads(Registration)
        .filter(id=job.subject_id)
        .prefetch_related("participant", "training__hub__seat", "training__venue__municipality")
    )
    if not found or not found[0].participant.email:
        return None
    registration = found[0]
    sessions = (
        await reads(TrainingSession)
        .filter(training_id=registration.training_id)
        .prefetch_related("venue__municipality")
    )
    earlier = reads(OutboxJob).filter(subject_id=registration.id, id__lt=job.id)
    first = await earlier.order_by("id").first()
    return Facts(
        job=job,
        registration=registration,
        sessions=sessions,
        token=await _token_of(registration),
        # Who signed up spoke this language then; what staff cause later must not speak theirs.
        lang=(first or job).lang or SOURCE_LANGUAGE,
        cancellations=await earlier.filter(kind__in=CANCELLING, outcome__in=(Outcome.SENT, Outcome.KEPT)).count(),
        is_told_again=await _is_told_again(job),
    )


async def _is_told_again(job: OutboxJob) -> bool:
    """Whether a later message of this kind is waiting: each tells what is true when it is sent, so one is enough."""
    later = reads(OutboxJob).filter(subject_id=job.subject_id, kind=job.kind, id__gt=job.id)
    return await later.filter(done_at=None, failed_at=None, stopped_at=None).exists()


async def _token_of(registration: Registration) -> str | None:
    """The person's own link; the group's goes only to who filled the form, since it opens the others' tickets too."""
    links = await reads(OwnLink).filter(group_id=registration.group_id, revoked_at=None).order_by("-created_at")
    own = next((link for link in links if link.registration_id == registration.id), None)
    if own is not None:
        return own.token
    group = next((link for link in links if link.scope is LinkScope.GROUP), None)
    first = await reads(Registration).filter(group_id=registration.group_id).order_by("id").first()
    return group.token if group is not None and first is not None and first.id == registration.id else None
