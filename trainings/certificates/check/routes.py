"""`/verificar`: anybody checks a paper by code or file; never shows a name."""

from __future__ import annotations

import contextlib
import re
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trainings.certificates.check.dropped import Dropped, FileVerdict, check_file
from trainings.certificates.check.views import (
    Mismatch,
    badge_response,
    check_view,
    desk_view,
    file_view,
    later_view,
    not_compared,
    other_folio,
    other_name,
    transcript_view,
)
from trainings.certificates.forms import LONGEST_SHOWN, NOT_IN_A_CODE, CodeForm, NameForm, folio_in, is_same_folio
from trainings.certificates.making.files import badge_of, valid_certificate
from trainings.certificates.making.transcripts import TranscriptCheck, check_transcript, is_name_on_transcript
from trainings.certificates.models import CertificateState
from trainings.certificates.queries import PublicCheck, UnknownCertificate, is_name_printed, public_check
from trainings.certificates.trust.status_lists import OPEN
from trainings.errors import TooMany
from trainings.lib import tokens
from trainings.limits import actions as limits
from trainings.web.address import client_address
from trainings.web.allow import PUBLIC, allow
from trainings.web.files import CheckedFileTooLarge, read_upload
from trainings.web.forms import FormErrors, Typed, UnreadableForm, WrongFormType, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.problems import wants_json, with_time
from trainings.web.render import redirect, render, token_page_headers

MISSES, MOST_MISSES, HOUR = "certificate_check", 30, 3_600
FILE = "archivo"
FILE_PAGE = "/verificar/archivo"
NOT_IN_A_FOLIO = re.compile("[^0-9A-Z-]")


@allow(PUBLIC)
async def index(request: Request) -> Response:
    if "codigo" not in request.query_params:
        return render(request, "certificates/check/index.html", {"form": None})
    typed = Typed.of({name: request.query_params.get(name, "") for name in ("codigo", "folio")})
    folio = folio_in(typed.value("codigo")) or folio_in(typed.value("folio"))
    try:
        form = check(CodeForm, typed)
    except FormErrors as exc:
        return render(request, "certificates/check/index.html", {"form": _folio_apart(exc.typed, folio)}, status=422)
    folio = folio or form.folio
    return redirect(f"/verificar/{form.codigo}" + (f"?folio={quote(folio, safe='')}" if folio else ""))


def _folio_apart(typed: Typed, folio: str) -> Typed:
    if folio and folio == folio_in(typed.value("codigo")):
        typed.fields |= {"codigo": [""], "folio": [folio]}
    return typed


@allow(PUBLIC)
async def show(request: Request) -> Response:
    """Only misses count against the limit; a right code is always answered, since a telephone company's customers share
    an address. A wrong folio counts as a miss.
    """
    try:
        found = await _found(request.path_params["code"])
        _typed_folio, is_other = _folio(request, found)
        if is_other:
            await _count_beside(request)
        return await _page(request, found)
    except UnknownCertificate:
        return await _unknown(request)


async def _found(code: str) -> PublicCheck | TranscriptCheck:
    try:
        return await public_check(code)
    except UnknownCertificate:
        return await check_transcript(code)


@allow(PUBLIC)
async def compare(request: Request) -> Response:
    """Wrong names count like wrong codes. Beyond the limit no name is compared, so that names cannot be tried out."""
    typed = await read_form(request)
    try:
        found = await _found(request.path_params["code"])
        return await _compare(request, found, typed)
    except UnknownCertificate:
        return await _unknown(request, typed)


async def _compare(request: Request, found: PublicCheck | TranscriptCheck, typed: Typed) -> Response:
    if found.is_minor or (isinstance(found, PublicCheck) and found.is_nameless):
        return await _page(request, found)
    try:
        form = check(NameForm, typed)
    except FormErrors as exc:
        return await _page(request, found, name_form=exc.typed, status=422)
    try:
        await limits.refuse_if_spent(MISSES, client_address(request), MOST_MISSES)
    except TooMany as refusal:
        return await _page(request, found, name_form=typed, mismatch=not_compared(refusal))
    is_on_it = is_name_printed if isinstance(found, PublicCheck) else is_name_on_transcript
    is_same = await is_on_it(found.code, form.name)
    _typed_folio, is_other = _folio(request, found)
    if is_other or not is_same:
        await _count_beside(request)
    return await _page(request, found, name_form=typed, is_same=is_same)


async def _page(
    request: Request,
    found: PublicCheck | TranscriptCheck,
    *,
    name_form: Typed | None = None,
    is_same: bool | None = None,
    mismatch: Mismatch | None = None,
    is_our_file: bool = False,
    status: int = 200,
) -> Response:
    """`is_same`: the typed name is the printed one; None: not compared."""
    folio, is_other = _folio(request, found)
    if is_other:
        mismatch = other_folio(found, folio)
    elif is_same is False:
        mismatch = other_name()
    context: dict[str, Any] = {"name_form": name_form, "is_same": is_same, "is_our_file": is_our_file, "form": None}
    context["folio"] = folio
    if isinstance(found, TranscriptCheck):
        template, context["check"] = "certificates/check/transcript.html", transcript_view(found, mismatch)
    else:
        template, context["check"] = "certificates/check/certificate.html", check_view(found, mismatch)
        context["desk"] = await desk_view(found.code, request.state.actor)
    return render(request, template, context, status=status, headers=token_page_headers())


def _folio(request: Request, found: PublicCheck | TranscriptCheck) -> tuple[str, bool]:
    """(folio in the address, whether it differs from the paper's); empty: none, or a transcript."""
    typed = request.query_params.get("folio", "")
    own = [found.folio] if isinstance(found, PublicCheck) else [one.folio for one in found.entries if one.folio]
    same = next((one for one in own if typed and is_same_folio(typed, one)), "")
    return same or (_as_a_folio(typed) if typed else ""), bool(typed) and not same


def _as_a_folio(text: str) -> str:
    return NOT_IN_A_FOLIO.sub("", text.upper())[:LONGEST_SHOWN] or "?"


async def _unknown(request: Request, typed: Typed | None = None) -> Response:
    try:
        await _count_miss(request)
    except TooMany as refusal:
        return _later(request, refusal, _as_typed(request, typed))
    context = {"form": _as_typed(request)}
    return render(request, "certificates/check/unknown.html", context, status=404, headers=token_page_headers())


def _as_typed(request: Request, typed: Typed | None = None) -> Typed:
    """Only the letters of the address's code and folio are kept: an invented address must not speak for us."""
    code = NOT_IN_A_CODE.sub("", request.path_params.get("code", ""))[:LONGEST_SHOWN]
    folio = request.query_params.get("folio", "")
    kept = typed.fields if typed is not None else {}
    return Typed({**kept, "codigo": [code], "folio": [_as_a_folio(folio) if folio else ""]})


def _later(request: Request, refusal: TooMany, form: Typed) -> Response:
    if wants_json(request):
        raise refusal
    context = {"refusal": later_view(refusal), "form": form, "is_file": request.url.path == FILE_PAGE}
    page = render(
        request, "certificates/check/later.html", context, status=refusal.status, headers=token_page_headers()
    )
    return with_time(page, refusal)


async def _count_miss(request: Request) -> None:
    await limits.hit(MISSES, client_address(request), MOST_MISSES, HOUR)


async def _count_beside(request: Request) -> None:
    with contextlib.suppress(TooMany):
        await _count_miss(request)


@allow(PUBLIC)
async def badge(request: Request) -> Response:
    """Prepared, annulled and unknown: the same 404."""
    try:
        certificate = await valid_certificate(request.path_params["code"])
    except UnknownCertificate:
        await _count_miss(request)
        raise
    return badge_response(certificate, await badge_of(certificate), OPEN)


@allow(PUBLIC)
async def drop(request: Request) -> Response:
    """Keeps nothing of the file; a file that is not ours counts like a wrong code."""
    try:
        await limits.refuse_if_spent(MISSES, client_address(request), MOST_MISSES)
        _typed, content = await read_upload(request, FILE, CheckedFileTooLarge)
        if not content:
            return _choose_again(request, N_("Escoja primero el archivo."), 422)
        dropped = await check_file(content)
        if dropped.is_miss:
            await _count_miss(request)
    except TooMany as refusal:
        return _later(request, refusal, Typed())
    except (CheckedFileTooLarge, WrongFormType, UnreadableForm) as refusal:
        return _choose_again(request, refusal.text, refusal.status)
    return await _file_page(request, dropped)


def _choose_again(request: Request, sentence: str, status: int) -> Response:
    form = Typed(errors={FILE: gettext(sentence)})
    return render(request, "certificates/check/index.html", {"form": form}, status=status)


async def _file_page(request: Request, dropped: Dropped) -> Response:
    found, is_ours = dropped.found, dropped.verdict is FileVerdict.SAME
    is_annulled = isinstance(found, PublicCheck) and found.state is CertificateState.REVOKED
    if found is not None and (is_ours or (is_annulled and dropped.verdict is FileVerdict.CORRECTED)):
        return await _page(request, found, is_our_file=is_ours)
    context = {"file": file_view(dropped), "found": found, "form": None}
    status = {FileVerdict.UNKNOWN: 404, FileVerdict.LOCKED: 422, FileVerdict.NO_PDF: 422}.get(dropped.verdict, 200)
    return render(request, "certificates/check/dropped.html", context, status=status, headers=token_page_headers())


@allow(PUBLIC)
async def drop_again(_request: Request) -> Response:
    return redirect("/verificar#archivo")


@allow(PUBLIC)
async def short(request: Request) -> Response:
    code = quote(tokens.normalise(request.path_params["code"]), safe="")
    return RedirectResponse(f"/verificar/{code}", 308, {"x-robots-tag": "noindex"})


routes: list[BaseRoute] = [
    Route("/verificar", index),
    Route(FILE_PAGE, drop_again),
    Route(FILE_PAGE, drop, methods=["POST"]),
    Route("/verificar/{code}.json", badge),
    Route("/verificar/{code}", show),
    Route("/verificar/{code}", compare, methods=["POST"]),
    Route("/V/{code}", short),
    Route("/v/{code}", short),
]
