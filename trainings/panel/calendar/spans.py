from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request

from trainings import clock
from trainings.accounts.models import Role
from trainings.accounts.permissions import DESK, EDITORS
from trainings.audit.actor import Actor
from trainings.db.sql import as_uuid
from trainings.lib import dates
from trainings.outreach.queries import ListedActivity, listed_activities
from trainings.outreach.words import KINDS
from trainings.panel.calendar import views
from trainings.panel.calendar.views import Choices, View, Wanted
from trainings.schedule.months import Month
from trainings.schedule.public.entries import CALLED_OFF, ONE_DAY, ByDay, Entry, when
from trainings.schedule.queries import SEES_ALL
from trainings.schedule.session_words import move_path, numbered, numbering, session_path
from trainings.schedule.staff.day_notes import Feast, Notes, day_notes, feasts_served, times_away
from trainings.schedule.staff_sessions import StaffSession
from trainings.web.i18n import N_, gettext, language, ngettext

FIXED = ("off", "draft")
NOBODY: Mapping[UUID | str, int] = {}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Equal values make the same page for the same person. `notes`: filters not understood; `away`: when the chosen
    person cannot come.
    """

    first: date
    last: date
    wanted: Wanted
    choices: Choices
    notes: tuple[str, ...]
    sessions: tuple[StaffSession, ...]
    activities: tuple[ListedActivity, ...]
    feasts: tuple[Feast, ...]
    away: tuple[tuple[datetime, datetime], ...]

    def day_notes(self) -> Notes:
        return day_notes(self.first, self.last, self.feasts, self.away)


async def load(request: Request, first: date, last: date) -> Loaded:
    actor: Actor = request.state.actor
    choices = await views.choices_of(actor)
    wanted, notes = views.read_wanted(request.query_params, choices)
    start, end = clock.midnight(first), clock.midnight(last + ONE_DAY)
    hubs = [wanted.hub] if wanted.hub else choices.hubs
    return Loaded(
        first=first,
        last=last,
        wanted=wanted,
        choices=choices,
        notes=tuple(notes),
        sessions=await views.sessions_of(actor, wanted, start, end),
        activities=tuple(await _activities(actor, wanted, first, last)),
        feasts=tuple(await feasts_served(first, last, [hub.id for hub in hubs])),
        away=tuple(await times_away(wanted.person[0], start, end)) if wanted.person else (),
    )


def next_change(loaded: Loaded) -> datetime:
    """The day ends, or an activity does."""
    now, tomorrow = clock.now(), clock.midnight(clock.today() + ONE_DAY)
    return min([tomorrow, *(activity.ends_at for activity in loaded.activities if activity.ends_at > now)])


async def _activities(actor: Actor, wanted: Wanted, first: date, last: date) -> list[ListedActivity]:
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


def entries_by_day(loaded: Loaded, actor: Actor) -> ByDay:
    by_day, may_move = ByDay(loaded.first, loaded.last), actor.hubs_with(EDITORS)
    for _session, entry, days in session_entries(loaded.sessions, actor):
        by_day.put(entry, days)
    for activity in loaded.activities:
        _here, _time, days = when(activity.starts_at, activity.ends_at, language())
        by_day.put(activity_entry(activity, may_move), days)
    return by_day.in_order()


def session_entries(
    sessions: Sequence[StaffSession], actor: Actor, waiting: Mapping[UUID | str, int] = NOBODY
) -> Iterator[tuple[StaffSession, Entry, tuple[date, ...]]]:
    """With the days that each touches. `waiting`: on the list, by training."""
    may_move, today, lang, title = actor.hubs_with(EDITORS), clock.today(), language(), numbering()
    theirs = {key for key in {session.hub_key for session in sessions} if as_uuid(key) in may_move}
    off, draft = gettext(N_("Cancelada")), gettext(N_("Borrador"))
    with_list = gettext(N_("%(taken)s/%(capacity)s · %(waiting)s en espera"))
    for session in sessions:
        here, time, days = when(session.starts_told, session.ends_told, lang)
        look, n_waiting = session.look, waiting.get(session.training_key, 0)
        state = off if look == "off" else draft if look == "draft" else f"{session.taken}/{session.capacity}"
        if n_waiting and look not in FIXED:
            state = with_list % {"taken": session.taken, "capacity": session.capacity, "waiting": n_waiting}
        entry = Entry(
            here,
            look,
            session_path(session, actor, is_due=days[0] <= today),
            time,
            title(session),
            session.place,
            state,
            move_path(session, may_move=session.hub_key in theirs),
            CALLED_OFF if look == "off" else "",
        )
        yield session, entry, days


def session_entry(session: StaffSession, actor: Actor, state: str) -> Entry:
    return Entry(
        starts_at=clock.local(session.starts_at),
        look=session.look,
        href=session_path(session, actor, is_due=session.is_due),
        time=dates.time_of_day(session.starts_at, language()),
        title=numbered(session),
        place=session.place,
        state=state,
        move=move_path(session, may_move=session.hub_id in actor.hubs_with(EDITORS)),
    )


def activity_entry(activity: ListedActivity, may_move: frozenset[UUID]) -> Entry:
    is_fixed = activity.is_cancelled or (activity.is_over and not activity.is_draft)
    state = gettext(KINDS[activity.kind])
    look = "act"
    if activity.is_cancelled:
        state, look = gettext(N_("Cancelada")), "act off"
    elif activity.is_draft:
        state, look = gettext(N_("Borrador")), "act draft"
    elif activity.is_over:
        look = "act gone"
    return Entry(
        starts_at=clock.local(activity.starts_at),
        look=look,
        href=activity.staff_path,
        time=dates.time_of_day(activity.starts_at, language()),
        title=activity.title,
        place=", ".join(filter(None, [activity.place, activity.town.full_name])),
        state=state,
        move=f"{activity.staff_path}/mover" if activity.hub_id in may_move and not is_fixed else "",
        mark=CALLED_OFF if activity.is_cancelled else "",
    )


def frame(loaded: Loaded, actor: Actor, here: View, **period: object) -> dict[str, Any]:
    wanted, choices = loaded.wanted, loaded.choices
    return {
        "here": "semana",
        "tabs": views.tabs(here, wanted, loaded.first, loaded.last),
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
        "summary": _summary(loaded),
        "can_create": bool(actor.hubs_with(EDITORS)),
        "sees_coverage": actor.has_any((*EDITORS, Role.MONITORING_OFFICER)),
    }


def _summary(loaded: Loaded) -> str:
    """`14 sesiones, 2 actividades`, without cancelled ones."""
    n_sessions = sum(not session.is_cancelled for session in loaded.sessions)
    n_activities = sum(not activity.is_cancelled for activity in loaded.activities)
    told = [ngettext("%(num)s sesión", "%(num)s sesiones", n_sessions) % {"num": n_sessions}]
    if n_activities:
        told.append(ngettext("%(num)s actividad", "%(num)s actividades", n_activities) % {"num": n_activities})
    return ", ".join(told)


def asked_month(request: Request) -> tuple[Month, tuple[str, ...]]:
    typed = request.query_params.get("mes", "")
    month = Month.read(typed)
    wrong = bool(typed) and month is None
    return month or Month.of(clock.today()), (gettext(N_("No entendimos el mes. Mostramos este.")),) if wrong else ()


def month_frame(loaded: Loaded, actor: Actor, view: View) -> dict[str, Any]:
    month = Month.of(loaded.first)
    name = month.name
    steps = {
        name: loaded.wanted.path(view, mes=month.later(n)) if Month.read(str(month.later(n))) else ""
        for name, n in (("before", -1), ("after", 1))
    }
    return {
        **frame(loaded, actor, view, mes=month),
        **steps,
        "title": name[:1].upper() + name[1:],
        "is_now": month == Month.of(clock.today()),
        "poster": _poster_path(loaded.wanted, month, actor.hubs_with(DESK)),
    }


def _poster_path(wanted: Wanted, month: Month, desks: frozenset[UUID]) -> str:
    """Empty for people at no desk of the hub."""
    if wanted.hub is None:
        return f"/panel/difundir?mes={month}" if desks else ""
    return f"/panel/difundir?mes={month}&ventanilla={wanted.hub.slug}" if wanted.hub.id in desks else ""
