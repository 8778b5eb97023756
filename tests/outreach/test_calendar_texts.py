"""What calendars are told of an activity: by the rules of sessions, and nothing for what nobody sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests import make
from tests.feeds.hostile import HOSTILE, as_read
from tests.feeds.readers import with_ical_js, with_icalendar, with_vobject
from tests.outreach.make_activity import make_activity, make_draft, make_responsible, plan_of
from trainings.accounts.models import Role
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.outreach import calendar_texts
from trainings.outreach.actions import (
    TimeAndPlace,
    cancel_activity,
    edit_activity,
    move_activity,
    publish_activity,
    reopen_activity,
)
from trainings.outreach.models import ActivityFeed, ActivityKind, ActivityText, OutreachActivity
from trainings.outreach.place_actions import correct_venue
from trainings.places.actions import VenueDetails
from trainings.schedule.ics import TEXT_FORMAT, calendar_entry
from trainings.settings import Settings
from trainings.versions.models import Counter

Freeze = Callable[[datetime], None]
NOON = datetime(2027, 3, 1, 18, tzinfo=UTC)
STARTS = datetime(2027, 3, 8, 14, tzinfo=UTC)
PARK = TimeAndPlace(STARTS, STARTS + timedelta(hours=4), make.LA_LIBERTAD, None, "Parque central")
OWN_FEEDS = {"guatemala", "municipio:1705", "ventanilla:la-libertad-peten"}


@pytest.fixture(autouse=True)
def _now(freeze: Freeze) -> None:
    freeze(NOON)


@dataclass(frozen=True)
class Seen:
    """What every subscriber could see."""

    texts: dict[str, str]
    feeds: set[tuple[str, str]]
    counters: dict[str, int]

    def moved(self, before: Seen) -> set[str]:
        return {key for key, number in self.counters.items() if number != before.counters.get(key, 0)}


async def seen() -> Seen:
    return Seen(
        {str(text.activity_id): text.body for text in await ActivityText.all()},
        {(str(one), scope) for one, scope in await ActivityFeed.all().values_list("activity_id", "scope")},
        {counter.key: counter.number for counter in await Counter.all()},
    )


async def body_of(activity: OutreachActivity) -> str:
    return (await ActivityText.get(activity_id=activity.id)).body


def line(body: str, name: str) -> str:
    """One property of a VEVENT, unfolded."""
    lines = body.replace("\r\n ", "").split("\r\n")
    return next((one.split(":", 1)[1] for one in lines if one.split(":", 1)[0].split(";")[0] == name), "")


async def test_draft_leaves_no_trace(db: Settings) -> None:
    await make.make_hub()
    before = await seen()

    draft = await make_draft(when=PARK)
    await edit_activity(draft.id, await plan_of(when=PARK, title="Otra feria"), actor=PROGRAM)

    assert await seen() == before


async def test_publishing_puts_it_into_the_feeds_of_place_hub_and_country(db: Settings) -> None:
    draft = await make_draft(when=PARK, summary="Mesas y juegos.", rain_plan="Pasa al salón.")
    before = await seen()

    await publish_activity(draft.id, actor=PROGRAM)

    after, body = await seen(), await body_of(draft)
    assert after.feeds == {(str(draft.id), scope) for scope in OWN_FEEDS}
    assert after.moved(before) == OWN_FEEDS
    assert line(body, "UID").startswith(f"actividad-{draft.id}@")
    assert (line(body, "SEQUENCE"), line(body, "STATUS")) == ("0", "CONFIRMED")
    assert line(body, "DTSTAMP") == line(body, "LAST-MODIFIED") == "20270301T180000Z"
    assert line(body, "LOCATION") == r"Parque central\, La Libertad\, Petén"
    assert line(body, "SUMMARY") == "Feria informativa"
    assert line(body, "CATEGORIES") == "Feria"
    assert line(body, "URL").endswith(f"/actividades/{draft.slug}")
    assert "No hace falta inscribirse." in line(body, "DESCRIPTION")
    assert "Si llueve: Pasa al salón." in line(body, "DESCRIPTION")


async def test_a_move_raises_the_sequence_and_other_words_do_not(db: Settings, freeze: Freeze) -> None:
    activity = await make_activity(when=PARK)
    later = replace(PARK, starts_at=PARK.starts_at + timedelta(hours=1))

    freeze(NOON + timedelta(minutes=5))
    await move_activity(activity.id, later, actor=PROGRAM)
    moved = await body_of(activity)
    freeze(NOON + timedelta(minutes=6))
    await edit_activity(activity.id, await plan_of(when=later, title="Feria de la salud"), actor=PROGRAM)
    renamed = await body_of(activity)

    assert (line(moved, "SEQUENCE"), line(moved, "DTSTART"), line(moved, "DTSTAMP")) == (
        "1",
        "20270308T090000",
        "20270301T180500Z",
    )
    assert (line(renamed, "SEQUENCE"), line(renamed, "SUMMARY"), line(renamed, "DTSTAMP")) == (
        "1",
        "Feria de la salud",
        "20270301T180600Z",
    )


async def test_cancelled_it_says_so_and_is_frozen_until_it_takes_place(db: Settings) -> None:
    activity = await make_activity(when=PARK)

    await cancel_activity(activity.id, "Lluvia", actor=PROGRAM)
    cancelled = await body_of(activity)
    async with transaction():
        changed = await calendar_texts.refresh([activity.id])
    await reopen_activity(activity.id, actor=PROGRAM)
    again = await body_of(activity)

    assert changed == set()
    assert [line(cancelled, name) for name in ("SEQUENCE", "STATUS", "SUMMARY")] == [
        "1",
        "CANCELLED",
        "CANCELADA: Feria informativa",
    ]
    assert [line(again, name) for name in ("SEQUENCE", "STATUS", "SUMMARY")] == ["2", "CONFIRMED", "Feria informativa"]


async def test_moved_to_another_municipality_it_stays_in_the_feed_where_it_was(db: Settings) -> None:
    await make.make_municipality(make.TACANA)
    activity = await make_activity(when=PARK)

    before = await seen()
    await move_activity(activity.id, replace(PARK, municipality=make.TACANA), actor=PROGRAM)

    after = await seen()
    assert {scope for _id, scope in after.feeds} == OWN_FEEDS | {"municipio:1207"}
    assert after.moved(before) == OWN_FEEDS | {"municipio:1207"}
    assert line(await body_of(activity), "LOCATION") == r"Parque central\, Tacaná\, San Marcos"


async def test_each_column_that_shows_moves_the_counters_and_no_other_does(db: Settings) -> None:
    hub = await make.make_hub()
    venue = await make.make_venue(hub)
    other = await make.make_user(Role.FACILITATOR, hub)
    activity = await make_activity(hub, when=PARK)
    plan = await plan_of(hub, when=PARK)
    showing: list[dict[str, Any]] = [
        {"title": "Otro título"},
        {"summary": "De qué se trata"},
        {"rain_plan": "Al salón"},
        {"kind": ActivityKind.DIALOGUE},
        {"at": replace(PARK, starts_at=PARK.starts_at + timedelta(minutes=5))},
        {"at": replace(PARK, ends_at=PARK.ends_at + timedelta(minutes=5))},
        {"at": replace(PARK, place="Otro parque")},
        {"at": replace(PARK, venue_id=venue.id)},
    ]
    hidden: list[dict[str, Any]] = [{"materials": "Toldo"}, {"responsible_id": other.id}]

    moved = []
    for changes in showing + hidden:
        before = await seen()
        await edit_activity(activity.id, replace(plan, **changes), actor=PROGRAM)
        moved.append((await seen()).moved(before))
        await edit_activity(activity.id, plan, actor=PROGRAM)

    assert moved == [OWN_FEEDS] * len(showing) + [set()] * len(hidden)


async def test_entries_follow_what_is_corrected_of_a_venue(db: Settings) -> None:
    hub = await make.make_hub()
    venue = await make.make_venue(hub)
    await make.make_municipality(make.TACANA)
    activity = await make_activity(hub, when=replace(PARK, venue_id=venue.id, place=""))
    details = VenueDetails(name="Salón nuevo", municipality=make.TACANA, address="Barrio Nuevo")

    await correct_venue(venue, details, hub=hub, actor=PROGRAM)

    body = await body_of(activity)
    assert line(body, "LOCATION") == r"Salón nuevo\, Barrio Nuevo\, Tacaná\, San Marcos"
    assert (line(body, "SEQUENCE"), (await OutreachActivity.get(id=activity.id)).municipality_id) == ("1", make.TACANA)
    assert "municipio:1207" in {scope for _id, scope in (await seen()).feeds}


async def test_texts_of_an_older_form_are_written_again_without_a_new_stamp(db: Settings, freeze: Freeze) -> None:
    activity = await make_activity(when=PARK)
    current = await body_of(activity)
    older = current.replace("SEQUENCE:0\r\nDTSTART", "SEQUENCE:0\r\nX-OLD:1\r\nDTSTART")
    await ActivityText.filter(activity_id=activity.id).update(body=older, format=TEXT_FORMAT - 1)
    freeze(NOON + timedelta(days=1))

    n_changed = await calendar_texts.rewrite_outdated()
    text = await ActivityText.get(activity_id=activity.id)

    assert (n_changed, text.format) == (1, TEXT_FORMAT)
    assert line(text.body, "SEQUENCE") == "0"
    assert await calendar_texts.rewrite_outdated() == 0


STORABLE = [text for text in HOSTILE if "\x00" not in text and "\ud83d" not in text]


async def test_what_people_type_survives_into_other_programs(db: Settings) -> None:
    hub, responsible = await make.make_hub(), await make_responsible()
    made = {}
    for number, text in enumerate(STORABLE):
        when = replace(PARK, starts_at=STARTS + timedelta(hours=number), ends_at=STARTS + timedelta(hours=number + 1))
        activity = await make_activity(
            hub, when=when, responsible=responsible, title=text[:180], summary=text, rain_plan=text[:240]
        )
        made[f"actividad-{activity.id}"] = text
    text = calendar_entry([one.body for one in await ActivityText.all().order_by("activity_id")])

    for entries in (with_icalendar(text), with_vobject(text), *with_ical_js(text)):
        read = {entry.uid.partition("@")[0]: entry for entry in entries}
        assert read.keys() == made.keys()
        for uid, typed in made.items():
            assert read[uid].summary.strip(" ") == as_read(typed[:180]), typed
            assert as_read(typed) in read[uid].description, typed
