"""The application with sessions and many prepared phones, in a process of its own, that fails when it is told to.

`python -m tests.browser.marcar_server FOLDER` prints one line of JSON once it can be asked. A session with phones of
its own is made, and told in the same way, whenever `MORE` is asked for; `MOVE` lets it begin so many days earlier, as
an office does it. What stands in the file `fault` of the folder goes wrong until it is gone: `no-reader` (the decoder
does not arrive), `newer` (the worker is another version).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests import make
from tests.browser.app_server import serve, signed_in
from tests.cast import Cast, make_cast
from tests.outreach.make_activity import make_activity
from trainings import clock
from trainings.accounts.queries import actor_of
from trainings.attendance.phones import devices
from trainings.attendance.phones.devices import Load
from trainings.attendance.sessions import rescheduling
from trainings.attendance.sheets.sheets import print_sheet
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.outreach.actions import TimeAndPlace
from trainings.registrations.models import Card, Registration
from trainings.schedule.models import Training, TrainingSession

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

N_CODES = 4
N_WAITING = 4
"""They come last."""

FAULT = "fault"
MORE = "/another-village/"
"""Behind it: how many people and phones it has, and in how many days it is."""
MOVE = "/moved-village/"
"""Behind it: the session, and by how many days."""
OFFICE = "ventanilla.test"
"""A name that browsers find on this machine, as in the network of an office; what is asked by it is passed on."""
AN_HOUR = timedelta(hours=1)


Act = Callable[..., Awaitable[dict[str, Any]]]


class Villages:
    """One after the other, with the same hub and staff."""

    cast: Cast | None = None

    async def furnish(self, n_people: str, n_phones: str, days: str) -> dict[str, Any]:
        if self.cast is None:
            self.cast = await make_cast()
            await make.make_municipalities()
        return await furnish(self.cast, int(n_people), int(n_phones), timedelta(days=int(days)))


async def nothing() -> dict[str, Any]:
    return {}


async def move(session_id: str, days: str) -> dict[str, Any]:
    session, earlier = await TrainingSession.get(id=session_id), timedelta(days=int(days))
    times = session.starts_at - earlier, session.ends_at - earlier
    why = "Otras sesiones las da una colega."
    await rescheduling.move(session.id, *times, session.venue_id, actor=PROGRAM, override_reason=why)
    return {}


class Faults:
    """What lies between a phone and the application."""

    def __init__(self, app: ASGIApp, folder: Path, acts: dict[str, Act]) -> None:
        self.app, self.file, self.acts = app, folder / FAULT, acts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        fault = self.file.read_text() if self.file.exists() else ""
        if act := next((one for one in self.acts if path.startswith(one)), ""):
            with clock.frozen(clock.now() - AN_HOUR):
                made = await self.acts[act](*path.removeprefix(act).split("/"))
            await _answer(send, 200, json.dumps(made).encode())
        elif fault == "no-reader" and path.endswith(".wasm"):
            await _answer(send, 503)
        elif fault == "newer" and path == "/marcar/sw.js":
            await self.app(_plain(scope), receive, _with_line(send))
        else:
            await self.app(_passed_on(scope), receive, send)


async def _answer(send: Send, status: int, body: bytes = b"") -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": body})


def _passed_on(scope: Scope) -> Scope:
    """The same request where the application goes by this name."""
    if scope["type"] != "http":
        return scope
    return {**scope, "headers": [(name, one.replace(OFFICE.encode(), b"localhost")) for name, one in scope["headers"]]}


def _plain(scope: Scope) -> Scope:
    """The same request of a browser that takes no compressed answer."""
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]}


def _with_line(send: Send) -> Send:
    async def changed(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [field for field in message["headers"] if field[0] != b"content-length"]
        elif message.get("body"):
            message["body"] += b"\n// Newer\n"
        await send(message)

    return changed


async def furnish(cast: Cast, n_people: int, n_phones: int, ahead: timedelta) -> dict[str, Any]:
    start = clock.now() + timedelta(minutes=30) + ahead
    meeting = (start, start + timedelta(hours=4))
    training = await make.make_training(
        hub=cast.hub,
        facilitators=[cast.facilitator],
        sessions=[meeting],
        capacity=n_people,
        admits_minors=True,
        minimum_age=14,
    )
    people = [
        await make.make_registration(training, given_names=f"Persona{n:02}", surnames="Caal Xol", community="Las Pozas")
        for n in range(n_people + N_WAITING)
    ]
    sheet = await print_sheet(training.sessions[0].id, n_blank=25, columns=[], actor=PROGRAM)
    fair = await make_activity(hub=cast.hub, when=TimeAndPlace(*meeting, cast.hub.seat_id, None, "Parque central"))
    later = await make_activity(hub=cast.hub, title="Feria de la otra semana")
    load = Load(training.hub_id, [one.id for one in training.sessions], [fair.id, later.id])
    actor = await actor_of(cast.facilitator)
    cards = await Card.filter(sheet_rows__sheet_id=sheet.id).order_by("sheet_rows__number")
    phones = [await _phone(load, actor, f"Teléfono {n} de {sheet.code}") for n in range(n_phones)]
    return {
        "session": str(training.sessions[0].id),
        "title": training.title,
        "sheet": sheet.code,
        "spares": [one.qr_token for one in cards],
        "municipality": cast.hub.seat_id,
        "hub_phone": cast.hub.phone,
        "activity": str(fair.id),
        "phones": [one.token for one in phones],
        "phone_names": [one.device.name for one in phones],
        "codes": await _codes(load, actor),
        "people": [_person(one, n) for n, one in enumerate(people)],
        "n_waiting": N_WAITING,
        "desk": await signed_in(cast.coordinator),
        "stranger": await _elsewhere(cast.elsewhere, training),
    }


async def _phone(load: Load, actor: Any, name: str) -> devices.Prepared:
    return await devices.prepare_this(load, name=name, token="", key=tokens.uuid7(), actor=actor)


async def _codes(load: Load, actor: Any) -> list[str]:
    # They live ten minutes, and the furniture is an hour old.
    with clock.frozen(clock.now() + AN_HOUR):
        keys = [tokens.uuid7() for _ in range(N_CODES)]
        return [(await devices.invite(load, name="Ayuda", key=key, actor=actor))[1] for key in keys]


def _person(registration: Registration, n: int) -> dict[str, str]:
    return {
        "name": f"Persona{n:02} C. X.",
        "registration_id": str(registration.id),
        "token": registration.qr_token or "",
        "short_code": registration.short_code,
    }


async def _elsewhere(hub: Any, like: Training) -> str:
    """The ticket of another training."""
    other = await make.make_training(
        hub=hub, title="Otra", sessions=[(like.sessions[0].starts_at, like.sessions[0].ends_at)]
    )
    return (await make.make_registration(other, given_names="Otra", surnames="Persona")).qr_token or ""


if __name__ == "__main__":
    chosen, villages = Path(sys.argv[1]), Villages()
    acts: dict[str, Act] = {MORE: villages.furnish, MOVE: move}
    asyncio.run(serve(str(chosen), nothing, lambda app: Faults(app, chosen, acts)))
