"""The application as a server runs it, without the server: its lifespan in a task of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from httpx2 import ASGITransport, AsyncClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

ADDRESS = "http://localhost:8000"


@asynccontextmanager
async def running(app: ASGIApp) -> AsyncIterator[ASGIApp]:
    """Start the application, and stop it at the end."""
    state: dict[str, Any] = {}
    said: asyncio.Queue[Message] = asyncio.Queue()
    told: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": state}
    life = asyncio.create_task(_as_coroutine(app, scope, told.get, said.put))
    await _exchange(life, told, said, "startup")

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": dict(state)}, receive, send)

    try:
        yield with_state
    finally:
        await _exchange(life, told, said, "shutdown")
        await life


def browser(app: ASGIApp, **options: Any) -> AsyncClient:
    """A browser of its own: cookies are kept, redirects are not followed, and nothing is packed only to be unpacked."""
    headers = {"accept-encoding": "identity"} | options.pop("headers", {})
    return AsyncClient(transport=ASGITransport(app), base_url=ADDRESS, headers=headers, **options)


async def _as_coroutine(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    await app(scope, receive, send)


async def _exchange(
    life: asyncio.Task[None], told: asyncio.Queue[Message], said: asyncio.Queue[Message], phase: str
) -> None:
    await told.put({"type": f"lifespan.{phase}"})
    answer = asyncio.create_task(said.get())
    await asyncio.wait({life, answer}, return_when=asyncio.FIRST_COMPLETED)
    if not answer.done():
        answer.cancel()
        await life
    message = await answer
    if message["type"] != f"lifespan.{phase}.complete":
        await life
        raise RuntimeError(message.get("message", phase))
