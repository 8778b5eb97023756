"""What the pages behind an own link have in common: whose they are, where they lead back, how they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from starlette.responses import Response

from trainings.db import reads
from trainings.errors import Refusal
from trainings.lib import qr
from trainings.people.consent_actions import without_permission
from trainings.people.models import AgeGroup
from trainings.people.words import NEEDS
from trainings.registrations.eligibility import CannotChange, HasOwnLink
from trainings.registrations.models import Author, Farewell, LinkScope, Registration, RegistrationState
from trainings.registrations.needs import read_needs
from trainings.registrations.own.erasures import erasures_of
from trainings.registrations.own.queries import (
    OwnGroup,
    by_group_link,
    by_own_link,
    came_back,
    cared_for,
    guardians_of,
    is_minor,
    is_personal,
    open_link,
)
from trainings.registrations.own.ticket import Ticket, ticket_of
from trainings.registrations.own_words import CANCELLED_BY, NEED_ANSWERS, PERMITTED_BY, said_of
from trainings.registrations.queries import OwnRegistration, position_on_waiting_list
from trainings.registrations.seats.returning import left_last
from trainings.schedule.public.sentences import listing
from trainings.web.flash import flash
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.render import redirect, render, token_page_headers

if TYPE_CHECKING:
    from starlette.requests import Request


class KeptApart(Refusal):
    code = "kept_apart"
    sentence = N_(
        "Ya participó antes con nosotros. Para cuidar sus datos, se ven y se cambian solo con el enlace de su primera "
        "inscripción, o en la ventanilla."
    )


OWN = "/i/{token}"
OTHER_TICKET = N_("Ya estaba inscrita: vale el otro boleto.")
MEMBER = OWN + "/{registration_id:uuid}"


# -- addresses


def base_of(request: Request) -> str:
    """The page of the link itself."""
    return f"/i/{request.path_params['token']}"


def member_of(request: Request, registration: Registration) -> str:
    """The pages about one member of the group."""
    return f"{base_of(request)}/{registration.id}"


def place_of(request: Request) -> str:
    """Where the pages of this person begin: the link itself, or with a group's the member that it names."""
    member_id = request.path_params.get("registration_id")
    return f"{base_of(request)}/{member_id}" if member_id else base_of(request)


def home_of(request: Request) -> str:
    """Where a page about a person leads back to."""
    return f"{place_of(request)}/cambiar" if "registration_id" in request.path_params else base_of(request)


# -- who is meant


async def ticket_for(own: OwnRegistration) -> Ticket:
    group = own.registration.group
    return ticket_of(own, await position_on_waiting_list(own.registration), group.offered_before)


async def personal(request: Request) -> Ticket:
    """The person whose needs, answers and permissions this address opens: oneself, or a minor of the group."""
    token, member_id = request.path_params["token"], request.path_params.get("registration_id")
    return await ticket_for(await (cared_for(token, member_id) if member_id else by_own_link(token)))


async def changeable(request: Request) -> Ticket:
    """The same, unless the link only shows certificates and own data by now."""
    return _while_it_lasts(await personal(request))


async def known(request: Request) -> Ticket:
    """The same, where what is kept of the person is theirs to see. Refuses (KeptApart) who came back by a code."""
    ticket = await personal(request)
    if await came_back(ticket.own.registration):
        raise KeptApart
    return ticket


async def changeable_member(request: Request) -> tuple[OwnGroup, Ticket]:
    """One of the group whom its link may rename and cancel. Refuses (HasOwnLink) who made their own link theirs."""
    group = await by_group_link(request.path_params["token"])
    own = group.one(request.path_params["registration_id"])
    if group.is_claimed(own.registration):
        raise HasOwnLink
    return group, _while_it_lasts(await ticket_for(own))


async def said_of_others(request: Request) -> str:
    """After a group's link took out all whom it speaks for: whose registrations stand; empty where nobody's does."""
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
    """The registrations whose data are in this link's hands: one's own, or of a group those of its minors."""
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
    """One of a group, as its page shows them; `about` is a line under the name.

    `why_off`: they left, and not by their own wish. `may_come_back`: the group's link takes this person up again, once
    they cancelled; of a group of which nobody comes any more, with those who left last.
    """

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
        """Whether there is a link that was not handed over yet."""
        return self.has_link and not self.is_claimed


async def members_of(group: OwnGroup) -> list[Member]:
    """Everybody whom the link shows, in the order of the form."""
    position = await position_on_waiting_list(group.members[0])
    guardians = await guardians_of(group.members)
    returning = await _returning(group)
    members = []
    for one in group.members:
        guardian = guardians.get(one.participant_id)
        permitted = PERMITTED_BY[guardian.relation] if guardian is not None else N_("Menor de edad")
        about = permitted if is_minor(one) else N_("Persona adulta")
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
    """Whom the group's link takes up again: all together, or one after the other where somebody still comes."""
    gone = await without_permission([one.participant_id for one in group.members])
    free = [one for one in group.members if one.joined_to_id is None and not group.is_claimed(one)]
    able = [one for one in free if one.participant_id not in gone]
    return able if group.group.state is not RegistrationState.CANCELLED else left_last(able)


def lead_of(members: Sequence[Member]) -> Ticket:
    """The ticket that says what holds for the whole group: of somebody who still comes, if anybody does."""
    return next((one.ticket for one in members if not one.ticket.is_cancelled), members[0].ticket)


def lacking_care(own: OwnRegistration) -> str:
    """Why somebody waits although there are seats: only places in childcare are lacking. Empty where that is not so."""
    registration = own.registration
    group, training = registration.group, registration.training
    if registration.state is not RegistrationState.WAITLISTED or not group.childcare_places:
        return ""
    left = max(training.childcare_capacity - training.childcare_taken, 0)
    if group.n_people > training.capacity - training.occupied or group.childcare_places <= left:
        return ""
    why = ngettext(
        "Para venir hay lugar. Lo que falta es cuidado infantil: pidió %(asked)s y queda %(num)s.",
        "Para venir hay lugar. Lo que falta es cuidado infantil: pidió %(asked)s y quedan %(num)s.",
        left,
    )
    way_out = gettext(N_("Si puede venir con menos, dígalo abajo: no pierde su lugar en la lista."))
    return f"{why % {'asked': group.childcare_places, 'num': left}} {way_out}"


def code_of(ticket: Ticket) -> tuple[int, str] | None:
    """The drawing of what is scanned, where there is something to scan."""
    token = scannable(ticket)
    return qr.svg_path(token) if token else None


def scannable(ticket: Ticket) -> str | None:
    """What the ticket's code holds; nothing where there is no place, or nobody said yes to it yet."""
    is_shown = ticket.has_code and not ticket.is_offered and not ticket.own.is_only_archive
    return ticket.own.registration.qr_token if is_shown else None


def names_of(registration: Registration) -> dict[str, str]:
    """The name as its form shows it."""
    person = registration.participant
    return {"given_names": person.given_names, "surnames": person.surnames}


def needs_in_words(ticket: Ticket) -> list[tuple[str, str]]:
    """The support that was asked for, and what the hub answered."""
    needs = read_needs(ticket.own.registration.needs).items()
    return [(gettext(NEEDS[code]), gettext(NEED_ANSWERS[state])) for code, state in needs if code in NEEDS]


async def token_page(request: Request, template: str, context: Mapping[str, Any], *, status: int = 200) -> Response:
    """A page behind a secret address: kept by nobody. It says on top whose data are going to be deleted."""
    erasures = await erasures_of(await looked_after(request.path_params["token"]))
    context = {**context, "link": base_of(request), "erasures": erasures}
    return render(request, template, context, status=status, headers=token_page_headers())


def lead_to(path: str) -> Response:
    """To another page behind the link; what leads there is kept by nobody either."""
    response = redirect(path)
    response.headers.update(token_page_headers())
    return response


def back(path: str, sentence: str) -> Response:
    """After a change: to a page of the link, which says what was done."""
    response = lead_to(path)
    flash(response, sentence)
    return response


def file_headers(name: str) -> Mapping[str, str]:
    return token_page_headers() | {"content-disposition": f'attachment; filename="{name}"'}
