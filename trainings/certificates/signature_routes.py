"""`/panel/firmas`: who signs the certificates of the operators one issues for, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import ISSUERS
from trainings.certificates import offices, signatories
from trainings.certificates.brand_forms import OWN_WORDS, SignatoryForm, SureForm, TermForm
from trainings.certificates.printed import MOST_SIGNATORIES
from trainings.certificates.staff_queries import operators_signing
from trainings.errors import NotFound, Refusal
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

INDEX = "/panel/firmas"
MISSING = N_("Falta este dato.")


@dataclass(frozen=True, slots=True)
class Leaving:
    """Somebody about to leave, what staff are warned of, and what they asked for, to be sent again by who is sure."""

    id: UUID
    warning: str
    act: str
    asked: Mapping[str, str]


@allow(*ISSUERS)
async def index(request: Request) -> Response:
    return await _index(request)


async def _index(
    request: Request,
    form: Typed | None = None,
    *,
    term: tuple[UUID, Typed] | None = None,
    leaving: Leaving | None = None,
    status: int = 200,
) -> Response:
    """`term`: whose dates were refused, and what was typed."""
    today = clock.today()
    operators = await operators_signing(request.state.actor)
    context = {
        "operators": operators,
        "choices": [(str(one.id), one.name) for one in operators],
        "offices": office_choices(),
        "most": MOST_SIGNATORIES,
        "today": today,
        "signing": {one.id for operator in operators for one in operator.signatories if signatories.holds(one, today)},
        "trainer": offices.TRAINER,
        "form": form,
        "term": term,
        "leaving": leaving,
    }
    return render(request, "certificates/signatories.html", context, status=status)


def office_choices() -> list[tuple[str, str]]:
    """The usual offices in both forms (as printed, in Spanish), the training's facilitator, and own words."""
    return [
        *offices.choices(),
        (offices.TRAINER, gettext(N_("Quien facilita cada capacitación (el nombre se pone solo)"))),
        (OWN_WORDS, gettext(N_("Otro cargo"))),
    ]


async def check_scope(request: Request, operator_id: UUID) -> None:
    """An operator that this person does not issue for does not exist for them."""
    if operator_id not in {one.id for one in await operators_signing(request.state.actor)}:
        raise NotFound


@allow(*ISSUERS)
async def add(request: Request) -> Response:
    typed = await read_form(request)
    try:
        form = check(SignatoryForm, typed)
    except FormErrors as exc:
        return await _index(request, exc.typed, status=422)
    if form.missing:
        typed.errors[form.missing] = gettext(MISSING)
        return await _index(request, typed, status=422)
    await check_scope(request, form.operator)
    try:
        await signatories.add_signatory(form.operator, form.plan(), actor=request.state.actor)
    except Refusal as refusal:
        return await _index(request, typed.refused(refusal), status=refusal.status)
    return _back(N_("Listo. La firma saldrá en los próximos diplomas."))


@allow(*ISSUERS)
async def set_term(request: Request) -> Response:
    """From when and until when somebody signs: a mayor's term ends, and the next one's has begun."""
    operator_id, signatory_id = request.path_params["operator"], request.path_params["id"]
    await check_scope(request, operator_id)
    typed = await read_form(request)
    try:
        form, is_sure = check(TermForm, typed), check(SureForm, typed).seguro
        await signatories.set_term(
            operator_id, signatory_id, form.valid_from, form.valid_until, actor=request.state.actor, is_sure=is_sure
        )
    except FormErrors as exc:
        return await _index(request, term=(signatory_id, _one_of_many(exc.typed, signatory_id)), status=422)
    except (signatories.TooManySignatories, signatories.EndsBeforeItBegins) as refusal:
        refused = _one_of_many(typed.refused(refusal), signatory_id)
        return await _index(request, term=(signatory_id, refused), status=refusal.status)
    except signatories.PapersOutstanding as warning:
        asked = {name: typed.value(name) for name in TermForm.model_fields}
        return await _warned(request, Leaving(signatory_id, sentence_of(warning), "fechas", asked))
    return _back(N_("Listo. Las fechas valen para los próximos diplomas."))


async def _warned(request: Request, leaving: Leaving) -> Response:
    return await _index(request, leaving=leaving, status=signatories.PapersOutstanding.status)


def _one_of_many(typed: Typed, signatory_id: UUID) -> Typed:
    """The page holds this form once for each signature: its errors name the fields of one."""
    errors = {f"{name}-{signatory_id}" if name else name: sentence for name, sentence in typed.errors.items()}
    return Typed(typed.fields, errors)


@allow(*ISSUERS)
async def remove(request: Request) -> Response:
    operator_id, signatory_id = request.path_params["operator"], request.path_params["id"]
    await check_scope(request, operator_id)
    is_sure = check(SureForm, await read_form(request)).seguro
    try:
        await signatories.remove_signatory(operator_id, signatory_id, actor=request.state.actor, is_sure=is_sure)
    except signatories.PapersOutstanding as warning:
        return await _warned(request, Leaving(signatory_id, sentence_of(warning), "quitar", {}))
    return _back(N_("Listo. La firma ya no saldrá. Los diplomas emitidos no cambian."))


@allow(*ISSUERS)
async def move_up(request: Request) -> Response:
    operator_id = request.path_params["operator"]
    await check_scope(request, operator_id)
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
    Route(ONE + "/fechas", set_term, methods=["POST"]),
    Route(ONE + "/quitar", remove, methods=["POST"]),
    Route(ONE + "/subir", move_up, methods=["POST"]),
]
