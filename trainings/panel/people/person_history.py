"""What a hub knows of a person beside the sign-up at hand: all sign-ups, attendance, certificates, calls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings.accounts.queries import names_of
from trainings.attendance.models import Attendance
from trainings.attendance.projection import counts
from trainings.attendance.settling import stays_counting, stays_of_person
from trainings.certificates.models import Certificate, CertificateState
from trainings.certificates.words import KIND_WORDS, STATE_WORDS
from trainings.db import reads
from trainings.lib import dates
from trainings.outbox.models import Call
from trainings.people.merged import same_person_ids
from trainings.registrations.calls.words import REASONS, RESULTS, VIAS
from trainings.registrations.desk.person import StaffView
from trainings.registrations.models import Registration, RegistrationState
from trainings.registrations.words import STATES
from trainings.schedule.models import TrainingSession
from trainings.web.i18n import N_, gettext, language, ngettext

MOST = 50


@dataclass(frozen=True, slots=True)
class Meeting:
    """`is_missed`: it was held without them. `elsewhere`: the title of another training at which a session was made up,
    or empty.
    """

    starts_at: datetime
    words: str
    has_come: bool = False
    is_missed: bool = False
    elsewhere: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """`words`: kind and state."""

    folio: str
    words: str


@dataclass(frozen=True, slots=True)
class SignUp:
    """`meetings`: in order of time. `is_this`: the sign-up whose address is open."""

    id: UUID
    title: str
    starts_at: datetime | None
    state: str
    meetings: Sequence[Meeting]
    papers: Sequence[Paper]
    is_this: bool

    @property
    def summary(self) -> str:
        n_attended = sum(one.has_come for one in self.meetings)
        n_held = n_attended + sum(one.is_missed for one in self.meetings)
        n = n_held or len(self.meetings)
        if n_held:
            words = ngettext("Vino a %(n)s de %(num)s sesión", "Vino a %(n)s de %(num)s sesiones", n)
        else:
            words = ngettext("%(num)s sesión por venir", "%(num)s sesiones por venir", n)
        return words % {"n": n_attended, "num": n}


@dataclass(frozen=True, slots=True)
class Told:
    """A call or what stands for one. `about`: its reason and training."""

    at: datetime
    about: str
    result: str
    by: str


@dataclass(frozen=True, slots=True)
class History:
    sign_ups: Sequence[SignUp]
    calls: Sequence[Told]


async def history_of(view: StaffView) -> History:
    """At the desk everything of the person at this hub, newest first; of a minor, and for who facilitates, this sign-up
    alone.
    """
    this = view.own.registration
    people = await same_person_ids(this.participant_id) if view.is_desk and not view.is_minor else []
    at_hub = reads(Registration).filter(participant_id__in=people, training__hub_id=this.training.hub_id)
    others = at_hub.exclude(id=this.id).order_by("-id").limit(MOST).prefetch_related("training__sessions")
    found = [this, *(await others if people else [])]
    sessions = {one.id: view.own.sessions if one is this else list(one.training.sessions) for one in found}
    stays, papers = await stays_counting(list(sessions)), await _papers(sessions)
    stays[this.id] = await stays_of_person(this)
    sign_ups = [
        SignUp(
            id=one.id,
            title=one.training.title,
            starts_at=min((each.starts_at for each in sessions[one.id]), default=None),
            state=_state(one),
            meetings=_meetings(one, sessions[one.id], stays.get(one.id, ())),
            papers=papers.get(one.id, ()),
            is_this=one is this,
        )
        for one in found
    ]
    return History(sign_ups, await _calls(found) if view.is_desk else ())


def _state(registration: Registration) -> str:
    joined = registration.joined_to_id is not None
    return gettext(N_("Unida a otra inscripción")) if joined else gettext(STATES[registration.state])


def _meetings(
    registration: Registration, sessions: Sequence[TrainingSession], stays: Sequence[Attendance]
) -> list[Meeting]:
    by_session = {stay.session_id: stay for stay in stays}
    meetings = [_meeting(one, by_session.pop(one.id, None), registration) for one in sessions]
    for stay in by_session.values():
        session = stay.session
        meetings.append(Meeting(session.starts_at, _came(stay), has_come=True, elsewhere=session.training.title))
    return sorted((one for one in meetings if one is not None), key=lambda one: one.starts_at)


def _meeting(session: TrainingSession, stay: Attendance | None, registration: Registration) -> Meeting | None:
    if stay is not None and session.is_on:
        return Meeting(session.starts_at, _came(stay), has_come=True)
    if registration.state is RegistrationState.CANCELLED:
        return None
    words = N_("Se canceló") if not session.is_on else N_("No vino") if counts(session) else N_("Por venir")
    return Meeting(session.starts_at, gettext(words), is_missed=counts(session))


def _came(stay: Attendance) -> str:
    if not stay.minutes:
        return gettext(N_("Vino"))
    return gettext(N_("Vino: %(time)s")) % {"time": dates.duration(stay.minutes, language())}


async def _papers(ids: Collection[UUID]) -> Mapping[UUID, Sequence[Paper]]:
    found: dict[UUID, list[Paper]] = defaultdict(list)
    for one in await reads(Certificate).filter(registration_id__in=list(ids), erased_at=None).order_by("-id"):
        state = "" if one.state is CertificateState.VALID else gettext(STATE_WORDS[one.state])
        words = ": ".join(filter(None, (gettext(KIND_WORDS[one.kind]), state)))
        found[one.registration_id].append(Paper(one.folio, words))
    return found


async def _calls(registrations: Sequence[Registration]) -> list[Told]:
    titles = {one.id: one.training.title for one in registrations}
    made = reads(Call).filter(registration_id__in=list(titles)).order_by("-created_at", "-id").limit(MOST)
    calls = await made.select_related("call_list")
    by = await names_of(one.called_by_id for one in calls)
    return [
        Told(
            at=one.created_at,
            about=f"{gettext(REASONS[one.call_list.reason])} · {titles[one.registration_id]}",
            result=gettext(RESULTS[one.result]) % {"via": gettext(VIAS[one.via])},
            by=by.get(one.called_by_id, ""),
        )
        for one in calls
    ]
