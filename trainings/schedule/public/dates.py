"""The sessions of a span of time as public calendars show them, hundreds at a time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID

from trainings import clock
from trainings.db.sql import Statement, Table, as_moment
from trainings.schedule.plans import LONGEST_SESSION
from trainings.schedule.public.queries import Offered, access_of, kinds_of, offered
from trainings.schedule.public.statements import ACCESS, LISTS

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
"""All in one: asked for apart, trainings and venues would have to be looked up by keys that were just read. CROSS: from
sessions to trainings, for SQLite would begin with all trainings of all years. What begins together is put in order
afterwards: for that SQLite would carry all columns through a tree.
"""
BY_START = itemgetter(1, 0)


class Dated(NamedTuple):
    """A session of a listed training in a calendar, held and called-off ones too.

    `look` is its class there at the moment of reading: called off, over, or none of these; `is_online`: in no house,
    for everybody to know. Moments, access and lists are as the database told them, for most are asked for once or
    never. A tuple, because a page makes hundreds of them.
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
        """The address of its training on this site."""
        return f"/capacitaciones/{self.slug}"

    @property
    def is_off(self) -> bool:
        """Whether it does not take place; what was held before its training was called off did."""
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
    """Asks for the sessions of listed trainings that are on at some time of the span, by start; see `dates_of`.

    Called-off ones are among them where calendars ever showed them.
    """
    return Statement(DATED, (clock.now(), start - LONGEST_SESSION, end, start))


def dates_of(rows: Table) -> tuple[Dated, ...]:
    """The answer to `ask_dates`, by start and key."""
    return tuple(map(Dated._make, sorted(rows, key=BY_START)))


def kinds_among(sessions: Iterable[Dated]) -> tuple[Offered, ...]:
    """What these are told apart by in the filters of lists: few, so their lists are read once for all of a kind."""
    return offered({session[8:] for session in sessions})  # from the town on
