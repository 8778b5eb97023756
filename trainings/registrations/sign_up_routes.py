"""`/capacitaciones/{slug}/inscripcion`: anybody signs up, without an account."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.errors import NotFound, Refusal, TooMany
from trainings.lib import tokens
from trainings.people import choices
from trainings.people.consents import asked_now
from trainings.registrations.eligibility import AdultsOnly
from trainings.registrations.forms import SignUpForm, answers_hash
from trainings.registrations.guarding import check_rate, is_to_review
from trainings.registrations.models import HoldReason
from trainings.registrations.queries import id_of_open_training, open_training
from trainings.registrations.sign_up import SignedUp, sign_up
from trainings.registrations.wishes import SignUp, for_one
from trainings.schedule.models import PlaceShown, SessionState, Training, TrainingSession
from trainings.schedule.phase import TAKES_SIGN_UPS, phase
from trainings.settings import get_settings
from trainings.web.address import client_address
from trainings.web.allow import PUBLIC, allow
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

if TYPE_CHECKING:
    from starlette.requests import Request

BROWSER_DAYS = timedelta(days=30)
LONGEST_BROWSER_NAME = 64
CONFLICT = 409
"""A rule said no; everything else is to be corrected in the form."""


@allow(PUBLIC)
async def new(request: Request) -> Response:
    training = await open_training(request.path_params["slug"])
    return _page(request, training, None)


@allow(PUBLIC)
async def create(request: Request) -> Response:
    """The sign-up: 303 to the own link; 422 or 409 with the form and what was typed."""
    slug = request.path_params["slug"]
    training_id = await id_of_open_training(slug)
    address = client_address(request)
    await check_rate(address)
    typed = await read_form(request)
    known = request.cookies.get(_cookie(), "")[:LONGEST_BROWSER_NAME]
    browser = known or tokens.feed_token()
    try:
        wish = _wish(check(SignUpForm, typed), typed, browser, browser_is_known=bool(known))
        if await is_to_review(address, wish.keys):
            wish = wish.held(HoldReason.REVIEW)
        signed_up = await sign_up(training_id, wish, actor=request.state.actor)
    except FormErrors as exc:
        return _page(request, await open_training(slug), exc.typed, 422)
    except (NotFound, TooMany):
        raise
    except Refusal as exc:
        return _page(request, await open_training(slug), typed.refused(exc), exc.status, refused=exc)
    return _signed_up(signed_up, browser)


def _wish(form: SignUpForm, typed: Typed, browser: str, *, browser_is_known: bool) -> SignUp:
    return for_one(
        form,
        form.purposes,
        needs=form.needs,
        childcare_places=form.childcare_places,
        idempotency_key=form.idempotency_key or None,
        body_hash=answers_hash(typed),
        browser_key=tokens.digest(browser, "browser"),
        browser_is_known=browser_is_known,
        earlier_code=form.earlier_code,
    )


def _cookie() -> str:
    """The name of what tells this browser from others: a random value of ours, renewed with each sign-up."""
    return "__Host-aparato" if get_settings().is_https else "aparato"


def _signed_up(signed_up: SignedUp, browser: str) -> Response:
    response = redirect(f"/i/{signed_up.token}")
    response.set_cookie(
        _cookie(),
        browser,
        max_age=int(BROWSER_DAYS.total_seconds()),
        path="/",
        httponly=True,
        secure=get_settings().is_https,
        samesite="lax",
    )
    return response


def _page(
    request: Request, training: Training, typed: Typed | None, status: int = 200, *, refused: Refusal | None = None
) -> Response:
    sessions = list(training.sessions)
    planned = [session for session in sessions if session.state is SessionState.PLANNED]
    first = (planned or sessions)[0]
    now = phase(training, sessions, clock.now())
    context = {
        "training": training,
        "first": first,
        "place": _public_place(training, first),
        "n_sessions": len(planned),
        "phase": now,
        "may_sign_up": now in TAKES_SIGN_UPS,
        "phone": training.contact_phone or training.hub.phone,
        "childcare_left": max(training.childcare_capacity - training.childcare_taken, 0),
        "form": typed,
        "refused": sentence_of(refused) if refused is not None and refused.status == CONFLICT else "",
        "is_minor": isinstance(refused, AdultsOnly),
        "idempotency_key": (typed.value("idempotency_key") if typed else "") or tokens.idempotency_key(),
        "consents": asked_now(),
        **choices.of_person(training.hub.seat.department),
    }
    return render(request, "registrations/new.html", context, status=status)


def _public_place(training: Training, session: TrainingSession) -> str:
    """Where it is held, as anybody may know: a protected place is its municipality only."""
    venue = session.venue or training.venue
    if venue is None:
        return gettext(N_("En línea")) if training.online_url else training.hub.seat.full_name
    town = venue.municipality.full_name
    return town if training.place_shown is PlaceShown.AFTER_CONFIRMATION else f"{venue.name}, {town}"


SIGN_UP = "/capacitaciones/{slug}/inscripcion"

routes: list[BaseRoute] = [Route(SIGN_UP, new), Route(SIGN_UP, create, methods=["POST"])]
