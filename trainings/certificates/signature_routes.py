"""`/panel/firmas`: who signs the certificates of the operators one issues for."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import ISSUERS
from trainings.certificates import pdf, signatories
from trainings.certificates.forms import SignatoryForm
from trainings.certificates.staff_queries import operators_signing
from trainings.errors import NotFound, Refusal
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

INDEX = "/panel/firmas"


@allow(*ISSUERS)
async def index(request: Request) -> Response:
    return await _index(request)


async def _index(request: Request, form: Typed | None = None, status: int = 200) -> Response:
    operators = await operators_signing(request.state.actor)
    with_room = [one for one in operators if len(one.signatories) < pdf.MOST_SIGNATORIES]
    context = {
        "operators": operators,
        "choices": [(str(one.id), one.name) for one in with_room],
        "most": pdf.MOST_SIGNATORIES,
        "form": form,
    }
    return render(request, "certificates/signatories.html", context, status=status)


async def _check_scope(request: Request, operator_id: UUID) -> None:
    """An operator that this person does not issue for does not exist for them."""
    if operator_id not in {one.id for one in await operators_signing(request.state.actor)}:
        raise NotFound


@allow(*ISSUERS)
async def add(request: Request) -> Response:
    typed = await read_form(request)
    try:
        form = check(SignatoryForm, typed)
    except FormErrors as exc:
        return await _index(request, exc.typed, 422)
    await _check_scope(request, form.operator)
    try:
        await signatories.add_signatory(form.operator, form.name, form.office, actor=request.state.actor)
    except Refusal as refusal:
        return await _index(request, typed.refused(refusal), refusal.status)
    return _back(N_("Listo. La firma saldrá en los próximos diplomas."))


@allow(*ISSUERS)
async def remove(request: Request) -> Response:
    operator_id = request.path_params["operator"]
    await _check_scope(request, operator_id)
    await signatories.remove_signatory(operator_id, request.path_params["id"], actor=request.state.actor)
    return _back(N_("Listo. La firma ya no saldrá. Los diplomas emitidos no cambian."))


@allow(*ISSUERS)
async def move_up(request: Request) -> Response:
    operator_id = request.path_params["operator"]
    await _check_scope(request, operator_id)
    await signatories.move_signatory_up(operator_id, request.path_params["id"], actor=request.state.actor)
    return _back(N_("Listo. Cambió el orden de las firmas."))


def _back(sentence: str) -> Response:
    response = redirect(INDEX)
    flash(response, gettext(sentence))
    return response


ONE = INDEX + "/{operator:uuid}/{id:uuid}"

routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX, add, methods=["POST"]),
    Route(ONE + "/quitar", remove, methods=["POST"]),
    Route(ONE + "/subir", move_up, methods=["POST"]),
]
