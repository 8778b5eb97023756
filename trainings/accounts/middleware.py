from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from trainings.accounts.actions import load_actor
from trainings.accounts.cookies import SESSION, StaffCookies
from trainings.audit.actor import VISITOR
from trainings.settings import Settings


class StaffSessions:
    """Asks the database only where a cookie came along."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app, self.cookies = app, StaffCookies(https=settings.is_https)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            state = scope.setdefault("state", {})
            request_id = state.get("request_id", "")
            token = self.cookies.read(Request(scope), SESSION)
            actor = await load_actor(token, request_id=request_id) if token else None
            state["actor"] = actor or replace(VISITOR, request_id=request_id)
            state["staff_cookies"] = self.cookies
        await self.app(scope, receive, send)
