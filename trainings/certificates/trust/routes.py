"""`/emisores/{code}`: an issuer, its keys and its revocations; `/panel/firma-electronica`: its keys for staff."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import OPERATOR_ADMINS
from trainings.certificates.models import IssuerKey, SigningKey
from trainings.certificates.trust import issuers, signing_keys, status_lists
from trainings.certificates.trust.status_lists import LINKED_DATA, OPEN
from trainings.db import reads
from trainings.errors import NotFound, Refusal
from trainings.places.models import Operator
from trainings.web.allow import PUBLIC, allow
from trainings.web.files import KeyFileTooLarge, read_upload
from trainings.web.forms import Day, Form, FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

KEPT = {**OPEN, "cache-control": "public, max-age=3600"}


@allow(PUBLIC)
async def show(request: Request) -> Response:
    issuer = await issuers.find_issuer(request.path_params["code"])
    if "text/html" not in request.headers.get("accept", ""):
        return _linked_data(issuers.profile(issuer), {**KEPT, "vary": "Accept"})
    return render(request, "certificates/trust/issuer.html", {"issuer": issuer}, headers={"vary": "Accept"})


@allow(PUBLIC)
async def public_key(request: Request) -> Response:
    issuer = await issuers.find_issuer(request.path_params["code"])
    return _linked_data(issuers.public_key(issuer, request.path_params["id"]), KEPT)


@allow(PUBLIC)
async def certificate(request: Request) -> Response:
    issuer = await issuers.find_issuer(request.path_params["code"])
    pem = issuers.certificate_of(issuer, request.path_params["fingerprint"])
    return Response(pem, 200, KEPT, "application/x-pem-file")


@allow(PUBLIC)
async def status_list(request: Request) -> Response:
    kept = await status_lists.status_list(request.path_params["code"], request.path_params["name"])
    known = request.headers.get("if-none-match", "")
    if known and {tag.strip().removeprefix("W/") for tag in known.split(",")} & {kept.etag, "*"}:
        return status_lists.Again(kept.unchanged)
    return status_lists.Again(kept.whole)


def _linked_data(document: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(json.dumps(document, ensure_ascii=False), 200, headers, LINKED_DATA)


# -- the panel

INDEX = "/panel/firma-electronica"
FILE = "file"
FILE_MISSING = N_("Escoja primero el archivo.")


class StolenForm(Form):
    since: Day


class ChangeKeyForm(Form):
    """`since`: the day from which a stranger may have the old keys."""

    since: Day | None = None


@allow(*OPERATOR_ADMINS)
async def index(request: Request) -> Response:
    return await _index(request)


async def _index(request: Request, wrong: tuple[UUID, Typed] | None = None, status: int = 200) -> Response:
    """`wrong`: the operator of the refused form, and its values (never a password)."""
    operators = await _operators(request)
    kept: dict[UUID, list[SigningKey]] = defaultdict(list)
    for key in await signing_keys.signing_keys_of([one.id for one in operators]):
        kept[key.operator_id].append(key)
    badge_keys: dict[UUID, list[IssuerKey]] = {one.id: await issuers.public_keys(one.id) for one in operators}
    context: dict[str, Any] = {
        "operators": operators,
        "keys": kept,
        "badge_keys": badge_keys,
        "now": clock.now(),
        "today": clock.today(),
        "wrong": wrong,
    }
    return render(request, "certificates/trust/signing_keys.html", context, status=status)


async def _operators(request: Request) -> list[Operator]:
    hubs = sorted(request.state.actor.hubs_with(OPERATOR_ADMINS))
    return await reads(Operator).filter(hubs__id__in=hubs).distinct().order_by("name")


async def _operator_id(request: Request) -> UUID:
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
        form, status = as_refused(Typed(), refusal)
        return await _index(request, (operator_id, form), status)
    password = typed.value("password")
    typed.fields.pop("password", None)
    if not content:
        typed.errors[FILE] = gettext(FILE_MISSING)
        return await _index(request, (operator_id, typed), 422)
    try:
        await signing_keys.load_key(operator_id, content, password, actor=request.state.actor)
    except Refusal as refusal:
        form, status = as_refused(typed, refusal)
        return await _index(request, (operator_id, form), status)
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
async def report_stolen(request: Request) -> Response:
    """The key signs no more, and counts only on files given out before."""
    operator_id, key_id = await _operator_id(request), request.path_params["id"]
    typed = await read_form(request)
    try:
        since = check(StolenForm, typed).since
        await signing_keys.report_stolen(operator_id, key_id, since, actor=request.state.actor)
    except (FormErrors, signing_keys.TheftAhead) as error:
        form, status = as_refused(typed, error)
        return await _index(request, (operator_id, _of_key(form, str(key_id))), status)
    return _back(N_("Listo. Esa firma solo vale en los archivos que se entregaron antes. Haga o cargue otra."))


@allow(*OPERATOR_ADMINS)
async def rotate(request: Request) -> Response:
    operator_id, typed = await _operator_id(request), await read_form(request)
    try:
        since = check(ChangeKeyForm, typed).since
        stolen_since = signing_keys.theft_at(since) if since is not None else None
        await issuers.rotate(operator_id, actor=request.state.actor, stolen_since=stolen_since)
    except (FormErrors, signing_keys.TheftAhead) as error:
        form, status = as_refused(typed, error)
        return await _index(request, (operator_id, _of_key(form, f"badges-{operator_id}")), status)
    if stolen_since is not None:
        return _back(N_("Listo. Las insignias se firman de nuevo con otra llave. Lo que firmó la robada ya no vale."))
    return _back(N_("Listo. Las insignias se firman con la llave nueva. Las anteriores siguen valiendo."))


def _of_key(typed: Typed, key: str) -> Typed:
    return Typed(typed.fields, {f"{name}-{key}": sentence for name, sentence in typed.errors.items()})


def _back(sentence: str) -> Response:
    return redirect(INDEX, gettext(sentence))


ONE = INDEX + "/{operator:uuid}"

ISSUER = "/emisores/{code}"

routes: list[BaseRoute] = [
    Route(ISSUER, show),
    Route(ISSUER + "/llaves/{id:uuid}", public_key),
    Route(ISSUER + "/certificados/{fingerprint}.pem", certificate),
    Route(ISSUER + "/estado/{name}", status_list),
    Route(INDEX, index),
    Route(ONE + "/archivo", load, methods=["POST"]),
    Route(ONE + "/hacer", make, methods=["POST"]),
    Route(ONE + "/insignias", rotate, methods=["POST"]),
    Route(ONE + "/{id:uuid}/retirar", retire, methods=["POST"]),
    Route(ONE + "/{id:uuid}/robada", report_stolen, methods=["POST"]),
]
