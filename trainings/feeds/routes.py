"""`/cal/…`: public calendars. Mounted apart: no session, no cookie, no compression layer."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.feeds.conditional import asked_in
from trainings.feeds.memory import answer
from trainings.feeds.scopes import ScopeKind
from trainings.web.allow import PUBLIC, allow


@allow(PUBLIC)
async def municipality(request: Request) -> Response:
    return await answer(ScopeKind.MUNICIPALITY, request.path_params["slug"], asked_in(request.scope))


@allow(PUBLIC)
async def hub(request: Request) -> Response:
    return await answer(ScopeKind.HUB, request.path_params["slug"], asked_in(request.scope))


@allow(PUBLIC)
async def topic(request: Request) -> Response:
    return await answer(ScopeKind.TOPIC, request.path_params["slug"], asked_in(request.scope))


@allow(PUBLIC)
async def country(request: Request) -> Response:
    return await answer(ScopeKind.COUNTRY, "", asked_in(request.scope))


routes: list[BaseRoute] = [
    Route("/municipio/{slug}.ics", municipality),
    Route("/ventanilla/{slug}.ics", hub),
    Route("/tema/{slug}.ics", topic),
    Route("/guatemala.ics", country),
]
