"""Signing up over HTTP, against the same program whose database calls are replaced by constants.

python benchmarks/sign_up.py [COUNT]

Real server processes under the same settings, in turns: ours on an SQLite file, one whose sign-up answers without
keeping, counting or looking anything up, and a bare Starlette, without our middleware, that reads the form's bytes and
leads on. 64 clients, each sends the next form as soon as the last is answered.
Everybody signs up for one training of 200 places. Messages wait in the outbox: sending them is not timed here.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import timedelta
from itertools import chain
from statistics import median
from uuid import UUID

import uvicorn
from _posts import Burst, burst, form
from _servers import Server, free_port, started
from _worlds import make_hub, make_training, rows_and_bytes, serve_bare, two_servers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from trainings import clock, db
from trainings.app import create_app
from trainings.audit.actor import Actor
from trainings.lib import tokens
from trainings.limits.actions import Watch
from trainings.registrations.commands import SignedUp, SignUp
from trainings.registrations.models import Registration, RegistrationState
from trainings.registrations.signup import routes as sign_up_routes
from trainings.schedule.models import Training
from trainings.server import collect_rarely
from trainings.settings import Settings
from trainings.web.protocol import CappedHttpTools

PLACES = 200
ROUNDS, CLIENTS, ALONE = 16, 64, 50
BOUND, LONGEST = 0.6, 4.0
PATH = "/capacitaciones/{slug}/inscripcion"
TABLES = ("participant", "consent", "registration_group", "registration", "own_link", "outbox_job", "audit_line")


def main(count: int) -> int:
    with two_servers(__file__, make_world, "--no-worker") as (servers, slug):
        port = free_port()
        with started(__file__, "ready", str(port), port=port, settings=os.environ) as process:
            servers["ready"] = Server(process, port)
            return asyncio.run(compare(servers, PATH.format(slug=slug), count // ROUNDS))


async def make_world() -> str:
    """One training with nobody on it; its slug."""
    start = clock.midnight(clock.today()) + timedelta(days=3, hours=8)
    training = await make_training(await make_hub(), start, PLACES)
    return training.slug


async def compare(servers: dict[str, Server], path: str, count: int) -> int:
    """The first round of each warms up and is not counted."""
    bursts: dict[str, list[Burst]] = {"ours": [], "bare": [], "ready": []}
    for number in range(ROUNDS):
        for role in bursts if number % 2 else reversed(bursts):
            people = range(number * count, (number + 1) * count)
            requests = [form(servers[role].port, path, person(one)) for one in people]
            bursts[role].append(await burst(servers[role], requests, CLIENTS))
    last = range(ROUNDS * count, ROUNDS * count + ALONE)
    alone = await burst(servers["ours"], [form(servers["ours"].port, path, person(one)) for one in last], 1)
    for found in (*chain.from_iterable(bursts.values()), alone):
        assert set(found.statuses) == {303}, found.statuses
    await report(len(last) + ROUNDS * count)
    return told({role: found[1:] for role, found in bursts.items()}, alone)


async def report(n_sent: int) -> None:
    async with db.connect(Settings()):
        training = await Training.get()
        n_waiting = await Registration.filter(state=RegistrationState.WAITLISTED).count()
        print(f"{n_sent:,} sign-ups by {CLIENTS} clients, all answered 303")
        print(f"{training.taken} of {training.capacity} places taken, {n_waiting:,} waiting")
        print(await rows_and_bytes(*TABLES))
        assert (training.taken, n_waiting) == (PLACES, n_sent - PLACES)


def told(bursts: dict[str, list[Burst]], alone: Burst) -> int:
    """Print medians and ratios, that of speed as the median of what each round of both gave; 1 where one misses its
    bound.
    """
    speed = {role: median(one.per_second for one in found) for role, found in bursts.items()}
    cpu = {role: median(one.cpu for one in found) / 1000 for role, found in bursts.items()}
    for role, name in (("ours", "kept"), ("bare", "constant"), ("ready", "ready")):
        print(f"  {name:10} {speed[role]:8.0f} a second   {cpu[role]:7.3f} ms of processor each")
    print(f"  to ready   {cpu['ours'] / cpu['ready']:8.1f} × the processor")
    ours = bursts["ours"]
    ratios = sorted(one.per_second / other.per_second for one, other in zip(ours, bursts["bare"], strict=True))
    ratio = median(ratios)
    print(f"  ratio      {ratio:8.1%}   from {ratios[0]:.1%} to {ratios[-1]:.1%}", end="")
    print("" if ratio >= BOUND else f"   MISSED {BOUND:.0%}")
    wait, longest = median(one.wait for one in ours), median(one.longest for one in ours)
    late = longest / wait
    print(f"  waiting    {wait:.1f} ms, 99 in 100 up to {longest:.1f} ms: {late:.1f} ×", end="")
    print(f", alone {alone.wait:.1f} ms" + ("" if late <= LONGEST else f"   MISSED {LONGEST:g} ×"))
    return int(ratio < BOUND or late > LONGEST)


def person(number: int) -> dict[str, str]:
    """What a browser sends; every second person leaves a telephone and an e-mail address."""
    is_reachable = number % 2 == 0
    return {
        "idempotency_key": tokens.idempotency_key(),
        "given_names": f"Rosa {number}",
        "surnames": "Coc Xol",
        "municipality": "1705",
        "actor_type": "familia",
        "age_group": "35-59",
        "phone": f"5{number:07d}" if is_reachable else "",
        "email": f"persona{number}@example.org" if is_reachable else "",
        "community": "",
        "organization": "",
        "consent_data": "yes",
    }


def serve_without_database(port: int) -> None:
    """Our program; only what the sign-up asks of the database is answered at once."""

    async def one_training(_slug: str) -> UUID:
        return UUID(int=0)

    async def kept(_training_id: UUID, _wish: SignUp, *, actor: Actor, watched: tuple[Watch, ...]) -> SignedUp:
        assert watched
        return SignedUp("group", ("first" if actor.id is None else "",), tokens.own_link(), is_new=True)

    for name, constant in {"id_of_open_training": one_training, "sign_up": kept}.items():
        setattr(sign_up_routes, name, constant)
    app = create_app(Settings(), with_worker=False)
    collect_rarely()
    uvicorn.run(app, port=port, http=CappedHttpTools, access_log=False, log_level="warning")


async def lead_on(request: Request) -> Response:
    await request.body()
    return RedirectResponse(f"/i/{tokens.own_link()}", 303)


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        serve_without_database(int(sys.argv[2]))
    elif sys.argv[1:2] == ["ready"]:
        serve_bare(int(sys.argv[2]), [Route(PATH, lead_on, methods=["POST"])])
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 24_000))
