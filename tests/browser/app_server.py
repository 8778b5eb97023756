"""The application in a process of its own, for the modules of this folder that fill its database."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from tests import make
from tests.database import KEY
from trainings import clock, db
from trainings.accounts.models import User
from trainings.app import create_app
from trainings.settings import get_settings


async def signed_in(person: User) -> str:
    """Their cookie."""
    jar: dict[str, str] = {}
    await make.sign_in(SimpleNamespace(cookies=SimpleNamespace(set=jar.__setitem__)), person)
    return jar["staff"]


async def serve(
    folder: str,
    furnish: Callable[[], Awaitable[dict[str, Any]]],
    wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app,
) -> None:
    """Until the process ends. `furnish` fills the empty database an hour ago; what it gives is told with the origin."""
    listening = socket.create_server(("127.0.0.1", 0))
    origin = f"http://localhost:{listening.getsockname()[1]}"
    os.environ.update(
        TRAININGS_ENV="test", TRAININGS_DATA_DIR=folder, TRAININGS_BASE_URL=origin, TRAININGS_SECRET_KEYS=KEY
    )
    settings = get_settings()
    await db.migrate(settings)
    async with db.connect(settings):
        # People signed up before it began.
        with clock.frozen(clock.now() - timedelta(hours=1)):
            made = await furnish()
    # The port listens already: whoever connects now is answered as soon as the application is up.
    print(json.dumps(made | {"origin": origin}), flush=True)
    await uvicorn.Server(uvicorn.Config(wrap(create_app(settings)), log_level="warning")).serve(sockets=[listening])
