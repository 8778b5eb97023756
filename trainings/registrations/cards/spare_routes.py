"""`/panel/tarjetas`: spare cards of a hub."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import DESK
from trainings.db.connection import DATABASE_ERRORS, is_passing
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.lib.dates import day_and_time
from trainings.people.communities import suggestions
from trainings.people.consents import asked_now
from trainings.people.models import ConsentHow
from trainings.places.models import ANOTHER_PLACE, Hub
from trainings.registrations.cards.forms import (
    FEWEST_SPARE,
    CodeForm,
    ForTrainingForm,
    SpareForm,
    how_agreed,
    read_card_wish,
    said_before,
    slip_fields,
)
from trainings.registrations.cards.queries import (
    card_at_desk,
    card_by_code,
    hubs_at_desk,
    printing_at_desk,
    printings_of,
    session_of_slip,
    trainings_of_slips,
    trainings_to_come,
)
from trainings.registrations.cards.sheets import SPARE_CARDS, spare_data
from trainings.registrations.cards.use import CardUsed, name_card, use_spare
from trainings.registrations.desk.person import doors_left, why_closed
from trainings.registrations.desk.staff_refusals import for_staff
from trainings.registrations.models import Card, CardState, Source
from trainings.registrations.seats import cards
from trainings.registrations.words import HOW_AGREED
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, Typed, check, key_in, read_form
from trainings.web.i18n import N_, gettext, language
from trainings.web.problems import DatabaseBusy, with_time
from trainings.web.render import pdf_response, redirect, render

SPARE = "/panel/tarjetas"
ONE = SPARE + "/{id:uuid}"
WAYS = (ConsentHow.READ_ALOUD, ConsentHow.PAPER)
IS_TICKET = N_("Listo. La tarjeta es su boleto: entréguesela.")
WAITS = N_("Listo. La inscripción espera respuesta: apruébela o rechácela en su página.")


# -- printings


@allow(*DESK)
async def index(request: Request) -> Response:
    return await _index(request, None)


async def _index(request: Request, typed: Typed | None, status: int = 200) -> Response:
    hubs = await hubs_at_desk(request.state.actor)
    names = {hub.id: hub.name for hub in hubs}
    context = {
        "hubs": [(str(hub.id), hub.name) for hub in hubs],
        "printings": [(one, names[one.hub_id]) for one in await printings_of(names)],
        "form": typed,
        "key": (typed.value("key") if typed else "") or str(tokens.uuid7()),
        "fewest": FEWEST_SPARE,
        "most": cards.MOST_SPARE,
    }
    return render(request, "registrations/cards/spare.html", context, status=status)


@allow(*DESK)
async def make(request: Request) -> Response:
    typed = await read_form(request)
    try:
        form = check(SpareForm, typed)
    except FormErrors as exc:
        return await _index(request, exc.typed, 422)
    if form.hub not in {hub.id for hub in await hubs_at_desk(request.state.actor)}:
        raise cards.UnknownHub
    await cards.make_spares(form.hub, form.n, actor=request.state.actor, key=form.key)
    return redirect(f"{SPARE}#hojas", gettext(N_("Listo. Imprima la hoja y corte las tarjetas.")))


@allow(*DESK)
async def sheet(request: Request) -> Response:
    """Printing is logged."""
    hub_id, lines = await printing_at_desk(request.path_params["id"], request.state.actor)
    data = spare_data(await Hub.get(id=hub_id), lines)
    if not data["cards"]:
        raise cards.UnknownCard
    printed = [card.id for card in lines if card.is_ticket]
    await cards.record_printing(printed, hub_id=hub_id, actor=request.state.actor)
    file = await asyncio.to_thread(SPARE_CARDS.pdf, data, made_at=clock.now())
    return pdf_response(file, "tarjetas-de-reserva.pdf")


# -- one card on the desk


@allow(*DESK)
async def ask_code(request: Request) -> Response:
    return await _ask_code(request, None, request.query_params.get("capacitacion", ""))


async def _ask_code(
    request: Request, form: Typed | None, chosen: str, status: int = 200, *, named: Card | None = None
) -> Response:
    hubs = await hubs_at_desk(request.state.actor)
    context = {
        "form": form,
        "trainings": _choices_of(await trainings_of_slips(hub.id for hub in hubs)),
        "chosen": chosen,
        "named": named,
    }
    return render(request, "registrations/cards/use_code.html", context, status=status)


@allow(*DESK)
async def find(request: Request) -> Response:
    """303 to the card's form: at the door of a session that began, else at the desk."""
    typed = await read_form(request)
    try:
        form = check(CodeForm, typed)
        card = await card_by_code(form.code, request.state.actor)
    except FormErrors as exc:
        return await _ask_code(request, exc.typed, "", 422)
    except cards.UnknownCard as exc:
        exc.field = "code"
        return await _ask_code(request, typed.refused(exc), "", 422)
    session = await session_of_slip(card, form.training)
    then = form.training or (session.training_id if session else None)
    if session is None or card.state is not CardState.OPEN:
        return redirect(f"{SPARE}/{card.id}/usar{_chosen(str(then))}")
    return redirect(f"/panel/sesiones/{session.id}/asistencia/sin-boleto?tarjeta={card.id}&sigue={then}")


@allow(*DESK)
async def new(request: Request) -> Response:
    """Where the card has a name, the page for the next code."""
    card = await card_at_desk(request.path_params["id"], request.state.actor)
    if card.registration_id is not None:
        return await _ask_code(request, None, request.query_params.get("capacitacion", ""), named=card)
    return await _form(request, card, None)


@allow(*DESK)
async def create(request: Request) -> Response:
    """303 to the next code of the training chosen, else to the registration; the card is the ticket."""
    card = await card_at_desk(request.path_params["id"], request.state.actor)
    typed = await read_form(request)
    try:
        used = await _use(request, card, typed)
    except FormErrors as exc:
        return await _form(request, card, exc.typed, 422)
    except Refusal as exc:
        return await _form(request, card, typed.refused(for_staff(exc)), exc.status)
    except DATABASE_ERRORS as trouble:
        if not is_passing(trouble):
            raise
        busy = DatabaseBusy(retry_after=30)
        return with_time(await _form(request, card, typed.refused(busy), busy.status), busy)
    chosen = _chosen(typed.value("training"))
    then = f"{SPARE}/usar{chosen}" if chosen else f"/panel/inscripciones/{used.registration_id}"
    return redirect(then, gettext(WAITS if used.is_held else IS_TICKET))


def _chosen(training: str) -> str:
    return f"?capacitacion={key}" if (key := key_in(training)) else ""


async def _use(request: Request, card: Card, typed: Typed) -> CardUsed:
    training_id = _training_chosen(typed) if card.block_id is None else None
    wish = read_card_wish(typed, source=Source.CARD, consent_how=how_agreed(typed))
    if training_id is None:
        return await name_card(card.id, wish, actor=request.state.actor)
    return await use_spare(card.id, training_id, wish, actor=request.state.actor)


def _training_chosen(typed: Typed) -> UUID | None:
    try:
        return check(ForTrainingForm, typed).training
    except FormErrors:
        return None


async def _form(request: Request, card: Card, typed: Typed | None, status: int = 200) -> Response:
    seat = card.hub.seat
    block = card.block
    if block:
        await block.training.fetch_related("sessions")
    to_come = [] if block else await trainings_to_come(card.hub_id)
    trainings = _choices_of(to_come)
    asked = typed.value("training") if typed else request.query_params.get("capacitacion", "")
    chosen = str(key_in(asked) or "")
    context: dict[str, Any] = {
        "card": card,
        "block": block,
        "is_open": card.state is CardState.OPEN,
        "why_closed": why_closed(block.training, list(block.training.sessions)) if block and typed is None else "",
        "doors": doors_left(block.training, list(block.training.sessions)) if block else [],
        "before": await said_before(block.training) if block else "",
        "trainings": trainings,
        "chosen": chosen if block or chosen in dict(trainings) else "",
        "back": f"{SPARE}/usar{_chosen(chosen)}",
        "is_gone": typed is not None and typed.value("training") not in dict(trainings),
        "form": typed,
        "municipality": (block.municipality_id or ANOTHER_PLACE) if block else seat.ine_code,
        "community": block.community if block else "",
        "communities": await suggestions(seat.ine_code),
        "spoken": asked_now(aloud=True),
        "ways": [(how.value, gettext(HOW_AGREED[how])) for how in WAYS],
        **slip_fields([block.training] if block else to_come, typed, seat.department),
    }
    return render(request, "registrations/cards/use.html", context, status=status)


def _choices_of(found: Sequence[Training]) -> list[tuple[str, str]]:
    return [(str(one.id), f"{day_and_time(_start(one), language())} · {one.title}") for one in found]


def _start(training: Training) -> datetime:
    return min(session.starts_at for session in training.sessions)


# -- a lost card


@allow(*DESK)
async def confirm_void(request: Request) -> Response:
    card = await card_at_desk(request.path_params["id"], request.state.actor)
    if card.state is not CardState.OPEN:
        return redirect(f"{SPARE}/{card.id}/usar")
    return render(request, "registrations/cards/void.html", {"card": card, "block": card.block})


@allow(*DESK)
async def void(request: Request) -> Response:
    card = await card_at_desk(request.path_params["id"], request.state.actor)
    await cards.void(card.id, actor=request.state.actor)
    return redirect(
        f"{SPARE}/bloques/{card.block_id}" if card.block_id else SPARE, gettext(N_("Listo. Esa tarjeta ya no vale."))
    )


routes: list[BaseRoute] = [
    Route(SPARE, index),
    Route(SPARE, make, methods=["POST"]),
    Route(SPARE + "/usar", ask_code),
    Route(SPARE + "/usar", find, methods=["POST"]),
    Route(SPARE + "/hojas/{id:uuid}.pdf", sheet),
    Route(ONE + "/usar", new),
    Route(ONE + "/usar", create, methods=["POST"]),
    Route(ONE + "/anular", confirm_void),
    Route(ONE + "/anular", void, methods=["POST"]),
]
