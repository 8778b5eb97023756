"""By handwritten SQL: hundreds stand on one page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import NamedTuple
from uuid import UUID

from trainings import clock
from trainings.db import sql
from trainings.db.sql import as_moment, as_uuid
from trainings.schedule.models import TrainingState
from trainings.web.i18n import N_, gettext

SESSIONS = """
    SELECT s.id, s.training_id, s.starts_at, s.ends_at,
        CASE
            WHEN s.state = 'cancelled' OR s.called_off_at IS NOT NULL THEN 'off'
            WHEN t.state = 'draft' THEN 'draft'
            WHEN s.closed_at IS NOT NULL OR s.ends_at <= ? THEN 'gone'
            WHEN s.starts_at <= ? THEN 'open'
            ELSE ''
        END,
        s.position, COALESCE(v.name, CASE WHEN t.online_url IS NULL THEN '' ELSE ? END)
    FROM training_session s
    JOIN training t ON t.id = s.training_id
    LEFT JOIN venue v ON v.id = s.venue_id
    WHERE t.state <> 'practice' AND {}
    ORDER BY s.starts_at
"""
BY_START = itemgetter(2, 0)
"""Ties are sorted here: in SQL, SQLite would carry all columns through a tree."""
TRAINING = 1
TRAININGS = """
    SELECT t.id, t.hub_id, t.title, t.state, t.opens_at, t.closes_at, t.capacity, t.taken + t.reserved,
        (SELECT COUNT(*) FROM training_session s WHERE s.training_id = t.id)
    FROM training t
    WHERE t.id IN ?list
"""
"""Read apart: once for all sessions of a training."""


class StaffSession(NamedTuple):
    """`n_sessions` counts cancelled sessions. `look`: cancelled, draft, over (or closed), going on, or none. `place`:
    the venue's name or "online". Values stay as the database gives them, for most are read once or never. A tuple,
    because a page makes hundreds.
    """

    key: UUID | str
    training_key: UUID | str
    starts_told: datetime | str
    ends_told: datetime | str
    look: str
    position: int
    place: str
    hub_key: UUID | str
    title: str
    state_told: str
    opens_told: datetime | str | None
    closes_told: datetime | str | None
    capacity: int
    taken: int
    n_sessions: int

    @property
    def id(self) -> UUID:
        return as_uuid(self.key)

    @property
    def training_id(self) -> UUID:
        return as_uuid(self.training_key)

    @property
    def hub_id(self) -> UUID:
        return as_uuid(self.hub_key)

    @property
    def starts_at(self) -> datetime:
        return as_moment(self.starts_told)

    @property
    def ends_at(self) -> datetime:
        return as_moment(self.ends_told)

    @property
    def opens_at(self) -> datetime | None:
        return as_moment(self.opens_told) if self.opens_told else None

    @property
    def closes_at(self) -> datetime | None:
        return as_moment(self.closes_told) if self.closes_told else None

    @property
    def state(self) -> TrainingState:
        return TrainingState(self.state_told)

    @property
    def is_cancelled(self) -> bool:
        return self.look == "off"

    @property
    def is_draft(self) -> bool:
        return self.look == "draft"

    @property
    def day(self) -> date:
        return clock.local(self.starts_at).date()

    @property
    def is_due(self) -> bool:
        return self.day <= clock.today()

    @property
    def is_running(self) -> bool:
        return self.look == "open"

    @property
    def is_over(self) -> bool:
        return self.look == "gone"


async def read_where(condition: str, values: Sequence[object], *, limit: int | None = None) -> tuple[StaffSession, ...]:
    """By start; the condition is on the session `s` and its training `t`."""
    text, now = SESSIONS.format(condition), clock.now()
    more = [] if limit is None else [limit]
    online = gettext(N_("En línea"))
    rows = await sql.tuples(f"{text}, s.id LIMIT ?" if more else text, now, now, online, *values, *more)
    trainings = await sql.tuples(TRAININGS, list({row[TRAINING] for row in rows}), are_few=True)
    same = {key: columns for key, *columns in trainings}
    return tuple(StaffSession._make((*row, *same[row[TRAINING]])) for row in sorted(rows, key=BY_START))
