from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.audit.actor import FILLER_OF_FORM
from trainings.certificates.ceremony.forms import NameReadForm
from trainings.certificates.issuing import names
from trainings.certificates.models import ConfirmedHow
from trainings.errors import Refusal, TooMany
from trainings.lib import qr
from trainings.panel.people.group_page import show_group, show_member
from trainings.registrations.own import group_actions
from trainings.registrations.own.queries import by_group_link
from trainings.registrations.own.views import (
    MEMBER,
    back,
    base_of,
    changeable_member,
    lead_to,
    member_of,
    names_of,
    place_of,
    ticket_for,
    token_page,
)
from trainings.registrations.queries import UnknownLink
from trainings.registrations.seats import actions
from trainings.registrations.seats.actions import NameOfBefore
from trainings.registrations.signup.forms import RenameForm
from trainings.registrations.signup.limits import check_rejoin
from trainings.web.allow import HOLDER, allow
from trainings.web.forms import FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import absolute

# -- one of them


@allow(HOLDER)
async def change(request: Request) -> Response:
    _group, ticket = await changeable_member(request)
    return await show_member(request, ticket)


@allow(HOLDER)
async def rename(request: Request) -> Response:
    _group, ticket = await changeable_member(request)
    typed = await read_form(request)
    try:
        form = check(RenameForm, typed)
        how = ConfirmedHow.OWN_LINK if ticket.is_minor else None
        key = ticket.own.registration.id
        await names.correct(key, form.given_names, form.surnames, how, actor=FILLER_OF_FORM)
    except (FormErrors, NameOfBefore, names.LetterNotPrintable, names.AlreadyValid, names.PaperInHand) as error:
        typed, status = as_refused(typed, error)
        return await show_member(request, ticket, name_form=typed, status=status)
    return back(base_of(request), gettext(N_("Listo. Así se escribirá el nombre en el diploma.")))


@allow(HOLDER)
async def confirm_name(request: Request) -> Response:
    """Only a minor's name: adults confirm theirs by their own link."""
    _group, ticket = await changeable_member(request)
    registration = ticket.own.registration
    if not ticket.is_minor:
        raise UnknownLink
    form = check(NameReadForm, await read_form(request))
    try:
        await names.confirm(registration.id, ConfirmedHow.OWN_LINK, actor=FILLER_OF_FORM, name=form.name)
    except (names.NameChanged, names.LetterNotPrintable, names.AlreadyValid, names.PaperInHand) as refusal:
        name_form = Typed.of(names_of(registration)).refused(refusal)
        return await show_member(request, ticket, name_form=name_form, status=refusal.status)
    return back(f"{place_of(request)}/cambiar", gettext(N_("Gracias. Así se imprimirá el nombre en el diploma.")))


@allow(HOLDER)
async def confirm_cancel(request: Request) -> Response:
    group, ticket = await changeable_member(request)
    if ticket.is_cancelled or not ticket.can_change:
        return lead_to(base_of(request))
    others = [one for one in group.live if one.id != ticket.own.registration.id]
    context = {
        "ticket": ticket,
        "base": member_of(request, ticket.own.registration),
        "home": base_of(request),
        "who": "member",
        "others": [one.participant.full_name for one in others],
        "leaves_minors": not ticket.is_minor and all(one.participant.is_minor for one in others),
    }
    return await token_page(request, "panel/people/cancel.html", context)


@allow(HOLDER)
async def cancel(request: Request) -> Response:
    _group, ticket = await changeable_member(request)
    await actions.cancel(ticket.own.registration.id, actor=FILLER_OF_FORM)
    sentence = gettext(N_("La inscripción de esa persona está cancelada. Gracias por avisar."))
    return back(base_of(request), sentence)


@allow(HOLDER)
async def rejoin(request: Request) -> Response:
    group, ticket = await changeable_member(request)
    registration = ticket.own.registration
    await check_rejoin(registration)
    try:
        await group_actions.rejoin_member(registration.id, actor=FILLER_OF_FORM)
    except TooMany:
        raise
    except Refusal as refusal:
        return await show_group(request, group, refused=refusal, status=refusal.status)
    return back(base_of(request), gettext(N_("Listo. Esa inscripción vale otra vez.")))


@allow(HOLDER)
async def hand_over(request: Request) -> Response:
    """The own link as a code to scan or copy; a claimed link is shown no more."""
    group = await by_group_link(request.path_params["token"])
    ticket = await ticket_for(group.one(request.path_params["registration_id"]))
    link = group.links.get(ticket.own.registration.id)
    if link is None or link.claimed_at is not None or link.token is None:
        return lead_to(base_of(request))
    address = absolute(f"/i/{link.token}")
    context = {
        "ticket": ticket,
        "base": base_of(request),
        "address": address,
        "own": f"/i/{link.token}",
        "qr": qr.svg_path(address, "M"),
    }
    return await token_page(request, "panel/people/handover.html", context)


routes: list[BaseRoute] = [
    Route(MEMBER + "/cambiar", change),
    Route(MEMBER + "/nombre", rename, methods=["POST"]),
    Route(MEMBER + "/nombre/bien", confirm_name, methods=["POST"]),
    Route(MEMBER + "/cancelar", confirm_cancel),
    Route(MEMBER + "/cancelar", cancel, methods=["POST"]),
    Route(MEMBER + "/volver", rejoin, methods=["POST"]),
    Route(MEMBER + "/enlace", hand_over),
]
