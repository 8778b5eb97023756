from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from trainings.audit.actions import record
from trainings.certificates.outlooks import standing_of
from trainings.errors import Refusal
from trainings.panel.people.corrections import choices_for, filled_form
from trainings.panel.people.person_history import history_of
from trainings.privacy import erasing
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
    """`data_form` and `detach_form` are shown again with errors; `signs_up_anew`: another sign-up is the way out."""
    registration, actor = view.own.registration, request.state.actor
    hub_id = registration.training.hub_id
    await record("registrations.open", actor=actor, object_id=registration.id, hub_id=hub_id, contact=view.is_desk)
    history = await history_of(view)
    asked = await erasing.asked_of([one.id for one in history.sign_ups]) if view.is_desk else {}
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
        "needs_asked": needs_in_words(read_needs(registration.needs)) if view.is_desk else [],
        "permissions": permissions_of(view),
        "history": history,
        "leaving": list(asked.values()),
        "erasures": erasing.WAITING,
        "data_form": filled_form(view),
        "next_person": _next_person(request, view),
        "standing": await standing_of(registration, view.own.sessions),
        "refused": sentence_of(for_staff(refusal)) if refusal is not None else "",
        **choices_for(view),
        "signs_up_anew": signs_up_anew,
        "detach_form": None,
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
