"""The demo world as a newcomer starts it: seeded by the command, served by the command, in a folder of its own."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.database import put_template
from tests.processes import free_port, run, started

PASSWORD = "cuatro tamales verdes"
SETTINGS = {"env": "demo", "demo_password": PASSWORD}
PAGES_ALONE = "--no-worker"


def seeded_once(made: pytest.TempPathFactory) -> Path:
    """The folder of the demo world, made by whichever worker of this run needs it first."""
    base = made.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, ready = shared / "demo", shared / "demo.ready"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            put_template(folder)
            seeded = run(folder, "seed", "--demo", **SETTINGS)
            assert seeded.returncode == 0, seeded.stderr
            ready.touch()
    return folder


@contextmanager
def serving(world: Path, folder: Path, *options: str) -> Iterator[str]:
    """A server on its own copy of the world; gives its origin. What it logs as an error fails the test.

    Hundreds of messages of the world wait to be written; with `PAGES_ALONE` they go on waiting.
    """
    shutil.copytree(world, folder)
    port = free_port()
    with started(folder, port, *options, **SETTINGS):
        yield f"http://localhost:{port}"
    assert "ERROR" not in (folder / "log").read_text()
