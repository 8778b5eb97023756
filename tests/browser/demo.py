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
from tests.migrated import kept
from tests.processes import free_port, run, started
from tests.source import ROOT
from trainings import clock

PASSWORD = "cuatro tamales verdes"
SETTINGS = {"env": "demo", "demo_password": PASSWORD}
PAGES_ALONE = "--no-worker"
MADE_OF = ("trainings", "templates", "certificates")
TWO_HOURS_S = 7_200


def seeded_once() -> Path:
    """The folder of the demo world of this hour, to be copied: something in it runs now."""
    hour = f"{clock.local(clock.now()):%Y-%m-%dT%H}"
    # A run that begins at another moment may begin before an earlier one did: it makes its own.
    run_of_its_own = os.environ.get(moment.AHEAD, "")
    return kept("demo", f"{_fingerprint()}-{hour}{run_of_its_own}", _seed, seconds=TWO_HOURS_S)


@cache
def _fingerprint() -> str:
    """Of all that the world is made of: the program, its words, its designs."""
    files = sorted(path for made_of in MADE_OF for path in (ROOT / made_of).rglob("*") if path.suffix != ".pyc")
    content = b"\0".join(str(path).encode() + path.read_bytes() for path in files if path.is_file())
    return hashlib.sha256((ROOT / "requirements.txt").read_bytes() + content).hexdigest()[:12]


def _seed(folder: Path) -> None:
    put_template(folder)
    seeded = run(folder, "seed", "--demo", **SETTINGS)
    assert seeded.returncode == 0, seeded.stderr


@contextmanager
def serving(world: Path, folder: Path, *options: str, writes_what_waits: bool = False) -> Iterator[str]:
    """A server on its own copy of the world; gives its origin. What it logs as an error fails the test.

    Hundreds of messages of the world wait to be written. They go on waiting until tomorrow, unless told otherwise.
    """
    shutil.copytree(world, folder)
    if not writes_what_waits:
        with closing(sqlite3.connect(settings_for(folder).sqlite_path)) as database, database:
            tomorrow = (clock.now() + timedelta(days=1)).isoformat(" ")
            database.execute("UPDATE outbox_job SET run_at = ? WHERE done_at IS NULL", [tomorrow])
    port = free_port()
    with started(folder, port, *options, **SETTINGS):
        yield f"http://localhost:{port}"
    assert "ERROR" not in (folder / "log").read_text()
