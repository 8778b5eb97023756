"""A training in the words of schema.org, for search engines: what its page shows, nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trainings import clock
from trainings.schedule.phase import Phase
from trainings.schedule.public.posted import Place, Posted, PublicSession
from trainings.web.render import absolute

Data = dict[str, Any]
SCHEMA = "https://schema.org/"


def event_of(training: Posted) -> Data | None:
    """None for a training that is found by its address only."""
    if training.is_unlisted:
        return None
    held, is_off = training.held, training.phase is Phase.CANCELLED
    places = dict.fromkeys(session.place for session in held)
    found: Data = {
        "@context": SCHEMA.removesuffix("/"),
        "@type": "Event",
        "name": training.title,
        "description": training.summary or training.title,
        "url": absolute(training.path),
        "image": absolute(f"{training.path}/imagen.png?v={training.revision}"),
        **_times(held[0], held[-1]),
        **_state(is_off=is_off),
        **_where(places, training),
        "organizer": {
            "@type": "Organization",
            "name": training.hub.name,
            "url": absolute(f"/municipios/{training.hub.seat.slug}"),
        },
        "isAccessibleForFree": True,
    }
    if len(training.sessions) > 1:
        found["subEvent"] = [_session(session, training, is_off=is_off) for session in training.sessions]
    return found


def _session(session: PublicSession, training: Posted, *, is_off: bool) -> Data:
    return {
        "@type": "Event",
        "name": training.title,
        **_times(session, session),
        **_state(is_off=is_off or not session.is_on),
        **_where([session.place], training),
    }


def _times(first: PublicSession, last: PublicSession) -> Data:
    start, end = clock.local(first.starts_at), clock.local(last.ends_at)
    return {"startDate": start.isoformat(timespec="minutes"), "endDate": end.isoformat(timespec="minutes")}


def _state(*, is_off: bool) -> Data:
    return {"eventStatus": SCHEMA + ("EventCancelled" if is_off else "EventScheduled")}


def _where(places: Iterable[Place], training: Posted) -> Data:
    found = [_place(place, training) for place in places]
    kinds = {place["@type"] for place in found}
    mode = "Mixed" if len(kinds) > 1 else "Online" if kinds == {"VirtualLocation"} else "Offline"
    return {
        "eventAttendanceMode": f"{SCHEMA}{mode}EventAttendanceMode",
        "location": found[0] if len(found) == 1 else found,
    }


def _place(place: Place, training: Posted) -> Data:
    """An online link is told to people with a place only: here stands the page."""
    if place.is_online:
        return {"@type": "VirtualLocation", "url": absolute(training.path)}
    address = {"@type": "PostalAddress", "addressLocality": place.town.name, "addressRegion": place.town.department}
    street = {"streetAddress": place.address} if place.address else {}
    return {
        "@type": "Place",
        "name": place.name or place.town.full_name,
        "address": {**address, **street, "addressCountry": "GT"},
    }
