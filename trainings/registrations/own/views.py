from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from trainings.db import reads
from trainings.errors import Refusal
from trainings.lib import qr
from trainings.lib.calling import call_links
from trainings.lib.phones import is_landline
from trainings.people.consents import without_permission
from trainings.people.models import AgeGroup
from trainings.people.words import NEEDS
from trainings.registrations.eligibility import CannotChange, HasOwnLink
from trainings.registrations.models import Author, Farewell, LinkScope, Registration, RegistrationState, read_needs
from trainings.registrations.own.erasures import erasures_of
from trainings.registrations.own.queries import (
    OwnGroup,
    by_group_link,
    by_own_link,
    came_back,
    cared_for,
    guardians_of,
    is_personal,
    open_link,
)
from trainings.registrations.own.ticket import Ticket, ticket_of
from trainings.registrations.queries import OwnRegistration, position_on_waiting_list
from trainings.registrations.seats.entering import left_last
from trainings.registrations.words import CANCELLED_BY, NEED_ANSWERS, PERMITTED_BY, said_of
from trainings.schedule.public.sentences import listing
from trainings.web.flash import flash
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.render import absolute, redirect, render, token_page_headers


class KeptApart(Refusal):
    sentence = N_(
        "Ya participó antes con nosotros. Para cuidar sus datos, se ven y se cambian solo con el enlace de su primera "
        "inscripción, o en la ventanilla."
    )


TO_ONESELF = N_("Este enlace abre mi inscripción. No lo reenvíe: %(address)s")
OWN = "/i/{token}"
OTHER_TICKET = N_("Ya estaba inscrita: vale el otro boleto.")
MEMBER = OWN + "/{registration_id:uuid}"


# -- addresses


def base_of(request: Request) -> str:
    return f"/i/{request.path_params['token']}"


def member_of(request: Request, registration: Registration) -> str:
    return f"{base_of(request)}/{registration.id}"


def place_of(request: Request) -> str:
    """The page of the link, or of the group member in the address."""
    member_id = request.path_params.get("registration_id")
    return f"{base_of(request)}/{member_id}" if member_id else base_of(request)


def to_oneself(request: Request, phone: str | None) -> str:
    """A chat with the number typed for this person, with this link and nothing that tells more. Empty without a number
    that takes messages.
    """
    if phone is None or is_landline(phone):
        return ""
    return call_links(phone, gettext(TO_ONESELF) % {"address": absolute(base_of(request))}).whatsapp


def home_of(request: Request) -> str:
    return f"{place_of(request)}/cambiar" if "registration_id" in request.path_params else base_of(request)


# -- who is meant


async def ticket_for(own: OwnRegistration) -> Ticket:
    group = own.registration.group
    return ticket_of(own, await position_on_waiting_list(own.registration), group.offered_before)


async def personal(request: Request) -> Ticket:
    token, member_id = request.path_params["token"], request.path_params.get("registration_id")
    return await ticket_for(await (cared_for(token, member_id) if member_id else by_own_link(token)))


async def changeable(request: Request) -> Ticket:
    """Refuses (CannotChange) once the link shows only certificates and own data."""
    return _while_it_lasts(await personal(request))


async def known(request: Request) -> Ticket:
    """Refuses (KeptApart) a person who came back by a code."""
    ticket = await personal(request)
    if await came_back(ticket.own.registration):
        raise KeptApart
    return ticket


async def changeable_member(request: Request) -> tuple[OwnGroup, Ticket]:
    """Refuses (HasOwnLink) a member with a claimed link."""
    group = await by_group_link(request.path_params["token"])
    own = group.one(request.path_params["registration_id"])
    if group.is_claimed(own.registration):
        raise HasOwnLink
    return group, _while_it_lasts(await ticket_for(own))


async def said_of_others(request: Request) -> str:
    """After a group cancelled: people whose registrations still stand, or empty."""
    standing = [one.participant.full_name for one in (await by_group_link(request.path_params["token"])).live]
    if not standing:
        return ""
    words = ngettext(
        "Listo, menos la inscripción de %(names)s: tiene su propio enlace y solo desde ahí se cancela.",
        "Listo, menos las inscripciones de %(names)s: tienen su propio enlace y solo desde ahí se cancelan.",
        len(standing),
    )
    return words % {"names": listing(standing)}


async def looked_after(token: str) -> list[UUID]:
    link = await open_link(token)
    if link.scope is LinkScope.GROUP:
        minors = [one for one in AgeGroup if one.is_minor]
        found = reads(Registration).filter(group_id=link.group_id, participant__age_group__in=minors)
        return [key for (key,) in await found.values_list("id")]
    return [link.registration_id] if link.registration_id and await is_personal(link) else []


def _while_it_lasts(ticket: Ticket) -> Ticket:
    if ticket.own.is_only_archive:
        raise CannotChange
    return ticket


# -- what is shown


@dataclass(frozen=True)
class Member:
    """`about`: a line under the name. `why_off`: cancelled, not by their wish."""

    ticket: Ticket
    about: str
    is_claimed: bool
    has_link: bool
    may_come_back: bool
    why_off: Farewell | None

    @property
    def id(self) -> UUID:
        return self.ticket.own.registration.id

    @property
    def code(self) -> tuple[int, str] | None:
        return code_of(self.ticket)

    @property
    def may_hand_over(self) -> bool:
        return self.has_link and not self.is_claimed


async def members_of(group: OwnGroup) -> list[Member]:
    position = await position_on_waiting_list(group.members[0])
    guardians = await guardians_of(group.members)
    returning = await _returning(group)
    members = []
    for one in group.members:
        guardian = guardians.get(one.participant_id)
        permitted = PERMITTED_BY[guardian.relation] if guardian is not None else N_("Menor de edad")
        about = permitted if one.participant.is_minor else N_("Persona adulta")
        if one.state is RegistrationState.CANCELLED:
            said = said_of(CANCELLED_BY, Author.FILLER, one.cancelled_by, one.cancelled_at)
            is_joined, was_off = one.joined_to_id is not None, one.taken_off is not None
            about = OTHER_TICKET if is_joined else N_("Sin lugar") if was_off else said or N_("Canceló")
        members.append(
            Member(
                ticket=ticket_of(group.one(one.id), position, group.group.offered_before),
                about=gettext(about),
                is_claimed=group.is_claimed(one),
                has_link=one.id in group.links,
                may_come_back=one in returning,
                why_off=one.taken_off if one.state is RegistrationState.CANCELLED else None,
            )
        )
    return members


async def _returning(group: OwnGroup) -> Sequence[Registration]:
    gone = await without_permission([one.participant_id for one in group.members])
    free = [one for one in group.members if one.joined_to_id is None and not group.is_claimed(one)]
    able = [one for one in free if one.participant_id not in gone]
    return able if group.group.state is not RegistrationState.CANCELLED else left_last(able)


def lead_of(members: Sequence[Member]) -> Ticket:
    return next((one.ticket for one in members if not one.ticket.is_cancelled), members[0].ticket)


def lacking_care(own: OwnRegistration) -> str:
    """Why somebody waits although seats are free, or empty."""
    registration = own.registration
    group, training = registration.group, registration.training
    if registration.state is not RegistrationState.WAITLISTED or not group.childcare_places:
        return ""
    left = training.n_childcare_free
    if group.n_people > training.n_free or group.childcare_places <= left:
        return ""
    why = ngettext(
        "Para venir hay lugar. Lo que falta es cuidado infantil: pidió %(asked)s y queda %(num)s.",
        "Para venir hay lugar. Lo que falta es cuidado infantil: pidió %(asked)s y quedan %(num)s.",
        left,
    )
    way_out = gettext(N_("Si puede venir con menos, dígalo abajo: no pierde su lugar en la lista."))
    return f"{why % {'asked': group.childcare_places, 'num': left}} {way_out}"


def code_of(ticket: Ticket) -> tuple[int, str] | None:
    """(size, path) of the QR."""
    token = scannable(ticket)
    return qr.svg_path(token) if token else None


def scannable(ticket: Ticket) -> str | None:
    """None without a confirmed place."""
    is_shown = ticket.has_code and not ticket.is_offered and not ticket.own.is_only_archive
    return ticket.own.registration.qr_token if is_shown else None


def names_of(registration: Registration) -> dict[str, str]:
    person = registration.participant
    return {"given_names": person.given_names, "surnames": person.surnames}


def needs_in_words(ticket: Ticket) -> list[tuple[str, str]]:
    needs = read_needs(ticket.own.registration.needs).items()
    return [(gettext(NEEDS[code]), gettext(NEED_ANSWERS[state])) for code, state in needs if code in NEEDS]


async def token_page(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    *,
    status: int = 200,
    of: Collection[UUID] | None = None,
) -> Response:
    """Never cached. Says on top whose data are about to be erased. `of`: as `looked_after` would find them."""
    erasures = await erasures_of(await looked_after(request.path_params["token"]) if of is None else of)
    context = {**context, "link": base_of(request), "erasures": erasures}
    return render(request, template, context, status=status, headers=token_page_headers())


def lead_to(path: str) -> Response:
    response = redirect(path)
    response.headers.update(token_page_headers())
    return response


def back(path: str, sentence: str) -> Response:
    response = lead_to(path)
    flash(response, sentence)
    return response


def file_headers(name: str) -> Mapping[str, str]:
    return token_page_headers() | {"content-disposition": f'attachment; filename="{name}"'}
