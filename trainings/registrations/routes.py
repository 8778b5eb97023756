"""Sign-up, and everything behind one's own link `/i/{token}`."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.certificates import queries as certificates
from trainings.errors import NotFound, Refusal
from trainings.lib import qr, tokens
from trainings.people import choices
from trainings.people.consents import TEXTS
from trainings.registrations import actions
from trainings.registrations.forms import NeedsForm, RenameForm, SignUpForm
from trainings.registrations.guarding import check_rate, is_to_review
from trainings.registrations.queries import (
    OwnRegistration,
    by_own_link,
    open_training,
    position_on_waiting_list,
)
from trainings.registrations.sign_up import SignedUp, SignUp, sign_up
from trainings.registrations.ticket import Ticket, personal_calendar, ticket_of
from trainings.schedule.models import Training
from trainings.schedule.phase import TAKES_SIGN_UPS, closing_time, phase
from trainings.settings import get_settings
from trainings.web.address import client_address
from trainings.web.allow import HOLDER, PUBLIC, allow
from trainings.web.flash import flash
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.og import REGULAR
from trainings.web.render import redirect, render, token_page_headers

if TYPE_CHECKING:
    from starlette.requests import Request

BROWSER_COOKIE = "aparato"
BROWSER_DAYS = timedelta(days=30)


# -- signing up


@allow(PUBLIC)
async def new(request: Request) -> Response:
    training = await open_training(request.path_params["slug"])
    return _sign_up_page(request, training, None)


@allow(PUBLIC)
async def create(request: Request) -> Response:
    """The sign-up: 303 to the own link; 422 or 409 with the form and what was typed."""
    training = await open_training(request.path_params["slug"])
    address = client_address(request)
    await check_rate(address)
    typed = await read_form(request)
    browser = request.cookies.get(BROWSER_COOKIE) or tokens.feed_token()
    try:
        form = check(SignUpForm, typed)
        wish = await _wish(form, typed, browser, address)
        signed_up = await sign_up(training.id, wish, actor=request.state.actor)
    except FormErrors as exc:
        return _sign_up_page(request, training, exc.typed, 422)
    except NotFound:
        raise
    except Refusal as exc:
        return _sign_up_page(request, await open_training(training.slug), typed.refused(exc), exc.status)
    return _signed_up(signed_up, browser)


async def _wish(form: SignUpForm, typed: Typed, browser: str, address: str) -> SignUp:
    wish = SignUp(
        person=form,
        purposes=form.purposes,
        needs=tuple(form.needs),
        childcare_places=form.childcare_places,
        idempotency_key=form.idempotency_key or None,
        body_hash=_body_hash(typed),
        browser_key=tokens.digest(browser[:64], "browser"),
    )
    if await is_to_review(address, wish.keys):
        return wish.held()
    return wish


def _body_hash(typed: Typed) -> str:
    """The same for the same answers, whatever their order."""
    answers = sorted((name, values) for name, values in typed.fields.items() if name != "idempotency_key")
    return hashlib.sha256(repr(answers).encode()).hexdigest()


def _signed_up(signed_up: SignedUp, browser: str) -> Response:
    response = redirect(f"/i/{signed_up.token}")
    response.set_cookie(
        BROWSER_COOKIE,
        browser[:64],
        max_age=int(BROWSER_DAYS.total_seconds()),
        httponly=True,
        secure=get_settings().is_https,
        samesite="lax",
    )
    return response


def _sign_up_page(request: Request, training: Training, typed: Typed | None, status: int = 200) -> Response:
    sessions = list(training.sessions)
    context = {
        "training": training,
        "sessions": sessions,
        "phase": phase(training, sessions, clock.now()),
        "may_sign_up": phase(training, sessions, clock.now()) in TAKES_SIGN_UPS,
        "closes_at": closing_time(training, sessions),
        "phone": training.contact_phone or training.hub.phone,
        "form": typed,
        "idempotency_key": (typed.value("idempotency_key") if typed else "") or tokens.idempotency_key(),
        "departments": choices.municipalities_by_department(),
        "actor_types": choices.actor_types(),
        "sexes": choices.sexes(),
        "age_groups": choices.age_groups(),
        "languages": choices.languages(),
        "pueblos": choices.pueblos(),
        "needs": choices.needs(),
        "consents": {purpose.value: gettext(text) for purpose, text in TEXTS.items()},
    }
    return render(request, "registrations/new.html", context, status=status)


# -- one's own registration


async def _own(request: Request) -> OwnRegistration:
    return await by_own_link(request.path_params["token"])


async def _ticket(request: Request) -> Ticket:
    own = await _own(request)
    return ticket_of(own, await position_on_waiting_list(own.registration.group))


@allow(HOLDER)
async def show(request: Request) -> Response:
    return await _show(request, await _ticket(request))


async def _show(
    request: Request,
    ticket: Ticket,
    *,
    name_form: Typed | None = None,
    needs_form: Typed | None = None,
    status: int = 200,
) -> Response:
    registration = ticket.own.registration
    token = request.path_params["token"]
    training = registration.training
    context: dict[str, Any] = {
        "ticket": ticket,
        "registration": registration,
        "training": training,
        "hub": training.hub,
        "phone": training.contact_phone or training.hub.phone,
        "base": f"/i/{token}",
        "qr": qr.svg_path(registration.qr_token) if ticket.has_code and registration.qr_token else None,
        "name_form": name_form or Typed.of(_names(ticket.own)),
        "needs_form": needs_form or Typed.of({"needs": (registration.needs or "").split(",")}),
        "needs": choices.needs(),
        "certificates": await certificates.of_registration(registration.id),
        "is_renaming": name_form is not None,
    }
    template = "registrations/archive.html" if ticket.own.is_only_archive else "registrations/show.html"
    return render(request, template, context, status=status, headers=token_page_headers())


def _names(own: OwnRegistration) -> dict[str, str]:
    person = own.registration.participant
    return {"given_names": person.given_names, "surnames": person.surnames}


@allow(HOLDER)
async def rename(request: Request) -> Response:
    ticket = await _ticket(request)
    try:
        form = check(RenameForm, await read_form(request))
    except FormErrors as exc:
        return await _show(request, ticket, name_form=exc.typed, status=422)
    await actions.rename(ticket.own.registration.id, form.given_names, form.surnames, actor=HOLDER_OF_LINK)
    return _back(request, gettext(N_("Listo. Así se escribirá su nombre en el diploma.")))


@allow(HOLDER)
async def change_needs(request: Request) -> Response:
    ticket = await _ticket(request)
    try:
        form = check(NeedsForm, await read_form(request))
    except FormErrors as exc:
        return await _show(request, ticket, needs_form=exc.typed, status=422)
    await actions.change_needs(ticket.own.registration.id, form.needs, actor=HOLDER_OF_LINK)
    return _back(request, gettext(N_("Listo. La ventanilla verá el apoyo que pide.")))


@allow(HOLDER)
async def confirm_cancel(request: Request) -> Response:
    ticket = await _ticket(request)
    context = {"ticket": ticket, "base": f"/i/{request.path_params['token']}"}
    return render(request, "registrations/cancel.html", context, headers=token_page_headers())


@allow(HOLDER)
async def cancel(request: Request) -> Response:
    own = await _own(request)
    await actions.cancel(own.registration.id, actor=HOLDER_OF_LINK)
    return _back(request, gettext(N_("Su inscripción está cancelada. Gracias por avisar.")))


@allow(HOLDER)
async def rejoin(request: Request) -> Response:
    own = await _own(request)
    await actions.rejoin(own.registration.id, actor=HOLDER_OF_LINK)
    return _back(request, gettext(N_("Listo. Su inscripción vale otra vez.")))


def _back(request: Request, sentence: str) -> Response:
    response = redirect(f"/i/{request.path_params['token']}")
    flash(response, sentence)
    return response


@allow(HOLDER)
async def picture(request: Request) -> Response:
    """The ticket as a picture to keep in the phone: code, name, title, day."""
    ticket = await _ticket(request)
    registration = ticket.own.registration
    if not ticket.has_code or registration.qr_token is None:
        raise NotFound
    meeting = ticket.next_meeting
    when = f"{meeting.hours}" if meeting else ""
    captions = [registration.participant.full_name, ticket.title, tokens.show_short_code(registration.short_code)]
    content = qr.captioned_png(registration.qr_token, [*captions, when], REGULAR)
    headers = token_page_headers() | {"content-disposition": 'attachment; filename="boleto.png"'}
    return Response(content, media_type="image/png", headers=headers)


@allow(HOLDER)
async def drawing(request: Request) -> Response:
    """The code alone, as SVG."""
    ticket = await _ticket(request)
    if not ticket.has_code or ticket.own.registration.qr_token is None:
        raise NotFound
    content = qr.svg(ticket.own.registration.qr_token)
    return Response(content, media_type="image/svg+xml", headers=token_page_headers())


@allow(HOLDER)
async def calendar_entry(request: Request) -> Response:
    own = await _own(request)
    headers = token_page_headers() | {"content-disposition": 'attachment; filename="capacitacion.ics"'}
    return Response(personal_calendar(own), media_type="text/calendar; charset=utf-8", headers=headers)


SIGN_UP = "/capacitaciones/{slug}/inscripcion"
OWN = "/i/{token}"

routes: list[BaseRoute] = [
    Route(SIGN_UP, new),
    Route(SIGN_UP, create, methods=["POST"]),
    Route(OWN, show),
    Route(OWN + "/nombre", rename, methods=["POST"]),
    Route(OWN + "/apoyo", change_needs, methods=["POST"]),
    Route(OWN + "/cancelar", confirm_cancel),
    Route(OWN + "/cancelar", cancel, methods=["POST"]),
    Route(OWN + "/volver", rejoin, methods=["POST"]),
    Route(OWN + "/boleto.png", picture),
    Route(OWN + "/boleto.svg", drawing),
    Route(OWN + "/evento.ics", calendar_entry),
]
