"""Using the panel as a browser does: signing in, sending forms, reading them back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from httpx2 import AsyncClient, Response

from tests import make
from tests.cast import Cast
from trainings import clock
from trainings.schedule.models import Course, Training

LIST = "/panel/capacitaciones"


NEW = "/panel/capacitaciones/nueva"


NOWHERE = UUID(int=1)


Form = Mapping[str, object]


async def as_(client: AsyncClient, cast: Cast, who: str) -> AsyncClient:
    """The browser, now with this person in it."""
    client.cookies.clear()
    await make.sign_in(client, getattr(cast, who))
    return client


async def post(client: AsyncClient, path: str, form: Form | None = None) -> Response:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return await client.post(path, content=urlencode(form or {}, doseq=True), headers=headers)


def one(training: Training, rest: str = "") -> str:
    return f"{LIST}/{training.id}{rest}"


def row(
    number: int, *, days: int = 3, starts: str = "08:30", ends: str = "12:30", **fields: object
) -> dict[str, object]:
    day = clock.today() + timedelta(days=days)
    values = {"day": day.isoformat(), "starts": starts, "ends": ends, **fields}
    return {f"sessions-{number}-{name}": value for name, value in values.items()}


async def filled(cast: Cast, **fields: object) -> dict[str, object]:
    course = await Course.first() or await make.make_course()
    filled_in = {
        "hub": cast.hub.id,
        "course": course.id,
        "title": "Trata y tráfico: diferencias",
        "venue": cast.venue.id,
        "place_shown": "public",
        "capacity": 25,
        "has_waiting_list": "yes",
        "walk_ins": "yes",
        "languages": ["spa", "kek"],
        **row(0),
        **fields,
    }
    # Whatever day the test runs on: a feast is no obstacle.
    return {"feast_seen": [value for name, value in filled_in.items() if name.endswith("-day")], **filled_in}


def rows_of(page: str) -> list[int]:
    return sorted({int(number) for number in re.findall(r'name="sessions-(\d+)-day"', page)})


EVERYBODY = ["facilitator", "assistant", "coordinator", "admin", "monitor", "platform"]


def posted(page: str) -> dict[str, object]:
    """What a browser would send back from the form on this page, untouched."""
    form: dict[str, list[str]] = {}
    main = page[page.index('<form class="sheet') :]
    for tag in re.findall(r"<input[^>]+>", main):
        name, kind = re.search(r'name="([^"]+)"', tag), re.search(r'type="([^"]+)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and not (kind and kind[1] in ("checkbox", "radio") and " checked" not in tag):
            form.setdefault(name[1], []).append(value[1] if value else "")
    for name_, body in re.findall(r'<select id="[^"]+" name="([^"]+)".*?>(.*?)</select>', main, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', body)
        form[name_] = [chosen[1] if chosen else ""]
    for name_, body in re.findall(r'<textarea id="[^"]+" name="([^"]+)"[^>]*>\n(.*?)</textarea>', main, re.DOTALL):
        form[name_] = [body]
    return dict(form)
