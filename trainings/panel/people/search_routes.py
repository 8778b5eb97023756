"""`/panel/buscar`"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK, HUB_STAFF
from trainings.errors import WrongInput
from trainings.panel.people.search import LONGEST, Found, search
from trainings.web.allow import allow
from trainings.web.problems import sentence_of
from trainings.web.render import render, render_block

TEMPLATE = "panel/people/search.html"


@allow(*HUB_STAFF)
async def show(request: Request) -> Response:
    """With `parte=lista` what the field shows while somebody types. Looking is not logged: opening a person is."""
    typed, actor = request.query_params.get("q", "").strip(), request.state.actor
    found, refused = Found(), ""
    try:
        found = await search(typed, actor) if typed else found
    except WrongInput as refusal:
        refused = sentence_of(refusal)
    context = {
        "looked_for": typed[:LONGEST],
        "found": found,
        "refused": refused,
        "by_phone": actor.has_any(DESK),
    }
    status = WrongInput.status if refused else 200
    if request.query_params.get("parte") == "lista":
        return HTMLResponse(render_block(TEMPLATE, "people", context), status, {"cache-control": "no-store"})
    return render(request, TEMPLATE, context, status=status)


routes: list[BaseRoute] = [Route("/panel/buscar", show)]
