"""`/panel/inscripciones/{id}/enlace-nuevo`: a new link, as a code for the person at the desk."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK
from trainings.errors import Refusal
from trainings.lib import qr
from trainings.panel.people.person_page import refused
from trainings.registrations.desk.forms import RenewForm
from trainings.registrations.desk.person import ONE, view_at_desk
from trainings.registrations.links import renew_link
from trainings.web.allow import allow
from trainings.web.forms import check, read_form
from trainings.web.render import absolute, render, token_page_headers


@allow(*DESK)
async def renew(request: Request) -> Response:
    """Draws the link this once: staff may not read it. Not a redirect: a page after it would have to keep it. The same
    form again is refused.
    """
    view = await view_at_desk(request)
    registration = view.own.registration
    link_id = check(RenewForm, await read_form(request)).link
    try:
        token = await renew_link(registration.id, link_id, actor=request.state.actor)
    except Refusal as refusal:
        return await refused(request, refusal)
    is_group, own = view.links.group is not None and view.links.group.id == link_id, view.links.own
    context = {
        "registration": registration,
        "is_group": is_group,
        "is_to_be_claimed": not is_group and bool(view.companions) and own is not None and own.claimed_at is None,
        "qr": qr.svg_path(absolute(f"/i/{token}"), "M"),
    }
    return render(request, "panel/people/link.html", context, headers=token_page_headers())


routes: list[BaseRoute] = [Route(ONE + "/enlace-nuevo", renew, methods=["POST"])]
