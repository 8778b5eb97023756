from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID

from trainings import clock
from trainings.db.sql import Statement, Table, as_moment
from trainings.schedule import towns
from trainings.schedule.changes import SHOWN_FOR, STILL_SAID
from trainings.schedule.models import ChangeKind, PlaceShown
from trainings.schedule.plans import LONGEST_SESSION
from trainings.schedule.public.posted import Left, Place, Was
from trainings.schedule.public.queries import (
    ACCESS,
    LISTS,
    Key,
    Offered,
    access_of,
    is_other_link,
    kinds_of,
    moment,
    offered,
)

DATED = f"""
    SELECT s.id, s.starts_at, s.ends_at,
        CASE
            WHEN s.state = 'cancelled' OR s.called_off_at IS NOT NULL THEN 'off'
            WHEN s.ends_at <= ? THEN 'gone'
            ELSE ''
        END,
        t.slug, t.title, s.venue_id IS NULL AND t.online_url IS NOT NULL AND t.place_shown = 'public', {ACCESS},
        COALESCE(v.municipality_id, h.seat_id), topic.slug, {LISTS}
    FROM training_session s
    CROSS JOIN training t
    JOIN course c ON c.id = t.course_id
    JOIN topic ON topic.id = c.topic_id
    JOIN hub h ON h.id = t.hub_id
    LEFT JOIN venue v ON v.id = s.venue_id
    WHERE s.starts_at > ? AND s.starts_at < ? AND s.ends_at > ? AND t.id = s.training_id
        AND t.published_at IS NOT NULL AND (
            t.state = 'published' AND s.state = 'planned'
            OR (t.state = 'published' OR t.state = 'cancelled' AND t.state_before = 'published')
            AND EXISTS (SELECT 1 FROM session_feed f WHERE f.session_id = s.id)
        )
    ORDER BY s.starts_at
"""  # noqa: S608
"""CROSS: sessions first, or SQLite begins with all trainings of all years. Ties are sorted in Python: SQLite would
carry all columns through a tree.
"""
BY_START = itemgetter(1, 0)


class Dated(NamedTuple):
    """Past and cancelled sessions too. `look`: cancelled, over, or none. `is_online`: publicly in no venue. Values stay
    as the database gives them, for most are read once or never. A tuple, because a page makes hundreds.
    """

    key: UUID | str
    starts_told: datetime | str
    ends_told: datetime | str
    look: str
    slug: str
    title: str
    is_online: bool
    access_told: str | None
    town_code: str
    topic_slug: str
    spoken: str | None
    interpreted: str | None
    invited: str | None
    by_course: str | None

    @property
    def session_id(self) -> str:
        return str(self.key)

    @property
    def path(self) -> str:
        return f"/capacitaciones/{self.slug}"

    @property
    def is_off(self) -> bool:
        """A session held before its training was cancelled is not off."""
        return self.look == "off"

    @property
    def starts_at(self) -> datetime:
        return as_moment(self.starts_told)

    @property
    def ends_at(self) -> datetime:
        return as_moment(self.ends_told)

    @property
    def access(self) -> frozenset[str]:
        return access_of(self.access_told)

    @property
    def languages(self) -> frozenset[str]:
        return kinds_of(self.spoken, self.interpreted, self.invited, self.by_course)[0]

    @property
    def audience(self) -> frozenset[str]:
        return kinds_of(self.spoken, self.interpreted, self.invited, self.by_course)[1]


def ask_dates(start: datetime, end: datetime) -> Statement:
    """Cancelled sessions if calendars ever showed them."""
    return Statement(DATED, (clock.now(), start - LONGEST_SESSION, end, start))


def dates_of(rows: Table) -> tuple[Dated, ...]:
    return tuple(map(Dated._make, sorted(rows, key=BY_START)))


def kinds_among(sessions: Iterable[Dated]) -> tuple[Offered, ...]:
    """Few kinds, so their lists are parsed once a kind."""
    return offered({session[8:] for session in sessions})  # from the town on


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
"""Changes of all times: for a span, SQLite would go by its hundreds of sessions instead of the few changes."""


def ask_changes() -> Statement:
    return Statement(CHANGES, (clock.now() - SHOWN_FOR,))


def changed_between(start: datetime, end: datetime, rows: Table) -> tuple[tuple[str, Left], ...]:
    changes = [_Row(*row) for row in rows]
    within = [one for one in changes if as_moment(one.starts_at) < end and as_moment(one.ends_at) > start]
    earliest = {str(one.session_id): one for one in within}
    return tuple((session_id, _left(row)) for session_id, row in sorted(earliest.items()))


def _left(row: _Row) -> Left:
    place = Place(towns.by_code()[row.town]) if row.town and row.town != row.town_now else None
    has_other_link = is_other_link(row.link_change_id, row.old_link, row.training_id, row.link)
    was = Was(ChangeKind(row.kind), moment(row.left_starts_at), moment(row.left_ends_at), place, has_other_link)
    # The venue is protected: another venue in the same town is not told.
    return Left(was, is_elsewhere=row.left_venue_id != row.venue_id and row.place_shown == PlaceShown.PUBLIC)
