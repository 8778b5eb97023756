"""`/panel/inscripciones/{id}/boleto`: for people signed up at the desk or by telephone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK
from trainings.audit.actions import record
from trainings.errors import Refusal
from trainings.lib import dates, qr
from trainings.lib.calling import call_links
from trainings.panel.people.person_page import back, refused
from trainings.registrations.desk.forms import Carried
from trainings.registrations.desk.person import ONE, Alike, StaffView, view_at_desk
from trainings.registrations.models import Registration, Source
from trainings.registrations.own.ticket import PICTURE_SCALE, Ticket, captions, ticket_of
from trainings.registrations.queries import OwnRegistration, position_on_waiting_list, with_sessions
from trainings.registrations.seats import actions
from trainings.schedule.models import PrintKind
from trainings.schedule.staff.printouts import note_printed
from trainings.web.allow import allow
from trainings.web.i18n import N_, gettext, language, ngettext
from trainings.web.og import REGULAR
from trainings.web.render import redirect, render, token_page_headers


class NoTicket(Refusal):
    sentence = N_("Esta inscripción no tiene lugar, así que no hay boleto que imprimir.")


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


routes: list[BaseRoute] = [
    Route(ONE + "/boleto", ticket),
    Route(ONE + "/boleto-nuevo", replace, methods=["POST"]),
    Route(ONE + "/enviar", send),
    Route(ONE + "/boleto.png", picture),
]
