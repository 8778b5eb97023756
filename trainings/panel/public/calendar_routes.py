"""`/calendario`"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.db import sql
from trainings.db.sql import Statement
from trainings.outreach.queries import ListedActivity
from trainings.outreach.words import KINDS
from trainings.panel.public.activities import activities_of
from trainings.schedule import towns
from trainings.schedule.months import Month
from trainings.schedule.public import filters
from trainings.schedule.public import queries as public_queries
from trainings.schedule.public.entries import CALLED_OFF, CHANGED, ONE_DAY, ByDay, Entry, cells_of, weekdays_of, when
from trainings.schedule.public.filters import Filters
from trainings.schedule.public.month import Dated, ask_changes, ask_dates, changed_between, dates_of, kinds_among
from trainings.schedule.public.posted import Left
from trainings.schedule.public.queries import TOPICS, Offered
from trainings.schedule.public.remembered import remembered
from trainings.schedule.public.sentences import left_note
from trainings.schedule.staff.day_notes import Feast, day_notes, feasts_between
from trainings.web.allow import PUBLIC, allow
from trainings.web.i18n import gettext, language, ngettext
from trainings.web.render import render

MONTHS_BACK, MONTHS_AHEAD = 12, 18
"""Ahead as far as the feeds."""


@dataclass(frozen=True, slots=True)
class Known:
    month: Month
    chosen: Filters
    notes: tuple[str, ...]
    topics: tuple[tuple[str, str], ...]
    offered: tuple[Offered, ...]
    sessions: tuple[Dated, ...]
    changed: tuple[tuple[str, Left], ...]
    activities: tuple[ListedActivity, ...]
    feasts: tuple[Feast, ...]

    @property
    def changes_at(self) -> datetime:
        now, tomorrow = clock.now(), clock.midnight(clock.today() + ONE_DAY)
        return min([tomorrow, *(activity.ends_at for activity in self.activities if activity.ends_at > now)])


@allow(PUBLIC)
async def month(request: Request) -> Response:
    """`?mes=2027-03`."""
    known = await _known(request)
    query = f"mes={known.month}"
    return remembered(request, known, lambda: _page(request, known), until=known.changes_at, query=query)


async def _known(request: Request) -> Known:
    shown, more = _asked(request.query_params.get("mes", ""))
    start, end = shown.starts_at, shown.ends_at
    names, offered, dated, changes = await sql.tables(
        [
            Statement(TOPICS, ()),
            public_queries.ask_offered(clock.now(), start, end),
            ask_dates(start, end),
            ask_changes(),
        ]
    )
    topics: dict[str, str] = dict(names)
    chosen, notes = filters.read_filters(request.query_params, topics)
    codes = {towns.by_slug()[chosen.town].code} if chosen.town else set()
    return Known(
        month=shown,
        chosen=chosen,
        notes=(*more, *notes),
        topics=tuple(topics.items()),
        offered=public_queries.offered(offered),
        sessions=dates_of(dated),
        changed=changed_between(start, end, changes),
        activities=tuple(await activities_of(chosen, shown.first, shown.last)),
        feasts=tuple(await feasts_between(shown.first, shown.last, codes)) if codes else (),
    )


def _asked(typed: str) -> tuple[Month, list[str]]:
    this, month = Month.of(clock.today()), Month.read(typed)
    if typed and month is None:
        return this, [gettext("No entendimos el mes. Mostramos este.")]
    if month is not None and not _is_shown(month):
        ends = {"first": this.later(-MONTHS_BACK).name, "last": this.later(MONTHS_AHEAD).name}
        return this, [gettext("Aquí hay meses desde %(first)s hasta %(last)s. Mostramos este.") % ends]
    return month or this, []


def _is_shown(month: Month) -> bool:
    this = Month.of(clock.today())
    return this.later(-MONTHS_BACK) <= month <= this.later(MONTHS_AHEAD)


def _page(request: Request, known: Known) -> Response:
    shown, chosen, this = known.month, known.chosen, Month.of(clock.today())
    topics, sessions = dict(known.topics), chosen.chosen(known.sessions)
    applied = filters.applied(chosen, topics, lambda narrowed: narrowed.month(shown))
    steps = {"before": shown.later(-1), "after": shown.later(1)}
    address = chosen.month(None if shown == this and not request.url.query else shown)
    context = {
        "path": address,
        "name": shown.name,
        "month": str(shown),
        "summary": _summary(sessions, known.activities),
        "filters": chosen,
        "applied": applied,
        "notes": known.notes,
        **filters.choices([*known.offered, *kinds_among(known.sessions)], topics, chosen),
        **{name: chosen.month(there) if _is_shown(there) else "" for name, there in steps.items()},
        "today": chosen.month(None),
        "is_now": shown == this,
        "list_href": _list_of(chosen, shown, this),
        "column": shown.column,
        "weekdays": weekdays_of(shown),
        "cells": cells_of(shown, _entries(known, sessions), day_notes(shown.first, shown.last, known.feasts)),
        "is_empty": not sessions and not known.activities,
    }
    return render(request, "panel/public/calendar.html", context)


def _list_of(chosen: Filters, shown: Month, this: Month) -> str:
    since = shown.first if shown > this else None
    return replace(chosen, since=since).query()


def _summary(sessions: Sequence[Dated], activities: Sequence[ListedActivity]) -> str:
    """`3 capacitaciones, 1 actividad`, without cancelled ones."""
    n_trainings = len({one.slug for one in sessions if not one.is_off})
    n_activities = sum(not one.is_cancelled for one in activities)
    told = []
    if n_trainings:
        told.append(ngettext("%(num)s capacitación", "%(num)s capacitaciones", n_trainings) % {"num": n_trainings})
    if n_activities:
        told.append(ngettext("%(num)s actividad", "%(num)s actividades", n_activities) % {"num": n_activities})
    return ", ".join(told) or gettext("No hay capacitaciones")


def _entries(known: Known, sessions: Sequence[Dated]) -> ByDay:
    by_day, now, lang, places = ByDay(known.month.first, known.month.last), clock.now(), language(), towns.by_code()
    changed = dict(known.changed)
    called_off, online = gettext("Cancelada"), gettext("En línea")
    for session in sessions:
        here, time, days = when(session.starts_told, session.ends_told, lang)
        town = places[session.town_code]
        look, state, mark = session.look, "", ""
        if look == "off":
            state, mark = called_off, CALLED_OFF
        elif changed and (state := left_note(session, town, changed.get(session.session_id))):
            look, mark = look or "changed", CHANGED
        place = online if session.is_online else town.full_name
        entry = Entry(here, look, session.path, time, session.title, place, state, "", mark)
        by_day.put(entry, days)
    for activity in known.activities:
        _put_activity(by_day, activity, now)
    return by_day.in_order()


def _put_activity(by_day: ByDay, activity: ListedActivity, now: datetime) -> None:
    is_what, note = gettext(KINDS[activity.kind]), activity.note
    look, mark = ("changed", CHANGED) if note else ("", "")
    if activity.is_cancelled:
        is_what, note, look, mark = gettext("Cancelada"), "", "off", CALLED_OFF
    elif activity.ends_at <= now:
        look = "gone"
    here, time, days = when(activity.starts_at, activity.ends_at, language())
    entry = Entry(
        starts_at=here,
        look=f"act {look}".strip(),
        href=activity.path,
        time=time,
        title=activity.title,
        place=activity.town.full_name,
        state=" · ".join(filter(None, [is_what, note])),
        mark=mark,
    )
    by_day.put(entry, days)


routes: list[BaseRoute] = [Route("/calendario", month)]
