"""`/panel/capacitaciones/{id}`"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import (
    DESK,
    STAFF,
    can_register_at_desk,
)
from trainings.errors import NotFound, Refusal
from trainings.panel.trainings.training_page import person_rows, show_training
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions as registrations
from trainings.schedule import queries
from trainings.schedule.models import Training
from trainings.web.allow import WrongRole, allow
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

ONE = "/panel/capacitaciones/{id:uuid}"
PERSON = ONE + "/personas/{registration_id:uuid}"


class UnknownPerson(NotFound):
    sentence = N_("No encontramos a esa persona en esta capacitación.")


@allow(*STAFF)
async def show(request: Request) -> Response:
    training = await queries.for_staff(request.path_params["id"], request.state.actor)
    return await show_training(request, training)


# -- people


@allow(*DESK)
async def approve(request: Request) -> Response:
    training, person = await _person(request)
    try:
        await registrations.approve(person.group_id, actor=request.state.actor)
    except Refusal as refusal:
        return await show_training(request, training, refusal=refusal, status=refusal.status)
    return _back(training, N_("Listo: la persona ya está inscrita, o en la lista de espera si no quedaba lugar."))


@allow(*DESK)
async def confirm_cancel(request: Request) -> Response:
    """Asks once: a wrong row would take somebody's place."""
    training, person = await _person(request)
    context = {"here": "capacitaciones", "training": training, "person": person_rows([person])[0]}
    return render(request, "panel/trainings/cancel_person.html", context)


@allow(*DESK)
async def cancel(request: Request) -> Response:
    training, person = await _person(request)
    try:
        await registrations.cancel(person.id, actor=request.state.actor)
    except Refusal as refusal:
        return await show_training(request, training, refusal=refusal, status=refusal.status)
    return _back(training, N_("Listo: la inscripción está cancelada y el lugar pasó a quien esperaba."))


async def _person(request: Request) -> tuple[Training, Registration]:
    """Seen without working at its desk: 403."""
    training = await queries.for_staff(request.path_params["id"], request.state.actor)
    if not can_register_at_desk(request.state.actor, training.hub_id):
        raise WrongRole
    wanted = request.path_params["registration_id"]
    person = await Registration.get_or_none(id=wanted, training_id=training.id).prefetch_related("participant", "group")
    if person is None:
        raise UnknownPerson
    return training, person


def _back(training: Training, sentence: str) -> Response:
    return redirect(f"/panel/capacitaciones/{training.id}#personas", gettext(sentence))


routes: list[BaseRoute] = [
    Route(ONE, show),
    Route(PERSON + "/aceptar", approve, methods=["POST"]),
    Route(PERSON + "/cancelar", confirm_cancel),
    Route(PERSON + "/cancelar", cancel, methods=["POST"]),
]
