"""Each row and column that a calendar shows is written in turn: exactly the feeds that show it move, and no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta

import pytest
from httpx2 import AsyncClient, Response

from tests.database import Database
from tests.feeds.asking import poll
from tests.feeds.every_write import ALL, FIXED, HIDDEN, SHOWN
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
ALONE = {
    *("training_session.state", "training_session (one more)", "training_session.called_off_at"),
    *("training.state (unlisted)", "training.audience (filtered)", "training.languages (filtered)"),
    *("training.online_url", "outreach_activity.municipality_id", "outreach_activity.state"),
}


def noon() -> datetime:
    """An hour later it is still the same day: at midnight a feed's window moves by itself."""
    return clock.at(clock.today(), time(12))


@pytest.fixture
async def world(db: Settings, database: Database, freeze: Freeze) -> World:
    freeze(noon())
    return await (database.world("feeds", make_world) if db.is_sqlite else make_world())


async def polled(client: AsyncClient) -> dict[str, Response]:
    return {path: await poll(client, path) for path in ALL}


def stories() -> dict[str, list[str]]:
    """Writes that can follow each other: those of one table, and alone what takes away or hides what others need."""
    found: dict[str, list[str]] = {}
    for name in SHOWN:
        if name not in ONE_OF_EACH_TABLE:
            found.setdefault(name if name in ALONE else name.partition(".")[0], []).append(name)
    return found


@pytest.mark.parametrize("names", stories().values(), ids=stories())
async def test_write_that_shows_moves_exactly_the_feeds_that_show_it(
    client: AsyncClient, freeze: Freeze, world: World, names: list[str]
) -> None:
    await assert_moves(client, freeze, world, names)


@pytest.mark.both_engines
async def test_writes_one_after_another_move_their_feeds_on_either_engine(
    client: AsyncClient, freeze: Freeze, world: World
) -> None:
    await assert_moves(client, freeze, world, ONE_OF_EACH_TABLE)


async def assert_moves(client: AsyncClient, freeze: Freeze, world: World, names: Iterable[str]) -> None:
    """Exactly the feeds of each are sent anew to programs that have what was sent before, and read differently."""
    before = await polled(client)
    for name in names:
        change, moving = SHOWN[name]
        freeze(clock.now() + timedelta(minutes=10))
        await change(world)
        after = {path: await poll(client, path, if_none_match=before[path].headers["etag"]) for path in ALL}
        assert {path for path in ALL if after[path].status_code == 200} == set(moving), name
        for path in moving:
            assert after[path].content != before[path].content, (name, path)
            by_date = await poll(client, path, if_modified_since=before[path].headers["last-modified"])
            assert by_date.status_code == 200, (name, path)
            before[path] = after[path]


async def test_writes_that_do_not_show_move_no_feed(client: AsyncClient, freeze: Freeze, world: World) -> None:
    before = await polled(client)

    for n, (name, change) in enumerate(HIDDEN.items(), 1):
        freeze(noon() + timedelta(minutes=n))
        await change(world)
        for path, after in (await polled(client)).items():
            assert (after.headers, after.content) == (before[path].headers, before[path].content), (name, path)


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
