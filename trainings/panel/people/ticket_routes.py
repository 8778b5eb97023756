"""`/panel/inscripciones/{id}/boleto`: for people signed up at the desk or by telephone; `…/boletos` of many."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import DESK
from trainings.audit.actions import record
from trainings.errors import Refusal
from trainings.lib import dates, qr
from trainings.lib.calling import call_links
from trainings.lib.text import short_name, slugify
from trainings.lib.zips import Archive
from trainings.panel.people.person_page import back, refused
from trainings.registrations.calls.queries import Group, groups_of, list_in_scope
from trainings.registrations.calls.words import group_words, title_of
from trainings.registrations.cards.sheets import RESERVED_CARDS, tickets_data
from trainings.registrations.desk.forms import Carried
from trainings.registrations.desk.person import ONE, Alike, StaffView, training_at_desk, view_at_desk
from trainings.registrations.models import Registration, RegistrationState, Source
from trainings.registrations.own.ticket import PICTURE_SCALE, Ticket, captions, ticket_of, tickets_of
from trainings.registrations.queries import (
    OwnRegistration,
    counts_by_state,
    position_on_waiting_list,
    with_sessions,
)
from trainings.registrations.seats import actions
from trainings.schedule.models import PrintKind, Training
from trainings.schedule.staff.printouts import note_printed
from trainings.web.allow import allow
from trainings.web.i18n import N_, gettext, language, ngettext
from trainings.web.og import REGULAR
from trainings.web.render import pdf_response, redirect, render, token_page_headers

MANY = ("/panel/capacitaciones/{id:uuid}/boletos", "/panel/llamadas/{id:uuid}/boletos")
MOST_IN_ONE = 200
"""Somebody waits while they are set: half a second."""
WITHOUT_TICKET = frozenset(RegistrationState) - {RegistrationState.CONFIRMED, RegistrationState.CANCELLED}


class NoTicket(Refusal):
    sentence = N_("Esta inscripción no tiene lugar, así que no hay boleto que imprimir.")


class NobodyHasTicket(Refusal):
    sentence = N_("Aquí nadie tiene boleto todavía: lo tiene quien tiene lugar.")


@dataclass(frozen=True, slots=True)
class Shown:
    ticket: Ticket
    token: str

    @property
    def registration(self) -> Registration:
        return self.ticket.own.registration

    @property
    def qr(self) -> tuple[int, str]:
        return qr.svg_path(self.token)


async def _shown(own: OwnRegistration) -> Shown | None:
    ticket = ticket_of(own, await position_on_waiting_list(own.registration))
    token = own.registration.qr_token
    return Shown(ticket, token) if ticket.has_code and token is not None else None


async def _scannable(request: Request) -> tuple[StaffView, Shown]:
    """Refuses (NoTicket) where there is nothing to scan."""
    view = await view_at_desk(request)
    shown = await _shown(view.own)
    if shown is None:
        raise NoTicket
    return view, shown


async def _handed_out(request: Request, act: str) -> tuple[StaffView, list[Shown]]:
    """With `?todos=si` the whole family's; each one is logged."""
    view, first = await _scannable(request)
    wanted = [one.id for one in view.companions] if request.query_params.get("todos") else []
    others = [await _shown(await with_sessions(one)) for one in wanted]
    handed_out = [first, *(one for one in others if one is not None)]
    for one in handed_out:
        await record(
            f"registrations.{act}",
            actor=request.state.actor,
            object_id=one.registration.id,
            hub_id=one.registration.training.hub_id,
        )
    return view, handed_out


def _known(request: Request, view: StaffView) -> Sequence[Alike]:
    return view.alike if request.query_params.get("nueva") else ()


@allow(*DESK)
async def ticket(request: Request) -> Response:
    view, tickets = await _handed_out(request, "print_ticket")
    registration = view.own.registration
    printed = [one.registration.id for one in tickets]
    await note_printed(registration.training_id, PrintKind.TICKETS, actor=request.state.actor, subjects=printed)
    context = {
        "tickets": tickets,
        "registration": registration,
        "n_more": 0 if len(tickets) > 1 else len(view.companions),
        "next_person": Carried.of(request.query_params).form_of(registration.training_id),
        "alike": _known(request, view),
    }
    return render(request, "panel/people/ticket.html", context)


@allow(*DESK)
async def replace(request: Request) -> Response:
    """The old ticket opens nothing any more."""
    view = await view_at_desk(request)
    registration = view.own.registration
    try:
        await actions.replace_ticket(registration.id, actor=request.state.actor)
    except Refusal as refusal:
        return await refused(request, refusal)
    if await _shown(view.own) is not None:
        return redirect(f"/panel/inscripciones/{registration.id}/boleto")
    return back(registration.id, gettext(N_("Listo. El enlace anterior ya no abre nada.")))


@allow(*DESK)
async def send(request: Request) -> Response:
    """The ticket as a picture, after a call or by WhatsApp. The text to go with it holds no secret."""
    view, tickets = await _handed_out(request, "send_ticket")
    registration = view.own.registration
    phone = registration.participant.phone or next((one.phone for one in view.agreed.guardians if one.phone), None)
    text = _text_for(tickets)
    context = {
        "tickets": tickets,
        "registration": registration,
        "phone": phone,
        "links": call_links(phone, text) if phone else None,
        "text": text,
        "is_whatsapp": registration.source is Source.WHATSAPP,
        "next_person": Carried.of(request.query_params).form_of(registration.training_id),
        "alike": _known(request, view),
    }
    return render(request, "registrations/desk/called.html", context)


def _text_for(tickets: Sequence[Shown]) -> str:
    """Hub and day, neither topic nor link."""
    meeting = tickets[0].ticket.next_meeting
    assert meeting is not None, "who has a code has something to come to"
    sentence = ngettext(
        "%(hub)s: su lugar está apartado (%(when)s). Le enviamos su boleto en una imagen.",
        "%(hub)s: sus lugares están apartados (%(when)s). Le enviamos sus boletos en imágenes.",
        len(tickets),
    )
    when = dates.day_and_time(meeting.starts_at, language()).replace(dates.NBSP, " ")
    return sentence % {"hub": tickets[0].registration.training.hub.name, "when": when}


@allow(*DESK)
async def picture(request: Request) -> Response:
    _view, shown = await _scannable(request)
    lines = captions(shown.ticket)
    content = await asyncio.to_thread(qr.captioned_png, shown.token, lines, REGULAR, scale=PICTURE_SCALE)
    headers = token_page_headers() | {"content-disposition": 'inline; filename="boleto.png"'}
    return Response(content, media_type="image/png", headers=headers)


# -- of a training, or of a call list


@dataclass(frozen=True, slots=True)
class Tickets:
    """`whom` in words, empty: everybody with a place; `query` names them in addresses."""

    training: Training
    tickets: Sequence[tuple[Ticket, str]]
    back: str
    base: str
    whom: str = ""
    query: str = ""
    n_without: int = 0


async def _of_training(request: Request) -> Tickets:
    """With `?grupo=` of a group of it."""
    training = await training_at_desk(request.path_params["id"], request.state.actor, may_practise=True)
    back = f"/panel/capacitaciones/{training.id}"
    if "grupo" not in request.query_params:
        counts = (await counts_by_state([training.id])).get(training.id, {})
        n_waiting = sum(n for state, n in counts.items() if state in WITHOUT_TICKET)
        return Tickets(training, await tickets_of(training.id), back, f"{back}/boletos", n_without=n_waiting)
    group = Group.asked_for(request.query_params, await groups_of(training))
    people = frozenset(group.people) if group is not None else frozenset[UUID]()
    tickets = await tickets_of(training.id, people)
    whom, n_without = (group_words(group), len(people) - len(tickets)) if group is not None else ("", 0)
    return Tickets(training, tickets, back, f"{back}/boletos", whom, f"?{request.url.query}", n_without)


async def _of_list(request: Request) -> Tickets:
    one = await list_in_scope(request.path_params["id"], request.state.actor)
    people = frozenset(listed.person.id for listed in one.audience.listed)
    tickets = await tickets_of(one.call_list.training_id, people)
    back = f"/panel/llamadas/{one.call_list.id}"
    whom = title_of(one.call_list, one.changed)
    return Tickets(one.call_list.training, tickets, back, f"{back}/boletos", whom, n_without=len(people) - len(tickets))


async def _found(request: Request) -> Tickets:
    return await (_of_list if request.url.path.startswith("/panel/llamadas/") else _of_training)(request)


@allow(*DESK)
async def many(request: Request) -> Response:
    found = await _found(request)
    n = len(found.tickets)
    context = {
        "here": "capacitaciones",
        "desk": found.training.hub.name,
        "found": found,
        "n": n,
        "parts": [(first, min(first + MOST_IN_ONE, n)) for first in range(0, n, MOST_IN_ONE)],
    }
    return render(request, "panel/people/tickets.html", context)


@allow(*DESK)
async def many_on_paper(request: Request) -> Response:
    """`MOST_IN_ONE` from `?desde=` (from 0) on."""
    found = await _found(request)
    asked = request.query_params.get("desde", "")
    first = int(asked) if re.fullmatch(r"\d{1,5}", asked, re.ASCII) else 0
    tickets = found.tickets[first : first + MOST_IN_ONE]
    if not tickets:
        raise NobodyHasTicket
    content = await asyncio.to_thread(_sheet, tickets)
    printed = [ticket.own.registration.id for ticket, _token in tickets]
    await _record_many("print_tickets", found, len(tickets), request)
    await note_printed(found.training.id, PrintKind.TICKETS, actor=request.state.actor, subjects=printed)
    return pdf_response(content, "boletos.pdf")


def _sheet(tickets: Sequence[tuple[Ticket, str]]) -> bytes:
    return RESERVED_CARDS.pdf(tickets_data(tickets), made_at=clock.now())


@allow(*DESK)
async def many_as_pictures(request: Request) -> Response:
    """Each is sent as soon as it is drawn."""
    found = await _found(request)
    if not found.tickets:
        raise NobodyHasTicket
    await _record_many("send_tickets", found, len(found.tickets), request)
    drawn = [(_name_of(n, one), token, captions(one)) for n, (one, token) in enumerate(found.tickets, start=1)]
    headers = token_page_headers() | {"content-disposition": 'attachment; filename="boletos.zip"'}
    return StreamingResponse(_archive(drawn), media_type="application/zip", headers=headers)


async def _record_many(act: str, found: Tickets, n: int, request: Request) -> None:
    training = found.training
    await record(f"registrations.{act}", actor=request.state.actor, object_id=training.id, hub_id=training.hub_id, n=n)


def _name_of(number: int, ticket: Ticket) -> str:
    """In the order of the paper, with the short name as in lists."""
    person = ticket.own.registration.participant
    words = f"{person.community} {short_name(person.given_names, person.surnames)}"
    return f"{number:03}-{slugify(words)}.png"


async def _archive(drawn: Sequence[tuple[str, str, Sequence[str]]]) -> AsyncIterator[bytes]:
    archive = Archive()
    for name, token, lines in drawn:
        content = await asyncio.to_thread(qr.captioned_png, token, lines, REGULAR, scale=PICTURE_SCALE)
        yield archive.add(name, content, made_at=clock.local(clock.now()))
    yield archive.end()


routes: list[BaseRoute] = [
    Route(ONE + "/boleto", ticket),
    Route(ONE + "/boleto-nuevo", replace, methods=["POST"]),
    Route(ONE + "/enviar", send),
    Route(ONE + "/boleto.png", picture),
    *(Route(base, many) for base in MANY),
    *(Route(base + ".pdf", many_on_paper) for base in MANY),
    *(Route(base + ".zip", many_as_pictures) for base in MANY),
]
