from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.audit.actor import FILLER_OF_FORM, HOLDER_OF_LINK, Actor
from trainings.registrations.eligibility import CannotChange
from trainings.registrations.models import LinkScope
from trainings.registrations.own.forms import ChildcareForm
from trainings.registrations.own.queries import by_own_link, group_of, open_link
from trainings.registrations.own.ticket import Ticket
from trainings.registrations.own.views import (
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
from trainings.registrations.seats.actions import fewer_places
from trainings.registrations.seats.allocation import NoOffer
from trainings.registrations.seats.waiting import accept_offer, answer_alone, decline_offer
from trainings.web.allow import HOLDER, allow
from trainings.web.forms import check, read_form
from trainings.web.i18n import N_, gettext, ngettext


@dataclass(frozen=True, slots=True)
class _Answering:
    """`n_yes`, `n_no`: people it counts for; a no leaves out claimed links."""

    ticket: Ticket
    actor: Actor
    n_yes: int = 1
    n_no: int = 1

    async def say(self, act: Callable[..., Awaitable[None]]) -> None:
        registration = self.ticket.own.registration
        if self.actor == FILLER_OF_FORM:
            await act(registration.group_id, actor=self.actor)
        else:
            await answer_alone(act, registration.id, actor=self.actor)


async def _answering(request: Request) -> _Answering:
    link = await open_link(request.path_params["token"])
    if link.scope is LinkScope.GROUP:
        group = await group_of(link)
        n_yes, n_no = len(group.live), len(group.in_reach)
        return _Answering(lead_of(await members_of(group)), FILLER_OF_FORM, n_yes, n_no)
    return _Answering(await ticket_for(await by_own_link(request.path_params["token"])), HOLDER_OF_LINK)


@allow(HOLDER)
async def accept(request: Request) -> Response:
    answering = await _answering(request)
    if answering.ticket.is_cancelled:
        raise NoOffer
    await answering.say(accept_offer)
    thanks = ngettext("Listo. El lugar es suyo.", "Listo. Los lugares son suyos.", answering.n_yes)
    return back(base_of(request), thanks)


@allow(HOLDER)
async def confirm_decline(request: Request) -> Response:
    answering = await _answering(request)
    if not answering.ticket.is_offered or not answering.n_no:
        return lead_to(base_of(request))
    context = {"ticket": answering.ticket, "base": base_of(request), "n": answering.n_no}
    return await token_page(request, "registrations/own/decline.html", context)


@allow(HOLDER)
async def decline(request: Request) -> Response:
    answering = await _answering(request)
    if not answering.ticket.is_cancelled:
        await answering.say(decline_offer)
    thanks = ngettext(
        "Gracias por avisar. El lugar pasa a quien sigue en la lista.",
        "Gracias por avisar. Los lugares pasan a quien sigue en la lista.",
        answering.n_no,
    )
    of_others = await said_of_others(request) if answering.actor == FILLER_OF_FORM else ""
    return back(base_of(request), of_others or thanks)


@allow(HOLDER)
async def change_childcare(request: Request) -> Response:
    answering = await _answering(request)
    if answering.actor == HOLDER_OF_LINK and not answering.ticket.answers_for_all:
        raise CannotChange
    form = check(ChildcareForm, await read_form(request))
    group_id = answering.ticket.own.registration.group_id
    await fewer_places(group_id, form.childcare_places, actor=answering.actor)
    return back(base_of(request), gettext(N_("Listo. Los lugares de cuidado que suelta sirven a otra familia.")))


routes: list[BaseRoute] = [
    Route(OWN + "/acepto", accept, methods=["POST"]),
    Route(OWN + "/no-puedo", confirm_decline),
    Route(OWN + "/no-puedo", decline, methods=["POST"]),
    Route(OWN + "/cuidado", change_childcare, methods=["POST"]),
]
