"""`/panel/mes`: a month of the panel, and what the month, the week and the list have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.models import Role
from trainings.accounts.permissions import DESK, EDITORS, STAFF
from trainings.audit.actor import Actor
from trainings.lib import dates
from trainings.outreach.queries import ListedActivity, listed_activities
from trainings.outreach.words import KINDS
from trainings.schedule import views
from trainings.schedule.cells import ByDay, Entry, cells_of, weekdays_of
from trainings.schedule.day_notes import Notes, day_notes, feasts_between, times_away, towns_served
from trainings.schedule.months import Month
from trainings.schedule.queries import SEES_ALL, StaffSession
from trainings.schedule.session_words import look_of, numbered, session_path
from trainings.schedule.views import Choices, View, Wanted
from trainings.web.allow import allow
from trainings.web.i18n import N_, gettext, language, ngettext
from trainings.web.render import render

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a calendar of the panel shows of some days: `notes` say which filters were not understood."""

    actor: Actor
    wanted: Wanted
    choices: Choices
    notes: list[str]
    sessions: list[StaffSession]
    activities: list[ListedActivity]
    day_notes: Notes


# -- what is there


async def load(request: Request, first: date, last: date) -> Loaded:
    """Sessions, activities and remarks of these days, in the actor's scope, by the filters of the address."""
    actor: Actor = request.state.actor
    choices = await views.choices_of(actor)
    wanted, notes = views.read_wanted(request.query_params, choices)
    start, end = clock.midnight(first), clock.midnight(last + ONE_DAY)
    hubs = [wanted.hub] if wanted.hub else choices.hubs
    feasts = await feasts_between(first, last, await towns_served([hub.id for hub in hubs]))
    away = await times_away(wanted.person[0], start, end) if wanted.person else []
    return Loaded(
        actor=actor,
        wanted=wanted,
        choices=choices,
        notes=notes,
        sessions=await views.sessions_of(actor, wanted, start, end),
        activities=await _activities(actor, wanted, first, last),
        day_notes=day_notes(first, last, feasts, away),
    )


async def _activities(actor: Actor, wanted: Wanted, first: date, last: date) -> list[ListedActivity]:
    """Activities of the hubs where the actor works; drafts only for the desk there, and for who answers for them."""
    sees_all = bool(actor.roles_everywhere.intersection(SEES_ALL))
    hub_ids = None if sees_all else actor.roles_at.keys()
    found = await listed_activities(first - ONE_DAY, last, hub_ids=hub_ids, with_drafts=True)
    desks = actor.hubs_with(DESK)
    return [
        one
        for one in found
        if one.ends_at > clock.midnight(first)
        and (not one.is_draft or sees_all or one.hub_id in desks or one.responsible_id == actor.id)
        and (wanted.hub is None or one.hub_id == wanted.hub.id)
        and (wanted.person is None or one.responsible_id == wanted.person[0])
        and (wanted.venue is None or one.venue_id == wanted.venue[0])
    ]


# -- how it is shown


def entries_by_day(loaded: Loaded, first: date, last: date) -> ByDay:
    """By local day, each in order of time; what lasts over midnight stands on both days."""
    by_day = ByDay(first, last)
    may_move, now = loaded.actor.hubs_with(EDITORS), clock.now()
    for session in loaded.sessions:
        by_day.put(_session_entry(session, loaded.actor, may_move, now), session.ends_at)
    for activity in loaded.activities:
        by_day.put(activity_entry(activity), activity.ends_at)
    return by_day.in_order()


def _session_entry(session: StaffSession, actor: Actor, may_move: frozenset[UUID], now: datetime) -> Entry:
    return Entry(
        starts_at=session.starts_at,
        look=look_of(session, now),
        href=session_path(session, actor),
        time=dates.time_of_day(session.starts_at, language()),
        title=numbered(session),
        place=session.place,
        state=_session_state(session),
        move=move_path(session, may_move, now),
    )


def move_path(session: StaffSession, may_move: frozenset[UUID], now: datetime) -> str:
    """The form that moves it; empty for who may not, and for what is over or called off."""
    is_fixed = session.is_cancelled or (session.is_over(now) and not session.is_draft)
    return f"/panel/sesiones/{session.id}/mover" if session.hub_id in may_move and not is_fixed else ""


def _session_state(session: StaffSession) -> str:
    if session.is_cancelled:
        return gettext(N_("Cancelada"))
    if session.is_draft:
        return gettext(N_("Borrador"))
    return f"{session.taken}/{session.capacity}"


def activity_entry(activity: ListedActivity) -> Entry:
    """An activity in a calendar of the panel."""
    state = gettext(KINDS[activity.kind])
    look = "act"
    if activity.is_cancelled:
        state, look = gettext(N_("Cancelada")), "act off"
    elif activity.is_draft:
        state, look = gettext(N_("Borrador")), "act draft"
    elif activity.is_over:
        look = "act gone"
    return Entry(
        starts_at=activity.starts_at,
        look=look,
        href=activity.staff_path,
        time=dates.time_of_day(activity.starts_at, language()),
        title=activity.title,
        place=", ".join(filter(None, [activity.place, activity.town.full_name])),
        state=state,
    )


def frame(loaded: Loaded, here: View, first: date, last: date, title: str, **period: object) -> dict[str, Any]:
    """What stands above each of the three: the ways to the others, and the filters."""
    wanted, choices = loaded.wanted, loaded.choices
    return {
        "here": "semana",
        "title": title,
        "tabs": views.tabs(here, wanted, first, last),
        "action": f"/panel/{here}",
        "period": {name: str(value) for name, value in period.items()},
        "chosen": wanted.values,
        "hubs": [(hub.slug, hub.name) for hub in choices.hubs],
        "people": [(str(one), name) for one, name in choices.people],
        "venues": [(str(one), name) for one, name in choices.venues],
        "applied": views.applied(wanted, here, **period),
        "told": wanted.words,
        "notes": loaded.notes,
        "today": wanted.path(here),
        "summary": summary(loaded.sessions, loaded.activities),
        "can_create": bool(loaded.actor.hubs_with(EDITORS)),
        "sees_coverage": loaded.actor.has_any((*EDITORS, Role.MONITORING_OFFICER)),
    }


def summary(sessions: Sequence[StaffSession], activities: Sequence[ListedActivity]) -> str:
    """`14 sesiones, 2 actividades`; what is called off is not counted."""
    n_sessions = sum(not session.is_cancelled for session in sessions)
    n_activities = sum(not activity.is_cancelled for activity in activities)
    told = [ngettext("%(num)s sesión", "%(num)s sesiones", n_sessions) % {"num": n_sessions}]
    if n_activities:
        told.append(ngettext("%(num)s actividad", "%(num)s actividades", n_activities) % {"num": n_activities})
    return ", ".join(told)


def asked_month(request: Request) -> tuple[Month, list[str]]:
    """The month of the address, else this one with a sentence that says so."""
    typed = request.query_params.get("mes", "")
    month = Month.read(typed)
    notes = [gettext(N_("No entendimos el mes. Mostramos este."))] if typed and month is None else []
    return month or Month.of(clock.today()), notes


def steps(month: Month, wanted: Wanted, view: View) -> dict[str, str]:
    """The months before and after, with the same filters; none beyond those that can be asked for."""
    return {
        name: wanted.path(view, mes=month.later(n)) if Month.read(str(month.later(n))) else ""
        for name, n in (("before", -1), ("after", 1))
    }


@allow(*STAFF)
async def month(request: Request) -> Response:
    """A month of sessions and activities in scope (`?mes=2027-03`)."""
    shown, notes = asked_month(request)
    loaded = await load(request, shown.first, shown.last)
    title = shown.name
    context = frame(loaded, View.MONTH, shown.first, shown.last, title[:1].upper() + title[1:], mes=shown)
    context |= steps(shown, loaded.wanted, View.MONTH)
    context |= {
        "notes": notes + loaded.notes,
        "column": shown.column,
        "weekdays": weekdays_of(shown),
        "cells": cells_of(shown, entries_by_day(loaded, shown.first, shown.last), loaded.day_notes),
        "is_now": shown == Month.of(clock.today()),
    }
    return render(request, "schedule/staff/month.html", context)


routes: list[BaseRoute] = [Route("/panel/mes", month)]
