"""What a process costs: the time until `trainings serve` answers, and the memory it holds then and after page views.

python benchmarks/process.py [PAGE VIEWS]

Beside it the same of a bare Starlette application under uvicorn, the least that a process of this kind can cost.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx2
from _servers import cpu_seconds, environment, free_port, resident_bytes, started

from trainings import db
from trainings.schedule.models import Training, TrainingSession
from trainings.seed import seed_demo
from trainings.settings import Settings

STARTS = 5
BARE = """
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

async def alive(request):
    return JSONResponse({"estado": "vivo"})

uvicorn.run(Starlette(routes=[Route("/salud", alive)]), port=%d, access_log=False, log_level="warning")
"""
PAGES = ("/", "/capacitaciones", "/municipios/la-libertad-peten", "/cal/municipio/la-libertad-peten.ics", "/entrar")


class Start(NamedTuple):
    """Seconds until `/salud` answers and those the processor worked, bytes held then and after the page views."""

    seconds: float
    cpu: float
    resident: float
    after: float


def main(views: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        port = free_port()
        settings = environment(Path(name), port) | {"TRAININGS_ENV": "demo"}
        os.environ.update(settings)
        n_trainings, n_sessions = asyncio.run(make_world())
        print(f"demo world: {n_trainings} trainings with {n_sessions} sessions; {STARTS} starts each, medians")
        ours = ("-m", "trainings", "serve", "--port", str(port))
        start = measure(ours, port, settings, views)
        told("trainings serve", start)
        print(f"    after {views} page views {mb(start.after)}: {', '.join(PAGES)} and trainings")
        told("bare Starlette", measure(("-c", BARE % port), port, settings, 0))
    return 0


async def make_world() -> tuple[int, int]:
    settings = Settings()
    await db.migrate(settings)
    await seed_demo(settings)
    async with db.connect(settings):
        return await Training.all().count(), await TrainingSession.all().count()


def measure(command: tuple[str, ...], port: int, settings: dict[str, str], views: int) -> Start:
    starts = []
    for _ in range(STARTS):
        began = time.perf_counter()
        with started(*command, port=port, settings=settings) as process, browser(port) as client:
            assert client.get("/salud").status_code == 200
            seconds, worked = time.perf_counter() - began, cpu_seconds(process.pid)
            resident = resident_bytes(process.pid)
            look_at_pages(client, views)
            starts.append(Start(seconds, worked, resident, resident_bytes(process.pid)))
    return Start(*(median(figures) for figures in zip(*starts, strict=True)))


def browser(port: int) -> httpx2.Client:
    return httpx2.Client(base_url=f"http://localhost:{port}", headers={"accept": "text/html"})


def look_at_pages(client: httpx2.Client, views: int) -> None:
    if not views:
        return
    listed = client.get("/capacitaciones").text
    trainings = sorted(set(re.findall(r'href="(/capacitaciones/[a-z0-9-]+)"', listed)))
    for path in islice(cycle([*PAGES, *trainings]), views):
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)


def told(name: str, start: Start) -> None:
    print(
        f"  {name:16} answers after {start.seconds:5.2f} s ({start.cpu:.2f} s of the processor),"
        f" holding {mb(start.resident)}"
    )


def mb(n_bytes: float) -> str:
    return f"{n_bytes / 1_000_000:.1f} MB"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100))
