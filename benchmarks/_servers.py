"""Real server processes on loopback, and a small client that keeps one busy and counts what comes back."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from math import nan
from pathlib import Path
from typing import cast

from _postgres import processes

SECONDS_TO_START = 60
CONNECTIONS = 8

Process = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Server:
    """`url`: of a PostgreSQL that works for it alone."""

    process: Process
    port: int
    url: str = ""

    def worked(self) -> float:
        """What processors have worked for it so far, in seconds, its database included."""
        return sum(map(cpu_seconds, (self.process.pid, *(processes(self.url) if self.url else ()))))


@dataclass(frozen=True)
class Load:
    """A burst of equal requests: how many a second, and how long the server's processor worked for each (µs)."""

    per_second: float
    cpu: float
    status: int
    n_bytes: int


def environment(folder: Path, port: int) -> dict[str, str]:
    """Settings of a server on an SQLite file of its own."""
    return {
        "TRAININGS_ENV": "test",
        "TRAININGS_DATA_DIR": str(folder),
        "TRAININGS_DATABASE_URL": "",
        "TRAININGS_BASE_URL": f"http://localhost:{port}",
        "TRAININGS_LOG_LEVEL": "WARNING",
    }


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@contextmanager
def started(*command: str, port: int, settings: Mapping[str, str]) -> Iterator[Process]:
    """`python COMMAND …` as an operator starts it, once it takes connections; ended afterwards."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRAININGS_")}
    process = subprocess.Popen([sys.executable, *command], env=inherited | dict(settings))
    try:
        _wait_for(process, port)
        yield process
    finally:
        process.terminate()
        process.wait()


def _wait_for(process: Process, port: int) -> None:
    give_up_at = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < give_up_at:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.005)
        else:
            return
    raise RuntimeError(f"nothing listens on port {port}")


def cpu_seconds(pid: int) -> float:
    """What processors have worked for this process so far; not a number where the system does not tell."""
    try:
        return sum(int(task.read_text().split()[0]) for task in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9
    except OSError:
        return nan


def resident_bytes(pid: int) -> int:
    """The memory that the process holds."""
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(told.stdout) * 1024


# -- asking


def get(port: int, path: str, **fields: str) -> bytes:
    """A GET as it goes over the wire; `if_none_match="…"` becomes a field."""
    named = {"host": f"localhost:{port}", **{name.replace("_", "-"): value for name, value in fields.items()}}
    return "\r\n".join(
        [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items()), "", ""]
    ).encode()


async def load(server: Server, request: bytes, count: int) -> Load:
    """Send `request` so many times over a few connections that stay open."""
    return await load_of(server, repeat(request, count), count)


async def load_of(server: Server, requests: Iterable[bytes], count: int) -> Load:
    """Send so many requests, which are answered alike, over a few connections that stay open."""
    loop = asyncio.get_running_loop()
    left = iter(requests)
    opened = [await loop.create_connection(lambda: _Client(left), "127.0.0.1", server.port) for _ in range(CONNECTIONS)]
    clients = [client for _transport, client in opened]
    worked, start = server.worked(), time.perf_counter()
    for client in clients:
        client.go_on()
    await asyncio.gather(*(client.done for client in clients))
    took, worked = time.perf_counter() - start, server.worked() - worked
    [(status, n_bytes)] = {(client.status, client.n_bytes) for client in clients if client.status}
    return Load(count / took, 1e6 * worked / count, status, n_bytes)


class _Client(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    def __init__(self, left: Iterator[bytes]) -> None:
        self.left = left
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.status = self.n_bytes = 0
        self._head, self._missing = b"", 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def go_on(self) -> None:
        request = next(self.left, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._transport.write(request)

    def data_received(self, received: bytes) -> None:
        if self._missing:
            self._missing -= len(received)
        else:
            self._head += received
            head, blank, body = self._head.partition(b"\r\n\r\n")
            if not blank:
                return
            self._head, self.status, self.n_bytes = b"", int(head[9:12]), _length_in(head)
            self._missing = self.n_bytes - len(body)
        if not self._missing:
            self.go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))


def _length_in(head: bytes) -> int:
    _before, _name, after = head.lower().partition(b"\r\ncontent-length: ")
    return int(after.split(b"\r\n", 1)[0]) if after else 0
