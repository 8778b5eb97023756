"""A month with 500 sessions, of the panel and of the public, and a week of it, against the bare rendering of the page.

python benchmarks/month.py [COUNT [TRAININGS SESSIONS_OF_EACH]]

The baseline is a Starlette application that does nothing but render: no database, guards, session or language. It has
the page's templates and data, with month and week as one plain loop over entries that are ready to be shown
(`month.html`, `week.html`), and makes the same bytes. Both answer within this process, set up as a server's,
uncompressed, in turns; the time is that of the processor.

Two months are measured: 50 trainings of ten sessions, each at a minute of its own, and 500 trainings of one session. No
two lines are alike. Each is asked for as visited (the page is kept), made anew (the page is not, what was made of its
moments and lists is), and cold: nothing is kept of any of its sessions, as where nobody has ever seen them.

A week is so small that what every request costs is half of it: it is bound as visited.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import timedelta
from functools import cache
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any
from unittest.mock import patch

from _worlds import make_hub, signed_in, staff
from jinja2 import ChoiceLoader, DictLoader, Environment
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

import trainings.panel.calendar.month_routes
import trainings.panel.calendar.week_routes
import trainings.panel.public.calendar_routes
from trainings import clock, db, settings
from trainings.accounts.models import Role
from trainings.app import create_app
from trainings.audit.actor import PROGRAM
from trainings.db import sql
from trainings.places import actions as places
from trainings.schedule import actions as schedule
from trainings.schedule import towns
from trainings.schedule.actions import SessionPlan, TrainingPlan
from trainings.schedule.catalogue import course_actions
from trainings.schedule.catalogue.course_actions import CoursePlan
from trainings.schedule.models import CourseKind
from trainings.schedule.months import Month
from trainings.schedule.public import entries
from trainings.schedule.public.remembered import forget
from trainings.schedule.queries import sunday_before
from trainings.server import collect_rarely
from trainings.settings import Environment as Kind
from trainings.settings import Settings
from trainings.web.render import TIME, TIME_AND_STOP, environment, render

BOUND = 2.0
WARM_UP = 5
SHAPES = (50, 10), (500, 1)
"""Trainings, and sessions of each."""
PANEL, PUBLIC, WEEK = "/panel/mes", "/calendario", "/panel/semana"
WORDS = {"kept": "as visited", "anew": "made anew", "cold": "never seen"}
LEARNT_ONCE = (sql.translated, towns.by_code, towns.by_slug, entries._pattern)
"""Statements of the program, municipalities of its file, its template of a line."""


def main(count: int) -> int:
    """Each shape by a process of its own, as a server's that has seen no other."""
    asked = [[str(number) for number in (count, *shape)] for shape in SHAPES]
    return max([subprocess.run([sys.executable, __file__, *one], check=False).returncode for one in asked])


async def measure_shape(count: int, n_trainings: int, n_sessions_each: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        configured = Settings(env=Kind.DEMO, data_dir=Path(folder), database_url="")
        await db.migrate(configured)
        with patch.object(settings, "get_settings", lambda: configured):
            async with db.connect(configured):
                cookie, month = await furnish(n_trainings, n_sessions_each)
                ours = create_app(configured, with_worker=False)
                collect_rarely()
                print(
                    f"{n_trainings} trainings of {n_sessions_each}; {count} of each page; processor time, medians in ms"
                )
                return await measure(ours, cookie, month, n_trainings * n_sessions_each, count)


async def furnish(n_trainings: int, n_sessions_each: int) -> tuple[str, Month]:
    """A hub whose next month holds 500 sessions; the cookie of its coordinator."""
    month = Month.of(clock.today()).later(1)
    hub = await make_hub()
    venue = await places.create_venue(places.VenueDetails("Salón municipal", "1705"), hub=hub, actor=PROGRAM)
    topic = await course_actions.create_topic("Riesgos de la migración irregular", actor=PROGRAM)
    plan = CoursePlan(CourseKind.CURSO, topic.id, "Riesgos de la migración irregular: mitos y realidades", 1200)
    course = await course_actions.create_course(plan, actor=PROGRAM)
    for number in range(n_trainings):
        # Each at a minute of its own: no line of the month is another's.
        starts = [
            month.starts_at + timedelta(days=(number + 2 * n) % 28, hours=8 + number % 8, minutes=5 * n)
            for n in range(n_sessions_each)
        ]
        sessions = [SessionPlan(start, start + timedelta(hours=2)) for start in sorted(starts)]
        about = TrainingPlan(course.id, hub.id, title=f"{course.title} {number}", capacity=30, venue_id=venue.id)
        made = await schedule.create_training(about, sessions, actor=PROGRAM, override_reason="medición")
        await schedule.publish(made.id, actor=PROGRAM)
    return await signed_in(await staff(hub, Role.HUB_COORDINATOR)), month


async def measure(ours: ASGIApp, cookie: str, month: Month, n_sessions: int, count: int) -> int:
    # As the links of the page say it: weeks begin on Sunday.
    missed, second_week = False, f"desde={sunday_before(month.first + timedelta(days=7))}"
    pages = (
        ("panel", PANEL, f"mes={month}", cookie),
        ("public", PUBLIC, f"mes={month}", ""),
        ("week", WEEK, second_week, cookie),
    )
    for name, path, query, sent in pages:
        bare, n_lines = await bare_application(ours, path, query, sent)
        assert n_lines == n_sessions if path != WEEK else n_lines * 5 > n_sessions
        took: dict[str, list[float]] = {whose: [] for whose in ("bare", *WORDS)}
        n_bytes = 0
        for number in range(count + WARM_UP):
            # There and back: `kept` never follows on a page that was dropped.
            turns = ("cold", "anew", "kept", "bare")
            for whose in turns if number % 2 else reversed(turns):
                drop(whose)
                milliseconds, body = await get(bare if whose == "bare" else ours, path, query, sent)
                took[whose].append(milliseconds)
                n_bytes = len(body)
        medians = {whose: median(times[WARM_UP:]) for whose, times in took.items()}
        print(f"  {name:7} {n_bytes:8,} bytes   bare rendering {medians['bare']:6.2f}")
        for whose, words in WORDS.items():
            ratio = medians[whose] / medians["bare"]
            is_bound = path != WEEK or whose == "kept"
            missed |= is_bound and ratio > BOUND
            verdict = f"(bound {BOUND:.0f} ×) {'MISSED' if ratio > BOUND else 'ok'}" if is_bound else ""
            print(f"          {words:10} {medians[whose]:6.2f}   {ratio:5.2f} × {verdict}")
    return int(missed)


def drop(whose: str) -> None:
    """Forget what such a request must not find: the page, of a cold one all that was kept of what sessions say."""
    if whose in ("anew", "cold"):
        forget()
    if whose == "cold":
        for kept in kept_of_sessions():
            kept.cache_clear()


@cache
def kept_of_sessions() -> list[Any]:
    """All that these packages keep in memory but what they learn once, whatever sessions there are."""
    found = [
        one
        for name, module in sys.modules.items()
        if name.startswith(("trainings.db.sql", "trainings.schedule", "trainings.outreach"))
        for one in vars(module).values()
        if hasattr(one, "cache_clear") and one.__module__ == name
    ]
    return [one for one in found if one not in LEARNT_ONCE]


async def bare_application(ours: ASGIApp, path: str, query: str, cookie: str) -> tuple[Starlette, int]:
    """An application that renders the page's template with the data that the page had, and nothing else; its lines."""
    kept: list[tuple[str, dict[str, Any]]] = []

    def keeping(request: Request, template: str, context: Mapping[str, Any]) -> Response:
        actor = request.scope["state"]["actor"]
        kept.append(
            (template, {"request": request, "actor": actor, "flashes": [], "path": request.url.path, **context})
        )
        return render(request, template, context)

    with ExitStack() as patches:
        for module in (
            trainings.panel.calendar.month_routes,
            trainings.panel.calendar.week_routes,
            trainings.panel.public.calendar_routes,
        ):
            patches.enter_context(patch.object(module, "render", keeping))
        forget()
        _took, body = await get(ours, path, query, cookie)
    template, context = kept[0]
    lines = [after.partition(b"</a>")[0] for after in body.split(b'<b class="num">')[1:]]
    assert len(set(lines)) == len(lines)

    bare = plain_environment()
    # The same bytes: who renders them bare does no less work.
    assert bare.get_template(template).render(context).replace(TIME_AND_STOP, TIME).encode() == body

    async def page(_request: Request) -> Response:
        return HTMLResponse(bare.get_template(template).render(context))

    return Starlette(routes=[Route(path, page)]), len(lines)


def plain_environment() -> Environment:
    """The templates as they are, but month and week written as one plain loop over their entries, ready to be shown."""
    here, grids = (
        Path(__file__).parent,
        {"schedule/_month.html": "month.html", "panel/calendar/_week.html": "week.html"},
    )
    plain = DictLoader({template: (here / name).read_text() for template, name in grids.items()})
    found = environment()
    assert found.loader is not None
    return found.overlay(loader=ChoiceLoader([plain, found.loader]))


async def get(app: ASGIApp, path: str, query: str, cookie: str) -> tuple[float, bytes]:
    """One request, as a server would make it: milliseconds of the processor, and the body."""
    body = bytearray()
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        body.extend(message.get("body", b""))

    headers = [(b"host", b"localhost:8000"), (b"accept", b"text/html"), (b"accept-language", b"es-GT")]
    if cookie:
        headers.append((b"cookie", f"staff={cookie}".encode()))
    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }
    start = process_time()
    await app(scope, receive, send)
    took = 1000 * (process_time() - start)
    assert status == 200, (path, status, body[:500])
    return took, bytes(body)


if __name__ == "__main__":
    typed = [int(one) for one in sys.argv[1:]] or [60]
    sys.exit(main(*typed) if len(typed) == 1 else asyncio.run(measure_shape(*typed)))
