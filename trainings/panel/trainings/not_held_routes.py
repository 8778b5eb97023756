"""`/panel/sesiones/{id}/no-realizada`: a session never took place, or did after all."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import EDITORS
from trainings.attendance.phones.closings import untold
from trainings.attendance.sessions import rescheduling
from trainings.audit.models import AuditLine
from trainings.certificates.issuing.late_data import PapersTellIt, say_not_held
from trainings.db import reads
from trainings.errors import Refusal
from trainings.schedule.models import TrainingSession
from trainings.schedule.public.sentences import place_of
from trainings.schedule.session_actions import MovedMeanwhile, when_and_where
from trainings.schedule.staff.corrections import ACT, NotOverYet, was_not_held
from trainings.schedule.staff.editing import ONE_SESSION, editable_session
from trainings.schedule.staff.forms import NotHeldForm
from trainings.web.allow import allow
from trainings.web.forms import REFUSED, FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render


@allow(*EDITORS)
async def show(request: Request) -> Response:
    session = await editable_session(request)
    if was_not_held(session):
        return await _said(request, session)
    return await _form(request, session, Typed.of({"known_as": when_and_where(session)}))


@allow(*EDITORS)
async def say(request: Request) -> Response:
    session = await editable_session(request)
    typed = await read_form(request)
    try:
        form = check(NotHeldForm, typed)
        await say_not_held(session.id, actor=request.state.actor, reason=form.reason, known_as=form.known_as)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        session = await editable_session(request)
        if isinstance(error, MovedMeanwhile):
            typed.fields["known_as"] = [when_and_where(session)]
        refusal = error if isinstance(error, Refusal) else None
        return await _form(request, session, typed, refusal=refusal, status=status)
    return _back(session, gettext(N_("Listo: quedó anotado que no se realizó. Las horas se contaron otra vez.")))


@allow(*EDITORS)
async def take_back(request: Request) -> Response:
    session = await editable_session(request)
    try:
        await rescheduling.held(session.id, actor=request.state.actor)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return await _said(request, session, refusal=refusal, status=refusal.status)
    return _back(session, gettext(N_("Listo: la sesión sí se realizó. Las horas se contaron otra vez.")))


def _back(session: TrainingSession, sentence: str) -> Response:
    return redirect(f"/panel/capacitaciones/{session.training_id}", sentence)


async def _form(
    request: Request, session: TrainingSession, typed: Typed, *, refusal: Refusal | None = None, status: int = 200
) -> Response:
    context = {
        "here": "capacitaciones",
        "session": session,
        "place": place_of(session, session.training),
        "form": typed,
        "refusal": sentence_of(refusal) if refusal else "",
        "way_out": _way_out(session, refusal),
        "phones": await untold(session),
    }
    return render(request, "panel/trainings/not_held.html", context, status=status)


def _way_out(session: TrainingSession, refusal: Refusal | None) -> list[tuple[str, str]]:
    own = f"/panel/sesiones/{session.id}"
    if isinstance(refusal, rescheduling.SomebodyCame):
        return [(f"{own}/asistencia?filtro=presentes", gettext(N_("Ver quiénes están marcados")))]
    if isinstance(refusal, PapersTellIt):
        return [(f"/panel/capacitaciones/{session.training_id}/diplomas", gettext(N_("Ir a Diplomas")))]
    if isinstance(refusal, NotOverYet):
        return [(f"{own}/cancelar", gettext(N_("Cancelar la sesión")))]
    return []


async def _said(
    request: Request, session: TrainingSession, *, refusal: Refusal | None = None, status: int = 200
) -> Response:
    lines = reads(AuditLine).filter(act=ACT, object_id=session.id).order_by("-created_at", "-id")
    context = {
        "here": "capacitaciones",
        "session": session,
        "place": place_of(session, session.training),
        "line": await lines.first(),
        "refusal": sentence_of(refusal) if refusal else "",
    }
    return render(request, "panel/trainings/said_not_held.html", context, status=status)


routes: list[BaseRoute] = [
    Route(ONE_SESSION + "/no-realizada", show),
    Route(ONE_SESSION + "/no-realizada", say, methods=["POST"]),
    Route(ONE_SESSION + "/no-realizada/deshacer", take_back, methods=["POST"]),
]
