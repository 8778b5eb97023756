"""Places as exactly as the reader may know."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from trainings import clock
from trainings.lib import dates
from trainings.people.models import ActorType
from trainings.people.words import LANGUAGES
from trainings.places.models import Venue
from trainings.places.words import ACCESS
from trainings.schedule.changes import Difference, link_of
from trainings.schedule.completion import Outlook, Progress
from trainings.schedule.dated import Span
from trainings.schedule.models import ChangeKind, Offer, SessionState, Training, TrainingSession
from trainings.schedule.public.posted import Left, Place, PublicSession, Was
from trainings.schedule.towns import Town
from trainings.schedule.words import OFFERS
from trainings.web.i18n import N_, gettext, language, ngettext

FEWEST_AT_ONCE = 3
"""So many sessions at equal hours are one line."""


@dataclass(frozen=True, slots=True)
class EqualHours:
    """`10 jueves`, `de 8:30 a. m. a 12:30 p. m.`, and the days. `gone`: the days that are over, where others are to
    come.
    """

    what: str
    hours: str
    days: str
    gone: str


def at_equal_hours(sessions: Sequence[Span]) -> EqualHours | None:
    """None: few, or at different hours."""
    lang, now = language(), clock.now()
    here = [(clock.local(one.starts_at), clock.local(one.ends_at)) for one in sessions]
    if len(here) < FEWEST_AT_ONCE or len({(start.time(), end.time(), end - start) for start, end in here}) > 1:
        return None
    days = [start.date() for start, _end in here]
    left = [start.date() for start, end in here if end > now]
    if len({day.weekday() for day in days}) == 1:
        what = dates.weekdays(len(days), days[0], lang)
    else:
        what = ngettext("%(num)s sesión", "%(num)s sesiones", len(days)) % {"num": len(days)}
    hours = dates.time_range(sessions[0].starts_at, sessions[0].ends_at, lang)
    if len(left) in (0, len(days)):
        return EqualHours(what, hours, capital(dates.exact_days(days, lang)), "")
    to_come = ngettext("Queda %(num)s: %(days)s", "Quedan %(num)s: %(days)s", len(left))
    past = sorted({*days} - {*left})
    gone = ngettext("Ya pasó: %(days)s", "Ya pasaron: %(days)s", len(past)) % {"days": dates.exact_days(past, lang)}
    return EqualHours(what, hours, to_come % {"num": len(left), "days": dates.exact_days(left, lang)}, gone)


@dataclass(frozen=True, slots=True)
class _Coming:
    starts_at: datetime
    minutes: int


def left_of_course(sessions: Iterable[Span], share: int) -> str:
    """`Quedan 7 de 10 sesiones. Todavía alcanza para el diploma…`: what somebody who begins now can still have.
    `sessions`: those that are on; `share`: percent needed. Empty before the first has ended and after the last has.
    """
    every = [(one.ends_at, _Coming(one.starts_at, _minutes(one))) for one in sessions]
    to_come = [coming for ends_at, coming in every if ends_at > clock.now()]
    if not to_come or len(to_come) == len(every):
        return ""
    progress = Progress(0, sum(one.minutes for _end, one in every), share, to_come)
    counts = {"num": len(to_come), "n": len(every)}
    told = ngettext("Queda %(num)s de %(n)s sesiones.", "Quedan %(num)s de %(n)s sesiones.", len(to_come)) % counts
    if progress.outlook is Outlook.OUT_OF_REACH:
        why = gettext(
            "Para el diploma ya no alcanzan las horas, salvo que las reponga en otra fecha. Sí recibe constancia de "
            "las horas a las que asista."
        )
    elif len(progress.needed) == len(to_come):
        why = gettext("Todavía alcanza para el diploma, si no falta a ninguna.")
    else:
        words = ngettext(
            "Todavía alcanza para el diploma, si viene a la próxima.",
            "Todavía alcanza para el diploma, si viene a las próximas %(num)s.",
            len(progress.needed),
        )
        why = words % {"num": len(progress.needed)}
    return f"{told} {why}"


def _minutes(session: Span) -> int:
    return int((session.ends_at - session.starts_at).total_seconds() // 60)


def sentence_of(one: Difference, *, knows_place: bool, knows_link: bool = False) -> str:
    """`Antes: jueves, 4 de marzo de 2027, de 8:30 a. m. a 12:30 p. m. Ahora: …` Without a sure day before only the
    present; without `knows_place` only municipalities, without `knows_link` only "online".
    """
    session = one.session
    now = day_and_hours(session.starts_at, session.ends_at)
    if one.kind is ChangeKind.ADDED:
        return stopped(gettext(N_("Sesión nueva: %(when)s")) % {"when": now})
    if one.old_starts_at is None or one.old_ends_at is None:
        where = place_words(session.venue, knows_place, is_online=one.online_url is not None)
        when = with_place(now, where) if one.is_elsewhere else now
        return before_and_now(when, when, is_held_after_all=one.kind is ChangeKind.REOPENED)
    old = day_and_hours(one.old_starts_at, one.old_ends_at)
    if one.kind is ChangeKind.CANCELLED:
        return stopped(gettext(N_("Se canceló la sesión del %(when)s")) % {"when": old})
    if one.is_other_link and not one.is_moved:
        return _other_link(one, now, knows_link=knows_link)
    if one.is_elsewhere:
        before = place_words(one.old_venue, knows_place, is_online=one.was_online)
        after = place_words(session.venue, knows_place, is_online=one.online_url is not None)
        if before != after:
            old, now = with_place(old, before), with_place(now, after)
    told = before_and_now(old, now, is_held_after_all=one.kind is ChangeKind.REOPENED)
    return f"{told} {_link(one.online_url)}" if knows_link and one.is_elsewhere and one.online_url else told


def _other_link(one: Difference, when: str, *, knows_link: bool) -> str:
    told = stopped(gettext(N_("Cambió el enlace para entrar en línea: %(when)s")) % {"when": when})
    if one.kind is ChangeKind.REOPENED:
        told = f"{gettext(N_('Se había cancelado, pero sí se realiza.'))} {told}"
    return f"{told} {_link(one.online_url)}" if knows_link and one.online_url else told


def _link(address: str) -> str:
    """Last in its sentence: a full stop would become part of the address."""
    return gettext(N_("Enlace: %(address)s")) % {"address": address}


def before_and_now(old: str, now: str, *, is_held_after_all: bool) -> str:
    """Only `now` if nothing changed."""
    told = [] if old == now else [stopped(gettext(N_("Antes: %(when)s")) % {"when": old})]
    if is_held_after_all:
        told.insert(0, gettext(N_("Se había cancelado, pero sí se realiza.")))
    return " ".join([*told, stopped(gettext(N_("Ahora: %(when)s")) % {"when": now})])


def put_in(session: TrainingSession, link: str | None) -> str:
    place = place_words(session.venue, knows_place=True, is_online=link is not None)
    when = with_place(day_and_hours(session.starts_at, session.ends_at), place)
    told = stopped(gettext(N_("Ahora usted facilita la sesión del %(when)s")) % {"when": when})
    return f"{told} {_link(link)}" if link else told


def taken_out(session: TrainingSession) -> str:
    when = day_and_hours(session.starts_at, session.ends_at)
    return stopped(gettext(N_("Ya no facilita la sesión del %(when)s")) % {"when": when})


def place_words(venue: Venue | None, knows_place: bool, *, is_online: bool = False) -> str:
    """Venue and municipality, or the municipality alone, and "online"; or empty."""
    online = gettext(N_("En línea")) if is_online else ""
    if venue is None:
        return online
    house = f"{venue.name}, {venue.municipality.full_name}" if knows_place else venue.municipality.full_name
    return "; ".join(part for part in (house, online) if part)


def public_note(session: PublicSession, *, is_called_off: bool) -> str:
    """`Cambió: antes jueves 4 de marzo, 8:30 a. m.`; empty once public pages are silent."""
    was = session.was
    if was is None:
        return ""
    was_on = was.kind not in (ChangeKind.ADDED, ChangeKind.REOPENED)
    if is_called_off:
        return _called_off(session, was) if was_on else ""
    if was.kind is ChangeKind.ADDED:
        return gettext(N_("Sesión nueva"))
    if was.kind is ChangeKind.REOPENED:
        return gettext(N_("Se había cancelado, pero sí se realiza."))
    if before := _before(session, was):
        return gettext(N_("Cambió: antes %(before)s")) % {"before": before}
    return gettext(N_("Cambió el enlace para entrar")) if was.is_other_link else ""


def left_note(thing: Span, town: Town, left: Left | None, *, is_called_off: bool = False) -> str:
    """Where the venue is not named: only that it changed. Empty once it is over."""
    if left is None or thing.ends_at <= clock.now():
        return ""
    session = PublicSession(thing.starts_at, thing.ends_at, SessionState.PLANNED, Place(town), was=left.was)
    told = public_note(session, is_called_off=is_called_off)
    return told or (gettext(N_("Cambió de lugar")) if left.is_elsewhere and not is_called_off else "")


def _called_off(session: PublicSession, was: Was) -> str:
    when = dates.day_and_time(was.starts_at or session.starts_at, language())
    return gettext(N_("Se canceló: era el %(when)s")) % {"when": when}


def _before(session: PublicSession, was: Was) -> str:
    parts = []
    if was.starts_at and was.starts_at != session.starts_at:
        parts.append(dates.day_and_time(was.starts_at, language()))
    elif was.starts_at and was.ends_at and was.ends_at != session.ends_at:
        parts.append(dates.time_range(was.starts_at, was.ends_at, language()))
    if was.place is not None and was.place.with_name != session.place.with_name:
        parts.append(was.place.with_name)
    return "; ".join(parts)


def day_and_hours(starts_at: datetime, ends_at: datetime) -> str:
    """`jueves, 4 de marzo de 2027, de 8:30 a. m. a 12:30 p. m.`"""
    return f"{dates.long_date(starts_at, language())}, {dates.time_range(starts_at, ends_at, language())}"


def with_place(when: str, place: str) -> str:
    return f"{when} ({place})" if place else when


def capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def stopped(sentence: str) -> str:
    """Unless there is one (`4:00 p. m.`)."""
    return sentence if sentence.endswith(".") else f"{sentence}."


def place_of(session: TrainingSession, training: Training) -> str:
    return place_words(session.venue, knows_place=True, is_online=link_of(session, training) is not None)


ADULT = 18

AUDIENCES: dict[ActorType, str] = {
    ActorType.COCODE: N_("integrantes del COCODE"),
    ActorType.COMUDE: N_("integrantes del COMUDE"),
    ActorType.ALCALDIA: N_("alcaldías auxiliares y autoridades indígenas"),
    ActorType.DOCENTE: N_("docentes"),
    ActorType.SALUD: N_("personal de salud y comadronas"),
    ActorType.RELIGIOSO: N_("líderes religiosos"),
    ActorType.RADIO: N_("personas que comunican en la radio"),
    ActorType.JUVENTUD: N_("jóvenes"),
    ActorType.MUJERES: N_("organizaciones de mujeres"),
    ActorType.CONSEJERA: N_("consejeras comunitarias"),
    ActorType.MUNICIPAL: N_("personal municipal"),
    ActorType.INSTITUCION: N_("instituciones públicas"),
    ActorType.ORGANIZACION: N_("organizaciones sociales"),
    ActorType.FAMILIA: N_("familias"),
    ActorType.OTRO: N_("otras personas interesadas"),
}


def listing(parts: Sequence[str]) -> str:
    """`a, b y c`; before the sound of i, Spanish says `e`."""
    if len(parts) < 2:
        return "".join(parts)
    joint = N_("%(first)s e %(last)s") if _sounds_like_i(parts[-1]) else N_("%(first)s y %(last)s")
    return gettext(joint) % {"first": ", ".join(parts[:-1]), "last": parts[-1]}


def in_a_sentence(parts: Iterable[str]) -> str:
    """With capital and full stop, or empty."""
    text = listing([part for part in parts if part])
    return stopped(capital(text)) if text else ""


def language_name(code: str) -> str:
    """Lower case in Spanish, not in English."""
    name = gettext(LANGUAGES[code]) if code in LANGUAGES else code
    return name if language().startswith("en") else _small(name)


def audience_sentence(codes: Iterable[str]) -> str:
    """No codes: everybody."""
    named = [gettext(AUDIENCES[ActorType(code)]) for code in codes if code in AUDIENCES]
    return in_a_sentence(named) or gettext("Toda persona interesada.")


def age_sentence(minimum_age: int | None, *, admits_minors: bool) -> str:
    """Minors with the consent of a parent or guardian."""
    if not admits_minors:
        return gettext("Desde %(age)s años.") % {"age": max(minimum_age or ADULT, ADULT)}
    if minimum_age is None:
        return gettext("Menores de edad, con permiso de su madre, padre o persona encargada.")
    words = N_("Desde %(age)s años. Menores de edad, con permiso de su madre, padre o persona encargada.")
    return gettext(words) % {"age": minimum_age}


def language_sentence(codes: Collection[str], interpreted: Collection[str]) -> str:
    """`Español, con intérprete de q’eqchi’.` Empty if unknown."""
    spoken = listing([language_name(code) for code in codes])
    into = listing([language_name(code) for code in interpreted])
    if spoken and into:
        spoken = gettext("%(languages)s, con intérprete de %(others)s") % {"languages": spoken, "others": into}
    elif into:
        spoken = gettext("con intérprete de %(others)s") % {"others": into}
    return in_a_sentence([spoken])


def access_sentence(features: Collection[str]) -> str:
    return in_a_sentence(_small(gettext(words)) for feature, words in ACCESS.items() if feature in features)


def offer_sentence(offers: Collection[str]) -> str:
    """Without childcare and interpreters."""
    told = (Offer.SNACK, Offer.FARE)
    return in_a_sentence(_small(gettext(OFFERS[offer])) for offer in told if offer in offers)


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _sounds_like_i(word: str) -> bool:
    start = word[:3].lower()
    return start.startswith(("i", "í")) or (start.startswith(("hi", "hí")) and start[2:] not in ("a", "e"))
