"""A training as one row of a list: date, hours, place, and the free places or what is in their way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from trainings import clock
from trainings.lib import dates
from trainings.schedule.change_words import public_note
from trainings.schedule.models import TrainingState
from trainings.schedule.phase import Phase
from trainings.schedule.posted import Listed
from trainings.web.i18n import gettext, language, ngettext


@dataclass(frozen=True, slots=True)
class Row:
    """What `parts/rows.html` shows. `free` is none where a `state` stands in the place of the band."""

    href: str
    title: str
    starts_at: datetime
    when: str
    place: str
    free: int | None
    capacity: int
    is_waiting: bool
    state: str
    is_off: bool
    note: str


def rows_of(trainings: Iterable[Listed]) -> list[Row]:
    """Rows in the order given."""
    return [row_of(training) for training in trainings]


def row_of(training: Listed) -> Row:
    """The row of a training as it is now, in the language of the request."""
    meeting, phase = training.next_meeting, training.phase
    state = _state(phase)
    return Row(
        href=training.path,
        title=training.title,
        starts_at=meeting.starts_at,
        when=when(training),
        place=meeting.place.town.full_name,
        free=None if state else training.free,
        capacity=training.capacity,
        is_waiting=phase is Phase.WAITING,
        state=state,
        is_off=phase is Phase.CANCELLED,
        note=" ".join(part for part in (_note(training, phase), _changes(training)) if part),
    )


def when(training: Listed) -> str:
    """`8:30 a. m. a 12:30 p. m.`; of several meetings the days: `3 sesiones: 16, 17 y 18 de marzo de 2027`."""
    meetings, lang = training.held, language()
    if len(meetings) > 1:
        days = dates.date_span((meeting.starts_at for meeting in meetings), lang)
        n_sessions = ngettext("%(num)s sesión", "%(num)s sesiones", len(meetings)) % {"num": len(meetings)}
        return f"{n_sessions}: {days}"
    start, end = (dates.time_of_day(moment, lang) for moment in (meetings[0].starts_at, meetings[0].ends_at))
    return gettext("%(start)s a %(end)s") % {"start": start, "end": end}


def _state(phase: Phase) -> str:
    if phase is Phase.CANCELLED:
        return gettext("Cancelada")
    if phase is Phase.HELD:
        return gettext("Ya se realizó")
    if phase is Phase.CLOSED:
        return gettext("Inscripción cerrada")
    return gettext("Todavía no abre") if phase is Phase.NOT_YET_OPEN else ""


def _changes(training: Listed) -> str:
    """What became of its meetings within a week, as long as they are to come: of one in words, of several how many."""
    now = clock.now()
    ahead = [meeting for meeting in training.meetings if meeting.was is not None and meeting.ends_at > now]
    noted = [public_note(meeting, is_called_off=training.is_called_off(meeting)) for meeting in ahead]
    notes = [note for note in noted if note]
    if len(notes) <= 1:
        return notes[0] if notes else ""
    if training.state is TrainingState.CANCELLED:
        return ngettext("Se canceló %(num)s fecha.", "Se cancelaron %(num)s fechas.", len(notes)) % {"num": len(notes)}
    return ngettext("Cambió %(num)s fecha.", "Cambiaron %(num)s fechas.", len(notes)) % {"num": len(notes)}


def _note(training: Listed, phase: Phase) -> str:
    if phase is Phase.NOT_YET_OPEN and training.opens_at is not None:
        moment = dates.day_and_time(training.opens_at, language())
        return gettext("La inscripción abre el %(moment)s") % {"moment": moment}
    return gettext("Está en curso") if training.is_running else ""
