"""A small world to measure in: one hub, one training, and the servers beside each other."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TypeVar

import uvicorn
from _posts import Burst
from _servers import Server, environment, free_port, started
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock, db
from trainings.accounts.models import Role, RoleGrant, StaffSession, User
from trainings.audit.actor import PROGRAM
from trainings.db import sql
from trainings.db.fields import set_keyring
from trainings.lib import tokens
from trainings.lib.crypt import Keyring
from trainings.places import actions as places
from trainings.places.models import Hub, OperatorKind
from trainings.schedule import actions as schedule
from trainings.schedule.actions import SessionPlan, TrainingPlan
from trainings.schedule.catalogue import course_actions
from trainings.schedule.catalogue.course_actions import CoursePlan
from trainings.schedule.models import CourseKind, Training
from trainings.settings import Settings
from trainings.web.guards import BODY_LIMIT
from trainings.web.protocol import CappedHttpTools

T = TypeVar("T")


async def make_hub() -> Hub:
    await places.load_municipalities()
    city = places.OperatorDetails("1705", OperatorKind.MUNICIPALITY, "Municipalidad de La Libertad", "1705")
    operator = await places.create_operator(city, actor=PROGRAM)
    desk = places.HubDetails(
        "Ventanilla de La Libertad", "1705", "1ra calle 2-15 zona 1", "8:00 a 16:00", "+50279001234"
    )
    return await places.create_hub(desk, operator=operator, actor=PROGRAM)


async def make_training(hub: Hub, starts_at: datetime, capacity: int, facilitator: User | None = None) -> Training:
    """A published training with one session of four hours."""
    venue = await places.create_venue(places.VenueDetails("Salón municipal", "1705"), hub=hub, actor=PROGRAM)
    topic = await course_actions.create_topic("Riesgos de la migración irregular", actor=PROGRAM)
    plan = CoursePlan(CourseKind.TALLER, topic.id, "Riesgos de la migración irregular", 240)
    course = await course_actions.create_course(plan, actor=PROGRAM)
    about = TrainingPlan(course.id, hub.id, title=course.title, capacity=capacity, venue_id=venue.id)
    people = (facilitator.id,) if facilitator is not None else ()
    session = SessionPlan(starts_at, starts_at + timedelta(hours=4), facilitator_ids=people)
    training = await schedule.create_training(about, [session], actor=PROGRAM)
    await schedule.publish(training.id, actor=PROGRAM)
    return await Training.get(id=training.id).prefetch_related("sessions")


async def staff(hub: Hub, role: Role) -> User:
    user = await User.create(email=f"{role}@medida.example", name="Rosa Xol", password_hash="")
    await RoleGrant.create(user=user, role=role, hub=hub)
    return user


async def signed_in(user: User) -> str:
    """The cookie's value."""
    token, now = tokens.session_id(), clock.now()
    await StaffSession.create(
        token_hash=tokens.digest(token, "session"),
        user=user,
        seen_at=now,
        idle_minutes=720,
        expires_at=now + timedelta(hours=16),
    )
    return token


@contextmanager
def two_servers(
    script: str, prepare: Callable[[], Awaitable[T]], *options: str
) -> Iterator[tuple[dict[str, Server], T]]:
    """Ours on a fresh SQLite file that `prepare` filled, and the bare one that `script` serves with `bare PORT`."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        ports = {role: free_port() for role in ("ours", "bare")}
        settings = environment(Path(name), ports["ours"]) | {"TRAININGS_RATE_LIMITS": "off"}
        os.environ.update(settings)
        world = asyncio.run(prepared(prepare))
        commands: Mapping[str, tuple[str, ...]] = {
            "ours": ("-m", "trainings", "serve", "--port", str(ports["ours"]), *options),
            "bare": (script, "bare", str(ports["bare"])),
        }
        servers = {
            role: Server(running.enter_context(started(*command, port=ports[role], settings=settings)), ports[role])
            for role, command in commands.items()
        }
        yield servers, world


async def prepared(prepare: Callable[[], Awaitable[T]]) -> T:
    """On a migrated database under the settings of the environment."""
    await db.migrate(Settings())
    async with db.connect(Settings()):
        return await prepare()


def serve_bare(port: int, routes: list[BaseRoute]) -> None:
    """A Starlette application of these routes alone, under the server settings of ours."""
    set_keyring(Keyring(list(Settings().keys)))
    app = Starlette(routes=routes, max_body_size=BODY_LIMIT)
    uvicorn.run(app, port=port, http=CappedHttpTools, access_log=False, log_level="warning")


def keep(folder: Path, name: str, content: bytes) -> None:
    (folder / name.replace(" ", "-")).write_bytes(content)


def serve_ready(port: int, folder: Path) -> None:
    """Answers at `/NAME` with what was kept under this name, read once."""
    kept: dict[str, bytes] = {}

    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in kept:
            kept[name] = (folder / name).read_bytes()
        return Response(kept[name], media_type="text/html")

    serve_bare(port, [Route("/{name}", answer, methods=["GET", "POST"])])


async def rows_and_bytes(*tables: str) -> str:
    """What these tables hold, and the size of the database, in words."""
    counted = {table: (await sql.rows(f"SELECT count(*) AS n FROM {table}"))[0]["n"] for table in tables}
    told = ", ".join(f"{n:,} {table}" for table, n in counted.items())
    return f"{sum(counted.values()):,} rows ({told}), {Settings().sqlite_path.stat().st_size:,} bytes of database"


def compared(ours: list[Burst], bare: list[Burst], alone: Burst) -> None:
    """Print medians and their ratios."""
    speed = {role: median(one.per_second for one in found) for role, found in (("ours", ours), ("bare", bare))}
    cpu = {role: median(one.cpu for one in found) / 1000 for role, found in (("ours", ours), ("bare", bare))}
    for role, name in (("ours", "kept"), ("bare", "read only")):
        print(f"  {name:10} {speed[role]:8.0f} a second   {cpu[role]:7.3f} ms of processor each")
    print(f"  ratio      {speed['ours'] / speed['bare']:8.1%}            {cpu['ours'] / cpu['bare']:7.1f} ×")
    print(f"  waiting    alone {alone.wait:.1f} ms, among others {median(one.wait for one in ours):.1f} ms (medians)")
