"""The demo world as a newcomer starts it: seeded by the command, served by the command, in a folder of its own."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path

from tests import moment
from tests.database import put_template, settings_for
from tests.migrated import FOLDER, kept
from tests.processes import free_port, run, started
from tests.source import ROOT
from trainings import clock

PASSWORD = "cuatro tamales verdes"
SETTINGS = {"env": "demo", "demo_password": PASSWORD}
MADE_OF = ("trainings", "templates", "certificates")
HOURS_S = 10_800
RUNS_ON = timedelta(hours=2, minutes=30)
"""Its session of the day begins an hour before the hour in which the world is made, and ends three hours after. Whoever
closes it in the last quarter of an hour is asked nothing.
"""


def seeded_once() -> Path:
    """The folder of a demo world of this day, to be copied: something in it runs now, and for a while."""
    now = clock.local(clock.now())
    earliest = max(now - RUNS_ON + timedelta(hours=1), clock.local(clock.midnight(now.date()))).hour
    # A run that begins at another moment may begin before an earlier one did: it makes its own.
    world, run_of_its_own = f"{_fingerprint()}-{now:%F}", os.environ.get(moment.AHEAD, "")
    made_at = [f"{world}T{hour:02}{run_of_its_own}" for hour in range(now.hour, earliest - 1, -1)]
    of = next((one for one in made_at if (FOLDER / f"demo-{one}").exists()), made_at[0])
    return kept("demo", of, _seed, seconds=HOURS_S)


@cache
def _fingerprint() -> str:
    """Of all that the world is made of: the program, its words, its designs."""
    files = sorted(path for made_of in MADE_OF for path in (ROOT / made_of).rglob("*") if path.suffix != ".pyc")
    content = b"\0".join(str(path.relative_to(ROOT)).encode() + path.read_bytes() for path in files if path.is_file())
    return hashlib.sha256((ROOT / "requirements.txt").read_bytes() + content).hexdigest()[:12]


def _seed(folder: Path) -> None:
    put_template(folder)
    seeded = run(folder, "seed", "--demo", **SETTINGS)
    assert seeded.returncode == 0, seeded.stderr


@contextmanager
def serving(world: Path, folder: Path) -> Iterator[str]:
    """A server on its own copy of the world; gives its origin. What it logs as an error fails the test.

    Hundreds of messages of the world wait to be written, and what a test asks for would stand behind them: they go on
    waiting until tomorrow.
    """
    shutil.copytree(world, folder)
    with closing(sqlite3.connect(settings_for(folder).sqlite_path)) as database, database:
        tomorrow = (clock.now() + timedelta(days=1)).isoformat(" ")
        database.execute("UPDATE outbox_job SET run_at = ? WHERE done_at IS NULL", [tomorrow])
    port = free_port()
    with started(folder, port, **SETTINGS):
        yield f"http://localhost:{port}"
    assert "ERROR" not in (folder / "log").read_text()
