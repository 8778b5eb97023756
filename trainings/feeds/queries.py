from __future__ import annotations

from datetime import date, timedelta

from trainings import clock
from trainings.db import sql
from trainings.feeds.scopes import KNOWN_CODES, Filter, FilterKind
from trainings.schedule.ics import CANCELLED_LINE
from trainings.schedule.public.queries import kinds_of

BACK = timedelta(days=90)
AHEAD = timedelta(days=548)
CANCELLED_KEPT = timedelta(days=60)

_SHOWN = """
    SELECT text.body AS body, what.starts_at AS starts_at, what.id AS id
    FROM {feed} feed
    JOIN {what} what ON what.id = feed.{what_id}
    JOIN {text} text ON text.{what_id} = what.id
    {let_through}
    WHERE feed.scope = ? AND what.starts_at >= ? AND what.starts_at < ?
        AND (what.starts_at >= ? OR text.body NOT LIKE ?) {condition}
"""
_OF_A_TRAINING = "JOIN training ON training.id = what.training_id"
_SPOKEN = "AND (CAST(training.languages AS TEXT) LIKE ? OR CAST(training.interpreter_languages AS TEXT) LIKE ?)"
_AUDIENCE = "CASE WHEN CAST(training.audience AS TEXT) = '[]' THEN training.course_audience ELSE training.audience END"
_MEANT = f"AND (CAST({_AUDIENCE} AS TEXT) = '[]' OR CAST({_AUDIENCE} AS TEXT) LIKE ?)"
_BY_START = "ORDER BY starts_at, id"


def _sessions(condition: str = "") -> str:
    names = {"feed": "session_feed", "what": "training_session", "what_id": "session_id", "text": "session_text"}
    return _SHOWN.format(**names, let_through=_OF_A_TRAINING if condition else "", condition=condition)


_ACTIVITIES = _SHOWN.format(
    feed="activity_feed",
    what="outreach_activity",
    what_id="activity_id",
    text="activity_text",
    let_through="",
    condition="",
)
_WHOLE = f"{_sessions()} UNION ALL {_ACTIVITIES} {_BY_START}"
_BY_LANGUAGE = f"{_sessions(_SPOKEN)} {_BY_START}"
_BY_AUDIENCE = f"{_sessions(_MEANT)} UNION ALL {_ACTIVITIES} {_BY_START}"


_KINDS = """
    SELECT DISTINCT CAST(training.languages AS TEXT) AS languages,
        CAST(training.interpreter_languages AS TEXT) AS interpreter_languages,
        CAST(training.audience AS TEXT) AS audience, CAST(training.course_audience AS TEXT) AS course_audience
    FROM session_feed feed
    JOIN training_session what ON what.id = feed.session_id
    JOIN training ON training.id = what.training_id
    WHERE feed.scope = ? AND what.state = 'planned' AND what.ends_at > ? AND training.state = 'published'
"""


async def narrower(scope_key: str) -> dict[FilterKind, list[Filter]]:
    """With coming entries, in the order of the word lists."""
    kinds = [kinds_of(*row) for row in await sql.tuples(_KINDS, scope_key, clock.now())]
    named = {
        FilterKind.LANGUAGE: {code for languages, _audience in kinds for code in languages},
        FilterKind.AUDIENCE: {code for _languages, audience in kinds for code in audience},
    }
    return {kind: [Filter(kind, code) for code in KNOWN_CODES[kind] if code in codes] for kind, codes in named.items()}


async def event_texts(scope_key: str, day: date, filtered_by: Filter | None = None) -> list[str]:
    """VEVENTs by start: 90 days back, 18 months ahead; cancelled entries stay 60 days, so that every subscriber hears.

    A language is spoken or interpreted; activities name none. Without an audience: for everybody.
    """
    today = clock.midnight(day)
    window = (scope_key, today - BACK, today + AHEAD, today - CANCELLED_KEPT, f"%{CANCELLED_LINE}%")
    if filtered_by is None:
        found = await sql.reads(_WHOLE, *window, *window)
    elif filtered_by.kind is FilterKind.LANGUAGE:
        code = f'%"{filtered_by.code}"%'
        found = await sql.reads(_BY_LANGUAGE, *window, code, code)
    else:
        found = await sql.reads(_BY_AUDIENCE, *window, f'%"{filtered_by.code}"%', *window)
    return [row["body"] for row in found]
