"""What is to come in a feed's scope, for pages of other sites: trainings and activities as lists show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trainings import clock
from trainings.db import reads
from trainings.lib import dates
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.outreach.queries import listed
from trainings.schedule.models import SessionFeed, SessionState, TrainingState
from trainings.schedule.public_queries import listed_trainings
from trainings.schedule.rows import row_of
from trainings.web.i18n import N_, gettext, language

MOST = 20
NO_SIGN_UP = N_("Sin inscripción")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to come, in words and with its address on this site; `note` where something is in the way."""

    starts_at: datetime
    day: str
    title: str
    when: str
    place: str
    note: str
    path: str


async def coming_in(scope: str, most: int | None = MOST) -> list[Line]:
    """The next of a scope (`municipio:1705`), by start; of a protected place the municipality only. None: all."""
    lines = [*await _trainings(scope, most), *await _activities(scope, most)]
    return sorted(lines, key=lambda one: (one.starts_at, one.title))[:most]


async def _trainings(scope: str, most: int | None) -> list[Line]:
    sessions = reads(SessionFeed).filter(
        scope=scope,
        session__state=SessionState.PLANNED,
        session__ends_at__gt=clock.now(),
        session__training__state=TrainingState.PUBLISHED,
    )
    found = await sessions.order_by("session__starts_at").values_list("session__training_id")
    ids = list(dict.fromkeys(str(training_id) for (training_id,) in found))[:most]
    rows = [row_of(training) for training in await listed_trainings(ids)]
    return [_line(row.starts_at, row.title, row.when, row.place, row.state or row.note, row.href) for row in rows]


async def _activities(scope: str, most: int | None) -> list[Line]:
    found = reads(OutreachActivity).filter(feeds__scope=scope, state=ActivityState.PUBLISHED, ends_at__gt=clock.now())
    soon = found.order_by("starts_at", "id").select_related("hub", "venue")
    return [
        _line(
            one.starts_at,
            one.title,
            dates.time_range(one.starts_at, one.ends_at, language()),
            ", ".join(part for part in (one.place, one.town.full_name) if part),
            gettext(NO_SIGN_UP),
            one.path,
        )
        for one in listed((await soon)[:most])
    ]


def _line(starts_at: datetime, title: str, when: str, place: str, note: str, path: str) -> Line:
    return Line(starts_at, dates.long_date(starts_at, language()), title, when, place, note, path)
