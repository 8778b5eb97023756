"""Posters in Spanish of a training or a month; words for a social page. Public facts only."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from trainings import clock
from trainings.db import reads
from trainings.errors import Refusal
from trainings.lib import dates
from trainings.lib.folders import DESIGNS, FONTS
from trainings.lib.phones import show_phone
from trainings.lib.text import as_drawn
from trainings.lib.typst import Design
from trainings.outreach.queries import ListedActivity, listed_activities
from trainings.places.models import Hub
from trainings.schedule.models import SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.phase import Phase
from trainings.schedule.public.facts import towns_of
from trainings.schedule.public.paper import (
    WHEN,
    WHEN_AND_WHERE,
    WHERE,
    facts_on_paper,
    how_to_sign_up,
    qr_drawing,
)
from trainings.schedule.public.posted import Posted, PublicSession
from trainings.schedule.public.queries import public_training
from trainings.schedule.public.sentences import capital, stopped
from trainings.schedule.towns import Town
from trainings.schedule.words import KINDS
from trainings.web.i18n import N_, SOURCE_LANGUAGE, speaking
from trainings.web.render import absolute

TRAINING = Design(DESIGNS / "posters" / "training.typ", root=DESIGNS, fonts=FONTS)
MONTH = Design(DESIGNS / "posters" / "month.typ", root=DESIGNS, fonts=FONTS)
PICTURE_DPI = 110
"""A letter page of 935 × 1210 pixels."""
MOST_ON_A_PAGE = 10
MOST_LINES = 4

Form = Literal["pdf", "png"]


class NothingToPost(Refusal):
    sentence = N_("Esta capacitación todavía no es pública, se canceló o ya se realizó: no hay qué anunciar.")


@dataclass(frozen=True, slots=True)
class Entry:
    starts_at: datetime
    title: str
    place: str
    note: str


async def training_data(training: Training) -> dict[str, Any]:
    """Refuses (NothingToPost) a training not public, called off or over."""
    if training.state is not TrainingState.PUBLISHED:
        raise NothingToPost
    posted = await public_training(training.slug)
    if posted.phase is Phase.HELD:
        raise NothingToPost
    with speaking(SOURCE_LANGUAGE):
        return _training(posted, training.short_code)


async def month_data(hub: Hub, first: date) -> dict[str, Any]:
    """`first`: the month's first day. `hub` comes with seat and operator."""
    last = first.replace(day=monthrange(first.year, first.month)[1])
    activities = await listed_activities(first, last, hub_ids=[hub.id])
    with speaking(SOURCE_LANGUAGE):
        entries = [*await _sessions(hub, first, last), *_outreach(hub, activities)]
        return _month(hub, first, last, sorted(entries, key=lambda one: (one.starts_at, one.title)))


def poster(design: Design, data: dict[str, Any], form: Form, *, made_at: datetime) -> bytes:
    """The file, or a picture of its first page. Call it in a thread."""
    data = _printable(data)
    if form == "png":
        return design.make(data, "png", name="poster", ppi=PICTURE_DPI)[0]
    return design.pdf(data, made_at=made_at)


# -- a training


def _training(posted: Posted, short_code: str) -> dict[str, Any]:
    session = posted.next_session
    local = clock.local(session.starts_at)
    is_one = len(posted.taking_place) == 1
    weekday = capital(dates.weekday(session.starts_at, "es"))
    about = f"{KINDS[posted.kind]} · {dates.duration(posted.minutes, 'es')} · {towns_of(posted)}"
    left_out = {"Cupo", WHEN} if is_one else {"Cupo"}
    return {
        "operator": posted.hub.operator,
        "about": about,
        "title": posted.title,
        "day": str(local.day),
        "weekday": weekday if is_one else f"{_which(posted, session)} {weekday.lower()}",
        "month": f"de {dates.month_name(session.starts_at, 'es')} de {local.year}",
        "hours": _hours(posted, session),
        "facts": [[label, list(lines)] for label, lines in facts_on_paper(posted) if label not in left_out],
        **_call(
            "Más información" if posted.phase is Phase.CLOSED else "Inscríbase",
            absolute(f"/c/{short_code}"),
            ["Apunte aquí la cámara del teléfono.", *how_to_sign_up(posted)],
        ),
    }


def _hours(posted: Posted, session: PublicSession) -> str:
    hours = dates.time_range(session.starts_at, session.ends_at, "es")
    is_elsewhere_too = len({one.place.where for one in posted.taking_place}) > 1
    if not is_elsewhere_too:
        return hours
    return f"{hours}, en línea" if session.place.is_online else f"{hours}, en {session.place.town.name}"


def _which(posted: Posted, session: PublicSession) -> str:
    return "Empieza el" if session == posted.held[0] else "Sigue el"


# -- a month


async def _sessions(hub: Hub, first: date, last: date) -> list[Entry]:
    begins, ends = clock.midnight(first), clock.midnight(last + timedelta(days=1))
    sessions = reads(TrainingSession).filter(
        training__hub_id=hub.id,
        training__state=TrainingState.PUBLISHED,
        state=SessionState.PLANNED,
        starts_at__gte=begins,
        starts_at__lt=ends,
    )
    slugs = sorted({slug for (slug,) in await sessions.values_list("training__slug")})
    found = [await public_training(slug) for slug in slugs]
    return [
        _entry(posted, session)
        for posted in found
        for session in posted.held
        if session.is_on and begins <= session.starts_at < ends
    ]


def _entry(posted: Posted, session: PublicSession) -> Entry:
    place = session.place.where
    if not session.place.is_online:
        place = _where(session.place.name, session.place.town, posted.hub.seat.department)
    return Entry(session.starts_at, posted.title, place, "")


def _outreach(hub: Hub, activities: Sequence[ListedActivity]) -> list[Entry]:
    return [
        Entry(one.starts_at, one.title, _where(one.place, one.town, hub.seat.department), "Sin inscripción.")
        for one in activities
        if not one.is_cancelled
    ]


def _where(place: str, town: Town, department: str) -> str:
    return ", ".join(part for part in (place, town.name if town.department == department else town.full_name) if part)


def _month(hub: Hub, first: date, last: date, entries: Sequence[Entry]) -> dict[str, Any]:
    pages = [entries[start : start + MOST_ON_A_PAGE] for start in range(0, len(entries), MOST_ON_A_PAGE)] or [()]
    hours = f"{hub.hours[:1].lower()}{hub.hours[1:]}"
    lines = [
        f"Apunte aquí la cámara del teléfono o llame al {show_phone(hub.phone)}.",
        stopped(f"También en la ventanilla: {hours}"),
        "No cuesta. No hace falta tener correo.",
    ]
    return {
        "operator": hub.operator.name,
        "title": f"Capacitaciones sobre migración en {hub.seat.full_name}",
        "month": capital(dates.month_name(first, "es")),
        "year": str(first.year),
        "n_days": last.day,
        "lit": sorted({clock.local(one.starts_at).day for one in entries}),
        "pages": [[_line(one) for one in page] for page in pages],
        "nothing": "Este mes no hay fechas. Pregunte en la ventanilla por las que vienen.",
        **_call("Inscríbase", absolute(f"/municipios/{hub.seat.slug}"), lines),
    }


def _line(entry: Entry) -> dict[str, str]:
    weekday, time = dates.weekday(entry.starts_at, "es"), dates.time_of_day(entry.starts_at, "es")
    return {
        "day": str(clock.local(entry.starts_at).day),
        "when": f"{weekday}, {time}",
        "what": entry.title,
        "place": entry.place,
        "note": entry.note,
    }


# -- words of both


def _call(call: str, address: str, lines: Sequence[str]) -> dict[str, Any]:
    return {
        "call": call,
        "sign_up": list(lines[:MOST_LINES]),
        "address": address.partition("://")[2],
        "link": address,
        "qr": qr_drawing(address),
    }


def _printable(value: Any) -> Any:
    """Without emoji and letters that the fonts lack."""
    if isinstance(value, str):
        return as_drawn(value, MONTH.missing(value))
    if isinstance(value, dict):
        return {key: _printable(one) for key, one in value.items()}
    return [_printable(one) for one in value] if isinstance(value, list | tuple) else value


# -- words for a social page


ASK = (
    "Por su seguridad, no escriba aquí su nombre, su teléfono ni nada de su familia o su situación. "
    "Para inscribirse o preguntar, use el enlace o llame."
)
MOST_DATES = 12


def text_of_training(data: dict[str, Any]) -> str:
    """Asks people not to write there: everybody reads comments."""
    facts = dict(data["facts"])
    only_day = f"{data['weekday']} {data['day']} {data['month']}, {data['hours']}"
    days = facts.get(WHEN_AND_WHERE) or facts.get(WHEN, [only_day])
    listed = [f"· {day}" for day in days] if len(days) > 1 else days
    _camera, telephone, _no_mail, *until_when = data["sign_up"]
    call = [f"{data['call']}: {data['link']}", telephone, *until_when]
    return "\n".join([data["title"], *listed, *facts.get(WHERE, ()), "", *call, "", ASK])


def text_of_month(data: dict[str, Any]) -> str:
    """For a long month only the first dates."""
    items = [item for page in data["pages"] for item in page]
    dates = [f"· {_moment(item)}: {item['what']}. {item['place']}" for item in items]
    more = [f"Y {len(dates) - MOST_DATES} más en el enlace."] if len(dates) > MOST_DATES else []
    shown = dates[:MOST_DATES] + more or [data["nothing"]]
    head = f"{data['title']}: {data['month'].lower()} de {data['year']}"
    return "\n".join([head, "", *shown, "", f"Fechas e inscripción: {data['link']}", "", ASK])


def _moment(item: dict[str, str]) -> str:
    """`sábado 6, 8:30 a. m.`"""
    weekday, _comma, time = item["when"].partition(", ")
    return f"{weekday} {item['day']}, {time}"
