"""The sessions of a span of time as public calendars show them, hundreds at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from trainings.db import sql
from trainings.db.sql import Statement, Table, as_moment
from trainings.schedule.plans import LONGEST_SESSION
from trainings.schedule.public_queries import access_of, kinds_of

DATED = """
    SELECT s.training_id, s.starts_at, s.ends_at, v.municipality_id, CAST(v.access AS TEXT),
        s.state = 'cancelled' OR (t.cancelled_at IS NOT NULL AND s.ends_at > t.cancelled_at), s.id
    FROM training_session s
    CROSS JOIN training t
    LEFT JOIN venue v ON v.id = s.venue_id
    WHERE s.starts_at > ? AND s.starts_at < ? AND s.ends_at > ? AND t.id = s.training_id AND t.published_at IS NOT NULL
    AND (
        t.state = 'published' AND s.state = 'planned'
        OR t.state IN ('published', 'cancelled') AND EXISTS (SELECT 1 FROM session_feed f WHERE f.session_id = s.id)
    )
    ORDER BY s.starts_at, s.id
"""
"""`CROSS`: by the sessions of the span; else SQLite would go through all trainings that ever were."""
TRAINING, ENDS = 0, 2
"""Columns of it."""
TRAININGS = """
    SELECT t.id, t.slug, t.title, t.place_shown, h.seat_id, topic.slug, CAST(t.languages AS TEXT),
        CAST(t.interpreter_languages AS TEXT), CAST(t.audience AS TEXT), CAST(c.audience AS TEXT)
    FROM training t
    JOIN course c ON c.id = t.course_id
    JOIN topic ON topic.id = c.topic_id
    JOIN hub h ON h.id = t.hub_id
    WHERE t.id IN ?list
"""
"""Read apart: what is the same for all sessions of a training is told once."""


class DatedTraining(NamedTuple):
    """What is the same for all sessions of a training. `seat`: the municipality of its hub."""

    id: str
    path: str
    title: str
    place_shown: str
    seat: str
    topic_slug: str
    languages: frozenset[str]
    audience: frozenset[str]


class Dated(NamedTuple):
    """A session of a listed training in a calendar, held and called-off ones too (`is_off`). Times UTC.

    `key` and `access_told`: its id and its venue's access as the database told them. A tuple, because a page makes
    hundreds of them.
    """

    key: UUID | str
    training: DatedTraining
    starts_at: datetime
    ends_at: datetime
    town_code: str
    access_told: str | None
    is_off: bool

    @property
    def session_id(self) -> str:
        return str(self.key)

    @property
    def access(self) -> frozenset[str]:
        return access_of(self.training.place_shown, self.access_told)

    @property
    def training_id(self) -> str:
        return self.training.id

    @property
    def topic_slug(self) -> str:
        return self.training.topic_slug

    @property
    def languages(self) -> frozenset[str]:
        return self.training.languages

    @property
    def audience(self) -> frozenset[str]:
        return self.training.audience


@dataclass(frozen=True, slots=True)
class ReadDates:
    """Sessions and their trainings as the database told them: two readings are equal where a page of them would be.

    The trainings alone make its hash: each of thousands of values would be looked through before it is compared.
    """

    rows: Table = field(hash=False)
    trainings: frozenset[tuple[Any, ...]]

    def shown(self) -> list[Dated]:
        """The same, as pages show them."""
        trainings = {row[0]: _training(row) for row in self.trainings}
        return [
            Dated(
                key,
                trainings[training_id],
                as_moment(starts_at),
                as_moment(ends_at),
                town or trainings[training_id].seat,
                access,
                bool(is_off),
            )
            for training_id, starts_at, ends_at, town, access, is_off, key in self.rows
        ]

    def ends(self) -> set[datetime]:
        """When they end."""
        return {as_moment(told) for told in {row[ENDS] for row in self.rows}}


def ask_dates(start: datetime, end: datetime) -> Statement:
    """Asks for the sessions of listed trainings that are on at some time of the span, by start; see `dates_of`.

    Called-off ones are among them where calendars ever showed them.
    """
    return Statement(DATED, (start - LONGEST_SESSION, end, start))


async def dates_of(rows: Table) -> ReadDates:
    """The answer to `ask_dates`, with the trainings."""
    return ReadDates(rows, frozenset(await sql.tuples(TRAININGS, list({row[TRAINING] for row in rows}))))


def _training(row: tuple[Any, ...]) -> DatedTraining:
    training_id, slug, title, place_shown, seat, topic, *lists = row
    return DatedTraining(
        str(training_id), f"/capacitaciones/{slug}", title, place_shown, seat, topic, *kinds_of(*lists)
    )
