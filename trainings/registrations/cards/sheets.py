"""Letter paper (fits A4), in Spanish: eight cards of a block, eight tickets, or four spare cards with a slip, on a
page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainings.lib import dates, qr
from trainings.lib.folders import DESIGNS
from trainings.lib.phones import show_phone
from trainings.lib.text import as_drawn
from trainings.lib.tokens import show_short_code
from trainings.lib.typst import Design
from trainings.people.consents import CURRENT
from trainings.people.models import ConsentPurpose
from trainings.places.models import Hub
from trainings.registrations.cards.queries import Block, CardLine
from trainings.registrations.models import Registration
from trainings.registrations.own.ticket import Ticket
from trainings.schedule.dated import house_of
from trainings.schedule.models import SessionState, Training, TrainingSession
from trainings.web.og import FONTS

RESERVED_CARDS = Design(DESIGNS / "cards" / "reserved.typ", root=DESIGNS, fonts=FONTS)
SPARE_CARDS = Design(DESIGNS / "cards" / "spare.typ", root=DESIGNS, fonts=FONTS)
MOST_DATES = 3


def reserved_data(block: Block) -> dict[str, Any]:
    """The holder is let in, so a protected place may stand on the card."""
    training = block.training
    planned = [session for session in block.sessions if session.state is SessionState.PLANNED]
    about = {"about": "Lugar apartado para", "whose": _printable(block.block.community, otherwise="su comunidad")}
    return {
        "document": f"Tarjetas: {_printable(training.title_told)}",
        "title": _printable(training.title_told),
        **_when_and_where(training, planned),
        "cards": [
            _card(card) | about | {"label": f"Tarjeta {card.number} de {len(block.cards)}"}
            for card in block.cards
            if card.is_ticket
        ],
    }


def tickets_data(tickets: Sequence[tuple[Ticket, str]]) -> dict[str, Any]:
    """Tickets of one training, each with its token, whose holders have a place."""
    training = tickets[0][0].own.registration.training
    planned = [session for session in tickets[0][0].own.sessions if session.state is SessionState.PLANNED]
    return {
        "document": "Boletos",
        "title": _printable(training.title_shown),
        **_when_and_where(training, planned),
        "cards": [_ticket(ticket.own.registration, token) for ticket, token in tickets],
    }


def _ticket(registration: Registration, token: str) -> dict[str, Any]:
    person = registration.participant
    return {
        "about": "Boleto",
        "whose": _printable(person.community),
        "label": "",
        "code": show_short_code(registration.short_code),
        "name": _name(person.full_name) or None,
        "qr": _drawing(token),
    }


def _when_and_where(training: Training, planned: Sequence[TrainingSession]) -> dict[str, Any]:
    return {
        "when": _when(planned),
        "place": _printable(_place(training, planned)),
        "hub": _printable(training.hub.name),
        "phone": show_phone(training.phone),
    }


def spare_data(hub: Hub, cards: Sequence[CardLine], *, sheet: str = "") -> dict[str, Any]:
    """Without used and void cards. Cards for blank rows of an attendance sheet carry its code and the row number."""
    return {
        "sheet": sheet,
        "hub": _printable(hub.name),
        "phone": show_phone(hub.phone),
        "consent": CURRENT[ConsentPurpose.DATA],
        "cards": [_card(card) for card in cards if card.is_ticket],
    }


def _card(card: CardLine) -> dict[str, Any]:
    assert card.qr_token is not None
    return {
        "number": card.number,
        "code": show_short_code(card.short_code),
        "name": _name(card.name) or None,
        "qr": _drawing(card.qr_token),
    }


def _drawing(token: str) -> dict[str, Any]:
    modules, path = qr.svg_path(token)
    box = f'viewBox="0 0 {modules} {modules}"'
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" {box} shape-rendering="crispEdges"><path d="{path}"/></svg>'
    return {"modules": modules, "svg": drawing}


def _name(short_name: str) -> str:
    return " ".join(word for word in _printable(short_name).split() if word != ".")


def _when(planned: Sequence[TrainingSession]) -> list[tuple[str, str]]:
    shown = planned if len(planned) <= MOST_DATES else planned[: MOST_DATES - 1]
    lines = [(_day(one), dates.time_range(one.starts_at, one.ends_at, "es")) for one in shown]
    n_more = len(planned) - len(shown)
    return [*lines, (f"y {n_more} sesiones más", "")] if n_more else lines


def _day(session: TrainingSession) -> str:
    return dates.day_and_time(session.starts_at, "es").partition(",")[0]


def _place(training: Training, planned: Sequence[TrainingSession]) -> str:
    venue = next((one.venue for one in planned if one.venue is not None), training.venue)
    if venue is None:
        return "En línea" if training.online_url else training.hub.seat.full_name
    return house_of(venue)


def _printable(text: str, *, otherwise: str = "") -> str:
    """Without emoji, which the fonts lack."""
    return as_drawn(text, RESERVED_CARDS.missing(text), otherwise=otherwise)
