"""`/i/{token}`"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.certificates.ceremony.forms import NameReadForm
from trainings.certificates.issuing import names
from trainings.certificates.models import ConfirmedHow
from trainings.db import keyring
from trainings.lib import tokens
from trainings.lib.crypt import BadSignature
from trainings.panel.people import group_page
from trainings.panel.people.own_page import show_own
from trainings.registrations.links import claim_link
from trainings.registrations.models import LinkScope, OwnLink
from trainings.registrations.own import group_actions
from trainings.registrations.own.forms import ClaimForm
from trainings.registrations.own.queries import group_of, is_personal, open_link, open_with_registration
from trainings.registrations.own.ticket import Ticket
from trainings.registrations.own.views import (
    OWN,
    back,
    base_of,
    changeable,
    code_of,
    lead_to,
    names_of,
    personal,
    ticket_for,
    token_page,
)
from trainings.registrations.queries import around
from trainings.registrations.seats import actions
from trainings.registrations.seats.actions import NameOfBefore
from trainings.registrations.signup.forms import RenameForm
from trainings.registrations.signup.limits import check_rejoin
from trainings.web.allow import HOLDER, allow
from trainings.web.forms import FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext

CLAIM_SECONDS = 86_400


@allow(HOLDER)
async def show(request: Request) -> Response:
    link = await open_with_registration(request.path_params["token"])
    if link.registration is None:
        return await group_page.show_group(request, await group_of(link))
    ticket = await ticket_for(await around(link.registration))
    return await show_own(request, ticket) if await is_personal(link) else await _show_unclaimed(request, ticket, link)


async def _show_unclaimed(request: Request, ticket: Ticket, link: OwnLink) -> Response:
    """The link's next address is made here, so that claiming twice is claiming once."""
    sign = keyring().sign
    context = {
        "ticket": ticket,
        "hub": ticket.own.registration.training.hub,
        "base": base_of(request),
        "qr": code_of(ticket),
        "claim": sign(tokens.own_link(), salt=_salt(link.token_hash), now=clock.now()),
    }
    return await token_page(request, "panel/people/claim.html", context)


def _salt(token_hash: str) -> str:
    return f"claim:{token_hash}"


@allow(HOLDER)
async def claim(request: Request) -> Response:
    """«Este boleto es mío»: on to the link's new address, which nobody else holds."""
    token = tokens.read_own_link(request.path_params["token"]) or ""
    form = check(ClaimForm, await read_form(request))
    salt = _salt(tokens.digest(token, "own"))
    try:
        new_token = keyring().unsign(form.claim, salt=salt, max_age=CLAIM_SECONDS, now=clock.now())
    except BadSignature:
        new_token = tokens.own_link()
    await claim_link(token, new_token, actor=HOLDER_OF_LINK)
    return back(f"/i/{new_token}", gettext(N_("Listo, este boleto es suyo. Guarde la dirección de esta página.")))


@allow(HOLDER)
async def rename(request: Request) -> Response:
    ticket = await changeable(request)
    typed = await read_form(request)
    try:
        form = check(RenameForm, typed)
        key = ticket.own.registration.id
        await names.correct(key, form.given_names, form.surnames, ConfirmedHow.OWN_LINK, actor=HOLDER_OF_LINK)
    except (FormErrors, NameOfBefore, names.LetterNotPrintable, names.AlreadyValid, names.PaperInHand) as error:
        typed, status = as_refused(typed, error)
        return await show_own(request, ticket, name_form=typed, status=status)
    return back(base_of(request), gettext(N_("Listo. Así se escribirá su nombre en el diploma.")))


@allow(HOLDER)
async def confirm_name(request: Request) -> Response:
    """«Sí, así se escribe»: the name that was shown."""
    ticket = await changeable(request)
    form, registration = check(NameReadForm, await read_form(request)), ticket.own.registration
    try:
        await names.confirm(registration.id, ConfirmedHow.OWN_LINK, actor=HOLDER_OF_LINK, name=form.name)
    except (names.NameChanged, names.LetterNotPrintable, names.AlreadyValid, names.PaperInHand) as refusal:
        name_form = Typed.of(names_of(registration)).refused(refusal)
        return await show_own(request, ticket, name_form=name_form, status=refusal.status)
    return back(base_of(request), gettext(N_("Gracias. Así se imprimirá su nombre en el diploma.")))


# -- cancelling and coming back, alone or all together


@allow(HOLDER)
async def confirm_cancel(request: Request) -> Response:
    link = await open_link(request.path_params["token"])
    if link.scope is LinkScope.GROUP:
        return await group_page.confirm_cancel_all(request, await group_of(link))
    ticket = await personal(request)
    if ticket.is_cancelled or not ticket.can_change:
        return lead_to(base_of(request))
    context = {"ticket": ticket, "base": base_of(request), "home": base_of(request), "who": "oneself", "others": []}
    return await token_page(request, "panel/people/cancel.html", context)


@allow(HOLDER)
async def cancel(request: Request) -> Response:
    link = await open_link(request.path_params["token"])
    if link.scope is LinkScope.GROUP:
        return await group_page.cancel_all(request, await group_of(link))
    ticket = await changeable(request)
    await actions.cancel(ticket.own.registration.id, actor=HOLDER_OF_LINK)
    return back(base_of(request), gettext(N_("Su inscripción está cancelada. Gracias por avisar.")))


@allow(HOLDER)
async def rejoin(request: Request) -> Response:
    """At the end of the list where no place is left; a refusal is said on the page."""
    link = await open_link(request.path_params["token"])
    if link.scope is LinkScope.GROUP:
        return await group_page.rejoin_all(request, await group_of(link))
    ticket = await changeable(request)
    await check_rejoin(ticket.own.registration)
    await group_actions.rejoin_member(ticket.own.registration.id, actor=HOLDER_OF_LINK)
    return back(base_of(request), gettext(N_("Listo. Su inscripción vale otra vez.")))


routes: list[BaseRoute] = [
    Route(OWN, show),
    Route(OWN + "/mio", claim, methods=["POST"]),
    Route(OWN + "/nombre", rename, methods=["POST"]),
    Route(OWN + "/nombre/bien", confirm_name, methods=["POST"]),
    Route(OWN + "/cancelar", confirm_cancel),
    Route(OWN + "/cancelar", cancel, methods=["POST"]),
    Route(OWN + "/volver", rejoin, methods=["POST"]),
]
