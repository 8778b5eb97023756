"""`/cal/…`: public calendars, from memory. Mounted apart: no session, no cookie, no compression layer."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.feeds.conditional import accepts_gzip, http_date, is_unchanged
from trainings.feeds.memory import feed
from trainings.feeds.scopes import ScopeKind
from trainings.web.allow import PUBLIC, allow

CACHING = "public, max-age=900, stale-while-revalidate=86400, stale-if-error=604800"


async def _answer(request: Request, kind: ScopeKind, slug: str) -> Response:
    """The bytes in the encoding asked for, or 304 where the client has them. Whatever Accept says, it is a calendar."""
    rendered = await feed(kind, slug)
    is_gzip = accepts_gzip(request.headers)
    etag = rendered.etag_gzip if is_gzip else rendered.etag
    headers = {
        "etag": etag,
        "last-modified": http_date(rendered.last_modified),
        "cache-control": CACHING,
        "vary": "accept-encoding",
    }
    if is_unchanged(request.headers, etag, rendered.last_modified):
        return Response(status_code=304, headers=headers)
    headers["content-disposition"] = f'inline; filename="{rendered.scope.filename}"'
    if is_gzip:
        headers["content-encoding"] = "gzip"
    return Response(
        rendered.gzipped if is_gzip else rendered.plain, media_type="text/calendar; charset=utf-8", headers=headers
    )


@allow(PUBLIC)
async def municipality(request: Request) -> Response:
    return await _answer(request, ScopeKind.MUNICIPALITY, request.path_params["slug"])


@allow(PUBLIC)
async def hub(request: Request) -> Response:
    return await _answer(request, ScopeKind.HUB, request.path_params["slug"])


@allow(PUBLIC)
async def topic(request: Request) -> Response:
    return await _answer(request, ScopeKind.TOPIC, request.path_params["slug"])


@allow(PUBLIC)
async def country(request: Request) -> Response:
    return await _answer(request, ScopeKind.COUNTRY, "")


routes: list[BaseRoute] = [
    Route("/municipio/{slug}.ics", municipality),
    Route("/ventanilla/{slug}.ics", hub),
    Route("/tema/{slug}.ics", topic),
    Route("/guatemala.ics", country),
]
