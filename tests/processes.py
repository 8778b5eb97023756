"""The program in processes of its own, by the command that operators type."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

COMMAND = Path(sys.executable).with_name("trainings")
SECONDS_TO_START = 120


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """The environment of an operator who set only these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRAININGS_")}
    chosen = {"env": "test", "data_dir": str(folder), **settings}
    return inherited | {f"TRAININGS_{name.upper()}": value for name, value in chosen.items()}


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    return subprocess.run(
        [COMMAND, *arguments],
        cwd=folder,
        env=environment(folder, **settings),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@contextmanager
def started(folder: Path, port: int, *options: str, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """`serve` on the folder's database, once it answers; killed afterwards if it is still there. It writes to `log`."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [COMMAND, "serve", "--port", str(port), *options],
            cwd=folder,
            env=environment(folder, base_url=f"http://localhost:{port}", **settings),
            stdout=log,
            stderr=log,
        )
    try:
        _wait_until_alive(process, port, folder / "log")
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_until_alive(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    give_up_at = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < give_up_at:
        assert process.poll() is None, log.read_text()
        try:
            httpx2.get(f"http://localhost:{port}/salud", timeout=2)
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())
