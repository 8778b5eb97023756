"""A training as a list row: date, hours, place, free places or the obstacle."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from trainings import clock
from trainings.lib import dates
from trainings.schedule.models import TrainingState
from trainings.schedule.phase import Phase, end_of
from trainings.schedule.public.change_words import public_note
from trainings.schedule.public.posted import Listed, Meeting, Place
from trainings.web.i18n import gettext, language, ngettext


class Timed(Protocol):
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Row:
    """For `parts/rows.html`. `free`: None if a `state` replaces the band."""

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
    elsewhere: str


def rows_of(trainings: Iterable[Listed], town_code: str = "", since: datetime | None = None) -> list[Row]:
    """In order, each by its next session, if possible here or since then."""
    return [row_of(training, training.next_meeting_in(town_code, since)) for training in trainings]


def row_of(training: Listed, meeting: Meeting) -> Row:
    """By one of its sessions, in the request's language."""
    phase = training.phase
    state = state_of(phase)
    return Row(
        href=training.path,
        title=training.title,
        starts_at=meeting.starts_at,
        when=_when(training, meeting),
        place=meeting.place.in_full,
        free=None if state else training.free,
        capacity=training.capacity,
        is_waiting=phase is Phase.WAITING,
        state=state,
        is_off=phase is Phase.CANCELLED,
        note=" ".join(part for part in (note_of(training, meeting), _changes(training)) if part),
        elsewhere=_elsewhere(training, meeting),
    )


def hours_of(what: Timed) -> str:
    """`8:30 a. m. a 12:30 p. m.`"""
    start, end = (dates.time_of_day(moment, language()) for moment in (what.starts_at, what.ends_at))
    return gettext("%(start)s a %(end)s") % {"start": start, "end": end}


def _when(training: Listed, meeting: Meeting) -> str:
    """Hours, and for several sessions in this place the days: `… · 3 sesiones: 16, 17 y 18 de marzo de 2027`.

    A single one there is numbered: `… · sesión 3 de 4`.
    """
    hours, here = hours_of(meeting), [one for one in training.held if one.place == meeting.place]
    if len(here) > 1:
        n_sessions = ngettext("%(num)s sesión", "%(num)s sesiones", len(here)) % {"num": len(here)}
        days = dates.date_span((one.starts_at for one in here), language())
        return f"{hours} · {n_sessions}: {days}"
    if len(training.meetings) == 1 or len(training.held) == 1:
        return hours
    which = gettext("sesión %(position)s de %(n)s")
    return f"{hours} · {which % {'position': training.number_of(meeting), 'n': len(training.meetings)}}"


def _elsewhere(training: Listed, shown: Meeting) -> str:
    """`Además: 9 de marzo de 2027 en Escuela oficial, Las Cruces, Petén; …`; past sessions only once all are."""
    now, is_over = clock.now(), training.is_over
    others: dict[Place, list[datetime]] = {}
    for one in training.held:
        if one.place != shown.place and (is_over or end_of(one) > now):
            others.setdefault(one.place, []).append(one.starts_at)
    told = [
        gettext("%(days)s en %(place)s") % {"days": dates.date_span(days, language()), "place": place.in_full}
        for place, days in others.items()
    ]
    return gettext("Además: %(dates)s") % {"dates": "; ".join(told)} if told else ""


def state_of(phase: Phase) -> str:
    """The obstacle to registering; empty without one."""
    if phase is Phase.CANCELLED:
        return gettext("Cancelada")
    if phase is Phase.HELD:
        return gettext("Ya se realizó")
    if phase is Phase.CLOSED:
        return gettext("Inscripción cerrada")
    return gettext("Todavía no abre") if phase is Phase.NOT_YET_OPEN else ""


def _changes(training: Listed) -> str:
    """Changes of the last week to coming sessions: one in words, several as a number."""
    now = clock.now()
    ahead = [meeting for meeting in training.meetings if meeting.was is not None and meeting.ends_at > now]
    noted = [public_note(meeting, is_called_off=not meeting.is_on) for meeting in ahead]
    notes = [note for note in noted if note]
    if len(notes) <= 1:
        return notes[0] if notes else ""
    if training.state is TrainingState.CANCELLED:
        return ngettext("Se canceló %(num)s fecha.", "Se cancelaron %(num)s fechas.", len(notes)) % {"num": len(notes)}
    return ngettext("Cambió %(num)s fecha.", "Cambiaron %(num)s fechas.", len(notes)) % {"num": len(notes)}


def note_of(training: Listed, meeting: Meeting) -> str:
    """When registration opens, or that the session is on."""
    if training.phase is Phase.NOT_YET_OPEN and training.opens_at is not None:
        moment = dates.day_and_time(training.opens_at, language())
        return gettext("La inscripción abre el %(moment)s") % {"moment": moment}
    return gettext("Está en curso") if training.is_running and meeting == training.next_meeting else ""
