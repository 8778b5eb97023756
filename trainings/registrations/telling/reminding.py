"""A reminder tells its day's sessions as they are when it is sent."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from trainings import clock
from trainings.registrations.telling.itip import MOST_INVITATIONS
from trainings.registrations.telling.message_facts import Facts
from trainings.schedule.models import SessionState, TrainingSession


def sessions_of_the_day(facts: Facts) -> list[TrainingSession]:
    """On the day the reminder was written for; a session moved away has a reminder of its own."""
    on = date.fromisoformat(facts.job.payload["on"]) if "on" in facts.job.payload else None
    return [one for one in facts.coming if clock.local(one.starts_at).date() == (on or _next_day(facts))]


def _next_day(facts: Facts) -> date | None:
    return clock.local(facts.coming[0].starts_at).date() if facts.coming else None


def is_still_ahead(facts: Facts) -> bool:
    sessions = sessions_of_the_day(facts)
    return bool(sessions) and sessions[0].starts_at > clock.now()


def day(facts: Facts) -> datetime | None:
    sessions = sessions_of_the_day(facts)
    return sessions[0].starts_at if sessions else None


def shown(facts: Facts) -> dict[str, Any]:
    """For the layout: that day, and how far off it is."""
    sessions = sessions_of_the_day(facts)
    if not sessions:
        return {"days_left": 0}
    starts = {one.starts_at for one in sessions}
    meetings = [one for one in facts.meetings() if one.starts_at in starts and not one.is_cancelled]
    places = {meeting.place for meeting in meetings}
    return {
        "day": sessions[0].starts_at,
        "meetings": meetings,
        "place": places.pop() if len(places) == 1 else "",
        "is_online": facts.is_online(sessions),
        "days_left": (clock.local(sessions[0].starts_at).date() - clock.today()).days,
    }


def came_as_a_file(facts: Facts) -> bool:
    """At confirmation so many sessions were ahead that they came in one file."""
    confirmed_at = facts.registration.confirmed_at
    if confirmed_at is None:
        return False
    ahead = [one for one in facts.sessions if one.ends_at > confirmed_at and _was_planned(one, confirmed_at)]
    return len(ahead) > MOST_INVITATIONS


def _was_planned(session: TrainingSession, at: datetime) -> bool:
    is_later = session.created_at > at
    return not is_later and (
        session.state is SessionState.PLANNED or (session.cancelled_at is not None and session.cancelled_at > at)
    )
