"""Signing up over HTTP, against a handler that reads and checks the same form and keeps nothing.

python benchmarks/sign_up.py [COUNT]

Two real server processes, ours on an SQLite file and a bare one under the same server settings, in turns. Everybody
signs up for one training of 200 places: the first are confirmed, the others go to the waiting list.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta

from _posts import Burst, burst, form
from _servers import Server
from _worlds import compared, make_hub, make_training, rows_and_bytes, serve_bare, two_servers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from trainings import clock, db
from trainings.lib import tokens
from trainings.registrations.forms import SignUpForm, answers_hash
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.models import Training
from trainings.settings import Settings
from trainings.web.forms import check, read_form
from trainings.web.render import redirect

PLACES = 200
ROUNDS, CONNECTIONS, ALONE = 5, 8, 50
PATH = "/capacitaciones/{slug}/inscripcion"
TABLES = ("participant", "consent", "registration_group", "registration", "own_link", "outbox_job", "audit_line")


def main(count: int) -> int:
    with two_servers(__file__, make_world) as (servers, slug):
        asyncio.run(compare(servers, PATH.format(slug=slug), count // ROUNDS))
    return 0


async def make_world() -> str:
    """One training with nobody on it; its slug."""
    start = clock.midnight(clock.today()) + timedelta(days=3, hours=8)
    training = await make_training(await make_hub(), start, PLACES)
    return training.slug


async def compare(servers: dict[str, Server], path: str, count: int) -> None:
    """The first round of each warms up and is not counted."""
    bursts: dict[str, list[Burst]] = {"ours": [], "bare": []}
    for number in range(ROUNDS):
        for role in ("bare", "ours") if number % 2 else ("ours", "bare"):
            people = range(number * count, (number + 1) * count)
            requests = [form(servers[role].port, path, person(one)) for one in people]
            bursts[role].append(await burst(servers[role], requests, CONNECTIONS))
    last = range(ROUNDS * count, ROUNDS * count + ALONE)
    alone = await burst(servers["ours"], [form(servers["ours"].port, path, person(one)) for one in last], 1)
    for found in (*bursts["ours"], *bursts["bare"], alone):
        assert set(found.statuses) == {303}, found.statuses
    await report(len(last) + ROUNDS * count)
    compared(bursts["ours"][1:], bursts["bare"][1:], alone)


async def report(n_sent: int) -> None:
    async with db.connect(Settings()):
        training = await Training.get()
        n_waiting = await Registration.filter(state=RegistrationState.WAITLISTED).count()
        print(f"{n_sent:,} sign-ups over {CONNECTIONS} connections, all answered 303")
        print(f"{training.taken} of {training.capacity} places taken, {n_waiting:,} waiting")
        print(await rows_and_bytes(*TABLES))
        assert (training.taken, n_waiting) == (PLACES, n_sent - PLACES)


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


async def read_only(request: Request) -> Response:
    """The same reading and checking, the same answer, and no database."""
    typed = await read_form(request)
    check(SignUpForm, typed)
    answers_hash(typed)
    response = redirect(f"/i/{tokens.own_link()}")
    response.set_cookie("aparato", tokens.feed_token(), httponly=True, samesite="lax")
    return response


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        serve_bare(int(sys.argv[2]), [Route(PATH, read_only, methods=["POST"])])
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000))
