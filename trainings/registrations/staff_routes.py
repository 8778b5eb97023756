"""`/panel/inscripciones/{id}`: one person's registration for staff; and signing somebody up at the desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import DESK, HUB_STAFF
from trainings.audit.actions import record
from trainings.certificates import queries as certificates
from trainings.errors import NotAllowed, Refusal
from trainings.lib import qr, tokens
from trainings.people import choices
from trainings.people.models import ConsentHow
from trainings.people.words import ACTOR_TYPES, AGE_GROUPS, LANGUAGES, NEEDS, SEXES
from trainings.registrations import actions
from trainings.registrations.forms import RenameForm, SignUpForm, answers_hash
from trainings.registrations.models import Registration, RegistrationState, Source
from trainings.registrations.queries import position_on_waiting_list
from trainings.registrations.sign_up import sign_up
from trainings.registrations.staff_queries import StaffView, in_scope, training_at_desk
from trainings.registrations.ticket import Ticket, ticket_of
from trainings.registrations.wishes import SignUp, for_one
from trainings.registrations.words import HOW_AGREED, PURPOSES, SOURCES, STATES
from trainings.schedule.models import SessionState, Training
from trainings.schedule.phase import phase
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

if TYPE_CHECKING:
    from uuid import UUID

    from starlette.requests import Request

    from trainings.audit.actor import Actor

ONE = "/panel/inscripciones/{id:uuid}"
DESK_FORM = "/panel/capacitaciones/{id:uuid}/inscribir"


class OnlyTheDesk(NotAllowed):
    code = "only_the_desk"
    sentence = N_("Eso lo hace la ventanilla. Pídalo a quien coordina o atiende el escritorio.")


class NoTicket(Refusal):
    code = "no_ticket"
    sentence = N_("Esta inscripción no tiene lugar, así que no hay boleto que imprimir.")


# -- one person's page


async def _view(request: Request) -> StaffView:
    return await in_scope(request.path_params["id"], request.state.actor)


async def _at_desk(request: Request) -> StaffView:
    view = await _view(request)
    if not view.is_desk:
        raise OnlyTheDesk
    return view


@allow(*HUB_STAFF)
async def show(request: Request) -> Response:
    """Full name, and for the desk contact and support needs: opening it is logged."""
    return await _show(request, await _view(request))


async def _show(request: Request, view: StaffView, *, form: Typed | None = None, status: int = 200) -> Response:
    registration = view.own.registration
    await record(
        "registrations.open",
        actor=request.state.actor,
        object_id=registration.id,
        hub_id=registration.training.hub_id,
        contact=view.is_desk,
    )
    context = {
        "ticket": await _ticket(view),
        "registration": registration,
        "person": registration.participant,
        "words": _words(registration),
        "is_desk": view.is_desk,
        "alike": view.alike,
        "consents": [
            (gettext(PURPOSES[one.purpose]), gettext(HOW_AGREED[one.how]), one.created_at)
            for one in view.consents
            if one.withdrawn_at is None
        ],
        "certificates": await certificates.of_registration(registration.id),
        "name_form": form,
    }
    return render(request, "registrations/staff_show.html", context, status=status)


def _words(registration: Registration) -> dict[str, str]:
    """The codes of a registration in words; empty where nothing was answered."""
    person = registration.participant
    needs = [gettext(NEEDS[code]) for code in (registration.needs or "").split(",") if code in NEEDS]
    return {
        "state": gettext(STATES[registration.state]),
        "source": gettext(SOURCES[registration.source]),
        "municipality": person.municipality.full_name if person.municipality else gettext(choices.ANOTHER_PLACE_WORDS),
        "actor_type": gettext(ACTOR_TYPES[person.actor_type]),
        "sex": gettext(SEXES[person.sex]) if person.sex else "",
        "age_group": gettext(AGE_GROUPS[person.age_group]) if person.age_group else "",
        "language": gettext(LANGUAGES.get(person.language or "", "")),
        "needs": ", ".join(needs),
    }


async def _ticket(view: StaffView) -> Ticket:
    return ticket_of(view.own, await position_on_waiting_list(view.own.registration))


@allow(*HUB_STAFF)
async def rename(request: Request) -> Response:
    view = await _view(request)
    try:
        form = check(RenameForm, await read_form(request))
    except FormErrors as exc:
        return await _show(request, view, form=exc.typed, status=422)
    registration = view.own.registration
    await actions.rename(registration.id, form.given_names, form.surnames, actor=request.state.actor)
    return _back(registration.id, gettext(N_("Listo. Así se escribirá su nombre en el diploma.")))


async def _act(request: Request, act: Callable[..., Awaitable[None]], sentence: str) -> Response:
    """A button of the desk that needs no answers."""
    registration = (await _at_desk(request)).own.registration
    actor: Actor = request.state.actor
    await act(registration.id, actor=actor)
    return _back(registration.id, gettext(sentence))


@allow(*DESK)
async def cancel(request: Request) -> Response:
    return await _act(
        request, actions.cancel, N_("La inscripción está cancelada. Si hay lista de espera, el lugar ya pasó.")
    )


@allow(*DESK)
async def approve(request: Request) -> Response:
    return await _act(request, actions.approve, N_("Listo. La inscripción está aprobada."))


@allow(*DESK)
async def rejoin(request: Request) -> Response:
    return await _act(request, actions.rejoin, N_("Listo. La inscripción vale otra vez."))


def _back(registration_id: UUID, sentence: str) -> Response:
    response = redirect(f"/panel/inscripciones/{registration_id}")
    flash(response, sentence)
    return response


@allow(*DESK)
async def ticket(request: Request) -> Response:
    """The ticket on paper, for who has neither telephone nor mail. Printing one is logged."""
    view = await _at_desk(request)
    shown = await _ticket(view)
    registration = view.own.registration
    if not shown.has_code or registration.qr_token is None:
        raise NoTicket
    await record(
        "registrations.print_ticket",
        actor=request.state.actor,
        object_id=registration.id,
        hub_id=registration.training.hub_id,
    )
    context = {
        "ticket": shown,
        "registration": registration,
        "training": registration.training,
        "hub": registration.training.hub,
        "qr": qr.svg_path(registration.qr_token),
    }
    return render(request, "registrations/staff_ticket.html", context)


# -- at the desk


@allow(*DESK)
async def new(request: Request) -> Response:
    training = await training_at_desk(request.path_params["id"], request.state.actor)
    return _desk_page(request, training, None)


@allow(*DESK)
async def create(request: Request) -> Response:
    """Sign somebody up who stands here: 303 to the ticket to print, or to the person's page where there is none."""
    training = await training_at_desk(request.path_params["id"], request.state.actor)
    typed = await read_form(request)
    try:
        form = check(SignUpForm, typed)
        signed_up = await sign_up(training.id, _wish(form, typed), actor=request.state.actor)
    except FormErrors as exc:
        return _desk_page(request, training, exc.typed, 422)
    except Refusal as exc:
        return _desk_page(request, training, typed.refused(exc), exc.status)
    registration = await Registration.get(id=signed_up.registration_id)
    has_place = registration.state is RegistrationState.CONFIRMED
    response = redirect(f"/panel/inscripciones/{registration.id}{'/boleto' if has_place else ''}")
    if not signed_up.is_new:
        flash(response, gettext(N_("Ya estaba inscrita con este formulario.")), "note")
    return response


def _wish(form: SignUpForm, typed: Typed) -> SignUp:
    return for_one(
        form,
        form.purposes,
        needs=form.needs,
        childcare_places=form.childcare_places,
        source=Source.DESK,
        consent_how=ConsentHow.READ_ALOUD,
        idempotency_key=form.idempotency_key or None,
        body_hash=answers_hash(typed),
    )


def _desk_page(request: Request, training: Training, typed: Typed | None, status: int = 200) -> Response:
    sessions = sorted(training.sessions, key=lambda session: session.starts_at)
    planned = [session for session in sessions if session.state is SessionState.PLANNED]
    context: dict[str, Any] = {
        "training": training,
        "first": (planned or sessions)[0] if sessions else None,
        "phase": phase(training, sessions, clock.now()),
        "free": max(training.capacity - training.taken, 0),
        "childcare_left": max(training.childcare_capacity - training.childcare_taken, 0),
        "form": typed,
        "idempotency_key": (typed.value("idempotency_key") if typed else "") or tokens.idempotency_key(),
        **choices.of_person(training.hub.seat.department, adults_only=True),
    }
    return render(request, "registrations/desk.html", context, status=status)


routes: list[BaseRoute] = [
    Route(ONE, show),
    Route(ONE + "/nombre", rename, methods=["POST"]),
    Route(ONE + "/cancelar", cancel, methods=["POST"]),
    Route(ONE + "/aprobar", approve, methods=["POST"]),
    Route(ONE + "/volver", rejoin, methods=["POST"]),
    Route(ONE + "/boleto", ticket),
    Route(DESK_FORM, new),
    Route(DESK_FORM, create, methods=["POST"]),
]
