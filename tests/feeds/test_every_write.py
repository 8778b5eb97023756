"""Each row and column that a calendar shows is written in turn: exactly the feeds that show it move, and no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
from httpx2 import AsyncClient, Response

from tests.database import Database
from tests.feeds.asking import poll
from tests.feeds.every_write import ALL, FIXED, HIDDEN, SHOWN, Case, Change
from tests.feeds.writes import World, make_world
from trainings import clock
from trainings.outreach.models import OutreachActivity
from trainings.schedule import calendar_texts
from trainings.settings import Settings

Freeze = Callable[[datetime], None]

NOT_SHOWN_OF_ACTIVITIES = {
    *("id", "created_at", "slug", "hub_id", "responsible_id", "materials", "sequence", "stamped_at", "revision"),
    *("published_at", "cancelled_at", "cancel_reason"),
}
ONE_OF_EACH_TABLE = (
    *("training_session.starts_at", "training.title", "course.summary", "topic.name", "venue.address", "hub.name"),
    *("municipality.name", "outreach_activity.title", "outreach_activity.state"),
    "training.state, state_before",
)


def noon() -> datetime:
    """An hour later it is still the same day: at midnight a feed's window moves by itself."""
    return clock.at(clock.today(), time(12))


@pytest.fixture
async def world(db: Settings, database: Database, freeze: Freeze) -> World:
    freeze(noon())
    return await (database.world("feeds", make_world) if db.is_sqlite else make_world())


async def polled(client: AsyncClient) -> dict[str, Response]:
    return {path: await poll(client, path) for path in ALL}


@pytest.mark.parametrize("case", SHOWN.values(), ids=list(SHOWN))
async def test_write_that_shows_moves_exactly_the_feeds_that_show_it(
    client: AsyncClient, freeze: Freeze, world: World, case: Case
) -> None:
    change, moving = case
    before = await polled(client)
    freeze(clock.now() + timedelta(hours=1))

    await change(world)

    after = await polled(client)
    assert {path for path in ALL if after[path].content != before[path].content} == set(moving)
    for path in ALL:
        known, date = before[path].headers["etag"], before[path].headers["last-modified"]
        by_tag = await poll(client, path, if_none_match=known)
        assert by_tag.status_code == (200 if path in moving else 304), path
        assert (after[path].headers["etag"] != known) is (path in moving)
        if path in moving:
            by_date = await poll(client, path, if_modified_since=date)
            assert by_date.status_code == 200, path


@pytest.mark.parametrize("change", HIDDEN.values(), ids=list(HIDDEN))
async def test_write_that_does_not_show_moves_no_feed(
    client: AsyncClient, freeze: Freeze, world: World, change: Change
) -> None:
    before = await polled(client)
    freeze(clock.now() + timedelta(hours=1))

    await change(world)

    for path, after in (await polled(client)).items():
        assert (after.headers, after.content) == (before[path].headers, before[path].content), path


@pytest.mark.both_engines
async def test_writes_one_after_another_move_their_feeds_on_either_engine(
    client: AsyncClient, freeze: Freeze, world: World
) -> None:
    before = await polled(client)

    for n, name in enumerate(ONE_OF_EACH_TABLE, 1):
        change, moving = SHOWN[name]
        freeze(clock.now() + timedelta(hours=n))
        await change(world)
        after = await polled(client)
        assert {path for path in ALL if after[path].content != before[path].content} == set(moving), name
        for path in ALL:
            known = await poll(client, path, if_none_match=before[path].headers["etag"])
            assert known.status_code == (200 if path in moving else 304), (name, path)
        before = after


async def test_every_column_of_an_entry_is_written_above(sqlite_db: Settings) -> None:
    written = {column for name in SHOWN for column in as_columns(name)}

    rendered = {rendered_as(column) for column in calendar_texts._COLUMNS}
    assert rendered - FIXED - written == set()
    of_activities = {f"outreach_activity.{column}" for column in OutreachActivity._meta.fields_db_projection}
    assert of_activities - written == {f"outreach_activity.{column}" for column in NOT_SHOWN_OF_ACTIVITIES}


def as_columns(name: str) -> list[str]:
    """`training.state, cancelled_at (said)` → two columns."""
    table, _dot, columns = name.partition(" (")[0].partition(".")
    return [f"{table}.{column}" for column in columns.split(", ")]


def rendered_as(column: str) -> str:
    """`training__course__topic__name` → `topic.name`."""
    *path, name = column.split("__")
    table = {"seat": "municipality"}.get(path[-1], path[-1]) if path else "training_session"
    return f"{table}.{name}"
