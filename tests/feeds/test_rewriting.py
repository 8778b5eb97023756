"""Stored texts of an older program are written again at start; subscribers notice only what means something else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from httpx2 import AsyncClient
from icalendar import Event

from tests import asgi, make
from tests.database import forget
from tests.feeds.asking import body_of, events_in, line_of, poll
from trainings.app import create_app
from trainings.audit.actor import PROGRAM
from trainings.schedule import actions as schedule
from trainings.schedule import calendar_texts
from trainings.schedule.ics import TEXT_FORMAT
from trainings.schedule.models import SessionText, Training
from trainings.settings import Settings, get_settings

NOON = datetime(2027, 3, 1, 18, tzinfo=UTC)
Freeze = Callable[[datetime], None]


def in_another_form(body: str) -> str:
    """The same, as a library writes it: other order, other folds."""
    return str(Event.from_ical(body).to_ical().decode())


async def make_older(training: Training, change: Callable[[str], str]) -> None:
    """As if an older program had written the texts of this training."""
    for text in await SessionText.filter(session__training_id=training.id):
        older = change(text.body)
        assert older != text.body
        await SessionText.filter(session_id=text.session_id).update(format=TEXT_FORMAT - 1, body=older)
    forget()


async def start_the_program(settings: Settings) -> None:
    async with asgi.running(create_app(settings, with_worker=False)):
        pass


async def formats() -> set[int]:
    return {text.format for text in await SessionText.all()}


async def test_text_of_the_same_meaning_keeps_stamp_and_sequence(
    client: AsyncClient, db: Settings, freeze: Freeze
) -> None:
    freeze(NOON)
    training = await make.make_training(sessions=[(make.tomorrow_at(n), make.tomorrow_at(n + 1)) for n in (8, 10)])
    current = await poll(client)
    await make_older(training, in_another_form)
    older = await poll(client)
    freeze(NOON + timedelta(days=1))

    await start_the_program(db)

    again = await poll(client)
    assert again.content == current.content
    assert older.content != current.content
    assert again.headers["last-modified"] == "Tue, 02 Mar 2027 18:00:00 GMT"
    assert await formats() == {TEXT_FORMAT}


async def test_text_of_another_meaning_gets_a_new_stamp_and_sequence_only_for_time_and_place(
    client: AsyncClient, db: Settings, freeze: Freeze
) -> None:
    freeze(NOON)
    other_words, other_place = await make.make_training(), await make.make_training()
    await make_older(other_words, lambda body: body.replace("Se ofrece", "Hay").replace("Taller", "Clase"))
    await make_older(other_place, lambda body: body.replace("LOCATION:Salón", "LOCATION:Aula"))
    freeze(NOON + timedelta(hours=1))

    await start_the_program(db)

    events = events_in(await body_of(client))
    words, place = (events[training.sessions[0].id] for training in (other_words, other_place))
    assert (line_of(words, "SEQUENCE"), line_of(words, "DTSTAMP")) == ("0", "20270301T190000Z")
    assert (line_of(place, "SEQUENCE"), line_of(place, "DTSTAMP")) == ("1", "20270301T190000Z")


async def test_starting_again_changes_nothing(client: AsyncClient, db: Settings, freeze: Freeze) -> None:
    freeze(NOON)
    await make_older(await make.make_training(), in_another_form)
    await start_the_program(db)
    freeze(NOON + timedelta(hours=1))
    before = await poll(client)
    forget()

    await start_the_program(db)

    after = await poll(client)
    assert (after.headers, after.content) == (before.headers, before.content)
    assert await calendar_texts.rewrite_outdated() == 0


@pytest.mark.both_engines
async def test_two_that_start_at_once_write_each_text_once(client: AsyncClient) -> None:
    trainings = [await make.make_training() for _ in range(5)]
    for training in trainings:
        await make_older(training, lambda body: body.replace("LOCATION:Salón", "LOCATION:Aula"))

    written = await asyncio.gather(*(calendar_texts.rewrite_outdated() for _ in range(3)))

    assert sorted(written) == [0, 0, 5]
    events = events_in(await body_of(client)).values()
    assert [line_of(event, "SEQUENCE") for event in events] == ["1"] * 5


async def test_batches_reach_every_text(client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_texts, "BATCH", 2)
    for _ in range(5):
        await make_older(await make.make_training(), in_another_form)

    assert await calendar_texts.rewrite_outdated() == 5
    assert await formats() == {TEXT_FORMAT}


@pytest.mark.both_engines
async def test_cancelled_text_is_written_again_without_news(client: AsyncClient, db: Settings) -> None:
    training = await make.make_training(sessions=[(make.tomorrow_at(n), make.tomorrow_at(n + 1)) for n in (8, 10)])
    await schedule.cancel_session(training.sessions[0].id, actor=PROGRAM)
    before = await body_of(client)
    await make_older(training, in_another_form)

    await start_the_program(db)

    assert await body_of(client) == before
    assert await formats() == {TEXT_FORMAT}


async def test_entries_lead_to_the_new_address_after_the_site_moved(
    client: AsyncClient, db: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = await make.make_training()
    before = events_in(await body_of(client))[training.sessions[0].id]
    moved = get_settings().model_copy(update={"base_url": "https://capacitaciones.example/"})
    monkeypatch.setattr(calendar_texts, "get_settings", lambda: moved)

    await start_the_program(db)

    after = events_in(await body_of(client))[training.sessions[0].id]
    address = f"https://capacitaciones.example/capacitaciones/{training.slug}"
    assert line_of(after, "URL") == address
    assert line_of(after, "DESCRIPTION").endswith(f"\\n{address}")
    for name in ("UID", "SEQUENCE"):
        assert line_of(after, name) == line_of(before, name)
    assert await calendar_texts.rewrite_outdated() == 0
