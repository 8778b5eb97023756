"""`/panel/capacitaciones/{id}/tarjetas`: places reserved as nameless cards."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import DESK
from trainings.errors import Refusal
from trainings.lib import qr, tokens
from trainings.people import choices
from trainings.people.communities import suggestions
from trainings.registrations.cards.forms import ReleaseForm, ReserveForm
from trainings.registrations.cards.queries import Block, UnknownBlock, block_at_desk, blocks_of, has_letter
from trainings.registrations.cards.sheets import RESERVED_CARDS, reserved_data
from trainings.registrations.desk.person import doors_left, training_at_desk, why_closed
from trainings.registrations.desk.staff_refusals import as_refused_to_staff
from trainings.registrations.seats import cards
from trainings.schedule.models import PrintKind, Training, TrainingSession
from trainings.schedule.phase import Phase, phase
from trainings.schedule.staff.printouts import note_printed
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.render import absolute, pdf_response, redirect, render

RESERVED = "/panel/capacitaciones/{id:uuid}/tarjetas"
BLOCK = "/panel/tarjetas/bloques/{id:uuid}"
TELL_HOLDER = N_("Listo. Cambió cuándo se sueltan: avise a quien las recibe. También lo ve en su enlace.")
TOLD_BY_LETTER = N_(
    "Listo. Cambió cuándo se sueltan: avise a quien las recibe, e imprima de nuevo la convocatoria que va con ellas. "
    "También lo ve en su enlace."
)
TAKES_CARDS = frozenset(Phase) - {Phase.DRAFT, Phase.CANCELLED, Phase.HELD}


# -- the blocks of a training


@allow(*DESK)
async def index(request: Request) -> Response:
    training = await training_at_desk(request.path_params["id"], request.state.actor)
    return await _index(request, training, None)


@allow(*DESK)
async def create(request: Request) -> Response:
    """303 to the block with its sheet and link; 422 or 409 with what was typed."""
    training = await training_at_desk(request.path_params["id"], request.state.actor)
    typed = await read_form(request)
    try:
        form = check(ReserveForm, typed)
        block = await cards.reserve(training.id, form.wanted, actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        return await _index(request, training, *as_refused_to_staff(typed, error))
    return redirect(
        _path(block.id), gettext(N_("Listo. Los lugares quedan apartados. Imprima las tarjetas, o entregue el enlace."))
    )


async def _index(request: Request, training: Training, typed: Typed | None, status: int = 200) -> Response:
    sessions = sorted(training.sessions, key=lambda session: session.starts_at)
    starts_at = cards.first_start(sessions)
    context: dict[str, Any] = {
        "training": training,
        "blocks": await blocks_of(training.id),
        "takes_cards": phase(training, sessions, clock.now()) in TAKES_CARDS,
        "has_begun": _has_begun(sessions),
        "free": training.n_free,
        "most": cards.MOST_RESERVED,
        "starts_at": starts_at,
        "release_at": clock.local(cards.usual_release(starts_at)) if starts_at else None,
        "form": typed,
        "key": (typed.value("key") if typed else "") or str(tokens.uuid7()),
        "departments": choices.municipalities_by_department(training.hub.seat.department),
        "communities": await suggestions(training.hub.seat_id),
    }
    return render(request, "registrations/cards/reserved.html", context, status=status)


def _has_begun(sessions: Sequence[TrainingSession]) -> bool:
    starts_at = cards.first_start(sessions)
    return starts_at is not None and starts_at <= clock.now()


# -- one block


async def _block(request: Request) -> Block:
    return await block_at_desk(request.path_params["id"], request.state.actor)


def _path(block_id: object) -> str:
    return f"/panel/tarjetas/bloques/{block_id}"


@allow(*DESK)
async def show(request: Request) -> Response:
    return _show(request, await _block(request), None)


def _show(request: Request, block: Block, typed: Typed | None, status: int = 200) -> Response:
    address = absolute(f"/tarjetas/{block.block.token}")
    context = {
        "block": block,
        "training": block.training,
        "address": address,
        "qr": qr.svg_path(address, "M"),
        "n_printable": sum(card.is_ticket for card in block.cards),
        "why_closed": why_closed(block.training, block.sessions),
        "doors": doors_left(block.training, block.sessions),
        "form": typed,
        "release_at": clock.local(block.block.release_at),
        "may_set": block.block.released_at is None and not _has_begun(block.sessions),
    }
    return render(request, "registrations/cards/block.html", context, status=status)


@allow(*DESK)
async def set_release(request: Request) -> Response:
    """303 to the page; 422 or 409 with what was typed."""
    block = await _block(request)
    typed = await read_form(request)
    try:
        wanted = check(ReleaseForm, typed).moment
        await cards.set_release(block.block.id, wanted, actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        return _show(request, await _block(request), *as_refused_to_staff(typed, error))
    return _back(block, gettext(TOLD_BY_LETTER if await has_letter(block.block.id) else TELL_HOLDER))


@allow(*DESK)
async def confirm_release(request: Request) -> Response:
    block = await _block(request)
    if not block.n_open:
        return redirect(_path(block.block.id))
    return render(request, "registrations/cards/release.html", {"block": block, "training": block.training})


@allow(*DESK)
async def release(request: Request) -> Response:
    block = await _block(request)
    n = await cards.release(block.block.id, actor=request.state.actor)
    words = ngettext("Listo. Se soltó %(num)s lugar.", "Listo. Se soltaron %(num)s lugares.", n) % {"num": n}
    return _back(block, words if n else gettext(N_("Ya no había tarjetas sin nombre.")))


@allow(*DESK)
async def renew_link(request: Request) -> Response:
    block = await _block(request)
    await cards.renew_link(block.block.id, actor=request.state.actor)
    return _back(block, gettext(N_("Listo. El enlace es nuevo, y el de antes ya no abre nada.")))


def _back(block: Block, sentence: str) -> Response:
    return redirect(_path(block.block.id), sentence)


@allow(*DESK)
async def sheet(request: Request) -> Response:
    """Printing is logged: they are tickets."""
    block = await _block(request)
    data = reserved_data(block)
    if not data["cards"]:
        raise UnknownBlock
    printed = [card.id for card in block.cards if card.is_ticket]
    await cards.record_printing(printed, hub_id=block.training.hub_id, actor=request.state.actor)
    file = await asyncio.to_thread(RESERVED_CARDS.pdf, data, made_at=clock.now())
    subjects = [block.block.id]
    await note_printed(block.training.id, PrintKind.CARDS, actor=request.state.actor, subjects=subjects)
    return pdf_response(file, "tarjetas.pdf")


routes: list[BaseRoute] = [
    Route(RESERVED, index),
    Route(RESERVED, create, methods=["POST"]),
    Route(BLOCK, show),
    Route(BLOCK + "/hora", set_release, methods=["POST"]),
    Route(BLOCK + "/soltar", confirm_release),
    Route(BLOCK + "/soltar", release, methods=["POST"]),
    Route(BLOCK + "/enlace", renew_link, methods=["POST"]),
    Route(BLOCK + "/tarjetas.pdf", sheet),
]
