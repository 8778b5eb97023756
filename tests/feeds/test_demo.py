"""All feeds of the demo world: every reader sees what the rows say, and no protected place is in any of them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from httpx2 import AsyncClient

from tests import asgi
from tests.browser import demo
from tests.database import Database
from tests.feeds.asking import body_of
from tests.feeds.hostile import as_read, check_form
from tests.feeds.readers import IN_PYTHON, Entry, with_ical_js
from trainings.accounts.models import User
from trainings.app import create_app
from trainings.audit.actor import Actor
from trainings.feeds.facilitator import make_secret_link, secret_path
from trainings.feeds.scopes import FilterKind
from trainings.outreach.models import ActivityFeed, ActivityState, ActivityText
from trainings.people.words import ACTOR_TYPES, LANGUAGES
from trainings.places.models import Hub, Municipality
from trainings.schedule.models import PlaceShown, SessionFeed, SessionState, SessionText, Topic, TrainingState

COUNTRY = "/cal/guatemala.ics"


@pytest.fixture(scope="module")
async def browser(database: Database) -> AsyncIterator[AsyncClient]:
    """A browser at the demo world."""
    settings = await database.copied(demo.seeded_once())
    async with asgi.running(create_app(settings, with_worker=False)) as app:
        client = asgi.browser(app)
        yield client
        await client.aclose()


async def public_paths() -> list[str]:
    """Of the municipalities those where something was ever held, and every twentieth."""
    marked = {scope for (scope,) in await SessionFeed.all().distinct().values_list("scope")}
    marked |= {scope for (scope,) in await ActivityFeed.all().distinct().values_list("scope")}
    towns = await Municipality.all().order_by("ine_code").values_list("ine_code", "slug")
    slugs = {
        "municipio": [slug for n, (code, slug) in enumerate(towns) if f"municipio:{code}" in marked or not n % 20],
        "ventanilla": [slug for (slug,) in await Hub.all().values_list("slug")],
        "tema": [slug for (slug,) in await Topic.all().values_list("slug")],
    }
    whole = [f"/cal/{kind}/{slug}.ics" for kind, found in slugs.items() for slug in found]
    codes = {FilterKind.LANGUAGE: [*LANGUAGES], FilterKind.AUDIENCE: [actor.value for actor in ACTOR_TYPES]}
    filtered = [f"/cal/guatemala/{kind}/{code}.ics" for kind, found in codes.items() for code in found]
    return [COUNTRY, *whole, *filtered]


async def own_paths() -> list[str]:
    """The secret calendars of all that hold a session."""
    holders = await User.filter(facilitated__id__isnull=False).distinct()
    actors = [Actor(id=user.id, role="facilitator") for user in holders]
    return [secret_path(await make_secret_link(actor=actor)) for actor in actors]


async def read_by_all(browser: AsyncClient, paths: list[str]) -> dict[str, list[Entry]]:
    """What ical.js sees in each feed. Of the fullest one, which holds what the others hold, and of an empty one all
    readers see the same.
    """
    bodies = {path: await body_of(browser, path) for path in paths}
    feeds = dict(zip(paths, with_ical_js(*bodies.values()), strict=True))
    for path, entries in feeds.items():
        check_form(bodies[path], len(entries))
    by_size = sorted(paths, key=lambda path: len(bodies[path]))
    for path in {by_size[0], by_size[-1]}:
        for read in IN_PYTHON:
            assert read(bodies[path]) == feeds[path], (path, read.__name__)
    return feeds


@pytest.fixture(scope="module")
async def feeds(browser: AsyncClient) -> dict[str, list[Entry]]:
    """Every public feed, as all readers see it."""
    return await read_by_all(browser, await public_paths())


async def test_all_readers_see_in_every_public_feed_what_the_rows_say(feeds: dict[str, list[Entry]]) -> None:
    country = {entry.uid.partition("@")[0]: entry for entry in feeds[COUNTRY]}
    assert len(country) == len(feeds[COUNTRY]) > 50
    for text in await SessionText.all().select_related("session__training"):
        entry, session = country.pop(f"sesion-{text.session_id}", None), text.session
        if entry is None:
            continue  # outside the window: tests of the window tell which
        assert (entry.starts_at, entry.ends_at) == (session.starts_at, session.ends_at)
        assert as_read(session.training.title) in entry.summary
        takes_place = (session.state, session.training.state) == (SessionState.PLANNED, TrainingState.PUBLISHED)
        assert entry.status == "CONFIRMED" or not takes_place
    for activity_text in await ActivityText.all().select_related("activity"):
        entry, activity = country.pop(f"actividad-{activity_text.activity_id}", None), activity_text.activity
        if entry is None:
            continue
        assert (entry.starts_at, entry.ends_at) == (activity.starts_at, activity.ends_at)
        assert as_read(activity.title) in entry.summary
        assert (entry.status == "CONFIRMED") is (activity.state is ActivityState.PUBLISHED)
    assert country == {}


async def test_country_holds_all_that_is_in_any_other_feed(feeds: dict[str, list[Entry]]) -> None:
    whole = {entry.uid: entry for entry in feeds[COUNTRY]}

    assert {entry.uid for entries in feeds.values() for entry in entries} == set(whole)
    assert all(whole[entry.uid] == entry for entries in feeds.values() for entry in entries)
    scopes = {scope for (scope,) in await SessionFeed.all().distinct().values_list("scope")}
    scopes |= {scope for (scope,) in await ActivityFeed.all().distinct().values_list("scope")}
    slugs = {f"municipio:{code}": slug for code, slug in await Municipality.all().values_list("ine_code", "slug")}
    marked = {f"/cal/municipio/{slugs[scope]}.ics" for scope in scopes if scope in slugs}
    held = {path for path, entries in feeds.items() if path.startswith("/cal/municipio/") and entries}
    assert held <= marked
    assert len(held) >= 10


async def test_all_readers_agree_on_every_secret_calendar(browser: AsyncClient) -> None:
    feeds = await read_by_all(browser, await own_paths())

    assert feeds != {}
    assert all(feeds.values())


async def test_no_protected_place_is_in_a_public_feed(feeds: dict[str, list[Entry]]) -> None:
    protected = SessionText.filter(session__training__place_shown=PlaceShown.AFTER_CONFIRMATION)
    texts = await protected.select_related("session__venue", "session__training")
    hidden = {f"sesion-{text.session_id}": text.session.venue for text in texts}
    shown = [entry for entries in feeds.values() for entry in entries if entry.uid.partition("@")[0] in hidden]

    assert shown != []
    for entry in shown:
        venue = hidden[entry.uid.partition("@")[0]]
        assert venue is None or venue.name not in entry.location + entry.description
