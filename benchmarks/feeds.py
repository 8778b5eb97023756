"""Calendar feeds of 1,000 sessions: sent from memory, answered 304, rendered cold and after a change to one session,
each against its bare counterpart.

python benchmarks/feeds.py [COUNT]

Two real server processes, ours and a bare one under the same server settings, are kept busy in turns. The ratio is that
of the processor time of a request, where the system tells it, else that of requests a second.
"""

from __future__ import annotations

import asyncio
import gzip
import os
import random
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from math import isnan
from pathlib import Path
from statistics import median
from time import process_time
from uuid import UUID

import uvicorn
from _servers import Load, Server, environment, free_port, get, load, started
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tortoise.connection import get_connection

from trainings import clock, db
from trainings.app import create_app
from trainings.audit.actor import PROGRAM
from trainings.feeds import memory
from trainings.feeds.memory import FeedsFromMemory
from trainings.feeds.scopes import ScopeKind
from trainings.places import actions as places
from trainings.places.data import municipalities
from trainings.places.models import Hub, OperatorKind
from trainings.schedule import actions as schedule
from trainings.schedule.actions import SessionPlan, TrainingPlan
from trainings.schedule.catalogue import course_actions
from trainings.schedule.catalogue.course_actions import CoursePlan
from trainings.schedule.models import CourseKind, TrainingSession
from trainings.settings import Settings
from trainings.web.guards import BODY_LIMIT
from trainings.web.protocol import CappedHttpTools

N_TRAININGS, N_SESSIONS = 50, 20
ROUNDS = 7
FEED = "/cal/guatemala.ics"
AS_SENT, COLD_BOUND, CHANGED_BOUND = 0.7, 3.0, 2.0
UNCHANGED = 0.6

BARE_READ = """
    SELECT t.body FROM session_text t
    JOIN session_feed f ON f.session_id = t.session_id
    JOIN training_session s ON s.id = t.session_id
    WHERE f.scope = ? ORDER BY s.starts_at, s.id
"""
FEEDS_OF_ONE = {
    "guatemala": (ScopeKind.COUNTRY, ""),
    "municipio:1705": (ScopeKind.MUNICIPALITY, "la-libertad-peten"),
    "ventanilla:ventanilla-de-la-libertad": (ScopeKind.HUB, "ventanilla-de-la-libertad"),
    "tema:riesgos-de-la-migracion-irregular": (ScopeKind.TOPIC, "riesgos-de-la-migracion-irregular"),
}
"""The feeds that hold a session, all thousand of them here."""
WORDS = (
    "riesgos migración irregular trata personas derechos información denuncia consulado "
    "pasaporte remesas retorno niñez comunidad comadrona docente líder comunitario mujeres "
    "jóvenes municipalidad ventanilla orientación laboral alertas estafas coyotes documentos "
    "menores protección refugio asilo salud educación frontera regreso familia empleo ahorro"
)


def main(count: int) -> int:
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        ports = {role: free_port() for role in ("ours", "bare", "behind")}
        settings = environment(Path(name), ports["ours"])
        os.environ.update(settings)
        missed = asyncio.run(cold(Path(name)))
        commands = {
            "ours": ("-m", "trainings", "serve", "--port", str(ports["ours"])),
            "bare": (__file__, "bare", str(ports["bare"]), name),
            "behind": (__file__, "behind", str(ports["behind"]), name),
        }
        servers = {
            role: Server(running.enter_context(started(*command, port=ports[role], settings=settings)), ports[role])
            for role, command in commands.items()
        }
        missed |= asyncio.run(warm(servers, count))
    return int(missed)


# -- cold: the first poll after a change


async def cold(folder: Path) -> bool:
    """From an empty memory to bytes that can be sent, against reading the stored texts and joining them."""
    settings = Settings()
    await db.migrate(settings)
    async with db.connect(settings):
        await make_world()

        async def ours() -> bytes:
            memory.forget()
            return bytes((await memory.answer(ScopeKind.COUNTRY, "", {})).body)

        async def bare() -> bytes:
            return await read_and_joined("guatemala")

        is_missed = await after_a_change()
        rendered = await ours()
        we, they = await in_turns(ours, bare)
    packed, packing = rendered, []
    for _ in range(ROUNDS):
        start = process_time()
        packed = gzip.compress(rendered, 6, mtime=0)
        packing.append(1000 * (process_time() - start))
    (folder / "plain").write_bytes(rendered)
    (folder / "gzip").write_bytes(packed)
    n_events = rendered.count(b"BEGIN:VEVENT\r\n")
    print(f"a feed of {n_events:,} sessions: {len(rendered):,} bytes, gzipped {len(packed):,}")
    is_slow = we > COLD_BOUND * they
    ratio = f"{we / they:5.2f} × {bound(is_slow, '≤ 3 ×')}"
    print(f"  cold render      {we:7.2f} ms   read and joined {they:7.2f} ms   {ratio}   processor time, medians")
    print(f"  gzipping it, once for each change, by a thread  {median(packing):7.2f} ms")
    return is_missed or is_slow


async def read_and_joined(scope: str) -> bytes:
    """The stored texts of a feed in their order, and nothing else."""
    _n, rows = await get_connection("read").execute_query(BARE_READ, [scope])
    return "".join([row["body"] for row in rows]).encode()


async def after_a_change() -> bool:
    """One session is moved, then each of its feeds is polled, against reading and joining the texts of each."""
    session = await TrainingSession.filter(position=3).order_by("starts_at").first()
    assert session is not None
    for kind, slug in FEEDS_OF_ONE.values():
        await memory.answer(kind, slug, {})
    took: list[list[float]] = [[], []]
    for number in range(2 * ROUNDS):
        shift = timedelta(minutes=1 + number)
        moved = session.starts_at + shift, session.ends_at + shift
        await schedule.move_session(session.id, *moved, session.venue_id, actor=PROGRAM)
        start = process_time()
        for kind, slug in FEEDS_OF_ONE.values():
            await memory.answer(kind, slug, {})
        took[0].append(1000 * (process_time() - start))
        start = process_time()
        for scope in FEEDS_OF_ONE:
            await read_and_joined(scope)
        took[1].append(1000 * (process_time() - start))
    we, they = (median(times[ROUNDS // 2 :]) for times in took)
    is_missed = we > CHANGED_BOUND * they
    ratio = f"{we / they:5.2f} × {bound(is_missed, '≤ 2 ×')}"
    print(f"one of {N_TRAININGS * N_SESSIONS:,} sessions changed: its {len(FEEDS_OF_ONE)} feeds")
    print(f"  rendered again   {we:7.2f} ms   read and joined {they:7.2f} ms   {ratio}   processor time, medians")
    return is_missed


async def in_turns(*works: Callable[[], Awaitable[bytes]]) -> list[float]:
    """The median of each in milliseconds of processor time."""
    took: list[list[float]] = [[] for _ in works]
    for number in range(3 * ROUNDS):
        order = list(zip(works, took, strict=True))
        for work, times in order if number % 2 else reversed(order):
            start = process_time()
            await work()
            times.append(1000 * (process_time() - start))
    return [median(times[ROUNDS:]) for times in took]


# -- warm: polls


async def warm(servers: dict[str, Server], count: int) -> bool:
    """Polls that are answered from memory, with the bytes and with 304."""
    ours, bare, behind = servers["ours"], servers["bare"], servers["behind"]
    etag = await etag_of(ours.port)
    cases = (
        ("identity", AS_SENT, get(ours.port, FEED), bare, get(bare.port, "/plain"), count // 2),
        ("gzip", AS_SENT, get(ours.port, FEED, accept_encoding="gzip"), bare, get(bare.port, "/gzip"), count),
        ("304", UNCHANGED, get(ours.port, FEED, if_none_match=etag), behind, get(behind.port, "/empty"), count),
    )
    missed = False
    for name, least, poll, counterpart, request, n in cases:
        we, they = [], []
        for _ in range(ROUNDS):
            we.append(await load(ours, poll, n))
            they.append(await load(counterpart, request, n))
        missed |= told(name, least, we, they)
    return missed


async def etag_of(port: int) -> str:
    """Of the feed as it is served, which must be the one that was rendered here."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(get(port, FEED, connection="close"))
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return head.partition(b"etag: ")[2].partition(b"\r\n")[0].decode()


def told(name: str, least: float, ours: list[Load], bare: list[Load]) -> bool:
    """Print a line; whether the bound is missed."""
    rate, bare_rate = (median(burst.per_second for burst in bursts) for bursts in (ours, bare))
    cpu, bare_cpu = (median(burst.cpu for burst in bursts) for bursts in (ours, bare))
    ratio = rate / bare_rate if isnan(cpu) else bare_cpu / cpu
    is_missed = ratio < least
    assert (ours[0].status, ours[0].n_bytes) == (bare[0].status, bare[0].n_bytes), (name, ours[0], bare[0])
    print(
        f"  {name:9} {rate:7,.0f}/s {cpu:5.0f} µs   bare {bare_rate:7,.0f}/s {bare_cpu:5.0f} µs"
        f"   {ratio:5.0%} {bound(is_missed, f'≥ {least:.0%}')}   {ours[0].n_bytes:,} bytes"
    )
    return is_missed


def bound(is_missed: bool, text: str) -> str:
    return f"(bound {text}) {'MISSED' if is_missed else 'ok'}"


# -- the bare counterparts


def serve(role: str, port: int, folder: Path) -> None:
    """`bare`: the same bytes from bare routes; `behind`: an empty 304 behind the middleware that polls pass."""
    app = {"bare": bare_application, "behind": application_behind}[role](folder)
    uvicorn.run(app, port=port, http=CappedHttpTools, ws="none", server_header=False, access_log=False, log_level=30)


def bare_application(folder: Path) -> Starlette:
    plain, packed = ((folder / name).read_bytes() for name in ("plain", "gzip"))

    async def as_it_is(_request: Request) -> Response:
        return Response(plain, media_type="text/calendar")

    async def gzipped(_request: Request) -> Response:
        return Response(packed, media_type="text/calendar", headers={"content-encoding": "gzip"})

    return Starlette(routes=[Route("/plain", as_it_is), Route("/gzip", gzipped)])


def application_behind(_folder: Path) -> Starlette:
    async def empty(_request: Request) -> Response:
        return Response(status_code=304)

    of_all = create_app(with_worker=False).user_middleware
    classes: list[object] = [middleware.cls for middleware in of_all]
    passed = of_all[: classes.index(FeedsFromMemory)]
    return Starlette(routes=[Route("/empty", empty)], middleware=passed, max_body_size=BODY_LIMIT)


# -- what is measured


async def make_world() -> None:
    """Published trainings with words of the usual length, of one hub in fifty municipalities."""
    dice = random.Random(1)
    await places.load_municipalities()
    city = places.OperatorDetails("1705", OperatorKind.MUNICIPALITY, "Municipalidad de La Libertad", "1705")
    operator = await places.create_operator(city, actor=PROGRAM)
    desk = places.HubDetails(
        "Ventanilla de La Libertad", "1705", "1ra calle 2-15 zona 1", "8:00 a 16:00", "+50279001234"
    )
    hub = await places.create_hub(desk, operator=operator, actor=PROGRAM)
    topic = await course_actions.create_topic("Riesgos de la migración irregular", actor=PROGRAM)
    plan = CoursePlan(CourseKind.TALLER, topic.id, "Riesgos de la migración irregular", 240)
    course = await course_actions.create_course(plan, actor=PROGRAM)
    for number in range(N_TRAININGS):
        await make_training(hub, course.id, number, dice)


async def make_training(hub: Hub, course_id: UUID, number: int, dice: random.Random) -> None:
    lat, lon = Decimal("16.78") + Decimal(number) / 1000, Decimal("-90.11")
    town = municipalities()[number * 6].ine_code
    details = places.VenueDetails(f"Salón comunal {number}", town, f"Aldea {number}, frente a la escuela", lat, lon)
    venue = await places.create_venue(details, hub=hub, actor=PROGRAM)
    first = clock.midnight(clock.today() + timedelta(days=1 + number)) + timedelta(hours=8 + number % 9)
    weeks = [first + timedelta(weeks=week) for week in range(N_SESSIONS)]
    plan = TrainingPlan(
        course_id,
        hub.id,
        title="Riesgos de la migración: " + " ".join(dice.sample(WORDS.split(), 5)),
        summary=" ".join(dice.choices(WORDS.split(), k=45)).capitalize() + ".",
        capacity=25,
        venue_id=venue.id,
        languages=("spa", "kek"),
        offers=("snack",),
        bring="DPI y lapicero",
    )
    sessions = [SessionPlan(start, start + timedelta(hours=3), venue.id) for start in weeks]
    training = await schedule.create_training(plan, sessions, actor=PROGRAM)
    await schedule.publish(training.id, actor=PROGRAM)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        serve(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000))
