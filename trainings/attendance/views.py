from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from trainings.attendance.events import Result
from trainings.attendance.queries import Door, Listed, RosterLine
from trainings.attendance.scans import Answer, Outcome
from trainings.attendance.words import (
    ANOTHER_TRAINING,
    CARD_OF_ANOTHER_TRAINING,
    CARD_WITH_PLACE,
    CARDS,
    FLAGS,
    HOW,
    NOTES,
    SPARE_CARD,
    TROUBLES,
)
from trainings.lib.dates import the_time, time_of_day
from trainings.lib.text import like_terms, short_name
from trainings.lib.tokens import show_short_code
from trainings.registrations.cards.queries import SeenCard
from trainings.web.i18n import N_, gettext, language

FILTERS = ("todas", "faltan", "presentes")

STATES: dict[Outcome, str] = {
    Outcome.PRESENT: "present",
    Outcome.ALREADY: "already",
    Outcome.LEFT: "left",
    Outcome.UNDONE: "undone",
    Outcome.REVIEW: "review",
    Outcome.CARD: "card",
    Outcome.UNKNOWN_CODE: "review",
}


@dataclass(frozen=True, slots=True)
class SessionView:
    id: UUID
    title: str
    starts_at: datetime
    ends_at: datetime
    place: str
    hub: str
    facilitators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonView:
    number: int
    registration_id: UUID
    name: str
    community: str
    short_code: str
    state: str
    expected: bool
    shown: bool
    arrived_at: str
    left_at: str
    how: str
    note: str
    event_id: UUID | None
    path: str


def session_view(door: Door) -> SessionView:
    training = door.session.training
    return SessionView(
        id=door.session.id,
        title=training.title,
        starts_at=door.session.starts_at,
        ends_at=door.session.ends_at,
        place=door.place,
        hub=training.hub.name,
        facilitators=door.facilitators,
    )


def person_view(line: RosterLine, *, is_shown: bool = True) -> PersonView:
    note = NOTES.get(line.registration_state) if line.is_of_training else ANOTHER_TRAINING
    return PersonView(
        number=line.number,
        registration_id=line.here_as,
        name=line.name,
        community=line.community,
        short_code=show_short_code(line.short_code),
        state=line.state,
        expected=line.is_expected,
        shown=is_shown,
        arrived_at=_time(line.stay.arrived_at),
        left_at=_time(line.stay.left_at),
        how=gettext(HOW[line.how]) if line.how else "",
        note=gettext(note) if note else "",
        event_id=line.stay.event_id,
        path=f"/panel/inscripciones/{line.registration_id}" if line.is_of_training else "",
    )


def fitting(people: Sequence[Listed], view: str = "todas", query: str = "") -> Sequence[Listed]:
    """`view`: of `FILTERS`."""
    if view == "presentes":
        people = [one for one in people if one.is_here]
    elif view == "faltan":
        people = [one for one in people if one.is_expected and not one.is_here]
    terms = [term.strip("%") for term in like_terms(query)]
    return [one for one in people if all(term in one.search_text for term in terms)] if terms else people


def _time(moment: datetime | None) -> str:
    return time_of_day(moment, language()) if moment is not None else ""


def _the_time(moment: datetime) -> dict[str, str]:
    return {"the_time": the_time(moment, language())}


def answer_name(answer: Answer) -> str:
    if answer.registration is None:
        return ""
    person = answer.registration.participant
    return short_name(person.given_names, person.surnames)


def answer_text(answer: Answer) -> str:
    if answer.card is not None:
        return card_text(answer.card)
    if answer.outcome in (Outcome.REVIEW, Outcome.UNKNOWN_CODE) and answer.flag in FLAGS:
        return gettext(FLAGS[answer.flag])
    if answer.outcome is Outcome.ALREADY and answer.arrived_at is not None:
        return gettext(N_("Cuenta una sola vez: llegó a %(the_time)s")) % _the_time(answer.arrived_at)
    if answer.outcome is Outcome.UNDONE and answer.arrived_at is not None:
        sentence = gettext(N_("Sigue presente por otra marca, de %(the_time)s Si no vino, deshágala también."))
        return sentence % _the_time(answer.arrived_at)
    return _time(answer.arrived_at) if answer.outcome is Outcome.PRESENT else ""


def card_text(card: SeenCard) -> str:
    if card.is_usable:
        return gettext(CARD_WITH_PLACE if card.is_reserved else SPARE_CARD)
    return gettext(CARD_OF_ANOTHER_TRAINING if card.is_elsewhere else CARDS[card.state])


def form_of_card(answer: Answer, session_id: UUID) -> str:
    if answer.outcome is not Outcome.CARD or answer.card is None:
        return ""
    return f"/panel/sesiones/{session_id}/asistencia/sin-boleto?tarjeta={answer.card.id}"


def result_json(result: Result) -> dict[str, Any]:
    """`text` is for the person with the phone."""
    sentence = TROUBLES[result.trouble] if result.trouble is not None else FLAGS.get(result.flag, "")
    return {
        "id": result.id,
        "state": result.state.value,
        "flag": result.flag.value,
        "text": gettext(sentence) if sentence else "",
    } | ({"initials": result.initials} if result.initials else {})


def answer_json(answer: Answer, session_id: UUID) -> dict[str, Any]:
    return {
        "outcome": answer.outcome.value,
        "name": answer_name(answer),
        "arrived": _time(answer.arrived_at),
        "text": answer_text(answer),
        "registration": str(answer.registration.id) if answer.registration else None,
        "event": str(answer.event_id) if answer.event_id else None,
        "link": form_of_card(answer, session_id) or None,
    }


def answer_view(answer: Answer, session_id: UUID) -> dict[str, Any]:
    is_undoable = answer.outcome in (Outcome.PRESENT, Outcome.REVIEW, Outcome.LEFT)
    return {
        "outcome": STATES[answer.outcome],
        "name": answer_name(answer),
        "time": _time(answer.arrived_at),
        "text": answer_text(answer),
        "event_id": (answer.event_id or "") if is_undoable else "",
        "link": form_of_card(answer, session_id),
    }
