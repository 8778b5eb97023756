"""A transcript as a one-page PDF (letter, PDF/A-3a and PDF/UA-1). CPU work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from trainings.certificates.designs.bands import band
from trainings.certificates.designs.designs import DESIGNS
from trainings.certificates.designs.pdf import finished
from trainings.certificates.transcripts.queries import Entry
from trainings.lib import dates, qr
from trainings.lib.tokens import show_certificate_code
from trainings.lib.typst import Design
from trainings.places.words import HUB_NAME
from trainings.settings import get_settings

DESIGN = Design(DESIGNS / "transcript" / "transcript.typ", root=DESIGNS, fonts=DESIGNS / "fonts")
STANDARDS = ["a-3a", "ua-1"]
KINDS = {"constancia": "Constancia", "diploma": "Diploma", "certificado": "Certificado"}


def render(name: str, code: str, entries: Sequence[Entry], *, made_at: datetime) -> bytes:
    """Equal words and moment give equal bytes. Refuses (`CannotTypeset`) letters that the fonts lack."""
    second = made_at.astimezone(UTC).replace(microsecond=0)
    data = transcript_data(name, code, entries, made_at=made_at)
    [file] = DESIGN.make(data, "pdf", name=code, pdf_standards=STANDARDS, timestamp=second)
    return finished(file, data)


def missing_glyphs(name: str, entries: Sequence[Entry]) -> str:
    return DESIGN.missing(name, *(text for one in entries for text in (one.title, one.place)))


def transcript_data(name: str, code: str, entries: Sequence[Entry], *, made_at: datetime) -> dict[str, Any]:
    """The design's input, in Spanish."""
    settings = get_settings()
    modules, path = qr.svg_path(f"{settings.base_url.rstrip('/')}/V/{code}".upper(), "M")
    frame = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {modules} {modules}" shape-rendering="crispEdges"'
    minutes = sum(one.minutes for one in entries)
    return {
        "issuer": HUB_NAME,
        "name": name,
        "sentence": _sentence(len(entries), minutes),
        "entries": [_row(one) for one in entries],
        "band": band(minutes, "es"),
        "code": show_certificate_code(code),
        "host": f"{settings.host}/verificar",
        "made": f"Hecho {dates.held_on([dates.local_day(made_at)], 'es')}, con lo que consta ese día.",
        "qr": {"svg": f'<svg {frame}><path d="{path}"/></svg>'},
    }


def _sentence(n: int, minutes: int) -> str:
    held = "la capacitación que sigue" if n == 1 else f"las {n} capacitaciones que siguen"
    return f"Según la asistencia que consta en las ventanillas, participó en {held}: {dates.duration(minutes, 'es')}."


def _row(one: Entry) -> dict[str, str | list[str]]:
    return {
        "title": one.title,
        "held": one.held_text,
        "place": one.place,
        "hours": dates.duration(one.minutes, "es"),
        "result": KINDS.get(one.kind, "La completó" if one.is_completed else ""),
        "paper": [one.folio, show_certificate_code(one.code)] if one.folio else [],
    }
