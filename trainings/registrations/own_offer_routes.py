"""What is said for all who signed up together, behind their link: yes or no to a place that is kept, fewer children."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.audit.actor import FILLER_OF_FORM, HOLDER_OF_LINK, Actor
from trainings.registrations.childcare import fewer_places
from trainings.registrations.eligibility import CannotChange
from trainings.registrations.models import LinkScope
from trainings.registrations.own_forms import ChildcareForm
from trainings.registrations.own_queries import by_own_link, group_of, open_link
from trainings.registrations.own_views import (
    OWN,
    back,
    base_of,
    lead_of,
    lead_to,
    members_of,
    said_of_others,
    ticket_for,
    token_page,
)
from trainings.registrations.ticket import Ticket
from trainings.registrations.waiting import NoOffer, accept_offer, decline_offer
from trainings.web.allow import HOLDER, allow
from trainings.web.forms import check, read_form
from trainings.web.i18n import N_, gettext, ngettext

if TYPE_CHECKING:
    from starlette.requests import Request


async def _answering(request: Request) -> tuple[Ticket, int, Actor]:
    """Who answers, and for how many: for a family its link, but for those who have their own; for one person theirs."""
    link = await open_link(request.path_params["token"])
    if link.scope is LinkScope.GROUP:
        group = await group_of(link)
        return lead_of(await members_of(group)), len(group.in_reach), FILLER_OF_FORM
    ticket = await ticket_for(await by_own_link(request.path_params["token"]))
    if not ticket.answers_for_all:
        raise CannotChange
    return ticket, 1, HOLDER_OF_LINK


@allow(HOLDER)
async def accept(request: Request) -> Response:
    ticket, n_people, actor = await _answering(request)
    if ticket.is_cancelled:
        raise NoOffer
    await accept_offer(ticket.own.registration.group_id, actor=actor)
    return back(base_of(request), ngettext("Listo. El lugar es suyo.", "Listo. Los lugares son suyos.", n_people))


@allow(HOLDER)
async def confirm_decline(request: Request) -> Response:
    """What is lost by saying no; nothing to ask where nothing is offered."""
    ticket, n_people, _actor = await _answering(request)
    if not ticket.is_offered or not n_people:
        return lead_to(base_of(request))
    context = {"ticket": ticket, "base": base_of(request), "n": n_people}
    return await token_page(request, "registrations/decline.html", context)


@allow(HOLDER)
async def decline(request: Request) -> Response:
    ticket, n_people, actor = await _answering(request)
    if not ticket.is_cancelled:
        await decline_offer(ticket.own.registration.group_id, actor=actor)
    thanks = ngettext(
        "Gracias por avisar. El lugar pasa a quien sigue en la lista.",
        "Gracias por avisar. Los lugares pasan a quien sigue en la lista.",
        n_people,
    )
    return back(base_of(request), (await said_of_others(request) if actor == FILLER_OF_FORM else "") or thanks)


@allow(HOLDER)
async def change_childcare(request: Request) -> Response:
    ticket, _n_people, actor = await _answering(request)
    form = check(ChildcareForm, await read_form(request))
    await fewer_places(ticket.own.registration.group_id, form.childcare_places, actor=actor)
    return back(base_of(request), gettext(N_("Listo. Los lugares de cuidado que suelta sirven a otra familia.")))


routes: list[BaseRoute] = [
    Route(OWN + "/acepto", accept, methods=["POST"]),
    Route(OWN + "/no-puedo", confirm_decline),
    Route(OWN + "/no-puedo", decline, methods=["POST"]),
    Route(OWN + "/cuidado", change_childcare, methods=["POST"]),
]
