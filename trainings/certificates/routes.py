"""`/verificar`: anybody checks a certificate; `/i/{token}/diploma/…`: its holder opens it. And the pages of staff."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trainings.certificates import late_routes, signature_routes, staff_routes
from trainings.certificates.files import file_of
from trainings.certificates.forms import CodeForm, NameForm
from trainings.certificates.queries import (
    PublicCheck,
    UnknownCertificate,
    is_name_printed,
    own_certificate,
    public_check,
)
from trainings.certificates.views import check_view, pdf_response
from trainings.lib import tokens
from trainings.limits import actions as limits
from trainings.registrations.own_queries import with_papers
from trainings.web.address import client_address
from trainings.web.allow import HOLDER, PUBLIC, allow
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.render import redirect, render, token_page_headers

MISSES = "certificate_check"
MOST_MISSES = 30
HOUR = 3_600


@allow(PUBLIC)
async def index(request: Request) -> Response:
    """The form; with `codigo` on to the certificate, or the form again where it cannot be a code."""
    if "codigo" not in request.query_params:
        return render(request, "certificates/index.html", {"form": None})
    typed = Typed.of({"codigo": request.query_params["codigo"]})
    try:
        form = check(CodeForm, typed)
    except FormErrors as exc:
        return render(request, "certificates/index.html", {"form": exc.typed}, status=422)
    return redirect(f"/verificar/{form.codigo}")


@allow(PUBLIC)
async def show(request: Request) -> Response:
    """What a code says. Only misses count against the limit."""
    await limits.refuse_if_spent(MISSES, client_address(request), MOST_MISSES)
    try:
        found = await public_check(request.path_params["code"])
    except UnknownCertificate:
        return await _unknown(request)
    return _page(request, found)


@allow(PUBLIC)
async def compare(request: Request) -> Response:
    """Whether a name is the printed one. A wrong name counts like a wrong code: names cannot be tried out."""
    await limits.refuse_if_spent(MISSES, client_address(request), MOST_MISSES)
    try:
        found = await public_check(request.path_params["code"])
    except UnknownCertificate:
        return await _unknown(request)
    typed = await read_form(request)
    try:
        form = check(NameForm, typed)
    except FormErrors as exc:
        return _page(request, found, name_form=exc.typed, status=422)
    is_same = await is_name_printed(found.code, form.name)
    if not is_same:
        await _count_miss(request)
    return _page(request, found, name_form=typed, is_same=is_same)


def _page(
    request: Request,
    found: PublicCheck,
    *,
    name_form: Typed | None = None,
    is_same: bool | None = None,
    status: int = 200,
) -> Response:
    context = {"check": check_view(found), "name_form": name_form, "is_same": is_same, "form": None}
    return render(request, "certificates/check.html", context, status=status, headers=token_page_headers())


async def _unknown(request: Request) -> Response:
    """The same page for codes that are unknown, malformed and erased."""
    await _count_miss(request)
    return render(request, "certificates/unknown.html", {"form": None}, status=404, headers=token_page_headers())


async def _count_miss(request: Request) -> None:
    await limits.hit(MISSES, client_address(request), MOST_MISSES, HOUR)


@allow(PUBLIC)
async def short(request: Request) -> Response:
    """The short address in a QR code, which is written in capitals."""
    code = quote(tokens.normalise(request.path_params["code"]), safe="")
    return RedirectResponse(f"/verificar/{code}", 308, {"x-robots-tag": "noindex"})


@allow(HOLDER)
async def own_file(request: Request) -> Response:
    """The holder's own certificate, or that of a minor in their care, as it was first given out."""
    opened = await with_papers(request.path_params["token"])
    certificate = await own_certificate(opened, request.path_params["code"])
    return pdf_response(certificate, await file_of(certificate))


routes: list[BaseRoute] = [
    Route("/verificar", index),
    Route("/verificar/{code}", show),
    Route("/verificar/{code}", compare, methods=["POST"]),
    Route("/V/{code}", short),
    Route("/v/{code}", short),
    Route("/i/{token}/diploma/{code}.pdf", own_file),
    *staff_routes.routes,
    *late_routes.routes,
    *signature_routes.routes,
]
