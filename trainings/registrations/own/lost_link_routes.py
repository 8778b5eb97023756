"""`/mis-inscripciones`: own links by mail. Everybody gets the same answer."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.db.connection import DATABASE_ERRORS, is_passing
from trainings.errors import TooMany
from trainings.limits import actions as limits
from trainings.people.forms import Email
from trainings.registrations.own.lost_links import ask_for_links
from trainings.registrations.own.queries import OfBrowser, of_browser
from trainings.registrations.signup.browser_cookie import browser_key, forget_browser
from trainings.registrations.signup.page import TOO_OFTEN
from trainings.settings import get_settings
from trainings.web.address import client_address
from trainings.web.allow import PUBLIC, allow
from trainings.web.forms import Form, FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.problems import DatabaseBusy, sentence_of, with_time
from trainings.web.render import redirect, render

MY_REGISTRATIONS = "/mis-inscripciones"
HOUR = 3_600
PER_EMAIL_HOUR = 3
PER_ADDRESS_HOUR = 30
"""A whole village, or a telephone company, shares one network address."""


class LostLinkForm(Form):
    email: Email = None


@allow(PUBLIC)
async def show(request: Request) -> Response:
    here = await of_browser(browser_key(request))
    return _page(request, None, is_sent=request.query_params.get("enviado") == "si", here=here)


@allow(PUBLIC)
async def send(request: Request) -> Response:
    """The same work and 303 for known and unknown addresses. Above 3 an hour for one e-mail address or 30 for a network
    address: 429 with a time; 503 while the database takes nothing.
    """
    if not get_settings().sends_mail:
        return redirect(MY_REGISTRATIONS)
    typed = await read_form(request)
    email = _email_in(typed)
    if email is None:
        return _page(request, typed, status=422)
    try:
        await limits.hit("lost_link_from", client_address(request), PER_ADDRESS_HOUR, HOUR)
        await limits.hit("lost_link_of", email, PER_EMAIL_HOUR, HOUR)
        await ask_for_links(email)
    except TooMany as refused:
        return _later(request, typed, refused)
    except DATABASE_ERRORS as trouble:
        if not is_passing(trouble):
            raise
        return _later(request, typed, DatabaseBusy(retry_after=30))
    return redirect(f"{MY_REGISTRATIONS}?enviado=si")


@allow(PUBLIC)
async def forget(_request: Request) -> Response:
    """The registrations stand; this browser no longer shows them."""
    told = gettext(N_("Listo. Este teléfono ya no muestra sus inscripciones. Siguen valiendo."))
    response = redirect(MY_REGISTRATIONS, told)
    forget_browser(response)
    return response


def _email_in(typed: Typed) -> str | None:
    try:
        email = check(LostLinkForm, typed).email
    except FormErrors:
        # Elsewhere an address may be left out, and its sentence says so.
        typed.errors["email"] = gettext(N_("Escriba un correo completo, por ejemplo nombre@correo.com."))
        return None
    if email is None:
        typed.errors["email"] = gettext(N_("Escriba el correo con el que se inscribió."))
    return email


def _later(request: Request, typed: Typed, refused: TooMany) -> Response:
    return with_time(_page(request, typed, refused=refused, status=refused.status), refused)


def _page(
    request: Request,
    typed: Typed | None,
    *,
    is_sent: bool = False,
    here: Sequence[OfBrowser] = (),
    refused: TooMany | None = None,
    status: int = 200,
) -> Response:
    later = f"{sentence_of(refused)} {gettext(TOO_OFTEN)}" if refused is not None else ""
    context = {"form": typed, "is_sent": is_sent, "of_browser": here, "later": later}
    headers = {"cache-control": "no-store"} if here else None
    return render(request, "registrations/own/lost_link.html", context, status=status, headers=headers)


routes: list[BaseRoute] = [
    Route(MY_REGISTRATIONS, show),
    Route(MY_REGISTRATIONS, send, methods=["POST"]),
    Route(f"{MY_REGISTRATIONS}/olvidar", forget, methods=["POST"]),
]
