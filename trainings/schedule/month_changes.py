"""Which sessions of the public month are another than a week ago: no house is named there, only that it is another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trainings import clock
from trainings.db import sql
from trainings.db.sql import as_moment
from trainings.schedule import towns
from trainings.schedule.change_words import change_note
from trainings.schedule.changes import SHOWN_FOR
from trainings.schedule.models import ChangeKind, PlaceShown, SessionState
from trainings.schedule.posted import Meeting, Place, Was
from trainings.schedule.public_dates import Dated
from trainings.schedule.public_queries import moment


@dataclass(frozen=True, slots=True)
class Changed:
    """How a session was before all its changes of the last seven days. `is_elsewhere`: in another house or town."""

    session_id: str
    was: Was
    is_elsewhere: bool


CHANGES = """
    SELECT c.session_id, c.kind, c.old_starts_at, c.old_ends_at, c.old_venue_id, s.venue_id, t.place_shown,
        o.municipality_id AS town, v.municipality_id AS town_now, s.starts_at, s.ends_at
    FROM session_change c
    JOIN training_session s ON s.id = c.session_id
    JOIN training t ON t.id = s.training_id
    LEFT JOIN venue o ON o.id = c.old_venue_id
    LEFT JOIN venue v ON v.id = s.venue_id
    WHERE c.created_at > ?
    ORDER BY c.created_at DESC, c.id DESC
"""
"""Of all spans of time: asked for one, SQLite would go by its hundreds of sessions instead of the few changes."""


async def changed_between(start: datetime, end: datetime) -> tuple[Changed, ...]:
    """Of the sessions that are on at some time of the span those that changed."""
    rows = await sql.reads(CHANGES, clock.now() - SHOWN_FOR)
    within = [row for row in rows if as_moment(row["starts_at"]) < end and as_moment(row["ends_at"]) > start]
    earliest = {str(row["session_id"]): row for row in within}
    return tuple(_changed(session_id, row) for session_id, row in sorted(earliest.items()))


def _changed(session_id: str, row: Mapping[str, Any]) -> Changed:
    place = Place(towns.by_code()[row["town"]]) if row["town"] and row["town"] != row["town_now"] else None
    was = Was(ChangeKind(row["kind"]), moment(row["old_starts_at"]), moment(row["old_ends_at"]), place)
    # Another house in the same town is no news for who may not know the house.
    is_elsewhere = row["old_venue_id"] != row["venue_id"] and row["place_shown"] == PlaceShown.PUBLIC
    return Changed(session_id, was, is_elsewhere=is_elsewhere)


def note_of(session: Dated, changed: Changed | None, now: datetime) -> str:
    """`Cambió: antes jueves 4 de marzo, 8:30 a. m.`; empty for what did not change, or is over or called off."""
    if changed is None or session.is_off or session.ends_at <= now:
        return ""
    place = Place(towns.by_code()[session.town_code])
    meeting = Meeting(session.starts_at, session.ends_at, SessionState.PLANNED, place, was=changed.was)
    return change_note(meeting, is_called_off=False, is_elsewhere=changed.is_elsewhere)
