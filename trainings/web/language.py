from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.requests import Request

from trainings.web.i18n import choose_language, set_language

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "idioma"
ONE_YEAR = 365 * 24 * 3600


class LanguageMiddleware:
    """Set the request's language, name it in the answer, keep a choice by `?idioma=` in a cookie.

    Below `but` everything is the same for everybody and brings no cookie; below `forgetting` a choice holds for that
    page only.
    """

    def __init__(
        self,
        app: ASGIApp,
        offered: tuple[str, ...],
        *,
        https: bool,
        but: tuple[str, ...] = (),
        forgetting: tuple[str, ...] = (),
    ) -> None:
        self.app, self.offered, self.but = app, offered, tuple(f"{path}/" for path in but)
        self.forgetting = forgetting
        self.attributes = f"Path=/; Max-Age={ONE_YEAR}; HttpOnly; SameSite=Lax" + ("; Secure" if https else "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(self.but):
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        asked = request.query_params.get(COOKIE)
        chosen = choose_language(
            asked, request.cookies.get(COOKIE), request.headers.get("accept-language", ""), self.offered
        )
        set_language(chosen)
        is_kept = asked in self.offered and not scope["path"].startswith(self.forgetting)

        async def send_with_language(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-language", chosen)
                if is_kept:
                    headers.append("set-cookie", f"{COOKIE}={chosen}; {self.attributes}")
            await send(message)

        await self.app(scope, receive, send_with_language)
