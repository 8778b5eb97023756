"""A training in Spanish words for paper (letters, posters): when, where, for whom, how to sign up; and its code."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from trainings import clock
from trainings.lib import dates, qr
from trainings.lib.phones import show_phone
from trainings.schedule import sentences
from trainings.schedule.facts import facts_of
from trainings.schedule.models import Offer
from trainings.schedule.posted import Posted

MOST_DATES = 4
"""Meetings told one by one; more are told by their first and last day."""

OFFERED: Mapping[str, str] = {
    Offer.SNACK: "refacción",
    Offer.FARE: "pasaje",
    Offer.CHILDCARE: "cuidado infantil",
    Offer.INTERPRETER: "intérprete",
}


def facts_on_paper(posted: Posted) -> Iterator[tuple[str, list[str]]]:
    """Labels with their lines; the place as exactly as everybody may know it."""
    facts = facts_of(posted)
    yield "Cuándo", _when(posted)
    yield "Dónde", _where(posted)
    yield "Para quién", [facts.audience]
    if facts.before:
        yield "Requisito", [facts.before]
    if facts.languages:
        yield "Idioma", [facts.languages]
    if facts.access:
        yield "Acceso", [facts.access]
    if offered := _offered(posted):
        yield "Se ofrece", [offered]
    if posted.bring:
        yield "Qué traer", [posted.bring]
    yield "Cupo", [f"{posted.capacity} lugares." if posted.capacity != 1 else "Un lugar."]
    yield "Al terminar", [facts.finish]


def _when(posted: Posted) -> list[str]:
    meetings = [one for one in posted.held if not posted.is_called_off(one)]
    hours = [dates.time_range(one.starts_at, one.ends_at, "es") for one in meetings]
    if len(meetings) <= MOST_DATES:
        return [
            stopped(f"{capital(dates.long_date(one.starts_at, 'es'))}, {text}")
            for one, text in zip(meetings, hours, strict=True)
        ]
    days = [clock.local(one.starts_at).date() for one in meetings]
    first = f"{len(meetings)} sesiones, {_span(days)}"
    return [stopped(f"{first}, {hours[0]}" if len(set(hours)) == 1 else f"{first}. Las horas están en la página")]


def _span(days: Collection[date]) -> str:
    return dates.held_on(days, "es")


def _where(posted: Posted) -> list[str]:
    facts = facts_of(posted)
    lines = [
        stopped(", ".join(part for part in (place.name, place.address, place.town.full_name) if part))
        for place in facts.places
    ]
    return [*lines, facts.place_note] if facts.place_note else lines


def _offered(posted: Posted) -> str:
    offered = [words for code, words in OFFERED.items() if code in posted.offers or _has(posted, code)]
    return stopped(capital(sentences.listing(offered))) if offered else ""


def _has(posted: Posted, code: str) -> bool:
    """Offered because there are places or languages for it, though nobody ticked the box."""
    if code == Offer.CHILDCARE:
        return posted.childcare_capacity > 0
    return code == Offer.INTERPRETER and bool(posted.interpreter_languages)


def how_to_sign_up(posted: Posted) -> list[str]:
    """Beside the code: by telephone or at the hub, and until when."""
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


def capital(text: str) -> str:
    """The same with a capital at the beginning."""
    return f"{text[:1].upper()}{text[1:]}"


def stopped(sentence: str) -> str:
    """With its full stop: `4:00 p. m.` has one already."""
    return sentence if sentence.endswith(".") else f"{sentence}."


def qr_drawing(address: str) -> dict[str, Any]:
    """The code of an address as a drawing, with its size in modules."""
    modules, path = qr.svg_path(address, "M")
    box = f'viewBox="0 0 {modules} {modules}"'
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" {box} shape-rendering="crispEdges"><path d="{path}"/></svg>'
    return {"modules": modules, "svg": drawing}
