"""`/panel/capacitaciones/{id}/cambios`"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK, EDITORS, can_edit_trainings, can_register_at_desk
from trainings.attendance.sessions import rescheduling
from trainings.errors import NotFound, Refusal
from trainings.outbox import actions as outbox
from trainings.registrations.calls.views import calls_about
from trainings.registrations.telling import change_views
from trainings.registrations.telling.change_views import who_is_told
from trainings.registrations.telling.changes import tell_now, untold_at, who_would_hear
from trainings.schedule import queries
from trainings.schedule.bookings import Booked
from trainings.schedule.changes import differences, recent_changes
from trainings.schedule.models import SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.public.pictures import change_card, change_png
from trainings.schedule.public.sentences import place_of
from trainings.schedule.staff.editing import afterwards, editable, editable_session, training_of
from trainings.schedule.staff.forms import RestoreForm
from trainings.web.allow import WrongRole, allow
from trainings.web.forms import REFUSED, FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

ONE_SESSION = "/panel/capacitaciones/{id:uuid}"
SESSION = "/panel/sesiones/{id:uuid}"
AGAIN_A_DRAFT = N_("Listo: es un borrador otra vez.")


class NothingChanged(NotFound):
    sentence = N_("Esta sesión no cambió en los últimos siete días.")


# -- what happens next


@allow(*DESK)
async def index(request: Request) -> Response:
    return await _page(request, await training_of(request, can_register_at_desk))


async def _page(request: Request, training: Training, *, refusal: Refusal | None = None) -> Response:
    actor = request.state.actor
    lists = await calls_about(training.id, actor)
    context = {
        "here": "capacitaciones",
        "desk": training.hub.name,
        "training": training,
        "waiting": await change_views.waiting(training, lists),
        "untold": next((one for one in await untold_at([training.hub_id]) if one.training.id == training.id), None),
        "lists": lists,
        "changes": await change_views.changed(training),
        "papers": await change_views.wrong_papers(training),
        "may_edit": can_edit_trainings(actor, training.hub_id),
        "refusal": sentence_of(refusal) if refusal else "",
    }
    return render(request, "panel/trainings/changes.html", context, status=refusal.status if refusal else 200)


@allow(*EDITORS)
async def stop(request: Request) -> Response:
    """Nobody is told; what changed stays changed."""
    training, batch_id = await editable(request), request.path_params["batch"]
    try:
        await outbox.stop_batch(batch_id, actor=request.state.actor)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return await _page(request, training, refusal=refusal)
    sentence = gettext(N_("Listo: no se le avisa a nadie. Lo que cambió queda como está."))
    return redirect(f"/panel/capacitaciones/{training.id}/cambios", sentence)


@allow(*EDITORS)
async def tell(request: Request) -> Response:
    """Stopped messages go after all, at once."""
    training = await editable(request)
    try:
        await tell_now(training.id, actor=request.state.actor)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return await _page(request, training, refusal=refusal)
    return redirect(
        f"/panel/capacitaciones/{training.id}/cambios",
        gettext(N_("Listo: se avisa ahora. A quien no tiene correo hay que llamarle.")),
    )


@allow(*DESK)
async def picture(request: Request) -> Response:
    """It shows no more than public pages."""
    session = await queries.session_for_staff(request.path_params["id"], request.state.actor)
    if not can_register_at_desk(request.state.actor, session.training.hub_id):
        raise WrongRole
    training = await queries.for_staff(session.training_id, request.state.actor)
    changes = (await recent_changes([training.id])).get(training.id, [])
    is_off = training.state is TrainingState.CANCELLED
    found = differences(reversed(changes), list(training.sessions), training, is_called_off=is_off)
    one = next((one for one in found if one.session.id == session.id), None)
    if one is None:
        raise NothingChanged
    drawn = await asyncio.to_thread(change_png, change_card(training, one))
    headers = {"content-disposition": 'inline; filename="cambio.png"', "cache-control": "no-store"}
    return Response(drawn, media_type="image/png", headers=headers)


# -- after all


@allow(*EDITORS)
async def show_restore(request: Request) -> Response:
    return await _restore_form(request, await editable_session(request), Typed())


@allow(*EDITORS)
async def restore(request: Request) -> Response:
    session = await editable_session(request)
    typed = await read_form(request)
    try:
        form = check(RestoreForm, typed)
        await rescheduling.restore(session.id, actor=request.state.actor, override_reason=form.override_reason)
    except (FormErrors, Refusal) as error:
        return await _restore_form(request, session, typed, error)
    return redirect(afterwards(session.training), gettext(N_("Listo: la sesión sí se realiza.")))


async def _restore_form(
    request: Request, session: TrainingSession, typed: Typed, error: FormErrors | Refusal | None = None
) -> Response:
    context = {
        "training": session.training,
        "action": f"/panel/sesiones/{session.id}/reabrir",
        "sessions": [(session, place_of(session, session.training))],
        "is_whole": False,
        "is_needless": session.state is SessionState.PLANNED,
    }
    return await _ask(request, context, typed, error)


@allow(*EDITORS)
async def show_reopen(request: Request) -> Response:
    return await _reopen_form(request, await editable(request), Typed())


@allow(*EDITORS)
async def reopen(request: Request) -> Response:
    training = await editable(request)
    typed = await read_form(request)
    try:
        form = check(RestoreForm, typed)
        await rescheduling.reopen(training.id, actor=request.state.actor, override_reason=form.override_reason)
    except (FormErrors, Refusal) as error:
        return await _reopen_form(request, training, typed, error)
    is_draft = training.published_at is None
    return redirect(
        afterwards(training), gettext(AGAIN_A_DRAFT if is_draft else N_("Listo: la capacitación sí se realiza."))
    )


async def _reopen_form(
    request: Request, training: Training, typed: Typed, error: FormErrors | Refusal | None = None
) -> Response:
    planned = [session for session in training.sessions if session.state is SessionState.PLANNED]
    in_time = sorted(planned, key=lambda session: session.starts_at)
    context = {
        "training": training,
        "action": f"/panel/capacitaciones/{training.id}/reabrir",
        "sessions": [(session, place_of(session, training)) for session in in_time],
        "is_whole": True,
        "is_needless": training.state is not TrainingState.CANCELLED,
    }
    return await _ask(request, context, typed, error)


async def _ask(request: Request, context: dict[str, Any], typed: Typed, error: FormErrors | Refusal | None) -> Response:
    typed, status = as_refused(typed, error) if error else (typed, 200)
    training: Training = context["training"]
    session_ids = [session.id for session, _place in context["sessions"]]
    turned = None if context["is_whole"] else session_ids[0]
    readers = await who_would_hear(training, is_called_off=False, turned=turned)
    more = {
        "here": "capacitaciones",
        "form": typed,
        **await who_is_told(training, session_ids, actor=request.state.actor, readers=readers),
        "refusal": sentence_of(error) if isinstance(error, Refusal) else "",
        "needs_reason": isinstance(error, Booked) or bool(typed.value("override_reason")),
    }
    return render(request, "panel/trainings/restore.html", context | more, status=status)


routes: list[BaseRoute] = [
    Route(ONE_SESSION + "/cambios", index),
    Route(ONE_SESSION + "/cambios/avisar", tell, methods=["POST"]),
    Route(ONE_SESSION + "/cambios/{batch:uuid}/detener", stop, methods=["POST"]),
    Route(ONE_SESSION + "/reabrir", show_reopen),
    Route(ONE_SESSION + "/reabrir", reopen, methods=["POST"]),
    Route(SESSION + "/cambio.png", picture),
    Route(SESSION + "/reabrir", show_restore),
    Route(SESSION + "/reabrir", restore, methods=["POST"]),
]
