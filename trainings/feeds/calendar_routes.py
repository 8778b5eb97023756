"""`/cal/…`. Mounted apart: no session, no cookie, no compression layer."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.feeds.facilitator import answer_to, holder_of
from trainings.feeds.memory import answer
from trainings.feeds.scopes import read_address
from trainings.web.allow import HOLDER, PUBLIC, allow
from trainings.web.conditional import asked_in


@allow(PUBLIC)
async def feed(request: Request) -> Response:
    kind, slug, filtered_by = read_address(request.path_params)
    return await answer(kind, slug, asked_in(request.scope), filtered_by)


@allow(HOLDER)
async def facilitator(request: Request) -> Response:
    user = await holder_of(request.path_params["token"])
    return await answer_to(user, asked_in(request.scope))


routes: list[BaseRoute] = [
    Route("/facilitador/{token}.ics", facilitator),
    Route("/guatemala.ics", feed, name="feed_country"),
    Route("/guatemala/{by}/{code}.ics", feed, name="feed_country_filtered"),
    Route("/{kind}/{slug}.ics", feed),
    Route("/{kind}/{slug}/{by}/{code}.ics", feed, name="feed_filtered"),
]
