"""`/panel`: the week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import EDITORS, STAFF
from trainings.audit.actor import Actor
from trainings.db import sql
from trainings.lib import dates
from trainings.outreach.queries import ListedActivity, coming_activities
from trainings.panel.calendar.attention import concerns_of
from trainings.panel.calendar.spans import (
    Loaded,
    activity_entry,
    frame,
    load,
    next_change,
    session_entries,
    session_entry,
)
from trainings.panel.calendar.views import View
from trainings.panel.office.waiting import count
from trainings.schedule import queries
from trainings.schedule.models import TrainingState
from trainings.schedule.public.entries import Entry, lines_of
from trainings.schedule.public.facts import hours_of
from trainings.schedule.public.remembered import remembered
from trainings.schedule.session_words import short_day, short_weekday, when
from trainings.schedule.staff_sessions import StaffSession
from trainings.web.allow import allow
from trainings.web.i18n import N_, gettext, language
from trainings.web.render import render

FIRST_HOUR, LAST_HOUR = 8, 18
HALF_HOUR = 30
SHORTEST_BOX, LONGEST_BOX = 2, 24
WHOLE_DAY = timedelta(hours=8)
"""Activities from this length on stand above the hours."""
COMING = 10
WAITING = """
    SELECT training_id, COUNT(*) FROM registration WHERE training_id IN ?list AND state = 'waitlisted'
    GROUP BY training_id
"""
Waiting = Mapping[UUID | str, int]
"""On the waiting list, by training."""
EARLIEST, LATEST = date(2000, 1, 2), date(2100, 1, 1)


class Event(NamedTuple):
    """In local time."""

    starts_at: datetime
    ends_at: datetime
    entry: Entry
    is_whole_day: bool = False


class Pile(NamedTuple):
    """What would cover each other shares one place, in order. `slot`: the classes of its start and length."""

    slot: str
    entries: Sequence[Entry]

    @property
    def lines(self) -> Markup:
        return lines_of(self.entries)


@dataclass(frozen=True, slots=True)
class Day:
    """`whole`: what lasts all day, with its hours."""

    day: date
    name: str
    is_today: bool
    notes: Sequence[str]
    whole: Sequence[Entry]
    piles: Sequence[Pile]

    @property
    def whole_lines(self) -> Markup:
        return lines_of(self.whole)


@dataclass(frozen=True, slots=True)
class Line:
    """`capacity` 0: no sign-up."""

    when: str
    entry: Entry
    taken: int = 0
    capacity: int = 0


@allow(*STAFF)
async def index(request: Request) -> Response:
    return await _week(request, queries.sunday_before(clock.today()))


@allow(*STAFF)
async def week(request: Request) -> Response:
    """`?desde=2027-03-04`, else this week."""
    try:
        day = date.fromisoformat(request.query_params.get("desde", ""))
    except ValueError:
        day = clock.today()
    return await _week(request, queries.sunday_before(min(max(day, EARLIEST), LATEST)))


async def _week(request: Request, first_day: date) -> Response:
    actor: Actor = request.state.actor
    is_this_week = first_day == queries.sunday_before(clock.today())
    loaded = await load(request, first_day, first_day + timedelta(days=6))
    is_whole = is_this_week and not loaded.wanted.values
    coming = await queries.coming_sessions(actor, COMING) if is_whole else []
    activities = await coming_activities(actor, COMING) if is_whole else []
    waiting = await _waiting([*loaded.sessions, *coming])
    concerns = []
    if is_whole:
        what_waits = await count(actor)
        request.scope["state"]["waiting"] = what_waits.numbers
        concerns = await concerns_of(actor, what_waits)

    def page() -> Response:
        context = {
            **_calendar(loaded, actor, waiting),
            "coming": _lines(coming, activities, waiting, actor),
            "concerns": concerns,
            "is_whole": is_whole,
            "is_now": is_this_week,
        }
        return render(request, "panel/calendar/week.html", context)

    if is_whole:
        return page()
    facts = loaded, waiting, request.scope["state"].get("waiting")
    query = loaded.wanted.query(desde=first_day)
    return remembered(request, facts, page, until=next_change(loaded), query=query, is_staff=True)


def _calendar(loaded: Loaded, actor: Actor, waiting: Waiting) -> dict[str, Any]:
    first_day, notes = loaded.first, loaded.day_notes()
    days = [first_day + timedelta(days=n) for n in range(7)]
    events = _events(loaded, actor, waiting)
    hours, by_day = _hours(events), defaultdict[date, list[Event]](list)
    for event in events:
        by_day[event.starts_at.date()].append(event)
    return {
        **frame(loaded, actor, View.WEEK, desde=first_day),
        "title": dates.date_span(days, language()),
        "days": [_day(day, by_day[day], hours[0], notes.get(day, ())) for day in days],
        "hours": [f"{hour % 12 or 12}" for hour in range(*hours)],
        "before": loaded.wanted.path(View.WEEK, desde=first_day - timedelta(days=7)),
        "after": loaded.wanted.path(View.WEEK, desde=first_day + timedelta(days=7)),
    }


async def _waiting(sessions: Sequence[StaffSession]) -> Waiting:
    return dict(await sql.tuples(WAITING, list({session.training_key for session in sessions})))


# -- the calendar


def _events(loaded: Loaded, actor: Actor, waiting: Waiting) -> list[Event]:
    may_move = actor.hubs_with(EDITORS)
    found = [
        Event(entry.starts_at, clock.local(session.ends_at), entry)
        for session, entry, _days in session_entries(loaded.sessions, actor, waiting)
    ]
    for one in loaded.activities:
        entry, ends_at = activity_entry(one, may_move), clock.local(one.ends_at)
        found.append(Event(entry.starts_at, ends_at, entry, ends_at - entry.starts_at >= WHOLE_DAY))
    return sorted(found, key=lambda event: event.starts_at)


def _hours(events: Sequence[Event]) -> tuple[int, int]:
    shown = [event for event in events if not event.is_whole_day]
    last = [
        24 if event.ends_at.date() > event.starts_at.date() else event.ends_at.hour + bool(event.ends_at.minute)
        for event in shown
    ]
    return min([FIRST_HOUR, *(event.starts_at.hour for event in shown)]), max([LAST_HOUR, *last])


def _day(day: date, of_day: Sequence[Event], first_hour: int, notes: Sequence[str]) -> Day:
    return Day(
        day=day,
        name=short_weekday(day),
        is_today=day == clock.today(),
        notes=notes,
        whole=[_boxed(event.entry._replace(time=hours_of(event))) for event in of_day if event.is_whole_day],
        piles=_piles([event for event in of_day if not event.is_whole_day], first_hour),
    )


def _boxed(entry: Entry, slot: str = "") -> Entry:
    return entry._replace(look=f"box {slot} {entry.look}")


def _piles(events: Sequence[Event], first_hour: int) -> list[Pile]:
    found: list[tuple[int, int, list[Entry]]] = []
    for event in events:
        first, end = _rows(event, first_hour)
        entries = [event.entry]
        if found and first < found[-1][1]:
            first, ended, before = found.pop()
            entries = before + entries
            end = max(end, ended, first + SHORTEST_BOX * len(entries))
        found.append((first, end, entries))
    return [_pile(f"f{first} s{min(end - first, LONGEST_BOX)}", entries) for first, end, entries in found]


def _pile(slot: str, entries: Sequence[Entry]) -> Pile:
    if len(entries) == 1:
        return Pile(slot, [_boxed(entries[0], slot)])
    return Pile(slot, [_boxed(entry) for entry in entries])


def _rows(event: Event, first_hour: int) -> tuple[int, int]:
    """The first half hour (from 1) and the one after the last."""
    start = event.starts_at
    row = (start.hour - first_hour) * 2 + start.minute // HALF_HOUR + 1
    rows = -(-int((event.ends_at - event.starts_at).total_seconds()) // (HALF_HOUR * 60))
    rest = (24 - first_hour) * 2 + 1 - row
    return row, row + min(max(rows, SHORTEST_BOX), max(rest, 1))


# -- the list


def _lines(
    sessions: Sequence[StaffSession],
    activities: Sequence[ListedActivity],
    waiting: Waiting,
    actor: Actor,
) -> list[Line]:
    lines = [_line(session, waiting, actor) for session in sessions]
    lines += [_activity_line(activity) for activity in activities]
    return sorted(lines, key=lambda line: line.entry.starts_at)[:COMING]


def _activity_line(activity: ListedActivity) -> Line:
    entry, now = activity_entry(activity, frozenset()), clock.now()
    if activity.starts_at <= now and not activity.is_cancelled and not activity.is_draft:
        entry = entry._replace(state=gettext(N_("En curso")))
    return Line(when(activity.starts_at), entry)


def _line(session: StaffSession, waiting: Waiting, actor: Actor) -> Line:
    state = _line_state(session, waiting.get(session.training_key, 0))
    entry = session_entry(session, actor, state)
    return Line(when(session.starts_at), entry, session.taken, session.capacity)


def _line_state(session: StaffSession, n_waiting: int) -> str:
    if session.is_cancelled:
        return gettext(N_("Cancelada"))
    if session.is_draft:
        return gettext(N_("Borrador"))
    if session.is_running:
        return gettext(N_("En curso"))
    if n_waiting:
        return gettext(N_("Llena, %(n)s en espera")) % {"n": n_waiting}
    if session.taken >= session.capacity:
        return gettext(N_("Llena"))
    if session.state is TrainingState.UNLISTED:
        return gettext(N_("Solo con enlace"))
    return _open_state(session)


def _open_state(session: StaffSession) -> str:
    if session.closes_at is not None and session.closes_at <= clock.now():
        return gettext(N_("Inscripción cerrada"))
    if session.opens_at is not None and session.opens_at > clock.now():
        return gettext(N_("Abre el %(day)s")) % {"day": short_day(clock.local(session.opens_at).date())}
    if session.closes_at is None:
        return gettext(N_("Abierta"))
    day = clock.local(session.closes_at).date()
    return gettext(N_("Abierta hasta %(day)s")) % {"day": short_day(day)}


routes: list[BaseRoute] = [
    Route("/panel", index),
    Route("/panel/semana", week),
]
