"""`/panel/inscripciones/{id}`"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK, HUB_STAFF
from trainings.audit.actor import Actor
from trainings.errors import Refusal
from trainings.panel.people import corrections
from trainings.panel.people.person_page import back, person_page, refused
from trainings.people import consents
from trainings.registrations.desk.forms import DetachForm, WithdrawForm
from trainings.registrations.desk.person import ONE, OnlyTheDesk, view_at_desk, view_of
from trainings.registrations.desk.staff_refusals import as_refused_to_staff
from trainings.registrations.own import answers, group_actions
from trainings.registrations.seats import actions
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, check, read_form
from trainings.web.i18n import N_, gettext

# -- the page


@allow(*HUB_STAFF)
async def show(request: Request) -> Response:
    """Full name, and for the desk contact and support needs: opening it is logged."""
    return await person_page(request, await view_of(request))


# -- its buttons


@allow(*HUB_STAFF)
async def correct(request: Request) -> Response:
    """A person who becomes a minor or an adult signs up anew: the refusal says how."""
    view = await view_of(request)
    typed = await read_form(request)
    try:
        said = await corrections.correct(view, typed, actor=request.state.actor)
    except OnlyTheDesk:
        raise
    except (FormErrors, Refusal) as error:
        anew = isinstance(error, (answers.NeedsGuardian, answers.NeedsOwnPermission))
        typed, status = as_refused_to_staff(typed, error)
        return await person_page(request, view, data_form=typed, status=status, signs_up_anew=anew)
    return back(view.own.registration.id, said)


async def _act(
    request: Request, act: Callable[..., Awaitable[object]], sentence: str, *, on_group: bool = False
) -> Response:
    registration = (await view_at_desk(request)).own.registration
    actor: Actor = request.state.actor
    try:
        await act(registration.group_id if on_group else registration.id, actor=actor)
    except Refusal as refusal:
        return await refused(request, refusal)
    return back(registration.id, gettext(sentence))


@allow(*DESK)
async def cancel(request: Request) -> Response:
    return await _act(
        request, actions.cancel, N_("La inscripción está cancelada. Si hay lista de espera, el lugar ya pasó.")
    )


@allow(*DESK)
async def cancel_group(request: Request) -> Response:
    sentence = N_("La familia está cancelada. Sus lugares pasaron a quien esperaba.")
    return await _act(request, actions.cancel_group, sentence, on_group=True)


@allow(*DESK)
async def step_back(request: Request) -> Response:
    """Of the whole form: they wait together."""
    sentence = N_("Listo. Espera al final de la lista, y su lugar pasó a quien seguía.")
    return await _act(request, actions.step_back, sentence, on_group=True)


@allow(*DESK)
async def approve(request: Request) -> Response:
    return await _act(request, actions.approve, N_("Listo. La inscripción está aprobada."), on_group=True)


@allow(*DESK)
async def reject(request: Request) -> Response:
    """Rejects the whole form."""
    return await _act(request, actions.reject, N_("Listo. La inscripción está rechazada."), on_group=True)


@allow(*DESK)
async def rejoin(request: Request) -> Response:
    before = await view_at_desk(request)
    registration = before.own.registration
    try:
        await group_actions.rejoin_member(registration.id, actor=request.state.actor)
    except Refusal as refusal:
        return await refused(request, refusal)
    sentence = gettext(N_("Listo. La inscripción vale otra vez."))
    if (await view_at_desk(request)).links.own != before.links.own:
        more = gettext(N_("Va aparte de su familia. El enlace de antes ya no abre nada: dele uno nuevo aquí."))
        sentence = f"{sentence} {more}"
    return back(registration.id, sentence)


@allow(*DESK)
async def detach(request: Request) -> Response:
    view = await view_at_desk(request)
    typed = await read_form(request)
    try:
        form = check(DetachForm, typed)
        await actions.detach(view.own.registration.id, phone=form.phone, email=form.email, actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused_to_staff(typed, error)
        return await person_page(request, view, detach_form=typed, status=status)
    return back(
        view.own.registration.id,
        gettext(
            N_(
                "Listo. Quien llenó el formulario ya no ve su inscripción. "
                "Quien llegue con el boleto de antes queda por revisar."
            )
        ),
    )


@allow(*DESK)
async def withdraw(request: Request) -> Response:
    """To be invited or photographed; the data go by `privacy.erase_routes`."""
    registration = (await view_at_desk(request)).own.registration
    purpose = check(WithdrawForm, await read_form(request)).purpose
    actor: Actor = request.state.actor
    hub_id = registration.training.hub_id
    await consents.withdraw(registration.participant_id, purpose, actor=actor, hub_id=hub_id)
    return back(registration.id, gettext(N_("Listo. El permiso está retirado.")))


routes: list[BaseRoute] = [
    Route(ONE, show),
    Route(ONE + "/datos", correct, methods=["POST"]),
    Route(ONE + "/cancelar", cancel, methods=["POST"]),
    Route(ONE + "/cancelar-grupo", cancel_group, methods=["POST"]),
    Route(ONE + "/lista", step_back, methods=["POST"]),
    Route(ONE + "/aprobar", approve, methods=["POST"]),
    Route(ONE + "/rechazar", reject, methods=["POST"]),
    Route(ONE + "/volver", rejoin, methods=["POST"]),
    Route(ONE + "/separar", detach, methods=["POST"]),
    Route(ONE + "/permisos", withdraw, methods=["POST"]),
]
