"""Public pages that are kept: the same until a fact or the time changes what they say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient
from starlette.responses import HTMLResponse, Response

from tests.make import make_training, tomorrow_at
from trainings import clock
from trainings.attendance import actions as attendance
from trainings.audit.actor import PROGRAM

Freeze = Callable[[datetime], None]
START = tomorrow_at(8, 30)
END = START + timedelta(hours=4)
TOWN = "/municipios/la-libertad-peten"


async def test_page_of_a_training_follows_the_clock_although_nobody_changes_it(
    client: AsyncClient, freeze: Freeze
) -> None:
    training = await make_training(sessions=[(START, END)], closes_at=START + timedelta(hours=2))
    seen = []

    for moment in (START - timedelta(minutes=1), START, START + timedelta(hours=2), END):
        freeze(moment)
        text = (await client.get(f"/capacitaciones/{training.slug}")).text
        seen.append(("Está en curso" in text, f"/capacitaciones/{training.slug}/inscripcion" in text))

    assert seen == [(False, True), (True, True), (False, False), (False, False)]


async def test_page_of_a_course_marks_what_is_past_and_what_it_still_gives(client: AsyncClient, freeze: Freeze) -> None:
    sessions = [(START + timedelta(days=day), END + timedelta(days=day)) for day in (0, 7, 14)]
    training = await make_training(sessions=[*sessions, (END, END + timedelta(hours=1))])
    path, seen = f"/capacitaciones/{training.slug}", []

    for moment in (START, sessions[0][1] + timedelta(hours=1), sessions[2][1]):
        freeze(moment)
        page, form = (await client.get(path)).text, (await client.get(f"{path}/inscripcion")).text
        is_told = "Quedan 2 de 4 sesiones. Para el diploma ya no alcanzan las horas" in page
        assert is_told is ("Quedan 2 de 4 sesiones." in form)
        seen.append((is_told, page.count("(ya pasó)"), "ya no se le da diploma ni constancia" in page))

    assert seen == [(False, 0, False), (True, 2, False), (False, 0, True)]


async def test_page_is_made_once_while_it_says_the_same(
    client: AsyncClient, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = await make_training(sessions=[(START, END)])
    freeze(START - timedelta(hours=5))
    await client.get(f"/capacitaciones/{training.slug}")

    def made_again(*_args: object) -> Response:
        return HTMLResponse("made again", headers={"cache-control": "no-cache"})

    monkeypatch.setattr("trainings.panel.public.list_routes._page", made_again)

    for minutes in (1, 30, 240):
        freeze(START - timedelta(hours=5) + timedelta(minutes=minutes))
        assert (await client.get(f"/capacitaciones/{training.slug}")).text != "made again"
    freeze(START)
    assert (await client.get(f"/capacitaciones/{training.slug}")).text == "made again"


async def test_municipality_when_a_session_was_closed_early_then_it_is_among_the_past(
    client: AsyncClient, freeze: Freeze
) -> None:
    training = await make_training(sessions=[(START, END)])
    freeze(START + timedelta(hours=1))
    before = (await client.get(TOWN)).text

    await attendance.close_session(training.sessions[0].id, actor=PROGRAM)
    after = (await client.get(TOWN)).text

    link = f"/capacitaciones/{training.slug}"
    assert (before.count(link), "Está en curso" in before, "Ya se dieron" in before) == (1, True, False)
    assert (after.count(link), "Está en curso" in after, "Ya se dieron" in after) == (1, False, True)
    assert clock.now() < END
