"""`/panel/firma-electronica`: the certificate that an operator's PDFs are signed with, and the key of its badges."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import OPERATOR_ADMINS
from trainings.certificates import issuer_keys, signing_keys
from trainings.certificates.models import IssuerKey, SigningKey
from trainings.db import reads
from trainings.errors import NotFound, Refusal
from trainings.places.models import Operator
from trainings.web.allow import allow
from trainings.web.files import KeyFileTooLarge, read_upload
from trainings.web.flash import flash
from trainings.web.forms import REFUSED, Typed
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

INDEX = "/panel/firma-electronica"
FILE = "file"
FILE_MISSING = N_("Escoja primero el archivo.")


@allow(*OPERATOR_ADMINS)
async def index(request: Request) -> Response:
    return await _index(request)


async def _index(request: Request, wrong: tuple[UUID, Typed] | None = None, status: int = 200) -> Response:
    """`wrong`: which operator's form was refused, and what was typed into it (never a password)."""
    operators = await _operators(request)
    kept: dict[UUID, list[SigningKey]] = defaultdict(list)
    for key in await signing_keys.signing_keys_of([one.id for one in operators]):
        kept[key.operator_id].append(key)
    badge_keys: dict[UUID, list[IssuerKey]] = {one.id: await issuer_keys.public_keys(one.id) for one in operators}
    context = {"operators": operators, "keys": kept, "badge_keys": badge_keys, "now": clock.now(), "wrong": wrong}
    return render(request, "certificates/signing_keys.html", context, status=status)


async def _operators(request: Request) -> list[Operator]:
    hubs = sorted(request.state.actor.hubs_with(OPERATOR_ADMINS))
    return await reads(Operator).filter(hubs__id__in=hubs).distinct().order_by("name")


async def _operator_id(request: Request) -> UUID:
    """That of the address. An operator that this person does not administer does not exist for them."""
    operator_id: UUID = request.path_params["operator"]
    if operator_id not in {one.id for one in await _operators(request)}:
        raise NotFound
    return operator_id


@allow(*OPERATOR_ADMINS)
async def load(request: Request) -> Response:
    operator_id = await _operator_id(request)
    try:
        typed, content = await read_upload(request, FILE, KeyFileTooLarge)
    except KeyFileTooLarge as refusal:
        return await _index(request, (operator_id, Typed(errors={FILE: sentence_of(refusal)})), refusal.status)
    password = typed.value("password")
    typed.fields.pop("password", None)
    if not content:
        typed.errors[FILE] = gettext(FILE_MISSING)
        return await _index(request, (operator_id, typed), 422)
    try:
        await signing_keys.load_key(operator_id, content, password, actor=request.state.actor)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return await _index(request, (operator_id, typed.refused(refusal)), refusal.status)
    return _back(N_("Listo. Los diplomas que se emitan desde ahora llevan esa firma."))


@allow(*OPERATOR_ADMINS)
async def make(request: Request) -> Response:
    operator_id = await _operator_id(request)
    await signing_keys.make_key(operator_id, actor=request.state.actor)
    return _back(N_("Listo. Los diplomas que se emitan desde ahora llevan esa firma."))


@allow(*OPERATOR_ADMINS)
async def retire(request: Request) -> Response:
    operator_id = await _operator_id(request)
    await signing_keys.retire_key(operator_id, request.path_params["id"], actor=request.state.actor)
    return _back(
        N_("Listo. Los diplomas que se emitan desde ahora van sin firma electrónica. Los ya firmados no cambian.")
    )


@allow(*OPERATOR_ADMINS)
async def rotate(request: Request) -> Response:
    """A new key for badges and lists."""
    operator_id = await _operator_id(request)
    await issuer_keys.rotate(operator_id, actor=request.state.actor)
    return _back(N_("Listo. Las insignias se firman con la llave nueva. Las anteriores siguen valiendo."))


def _back(sentence: str) -> Response:
    response = redirect(INDEX)
    flash(response, gettext(sentence))
    return response


ONE = INDEX + "/{operator:uuid}"

routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(ONE + "/archivo", load, methods=["POST"]),
    Route(ONE + "/hacer", make, methods=["POST"]),
    Route(ONE + "/insignias", rotate, methods=["POST"]),
    Route(ONE + "/{id:uuid}/retirar", retire, methods=["POST"]),
]
