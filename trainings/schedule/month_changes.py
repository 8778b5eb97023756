"""Which sessions of the public month are another than a week ago: no house is named there, only that it is another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trainings import clock
from trainings.db import reads
from trainings.schedule import towns
from trainings.schedule.change_words import change_note
from trainings.schedule.changes import SHOWN_FOR
from trainings.schedule.models import ChangeKind, PlaceShown, SessionChange, SessionState
from trainings.schedule.posted import Meeting, Place, Was
from trainings.schedule.public_queries import Dated


@dataclass(frozen=True, slots=True)
class Changed:
    """How a session was before all its changes of the last seven days. `is_elsewhere`: in another house or town."""

    session_id: str
    was: Was
    is_elsewhere: bool


async def changed_between(start: datetime, end: datetime) -> tuple[Changed, ...]:
    """Of the sessions that are on at some time of the span those that changed."""
    recent = reads(SessionChange).filter(
        created_at__gt=clock.now() - SHOWN_FOR, session__starts_at__lt=end, session__ends_at__gt=start
    )
    rows = await recent.order_by("-created_at", "-id").values(
        *("session_id", "kind", "old_starts_at", "old_ends_at", "old_venue_id"),
        town="old_venue__municipality_id",
        venue_id="session__venue_id",
        town_now="session__venue__municipality_id",
        shown="session__training__place_shown",
    )
    earliest = {str(row["session_id"]): row for row in rows}
    return tuple(
        Changed(
            session_id,
            Was(
                ChangeKind(row["kind"]),
                row["old_starts_at"],
                row["old_ends_at"],
                Place(towns.by_code()[row["town"]]) if row["town"] and row["town"] != row["town_now"] else None,
            ),
            # Another house in the same town is no news for who may not know the house.
            is_elsewhere=row["old_venue_id"] != row["venue_id"] and row["shown"] == PlaceShown.PUBLIC,
        )
        for session_id, row in sorted(earliest.items())
    )


def note_of(session: Dated, changed: Changed | None, now: datetime) -> str:
    """`Cambió: antes jueves 4 de marzo, 8:30 a. m.`; empty for what did not change, or is over or called off."""
    if changed is None or session.is_off or session.ends_at <= now:
        return ""
    place = Place(towns.by_code()[session.town_code])
    meeting = Meeting(session.starts_at, session.ends_at, SessionState.PLANNED, place, was=changed.was)
    return change_note(meeting, is_called_off=False, is_elsewhere=changed.is_elsewhere)
