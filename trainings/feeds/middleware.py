"""Sends feeds from memory, before layers that only pages need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trainings.feeds.memory import ready
from trainings.feeds.scopes import PREFIX
from trainings.web.conditional import asked_in

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class FeedsFromMemory:
    """Polls of thousands of clients end here. Rendering and refusals go on to the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.app
        if scope["type"] == "http" and scope["path"].startswith(PREFIX) and scope["method"] in ("GET", "HEAD"):
            app = ready(scope["path"], asked_in(scope)) or app
        await app(scope, receive, send)
