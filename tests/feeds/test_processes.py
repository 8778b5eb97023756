"""Feeds of real processes over real sockets: the same bytes after a restart, no body for HEAD."""

from __future__ import annotations

import asyncio
import re
import socket
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import httpx2

from tests import make
from tests.feeds.asking import FEED
from tests.feeds.serving import PATIENCE, serving
from trainings import clock
from trainings.settings import Settings


def polls(address: str) -> list[tuple[int, dict[str, str], bytes]]:
    """What a program is told of the feed in both encodings, without the moment of sending."""
    answers = [
        httpx2.request(method, address + FEED, headers={"accept-encoding": encoding}, timeout=PATIENCE)
        for method in ("GET", "HEAD")
        for encoding in ("identity", "gzip")
    ]
    return [
        (answer.status_code, {name: value for name, value in answer.headers.items() if name != "date"}, answer.content)
        for answer in answers
    ]


def exchange(address: str, method: str) -> bytes:
    """All that comes back over the wire, without the moment of sending."""
    parts = urlsplit(address)
    assert parts.port is not None
    with socket.create_connection(("127.0.0.1", parts.port), timeout=PATIENCE) as connection:
        connection.sendall(f"{method} {FEED} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
        whole = b"".join(iter(lambda: connection.recv(65_536), b""))
    return re.sub(rb"\r\ndate: [^\r]*", b"", whole, count=1)


async def test_restart_changes_not_one_byte_and_head_sends_no_body(postgres_db: Settings) -> None:
    """On the engine whose rows come in no order of their own."""
    with clock.frozen(clock.now() - timedelta(hours=1)):
        await make.make_training(
            title="Riesgos; mitos, y “realidades”", sessions=[(hour(8), hour(9)), (hour(9), hour(10))]
        )

    with serving(postgres_db) as first:
        before = await asyncio.to_thread(polls, first)
        got, head = [await asyncio.to_thread(exchange, first, method) for method in ("GET", "HEAD")]
    with serving(postgres_db) as again:
        after = await asyncio.to_thread(polls, again)

    assert before == after
    assert before[0][2].count(b"BEGIN:VEVENT") == 2
    assert got.count(b"\r\n\r\nBEGIN:VCALENDAR") == 1
    assert head == got[: got.index(b"\r\n\r\n") + 4]


def hour(start: int) -> datetime:
    return make.tomorrow_at(start)
