"""`/capacitaciones/{slug}/inscripcion`: sign-up of a person or family."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.db.connection import DATABASE_ERRORS, is_passing
from trainings.errors import NotFound, Refusal, TooMany, WrongInput
from trainings.lib import tokens
from trainings.registrations.commands import LARGEST_GROUP, SignedUp, SignUp
from trainings.registrations.eligibility import AdultsOnly, TooYoung
from trainings.registrations.models import HoldReason
from trainings.registrations.own.queries import of_browser
from trainings.registrations.queries import id_of_open_training, open_training, open_training_and_facts
from trainings.registrations.seats.actions import sign_up
from trainings.registrations.seats.entering import KeyUsedAgain
from trainings.registrations.signup.browser_cookie import browser_key, read_cookie, write_cookie
from trainings.registrations.signup.family_forms import TOO_MANY_PEOPLE, is_edited, read_wish, renumber
from trainings.registrations.signup.limits import check_rate, give_another_key, is_odd, watches
from trainings.registrations.signup.page import context_of, tell_actor_type, tell_ages
from trainings.schedule.public.posted import next_change
from trainings.schedule.public.queries import all_hubs
from trainings.schedule.public.remembered import remembered
from trainings.web.address import client_address
from trainings.web.allow import PUBLIC, allow
from trainings.web.forms import FormErrors, Typed, UnreadableForm, read_form
from trainings.web.problems import DatabaseBusy
from trainings.web.render import redirect, render

WRONG, CONFLICT = 422, 409
CROWD = LARGEST_GROUP * 4
"""More numbered people are no family, whatever else is unreadable."""


TEMPLATE = "registrations/signup/new.html"
HOLES = {name: f"\ue000{name}\ue000" for name in ("idempotency_key", "from_page", "seats")}
"""What a kept page lacks, by the name in its template; nobody types such a character."""


class TooManyPeople(WrongInput):
    sentence = TOO_MANY_PEOPLE


@allow(PUBLIC)
async def new(request: Request) -> Response:
    training, facts = await open_training_and_facts(request.path_params["slug"])
    # Taken first: a session may end while the sentences are made.
    until = next_change([training], clock.now())
    here = await of_browser(browser_key(request), training.id)
    context = {**await context_of(training, None), "of_browser": here}
    if here:
        return render(request, TEMPLATE, context, headers={"cache-control": "no-store"})
    holes = {hole: str(context[name]) for name, hole in HOLES.items()}
    return remembered(
        request,
        (facts, [context[name] for name in ("phase", "communities", "before", "recordings")]),
        lambda: render(request, TEMPLATE, context | HOLES),
        until=until,
        holes=holes,
    )


@allow(PUBLIC)
async def create(request: Request) -> Response:
    """303 to the own link; 422 or 409 with the form as typed; 429 or 503 with the time to try again; 200 after a button
    that adds or removes people.
    """
    slug = request.path_params["slug"]
    training_id = await id_of_open_training(slug)
    typed = await _read(request)
    if is_edited(typed):
        return await _again(request, slug, typed, 200)
    known, address = read_cookie(request), client_address(request)
    browser = known or tokens.feed_token()
    try:
        wish = _wish(typed, browser, is_known=bool(known))
        signed_up = await sign_up(training_id, wish, actor=request.state.actor, watched=watches(address, wish.keys))
    except FormErrors:
        return await _wrong(request, slug, typed, address)
    except NotFound:
        raise
    except Refusal as refused:
        return await _again(request, slug, typed.refused(refused), refused.status, refused)
    except DATABASE_ERRORS as trouble:
        if not is_passing(trouble):
            raise
        return await _again(request, slug, typed, DatabaseBusy.status, DatabaseBusy(retry_after=30))
    return _signed_up(signed_up, browser)


def _wish(typed: Typed, browser: str, *, is_known: bool) -> SignUp:
    wish = read_wish(typed, browser_key=tokens.digest(browser, "browser"), browser_is_known=is_known)
    return wish.held(HoldReason.REVIEW) if is_odd(typed, clock.now()) else wish


async def _read(request: Request) -> Typed:
    """A form too long to read gets its error if it names a crowd."""
    try:
        return await read_form(request)
    except UnreadableForm:
        body = await request.body()
        if len(set(re.findall(rb"members-([0-9]+)-", body))) > CROWD:
            raise TooManyPeople from None
        raise


async def _wrong(request: Request, slug: str, typed: Typed, address: str) -> Response:
    """Unreadable forms count too: above the address's limit the form says when to send it."""
    try:
        await check_rate(address)
    except TooMany as refused:
        return await _again(request, slug, typed.refused(refused), refused.status, refused)
    except DATABASE_ERRORS as trouble:
        if not is_passing(trouble):
            raise
        # In a rush it goes uncounted, and what is wrong is told all the same.
    return await _again(request, slug, typed, WRONG)


async def _again(request: Request, slug: str, typed: Typed, status: int, refused: Refusal | None = None) -> Response:
    renumber(typed, keep_empty=True)
    if isinstance(refused, KeyUsedAgain):
        give_another_key(typed)
    training = await open_training(slug)
    is_about_age = refused is None or isinstance(refused, AdultsOnly | TooYoung)
    if typed.errors and refused is None:
        tell_actor_type(training, typed)
    if typed.errors and is_about_age:
        told = tell_ages(training, typed)
        status = CONFLICT if told and _are_ages(typed) else status
    context = {**await context_of(training, typed, refused), "of_browser": []}
    headers = {"retry-after": str(refused.retry_after)} if isinstance(refused, TooMany) else None
    return render(request, TEMPLATE, context, status=status, headers=headers)


def _are_ages(typed: Typed) -> bool:
    return all(name.endswith("age_group") for name in typed.errors)


def _signed_up(signed_up: SignedUp, browser: str) -> Response:
    response = redirect(f"/i/{signed_up.token}")
    write_cookie(response, browser)
    return response


@allow(PUBLIC)
async def minors(request: Request) -> Response:
    hubs: Sequence[object] = await all_hubs()
    return render(request, "registrations/signup/minors.html", {"hubs": hubs})


SIGN_UP = "/capacitaciones/{slug}/inscripcion"

routes: list[BaseRoute] = [
    Route(SIGN_UP, new),
    Route(SIGN_UP, create, methods=["POST"]),
    Route("/menores", minors),
]
