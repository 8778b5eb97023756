"""Runs in a process of the mill: reads no rows and no clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trainings.certificates.designs.designs import DESIGNS
from trainings.lib.text import as_drawn
from trainings.lib.typst import Design

REGISTER = Design(DESIGNS / "register" / "register.typ", root=DESIGNS, fonts=DESIGNS / "fonts")
TEXTS = ("name", "title", "kind", "state")


def render(data: Mapping[str, Any], timestamp: datetime) -> bytes:
    """Emoji are left out; another letter without a font becomes `?`."""
    rows = [{**row, **{key: _printable(row[key]) for key in TEXTS}} for row in data["rows"]]
    printed = {**data, "rows": rows, "operator": _printable(data["operator"])}
    return REGISTER.pdf(printed, made_at=timestamp)


def _printable(text: str) -> str:
    return as_drawn(text, REGISTER.missing(text), otherwise="")
