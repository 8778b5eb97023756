"""The status list of an operator with 100,000 certificates of a year, a tenth of them annulled: sent from memory and
answered 304, each against a ready answer of the same bytes behind the same middleware; and made anew after a change.

python benchmarks/status_list.py [COUNT]

Two real server processes are kept busy in turns. The ratio is that of the processor time of a request, where the system
tells it, else that of requests a second.
"""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import sys
import tempfile
from contextlib import ExitStack, closing
from math import isnan
from pathlib import Path
from statistics import median
from time import process_time
from uuid import UUID

import uvicorn
from _servers import Load, Server, environment, free_port, get, load, started
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from trainings import clock, db
from trainings.app import create_app
from trainings.audit.actor import PROGRAM
from trainings.certificates.trust import issuers, status_lists
from trainings.certificates.trust.status_lists import LINKED_DATA, SHORTLY
from trainings.lib import tokens
from trainings.places import actions as places
from trainings.places.models import OperatorKind
from trainings.settings import Settings
from trainings.web.protocol import CappedHttpTools

N_ENTRIES, N_ANNULLED = 100_000, 10_000
ROUNDS = 7
LEAST = 0.5
YEAR = 2027
LIST = f"/emisores/1705/estado/{YEAR}"
KEPT, ETAG = "list.json", f'"{"0" * 32}"'


def main(count: int) -> int:
    with tempfile.TemporaryDirectory() as name, ExitStack() as running:
        ports = {role: free_port() for role in ("ours", "bare")}
        settings = environment(Path(name), ports["ours"])
        os.environ.update(settings)
        asyncio.run(made(Path(name)))
        commands = {
            "ours": ("-m", "trainings", "serve", "--no-worker", "--port", str(ports["ours"])),
            "bare": (__file__, str(ports["bare"]), name),
        }
        servers = {
            role: Server(running.enter_context(started(*command, port=ports[role], settings=settings)), ports[role])
            for role, command in commands.items()
        }
        return int(asyncio.run(asked(servers, count)))


# -- made


async def made(folder: Path) -> None:
    """The rows, and how long the list takes when one more was annulled."""
    settings = Settings()
    await db.migrate(settings)
    async with db.connect(settings):
        await places.load_municipalities()
        city = places.OperatorDetails("1705", OperatorKind.MUNICIPALITY, "Municipalidad de La Libertad", "1705")
        operator = await places.create_operator(city, actor=PROGRAM)
        await issuers.current_key(operator.id)
    fill(settings.sqlite_path, operator.id)
    async with db.connect(settings):
        whole, looked = [], []
        for _ in range(ROUNDS):
            status_lists.forget()
            start = process_time()
            kept = await status_lists.status_list("1705", str(YEAR))
            whole.append(1000 * (process_time() - start))
            kept.looked_at = float("-inf")
            start = process_time()
            await status_lists.status_list("1705", str(YEAR))
            looked.append(1000 * (process_time() - start))
    (folder / KEPT).write_bytes(kept.whole.body)
    print(f"a list of {N_ENTRIES:,} certificates, {kept.version.n_set:,} annulled: {len(kept.whole.body):,} bytes")
    print(f"  made anew after a change  {median(whole):6.1f} ms of processor time")
    print(
        f"  asked whether it changed  {median(looked):6.1f} ms, once in {status_lists.MEMO_SECONDS:g} seconds at most"
    )


def fill(file: Path, operator_id: UUID) -> None:
    """Certificates of nobody: only what a list reads of them matters, so nothing checks that their people exist."""
    dice = random.Random(1)
    annulled = set(dice.sample(range(1, N_ENTRIES + 1), N_ANNULLED))
    moment = clock.now().isoformat(sep=" ")
    rows = [
        (
            str(tokens.uuid7()),
            moment,
            str(tokens.uuid7()),
            "revoked" if number in annulled else "valid",
            str(operator_id),
            str(operator_id),
            YEAR,
            number,
            f"VIMMIG-1705-{YEAR}-{number:06d}",
            tokens.certificate_code(),
            moment,
            moment,
            moment if number in annulled else None,
        )
        for number in range(1, N_ENTRIES + 1)
    ]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany(INSERT, rows)
        series = (str(tokens.uuid7()), moment, str(operator_id), YEAR, N_ENTRIES + 1)
        connection.execute(SERIES, series)


INSERT = """
    INSERT INTO certificate (id, created_at, registration_id, state, operator_id, hub_id, year, number, folio, code,
        issued_at, validated_at, revoked_at, kind, printed_name, initials, is_minor, title, minutes, held_on, issuer,
        sheet, revoked_reason)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'diploma', 'Ana Coc', 'A. C.', 0, 'Riesgos', 480, '2027-03-04',
        'Municipalidad', '{}', '')
"""
SERIES = "INSERT INTO folio_series (id, created_at, operator_id, year, next_number) VALUES (?, ?, ?, ?, ?)"


# -- asked


async def asked(servers: dict[str, Server], count: int) -> bool:
    """Requests that are answered from memory, with the bytes and with 304."""
    ours, bare = servers["ours"], servers["bare"]
    etag = await etag_of(ours.port)
    cases: tuple[tuple[str, dict[str, str]], ...] = (
        ("identity", {}),
        ("br", {"accept_encoding": "gzip, deflate, br"}),
        ("304", {"if_none_match": etag}),
    )
    missed = False
    for name, fields in cases:
        we: list[Load] = []
        they: list[Load] = []
        for _ in range(ROUNDS):
            we.append(await load(ours, get(ours.port, LIST, **fields), count))
            they.append(await load(bare, get(bare.port, "/bare", **fields), count))
        missed |= told(name, we, they)
    return missed


async def etag_of(port: int) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(get(port, LIST, connection="close"))
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return head.partition(b"etag: ")[2].partition(b"\r\n")[0].decode()


def told(name: str, ours: list[Load], bare: list[Load]) -> bool:
    """Print a line; whether the bound is missed."""
    rate, bare_rate = (median(burst.per_second for burst in bursts) for bursts in (ours, bare))
    cpu, bare_cpu = (median(burst.cpu for burst in bursts) for bursts in (ours, bare))
    ratio = rate / bare_rate if isnan(cpu) else bare_cpu / cpu
    assert (ours[0].status, ours[0].n_bytes) == (bare[0].status, bare[0].n_bytes), (name, ours[0], bare[0])
    print(
        f"  {name:9} {rate:7,.0f}/s {cpu:5.0f} µs   bare {bare_rate:7,.0f}/s {bare_cpu:5.0f} µs"
        f"   {ratio:5.0%} (bound ≥ {LEAST:.0%}) {'MISSED' if ratio < LEAST else 'ok'}   {ours[0].n_bytes:,} bytes"
    )
    return ratio < LEAST


def serve(port: int, folder: Path) -> None:
    """The application with one route more, which answers with ready bytes and knows nothing else."""
    whole = Response((folder / KEPT).read_bytes(), 200, {**SHORTLY, "etag": ETAG}, LINKED_DATA)
    unchanged = Response(None, 304, {**SHORTLY, "etag": ETAG})

    async def bare(request: Request) -> Response:
        return status_lists.Again(unchanged if "if-none-match" in request.headers else whole)

    app = create_app(with_worker=False)
    put_first(app, Route("/bare", bare))
    uvicorn.run(app, port=port, http=CappedHttpTools, ws="none", server_header=False, access_log=False, log_level=30)


def put_first(app: Starlette, route: Route) -> None:
    pages = app.routes[-1]
    assert isinstance(pages, Mount), "the pages are mounted last"
    pages.routes.insert(0, route)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        serve(int(sys.argv[1]), Path(sys.argv[2]))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000))
