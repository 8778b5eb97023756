"""`/panel/sesiones/{id}`"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import EDITORS
from trainings.attendance.sessions import rescheduling
from trainings.db import reads
from trainings.errors import Refusal
from trainings.places.queries import venue_choices
from trainings.registrations.telling.change_views import who_is_told
from trainings.registrations.telling.changes import who_would_hear
from trainings.schedule.bookings import NONE, Booked, Cautions, cautions_of
from trainings.schedule.models import TrainingSession
from trainings.schedule.months import day_written
from trainings.schedule.plans import SessionPlan
from trainings.schedule.public.sentences import place_of
from trainings.schedule.session_actions import (
    AlreadyHeld,
    MovedMeanwhile,
    OnlySession,
    check_cancellable,
    when_and_where,
)
from trainings.schedule.staff import forms
from trainings.schedule.staff.editing import ONE_SESSION, afterwards, editable_session
from trainings.schedule.staff.forms import MoveForm, at_the_day, checked, typed_hours
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import REFUSED, FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render


@allow(*EDITORS)
async def show_move(request: Request) -> Response:
    """`?dia=2027-03-09` proposes that day, confirmed by sending the form."""
    session = await editable_session(request)
    standing = typed_hours(session) | {"venue": session.venue_id, "known_as": when_and_where(session)}
    standing["day"] = day_written(request.query_params.get("dia", ""), standing["day"])
    return await _move_form(request, session, Typed.of(standing))


@allow(*EDITORS)
async def move(request: Request) -> Response:
    session = await editable_session(request)
    typed = await read_form(request)
    try:
        form = check(MoveForm, typed)
        if typed.value("look"):
            return await _move_form(request, session, typed)
        if not _stays(session, form) and forms.has_unseen_feast(
            typed, _feast(typed, await _cautions(request, session, typed))
        ):
            return await _move_form(request, session, typed, status=409)
        await rescheduling.move(
            session.id,
            clock.at(form.day, form.starts),
            clock.at(form.day, form.ends),
            form.venue,
            actor=request.state.actor,
            override_reason=form.override_reason,
            known_as=form.known_as,
        )
    except (FormErrors, Refusal) as error:
        return await _not_moved(request, typed, error)
    return await _moved(session, await _cautions(request, session, typed))


def _stays(session: TrainingSession, form: MoveForm) -> bool:
    """On its day and in its place, whatever the hours."""
    usual = session.training.venue_id
    standing = clock.local(session.starts_at).date(), session.venue_id or usual
    return standing == (form.day, form.venue or usual)


def _feast(typed: Typed, cautions: Cautions) -> dict[str, tuple[str, str]]:
    return {"day": (typed.value("day"), cautions.day_off)} if cautions.day_off else {}


async def _not_moved(request: Request, typed: Typed, error: FormErrors | Refusal) -> Response:
    """The form as typed. A form sent again after showing another person's change counts."""
    typed, status = as_refused(typed, error)
    session = await editable_session(request)
    if isinstance(error, MovedMeanwhile):
        typed.fields["known_as"] = [when_and_where(session)]
    return await _move_form(request, session, typed, status=status, is_booked=isinstance(error, Booked))


async def _moved(before: TrainingSession, cautions: Cautions) -> Response:
    response = redirect(afterwards(before.training))
    now = await TrainingSession.get(id=before.id)
    if when_and_where(now) == when_and_where(before):
        flash(response, gettext(N_("Nada cambió: la sesión sigue el mismo día, a la misma hora y en el mismo lugar.")))
    elif not cautions.day_off:
        flash(response, gettext(N_("Listo: la sesión cambió.")))
    else:
        words = gettext(N_("Listo: la sesión cambió. Ese día es feriado: %(name)s."))
        flash(response, words % {"name": cautions.day_off}, "note")
    return response


async def _cautions(request: Request, session: TrainingSession, typed: Typed) -> Cautions:
    """None while day or place is missing."""
    form = checked(MoveForm, Typed(typed.fields))
    if form is None:
        return NONE
    plan = SessionPlan(
        clock.at(form.day, form.starts),
        clock.at(form.day, form.ends),
        form.venue or session.training.venue_id,
        tuple(one.user_id for one in session.facilitators),
    )
    own = await reads(TrainingSession).filter(training_id=session.training_id).values_list("id")
    known = await cautions_of(
        {0: plan},
        hub=session.training.hub,
        actor=request.state.actor,
        capacity=session.training.capacity,
        but={session_id for (session_id,) in own},
    )
    return known[0]


async def _move_form(
    request: Request, session: TrainingSession, typed: Typed, *, status: int = 200, is_booked: bool = False
) -> Response:
    cautions = await _cautions(request, session, typed)
    context = {
        "here": "capacitaciones",
        "session": session,
        "place": place_of(session, session.training),
        "form": at_the_day(typed),
        "venues": await venue_choices(session.training.hub, also=[session.venue_id]),
        **await who_is_told(session.training, [session.id], actor=request.state.actor),
        "cautions": cautions,
        "needs_reason": is_booked or bool(cautions.clashes) or bool(typed.value("override_reason")),
    }
    return render(request, "panel/trainings/move_session.html", context, status=status)


@allow(*EDITORS)
async def confirm_cancel(request: Request) -> Response:
    session = await editable_session(request)
    try:
        await check_cancellable(session.training, session)
    except Refusal as refusal:
        return await _cancel_page(request, session, refusal=refusal)
    return await _cancel_page(request, session)


@allow(*EDITORS)
async def cancel(request: Request) -> Response:
    session = await editable_session(request)
    try:
        await rescheduling.cancel(session.id, actor=request.state.actor)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return await _cancel_page(request, session, refusal=refusal, status=refusal.status)
    return redirect(afterwards(session.training), gettext(N_("Listo: la sesión está cancelada.")))


async def _cancel_page(
    request: Request, session: TrainingSession, *, refusal: Refusal | None = None, status: int = 200
) -> Response:
    readers = None if refusal else await who_would_hear(session.training, is_called_off=False, turned=session.id)
    context = {
        "here": "capacitaciones",
        "session": session,
        "place": place_of(session, session.training),
        **await who_is_told(session.training, [session.id], actor=request.state.actor, readers=readers),
        "refusal": Typed().refused(refusal).error("") if refusal else "",
        "is_only": isinstance(refusal, OnlySession),
        "is_over": isinstance(refusal, AlreadyHeld),
    }
    return render(request, "panel/trainings/cancel_session.html", context, status=status)


routes: list[BaseRoute] = [
    Route(ONE_SESSION + "/mover", show_move),
    Route(ONE_SESSION + "/mover", move, methods=["POST"]),
    Route(ONE_SESSION + "/cancelar", confirm_cancel),
    Route(ONE_SESSION + "/cancelar", cancel, methods=["POST"]),
]
