"""The door's page as browsers and scanners use it, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from httpx2 import AsyncClient, Response

from tests import make
from tests.attendance.doors import Opened
from tests.cast import Cast
from trainings import clock
from trainings.lib import tokens

NewClient = Callable[[], AsyncClient]
Freeze = Callable[[datetime], None]
ROSA = {
    "given_names": "Rosa Amalia",
    "surnames": "Coc Xol",
    "municipality": "1705",
    "actor_type": "cocode",
    "consent_data": "yes",
}


async def open_held_door(cast: Cast, **columns: Any) -> Opened:
    """A session of La Libertad held by Ana Coc, with one person on it."""
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator], **columns)
    ana = await make.make_registration(training, given_names="Ana Lucía", surnames="Ba Coc", community="Las Pozas")
    return Opened(training, training.sessions[0], ana)


async def signed_in(new_client: NewClient, cast: Cast, who: str) -> AsyncClient:
    client = new_client()
    await make.sign_in(client, getattr(cast, who))
    return client


def path_of(door: Opened) -> str:
    return f"/panel/sesiones/{door.key}/asistencia"


async def mark(client: AsyncClient, door: Opened, **fields: str) -> Response:
    """One mark as the page without script sends it."""
    return await client.post(f"{path_of(door)}/marcas", data={"id": str(tokens.uuid7())} | fields)


async def send(client: AsyncClient, door: Opened, *events: dict[str, Any], **body: Any) -> Response:
    """A batch as the scanner sends it."""
    here = [{"session": str(door.key)} | one for one in events]
    batch = {"events": here, "client_now": milliseconds(clock.now())} | body
    return await client.post(f"{path_of(door)}/marcas", json=batch, headers={"accept": "application/json"})


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def event(code: str | None = None, at: datetime | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "id": str(tokens.uuid7()),
        "kind": "in",
        "how": "camera",
        "at": milliseconds(at or clock.now()),
        "code": code,
        "seq": 1,
    } | fields
