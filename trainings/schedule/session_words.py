from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from trainings import clock
from trainings.accounts.permissions import (
    can_see_roster,
)
from trainings.audit.actor import Actor
from trainings.lib import dates
from trainings.schedule.queries import SEES_ALL
from trainings.schedule.staff_sessions import StaffSession
from trainings.web.i18n import N_, gettext, language

FIXED = frozenset({"off", "gone"})


def numbered(session: StaffSession) -> str:
    return numbering()(session)


def numbering() -> Callable[[StaffSession], str]:
    words = gettext(N_("%(title)s, sesión %(position)s de %(n)s"))

    def told(session: StaffSession) -> str:
        title, n = session.title, session.n_sessions
        return title if n == 1 else words % {"title": title, "position": session.position, "n": n}

    return told


def when(moment: datetime) -> str:
    """`Hoy, 8:30 a. m.` · `jue. 4, 8:30 a. m.` · `jue. 4 mar., 8:30 a. m.` in another month"""
    day = clock.local(moment).date()
    name = gettext(N_("Hoy")) if day == clock.today() else short_day(day)
    return f"{name}, {dates.time_of_day(moment, language())}"


def short_weekday(day: date) -> str:
    """`mié.` · `Wed`"""
    return _cut(dates.weekday(day, language()))


def short_day(day: date) -> str:
    """`mié. 3`, in another month than this `mié. 3 mar.`"""
    named = f"{short_weekday(day)} {day.day}"
    return named if day.month == clock.today().month else f"{named} {_cut(dates.month_name(day, language()))}"


def _cut(name: str) -> str:
    return name[:3] if language().startswith("en") else f"{name[:3]}."


def move_path(session: StaffSession, *, may_move: bool) -> str:
    """Empty without permission, and for sessions over or cancelled."""
    return f"/panel/sesiones/{session.key}/mover" if may_move and session.look not in FIXED else ""


def session_path(session: StaffSession, actor: Actor, *, is_due: bool) -> str:
    """Attendance for staff who take it, once its day has come (`is_due`); before, the training. Staff with all hubs
    find their own behind the training.
    """
    is_held = is_due and not session.is_cancelled and not session.is_draft
    holds = actor.roles_everywhere.isdisjoint(SEES_ALL)
    if is_held and can_see_roster(actor, session.hub_id, is_facilitator=holds):
        return f"/panel/sesiones/{session.key}/asistencia"
    return f"/panel/capacitaciones/{session.training_key}"
