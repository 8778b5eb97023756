"""The program in a process of its own, on the database of the test, as calendar programs reach it over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2

from tests.browser.serving import program
from tests.processes import environment, free_port
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
    with program("serve", "--port", port, "--no-worker", env=around):
        _wait_until(lambda: _is_alive(address), SECONDS_TO_START)
        yield address


def wait_for_change(url: str, etag: str) -> str:
    """The feed's ETag once it is another than `etag`."""
    _wait_until(lambda: etag_of(url) != etag, SECONDS_TO_SHOW)
    return etag_of(url)


def etag_of(url: str) -> str:
    return str(httpx2.head(url, headers={"accept-encoding": "identity"}, timeout=PATIENCE).headers["etag"])


def _is_alive(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/salud", timeout=PATIENCE).status_code == 200
    except httpx2.TransportError:
        return False


def _wait_until(is_so: Callable[[], bool], seconds: float) -> None:
    give_up_at = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up_at, "nothing happened"
        time.sleep(0.05)
