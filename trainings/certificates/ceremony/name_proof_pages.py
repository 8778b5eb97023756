"""The printed proof list (letter paper, Spanish): a signature sheet's names, large, with room for corrections."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from trainings import clock
from trainings.attendance.sheets.pages import Head, printable
from trainings.attendance.sheets.queries import OpenSheet
from trainings.lib import dates
from trainings.lib.folders import DESIGNS
from trainings.lib.typst import Design

PROOF = Design(DESIGNS / "sheets" / "proof.typ", root=DESIGNS, fonts=DESIGNS / "fonts")
STANDARDS = ["ua-1"]
WORDS = "Así se imprime en el diploma. Si está bien, marque la casilla. Si no, escríbalo debajo con letra clara."


def proof_data(head: Head, opened: OpenSheet) -> dict[str, Any]:
    """Row numbers with the current names; rows without a name are left out."""
    return {
        "operator": printable(head.operator),
        "hub": printable(head.hub),
        "short_title": printable(head.title),
        "code": opened.code,
        "words": WORDS,
        "printed": f"Impresa el {dates.numeric_date(clock.today())}.",
        "rows": [[str(line.number), printable(line.name)] for line in opened.lines if line.person_id is not None],
    }


def proof_pdf(data: dict[str, Any], *, made_at: datetime) -> bytes:
    """From `proof_data`, tagged. CPU work: call it in a thread."""
    second = made_at.astimezone(UTC).replace(microsecond=0)
    [file] = PROOF.make(data, "pdf", name="proof", pdf_standards=STANDARDS, timestamp=second)
    return file
