from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from trainings.audit.actor import FILLER_OF_FORM
from trainings.certificates.issuing import names
from trainings.certificates.models import Certificate
from trainings.certificates.queries import AnnulledPaper, annulled_among, papers_of, valid_by_registration
from trainings.errors import Refusal, TooMany
from trainings.people import choices
from trainings.registrations.eligibility import CannotChange
from trainings.registrations.models import Author, read_needs
from trainings.registrations.own import group_actions
from trainings.registrations.own.queries import OwnGroup, by_group_link, clashes_of_family, number_of_filler
from trainings.registrations.own.ticket import Ticket
from trainings.registrations.own.views import (
    Member,
    back,
    base_of,
    lacking_care,
    lead_of,
    lead_to,
    members_of,
    names_of,
    needs_in_words,
    place_of,
    said_of_others,
    to_oneself,
    token_page,
)
from trainings.registrations.seats import actions
from trainings.registrations.seats.entering import left_last
from trainings.registrations.signup.browser_cookie import browser_key
from trainings.registrations.signup.limits import check_rejoin
from trainings.registrations.words import RENAMED_BY, said_of
from trainings.web.forms import Typed
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.problems import sentence_of


async def show_group(
    request: Request, group: OwnGroup, *, refused: Refusal | None = None, status: int = 200
) -> Response:
    members = await members_of(group)
    lead = lead_of(members)
    training = lead.own.registration.training
    context: dict[str, Any] = {
        "members": members,
        "lead": lead,
        "state": group.state,
        "n": len(group.live),
        "lacking_care": lacking_care(lead.own),
        "clashes": [] if group.is_only_archive else await clashes_of_family(group, browser_key(request)),
        **_who_was_taken_off(group, members),
        "group": group.group,
        "training": training,
        "hub": training.hub,
        "base": base_of(request),
        "papers": await _papers(group),
        "to_oneself": to_oneself(request, await number_of_filler(group)),
        "refused": sentence_of(refused) if refused is not None else "",
    }
    template = "panel/people/group_archive.html" if group.is_only_archive else "panel/people/group.html"
    return await token_page(request, template, context, status=status)


def _who_was_taken_off(group: OwnGroup, members: Sequence[Member]) -> dict[str, Any]:
    last = {one.id: one.cancelled_at for one in left_last(group.members)} if not group.live else {}
    off = [one.why_off for one in members if one.id in last and one.why_off is not None]
    return {"why": off[0] if off else None, "n_off": len(off), "since": next(iter(last.values()), None)}


async def _papers(group: OwnGroup) -> list[tuple[str, Sequence[Certificate], Sequence[AnnulledPaper]]]:
    """Papers of the minors, and annulled papers, by name; an adult's stand with their own link only."""
    minors = [one for one in group.members if one.participant.is_minor]
    ids = [one.id for one in minors]
    papers = await papers_of(ids)
    found, annulled = valid_by_registration(papers), annulled_among(papers)
    return [
        (one.participant.full_name, found.get(one.id, ()), annulled.get(one.id, ()))
        for one in minors
        if one.id in found or one.id in annulled
    ]


async def confirm_cancel_all(request: Request, group: OwnGroup) -> Response:
    lead = lead_of(await members_of(group))
    if lead.is_cancelled or not lead.can_change:
        return lead_to(base_of(request))
    names = [one.participant.full_name for one in group.in_reach]
    if not names:
        return lead_to(base_of(request))
    context = {"ticket": lead, "base": base_of(request), "home": base_of(request), "who": "group", "others": names}
    return await token_page(request, "panel/people/cancel.html", context)


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


async def show_member(request: Request, ticket: Ticket, *, status: int = 200, **forms: Typed) -> Response:
    registration = ticket.own.registration
    person = registration.participant
    context: dict[str, Any] = {
        "ticket": ticket,
        "person": person,
        "base": base_of(request),
        "place": place_of(request),
        "name_form": Typed.of(names_of(registration)),
        "renamed": said_of(RENAMED_BY, Author.FILLER, registration.renamed_by, registration.renamed_at),
        # Only the reader who may confirm a minor's name sees whether it is confirmed.
        "name_confirmed": (await names.confirmed([registration])).get(registration.id) if ticket.is_minor else None,
        "paper_settled": await names.settled(registration.id) if ticket.is_minor else None,
        # An adult's needs are theirs alone.
        "needs_form": Typed.of({"needs": list(read_needs(registration.needs)) if ticket.is_minor else []}),
        "needs_asked": needs_in_words(ticket) if ticket.is_minor else [],
        "needs": choices.needs(),
        **forms,
    }
    return await token_page(request, "panel/people/member.html", context, status=status)


async def show_minor(request: Request, ticket: Ticket, needs_form: Typed, status: int) -> Response:
    return await show_member(request, ticket, needs_form=needs_form, status=status)
