"""What calendars are told of an activity: its stored text, the feeds it is in, and the counters that move with them.

The rules are those of sessions (`schedule.calendar_texts`): the row is written as a text again and compared with the
stored one.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.db import is_in_transaction, lock, transaction
from trainings.outreach.models import ActivityFeed, ActivityState, ActivityText, OutreachActivity
from trainings.outreach.words import KINDS
from trainings.places.queries import feed_keys
from trainings.schedule.ics import CANCELLED_LINE, TEXT_FORMAT, EventFacts, event_text, sequence_after, sequence_in
from trainings.settings import get_settings
from trainings.versions.actions import bump
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, speaking

UID_KIND = "actividad"
PATH = "/actividades/"
BATCH = 100
"""Texts written again in one transaction: others get their turn in between."""


async def refresh(activity_ids: Iterable[UUID]) -> set[UUID]:
    """Bring up to date what calendars show of these activities, in the caller's transaction. Returns those changed.

    An activity appears when it is published, and stays in every feed where it ever was. Cancelled it is shown as
    CANCELLED, and then frozen until it takes place again. Once an action, at its end.
    """
    assert is_in_transaction(), "text, feeds and counters change together with the activity"
    ids = [activity.id for activity in await lock(OutreachActivity, activity_ids)]
    found = OutreachActivity.filter(id__in=ids).order_by("id")
    activities = await found.select_related("hub", "municipality", "venue__municipality")
    texts = {text.activity_id: text for text in await ActivityText.filter(activity_id__in=ids)}
    scopes: dict[UUID, set[str]] = {activity_id: set() for activity_id in ids}
    for activity_id, scope in await ActivityFeed.filter(activity_id__in=ids).values_list("activity_id", "scope"):
        scopes[activity_id].add(scope)
    moved: set[str] = set()
    changed: list[ActivityText] = []
    joined: list[ActivityFeed] = []
    for activity in activities:
        known = scopes[activity.id]
        body = await _rewritten(activity, texts.get(activity.id))
        if body is not None:
            changed.append(ActivityText(activity_id=activity.id, format=TEXT_FORMAT, body=body))
            moved |= known
        if activity.state is ActivityState.PUBLISHED:
            new = feed_keys(activity.hub, activity.municipality_id) - known
            joined += [ActivityFeed(activity_id=activity.id, scope=scope) for scope in sorted(new)]
            moved |= new
    await ActivityText.bulk_create(changed, on_conflict=["activity_id"], update_fields=["format", "body"])
    await ActivityFeed.bulk_create(joined)
    if moved:
        await bump(*moved)
    return {text.activity_id for text in changed}


async def rewrite_outdated() -> int:
    """Write again the texts that an older version wrote otherwise, or that lead to an earlier address of this site.

    As `schedule.calendar_texts.rewrite_outdated`; returns how many texts are different now.
    """
    address = f"\r\nURL:{get_settings().base_url.rstrip('/')}{PATH}"[:70]
    moved = ~Q(body__contains=address) & ~Q(body__contains=CANCELLED_LINE)
    outdated = ActivityText.filter(Q(format__lt=TEXT_FORMAT) | moved).order_by("activity_id")
    ids = [activity_id for (activity_id,) in await outdated.values_list("activity_id")]
    changed = 0
    for start in range(0, len(ids), BATCH):
        async with transaction():
            batch = ids[start : start + BATCH]
            changed += len(await refresh(batch))
            await ActivityText.filter(activity_id__in=batch, format__lt=TEXT_FORMAT).update(format=TEXT_FORMAT)
    return changed


async def _rewritten(activity: OutreachActivity, stored: ActivityText | None) -> str | None:
    """The new text of an activity, its stamp and sequence kept in its row; nothing where it shows the same."""
    is_published = activity.state is ActivityState.PUBLISHED
    if stored is None:
        return await _stamped(activity, activity.sequence, is_first=True) if is_published else None
    if not is_published and CANCELLED_LINE in stored.body and stored.format >= TEXT_FORMAT:
        return None
    activity.sequence = sequence_in(stored.body)
    candidate = _text(activity)
    if candidate == stored.body:
        return None
    sequence = sequence_after(stored.body, candidate)
    return candidate if sequence is None else await _stamped(activity, sequence)


async def _stamped(activity: OutreachActivity, sequence: int, *, is_first: bool = False) -> str:
    activity.sequence = sequence
    activity.stamped_at = clock.whole_second_after(None if is_first else activity.stamped_at)
    await activity.save(update_fields=["sequence", "stamped_at"])
    return _text(activity)


def _text(activity: OutreachActivity) -> str:
    with speaking(SOURCE_LANGUAGE):
        return event_text(facts_of(activity))


def facts_of(activity: OutreachActivity) -> EventFacts:
    """What an entry tells of an activity; hub, municipality and venue are loaded."""
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
    """The venue with its address, then the place in the open, without the municipality; `venue` is loaded."""
    venue = activity.venue
    parts = (venue.name, venue.address, activity.place) if venue is not None else (activity.place,)
    return ", ".join(part for part in parts if part)


def _notes(activity: OutreachActivity) -> list[str]:
    notes = [activity.hub.name, gettext(N_("No hace falta inscribirse."))]
    if activity.rain_plan:
        notes.append(gettext(N_("Si llueve: %(plan)s")) % {"plan": activity.rain_plan})
    return notes
