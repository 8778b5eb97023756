"""`/tarjetas/{token}`: the bearer names, gives back and prints a community's cards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.db.connection import DATABASE_ERRORS, is_passing
from trainings.errors import Refusal
from trainings.people.consents import asked_now
from trainings.people.models import ConsentHow
from trainings.places.models import ANOTHER_PLACE
from trainings.registrations.cards.forms import person_fields, read_card_wish, said_before
from trainings.registrations.cards.queries import Block, CardLine, UnknownCards, by_bearer_link
from trainings.registrations.cards.sheets import RESERVED_CARDS, reserved_data
from trainings.registrations.cards.use import name_card
from trainings.registrations.commands import SignUp
from trainings.registrations.models import CardState, Source
from trainings.registrations.seats import cards
from trainings.registrations.signup.limits import check_rate
from trainings.schedule.models import PrintKind
from trainings.schedule.staff.printouts import note_printed
from trainings.web.address import client_address
from trainings.web.allow import HOLDER, allow
from trainings.web.flash import Tone
from trainings.web.forms import FormErrors, Typed, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.problems import DatabaseBusy, with_time
from trainings.web.render import redirect, render, token_page_headers

CARDS = "/tarjetas/{token}"
ONE = CARDS + "/{number:int}"


NAMED = N_("Listo. La tarjeta %(number)s ya tiene nombre.")
NAMED_AND_HELD = N_(
    "Listo. La tarjeta %(number)s ya tiene nombre y espera respuesta de la ventanilla. Su lugar sigue apartado."
)


class NoSuchCard(Refusal):
    code = "card_not_open"
    sentence = N_("Esa tarjeta ya tiene nombre, o ya no aparta un lugar. Escoja otra de la lista.")


async def _block(request: Request) -> Block:
    return await by_bearer_link(request.path_params["token"])


def _base(request: Request) -> str:
    return f"/tarjetas/{request.path_params['token']}"


def _card(request: Request, block: Block) -> CardLine:
    number = request.path_params["number"]
    found = next((card for card in block.cards if card.number == number), None)
    if found is None:
        raise UnknownCards
    return found


@allow(HOLDER)
async def show(request: Request) -> Response:
    return _show(request, await _block(request))


def _show(request: Request, block: Block) -> Response:
    context = _context(request, block) | {"n_printable": sum(card.is_ticket for card in block.cards)}
    return render(request, "registrations/cards/bearer.html", context, headers=token_page_headers())


def _context(request: Request, block: Block) -> dict[str, Any]:
    training = block.training
    planned = [session for session in block.sessions if session.state == "planned"]
    return {
        "block": block,
        "training": training,
        "title": training.title_told,
        "first": planned[0] if planned else None,
        "n_sessions": len(planned),
        "phone": training.phone,
        "base": _base(request),
    }


# -- giving a name


@allow(HOLDER)
async def new(request: Request) -> Response:
    block = await _block(request)
    card = _card(request, block)
    if card.state is not CardState.OPEN or block.is_over:
        return _back(request, gettext(NoSuchCard.sentence), "note")
    return await _form(request, block, card, None)


@allow(HOLDER)
async def create(request: Request) -> Response:
    """303 to the list; else the form with what was typed, 429 and 503 with a time."""
    block = await _block(request)
    card = _card(request, block)
    typed = await read_form(request)
    try:
        await check_rate(client_address(request))
        used = await name_card(card.id, _wish(typed), actor=HOLDER_OF_LINK)
    except FormErrors as exc:
        return await _form(request, block, card, exc.typed, 422)
    except Refusal as refusal:
        return with_time(await _form(request, block, card, typed.refused(refusal), refusal.status), refusal)
    except DATABASE_ERRORS as trouble:
        if not is_passing(trouble):
            raise
        busy = DatabaseBusy(retry_after=30)
        return with_time(await _form(request, block, card, typed.refused(busy), busy.status), busy)
    return _back(request, gettext(NAMED_AND_HELD if used.is_held else NAMED) % {"number": card.number})


def _wish(typed: Typed) -> SignUp:
    """The bearer passes on the consent of the person, or of a minor's parent."""
    wish = read_card_wish(typed, source=Source.CARD, consent_how=ConsentHow.FORM)
    return replace(wish, consent_how=ConsentHow.MESSAGE) if wish.first.is_minor else wish


async def _form(request: Request, block: Block, card: CardLine, typed: Typed | None, status: int = 200) -> Response:
    context = _context(request, block) | {
        "card": card,
        "form": typed,
        "municipality": block.block.municipality_id or ANOTHER_PLACE,
        "community": block.block.community,
        "consents": asked_now(),
        "before": await said_before(block.training),
        **person_fields([block.training], typed, block.training.hub.seat.department),
    }
    template = "registrations/cards/bearer_name.html"
    return render(request, template, context, status=status, headers=token_page_headers())


# -- giving back


@allow(HOLDER)
async def confirm_give_back(request: Request) -> Response:
    block = await _block(request)
    card = _card(request, block)
    if card.state is not CardState.OPEN or block.is_over:
        return _back(request, gettext(NoSuchCard.sentence), "note")
    context = _context(request, block) | {"card": card}
    return render(request, "registrations/cards/bearer_give_back.html", context, headers=token_page_headers())


@allow(HOLDER)
async def give_back(request: Request) -> Response:
    card = _card(request, await _block(request))
    try:
        await cards.give_back(card.id, actor=HOLDER_OF_LINK)
    except cards.HasName as exc:
        return _back(request, gettext(exc.text), "note")
    return _back(request, gettext(N_("Gracias. El lugar de esa tarjeta queda libre para otra persona.")))


def _back(request: Request, sentence: str, tone: Tone = "ok") -> Response:
    return redirect(_base(request), sentence, tone)


@allow(HOLDER)
async def sheet(request: Request) -> Response:
    block = await _block(request)
    data = reserved_data(block)
    if not data["cards"]:
        raise UnknownCards
    await note_printed(block.training.id, PrintKind.CARDS, actor=HOLDER_OF_LINK, subjects=[block.block.id])
    file = await asyncio.to_thread(RESERVED_CARDS.pdf, data, made_at=clock.now())
    headers = token_page_headers() | {"content-disposition": 'inline; filename="tarjetas.pdf"'}
    return Response(file, media_type="application/pdf", headers=headers)


routes: list[BaseRoute] = [
    Route(CARDS, show),
    Route(CARDS + "/tarjetas.pdf", sheet),
    Route(ONE, new),
    Route(ONE, create, methods=["POST"]),
    Route(ONE + "/devolver", confirm_give_back),
    Route(ONE + "/devolver", give_back, methods=["POST"]),
]
