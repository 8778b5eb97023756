from __future__ import annotations

import asyncio
import re
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from trainings.lib.tokens import request_id
from trainings.web.files import (
    CheckedFileTooLarge,
    FileTooLarge,
    KeyFileTooLarge,
    PhoneCopyTooLarge,
    PictureTooLarge,
    RecordingTooLarge,
)
from trainings.web.i18n import N_, choose_language, gettext, set_language
from trainings.web.problems import problem, show_http_problem

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
BODY_SECONDS = 15.0
BODY_LIMIT = 64 * 1024
FILE_FIELD = "file"
"""What forms of the panel call it: its error stands there, however much too large it is."""
TAKE_FILES: tuple[tuple[re.Pattern[str], type[FileTooLarge]], ...] = (
    (re.compile(r"/panel/capacitaciones/[0-9a-fA-F-]{36}/importar"), FileTooLarge),
    (re.compile(r"/panel/notas/[0-9a-fA-F-]{36}/audio"), RecordingTooLarge),
    (re.compile(r"/panel/telefonos/copia"), PhoneCopyTooLarge),
    (re.compile(r"/panel/membrete/[0-9a-fA-F-]{36}/imagen"), PictureTooLarge),
    (re.compile(r"/panel/firma-electronica/[0-9a-fA-F-]{36}/archivo"), KeyFileTooLarge),
    (re.compile(r"/verificar/archivo"), CheckedFileTooLarge),
)
"""The only addresses that take a file, with the refusal of a larger one. Lines are slow: it may take a minute."""
FILE_SECONDS = 60.0
UNREADABLE = "\N{REPLACEMENT CHARACTER}"
FROM_ELSEWHERE = N_("El envío no salió de una página nuestra. Abra la página aquí y envíelo otra vez.")


class HostGuard:
    """Links in mails and pages are built from settings, never from this header."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            host = Headers(scope=scope).get("host", "").rpartition(":")
            name = host[0] if host[0] and host[2].isdigit() else "".join(host)
            if name.lower() not in self.hosts:
                await PlainTextResponse("unknown host", 421)(scope, receive, send)
                return
        await self.app(scope, receive, send)


class NulGuard:
    """PostgreSQL fails on a NUL: in an address it becomes a letter that nobody writes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and ("\0" in scope["path"] or b"%00" in scope["query_string"]):
            path = scope["path"].replace("\0", UNREADABLE)
            query = scope["query_string"].replace(b"%00", quote(UNREADABLE).encode())
            scope = {**scope, "path": path, "query_string": query}
        await self.app(scope, receive, send)


class OriginGuard:
    """Refuse a form that another site posts: the CSRF rule of Go's http.CrossOriginProtection.

    `same-site` is refused too; a request without Origin and Sec-Fetch-Site is not a browser's.
    """

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        self.app, self.origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and not self._is_ours(Headers(scope=scope)):
            request = Request(scope)
            answer = problem(request, 403, "cross_origin", gettext(FROM_ELSEWHERE), template="errors/400.html")
            await answer(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _is_ours(self, headers: Headers) -> bool:
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if origin is not None and origin in self.origins:
            return True
        if site is not None:
            return site in ("same-origin", "none")
        return origin is None


def file_taken(scope: Scope) -> type[FileTooLarge] | None:
    if scope["method"] != "POST":
        return None
    return next((too_large for path, too_large in TAKE_FILES if path.fullmatch(scope["path"])), None)


class BodyClock:
    """A body that takes over 15 seconds is answered 408."""

    def __init__(self, app: ASGIApp, seconds: float = BODY_SECONDS, file_seconds: float = FILE_SECONDS) -> None:
        self.app, self.seconds, self.file_seconds = app, seconds, file_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + (self.file_seconds if file_taken(scope) else self.seconds)
        is_read = False

        async def timed_receive() -> Message:
            nonlocal is_read
            if is_read:
                return await receive()
            async with asyncio.timeout_at(deadline):
                message = await receive()
            is_read = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        try:
            await self.app(scope, timed_receive, send)
        except TimeoutError:
            if is_read:
                raise
            too_slow = HTTPException(408, headers={"connection": "close"})
            await (await show_http_problem(Request(scope), too_slow))(scope, receive, send)


class BodyLimit:
    """Refuse a body by its stated length, else as soon as it is over. Where a file is taken the page is told and may
    re-show its form.
    """

    def __init__(self, app: ASGIApp, most: int = BODY_LIMIT) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        file = file_taken(scope)
        most = self.most + (file.limit if file else 0)
        declared = Headers(scope=scope).get("content-length", "")
        is_over = declared.isdecimal() and int(declared[-20:]) > most
        if is_over and file is None:
            await (await show_http_problem(Request(scope), HTTPException(413)))(scope, receive, send)
            return
        n_octets = 0

        async def counted_receive() -> Message:
            nonlocal n_octets
            if is_over and file is not None:
                raise file(field=FILE_FIELD)
            message = await receive()
            n_octets += len(message.get("body", b""))
            if n_octets > most:
                raise file(field=FILE_FIELD) if file else HTTPException(413)
            return message

        await self.app(scope, counted_receive, send)


class RequestId:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope.setdefault("state", {})["request_id"] = request_id()
        await self.app(scope, receive, send)


LANGUAGE_COOKIE = "idioma"
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
        asked = request.query_params.get(LANGUAGE_COOKIE)
        chosen = choose_language(
            asked, request.cookies.get(LANGUAGE_COOKIE), request.headers.get("accept-language", ""), self.offered
        )
        set_language(chosen)
        is_kept = asked in self.offered and not scope["path"].startswith(self.forgetting)

        async def send_with_language(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-language", chosen)
                if is_kept:
                    headers.append("set-cookie", f"{LANGUAGE_COOKIE}={chosen}; {self.attributes}")
            await send(message)

        await self.app(scope, receive, send_with_language)
