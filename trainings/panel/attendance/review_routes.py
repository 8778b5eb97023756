"""`/panel/revisar/asistencia`, `/panel/sesiones/{id}/revisar`: odd marks, slips and phones."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import ATTENDANCE_TAKERS, DESK, EDITORS
from trainings.attendance import reviews
from trainings.attendance.phones.closings import close_without_waiting, keep_open
from trainings.attendance.queries import closing_gate, companions_by_phone, door_of, gate_of, lines_of, listed
from trainings.attendance.review import views as review_views
from trainings.attendance.review.forms import ANSWERS, COMPANIONS, DISMISS, TAKE_BACK, AnswerForm, PersonChosenForm
from trainings.attendance.review.head_reviews import activities_to_review
from trainings.attendance.review.queries import deciding_gate, review_of, sessions_to_review
from trainings.attendance.review.views import said_after
from trainings.attendance.views import fitting, person_view, session_view
from trainings.audit.actor import Actor
from trainings.certificates.issuing import late_data, preparing
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, check, keys_in, read_form
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.render import redirect, render

INDEX = "/panel/revisar/asistencia"
SESSION = "/panel/sesiones/{id:uuid}/revisar"
MOST_MARKS = 100


def address(session_id: UUID) -> str:
    return f"/panel/sesiones/{session_id}/revisar"


# -- all sessions


@allow(*ATTENDANCE_TAKERS)
async def index(request: Request) -> Response:
    actor = request.state.actor
    found = await sessions_to_review(actor)
    activities = await activities_to_review(actor)
    hubs = {one.session.training.hub_id for one in found} | {one.activity.hub_id for one in activities}
    context = {
        "rows": [{"session": one.session, "said": review_views.one_line(one), "gaps": one.gaps} for one in found],
        "activities": [(one.activity, review_views.heads_in_short(one)) for one in activities],
        "has_hubs": len(hubs) > 1,
        "late": await late_data.late_at(actor.hubs_with(DESK)),
    }
    return render(request, "attendance/review/index.html", context)


# -- one session


@allow(*ATTENDANCE_TAKERS)
async def show(request: Request) -> Response:
    gate = await gate_of(request.path_params["id"], request.state.actor)
    door = await door_of(gate.session.id, request.state.actor)
    review = await review_of(gate.session)
    context = {
        "session": session_view(door),
        "review": review,
        "sections": review_views.sections_of(review),
        "decided": review_views.sections_of(review, decided=True),
        "companions": await companions_by_phone(gate.session.id),
        "slips": [review_views.slip_view(one) for one in review.slips],
        "late": await late_data.changes_of(gate.session.training_id),
        "training_id": gate.session.training_id,
        "can_decide": gate.can_decide,
        "can_close": gate.can_close,
    }
    return render(request, "attendance/review/show.html", context)


@allow(*EDITORS)
async def answer(request: Request) -> Response:
    """Some marks, or all of one phone: counted, dismissed, or undecided again."""
    session = await deciding_gate(request.path_params["id"], request.state.actor)
    form = check(AnswerForm, await read_form(request))
    actor = request.state.actor
    if form.hacer == TAKE_BACK:
        n = await reviews.take_back(session.id, form.marca, actor=actor)
    elif form.telefono is not None and form.hasta is not None and form.hasta.tzinfo is not None:
        n = await _decide_phone(session.id, form.telefono, form.hasta, form, actor)
    else:
        n = await reviews.decide(session.id, form.marca, ANSWERS[form.hacer], actor=actor)
    return _back(session.id, said_after(form.hacer, n))


async def _decide_phone(session_id: UUID, phone_id: UUID, until: datetime, form: AnswerForm, actor: Actor) -> int:
    if form.que == COMPANIONS and form.hacer == DISMISS:
        return await reviews.dismiss_companions(session_id, phone_id, until=until, actor=actor)
    return await reviews.decide_phone(session_id, phone_id, ANSWERS[form.hacer], until=until, actor=actor)


def _back(session_id: UUID, sentence: str) -> Response:
    return redirect(address(session_id), sentence)


# -- whose a mark is


@allow(*EDITORS)
async def choose_person(request: Request) -> Response:
    session = await deciding_gate(request.path_params["id"], request.state.actor)
    return await _choose(request, session.id, keys_in(request.query_params.getlist("marca")[:MOST_MARKS]))


async def _choose(request: Request, session_id: UUID, keys: list[UUID], error: str = "", status: int = 200) -> Response:
    door = await door_of(session_id, request.state.actor)
    review = await review_of(door.session)
    case = next((one for one in review.open if set(keys) & set(one.ids) and one.names_nobody), None)
    if case is None:
        return redirect(address(session_id))
    query = request.query_params.get("q", "")[:100]
    people = fitting(await listed(door.session), query=query)
    context = {
        "session": session_view(door),
        "case": review_views.case_view(case, review),
        "people": [person_view(line) for line in await lines_of(door.session, people)],
        "q": query,
        "error": error,
    }
    return render(request, "attendance/review/person.html", context, status=status)


@allow(*EDITORS)
async def set_person(request: Request) -> Response:
    session = await deciding_gate(request.path_params["id"], request.state.actor)
    typed = await read_form(request)
    try:
        form = check(PersonChosenForm, typed)
    except FormErrors as exc:
        error = exc.typed.error("registration") or gettext(N_("Escoja a la persona."))
        return await _choose(request, session.id, keys_in(typed.values("marca")[:MOST_MARKS]), error, 422)
    n = await reviews.assign(session.id, form.marca, form.registration, actor=request.state.actor)
    sentence = ngettext("Listo. %(n)s marca es de esa persona.", "Listo. %(n)s marcas son de esa persona.", n)
    return _back(session.id, sentence % {"n": n})


# -- closing


@allow(*ATTENDANCE_TAKERS)
async def close(request: Request) -> Response:
    """At the time a phone said, though other phones have not sent all: later marks are flagged."""
    actor = request.state.actor
    gate = await closing_gate(request.path_params["id"], actor)
    await close_without_waiting(gate.session.id, actor=actor)
    await preparing.validate_few(gate.session.training_id)
    return _back(gate.session.id, gettext(N_("Listo. La sesión está cerrada y las horas ya cuentan.")))


@allow(*ATTENDANCE_TAKERS)
async def stay_open(request: Request) -> Response:
    actor = request.state.actor
    gate = await closing_gate(request.path_params["id"], actor)
    await keep_open(gate.session.id, actor=actor)
    return _back(gate.session.id, gettext(N_("Listo. La sesión sigue abierta hasta que alguien la cierre.")))


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(SESSION, show),
    Route(SESSION, answer, methods=["POST"]),
    Route(SESSION + "/persona", choose_person),
    Route(SESSION + "/persona", set_person, methods=["POST"]),
    Route(SESSION + "/cerrar", close, methods=["POST"]),
    Route(SESSION + "/abierta", stay_open, methods=["POST"]),
]
