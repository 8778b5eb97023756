"""`/panel/orientaciones`: orientations given at the desk, by subject, counted with a touch each."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import DESK, can_tally_orientations
from trainings.audit.actor import Actor
from trainings.outreach.forms import TallyForm
from trainings.outreach.tallies import tallies_of, tally
from trainings.outreach.words import SUBJECTS
from trainings.places.models import Hub
from trainings.places.queries import hubs_visible_to, one_of
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

INDEX = "/panel/orientaciones"


@allow(*DESK)
async def index(request: Request) -> Response:
    hubs = await _hubs(request.state.actor)
    hub = next((hub for hub in hubs if hub.slug == request.query_params.get("ventanilla")), hubs[0] if hubs else None)
    tallies = await tallies_of(hub.id, clock.today()) if hub is not None else []
    context = {
        "here": "semana",
        "hub": hub,
        "hubs": hubs if len(hubs) > 1 else [],
        "tallies": [(gettext(SUBJECTS[one.subject]), one) for one in tallies],
        "today": sum(one.today for one in tallies),
        "this_month": sum(one.this_month for one in tallies),
        "now": clock.now(),
    }
    return render(request, "outreach/staff/orientations.html", context)


@allow(*DESK)
async def count(request: Request) -> Response:
    form = check(TallyForm, await read_form(request))
    hub = one_of(await _hubs(request.state.actor), form.hub)
    is_changed = await tally(hub.id, form.subject, form.number)
    response = redirect(f"{INDEX}?ventanilla={hub.slug}#{form.subject}")
    if not is_changed:
        flash(response, gettext(N_("Hoy no hay menos que cero.")), "note")
    return response


async def _hubs(actor: Actor) -> list[Hub]:
    found = await hubs_visible_to(actor)
    return [hub for hub in found if hub.is_active and can_tally_orientations(actor, hub.id)]


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX, count, methods=["POST"]),
]
