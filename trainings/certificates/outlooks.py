from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from trainings import clock
from trainings.attendance.projection import counts
from trainings.attendance.settling import stays_of_person
from trainings.certificates.eligibility import Hours, hours_of
from trainings.certificates.words import hours_in_words
from trainings.db.prepared import Select
from trainings.lib import dates
from trainings.people.models import Participant
from trainings.places.models import Municipality
from trainings.registrations.models import TAKES_PLACE, Registration
from trainings.schedule.completion import Outlook, Progress, share_needed
from trainings.schedule.models import Training, TrainingSession, TrainingState
from trainings.schedule.public import sentences
from trainings.web.i18n import N_, gettext, language, ngettext

MOST_MAKE_UPS = 3
MOST_READ = 40


@dataclass(frozen=True, slots=True)
class MakeUp:
    """The municipality and the public page, never the venue."""

    slug: str
    title: str
    town: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a person is, and what they can still do. `pass_mark`: the course's; `mark`: the person's; None: no test,
    or no mark yet. `made_up`: attended minutes at another training of the course.
    """

    progress: Progress
    make_ups: Sequence[MakeUp] = ()
    pass_mark: int | None = None
    mark: int | None = None
    made_up: int = 0

    @property
    def sentence(self) -> str:
        """«7 de 8 horas; falta 1 sesión, puede reponerla en Melchor de Mencos, Petén.»"""
        if self.progress.share is None:
            attended = dates.duration(self.progress.attended, language())
            return gettext(N_("Asistió %(hours)s; la capacitación se canceló.")) % {"hours": attended}
        if not self.progress.planned:
            return gettext(N_("No tiene sesiones."))
        hours = hours_in_words(self.progress.attended, self.progress.planned)
        if self.made_up:
            words = gettext(N_("%(hours)s, %(made_up)s en otra fecha"))
            hours = words % {"hours": hours, "made_up": dates.duration(self.made_up, language())}
        return f"{hours}; {self._why}."

    @property
    def _why(self) -> str:
        match self.progress.outlook:
            case Outlook.COMPLETED:
                return gettext(N_("ya cumple")) + self._about_mark
            case Outlook.POSSIBLE:
                return self._what_is_to_come
            case Outlook.OUT_OF_REACH:
                return self._what_to_make_up

    @property
    def _about_mark(self) -> str:
        if self.pass_mark is None:
            return ""
        values = {"mark": self.mark, "least": self.pass_mark}
        if self.mark is None:
            return gettext(N_(", falta la nota de la evaluación")) % values
        if self.mark >= self.pass_mark:
            return gettext(N_(", y aprobó con %(mark)s puntos")) % values
        return gettext(N_(", pero sacó %(mark)s puntos y se aprueba con %(least)s")) % values

    @property
    def _what_is_to_come(self) -> str:
        needed = self.progress.needed
        days = sentences.listing([dates.day_and_time(one.starts_at, language()) for one in needed])
        words = ngettext("falta %(n)s sesión, el %(days)s", "faltan %(n)s sesiones: %(days)s", len(needed))
        return words % {"n": len(needed), "days": days}

    @property
    def _what_to_make_up(self) -> str:
        n = self.progress.n_to_make_up
        if self.make_ups:
            words = ngettext(
                "falta %(n)s sesión, puede reponerla en %(town)s",
                "faltan %(n)s sesiones, puede reponerlas en %(town)s",
                n,
            )
            return words % {"n": n, "town": self.make_ups[0].town}
        words = ngettext(
            "falta %(n)s sesión, y no hay otra fecha para reponerla",
            "faltan %(n)s sesiones, y no hay otra fecha para reponerlas",
            n,
        )
        return words % {"n": n}

    @property
    def lacks_make_up(self) -> bool:
        """Missed hours could only be made up on another date, and none is published."""
        return self.progress.outlook is Outlook.OUT_OF_REACH and not self.make_ups


async def standing_of(registration: Registration, sessions: Sequence[TrainingSession]) -> Standing | None:
    """The person is loaded as for their page (`ALL_OF_IT`). None: nothing was held yet, or the person gave their place
    back and never came.
    """
    training = registration.training
    stays = await stays_of_person(registration)
    planned = [one for one in sessions if one.is_on]
    has_begun = bool(stays) or (registration.state in TAKES_PLACE and any(counts(one) for one in planned))
    if not has_begun or training.state is TrainingState.CANCELLED or not planned:
        return None
    hours = hours_of(stays, sessions, training.course_id)
    progress = progress_of(hours, training, sessions)
    meetings = await meetings_elsewhere(training) if progress.may_make_up else []
    return standing(progress, hours, registration, training, meetings)


def progress_of(hours: Hours, training: Training, sessions: Sequence[TrainingSession]) -> Progress:
    """The training's course is loaded."""
    to_come = [one for one in sessions if one.is_on and not counts(one)]
    return Progress(hours.attended, hours.planned, share_needed(training), to_come, hours.missed)


def standing(
    progress: Progress,
    hours: Hours,
    registration: Registration,
    training: Training,
    meetings: Sequence[TrainingSession],
) -> Standing:
    """The person, and the training's course and hub's seat, are loaded; `meetings`: from `meetings_elsewhere`."""
    make_ups = _make_ups(meetings, training, registration.participant) if progress.may_make_up else []
    return Standing(progress, make_ups, training.pass_mark, registration.mark, hours.made_up)


ELSEWHERE = Select(
    TrainingSession,
    "training__hub__seat",
    "training__venue__municipality",
    "venue__municipality",
    where="""this.training_id IN (
        SELECT id FROM training WHERE course_id = ? AND id <> ? AND state = 'published'
    ) AND this.state = 'planned' AND this.closed_at IS NULL AND this.starts_at > ?""",
    order=f"this.starts_at, this.id LIMIT {MOST_READ}",
)


async def meetings_elsewhere(training: Training) -> list[TrainingSession]:
    """Coming sessions of the course's other public trainings."""
    return await ELSEWHERE.rows(training.course_id, training.id, clock.now())


def _make_ups(found: Sequence[TrainingSession], training: Training, person: Participant) -> list[MakeUp]:
    here = training.hub.seat.department_code
    next_ones = {one.training_id: one for one in reversed(found) if _may_come(one.training, person)}
    meetings = list(next_ones.values())
    meetings.sort(key=lambda one: (_town_of(one).department_code != here, one.starts_at))
    return [
        MakeUp(
            slug=one.training.slug,
            title=one.training.title_told,
            town=_town_of(one).full_name,
            starts_at=one.starts_at,
        )
        for one in meetings[:MOST_MAKE_UPS]
    ]


def _may_come(training: Training, person: Participant) -> bool:
    is_minor = person.age_group is not None and person.age_group.is_minor
    is_asked = not training.audience or person.actor_type in training.audience
    return is_asked and (training.admits_minors or not is_minor)


def _town_of(session: TrainingSession) -> Municipality:
    venue = session.venue or session.training.venue
    return venue.municipality if venue is not None else session.training.hub.seat
