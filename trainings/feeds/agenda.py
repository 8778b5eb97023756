from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trainings import clock
from trainings.db import reads
from trainings.feeds.scopes import Filter, FilterKind
from trainings.lib import dates
from trainings.outreach.changes import recent
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.outreach.queries import listed
from trainings.schedule.models import SessionFeed, SessionState, TrainingState
from trainings.schedule.public.facts import hours_of, note_of, state_of
from trainings.schedule.public.posted import Listed, PublicSession
from trainings.schedule.public.queries import listed_trainings
from trainings.schedule.public.sentences import public_note
from trainings.web.i18n import N_, gettext, language

MOST = 20
NO_SIGN_UP = N_("Sin inscripción")
_TRAINING = (
    "session__training_id",
    "session__training__languages",
    "session__training__interpreter_languages",
    "session__training__audience",
    "session__training__course_audience",
)


@dataclass(frozen=True, slots=True)
class Line:
    starts_at: datetime
    day: str
    title: str
    when: str
    place: str
    note: str
    path: str


async def coming_in(scope: str, most: int | None = MOST, filtered_by: Filter | None = None) -> list[Line]:
    """Of a scope (`municipio:1705`); a protected venue shows its municipality only. `most` None: all. Activities name
    no language.
    """
    lines = await _trainings(scope, most, filtered_by)
    if filtered_by is None or filtered_by.kind is not FilterKind.LANGUAGE:
        lines += await _activities(scope, most)
    return sorted(lines, key=lambda one: (one.starts_at, one.title))[:most]


async def _trainings(scope: str, most: int | None, filtered_by: Filter | None) -> list[Line]:
    """A line for each session: a scope may hold one of a training's days only."""
    sessions = reads(SessionFeed).filter(
        scope=scope,
        session__state=SessionState.PLANNED,
        session__ends_at__gt=clock.now(),
        session__training__state=TrainingState.PUBLISHED,
    )
    soon = await sessions.order_by("session__starts_at", "session_id").values_list("session_id", *_TRAINING)
    passing = [
        (str(session_id), str(training_id))
        for session_id, training_id, spoken, interpreted, invited, by_course in soon
        if filtered_by is None or filtered_by.takes([*spoken, *interpreted], invited or by_course)
    ]
    found = dict(passing[:most])
    trainings = await listed_trainings(list(dict.fromkeys(found.values())))
    return [
        _session(training, session) for training in trainings for session in training.sessions if session.id in found
    ]


def _session(training: Listed, session: PublicSession) -> Line:
    title = training.title
    if len(training.sessions) > 1:
        numbers = {"title": title, "position": training.number_of(session), "n": len(training.sessions)}
        title = gettext("%(title)s, sesión %(position)s de %(n)s") % numbers
    notes = (state_of(training.phase) or note_of(training, session), public_note(session, is_called_off=False))
    note = ". ".join(part for part in notes if part)
    return _line(session.starts_at, title, hours_of(session), session.place.in_full, note, training.path)


async def _activities(scope: str, most: int | None) -> list[Line]:
    found = reads(OutreachActivity).filter(feeds__scope=scope, state=ActivityState.PUBLISHED, ends_at__gt=clock.now())
    soon = (await found.order_by("starts_at", "id").select_related("hub", "venue"))[:most]
    return [
        _line(
            one.starts_at,
            one.title,
            hours_of(one),
            ", ".join(part for part in (one.place, one.town.full_name) if part),
            ". ".join(part for part in (gettext(NO_SIGN_UP), one.note) if part),
            one.path,
        )
        for one in listed(soon, await recent(soon))
    ]


def _line(starts_at: datetime, title: str, when: str, place: str, note: str, path: str) -> Line:
    return Line(starts_at, dates.long_date(starts_at, language()), title, when, place, note, path)
