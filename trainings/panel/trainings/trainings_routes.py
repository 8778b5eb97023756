"""`/panel/capacitaciones`"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import EDITORS, STAFF
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import Actor
from trainings.errors import Refusal
from trainings.panel.trainings.training_page import is_fresh_draft, show_training
from trainings.places.models import Hub
from trainings.places.queries import hubs_visible_to
from trainings.registrations.telling import changes
from trainings.registrations.telling.change_views import who_is_told
from trainings.registrations.telling.changes import who_would_hear
from trainings.schedule import actions, queries
from trainings.schedule.models import TRAINING_MOVES, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.queries import TrainingFilter
from trainings.schedule.staff.editing import afterwards, editable
from trainings.schedule.staff.forms import CancelForm
from trainings.schedule.words import STATES
from trainings.web.allow import allow
from trainings.web.forms import REFUSED, FormErrors, Typed, as_refused, asked_page, beside, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

INDEX = "/panel/capacitaciones"
ONE = INDEX + "/{id:uuid}"


# -- the list


@allow(*STAFF)
async def index(request: Request) -> Response:
    actor: Actor = request.state.actor
    hubs = await hubs_visible_to(actor)
    asked = request.query_params
    wanted, page = _wanted(asked, hubs), asked_page(asked)
    found = await queries.trainings_page(actor, wanted, page)
    context = {
        "here": "capacitaciones",
        "form": Typed.of(dict(asked)),
        "page": found,
        "states": [(code.value, gettext(words)) for code, words in STATES.items()],
        "words": {code: gettext(words) for code, words in STATES.items()},
        "hubs": [(hub.slug, hub.name) for hub in hubs] if len(hubs) > 1 else [],
        **beside(request, page, found),
        "can_create": bool(actor.hubs_with(EDITORS)),
    }
    return render(request, "panel/trainings/index.html", context)


def _wanted(asked: Mapping[str, str], hubs: Sequence[Hub]) -> TrainingFilter:
    state = asked.get("estado", "")
    return TrainingFilter(
        state=TrainingState(state) if state in set(TrainingState) else None,
        hub_id=next((hub.id for hub in hubs if hub.slug == asked.get("ventanilla")), None),
        text=asked.get("q", "")[:100],
    )


# -- state


async def _obey(request: Request, act: Callable[[Training, Actor], Awaitable[object]], sentence: str) -> Response:
    training = await editable(request)
    try:
        await act(training, request.state.actor)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return await show_training(request, training, refusal=refusal, status=refusal.status)
    return redirect(f"{INDEX}/{training.id}", gettext(sentence))


@allow(*EDITORS)
async def publish(request: Request) -> Response:
    async def act(training: Training, actor: Actor) -> None:
        await changes.publish(training.id, actor=actor)

    return await _obey(request, act, N_("Listo: la capacitación está publicada. Comparta su enlace."))


@allow(*EDITORS)
async def unlist(request: Request) -> Response:
    async def act(training: Training, actor: Actor) -> None:
        await changes.unlist(training.id, actor=actor)

    return await _obey(request, act, N_("Listo: ya no sale en las listas. Quien tiene el enlace la puede abrir."))


# -- call off


@allow(*EDITORS)
async def confirm_cancel(request: Request) -> Response:
    """Says how many people will be told."""
    return await _cancel_form(request, await editable(request), Typed())


@allow(*EDITORS)
async def cancel(request: Request) -> Response:
    training = await editable(request)
    typed = await read_form(request)
    try:
        form = check(CancelForm, typed)
        await rescheduling.call_off(training.id, form.reason, actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return await _cancel_form(request, training, typed, status=status)
    return redirect(afterwards(training), gettext(N_("Listo: la capacitación está cancelada.")))


async def _cancel_form(request: Request, training: Training, typed: Typed, *, status: int = 200) -> Response:
    readers = await who_would_hear(training, is_called_off=True)
    context = {
        "here": "capacitaciones",
        "training": training,
        "form": typed,
        **await who_is_told(training, _planned(training), actor=request.state.actor, readers=readers),
        "not_closed": _not_closed(training),
        "may_cancel": TrainingState.CANCELLED in TRAINING_MOVES[training.state],
    }
    return render(request, "panel/trainings/cancel.html", context, status=status)


def _not_closed(training: Training) -> list[TrainingSession]:
    return [one for one in training.sessions if one.is_on and one.closed_at is None and one.ends_at <= clock.now()]


def _planned(training: Training) -> list[UUID]:
    return [session.id for session in training.sessions if session.state is SessionState.PLANNED]


# -- a draft that is not wanted


@allow(*EDITORS)
async def confirm_delete(request: Request) -> Response:
    return _delete_page(request, await editable(request))


@allow(*EDITORS)
async def delete(request: Request) -> Response:
    training = await editable(request)
    try:
        await actions.delete_draft(training.id, actor=request.state.actor)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return _delete_page(request, training, refusal)
    return redirect(INDEX, gettext(N_("Listo: el borrador está borrado.")))


def _delete_page(request: Request, training: Training, refusal: Refusal | None = None) -> Response:
    context = {
        "here": "capacitaciones",
        "training": training,
        "is_draft": is_fresh_draft(training),
        "refusal": sentence_of(refusal) if refusal else "",
    }
    return render(request, "panel/trainings/delete.html", context, status=refusal.status if refusal else 200)


routes: list[BaseRoute] = [
    Route(ONE + "/borrar", confirm_delete),
    Route(ONE + "/borrar", delete, methods=["POST"]),
    Route(INDEX, index),
    Route(ONE + "/publicar", publish, methods=["POST"]),
    Route(ONE + "/ocultar", unlist, methods=["POST"]),
    Route(ONE + "/cancelar", confirm_cancel),
    Route(ONE + "/cancelar", cancel, methods=["POST"]),
]
