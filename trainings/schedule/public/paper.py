"""In Spanish, for letters and posters."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from trainings import clock
from trainings.lib import dates, qr
from trainings.lib.phones import show_phone
from trainings.schedule.models import Offer
from trainings.schedule.public.facts import Facts, facts_of
from trainings.schedule.public.posted import Place, Posted, PublicSession
from trainings.schedule.public.sentences import capital, listing, stopped

MOST_DATES = 4
"""Listed one by one; more are told by first and last day."""

WHEN, WHERE, WHEN_AND_WHERE = "Cuándo", "Dónde", "Cuándo y dónde"
"""Labels by which other modules find these facts."""

OFFERED: Mapping[str, str] = {
    Offer.SNACK: "refacción",
    Offer.FARE: "pasaje",
    Offer.CHILDCARE: "cuidado infantil",
    Offer.INTERPRETER: "intérprete",
}


def facts_on_paper(posted: Posted) -> Iterator[tuple[str, list[str]]]:
    """Labels with lines; the place as public as it is."""
    facts = facts_of(posted)
    yield from _when_and_where(posted, facts)
    yield "Para quién", [facts.audience]
    if facts.before:
        yield "Requisito", [facts.before]
    if facts.languages:
        yield "Idioma", [facts.languages]
    if facts.access:
        yield "Acceso", [str(one) for one in facts.access]
    if offered := _offered(posted):
        yield "Se ofrece", [offered]
    if posted.bring:
        yield "Qué traer", [posted.bring]
    yield "Cupo", [f"{posted.capacity} lugares." if posted.capacity != 1 else "Un lugar."]
    yield "Al terminar", [facts.finish]


def _when_and_where(posted: Posted, facts: Facts) -> Iterator[tuple[str, list[str]]]:
    """Apart if all sessions share a place; else each day with its place."""
    note = [facts.place_note] if facts.place_note else []
    if len({one.place for one in posted.taking_place}) > 1:
        yield WHEN_AND_WHERE, [*_pairs(posted.taking_place), *note]
        return
    yield WHEN, _when(posted.taking_place)
    yield WHERE, [*(stopped(place.in_full) for place in facts.places), *note]


def _pairs(sessions: Sequence[PublicSession]) -> list[str]:
    """`Martes 2 y 9 de marzo de 2027, de 8:30 a. m. a 12:30 p. m.: Salón municipal, La Libertad, Petén.` Days of the
    same place and hours; if few, also of the same weekday.
    """
    together: dict[tuple[Place, str, str], list[PublicSession]] = {}
    for one in sessions:
        weekday = dates.weekday(one.starts_at, "es") if len(sessions) <= MOST_DATES else ""
        hours = dates.time_range(one.starts_at, one.ends_at, "es")
        together.setdefault((one.place, hours, weekday), []).append(one)
    return [
        stopped(f"{capital(_days(ones))}, {hours}: {place.in_full}") for (place, hours, _), ones in together.items()
    ]


def _days(sessions: Sequence[PublicSession]) -> str:
    """`martes, 2 de marzo de 2027` · `sábados 6 y 13 de marzo de 2027`"""
    days = [clock.local(one.starts_at).date() for one in sessions]
    if len(days) == 1:
        return dates.long_date(days[0], "es")
    [weekday, *others] = {dates.weekday(day, "es") for day in days}
    span = _span(days)
    if others or span.startswith("del "):
        return span
    return f"{weekday.removesuffix('s')}s {dates.date_span(days, 'es')}"


def _when(sessions: Sequence[PublicSession]) -> list[str]:
    hours = [dates.time_range(one.starts_at, one.ends_at, "es") for one in sessions]
    if len(sessions) <= MOST_DATES:
        return [
            stopped(f"{capital(dates.long_date(one.starts_at, 'es'))}, {text}")
            for one, text in zip(sessions, hours, strict=True)
        ]
    days = [clock.local(one.starts_at).date() for one in sessions]
    first = f"{len(sessions)} sesiones, {_span(days)}"
    return [stopped(f"{first}, {hours[0]}" if len(set(hours)) == 1 else f"{first}. Las horas están en la página")]


def _span(days: Collection[date]) -> str:
    return dates.held_on(days, "es")


def _offered(posted: Posted) -> str:
    offered = [words for code, words in OFFERED.items() if code in posted.offers or _has(posted, code)]
    return stopped(capital(listing(offered))) if offered else ""


def _has(posted: Posted, code: str) -> bool:
    if code == Offer.CHILDCARE:
        return posted.childcare_capacity > 0
    return code == Offer.INTERPRETER and bool(posted.interpreter_languages)


def how_to_sign_up(posted: Posted) -> list[str]:
    hub = posted.hub
    hours = f"{hub.hours[:1].lower()}{hub.hours[1:]}"
    lines = [
        f"También puede llamar al {show_phone(posted.phone)}, o venir a la ventanilla ({hours}).",
        "No hace falta tener correo ni teléfono propio.",
    ]
    if posted.opens_at is not None and posted.opens_at > clock.now():
        lines.append(stopped(f"La inscripción se abre el {dates.day_and_time(posted.opens_at, 'es')}"))
    if posted.closes_at is not None:
        lines.append(_closing(posted.closes_at))
    if posted.approval_required:
        lines.append("La ventanilla revisa cada inscripción y responde.")
    return lines


def _closing(closes_at: datetime) -> str:
    moment = dates.day_and_time(closes_at, "es")
    if closes_at > clock.now():
        return stopped(f"La inscripción se cierra el {moment}")
    return f"En la página, la inscripción se cerró el {stopped(moment)} Llame para preguntar si queda lugar."


def qr_drawing(address: str) -> dict[str, Any]:
    modules, path = qr.svg_path(address, "M")
    box = f'viewBox="0 0 {modules} {modules}"'
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" {box} shape-rendering="crispEdges"><path d="{path}"/></svg>'
    return {"modules": modules, "svg": drawing}
