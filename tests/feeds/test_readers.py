"""Every feed, as four independent readers see it: as many events, at the same moments, with the same words.

The fourth is libical, where it is installed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from httpx2 import AsyncClient

from tests import make
from tests.feeds.asking import body_of
from tests.feeds.hostile import HOSTILE, as_read, check_form
from tests.feeds.readers import IN_PYTHON, Entry, with_ical_js
from trainings.audit.actor import PROGRAM
from trainings.schedule import actions as schedule
from trainings.schedule.models import PlaceShown, TrainingSession

FEEDS = (
    "/cal/municipio/la-libertad-peten.ics",
    "/cal/municipio/tacana-san-marcos.ics",
    "/cal/ventanilla/la-libertad-peten.ics",
    "/cal/ventanilla/tacana-san-marcos.ics",
    "/cal/tema/riesgos.ics",
    "/cal/guatemala.ics",
    "/cal/guatemala/idioma/kek.ics",
    "/cal/guatemala/para/docente.ics",
)


@dataclass(frozen=True)
class Expected:
    """What a session should look like to anybody."""

    starts_at: datetime
    ends_at: datetime
    summary: str
    status: str = "CONFIRMED"
    sequence: int = 0


def storable(title: str) -> bool:
    return len(title) <= 180 and not any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in title)


async def a_world() -> dict[str, Expected]:
    """Trainings of every kind at two hubs, and how each session should be seen, by UID."""
    here = await make.make_hub()
    there = await make.make_hub("tacana-san-marcos", municipality=make.TACANA)
    days = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (2, 3, 4)]
    several = await make.make_training(hub=here, title="Diplomado", sessions=days)
    moved, dropped, _kept = several.sessions
    start, end = make.tomorrow_at(20, 15, days=2), make.tomorrow_at(1, 45, days=3)
    await schedule.move_session(moved.id, start, end, moved.venue_id, actor=PROGRAM, override_reason="prueba")
    await schedule.cancel_session(dropped.id, actor=PROGRAM)
    hidden = await make.make_training(hub=there, title="Oculta", place_shown=PlaceShown.AFTER_CONFIRMATION)
    unlisted = await make.make_training(hub=there, title="Retirada")
    await schedule.unlist(unlisted.id, actor=PROGRAM)
    hostile = [await make.make_training(hub=there, title=title) for title in HOSTILE if storable(title)]

    first, second, third = (uid(session) for session in several.sessions)
    expected = {
        first: Expected(start, end, "Diplomado, sesión 1 de 3", sequence=1),
        second: Expected(*days[1], "CANCELADA: Diplomado, sesión 2 de 3", "CANCELLED", 1),
        third: Expected(*days[2], "Diplomado, sesión 3 de 3"),
    }
    for training in (hidden, *hostile):
        [session] = training.sessions
        expected[uid(session)] = Expected(session.starts_at, session.ends_at, as_read(training.title))
    return expected


def uid(session: TrainingSession) -> str:
    return f"sesion-{session.id}@ventanillas.example"


def as_expected(entry: Entry) -> Expected:
    return Expected(entry.starts_at, entry.ends_at, entry.summary, entry.status, entry.sequence)


async def test_all_readers_see_the_same_events_in_every_feed(client: AsyncClient) -> None:
    expected = await a_world()
    bodies = [await body_of(client, path) for path in FEEDS]

    with_node = with_ical_js(*bodies)

    for body, entries in zip(bodies, with_node, strict=True):
        check_form(body, len(entries))
        assert all(read(body) == entries for read in IN_PYTHON)
    whole = {entry.uid: as_expected(entry) for entry in with_node[FEEDS.index("/cal/guatemala.ics")]}
    assert whole == expected
    assert [len(entries) for entries in with_node] == [
        *(3, len(expected) - 3) * 2,
        *(len(expected), len(expected), 0, len(expected)),
    ]


async def test_all_readers_take_an_empty_feed(client: AsyncClient) -> None:
    await make.make_municipality()

    body = await body_of(client, FEEDS[0])

    assert all(read(body) == [] for read in IN_PYTHON)
    assert with_ical_js(body) == [[]]
