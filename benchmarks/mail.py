"""Messages over one SMTP connection per batch, against a connection for each message.

python benchmarks/mail.py [COUNT]

A real SMTP server on loopback that takes everything. The worker sends a whole outbox, and the connections it needed are
counted; then the same message is handed over again and again, in turns with a kept connection and with new ones. With
TLS, or a server further away, a new connection costs many times as much as here.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any

from _rush import settings_for
from aiosmtpd.smtp import SMTP
from pydantic import SecretStr

from trainings import clock, db
from trainings.db import transaction
from trainings.outbox import worker
from trainings.outbox.actions import enqueue
from trainings.outbox.claims import BATCH
from trainings.outbox.mailer import Mail, Post, build, parse_smtp_url
from trainings.outbox.models import OutboxJob

ROUNDS, BOUND = 5, 1.0
SENDER = "avisos@demo.example"


class Counting:
    """Takes every message, and counts connections and messages."""

    def __init__(self) -> None:
        self.n_connections = self.n_messages = 0

    async def handle_EHLO(  # noqa: N802 - aiosmtpd names it
        self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.n_connections += 1
        return responses

    async def handle_DATA(self, _server: Any, _session: Any, _envelope: Any) -> str:  # noqa: N802 - aiosmtpd names it
        self.n_messages += 1
        return "250 OK"


async def main(count: int) -> int:
    async with listening() as (url, counting):
        missed = await count_connections(url, counting, count)
        return int(bool(missed + await compare(url, count)))


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, Counting]]:
    counting, loop = Counting(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(counting, hostname="peer.example"), "127.0.0.1", 0)
    try:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}", counting
    finally:
        server.close()


async def count_connections(url: str, counting: Counting, count: int) -> int:
    """Send an outbox with the worker; 1 where it opened more than one connection for each full batch."""
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_for(Path(folder)).model_copy(update={"smtp_url": SecretStr(url)})
        await db.migrate(settings)
        async with db.connect(settings):
            async with transaction():
                for number in range(count):
                    await enqueue("note", {"n": number}, dedup=f"note:{number}")
            stop = asyncio.Event()
            running = asyncio.create_task(worker.run(stop, settings, {"note": compose}))
            while await OutboxJob.exists(done_at=None):  # noqa: ASYNC110 - the worker has its own loop
                await asyncio.sleep(0.01)
            stop.set()
            await running
    most = -(-count // BATCH)
    verdict = "" if counting.n_connections <= most else f"   MISSED {most}"
    print(f"{counting.n_messages:,} messages of the outbox over {counting.n_connections} connections{verdict}")
    return int(bool(verdict))


async def compose(_job: OutboxJob) -> Mail:
    return a_mail()


def a_mail() -> Mail:
    return Mail(to="ana@demo.example", subject="Aviso", text="Hola", html="<p>Hola</p>", lang="es-GT")


async def compare(url: str, count: int) -> int:
    """Both in turns; the first round warms up and is not counted."""
    seconds: dict[int, list[float]] = {BATCH: [], 1: []}
    for _round in range(ROUNDS + 1):
        for size, found in seconds.items():
            start = time.perf_counter()
            await hand_over(url, count, size)
            found.append((time.perf_counter() - start) / count)
    kept, each = (median(found[1:]) for found in seconds.values())
    ratio = kept / each
    verdict = "" if ratio <= BOUND else f"   MISSED {BOUND:g} ×"
    print(
        f"one message: {kept * 1e3:.1f} ms over a connection kept for {BATCH}, "
        f"{each * 1e3:.1f} ms over one of its own   {ratio:.2f} ×{verdict}"
    )
    return int(ratio > BOUND)


async def hand_over(url: str, count: int, size: int) -> None:
    message = build(a_mail(), sender=SENDER, message_id="1@demo.example", date=clock.now())
    for _batch in range(count // size):
        post = Post(parse_smtp_url(url))
        for _message in range(size):
            await post.send(message, sender=SENDER, to="ana@demo.example", leaving=note_nothing)
        await post.close()


async def note_nothing() -> None:
    """Nothing is written down: what is measured is the connection."""


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)))
