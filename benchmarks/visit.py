"""A person's visit: page of a training, form, sign-up, ticket, one message; then home, list and municipality as
visited; against ready answers of the same bytes.

python benchmarks/visit.py [COUNT]

Real processes under the same settings: ours on an SQLite file with a worker that hands messages to an SMTP server, and
a bare Starlette that answers each address with the bytes that ours had. All people take a step before the next begins,
so that the processor's work of each is told; sink and client are not counted.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx2 as httpx
from _servers import cpu_seconds, environment, free_port, started
from _worlds import keep, make_hub, make_training, prepared, serve_ready
from mail import listening
from sign_up import person

from trainings import clock, db
from trainings.audit.actor import PROGRAM
from trainings.outbox.models import OutboxJob
from trainings.schedule import actions as schedule
from trainings.schedule.actions import SessionPlan, TrainingPlan
from trainings.settings import Settings

TRAINING, FORM, SIGN_UP, TICKET, MESSAGE = "training page", "form", "sign-up", "ticket", "message"
BOUNDS_MS = {TRAINING: 0.8, FORM: 2.0, SIGN_UP: 0.9, TICKET: 3.0, MESSAGE: 4.0}
AROUND = {"home": "/", "list": "/capacitaciones", "municipality": "/municipios/la-libertad-peten"}
AROUND_MS = {"home": 1.0, "list": 2.0, "municipality": 1.0}
WHOLE_MS = 12.0
AT_ONCE = 8

Milliseconds = dict[str, float]
Act = Callable[[], Awaitable[httpx.Response]]


async def main(count: int) -> int:
    async with listening() as (smtp, sink):
        with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
            ports = {role: free_port() for role in ("ours", "bare")}
            settings = environment(Path(folder), ports["ours"])
            settings |= {"TRAININGS_RATE_LIMITS": "off", "TRAININGS_SMTP_URL": smtp}
            os.environ.update(settings)
            slug = await prepared(make_world)
            commands = {
                "ours": ("-m", "trainings", "serve", "--no-worker", "--port", str(ports["ours"])),
                "worker": ("-m", "trainings", "worker"),
                "bare": (__file__, "bare", str(ports["bare"]), folder),
            }
            pids = {
                role: running.enter_context(started(*one, port=ports.get(role, ports["ours"]), settings=settings)).pid
                for role, one in commands.items()
            }
            ours = await visits(ports["ours"], (pids["ours"], pids["worker"]), slug, count, Path(folder))
            bare = await ready_answers(ports["bare"], pids["bare"], count)
            assert sink.n_messages == 2 * count, "each visitor has a message"
    return told(ours, bare, count)


async def make_world() -> str:
    """A month of thirty trainings; the slug of the first, which has room for all."""
    hub, start = await make_hub(), clock.midnight(clock.today()) + timedelta(days=3, hours=8)
    first = await make_training(hub, start, 100_000)
    for number in range(1, 30):
        about = TrainingPlan(
            first.course_id, hub.id, title=f"{first.title} {number}", capacity=40, venue_id=first.venue_id
        )
        begins = start + timedelta(days=number)
        session = SessionPlan(begins, begins + timedelta(hours=4))
        await schedule.publish((await schedule.create_training(about, [session], actor=PROGRAM)).id, actor=PROGRAM)
    return first.slug


async def visits(port: int, pids: Sequence[int], slug: str, count: int, folder: Path) -> Milliseconds:
    """A first crowd warms up. The bytes of each step are kept in the folder for the bare server."""
    page = f"/capacitaciones/{slug}"
    for first in (0, count):
        people = [person(2 * number) for number in range(first, first + count)]
        async with client(port) as asking:
            took: Milliseconds = {}
            took[TRAINING], [seen, *_rest] = await step(pids, [partial(asking.get, page)] * count)
            keep(folder, TRAINING, seen.content)
            took[FORM], [seen, *_rest] = await step(pids, [partial(asking.get, f"{page}/inscripcion")] * count)
            keep(folder, FORM, seen.content)
            before = work(pids[1:])
            posts = [partial(asking.post, f"{page}/inscripcion", data=one) for one in people]
            took[SIGN_UP], answers = await step(pids[:1], posts)
            keep(folder, SIGN_UP, answers[0].content)
            await all_sent()
            took[MESSAGE] = 1000 * (work(pids[1:]) - before) / count
            tickets = [partial(asking.get, one.headers["location"], cookies=dict(one.cookies)) for one in answers]
            took[TICKET], [seen, *_rest] = await step(pids, tickets)
            keep(folder, TICKET, seen.content)
            for name, path in AROUND.items():
                took[name], [seen, *_rest] = await step(pids, [partial(asking.get, path)] * count)
                keep(folder, name, seen.content)
    return took


async def ready_answers(port: int, pid: int, count: int) -> Milliseconds:
    took: Milliseconds = {}
    async with client(port) as asking:
        for _warm_up in range(2):
            for name in (TRAINING, FORM, SIGN_UP, TICKET, *AROUND):
                ask = asking.post if name == SIGN_UP else asking.get
                took[name], _answers = await step([pid], [partial(ask, f"/{name.replace(' ', '-')}")] * count)
    return took


def client(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://localhost:{port}", headers={"accept": "text/html"})


async def step(pids: Iterable[int], acts: Sequence[Act]) -> tuple[float, list[httpx.Response]]:
    """Milliseconds of processor for each, and the answers; AT_ONCE wait at a time."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def taken(act: Act) -> httpx.Response:
        async with turns:
            return await act()

    before = work(pids)
    answers = await asyncio.gather(*map(taken, acts))
    assert {one.status_code for one in answers} <= {200, 303}, {one.status_code for one in answers}
    return 1000 * (work(pids) - before) / len(acts), answers


def work(pids: Iterable[int]) -> float:
    return sum(map(cpu_seconds, pids))


async def all_sent() -> None:
    async with db.connect(Settings()):
        while await OutboxJob.filter(done_at=None, run_at__lte=clock.now()).exists():  # noqa: ASYNC110 - the worker is a process
            await asyncio.sleep(0.2)


def told(ours: Milliseconds, bare: Milliseconds, count: int) -> int:
    """Print each step; 1 where one misses its bound."""
    print(f"{count} visits; ms of processor each, and of a ready answer of the same bytes")
    n_missed = 0
    for name, bound in (BOUNDS_MS | AROUND_MS).items():
        is_missed = ours[name] > bound
        n_missed += is_missed
        beside = f"ready {bare[name]:5.2f}   {ours[name] / bare[name]:5.1f} ×" if name in bare else " " * 22
        print(f"  {name:14} {ours[name]:6.2f}   {beside}" + (f"   MISSED {bound:g} ms" if is_missed else ""))
    whole = sum(ours[name] for name in BOUNDS_MS)
    print(f"  {'whole':14} {whole:6.2f}" + (f"   MISSED {WHOLE_MS:g} ms" if whole > WHOLE_MS else ""))
    return int(n_missed > 0 or whole > WHOLE_MS)


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        serve_ready(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)))
