from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from trainings.audit.actions import record
from trainings.certificates import queries as certificates
from trainings.certificates.outlooks import standing_of
from trainings.errors import Refusal
from trainings.people import choices
from trainings.privacy import withdrawal
from trainings.registrations.desk.forms import Carried
from trainings.registrations.desk.person import StaffView, needs_in_words, permissions_of, view_of, words_of
from trainings.registrations.desk.staff_refusals import for_staff
from trainings.registrations.models import Author, Registration, read_needs
from trainings.registrations.own.ticket import ticket_of
from trainings.registrations.queries import position_on_waiting_list
from trainings.registrations.words import CANCELLED_BY, RENAMED_BY, said_of
from trainings.web.forms import Typed
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

FORMS = ("name_form", "phone_form", "email_form", "age_form", "detach_form")


def _who_did_what(registration: Registration) -> dict[str, str]:
    return {
        "cancelled": said_of(CANCELLED_BY, Author.HUB, registration.cancelled_by, registration.cancelled_at),
        "renamed": said_of(RENAMED_BY, Author.HUB, registration.renamed_by, registration.renamed_at),
    }


async def person_page(
    request: Request,
    view: StaffView,
    *,
    refusal: Refusal | None = None,
    status: int = 200,
    signs_up_anew: bool = False,
    **forms: Typed | None,
) -> Response:
    """`forms` of FORMS are shown again with their errors; `signs_up_anew`: another sign-up is the way out."""
    registration, actor = view.own.registration, request.state.actor
    hub_id = registration.training.hub_id
    await record("registrations.open", actor=actor, object_id=registration.id, hub_id=hub_id, contact=view.is_desk)
    context: dict[str, Any] = {
        "ticket": ticket_of(view.own, await position_on_waiting_list(registration)),
        "registration": registration,
        "person": registration.participant,
        "view": view,
        **_who_did_what(registration),
        "words": words_of(view),
        "is_desk": view.is_desk,
        "alike": view.alike,
        "companions": view.companions,
        "needs": needs_in_words(read_needs(registration.needs)) if view.is_desk else [],
        "permissions": permissions_of(view),
        "stays": await withdrawal.what_stays(registration.id, actor=actor) if view.is_desk else [],
        "next_person": _next_person(request, view),
        "certificates": await certificates.of_registration(registration.id),
        "standing": await standing_of(registration, view.own.sessions),
        "refused": sentence_of(for_staff(refusal)) if refusal is not None else "",
        "ages": choices.age_groups() if view.is_desk else [],
        "signs_up_anew": signs_up_anew,
        **dict.fromkeys(FORMS),
        **forms,
    }
    return render(request, "panel/people/person.html", context, status=status)


def _next_person(request: Request, view: StaffView) -> str:
    if not request.query_params.get("nueva") or not view.is_desk:
        return ""
    return Carried.of(request.query_params).form_of(view.own.registration.training_id)


def back(registration_id: UUID, sentence: str) -> Response:
    """`sentence` is translated."""
    return redirect(f"/panel/inscripciones/{registration_id}", sentence)


async def refused(request: Request, refusal: Refusal) -> Response:
    """Shows why a button did nothing. Raises other errors."""
    if refusal.status != Refusal.status:
        raise refusal
    return await person_page(request, await view_of(request), refusal=refusal, status=refusal.status)
