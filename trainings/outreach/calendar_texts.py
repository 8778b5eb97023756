from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from trainings.db import lock
from trainings.outreach.models import ActivityFeed, ActivityState, ActivityText, OutreachActivity
from trainings.outreach.words import KINDS
from trainings.places.queries import feed_keys
from trainings.schedule.calendar_texts import Entry, Kept, write_again, write_entries
from trainings.schedule.ics import EventFacts
from trainings.settings import get_settings
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, speaking

UID_KIND = "actividad"
PATH = "/actividades/"
ACTIVITIES = Kept(OutreachActivity, ActivityText, ActivityFeed, "activity_id", PATH)


async def refresh(activity_ids: Iterable[UUID]) -> set[UUID]:
    ids = [activity.id for activity in await lock(OutreachActivity, activity_ids)]
    found = OutreachActivity.filter(id__in=ids).order_by("id")
    with speaking(SOURCE_LANGUAGE):
        entries = [
            Entry(
                event_facts(activity),
                is_listed=activity.state is ActivityState.PUBLISHED,
                scopes=feed_keys(activity.hub, activity.municipality_id),
            )
            for activity in await found.select_related("hub", "municipality", "venue__municipality")
        ]
    return await write_entries(entries, ACTIVITIES)


async def rewrite_outdated() -> int:
    return await write_again(ACTIVITIES, refresh)


def event_facts(activity: OutreachActivity) -> EventFacts:
    """Hub, municipality and venue are loaded."""
    settings = get_settings()
    venue = activity.venue
    return EventFacts(
        uid_kind=UID_KIND,
        session_id=activity.id,
        uid_domain=settings.uid_domain,
        created_at=activity.created_at,
        stamped_at=activity.stamped_at,
        sequence=activity.sequence,
        is_cancelled=activity.state is not ActivityState.PUBLISHED,
        starts_at=activity.starts_at,
        ends_at=activity.ends_at,
        title=activity.title,
        position=1,
        n_sessions=1,
        municipality=activity.municipality.full_name,
        place=place_in_words(activity),
        lat=venue.lat if venue is not None else None,
        lon=venue.lon if venue is not None else None,
        summary=activity.summary,
        notes=tuple(_notes(activity)),
        categories=(gettext(KINDS[activity.kind]),),
        url=settings.base_url.rstrip("/") + PATH + activity.slug,
    )


def place_in_words(activity: OutreachActivity) -> str:
    """Venue with address, then the place in the open; `venue` is loaded."""
    venue = activity.venue
    parts = (venue.name, venue.address, activity.place) if venue is not None else (activity.place,)
    return ", ".join(part for part in parts if part)


def whole_place(activity: OutreachActivity) -> str:
    """With the municipality; both are loaded."""
    return ", ".join(part for part in (place_in_words(activity), activity.municipality.full_name) if part)


def _notes(activity: OutreachActivity) -> list[str]:
    notes = [activity.hub.name, gettext(N_("No hace falta inscribirse."))]
    if activity.rain_plan:
        notes.append(gettext(N_("Si llueve: %(plan)s")) % {"plan": activity.rain_plan})
    return notes
