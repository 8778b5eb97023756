"""Letter paper, in Spanish."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from trainings import clock
from trainings.attendance.queries import Door, place_of
from trainings.attendance.scans import DOOR_OPENS
from trainings.attendance.sheets.queries import Line, OpenSheet
from trainings.attendance.sheets.sheets import COLUMNS
from trainings.db import reads
from trainings.lib import dates
from trainings.lib.folders import DESIGNS
from trainings.lib.text import as_drawn
from trainings.lib.typst import Design
from trainings.places.words import HUB_NAME
from trainings.schedule.models import SessionState, Training, TrainingSession
from trainings.schedule.words import KINDS

SHEET = Design(DESIGNS / "sheets" / "sheet.typ", root=DESIGNS, fonts=DESIGNS / "fonts")

WIDTHS: Mapping[str, int] = {
    "dpi": 34,
    "office": 28,
    "phone": 24,
    "organization": 30,
    "community": 26,
    "sex": 12,
    "age": 12,
}
"""Millimetres for writing by hand."""
UPRIGHT, ON_ITS_SIDE = 62, 136
"""Millimetres of columns: beyond the first the page is landscape, beyond the second columns get narrower."""
SHORT = {"sex": "M/H"}
"""Heads of columns whose contents are narrower than the word."""


class BySex(NamedTuple):
    """None: filled in by hand."""

    women: int | None = None
    men: int | None = None
    unsaid: int | None = None

    @property
    def all(self) -> int | None:
        known = [one for one in self if one is not None]
        return sum(known) if known else None


BY_HAND = BySex()


@dataclass(frozen=True, slots=True)
class Head:
    operator: str
    hub: str
    title: str
    facts: Sequence[tuple[str, str]]
    session: TrainingSession


async def head_of(door: Door) -> Head:
    """With the venue, even if protected: the paper is for staff."""
    training = (
        await reads(Training).get(id=door.session.training_id).select_related("hub__operator", "hub__seat", "project")
    )
    session, seat = door.session, training.hub.seat
    venue = session.venue or door.session.training.venue
    facts = [
        (KINDS[training.kind], f"{training.title}{await _position(session)}"),
        ("Lugar", ", ".join(filter(None, (venue.name, venue.address))) if venue else place_of(session)),
        ("Municipio", venue.municipality.full_name if venue else seat.full_name),
        ("Fecha", dates.long_date(session.starts_at, "es")),
        ("Horario", dates.time_range(session.starts_at, session.held_until, "es")),
        ("Facilita", ", ".join(door.facilitators) or "Por definir"),
    ]
    if training.project is not None:
        facts.append(("Proyecto", f"{training.project.name} ({training.project.donor})"))
    return Head(training.hub.operator.name, f"{HUB_NAME}, {seat.full_name}", training.title, facts, session)


async def _position(session: TrainingSession) -> str:
    held = reads(TrainingSession).filter(training_id=session.training_id, state=SessionState.PLANNED)
    starts = sorted([one.starts_at for one in await held])
    if len(starts) < 2 or session.starts_at not in starts:
        return ""
    return f", sesión {starts.index(session.starts_at) + 1} de {len(starts)}"


def sheet_data(head: Head, opened: OpenSheet) -> dict[str, Any]:
    return list_data(head, opened.code, opened.lines, columns=opened.sheet.columns)


def list_data(
    head: Head,
    code: str,
    lines: Iterable[Line],
    *,
    columns: Sequence[str] = (),
    totals: BySex = BY_HAND,
    is_marked: bool = False,
    note: str = "",
) -> dict[str, Any]:
    """`code`: empty where none was printed."""
    known = [one for one in COLUMNS if one in columns]
    needed = sum(WIDTHS[one] for one in known)
    share = min(1.0, ON_ITS_SIDE / needed) if needed else 1.0
    return {
        "operator": printable(head.operator),
        "hub": printable(head.hub),
        "short_title": printable(head.title),
        "code": code,
        "heading": "Listado de asistencia",
        "note": printable(note),
        "facts": [[what, printable(said)] for what, said in head.facts],
        "wide": needed > UPRIGHT,
        "columns": [{"words": SHORT.get(one, COLUMNS[one]), "width": WIDTHS[one] * share} for one in known],
        "sign": "Asistencia" if is_marked else "Firma o huella",
        "rows": [_row(line, head.session if is_marked else None) for line in lines],
        "totals": totals._asdict() | {"all": totals.all},
        "printed": f"Impresa el {dates.numeric_date(clock.today())}.",
    }


def _row(line: Line, held: TrainingSession | None) -> dict[str, Any]:
    return {
        "number": str(line.number) if line.number else "–",
        "name": printable(line.name) or None,
        "card": line.short_code,
        "mark": _mark(line, held) if held is not None else "",
    }


def _mark(line: Line, held: TrainingSession) -> str:
    if line.stay.arrived_at is None:
        return "No llegó" if line.name else ""
    arrived = arrival_in_words(held, line.stay.arrived_at)
    if line.stay.left_at is None:
        return arrived
    return f"{arrived}; se fue a {dates.the_time(line.stay.left_at, 'es')}"


def arrival_in_words(session: TrainingSession, at: datetime) -> str:
    """`Presente, 8:00 a. m.`; without a time outside the session."""
    is_near = session.starts_at - DOOR_OPENS <= at <= session.ends_at + DOOR_OPENS
    return f"Presente, {dates.time_of_day(at, 'es')}" if is_near else "Presente, falta revisar a qué hora"


def printable(text: str) -> str:
    """Without characters that the fonts lack, such as emoji, so that printing does not fail."""
    return as_drawn(text, SHEET.missing(text), otherwise="")
