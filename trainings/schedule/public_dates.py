"""The sessions of a span of time as public calendars show them, hundreds at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from trainings.db import sql
from trainings.db.sql import Statement, Table, as_moment
from trainings.schedule.models import TrainingState
from trainings.schedule.plans import LONGEST_SESSION
from trainings.schedule.public_queries import access_of, kinds_of, moment

DATED = """
    SELECT s.training_id, s.starts_at, s.ends_at, s.venue_id, s.state = 'cancelled', s.id
    FROM training_session s
    WHERE s.starts_at > ? AND s.starts_at < ? AND s.ends_at > ?
    ORDER BY s.starts_at, s.id
"""
TRAINING, ENDS, VENUE, IS_OFF, KEY = 0, 2, 3, 4, 5
"""Columns of it."""
TRAININGS = """
    SELECT t.id, t.state, t.cancelled_at, t.slug, t.title, t.place_shown,
        t.online_url IS NOT NULL AND t.place_shown = 'public', h.seat_id, topic.slug,
        CAST(t.languages AS TEXT), CAST(t.interpreter_languages AS TEXT), CAST(t.audience AS TEXT),
        CAST(c.audience AS TEXT)
    FROM training t
    JOIN course c ON c.id = t.course_id
    JOIN topic ON topic.id = c.topic_id
    JOIN hub h ON h.id = t.hub_id
    WHERE t.id IN ?list AND t.published_at IS NOT NULL AND t.state IN ('published', 'cancelled')
"""
VENUES = "SELECT id, municipality_id, CAST(access AS TEXT) FROM venue WHERE id IN ?list"
"""Read apart: what is the same for many sessions is told once."""
IN_FEEDS = "SELECT session_id FROM session_feed WHERE session_id IN ?list"


class DatedTraining(NamedTuple):
    """What is the same for all sessions of a training. `seat`: the municipality of its hub; `is_online`: what is held
    in no house is, for everybody to know.
    """

    id: str
    cancelled_at: datetime | None
    path: str
    title: str
    place_shown: str
    is_online: bool
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
    venues: frozenset[tuple[Any, ...]]

    def shown(self) -> list[Dated]:
        """The same, as pages show them."""
        trainings = {row[0]: _training(row) for row in self.trainings}
        places = {venue_id: (town, access) for venue_id, town, access in self.venues}
        return [
            _dated(row, trainings[row[TRAINING]], places[row[VENUE]] if row[VENUE] is not None else None)
            for row in self.rows
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
    """The answer to `ask_dates`, with the trainings and venues."""
    ids = [list({row[column] for row in rows} - {None}) for column in (TRAINING, VENUE)]
    trainings, venues = await sql.tables([Statement(TRAININGS, ids[:1]), Statement(VENUES, ids[1:])])
    states = {training_id: state for training_id, state, *_facts in trainings}
    listed = [row for row in rows if row[TRAINING] in states]
    off = [row[KEY] for row in listed if row[IS_OFF] or states[row[TRAINING]] == TrainingState.CANCELLED]
    unknown = set(off).difference(key for (key,) in await sql.tuples(IN_FEEDS, off)) if off else ()
    shown = tuple(row for row in listed if row[KEY] not in unknown)
    return ReadDates(shown, frozenset(trainings), frozenset(venues))


def _dated(row: tuple[Any, ...], training: DatedTraining, place: tuple[str, str | None] | None) -> Dated:
    _training_id, starts_at, ends_told, _venue_id, is_off, key = row
    town, access = place or (training.seat, None)
    ends_at, over_at = as_moment(ends_told), training.cancelled_at
    return Dated(
        key,
        training,
        as_moment(starts_at),
        ends_at,
        town,
        access,
        bool(is_off) or (over_at is not None and ends_at > over_at),
    )


def _training(row: tuple[Any, ...]) -> DatedTraining:
    training_id, _state, cancelled_at, slug, title, place_shown, is_online, seat, topic, *lists = row
    return DatedTraining(
        str(training_id),
        moment(cancelled_at),
        f"/capacitaciones/{slug}",
        title,
        place_shown,
        bool(is_online),
        seat,
        topic,
        *kinds_of(*lists),
    )
