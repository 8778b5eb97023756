"""`/panel/capacitaciones/{id}/inscribir`: by staff."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK
from trainings.db.connection import DATABASE_ERRORS, is_passing
from trainings.errors import Refusal, TooMany
from trainings.lib import tokens
from trainings.people import choices
from trainings.people.communities import suggestions
from trainings.people.consents import asked_now
from trainings.registrations.commands import LARGEST_GROUP, SignedUp
from trainings.registrations.desk.forms import AGREED_HOW, Carried
from trainings.registrations.desk.person import doors_left, training_at_desk, why_closed
from trainings.registrations.desk.staff_refusals import for_staff
from trainings.registrations.eligibility import field_of
from trainings.registrations.models import Registration, RegistrationState, Source
from trainings.registrations.seats.actions import sign_up
from trainings.registrations.seats.entering import KeyUsedAgain
from trainings.registrations.signup.age_choices import age_groups, minors_from, short_ages
from trainings.registrations.signup.family_forms import count_people, is_edited, is_minor, read_wish
from trainings.registrations.words import HOW_THEY_COME
from trainings.schedule.models import SessionState, Training, TrainingState
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import FormErrors, Typed, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.problems import DatabaseBusy
from trainings.web.render import redirect, render

DESK_FORM = "/panel/capacitaciones/{id:uuid}/inscribir"


@allow(*DESK)
async def new(request: Request) -> Response:
    training = await training_at_desk(request.path_params["id"], request.state.actor, may_practise=True)
    return await _page(request, training, None)


@allow(*DESK)
async def create(request: Request) -> Response:
    """Also outside the window: 303 to the ticket, or without one to the person's page."""
    training = await training_at_desk(request.path_params["id"], request.state.actor, may_practise=True)
    if training.state is TrainingState.DRAFT:
        return await _page(request, training, None, status=409)
    typed = await read_form(request)
    if is_edited(typed):
        last = count_people(typed) - 1 if typed.value("do") == "add" else 0
        return await _page(request, training, typed, focus=field_of(last, "given_names"))
    carried = _carried(typed)
    try:
        wish = read_wish(typed, source=carried.source, consent_how=AGREED_HOW[carried.source])
        signed_up = await sign_up(training.id, wish, actor=request.state.actor)
    except FormErrors as exc:
        return await _page(request, training, exc.typed, status=422)
    except Refusal as refused:
        return await _refused(request, training, typed, refused)
    except DATABASE_ERRORS as trouble:
        if not is_passing(trouble):
            raise
        return await _refused(request, training, typed, DatabaseBusy(retry_after=30))
    return await _signed_up(signed_up, carried)


def _carried(typed: Typed) -> Carried:
    return Carried.of({name: values[-1] for name, values in typed.fields.items() if values})


async def _refused(request: Request, training: Training, typed: Typed, refused: Refusal) -> Response:
    if isinstance(refused, KeyUsedAgain):
        typed.fields["idempotency_key"] = [tokens.idempotency_key()]
    page = await _page(request, training, typed.refused(for_staff(refused)), status=refused.status)
    if isinstance(refused, TooMany):
        page.headers["retry-after"] = str(refused.retry_after)
    return page


async def _signed_up(signed_up: SignedUp, carried: Carried) -> Response:
    registration = await Registration.get(id=signed_up.registration_id)
    way = "boleto" if carried.source is Source.DESK else "enviar"
    has_place = registration.state is RegistrationState.CONFIRMED
    more = {"todos": "si"} if len(signed_up.registration_ids) > 1 else {}
    told = urlencode({"nueva": "si", **more, **carried.told})
    response = redirect(f"/panel/inscripciones/{registration.id}{'/' + way if has_place else ''}?{told}")
    if not signed_up.is_new:
        flash(response, gettext(N_("Ya estaba inscrita con este formulario.")), "note")
    return response


async def _page(
    request: Request, training: Training, typed: Typed | None, *, focus: str = "given_names", status: int = 200
) -> Response:
    sessions = sorted(training.sessions, key=lambda session: session.starts_at)
    planned = [session for session in sessions if session.state is SessionState.PLANNED]
    carried = Carried.of(request.query_params)
    closed = why_closed(training, sessions)
    context: dict[str, Any] = {
        "training": training,
        "first": (planned or sessions)[0] if sessions else None,
        "why_closed": closed if typed is None else "",
        "is_closed": bool(closed),
        "doors": doors_left(training, sessions),
        "free": training.n_free,
        "childcare_left": training.n_childcare_free,
        "form": typed,
        "n_people": count_people(typed) if typed else 1,
        "largest_group": LARGEST_GROUP,
        "minors": _minors(typed) if typed is not None else (),
        "focus": "" if typed is not None and typed.errors else focus,
        "idempotency_key": (typed.value("idempotency_key") if typed else "") or tokens.idempotency_key(),
        "carried": carried,
        "municipality": carried.municipality or training.hub.seat_id,
        "ways": [(source.value, gettext(words)) for source, words in HOW_THEY_COME.items()],
        "spoken": asked_now(aloud=True),
        "relations": choices.relations(),
        "communities": await suggestions(training.hub.seat_id),
        **choices.of_person(training.hub.seat.department),
        "age_groups": age_groups(training, *_ages_typed(typed)[:1]),
        # For further people a short answer is enough: a child must not be overlooked, an adult's age band can wait.
        "ages_of_others": [short_ages([training], age) for age in _ages_typed(typed)],
        "takes_minors": minors_from(training) is not None,
    }
    return render(request, "registrations/desk/desk.html", context, status=status)


def _minors(typed: Typed) -> list[int]:
    return [number for number in range(count_people(typed)) if is_minor(typed, number)]


def _ages_typed(typed: Typed | None) -> list[str]:
    return [] if typed is None else [typed.value(field_of(n, "age_group")) for n in range(count_people(typed))]


routes: list[BaseRoute] = [Route(DESK_FORM, new), Route(DESK_FORM, create, methods=["POST"])]
