"""Facts of a session for tests of texts, without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from trainings.schedule.ics import EventFacts

SESSION_ID = UUID("01936a5e-7c1f-7c3a-9d2e-0123456789ab")


def a_session(**changes: Any) -> EventFacts:
    """Saturday 6 March 2027, 8:30 to 12:30 in Guatemala."""
    facts: dict[str, Any] = {
        "session_id": SESSION_ID,
        "uid_domain": "ventanillas.example",
        "created_at": datetime(2027, 1, 4, 15, 0, 0, 123456, tzinfo=UTC),
        "stamped_at": datetime(2027, 1, 5, 16, 20, 30, tzinfo=UTC),
        "sequence": 0,
        "is_cancelled": False,
        "starts_at": datetime(2027, 3, 6, 14, 30, tzinfo=UTC),
        "ends_at": datetime(2027, 3, 6, 18, 30, tzinfo=UTC),
        "title": "Riesgos de la migración irregular",
        "position": 1,
        "n_sessions": 1,
        "municipality": "La Libertad, Petén",
        "place": "Salón municipal, Barrio El Centro",
        "lat": Decimal("16.78"),
        "lon": Decimal("-90.11"),
        "summary": "Mitos y realidades.",
        "notes": ("Ventanilla de La Libertad",),
        "categories": ("Riesgos", "Taller"),
        "url": "https://ventanillas.example/capacitaciones/riesgos-abc123",
    }
    return EventFacts(**(facts | changes))
