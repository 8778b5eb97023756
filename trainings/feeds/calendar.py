"""A whole calendar: our head, the stored VEVENTs joined, the tail. A pure function of scope, texts and settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from icalendar import Calendar, vDuration, vText, vUri

from trainings.feeds.scopes import Scope
from trainings.schedule.ics import VTIMEZONE

PRODID = "-//Ventanillas municipales//Capacitaciones 1.0//ES"
COLOR = "teal"
REFRESH = timedelta(hours=6)
END = "END:VCALENDAR\r\n"


def calendar_text(scope: Scope, events: Sequence[str], *, base_url: str) -> str:
    """The feed's text. Without events the VTIMEZONE stays, since strict readers want at least one component."""
    head = calendar_head(scope, base_url=base_url)
    return "".join((head, VTIMEZONE, *events, END))


def calendar_head(scope: Scope, *, base_url: str) -> str:
    """The calendar's own properties, up to its first component.

    No UID here: clients that group by UID would take the whole feed for one entry. Names go in as vText, because the
    library does not escape them otherwise.
    """
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODID)
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    for name in ("name", "x-wr-calname"):
        calendar.add(name, vText(scope.name), encode=False)
    for name in ("description", "x-wr-caldesc"):
        calendar.add(name, vText(scope.description), encode=False)
    calendar.add("x-wr-timezone", vText("America/Guatemala"), encode=False)
    calendar.add("color", COLOR)
    calendar.add("url", base_url + scope.path)
    calendar.add("source", vUri(base_url + scope.address), parameters={"VALUE": "URI"})
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    return str(calendar.to_ical().decode("utf-8")).removesuffix(END)
