from __future__ import annotations

from collections.abc import Iterable

from trainings.feeds.scopes import Scope
from trainings.schedule.ics import CALENDAR_END, PRODID, VTIMEZONE, escaped, line

COLOR = "teal"
REFRESH = "PT6H"


def calendar_text(scope: Scope, events: Iterable[str], *, base_url: str) -> str:
    """The VTIMEZONE stays without events: strict readers want one component."""
    return "".join((calendar_head(scope, base_url=base_url), VTIMEZONE, *events, CALENDAR_END))


def calendar_head(scope: Scope, *, base_url: str) -> str:
    """No UID: clients would take the feed for one entry. No SOURCE with a secret address: the file may be handed on."""
    site = base_url.rstrip("/")
    name, description = escaped(scope.name), escaped(scope.description)
    source = [("SOURCE;VALUE=URI", site + scope.address)] if scope.address else []
    fields = (
        ("VERSION", "2.0"),
        ("PRODID", PRODID),
        ("CALSCALE", "GREGORIAN"),
        ("METHOD", "PUBLISH"),
        ("NAME", name),
        ("X-WR-CALNAME", name),
        ("DESCRIPTION", description),
        ("X-WR-CALDESC", description),
        ("X-WR-TIMEZONE", "America/Guatemala"),
        ("COLOR", COLOR),
        ("URL", site + scope.path),
        *source,
        ("REFRESH-INTERVAL;VALUE=DURATION", REFRESH),
        ("X-PUBLISHED-TTL", REFRESH),
    )
    return "BEGIN:VCALENDAR\r\n" + "".join(line(*field) for field in fields)
