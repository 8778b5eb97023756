"""The page of a family or group behind its secret address, and what its link changes: names, and who still comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.audit.actor import FILLER_OF_FORM
from trainings.certificates import anew, names
from trainings.certificates import queries as certificates
from trainings.certificates.desk_forms import NameReadForm
from trainings.certificates.models import Certificate, ConfirmedHow
from trainings.certificates.own_papers import AnnulledPaper, annulled_papers
from trainings.errors import Refusal, TooMany
from trainings.lib import qr, tokens
from trainings.people import choices
from trainings.registrations import actions, group_actions
from trainings.registrations.actions import NameOfBefore
from trainings.registrations.browser_cookie import read_cookie
from trainings.registrations.eligibility import CannotChange
from trainings.registrations.forms import RenameForm
from trainings.registrations.guarding import check_rejoin
from trainings.registrations.models import Author
from trainings.registrations.needs import read_needs
from trainings.registrations.own_queries import OwnGroup, by_group_link, clashes_of_family, is_minor, left_last
from trainings.registrations.own_views import (
    MEMBER,
    Member,
    back,
    base_of,
    changeable_member,
    lacking_care,
    lead_of,
    lead_to,
    member_of,
    members_of,
    names_of,
    needs_in_words,
    place_of,
    said_of_others,
    ticket_for,
    token_page,
)
from trainings.registrations.own_words import RENAMED_BY, said_of
from trainings.registrations.queries import UnknownLink
from trainings.registrations.ticket import Ticket
from trainings.web.allow import HOLDER, allow
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.problems import sentence_of
from trainings.web.render import absolute

if TYPE_CHECKING:
    from starlette.requests import Request


# -- all of them


async def show_group(
    request: Request, group: OwnGroup, *, refused: Refusal | None = None, status: int = 200
) -> Response:
    """Everybody's tickets; `refused` says on top what could not be done."""
    members = await members_of(group)
    lead = lead_of(members)
    training = lead.own.registration.training
    context: dict[str, Any] = {
        "members": members,
        "lead": lead,
        "state": group.state,
        "n": len(group.live),
        "lacking_care": lacking_care(lead.own),
        "clashes": [] if group.is_only_archive else await clashes_of_family(group, _browser_key(request)),
        **_who_was_taken_off(group, members),
        "group": group.group,
        "training": training,
        "hub": training.hub,
        "base": base_of(request),
        "papers": await _papers(group),
        "refused": sentence_of(refused) if refused is not None else "",
    }
    template = "registrations/group_archive.html" if group.is_only_archive else "registrations/group.html"
    return await token_page(request, template, context, status=status)


def _browser_key(request: Request) -> str:
    browser = read_cookie(request)
    return tokens.digest(browser, "browser") if browser else ""


def _who_was_taken_off(group: OwnGroup, members: Sequence[Member]) -> dict[str, Any]:
    """Why nobody of them comes any more, where that was not the last ones' own wish, and how many these are."""
    last = {one.id: one.cancelled_at for one in left_last(group.members)} if not group.live else {}
    off = [one.why_off for one in members if one.id in last and one.why_off is not None]
    return {"why": off[0] if off else None, "n_off": len(off), "since": next(iter(last.values()), None)}


async def _papers(group: OwnGroup) -> list[tuple[str, Sequence[Certificate], Sequence[AnnulledPaper]]]:
    """The certificates of the minors, and those annulled, by name; an adult's are told with their own link only."""
    minors = [one for one in group.members if is_minor(one)]
    ids = [one.id for one in minors]
    found, annulled = await certificates.of_registrations(ids), await annulled_papers(ids)
    return [
        (one.participant.full_name, found.get(one.id, ()), annulled.get(one.id, ()))
        for one in minors
        if one.id in found or one.id in annulled
    ]


async def confirm_cancel_all(request: Request, group: OwnGroup) -> Response:
    """What is lost by all of them; nothing to ask where nothing can be cancelled."""
    lead = lead_of(await members_of(group))
    if lead.is_cancelled or not lead.can_change:
        return lead_to(base_of(request))
    names = [one.participant.full_name for one in group.in_reach]
    if not names:
        return lead_to(base_of(request))
    context = {"ticket": lead, "base": base_of(request), "home": base_of(request), "who": "group", "others": names}
    return await token_page(request, "registrations/cancel.html", context)


async def cancel_all(request: Request, group: OwnGroup) -> Response:
    _refuse_archive(group)
    await actions.cancel_group(group.group.id, actor=FILLER_OF_FORM)
    words = gettext(N_("Las inscripciones están canceladas. Gracias por avisar."))
    return back(base_of(request), await said_of_others(request) or words)


async def rejoin_all(request: Request, group: OwnGroup) -> Response:
    _refuse_archive(group)
    await check_rejoin(group.members[0])
    try:
        await group_actions.rejoin_group(group.group.id, actor=FILLER_OF_FORM)
    except TooMany:
        raise
    except Refusal as refusal:
        return await show_group(request, group, refused=refusal, status=refusal.status)
    n_people = len((await by_group_link(request.path_params["token"])).live)
    words = ngettext("Listo. La inscripción vale otra vez.", "Listo. Las inscripciones valen otra vez.", n_people)
    return back(base_of(request), words)


def _refuse_archive(group: OwnGroup) -> None:
    if group.is_only_archive:
        raise CannotChange


# -- one of them


@allow(HOLDER)
async def change(request: Request) -> Response:
    """Name, cancelling, and of a minor the support and the answers."""
    _group, ticket = await changeable_member(request)
    return await _show_member(request, ticket)


async def _show_member(request: Request, ticket: Ticket, *, status: int = 200, **forms: Typed) -> Response:
    registration = ticket.own.registration
    person = registration.participant
    context: dict[str, Any] = {
        "ticket": ticket,
        "person": person,
        "base": base_of(request),
        "place": place_of(request),
        "name_form": Typed.of(names_of(registration)),
        "renamed": said_of(RENAMED_BY, Author.FILLER, registration.renamed_by, registration.renamed_at),
        # Only who may say so of a minor is told whether it was said.
        "name_confirmed": (await names.confirmed([registration])).get(registration.id) if ticket.is_minor else None,
        "paper_settled": await anew.settled(registration.id) if ticket.is_minor else None,
        # An adult's needs are theirs alone.
        "needs_form": Typed.of({"needs": list(read_needs(registration.needs)) if ticket.is_minor else []}),
        "needs_asked": needs_in_words(ticket) if ticket.is_minor else [],
        "needs": choices.needs(),
        **forms,
    }
    return await token_page(request, "registrations/member.html", context, status=status)


async def show_minor(request: Request, ticket: Ticket, needs_form: Typed, status: int) -> Response:
    """The page of a minor again, with what was wrong about their needs."""
    return await _show_member(request, ticket, needs_form=needs_form, status=status)


@allow(HOLDER)
async def rename(request: Request) -> Response:
    _group, ticket = await changeable_member(request)
    typed = await read_form(request)
    try:
        form = check(RenameForm, typed)
        how = ConfirmedHow.OWN_LINK if ticket.is_minor else None
        key = ticket.own.registration.id
        await names.correct(key, form.given_names, form.surnames, how, actor=FILLER_OF_FORM)
    except FormErrors as exc:
        return await _show_member(request, ticket, name_form=exc.typed, status=422)
    except (NameOfBefore, names.LetterNotPrintable, names.AlreadyValid, names.PaperInHand) as refusal:
        return await _show_member(request, ticket, name_form=typed.refused(refusal), status=refusal.status)
    return back(base_of(request), gettext(N_("Listo. Así se escribirá el nombre en el diploma.")))


@allow(HOLDER)
async def confirm_name(request: Request) -> Response:
    """«Sí, así se escribe», said of a minor by who is responsible. An adult says it by their own link."""
    _group, ticket = await changeable_member(request)
    registration = ticket.own.registration
    if not ticket.is_minor:
        raise UnknownLink
    form = check(NameReadForm, await read_form(request))
    try:
        await names.confirm(registration.id, ConfirmedHow.OWN_LINK, actor=FILLER_OF_FORM, name=form.name)
    except (names.NameChanged, names.LetterNotPrintable, names.AlreadyValid, names.PaperInHand) as refusal:
        name_form = Typed.of(names_of(registration)).refused(refusal)
        return await _show_member(request, ticket, name_form=name_form, status=refusal.status)
    return back(f"{place_of(request)}/cambiar", gettext(N_("Gracias. Así se imprimirá el nombre en el diploma.")))


@allow(HOLDER)
async def confirm_cancel(request: Request) -> Response:
    """What one person's cancelling means for them and for the others."""
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
        "leaves_minors": not ticket.is_minor and all(is_minor(one) for one in others),
    }
    return await token_page(request, "registrations/cancel.html", context)


@allow(HOLDER)
async def cancel(request: Request) -> Response:
    _group, ticket = await changeable_member(request)
    await actions.cancel(ticket.own.registration.id, actor=FILLER_OF_FORM)
    sentence = gettext(N_("La inscripción de esa persona está cancelada. Gracias por avisar."))
    return back(base_of(request), sentence)


@allow(HOLDER)
async def rejoin(request: Request) -> Response:
    """Back in where a place is free."""
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
    """An adult's own link, to be scanned or copied by hand; once it is theirs, it is shown no more."""
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
    return await token_page(request, "registrations/handover.html", context)


routes: list[BaseRoute] = [
    Route(MEMBER + "/cambiar", change),
    Route(MEMBER + "/nombre", rename, methods=["POST"]),
    Route(MEMBER + "/nombre/bien", confirm_name, methods=["POST"]),
    Route(MEMBER + "/cancelar", confirm_cancel),
    Route(MEMBER + "/cancelar", cancel, methods=["POST"]),
    Route(MEMBER + "/volver", rejoin, methods=["POST"]),
    Route(MEMBER + "/enlace", hand_over),
]
