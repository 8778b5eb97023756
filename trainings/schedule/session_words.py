"""How the panel speaks of a session: its number, its day, its hour, what it looks like, where it leads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from trainings import clock
from trainings.accounts.permissions import ATTENDANCE_TAKERS
from trainings.audit.actor import Actor
from trainings.lib import dates
from trainings.schedule.staff_sessions import StaffSession, StaffTraining
from trainings.web.i18n import N_, gettext, language

ONE_DAY = timedelta(days=1)
HERE = "\x02"
"""Stands for a number that is put in afterwards."""
FIXED = frozenset({"off", "gone"})
"""Looks of what is not moved any more."""


def numbered(session: StaffSession) -> str:
    """The title, with the number of the meeting where there are several."""
    return numbering(session.training)(session.position)


def numbering(training: StaffTraining) -> Callable[[int], str]:
    """The same by the meeting's number, for who writes hundreds: what all of a training share is put together once."""
    title, n = training.title, training.n_sessions
    if n == 1:
        return lambda _position: title
    words = gettext(N_("%(title)s, sesión %(position)s de %(n)s"))
    before, after = (words % {"title": title, "position": HERE, "n": n}).rsplit(HERE, 1)
    return lambda position: f"{before}{position}{after}"


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


def look_of(session: StaffSession, now: datetime) -> str:
    """Its class in a calendar: called off, draft, going on, over, or none of these."""
    if session.is_cancelled:
        return "off"
    if session.is_draft:
        return "draft"
    if session.is_over(now):
        return "gone"
    return "open" if now >= session.starts_at else ""


def move_path(session: StaffSession, look: str, *, may_move: bool) -> str:
    """The form that moves it; empty for who may not, and for what is over or called off."""
    return f"/panel/sesiones/{session.key}/mover" if may_move and look not in FIXED else ""


def session_path(session: StaffSession, actor: Actor, now: datetime) -> str:
    """Attendance on the day and afterwards, for whoever takes it; before that, the training."""
    home = f"/panel/capacitaciones/{session.training.key}"
    # Most of a month is further ahead than a day: the calendar is asked for the rest only.
    if session.starts_at >= now + ONE_DAY or session.is_cancelled or session.is_draft:
        return home
    is_due = session.day <= clock.today() and actor.has_any(ATTENDANCE_TAKERS)
    return f"/panel/sesiones/{session.key}/asistencia" if is_due else home
