"""Forms sent to a real server process, each once, over a few connections that stay open."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, cast
from urllib.parse import urlencode

from _servers import Server


@dataclass(frozen=True)
class Burst:
    """What sending many came to: answers a second; for each the processor's µs and its wait in ms (the median, and what
    99 in 100 do not exceed); bytes.
    """

    per_second: float
    cpu: float
    wait: float
    longest: float
    statuses: Counter[int]
    n_bytes: int


def form(port: int, path: str, fields: Mapping[str, str]) -> bytes:
    return _post(port, path, "application/x-www-form-urlencoded", urlencode(fields).encode())


def as_json(port: int, path: str, body: Any, *, cookie: str = "", **more: str) -> bytes:
    """`x_marcar="1"` becomes a field."""
    return _post(port, path, "application/json", json.dumps(body).encode(), cookie=cookie, **more)


def _post(port: int, path: str, kind: str, body: bytes, *, cookie: str = "", **more: str) -> bytes:
    fields = {"host": f"localhost:{port}", "content-type": kind, "content-length": str(len(body)), "accept": "*/*"}
    fields |= {name.replace("_", "-"): value for name, value in more.items()}
    if cookie:
        fields["cookie"] = cookie
    head = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(head).encode() + body


async def burst(server: Server, requests: Sequence[bytes], connections: int) -> Burst:
    """Send each request once."""
    loop = asyncio.get_running_loop()
    left = iter(requests)
    opened = [await loop.create_connection(lambda: _Poster(left), "127.0.0.1", server.port) for _ in range(connections)]
    posters = [poster for _transport, poster in opened]
    worked, start = server.worked(), time.perf_counter()
    for poster in posters:
        poster.go_on()
    await asyncio.gather(*(poster.done for poster in posters))
    took, worked = time.perf_counter() - start, server.worked() - worked
    waits = sorted(wait for poster in posters for wait in poster.waits)
    statuses: Counter[int] = Counter()
    for poster in posters:
        statuses.update(poster.statuses)
    return Burst(
        per_second=len(requests) / took,
        cpu=1e6 * worked / len(requests),
        wait=1e3 * median(waits),
        longest=1e3 * waits[len(waits) * 99 // 100],
        statuses=statuses,
        n_bytes=sum(poster.n_bytes for poster in posters),
    )


class _Poster(asyncio.Protocol):
    """One connection that sends the next request as soon as it is answered."""

    def __init__(self, left: Iterator[bytes]) -> None:
        self.left = left
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.statuses: Counter[int] = Counter()
        self.waits: list[float] = []
        self.n_bytes = 0
        self._head, self._missing, self._sent_at = b"", 0, 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def go_on(self) -> None:
        request = next(self.left, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, received: bytes) -> None:
        self.n_bytes += len(received)
        if self._missing:
            self._missing -= len(received)
        else:
            self._head += received
            head, blank, body = self._head.partition(b"\r\n\r\n")
            if not blank:
                return
            self.statuses[int(head[9:12])] += 1
            self._head, self._missing = b"", _length_in(head) - len(body)
        if not self._missing:
            self.waits.append(time.perf_counter() - self._sent_at)
            self.go_on()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))


def _length_in(head: bytes) -> int:
    _before, _name, after = head.lower().partition(b"\r\ncontent-length: ")
    return int(after.split(b"\r\n", 1)[0]) if after else 0
