"""Exceptions become pages, or JSON where that was asked for. No stack trace reaches anybody."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from trainings.db.connection import is_passing
from trainings.errors import Busy, Refusal, TooMany
from trainings.web.forms import FormErrors
from trainings.web.headers import security_headers, token_page_headers
from trainings.web.i18n import N_, gettext
from trainings.web.render import environment, render

logger = logging.getLogger("trainings.problems")

PAGES = frozenset({400, 403, 404, 405, 408, 409, 413, 415, 422, 429, 500, 503})
UNREADABLE = N_("Faltan datos en lo que envió. Vuelva a la página y pruebe otra vez.")
SENTENCES = {
    404: N_("No encontramos esa página."),
    405: N_("Esta dirección no acepta eso."),
    413: N_("Lo que envió es demasiado grande."),
}


class DatabaseBusy(Busy):
    sentence = N_(
        "Ahora no pudimos guardar ni leer. Espere medio minuto y pruebe otra vez: nada de lo guardado se perdió."
    )


def wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    sent = request.headers.get("content-type", "")
    return "text/html" not in accept and ("application/json" in accept or sent.startswith("application/json"))


def sentence_of(refusal: Refusal) -> str:
    text = gettext(refusal.text)
    return text % refusal.values if refusal.values else text


def with_time(form: Response, refusal: Refusal) -> Response:
    """Adds when to send it again, where the refusal is temporary."""
    if isinstance(refusal, TooMany):
        form.headers["retry-after"] = str(refusal.retry_after)
    return form


async def show_refusal(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, Refusal)
    headers = {"retry-after": str(exc.retry_after)} if isinstance(exc, TooMany) else None
    return problem(request, exc.status, exc.code, sentence_of(exc), headers)


async def show_form_errors(request: Request, exc: Exception) -> Response:
    """No page re-shows this form: hidden fields were tampered with, or are of another version."""
    assert isinstance(exc, FormErrors)
    return problem(request, 422, "form_errors", gettext(UNREADABLE))


async def show_http_problem(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    text = gettext(SENTENCES.get(exc.status_code, ""))
    return problem(request, exc.status_code, f"http_{exc.status_code}", text, exc.headers)


async def show_database_trouble(request: Request, exc: Exception) -> Response:
    """503 for a database that is locked, full or away; any other error is a bug."""
    if not is_passing(exc):
        return await show_failure(request, exc)
    logger.warning("the database takes nothing now: %s", type(exc).__name__)
    return await show_refusal(request, DatabaseBusy(retry_after=30))


async def show_broken_off(_request: Request, _exc: Exception) -> Response:
    return Response(status_code=400)


async def show_failure(request: Request, exc: Exception) -> Response:
    logger.error("unhandled error on %s %s", request.method, request.scope.get("route_path", "?"), exc_info=exc)
    # This answer goes around the middleware that adds them to all others.
    headers = security_headers(https=request.app.state.settings.is_https) | {"cache-control": "no-store"}
    if wants_json(request):
        return JSONResponse({"code": "failure"}, 500, headers)
    body = (
        environment()
        .get_template("errors/500.html")
        .render({"request": request, "actor": None, "flashes": [], "path": "", "sentence": "", "status": 500})
    )
    return HTMLResponse(body, 500, headers)


def problem(
    request: Request,
    status: int,
    code: str,
    sentence: str,
    headers: Mapping[str, str] | None = None,
    *,
    template: str = "",
    back: str = "",
) -> Response:
    """The status's page or `template`, or JSON. Never cached or indexed: the address may be secret."""
    headers = token_page_headers() | dict(headers or {})
    if wants_json(request):
        return JSONResponse({"code": code, "sentence": sentence}, status, headers)
    template = template or f"errors/{status if status in PAGES else 400}.html"
    context = {"sentence": sentence, "status": status, "phrase": HTTPStatus(status).phrase, "back": back}
    return render(request, template, context, status=status, headers=headers)
