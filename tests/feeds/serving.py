"""The program in a process of its own, on the database of the test, as calendar programs reach it over HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from trainings.settings import Settings

SECONDS_TO_START = 120
SECONDS_TO_SHOW = 60
PATIENCE = 60
"""Seconds for one answer: a busy machine is slow, not wrong."""


@contextmanager
def serving(settings: Settings, folder: Path) -> Iterator[str]:
    """`trainings serve` with the settings of the test; gives the address at which it listens.

    Its pages and feeds name the address of the settings, so that several processes can be compared.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    address = f"http://localhost:{port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TRAININGS_")} | {
        "TRAININGS_ENV": "test",
        "TRAININGS_DATA_DIR": str(settings.data_dir),
        "TRAININGS_DATABASE_URL": settings.database_url,
        "TRAININGS_SECRET_KEYS": settings.secret_keys,
        "TRAININGS_BASE_URL": settings.base_url,
    }
    log_file = folder / f"server-{port}.log"
    command = [sys.executable, "-m", "trainings", "serve", "--port", str(port), "--no-worker"]
    with log_file.open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        _wait_until(lambda: _is_alive(process, address), SECONDS_TO_START, log_file)
        yield address
    finally:
        process.terminate()
        process.wait()


def wait_for_change(url: str, etag: str) -> str:
    """The feed's ETag once it is another than `etag`."""
    _wait_until(lambda: etag_of(url) != etag, SECONDS_TO_SHOW)
    return etag_of(url)


def etag_of(url: str) -> str:
    return str(httpx2.head(url, headers={"accept-encoding": "identity"}, timeout=PATIENCE).headers["etag"])


def _is_alive(process: subprocess.Popen[bytes], address: str) -> bool:
    assert process.poll() is None, "the server has ended"
    try:
        return httpx2.get(f"{address}/salud", timeout=PATIENCE).status_code == 200
    except httpx2.TransportError:
        return False


def _wait_until(is_so: Callable[[], bool], seconds: float, log: Path | None = None) -> None:
    give_up_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up_at, log.read_text() if log else "nothing happened"
        time.sleep(0.05)
