"""A place that is told to those signed up only: no feed ever holds it, whatever happens in which order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.feeds.asking import FEED, body_of, events_in, line_of
from tests.feeds.hostile import check_form
from tests.schedule.wishes import plan_of
from trainings.audit.actor import PROGRAM
from trainings.outreach.place_actions import correct_venue
from trainings.places.actions import VenueDetails
from trainings.schedule import actions as schedule
from trainings.schedule.models import PlaceShown, SessionText, Training, TrainingSession

ALL_FEEDS = (
    FEED,
    f"{FEED.removesuffix('.ics')}/idioma/spa.ics",
    f"{FEED.removesuffix('.ics')}/para/docente.ics",
    "/cal/ventanilla/la-libertad-peten.ics",
    "/cal/tema/riesgos.ics",
    "/cal/guatemala.ics",
)
SECRETS = ("Casa segura", "Calle escondida", "16.78", "90.11", "Otra casa", "Pasaje oculto", "reunion.example")


async def at_the_house(name: str = "Casa segura", **columns: object) -> Training:
    hub = await make.make_hub()
    house = await make.make_venue(
        hub, name, address="Calle escondida 7", lat=Decimal("16.7812"), lon=Decimal("-90.1189")
    )
    days = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (3, 4)]
    return await make.make_training(hub=hub, venue=house, sessions=days, languages=("spa",), **columns)  # type: ignore[arg-type]  # columns of a plan


async def protect(training: Training) -> None:
    training = await Training.get(id=training.id)
    plan = plan_of(training, place_shown=PlaceShown.AFTER_CONFIRMATION)
    await schedule.edit_training(training.id, plan, [], actor=PROGRAM)


async def move_to_another_house(training: Training) -> None:
    other = await make.make_venue(await make.make_hub(), "Otra casa", address="Pasaje oculto 2")
    for session in await TrainingSession.filter(training_id=training.id, state="planned"):
        when = session.starts_at, session.ends_at
        await schedule.move_session(session.id, *when, other.id, actor=PROGRAM, override_reason="prueba")


async def rename_the_house(training: Training) -> None:
    session = await TrainingSession.filter(training_id=training.id).select_related("venue__hub").first()
    assert session is not None
    assert session.venue is not None
    details = VenueDetails(
        "Otra casa nueva", make.LA_LIBERTAD, "Pasaje oculto 2", Decimal("16.7812"), Decimal("-90.1189")
    )
    await correct_venue(session.venue, details, hub=await session.venue.hub, actor=PROGRAM)


async def cancel_one(training: Training) -> None:
    session = await TrainingSession.filter(training_id=training.id).first()
    assert session is not None
    await schedule.cancel_session(session.id, actor=PROGRAM)


async def unlist(training: Training) -> None:
    await schedule.unlist(training.id, actor=PROGRAM)


async def publish_again(training: Training) -> None:
    await schedule.publish(training.id, actor=PROGRAM)


Step = Callable[[Training], Awaitable[None]]
STORIES: dict[str, tuple[Step, ...]] = {
    "protected": (protect,),
    "moved": (protect, move_to_another_house),
    "moved before": (move_to_another_house, protect),
    "renamed": (protect, rename_the_house),
    "one was cancelled before": (cancel_one, protect),
    "one is cancelled": (protect, cancel_one),
    "unlisted, protected, back": (unlist, protect, publish_again),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=list(STORIES))
async def test_place_that_was_public_is_in_no_feed_once_it_is_protected(
    client: AsyncClient, story: tuple[Step, ...]
) -> None:
    training = await at_the_house()
    before = await body_of(client)
    assert ("Casa segura" in before, "GEO:16.781200;-90.118900" in before) == (True, True)

    for step in story:
        await step(training)

    for path in ALL_FEEDS:
        body = await body_of(client, path)
        events = events_in(body)
        check_form(body, len(events))
        assert {(line_of(event, "LOCATION"), line_of(event, "GEO")) for event in events.values()} == {
            ("La Libertad\\, Petén", "")
        }, path
        assert len(events) == 2, path
        assert [secret for secret in SECRETS if secret in body.replace("\r\n ", "")] == [], path
    stored = " ".join([text.body.replace("\r\n ", "") for text in await SessionText.all()])
    assert [secret for secret in SECRETS if secret in stored] == []


async def test_subscribers_are_told_that_the_place_of_a_cancelled_session_went(client: AsyncClient) -> None:
    training = await at_the_house()
    await cancel_one(training)
    before = events_in(await body_of(client))

    await protect(training)

    for session_id, event in events_in(await body_of(client)).items():
        assert int(line_of(event, "SEQUENCE")) == int(line_of(before[session_id], "SEQUENCE")) + 1
        assert line_of(event, "DTSTAMP") == line_of(event, "LAST-MODIFIED") > line_of(before[session_id], "DTSTAMP")
        for name in ("UID", "SUMMARY", "STATUS", "DTSTART", "DTEND", "URL", "CREATED"):
            assert line_of(event, name) == line_of(before[session_id], name)
        session = await TrainingSession.get(id=session_id)
        assert f"{session.sequence}" == line_of(event, "SEQUENCE")


async def test_protected_from_the_start_and_online_is_its_municipality(client: AsyncClient) -> None:
    await at_the_house(place_shown=PlaceShown.AFTER_CONFIRMATION, online_url="https://reunion.example/sala-7")

    for path in ALL_FEEDS:
        body = (await body_of(client, path)).replace("\r\n ", "")
        assert "BEGIN:VEVENT" in body, path
        assert [secret for secret in SECRETS if secret in body] == [], path
