"""Sessions of the public month that changed within a week: no venue is named, only that it changed."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from trainings import clock
from trainings.db.sql import Statement, Table, as_moment
from trainings.schedule import towns
from trainings.schedule.changes import SHOWN_FOR
from trainings.schedule.held_again import STILL_SAID
from trainings.schedule.models import ChangeKind, PlaceShown
from trainings.schedule.public.posted import Left, Place, Was
from trainings.schedule.public.queries import Key, is_other_link, moment


class _Row(NamedTuple):
    session_id: Key
    kind: str
    left_starts_at: datetime | str | None
    left_ends_at: datetime | str | None
    left_venue_id: Key | None
    venue_id: Key | None
    place_shown: str
    town: str | None
    town_now: str | None
    starts_at: datetime | str
    ends_at: datetime | str
    link_change_id: Key | None
    old_link: str | None
    training_id: Key
    link: str | None


CHANGES = f"""
    SELECT c.session_id, c.kind, c.left_starts_at, c.left_ends_at, c.left_venue_id, s.venue_id, t.place_shown,
        o.municipality_id, v.municipality_id, s.starts_at, s.ends_at,
        CASE WHEN c.left_venue_id IS NULL AND s.venue_id IS NULL AND t.place_shown = 'public' THEN c.id END,
        c.left_online_url, t.id, t.online_url
    FROM dated_change c
    JOIN training_session s ON s.id = c.session_id
    JOIN training t ON t.id = s.training_id
    LEFT JOIN venue o ON o.id = c.left_venue_id
    LEFT JOIN venue v ON v.id = s.venue_id
    WHERE c.created_at > ? AND {STILL_SAID.format(change="c")}
    ORDER BY c.created_at DESC, c.id DESC
"""  # noqa: S608 - a constant
"""Of all times: asked for a span, SQLite would go by its hundreds of sessions instead of the few changes."""


def ask_changes() -> Statement:
    """Asks for changes still shown (`changed_between`)."""
    return Statement(CHANGES, (clock.now() - SHOWN_FOR,))


def changed_between(start: datetime, end: datetime, rows: Table) -> tuple[tuple[str, Left], ...]:
    """Of the answer to `ask_changes`, sessions during the span, by key."""
    changes = [_Row(*row) for row in rows]
    within = [one for one in changes if as_moment(one.starts_at) < end and as_moment(one.ends_at) > start]
    earliest = {str(one.session_id): one for one in within}
    return tuple((session_id, _left(row)) for session_id, row in sorted(earliest.items()))


def _left(row: _Row) -> Left:
    place = Place(towns.by_code()[row.town]) if row.town and row.town != row.town_now else None
    has_other_link = is_other_link(row.link_change_id, row.old_link, row.training_id, row.link)
    was = Was(ChangeKind(row.kind), moment(row.left_starts_at), moment(row.left_ends_at), place, has_other_link)
    # The venue is protected: another one in the same town is not told.
    return Left(was, is_elsewhere=row.left_venue_id != row.venue_id and row.place_shown == PlaceShown.PUBLIC)
