"""Pages of the demo world against the bare rendering of their own templates with ready data: public ones, and a
training of 60 and one of 2,000 people as the desk sees it.

python benchmarks/pages.py [COUNT]

The baseline is a Starlette application that does nothing but render: no database, guards, session or language. Both
answer within this process, uncompressed, in turns; the time is that of the processor.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any
from unittest.mock import patch

from _worlds import signed_in, staff
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

import trainings.panel.calendar.list_routes
import trainings.panel.public.list_routes
import trainings.panel.public.place_routes
import trainings.panel.trainings.training_page
from trainings import clock, db, settings
from trainings.accounts.models import Role
from trainings.app import create_app
from trainings.lib import tokens
from trainings.people.actions import name_key, searchable, sort_key
from trainings.people.models import Participant
from trainings.registrations.models import Registration, RegistrationGroup, RegistrationState, Source
from trainings.schedule.models import SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.public.remembered import forget
from trainings.seed import seed_demo
from trainings.server import collect_rarely
from trainings.settings import Environment, Settings
from trainings.web.render import environment, render

BOUND = 0.5
WARM_UP = 20
USUAL, MANY = 60, 2_000
"""People of a training."""
MOST_MS, MOST_BYTES = 300, 100_000
"""Of any page, whatever its ratio."""
SHOWING = (
    trainings.panel.public.place_routes,
    trainings.panel.public.list_routes,
    trainings.panel.calendar.list_routes,
    trainings.panel.trainings.training_page,
)
MUNICIPALITY = "/municipios/la-libertad-peten"


@dataclass(frozen=True)
class Answer:
    """How long the processor worked for it, in milliseconds, and its bytes."""

    milliseconds: float
    body: bytes


async def main(count: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        configured = Settings(env=Environment.DEMO, data_dir=Path(folder), database_url="")
        await db.migrate(configured)
        await seed_demo(configured)
        with patch.object(settings, "get_settings", lambda: configured):
            async with db.connect(configured):
                return await measure(create_app(configured, with_worker=False), count)


async def measure(ours: ASGIApp, count: int) -> int:
    n_trainings, n_sessions = await Training.all().count(), await TrainingSession.all().count()
    collect_rarely()
    print(f"{count} of each page; {n_trainings} trainings with {n_sessions} sessions; processor time, medians in ms")
    missed = False
    for name, path, bound, cookie in [*await pages(), *await people()]:
        took, n_bytes = await take_turns(ours, path, count, cookie)
        ratio, anew = took["bare"] / took["ours"], took["bare"] / took["anew"]
        is_missed = (bound is not None and ratio < bound) or took["anew"] > MOST_MS or n_bytes > MOST_BYTES
        missed |= is_missed
        verdict = "" if bound is None else f"(bound {bound:.0%}) {'MISSED' if is_missed else 'ok'}"
        print(f"  {name:13} {n_bytes:7,} bytes   bare rendering {took['bare']:5.2f}")
        print(f"      as visited {took['ours']:5.2f}   {ratio:5.0%} {verdict}")
        print(f"      made anew  {took['anew']:5.2f}   {anew:5.0%}")
    return int(missed)


async def take_turns(ours: ASGIApp, path: str, count: int, cookie: str) -> tuple[dict[str, float], int]:
    """Medians in ms: `ours` as visited again and again, `anew` where no page is kept, `bare` the rendering alone."""
    bare = await bare_application(ours, path, cookie)
    took: dict[str, list[float]] = {"ours": [], "anew": [], "bare": []}
    n_bytes = 0
    for number in range(count + WARM_UP):
        # `anew` goes last or first, so that the page of `ours` is there in all turns but the first.
        turns: list[tuple[str, ASGIApp]] = [("bare", bare), ("ours", ours), ("anew", ours)]
        for whose, app in turns if number % 2 else reversed(turns):
            if whose == "anew":
                forget()
            answer = await get(app, path, cookie)
            took[whose].append(answer.milliseconds)
            n_bytes = len(answer.body)
    return {whose: median(times[WARM_UP:]) for whose, times in took.items()}, n_bytes


Page = tuple[str, str, float | None, str]
"""Name, address and bound of what is measured, and the cookie it is asked for with."""


async def pages() -> list[Page]:
    session = (
        await TrainingSession.filter(state=SessionState.PLANNED, training__state=TrainingState.PUBLISHED)
        .order_by("-starts_at")
        .first()
        .prefetch_related("training")
    )
    assert session is not None
    return [
        ("training", f"/capacitaciones/{session.training.slug}", BOUND, ""),
        ("municipality", MUNICIPALITY, BOUND, ""),
        ("home", "/", None, ""),
        ("list", "/capacitaciones", None, ""),
    ]


async def people() -> list[Page]:
    """Trainings without calls to make. Nine in ten have a place, the others wait; two share a name, and each has a
    telephone.
    """
    trainings = Training.filter(state=TrainingState.PUBLISHED, call_lists__id__isnull=True).order_by("-id")
    newest = await trainings.first().prefetch_related("hub")
    assert newest is not None
    cookie = await signed_in(await staff(newest.hub, Role.HUB_COORDINATOR))
    found: list[Page] = [("panel list", "/panel/lista", None, cookie)]
    for n, training in zip((USUAL, MANY), await trainings.filter(hub_id=newest.hub_id).limit(2), strict=True):
        rows = [somebody(training, number) for number in range(n)]
        async with db.transaction():
            await Participant.bulk_create([person for person, _group, _one in rows])
            await RegistrationGroup.bulk_create([group for _person, group, _one in rows])
            await Registration.bulk_create([one for _person, _group, one in rows])
        found.append((f"{n:,} people", f"/panel/capacitaciones/{training.id}", None, cookie))
    return found


def somebody(training: Training, number: int) -> tuple[Participant, RegistrationGroup, Registration]:
    given, surnames = f"Ana {number // 2}", ("Ba", "Coc", "Ixim", "Tzib", "Xol")[number % 5]
    state = RegistrationState.CONFIRMED if number % 10 else RegistrationState.WAITLISTED
    person = Participant(
        given_names=given,
        surnames=surnames,
        name_key=name_key(given, surnames),
        sort_key=sort_key(given, surnames),
        search_text=searchable(given, surnames, ""),
        community="Las Pozas",
        phone=f"+5025{number:07}",
        phone_key=f"{number:064}",
        actor_type="familia",
    )
    group = RegistrationGroup(
        training_id=training.id,
        state=state,
        wait_number=10_000 + number if state is RegistrationState.WAITLISTED else None,
        changed_at=clock.now(),
    )
    token = tokens.qr_token()
    one = Registration(
        training_id=training.id,
        group_id=group.id,
        participant_id=person.id,
        state=state,
        source=Source.DESK,
        short_code=tokens.short_code(),
        qr_hash=tokens.digest(token, "qr"),
        qr_token=token,
    )
    return person, group, one


async def bare_application(ours: ASGIApp, path: str, cookie: str) -> Starlette:
    """An application that renders the page's template with the data that the page had, and nothing else."""
    kept: list[tuple[str, dict[str, Any]]] = []

    def keeping(request: Request, template: str, context: Mapping[str, Any], **_status: int) -> Response:
        actor = request.scope["state"]["actor"]
        whole = {"request": request, "actor": actor, "flashes": [], "path": request.url.path, **context}
        kept.append((template, whole))
        return render(request, template, context)

    with ExitStack() as patches:
        for module in SHOWING:
            patches.enter_context(patch.object(module, "render", keeping))
        await get(ours, path, cookie)
    template, context = kept[0]

    async def page(_request: Request) -> Response:
        return HTMLResponse(environment().get_template(template).render(context))

    return Starlette(routes=[Route(path, page)])


async def get(app: ASGIApp, path: str, cookie: str = "") -> Answer:
    """One request, as a server would make it."""
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
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }
    start = process_time()
    await app(scope, receive, send)
    took = 1000 * (process_time() - start)
    assert status == 200, (path, status, body[:500])
    return Answer(took, bytes(body))


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)))
