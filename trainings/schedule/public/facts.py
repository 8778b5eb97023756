from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import quote

from trainings import clock
from trainings.lib import dates
from trainings.places.models import OperatorKind
from trainings.schedule.dated import Span
from trainings.schedule.models import Offer, TrainingState
from trainings.schedule.phase import Phase, closing_time, end_of
from trainings.schedule.public import sentences
from trainings.schedule.public.posted import HubCard, Listed, Place, Posted, PublicSession
from trainings.schedule.public.sentences import public_note
from trainings.schedule.towns import Town
from trainings.schedule.words import KINDS
from trainings.web.i18n import gettext, language, ngettext

WHOLE = 100
MOST_TOWNS = 3


@dataclass(frozen=True, slots=True)
class Dated:
    """`place`: only if the sessions' places differ. `note`: what changed. `days`, `gone`: of several sessions at equal
    hours, where `day` is how many they are. `is_past`: while others are to come.
    """

    day: str
    hours: str
    place: str
    is_cancelled: bool = False
    note: str = ""
    days: str = ""
    gone: str = ""
    is_past: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """`place`: only if the places differ in it."""

    place: str
    words: str

    def __str__(self) -> str:
        return f"{self.place}: {self.words}" if self.place else self.words


@dataclass(frozen=True, slots=True)
class Call:
    """Register, or look elsewhere for the reason in `note`."""

    label: str
    href: str
    note: str
    is_sign_up: bool = False
    is_bad: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    about: str
    description: str
    dates: tuple[Dated, ...]
    running: str
    left: str
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
    places = tuple(dict.fromkeys(session.place for session in training.held))
    about = _about(training)
    return Facts(
        about=" · ".join(about),
        description=_description(training, about),
        dates=tuple(_dates(training, places)),
        running=_running(training),
        left=_left(training),
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
    session = training.next_session
    moment = dates.day_and_time(session.starts_at, language())
    text = f"{training.title}. {session.place.where}, {sentences.stopped(moment)} {address}"
    return f"https://wa.me/?text={quote(text, safe='')}"


def _about(training: Posted) -> list[str]:
    length = dates.duration(training.minutes, language())
    return [gettext(KINDS[training.kind]), length, towns_of(training)]


def towns_of(training: Posted) -> str:
    """`La Libertad, Las Cruces y Sayaxché, Petén`, or `En línea`."""
    places = [session.place for session in training.held]
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
    """With the municipality if these differ."""
    if place.is_online:
        return place.where
    towns = {one.town for one in among if not one.is_online}
    if not place.name or len({town.department for town in towns}) > 1:
        return place.with_name
    return place.name if len(towns) == 1 else f"{place.name}, {place.town.name}"


def _description(training: Posted, about: list[str]) -> str:
    session = training.next_session
    day = dates.long_date(session.starts_at, language())
    place = session.place.with_name
    time = dates.time_of_day(session.starts_at, language())
    return f"{about[0]}, {about[1]}. {sentences.capital(day)}, {sentences.stopped(time)} {place}."


def _dates(training: Posted, among: Collection[Place]) -> Iterator[Dated]:
    unchanged = [one for one in training.sessions if one.is_on and one.was is None]
    places = [short_place(place, among) for place in {one.place for one in unchanged}] if len(among) > 1 else [""]
    at_once = sentences.at_equal_hours(unchanged) if len(places) == 1 else None
    if at_once is not None:
        yield Dated(at_once.what, at_once.hours, places[0], days=at_once.days, gone=at_once.gone)
    for session in training.sessions:
        if at_once is None or session not in unchanged:
            is_past = not training.is_over and end_of(session) <= clock.now()
            yield replace(_dated(session, among=among, is_cancelled=not session.is_on), is_past=is_past)


def _dated(session: PublicSession, *, among: Collection[Place], is_cancelled: bool) -> Dated:
    day = dates.long_date(session.starts_at, language())
    hours = dates.time_range(session.starts_at, session.ends_at, language())
    place = short_place(session.place, among) if len(among) > 1 else ""
    note = public_note(session, is_called_off=is_cancelled)
    return Dated(sentences.capital(day), hours, place, is_cancelled, note)


def _running(training: Posted) -> str:
    if not training.is_running:
        return ""
    time = dates.time_of_day(training.next_session.ends_at, language())
    return sentences.stopped(gettext("Está en curso. Termina: %(time)s") % {"time": time})


def _left(training: Posted) -> str:
    if training.state is TrainingState.CANCELLED:
        return ""
    return sentences.left_of_course([one for one in training.sessions if one.is_on], training.completion_share)


def _place_note(training: Posted) -> str:
    if not training.is_place_public:
        return gettext("El lugar exacto se le dice al inscribirse.")
    if training.is_online:
        return gettext("En línea. El enlace le llega al inscribirse.")
    has_all = all(session.place.name for session in training.held)
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
    if training.phase is Phase.HELD:
        return gettext("Ya terminó: a quien no asistió ya no se le da diploma ni constancia.")
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
    closes = closing_time(training, training.sessions)
    parts = []
    if training.approval_required:
        parts.append(gettext("La ventanilla revisa cada inscripción y le responde."))
    if training.closes_at is not None and closes is not None:
        moment = dates.day_and_time(closes, language())
        parts.append(sentences.stopped(gettext("Puede inscribirse hasta el %(moment)s") % {"moment": moment}))
    return " ".join(parts)


def _why_not(training: Posted, phase: Phase) -> str:
    if phase is Phase.NOT_YET_OPEN and training.opens_at is not None:
        moment = dates.day_and_time(training.opens_at, language())
        return sentences.stopped(gettext("La inscripción abre el %(moment)s") % {"moment": moment})
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


@dataclass(frozen=True, slots=True)
class Row:
    """`free` None: a `state` replaces the band."""

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
    """Each by its next session, if possible in this town or since then."""
    return [row_of(training, training.next_session_in(town_code, since)) for training in trainings]


def row_of(training: Listed, session: PublicSession) -> Row:
    phase = training.phase
    state = state_of(phase)
    return Row(
        href=training.path,
        title=training.title,
        starts_at=session.starts_at,
        when=_when(training, session),
        place=session.place.in_full,
        free=None if state else training.free,
        capacity=training.capacity,
        is_waiting=phase is Phase.WAITING,
        state=state,
        is_off=phase is Phase.CANCELLED,
        note=" ".join(part for part in (note_of(training, session), _changes(training)) if part),
        elsewhere=_elsewhere(training, session),
    )


def hours_of(what: Span) -> str:
    """`8:30 a. m. a 12:30 p. m.`"""
    start, end = (dates.time_of_day(moment, language()) for moment in (what.starts_at, what.ends_at))
    return gettext("%(start)s a %(end)s") % {"start": start, "end": end}


def _when(training: Listed, session: PublicSession) -> str:
    """`… · 3 sesiones: 16, 17 y 18 de marzo de 2027`; a single one in this place: `… · sesión 3 de 4`."""
    hours, here = hours_of(session), [one for one in training.held if one.place == session.place]
    if len(here) > 1:
        n_sessions = ngettext("%(num)s sesión", "%(num)s sesiones", len(here)) % {"num": len(here)}
        days = dates.date_span((one.starts_at for one in here), language())
        return f"{hours} · {n_sessions}: {days}"
    if len(training.sessions) == 1 or len(training.held) == 1:
        return hours
    which = gettext("sesión %(position)s de %(n)s")
    return f"{hours} · {which % {'position': training.number_of(session), 'n': len(training.sessions)}}"


def _elsewhere(training: Listed, shown: PublicSession) -> str:
    """`Además: 9 de marzo de 2027 en Escuela oficial, …`; past sessions only once all are."""
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
    """The obstacle to registering, or empty."""
    if phase is Phase.CANCELLED:
        return gettext("Cancelada")
    if phase is Phase.HELD:
        return gettext("Ya se realizó")
    if phase is Phase.CLOSED:
        return gettext("Inscripción cerrada")
    return gettext("Todavía no abre") if phase is Phase.NOT_YET_OPEN else ""


def _changes(training: Listed) -> str:
    now = clock.now()
    ahead = [session for session in training.sessions if session.was is not None and session.ends_at > now]
    noted = [public_note(session, is_called_off=not session.is_on) for session in ahead]
    notes = [note for note in noted if note]
    if len(notes) <= 1:
        return notes[0] if notes else ""
    if training.state is TrainingState.CANCELLED:
        return ngettext("Se canceló %(num)s fecha.", "Se cancelaron %(num)s fechas.", len(notes)) % {"num": len(notes)}
    return ngettext("Cambió %(num)s fecha.", "Cambiaron %(num)s fechas.", len(notes)) % {"num": len(notes)}


def note_of(training: Listed, session: PublicSession) -> str:
    if training.phase is Phase.NOT_YET_OPEN and training.opens_at is not None:
        moment = dates.day_and_time(training.opens_at, language())
        return gettext("La inscripción abre el %(moment)s") % {"moment": moment}
    return gettext("Está en curso") if training.is_running and session == training.next_session else ""
