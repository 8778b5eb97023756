"""A scan at the door over HTTP, against a handler that reads and checks the same batch and keeps nothing.

python benchmarks/check_in.py [COUNT]

Two real server processes, ours on an SQLite file and a bare one under the same server settings, in turns. Each request
is one scan as a telephone sends it; after everybody has arrived they are scanned again.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from uuid import UUID

from _posts import Burst, as_json, burst
from _servers import Server
from _worlds import compared, make_hub, make_training, rows_and_bytes, serve_bare, two_servers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from trainings import clock, db
from trainings.accounts import actions as accounts
from trainings.accounts.cookies import SESSION
from trainings.accounts.models import Role, RoleGrant, User
from trainings.attendance.events import SentBatch, SentEvent, read_event
from trainings.attendance.models import Attendance, ScanEvent
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose
from trainings.registrations.commands import for_one
from trainings.registrations.models import Registration
from trainings.registrations.seats.actions import sign_up
from trainings.settings import Settings

PEOPLE = 200
ROUNDS, CONNECTIONS, ALONE = 5, 8, 50
PATH = "/panel/sesiones/{id}/asistencia/marcas"
PASSWORD = "cuatro tamales verdes"
TABLES = ("scan_event", "attendance")


def main(count: int) -> int:
    with two_servers(__file__, make_world) as (servers, (session_id, cookie, codes)):
        path = PATH.format(id=session_id)
        asyncio.run(compare(servers, path, f"{SESSION}={cookie}", codes, count // ROUNDS))
    return 0


async def make_world() -> tuple[UUID, str, list[str]]:
    """A session that is on now with 200 people: its key, the cookie of who holds it, and the codes of the tickets."""
    hub = await make_hub()
    holder = await accounts.create_user("facilita@demo.example", name="Ana Coc", actor=PROGRAM, password=PASSWORD)
    await RoleGrant.create(user=holder, role=Role.FACILITATOR, hub=hub)
    cookie, _session = await accounts.sign_in("facilita@demo.example", PASSWORD, address="127.0.0.1")
    training = await make_training(hub, clock.now() - timedelta(hours=1), PEOPLE, await User.get(id=holder.id))
    for number in range(PEOPLE):
        about = {"given_names": f"Rosa {number}", "surnames": "Coc", "municipality": "0000", "actor_type": "familia"}
        wish = for_one(PersonForm.model_validate(about), frozenset({ConsentPurpose.DATA}))
        await sign_up(training.id, wish, actor=PROGRAM)
    found = await Registration.filter(training_id=training.id)
    return training.sessions[0].id, cookie, [one.qr_token for one in found if one.qr_token is not None]


async def compare(servers: dict[str, Server], path: str, cookie: str, codes: list[str], count: int) -> None:
    """The first round of each warms up and is not counted."""
    bursts: dict[str, list[Burst]] = {"ours": [], "bare": []}
    for number in range(ROUNDS):
        for role in ("bare", "ours") if number % 2 else ("ours", "bare"):
            requests = [scan(servers[role].port, path, cookie, codes, one) for one in range(count)]
            bursts[role].append(await burst(servers[role], requests, CONNECTIONS))
    last = [scan(servers["ours"].port, path, cookie, codes, one) for one in range(ALONE)]
    alone = await burst(servers["ours"], last, 1)
    for found in (*bursts["ours"], *bursts["bare"], alone):
        assert set(found.statuses) == {200}, found.statuses
    await report(ROUNDS * count + ALONE)
    compared(bursts["ours"][1:], bursts["bare"][1:], alone)


async def report(n_sent: int) -> None:
    async with db.connect(Settings()):
        n_events, n_present = await ScanEvent.all().count(), await Attendance.filter(is_present=True).count()
        print(f"{n_sent:,} scans of {PEOPLE} people over {CONNECTIONS} connections, all answered 200")
        print(await rows_and_bytes(*TABLES))
        assert (n_events, n_present) == (n_sent, min(n_sent, PEOPLE))


def scan(port: int, path: str, cookie: str, codes: list[str], number: int) -> bytes:
    now = round(clock.now().timestamp() * 1000)
    event = {
        "id": str(tokens.uuid7()),
        "kind": "in",
        "how": "camera",
        "at": now,
        "code": codes[number % len(codes)],
        "session": path.split("/")[3],
        "seq": number,
    }
    return as_json(port, path, {"events": [event], "client_now": now}, cookie=cookie)


async def read_only(request: Request) -> Response:
    """The same reading and checking, an answer of the same shape, and no database."""
    body = SentBatch.model_validate_json(await request.body())
    events = [event for item in body.events if isinstance(event := read_event(item), SentEvent)]
    results = [
        {
            "id": str(event.id),
            "state": "stored",
            "flag": "",
            "outcome": "present",
            "name": "Rosa C.",
            "arrived": "8:30 a. m.",
            "text": event.read_code,
            "registration": str(event.id),
            "event": str(event.id),
        }
        for event in events
    ]
    return JSONResponse({"results": results, "n_present": 1, "n_expected": PEOPLE})


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        serve_bare(int(sys.argv[2]), [Route(PATH, read_only, methods=["POST"])])
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000))
