"""`/panel/cuenta/calendario`: a person's secret calendar address, shown once."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import STAFF
from trainings.feeds import facilitator
from trainings.feeds.links import feed_links
from trainings.lib import qr
from trainings.web.allow import allow
from trainings.web.i18n import _
from trainings.web.render import redirect, render, token_page_headers

PAGE = "/panel/cuenta/calendario"


@allow(*STAFF)
async def show(request: Request) -> Response:
    link = await facilitator.own_secret_link(request.state.actor.id)
    return render(request, "feeds/secret.html", {"link": link})


@allow(*STAFF)
async def make(request: Request) -> Response:
    """A page, not a redirect: the address stands in this answer only."""
    token = await facilitator.make_secret_link(actor=request.state.actor)
    links = feed_links(facilitator.secret_path(token), _("Mis sesiones y actividades"))
    context = {"links": links, "qr": qr.svg_path(links.webcal, "M")}
    return render(request, "feeds/secret_made.html", context, headers=token_page_headers())


@allow(*STAFF)
async def revoke(request: Request) -> Response:
    await facilitator.revoke_secret_link(actor=request.state.actor)
    return redirect(PAGE, _("Listo. La dirección de su calendario ya no abre nada."))


routes: list[BaseRoute] = [
    Route(PAGE, show),
    Route(PAGE, make, methods=["POST"]),
    Route(f"{PAGE}/anular", revoke, methods=["POST"]),
]
