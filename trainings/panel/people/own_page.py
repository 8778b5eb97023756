from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from trainings.certificates.issuing import names
from trainings.certificates.outlooks import standing_of
from trainings.certificates.queries import annulled_among, papers_of, valid_among
from trainings.people import choices
from trainings.people.consents import without_permission
from trainings.registrations.models import Author, read_needs
from trainings.registrations.own.queries import came_back, clashes_of
from trainings.registrations.own.ticket import Ticket
from trainings.registrations.own.views import (
    base_of,
    code_of,
    lacking_care,
    names_of,
    needs_in_words,
    to_oneself,
    token_page,
)
from trainings.registrations.words import CANCELLED_BY, RENAMED_BY, said_of
from trainings.web.forms import Typed


async def show_own(request: Request, ticket: Ticket, *, status: int = 200, **forms: Typed) -> Response:
    registration = ticket.own.registration
    person, training = registration.participant, registration.training
    is_archive, keeps_apart = ticket.own.is_only_archive, await came_back(registration)
    papers = await papers_of([registration.id])
    context: dict[str, Any] = {
        "ticket": ticket,
        "registration": registration,
        "training": training,
        "hub": training.hub,
        "base": base_of(request),
        # Who came back by a code may hold another person's paper: the number on record is that person's.
        "to_oneself": to_oneself(request, None if keeps_apart else person.phone),
        "qr": code_of(ticket),
        "name_form": Typed.of(names_of(registration)),
        "needs_form": Typed.of({"needs": list(read_needs(registration.needs))}),
        "needs": choices.needs(),
        "needs_asked": needs_in_words(ticket),
        "why": registration.taken_off if ticket.is_cancelled else None,
        "cancelled": said_of(CANCELLED_BY, Author.PERSON, registration.cancelled_by, registration.cancelled_at),
        "renamed": said_of(RENAMED_BY, Author.PERSON, registration.renamed_by, registration.renamed_at),
        "lacking_care": lacking_care(ticket.own) if ticket.answers_for_all else "",
        "clashes": [] if is_archive or ticket.is_cancelled else await clashes_of(ticket.own, has_come_back=keeps_apart),
        "keeps_apart": keeps_apart,
        "has_permission": not await without_permission([person.id]),
        "has_answered": keeps_apart or all((person.actor_type, person.sex, person.language, person.pueblo)),
        "certificates": valid_among(papers),
        "annulled": annulled_among(papers).get(registration.id, ()),
        "standing": await standing_of(registration, ticket.own.sessions),
        "name_confirmed": (await names.confirmed([registration])).get(registration.id),
        "paper_settled": names.settled_among(papers),
        **forms,
    }
    template = "panel/people/archive.html" if is_archive else "panel/people/own.html"
    return await token_page(request, template, context, status=status, of=[registration.id])
