"""`/panel/capacitaciones/{id}/espera`"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import DESK, EDITORS, can_edit_trainings
from trainings.audit.actions import record
from trainings.db import reads
from trainings.errors import NotFound, Refusal, WrongInput
from trainings.lib import dates
from trainings.lib.calling import CallLinks, call_links
from trainings.lib.phones import show_phone
from trainings.outbox.models import CallResult
from trainings.outbox.queries import stoppable
from trainings.registrations.calls import actions as call_actions
from trainings.registrations.calls.actions import Answer
from trainings.registrations.calls.people import n_written_to
from trainings.registrations.calls.words import ANSWERED
from trainings.registrations.commands import HandReason
from trainings.registrations.desk.person import training_at_desk, why_closed
from trainings.registrations.desk.staff_refusals import for_staff
from trainings.registrations.desk.waiting_queries import PAGE, Board, Waiting, board_of, who_would_be_told
from trainings.registrations.models import RegistrationGroup
from trainings.registrations.seats import waiting
from trainings.registrations.seats.actions import UnknownGroup
from trainings.registrations.seats.situation import Shortage
from trainings.schedule.models import SessionState, Training
from trainings.web.allow import WrongRole, allow
from trainings.web.forms import Form, FormErrors, asked_page, check, read_form
from trainings.web.i18n import N_, gettext, language, ngettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

LIST = "/panel/capacitaciones/{id:uuid}/espera"
GROUP = LIST + "/{group_id:uuid}"

HAND_REASONS: dict[HandReason, str] = {
    HandReason.ERROR: N_("Corregimos un error nuestro"),
    HandReason.AUTHORITY: N_("Es autoridad o representa a su comunidad"),
    HandReason.DISTANCE: N_("Viene de lejos"),
    HandReason.DROPPED_OUT: N_("Quienes van antes ya no vienen"),
}
PASSED_FOR: dict[str, str] = {
    Shortage.SEATS: N_("no había lugar para todas juntas"),
    Shortage.CHILDCARE: N_("faltaban lugares de cuidado infantil"),
    HandReason.ERROR: N_("se corrigió un error nuestro"),
    HandReason.AUTHORITY: N_("pasó una autoridad"),
    HandReason.DISTANCE: N_("pasó alguien que viene de lejos"),
    HandReason.DROPPED_OUT: N_("quienes iban antes no venían"),
}

OFFERED_TEXT = N_("%(hub)s: hay %(places)s (%(when)s). Díganos sí o no%(until)s, por aquí o al %(phone)s.")
WAITING_TEXT = N_("%(hub)s: sigue en la lista de espera (%(when)s). Si ya no le interesa, avísenos al %(phone)s.")
CLOSED_TEXT = N_("%(hub)s: se cerró la lista de espera (%(when)s) y no hubo lugar. Para otra fecha llame al %(phone)s.")


class NoReason(WrongInput):
    code = "no_hand_reason"
    sentence = N_("Escoja por qué pasa antes que las demás.")


class HandForm(Form):
    reason: HandReason


class InVainForm(Form):
    """`seen`: since when the page showed them as told."""

    seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Row:
    group: Waiting
    size: str
    passed: str
    calling: CallLinks | None


# -- the page


@allow(*DESK)
async def show(request: Request) -> Response:
    """With telephone numbers: opening it is logged."""
    return await _show(request, await _training(request))


async def _training(request: Request) -> Training:
    return await training_at_desk(request.path_params["id"], request.state.actor)


async def _show(request: Request, training: Training, *, refusal: Refusal | None = None) -> Response:
    page = asked_page(request.query_params)
    board = await board_of(training, page)
    actor = request.state.actor
    await record("registrations.open_waiting_list", actor=actor, object_id=training.id, hub_id=training.hub_id)
    base = f"/panel/capacitaciones/{training.id}"
    last = first_of(page) + len(board.waiting) - 1
    closed = why_closed(training, list(training.sessions))
    context = {
        "here": "capacitaciones",
        "desk": training.hub.name,
        "training": training,
        "first": _first(training),
        "base": base,
        **_rows(training, board),
        "n_waiting": board.n_waiting,
        "free": training.n_free,
        "childcare_free": training.n_childcare_free,
        "reasons": [(code.value, gettext(words)) for code, words in HAND_REASONS.items()],
        "why_closed": closed,
        "may_close": can_edit_trainings(actor, training.hub_id)
        and (training.has_waiting_list or board.n_waiting > 0)
        and not closed,
        **await _batch(request),
        "refusal": sentence_of(for_staff(refusal)) if refusal else "",
        "before": f"{base}/espera?pagina={page - 1}" if page > 1 else None,
        "after": f"{base}/espera?pagina={page + 1}" if last < board.n_waiting else None,
        "span": gettext(N_("%(first)s a %(last)s de %(n)s"))
        % {"first": first_of(page), "last": last, "n": board.n_waiting},
    }
    return render(request, "registrations/desk/waiting.html", context, status=refusal.status if refusal else 200)


def first_of(page: int) -> int:
    return (page - 1) * PAGE + 1


def _first(training: Training) -> datetime | None:
    planned = sorted(one.starts_at for one in training.sessions if one.state is SessionState.PLANNED)
    return next((moment for moment in planned if moment > clock.now()), planned[-1] if planned else None)


async def _batch(request: Request) -> dict[str, Any]:
    """Messages just caused (`?lote=`) that can be stopped."""
    wanted = request.query_params.get("lote", "")
    batches = await stoppable(request.state.actor) if wanted else []
    batch = next((one for one in batches if str(one.id) == wanted), None)
    return {"batch": batch, "n_people": (await n_written_to([batch.id]))[batch.id] if batch else 0}


def _rows(training: Training, board: Board) -> dict[str, Sequence[Row]]:
    return {
        "offered": [_row(one, training, OFFERED_TEXT) for one in board.offered],
        "waiting": [_row(one, training, WAITING_TEXT) for one in board.waiting],
        "to_call": [_row(one, training, CLOSED_TEXT) for one in board.to_call],
    }


def _row(one: Waiting, training: Training, text: str) -> Row:
    people = ngettext("%(num)s persona", "%(num)s personas", one.n_people) % {"num": one.n_people}
    children = ngettext("%(num)s en cuidado infantil", "%(num)s en cuidado infantil", one.n_children)
    return Row(
        group=one,
        size=f"{people}, {children % {'num': one.n_children}}" if one.n_children else people,
        passed=gettext(PASSED_FOR[one.last_pass.reason])
        if one.last_pass and one.last_pass.reason in PASSED_FOR
        else "",
        calling=call_links(one.phone, _text(one, training, text)) if one.phone else None,
    )


def _text(one: Waiting, training: Training, text: str) -> str:
    """Neither topic nor name: others may see the telephone."""
    first = _first(training)
    until = one.offered_until or waiting.offer_ends(training, list(training.sessions), clock.now())
    places = ngettext("%(num)s lugar", "%(num)s lugares", one.n_people) % {"num": one.n_people}
    return gettext(text) % {
        "hub": training.hub.name,
        "places": places,
        "when": _words(first) if first else "",
        "until": gettext(N_(" antes del %(when)s")) % {"when": _words(until)} if until else "",
        "phone": show_phone(training.phone),
    }


def _words(moment: datetime) -> str:
    return dates.day_and_time(moment, language()).replace(dates.NBSP, " ")


# -- one group


@allow(*DESK)
async def promote(request: Request) -> Response:
    training, group = await _group(request)
    try:
        form = check(HandForm, await read_form(request))
        await waiting.promote_by_hand(group.id, form.reason, actor=request.state.actor)
    except FormErrors:
        return await _show(request, training, refusal=NoReason())
    except NotFound:
        raise
    except Refusal as refusal:
        return await _show(request, training, refusal=refusal)
    return _back(
        training,
        N_("Listo: ya tiene lugar.") if training.offer_hours is None else N_("Listo: llame o espere su respuesta."),
    )


async def _group(request: Request) -> tuple[Training, RegistrationGroup]:
    training = await _training(request)
    group = await reads(RegistrationGroup).get_or_none(id=request.path_params["group_id"], training_id=training.id)
    if group is None:
        raise UnknownGroup
    return training, group


async def _act(request: Request, act: Callable[..., Awaitable[None]], sentence: str) -> Response:
    training, group = await _group(request)
    try:
        await act(group.id, actor=request.state.actor)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _show(request, training, refusal=refusal)
    return _back(training, sentence)


@allow(*DESK)
async def reached(request: Request) -> Response:
    act = partial(call_actions.mark_offer, result=CallResult.REACHED)
    return await _act(request, act, N_("Anotado: el plazo corre desde ahora."))


@allow(*DESK)
async def not_reached(request: Request) -> Response:
    form = check(InVainForm, await read_form(request))
    act = partial(call_actions.mark_offer, result=CallResult.NOT_REACHED, seen=form.seen)
    return await _act(request, act, N_("Anotado: no se pudo. El lugar sigue guardado."))


@allow(*DESK)
async def release(request: Request) -> Response:
    return await _act(request, waiting.release_offer, N_("Listo: el lugar pasó a quien sigue. Se avisa en 10 minutos."))


@allow(*DESK)
async def accept(request: Request) -> Response:
    return await _act(request, waiting.accept_offer, ANSWERED[Answer.YES])


@allow(*DESK)
async def decline(request: Request) -> Response:
    return await _act(request, waiting.decline_offer, ANSWERED[Answer.NO])


def _back(training: Training, sentence: str) -> Response:
    return redirect(f"/panel/capacitaciones/{training.id}/espera", gettext(sentence))


# -- closing


async def _closable(request: Request) -> Training:
    training = await _training(request)
    if not can_edit_trainings(request.state.actor, training.hub_id):
        raise WrongRole
    return training


@allow(*EDITORS)
async def confirm_close(request: Request) -> Response:
    training = await _closable(request)
    n_mails, n_calls, n_beyond = await who_would_be_told(training)
    n_waiting = n_mails + n_calls + n_beyond
    context: dict[str, Any] = {
        "here": "capacitaciones",
        "training": training,
        "base": f"/panel/capacitaciones/{training.id}",
        "why_closed": why_closed(training, list(training.sessions)),
        "is_closed": not training.has_waiting_list and not n_waiting,
        "n_waiting": n_waiting,
        "n_mails": n_mails,
        "n_calls": n_calls,
        "n_beyond": n_beyond,
    }
    return render(request, "registrations/desk/waiting_close.html", context)


@allow(*EDITORS)
async def close(request: Request) -> Response:
    training = await _closable(request)
    try:
        batch = await waiting.close_waiting_list(training.id, actor=request.state.actor)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _show(request, training, refusal=refusal)
    if batch is None:
        return _back(training, N_("La lista ya estaba cerrada."))
    return redirect(
        f"/panel/capacitaciones/{training.id}/espera?lote={batch}",
        gettext(N_("Listo: la lista de espera está cerrada.")),
    )


routes: list[BaseRoute] = [
    Route(LIST, show),
    Route(LIST + "/cerrar", confirm_close),
    Route(LIST + "/cerrar", close, methods=["POST"]),
    Route(GROUP + "/subir", promote, methods=["POST"]),
    Route(GROUP + "/avisado", reached, methods=["POST"]),
    Route(GROUP + "/no-se-pudo", not_reached, methods=["POST"]),
    Route(GROUP + "/soltar", release, methods=["POST"]),
    Route(GROUP + "/acepta", accept, methods=["POST"]),
    Route(GROUP + "/no-acepta", decline, methods=["POST"]),
]
