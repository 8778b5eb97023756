from __future__ import annotations

from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from tortoise.exceptions import DBConnectionError, OperationalError

from trainings import clock
from trainings.db import pending_migrations
from trainings.db.models import broken_seals
from trainings.outbox.queries import oldest_due_seconds
from trainings.web.allow import PUBLIC, allow

SEALS_ASKED_EVERY = 600.0


NEVER_KEPT = {"cache-control": "no-store"}


@allow(PUBLIC)
async def alive(_request: Request) -> Response:
    return JSONResponse({"estado": "vivo"}, headers=NEVER_KEPT)


@allow(PUBLIC)
async def ready(request: Request) -> Response:
    """200 while the database answers and is up to date, with the age of the oldest due message."""
    try:
        age = await oldest_due_seconds()
        pending = await pending_migrations(request.app.state.settings)
    except (DBConnectionError, OperationalError, OSError):
        return JSONResponse({"estado": "sin base de datos"}, 503, headers=NEVER_KEPT)
    if pending:
        return JSONResponse({"estado": "faltan migraciones", "migraciones": pending}, 503, headers=NEVER_KEPT)
    if await _are_keys_wrong(request.app.state):
        return JSONResponse({"estado": "las llaves no abren los datos"}, 503, headers=NEVER_KEPT)
    return JSONResponse({"estado": "listo", "mensaje_mas_antiguo_s": age}, headers=NEVER_KEPT)


async def _are_keys_wrong(state: State) -> bool:
    """True: sealed columns do not open. Asked every ten minutes: it reads every table."""
    if clock.ticks() < getattr(state, "seals_open_until", 0.0):
        return False
    if await broken_seals():
        return True
    state.seals_open_until = clock.ticks() + SEALS_ASKED_EVERY
    return False


routes: list[BaseRoute] = [
    Route("/salud", alive),
    Route("/salud/listo", ready),
]
