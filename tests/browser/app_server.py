"""The application in a process of its own, with sessions that began half an hour ago, each with its people.

`python -m tests.browser.app_server FOLDER [HOST]` prints one line of JSON once it can be asked: its origin, the
facilitator's cookie, and of each session its key and the people's codes.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from tests import make
from tests.cast import Cast, make_cast
from tests.database import KEY
from trainings import clock, db
from trainings.accounts.models import User
from trainings.app import create_app
from trainings.settings import get_settings

NAMES = (("Ana Lucía", "Barrios Coc"), ("Byron", "Caal Xol"), ("Ma. Candelaria", "Quib Q’eq"), ("Telma", "Ixim Caal"))
PLACES = 3
"""The last of the four waits."""
N_SESSIONS = 4


async def make_sessions() -> dict[str, Any]:
    cast = await make_cast()
    await make.make_municipalities()
    return {
        "cookie": await signed_in(cast.facilitator),
        "sessions": [await _make_session(cast) for _ in range(N_SESSIONS)],
    }


async def signed_in(person: User) -> str:
    """Their cookie."""
    jar: dict[str, str] = {}
    await make.sign_in(SimpleNamespace(cookies=SimpleNamespace(set=jar.__setitem__)), person)
    return jar["staff"]


async def _make_session(cast: Cast) -> dict[str, Any]:
    start = clock.now() + timedelta(minutes=30)
    meeting = (start, start + timedelta(hours=4))
    training = await make.make_training(
        hub=cast.hub, facilitators=[cast.facilitator], sessions=[meeting], capacity=PLACES
    )
    people = [
        await make.make_registration(training, given_names=given, surnames=surnames, community="Las Pozas")
        for given, surnames in NAMES
    ]
    return {
        "session": str(training.sessions[0].id),
        "people": [
            {"registration_id": str(person.id), "token": person.qr_token, "short_code": person.short_code}
            for person in people
        ],
    }


async def serve(
    folder: str,
    furnish: Callable[[], Awaitable[dict[str, Any]]],
    wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    host: str = "localhost",
) -> None:
    """Until the process ends. `furnish` fills the empty database an hour ago; what it gives is told with the origin."""
    listening = socket.create_server(("127.0.0.1", 0))
    origin = f"http://{host}:{listening.getsockname()[1]}"
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


if __name__ == "__main__":
    folder, *named = sys.argv[1:]
    asyncio.run(serve(folder, make_sessions, host=named[0] if named else "localhost"))
