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
from trainings.lib.text import short_name
from trainings.panel.trainings.people_list import address_of, query_of
from trainings.panel.trainings.training_page import show_training
from trainings.privacy.practice import practices_of
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions as registrations
from trainings.registrations.words import STATES
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
    wanted, actor = request.path_params["id"], request.state.actor
    try:
        training = await queries.for_staff(wanted, actor)
    except queries.UnknownTraining:
        if wanted in {one.id for one in await practices_of(actor)}:
            return redirect("/panel/practica")
        raise
    return await show_training(request, training)


# -- people


@allow(*DESK)
async def approve(request: Request) -> Response:
    training, person = await _person(request)
    try:
        await registrations.approve(person.group_id, actor=request.state.actor)
    except Refusal as refusal:
        return await show_training(request, training, refusal=refusal, status=refusal.status)
    return _back(
        request, training, N_("Listo: la persona ya está inscrita, o en la lista de espera si no quedaba lugar.")
    )


@allow(*DESK)
async def confirm_cancel(request: Request) -> Response:
    """Asks once: a wrong row would take somebody's place."""
    training, person = await _person(request)
    context = {
        "here": "capacitaciones",
        "training": training,
        "registration": person,
        "name": short_name(person.participant.given_names, person.participant.surnames),
        "state": gettext(STATES[person.state]),
        "back": address_of(training.id, request.query_params),
        "query": query_of(request.query_params),
    }
    return render(request, "panel/trainings/cancel_person.html", context)


@allow(*DESK)
async def cancel(request: Request) -> Response:
    training, person = await _person(request)
    try:
        await registrations.cancel(person.id, actor=request.state.actor)
    except Refusal as refusal:
        return await show_training(request, training, refusal=refusal, status=refusal.status)
    return _back(request, training, N_("Listo: la inscripción está cancelada y el lugar pasó a quien esperaba."))


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


def _back(request: Request, training: Training, sentence: str) -> Response:
    """To the part of the list that was open."""
    return redirect(address_of(training.id, request.query_params), gettext(sentence))


routes: list[BaseRoute] = [
    Route(ONE, show),
    Route(PERSON + "/aceptar", approve, methods=["POST"]),
    Route(PERSON + "/cancelar", confirm_cancel),
    Route(PERSON + "/cancelar", cancel, methods=["POST"]),
]
