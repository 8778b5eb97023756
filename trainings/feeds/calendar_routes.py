"""`/cal/…`: public calendars. Mounted apart: no session, no cookie, no compression layer."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.feeds.facilitator import answer_to, holder_of
from trainings.feeds.memory import answer
from trainings.feeds.scopes import ScopeKind, read_filter
from trainings.web.allow import HOLDER, PUBLIC, allow
from trainings.web.conditional import asked_in


@allow(PUBLIC)
async def municipality(request: Request) -> Response:
    return await _answer(request, ScopeKind.MUNICIPALITY)


@allow(PUBLIC)
async def hub(request: Request) -> Response:
    return await _answer(request, ScopeKind.HUB)


@allow(PUBLIC)
async def topic(request: Request) -> Response:
    return await _answer(request, ScopeKind.TOPIC)


@allow(PUBLIC)
async def country(request: Request) -> Response:
    return await _answer(request, ScopeKind.COUNTRY)


@allow(HOLDER)
async def facilitator(request: Request) -> Response:
    user = await holder_of(request.path_params["token"])
    return await answer_to(user, asked_in(request.scope))


async def _answer(request: Request, kind: ScopeKind) -> Response:
    asked = request.path_params
    filtered_by = read_filter(asked["by"], asked["code"]) if "by" in asked else None
    return await answer(kind, asked.get("slug", ""), asked_in(request.scope), filtered_by)


routes: list[BaseRoute] = [
    Route("/municipio/{slug}.ics", municipality),
    Route("/municipio/{slug}/{by}/{code}.ics", municipality),
    Route("/ventanilla/{slug}.ics", hub),
    Route("/ventanilla/{slug}/{by}/{code}.ics", hub),
    Route("/tema/{slug}.ics", topic),
    Route("/tema/{slug}/{by}/{code}.ics", topic),
    Route("/guatemala.ics", country),
    Route("/guatemala/{by}/{code}.ics", country),
    Route("/facilitador/{token}.ics", facilitator),
]
