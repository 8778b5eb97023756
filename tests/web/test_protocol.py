"""Heads that are too large, too many or too slow, over real sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from trainings.web.protocol import CappedHttpTools

SECONDS = 0.5


class Hasty(CappedHttpTools):
    """As served, only that nobody waits ten seconds for this test."""

    HEAD_SECONDS = SECONDS


async def answer(request: Request) -> Response:
    return PlainTextResponse(f"{request.url.path} {len(await request.body())}")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    config = uvicorn.Config(app, port=0, http=Hasty, ws="none", lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(10)


def exchange(port: int, *parts: bytes) -> bytes:
    """All that the server answers until it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        received = b""
        try:
            for part in parts:
                connection.sendall(part)
            while chunk := connection.recv(65_536):
                received += chunk
        except ConnectionError:  # closed on us in the middle of a head that is too large
            pass
        return received


def status(received: bytes) -> int:
    return int(received.split(b" ", 2)[1])


HEAD = b"GET /a HTTP/1.1\r\nhost: localhost\r\n"
CLOSE = b"connection: close\r\n"


def test_ordinary_request_is_answered(port: int) -> None:
    received = exchange(port, HEAD, CLOSE, b"\r\n")

    assert (status(received), received.endswith(b"/a 0")) == (200, True)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (HEAD + b"x: " + b"a" * 20_000, 431),
        (b"GET /" + b"a" * 20_000, 431),
        (HEAD + b"x: " + b"a" * 16_384 + b"\r\n\r\n", 400),
        (HEAD + b"".join(b"x%d: 1\r\n" % number for number in range(101)) + b"\r\n", 400),
        (b"\x00\x01\x02\r\n\r\n", 400),
    ],
    ids=["endless-field", "endless-address", "long-field", "101-fields", "no-http"],
)
def test_head_beyond_the_limits_is_refused_and_closed(port: int, head: bytes, expected: int) -> None:
    assert status(exchange(port, head)) == expected


def test_hundred_fields_and_sixteen_kilobytes_are_taken(port: int) -> None:
    fields = [b"x%d: %s\r\n" % (number, b"a" * 140) for number in range(98)]

    assert status(exchange(port, HEAD, *fields, CLOSE, b"\r\n")) == 200


def test_slow_head_is_refused_after_its_time(port: int) -> None:
    """Nothing at all, half a line, half a head; and half a second head on a connection that was kept."""

    def refused(parts: list[bytes]) -> tuple[bytes, float]:
        began = monotonic()
        return exchange(port, *parts), monotonic() - began

    with ThreadPoolExecutor() as at_once:
        *first, second = at_once.map(refused, ([], [b"GET"], [HEAD], [HEAD + b"\r\n", HEAD]))

    assert [(status(received), took > SECONDS - 0.1) for received, took in first] == [(408, True)] * 3
    assert second[0].startswith(b"HTTP/1.1 200")
    assert second[0].rpartition(b"HTTP/1.1 ")[2].startswith(b"408")


def test_large_body_and_pipelined_requests_are_no_heads(port: int) -> None:
    body = b"a" * 300_000
    post = b"POST /b HTTP/1.1\r\nhost: localhost\r\ncontent-length: 300000\r\n\r\n"

    received = exchange(port, post + body, HEAD + b"\r\n" + HEAD + CLOSE + b"\r\n")

    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert b"/b 300000" in received
