"""The check page of a certificate from a cold code, against the bare rendering of its own template with ready data.

python benchmarks/check.py [COUNT]

Two real server processes, ours and a bare one under the same server settings, are kept busy in turns. Each of our
requests asks another code, so nothing that was asked before helps. The ratio is that of the processor time of a
request, where the system tells it, else that of requests a second.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import cycle, islice, repeat
from math import isnan
from pathlib import Path
from statistics import median
from typing import Any

import uvicorn
from _servers import Load, Server, cpu_seconds, environment, free_port, get, load_of, started
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from trainings import db
from trainings.audit.actor import VISITOR
from trainings.certificates.check.views import check_view
from trainings.certificates.models import Certificate, CertificateState
from trainings.certificates.queries import public_check
from trainings.lib import tokens
from trainings.registrations.models import Registration
from trainings.seed import seed_demo
from trainings.settings import Settings
from trainings.web.guards import BODY_LIMIT
from trainings.web.protocol import CappedHttpTools
from trainings.web.render import environment as templates

N_CERTIFICATES = 2_000
ROUNDS = 7
SECONDS_TO_REST, AT_REST = 120, 0.02
"""Seconds of the processor within a second."""
BOUND = 0.5
TEMPLATE = "certificates/check/certificate.html"


def main(count: int) -> int:
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        ports = {role: free_port() for role in ("ours", "bare")}
        settings = environment(Path(name), ports["ours"]) | {"TRAININGS_ENV": "demo"}
        os.environ.update(settings)
        codes = asyncio.run(make_certificates())
        commands = {
            "ours": ("-m", "trainings", "serve", "--port", str(ports["ours"])),
            "bare": (__file__, "bare", str(ports["bare"]), codes[0]),
        }
        servers = {
            role: Server(running.enter_context(started(*command, port=ports[role], settings=settings)), ports[role])
            for role, command in commands.items()
        }
        return int(asyncio.run(measure(servers, codes, count)))


async def make_certificates() -> list[str]:
    """The demo world, and one of its certificates again and again, each with a code and a person's place of its own."""
    settings = Settings()
    await db.migrate(settings)
    await seed_demo(settings)
    async with db.connect(settings):
        first = await Certificate.filter(state=CertificateState.VALID).first()
        assert first is not None, "the demo world has certificates"
        place = (await Registration.filter(id=first.registration_id).values())[0]
        row = (await Certificate.filter(id=first.id).values())[0]
        places = [Registration(**{**place, **_another_place()}) for _ in range(N_CERTIFICATES)]
        certificates = [
            Certificate(**{**row, **_another(number), "registration_id": one.id})
            for number, one in enumerate(places, 100_000)
        ]
        await Registration.bulk_create(places, batch_size=500)
        await Certificate.bulk_create(certificates, batch_size=500)
        return [one.code for one in certificates]


def _another_place() -> dict[str, Any]:
    return {"id": tokens.uuid7(), "short_code": tokens.short_code(), "qr_hash": tokens.session_id(), "qr_token": None}


def _another(number: int) -> dict[str, Any]:
    folio = f"VIMMIG-0000-2027-{number:06d}"
    return {"id": tokens.uuid7(), "number": number, "folio": folio, "code": tokens.certificate_code()}


async def at_rest(server: Server) -> None:
    """Wait till the worker of a new demo world has done what was due: it would be counted as ours."""
    for _ in range(SECONDS_TO_REST):
        before = cpu_seconds(server.process.pid)
        await asyncio.sleep(1)
        worked = cpu_seconds(server.process.pid) - before
        if isnan(worked) or worked < AT_REST:
            return


async def measure(servers: dict[str, Server], codes: Sequence[str], count: int) -> bool:
    asked = cycle([get(servers["ours"].port, f"/verificar/{code}") for code in codes])
    ready = get(servers["bare"].port, "/")
    took: dict[str, list[Load]] = {"ours": [], "bare": []}
    await at_rest(servers["ours"])
    for number in range(ROUNDS + 1):
        for role in ("ours", "bare") if number % 2 else ("bare", "ours"):
            server = servers[role]
            requests = islice(asked, count) if role == "ours" else repeat(ready, count)
            done = await load_of(server, requests, count)
            assert done.status == 200, done
            if number:  # the first round warms both up
                took[role].append(done)
    ours, bare = (took[role] for role in ("ours", "bare"))
    cpu = {role: median(one.cpu for one in took[role]) for role in took}
    rate = {role: median(one.per_second for one in took[role]) for role in took}
    ratio = rate["ours"] / rate["bare"] if isnan(cpu["ours"]) else cpu["bare"] / cpu["ours"]
    print(f"{len(codes):,} codes, {count:,} requests in each of {ROUNDS} rounds, medians; the page has:")
    for role, each in (("ours", ours), ("bare", bare)):
        print(f"  {role:5} {each[0].n_bytes:7,} bytes  {rate[role]:7,.0f} a second  {cpu[role]:7,.0f} µs of processor")
    verdict = "ok" if ratio >= BOUND else "MISSED"
    print(f"  from a cold code {ratio:.0%} of the bare template (bound ≥ {BOUND:.0%}) {verdict}")
    return ratio < BOUND


def serve(port: int, code: str) -> None:
    """The bare one: a template, and what it needs, read once."""
    context = asyncio.run(_context(code))

    async def page(request: Request) -> Response:
        return HTMLResponse(templates().get_template(TEMPLATE).render({"request": request, **context}))

    application = Starlette(routes=[Route("/", page)], max_body_size=BODY_LIMIT)
    uvicorn.run(application, port=port, http=CappedHttpTools, log_level="warning", access_log=False)


async def _context(code: str) -> dict[str, Any]:
    async with db.connect(Settings()):
        found = check_view(await public_check(code))
    more = {"name_form": None, "is_same": None, "is_our_file": False, "form": None, "folio": ""}
    more["desk"] = None
    return {"check": found, "actor": VISITOR, "flashes": [], "path": f"/verificar/{code}", **more}


if __name__ == "__main__":
    if len(sys.argv) > 2:
        serve(int(sys.argv[2]), sys.argv[3])
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
