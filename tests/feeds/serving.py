"""The program in a process of its own, on the database of the test, as calendar programs reach it over HTTP."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.processes import ASKING, Running, environment, free_port, start
from trainings.settings import Settings

SECONDS_TO_START = 120
SECONDS_TO_SHOW = 60
PATIENCE = 60
"""Seconds for one answer: a busy machine is slow, not wrong."""


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """`trainings serve` with the settings of the test; gives the address at which it listens.

    Its pages and feeds name the address of the settings, so that several processes can be compared.
    """
    port = free_port()
    address = f"http://localhost:{port}"
    around = environment(
        settings.data_dir,
        database_url=settings.database_url,
        secret_keys=settings.secret_keys,
        base_url=settings.base_url,
    )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    log_file = settings.data_dir / f"server-{port}.log"
    command = ["serve", "--port", str(port), "--no-worker"]
    with log_file.open("wb") as log, start(command, settings.data_dir, around, log, log) as process:
        _wait_until(lambda: _is_alive(process, address), SECONDS_TO_START, log_file)
        yield address
        process.send_signal(signal.SIGTERM)
        process.wait()


def wait_for_change(url: str, etag: str) -> str:
    """The feed's ETag once it is another than `etag`."""
    _wait_until(lambda: etag_of(url) != etag, SECONDS_TO_SHOW)
    return etag_of(url)


def etag_of(url: str) -> str:
    return str(ASKING.head(url, headers={"accept-encoding": "identity"}, timeout=PATIENCE).headers["etag"])


def _is_alive(process: Running, address: str) -> bool:
    assert process.poll() is None, "the server has ended"
    try:
        return ASKING.get(f"{address}/salud", timeout=PATIENCE).status_code == 200
    except httpx2.TransportError:
        return False


def _wait_until(is_so: Callable[[], bool], seconds: float, log: Path | None = None) -> None:
    give_up_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up_at, log.read_text() if log else "nothing happened"
        time.sleep(0.05)
