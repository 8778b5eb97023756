"""A training's page in words: when, where, for whom, what to do now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from trainings.lib import dates
from trainings.places.models import OperatorKind
from trainings.schedule.models import Offer
from trainings.schedule.phase import Phase, closing_time
from trainings.schedule.public import sentences
from trainings.schedule.public.change_words import public_note
from trainings.schedule.public.posted import HubCard, Meeting, Place, Posted
from trainings.schedule.towns import Town
from trainings.schedule.words import KINDS
from trainings.web.i18n import gettext, language, ngettext

WHOLE = 100
MOST_TOWNS = 3
"""Municipalities named; more are counted."""


@dataclass(frozen=True, slots=True)
class Dated:
    """A session in words. `place`: only if the sessions' places differ. `note`: what changed."""

    day: str
    hours: str
    place: str
    is_cancelled: bool
    note: str


@dataclass(frozen=True, slots=True)
class Access:
    """Accessibility in words. `place`: only if the places differ in it."""

    place: str
    words: str

    def __str__(self) -> str:
        return f"{self.place}: {self.words}" if self.place else self.words


@dataclass(frozen=True, slots=True)
class Call:
    """A visitor's next step: register, or look elsewhere for the reason in `note`."""

    label: str
    href: str
    note: str
    is_sign_up: bool = False
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Empty if there is nothing to say."""

    about: str
    description: str
    dates: tuple[Dated, ...]
    running: str
    places: tuple[Place, ...]
    place_note: str
    audience: str
    before: str
    languages: str
    access: tuple[Access, ...]
    childcare: str
    offers: str
    finish: str
    call: Call


@dataclass(frozen=True, slots=True)
class HubFacts:
    hub: HubCard
    languages: str
    access: str


def hub_facts(hub: HubCard) -> HubFacts:
    spoken = sentences.listing([sentences.language_name(code) for code in hub.languages])
    languages = gettext("Atiende en %(languages)s.") % {"languages": spoken} if spoken else ""
    return HubFacts(hub, languages, sentences.access_sentence(hub.access))


def facts_of(training: Posted) -> Facts:
    """As of now, in the request's language."""
    places = tuple(dict.fromkeys(meeting.place for meeting in training.held))
    about = _about(training)
    return Facts(
        about=" · ".join(about),
        description=_description(training, about),
        dates=tuple(_dated(meeting, among=places, is_cancelled=not meeting.is_on) for meeting in training.meetings),
        running=_running(training),
        places=tuple(place for place in places if not place.is_online),
        place_note=_place_note(training),
        audience=" ".join(_audience(training)),
        before=_before(training),
        languages=sentences.language_sentence(training.languages, training.interpreter_languages),
        access=_access(training, places),
        childcare=_childcare(training),
        offers=sentences.offer_sentence(training.offers),
        finish=_finish(training),
        call=call_of(training),
    )


def call_of(training: Posted) -> Call:
    phase, sign_up = training.phase, f"{training.path}/inscripcion"
    if phase is Phase.OPEN:
        return Call(gettext("Inscribirme"), sign_up, _until(training), is_sign_up=True)
    if phase is Phase.WAITING:
        note = gettext("Está lleno. Si alguien suelta su lugar, le avisamos.")
        return Call(gettext("Apuntarme en la lista de espera"), sign_up, note, is_sign_up=True)
    others = f"/capacitaciones?tema={training.topic_slug}"
    return Call(gettext("Ver otras fechas"), others, _why_not(training, phase), is_bad=phase is Phase.CANCELLED)


def invitation(training: Posted, address: str) -> str:
    meeting = training.next_meeting
    moment = dates.day_and_time(meeting.starts_at, language())
    text = f"{training.title}. {meeting.place.where}, {_stopped(moment)} {address}"
    return f"https://wa.me/?text={quote(text, safe='')}"


def _about(training: Posted) -> list[str]:
    length = dates.duration(training.minutes, language())
    return [gettext(KINDS[training.kind]), length, towns_of(training)]


def towns_of(training: Posted) -> str:
    """`La Libertad, Petén`; of several `La Libertad, Las Cruces y Sayaxché, Petén`; or `En línea`."""
    places = [meeting.place for meeting in training.held]
    found = tuple(dict.fromkeys(place.town for place in places if not place.is_online))
    online = [gettext("En línea")] if any(place.is_online for place in places) else []
    return "; ".join([*([_towns(found)] if found else []), *online])


def _towns(found: Sequence[Town]) -> str:
    if len(found) > MOST_TOWNS:
        return gettext("%(num)s municipios") % {"num": len(found)}
    if len({town.department for town in found}) == 1:
        return f"{sentences.listing([town.name for town in found])}, {found[0].department}"
    return "; ".join(town.full_name for town in found)


def short_place(place: Place, among: Collection[Place]) -> str:
    """What tells it from the others: the name, with the municipality if these differ."""
    if place.is_online:
        return place.where
    towns = {one.town for one in among if not one.is_online}
    if not place.name or len({town.department for town in towns}) > 1:
        return place.with_name
    return place.name if len(towns) == 1 else f"{place.name}, {place.town.name}"


def _description(training: Posted, about: list[str]) -> str:
    meeting = training.next_meeting
    day = dates.long_date(meeting.starts_at, language())
    place = meeting.place.with_name
    time = dates.time_of_day(meeting.starts_at, language())
    return f"{about[0]}, {about[1]}. {day[0].upper()}{day[1:]}, {_stopped(time)} {place}."


def _dated(meeting: Meeting, *, among: Collection[Place], is_cancelled: bool) -> Dated:
    day = dates.long_date(meeting.starts_at, language())
    hours = dates.time_range(meeting.starts_at, meeting.ends_at, language())
    place = short_place(meeting.place, among) if len(among) > 1 else ""
    note = public_note(meeting, is_called_off=is_cancelled)
    return Dated(f"{day[0].upper()}{day[1:]}", hours, place, is_cancelled, note)


def _running(training: Posted) -> str:
    if not training.is_running:
        return ""
    time = dates.time_of_day(training.next_meeting.ends_at, language())
    return _stopped(gettext("Está en curso. Termina: %(time)s") % {"time": time})


def _place_note(training: Posted) -> str:
    if not training.is_place_public:
        return gettext("El lugar exacto se le dice al inscribirse.")
    if training.is_online:
        return gettext("En línea. El enlace le llega al inscribirse.")
    has_all = all(meeting.place.name for meeting in training.held)
    return "" if has_all else gettext("El lugar está por confirmarse. Pregunte a la ventanilla.")


def _access(training: Posted, places: Sequence[Place]) -> tuple[Access, ...]:
    """One sentence if it holds for all places, else one a place: none may speak for another."""
    if not training.is_place_public:
        return (Access("", gettext("Pregunte a la ventanilla por rampas, baños y transporte.")),)
    told = {place: sentences.access_sentence(place.access) for place in places}
    if len(set(told.values())) == 1:
        return tuple(Access("", words) for words in set(told.values()) if words)
    unknown = gettext("Pregunte a la ventanilla.")
    return tuple(Access(short_place(place, places), words or unknown) for place, words in told.items())


def _audience(training: Posted) -> Iterator[str]:
    yield sentences.audience_sentence(training.audience)
    yield sentences.age_sentence(training.minimum_age, admits_minors=training.admits_minors)


def _before(training: Posted) -> str:
    courses = sentences.listing([f"«{title}»" for title in training.prerequisites])
    return gettext("Antes hay que completar %(courses)s.") % {"courses": courses} if courses else ""


def _childcare(training: Posted) -> str:
    left = training.childcare_capacity - training.childcare_taken
    if training.childcare_capacity and left <= 0:
        return gettext("Ya no quedan lugares. Pregunte a la ventanilla.")
    if training.childcare_capacity:
        sentence = ngettext(
            "Sí, queda %(num)s lugar. Pídalo al inscribirse.",
            "Sí, quedan %(num)s lugares. Pídalo al inscribirse.",
            left,
        )
        return sentence % {"num": left}
    return gettext("Sí. Pídalo al inscribirse.") if Offer.CHILDCARE in training.offers else ""


def _finish(training: Posted) -> str:
    """The paper to earn, and the rule of hours."""
    is_municipal = training.hub.operator_kind is OperatorKind.MUNICIPALITY
    giver = gettext("la municipalidad") if is_municipal else training.hub.operator
    time = gettext("todo el tiempo")
    if training.completion_share < WHOLE:
        time = gettext("al menos el %(share)s\N{NO-BREAK SPACE}%% del tiempo") % {"share": training.completion_share}
    values = {"giver": giver, "time": time, "mark": training.pass_mark}
    if training.pass_mark is not None:
        return gettext("Certificado de %(giver)s, si está %(time)s y gana la prueba con %(mark)s puntos.") % values
    return gettext("Diploma de %(giver)s, si está %(time)s.") % values


def _until(training: Posted) -> str:
    closes = closing_time(training, training.meetings)
    parts = []
    if training.approval_required:
        parts.append(gettext("La ventanilla revisa cada inscripción y le responde."))
    if training.closes_at is not None and closes is not None:
        moment = dates.day_and_time(closes, language())
        parts.append(_stopped(gettext("Puede inscribirse hasta el %(moment)s") % {"moment": moment}))
    return " ".join(parts)


def _why_not(training: Posted, phase: Phase) -> str:
    if phase is Phase.NOT_YET_OPEN and training.opens_at is not None:
        moment = dates.day_and_time(training.opens_at, language())
        return _stopped(gettext("La inscripción abre el %(moment)s") % {"moment": moment})
    if phase is Phase.FULL:
        return gettext("Está lleno y no hay lista de espera. Vea otras fechas o llame a la ventanilla.")
    if phase is Phase.CLOSED and training.walk_ins and training.free:
        return gettext("La inscripción cerró. Puede llegar sin inscribirse: si hay lugar, le reciben.")
    if phase is Phase.CLOSED:
        return gettext("La inscripción cerró. Vea otras fechas, o llame a la ventanilla.")
    if phase is Phase.HELD:
        return gettext("Esta capacitación ya se realizó.")
    told = gettext("Esta capacitación se canceló.")
    return f"{told} {training.cancel_reason}".strip()


def _stopped(sentence: str) -> str:
    """Adds a full stop, unless there is one (`4:00 p. m.`)."""
    return sentence if sentence.endswith(".") else f"{sentence}."
