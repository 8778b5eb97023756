"""`/panel/reloj`: staff confirm the clock, while deletion stands still because of it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import CLOCK_KEEPERS
from trainings.privacy.guard import say_clock_is_right
from trainings.web.allow import allow
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect


@allow(*CLOCK_KEEPERS)
async def clock_is_right(request: Request) -> Response:
    await say_clock_is_right(actor=request.state.actor)
    return redirect("/panel", gettext(N_("Anotado. En unas horas se vuelve a borrar lo que toca.")))


routes: list[BaseRoute] = [
    Route("/panel/reloj", clock_is_right, methods=["POST"]),
]
