from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.errors import NotFound
from trainings.lib import qr
from trainings.registrations.models import LinkScope
from trainings.registrations.own.queries import by_group_link, group_of, open_link
from trainings.registrations.own.ticket import PICTURE_SCALE, Ticket, captions, personal_calendar
from trainings.registrations.own.views import MEMBER, OWN, file_headers, lead_of, members_of, scannable, ticket_for
from trainings.registrations.queries import UnknownLink, with_sessions
from trainings.web.allow import HOLDER, allow
from trainings.web.og import REGULAR
from trainings.web.render import token_page_headers


async def _ticket(request: Request) -> Ticket:
    token, member_id = request.path_params["token"], request.path_params.get("registration_id")
    if member_id is not None:
        return await ticket_for((await by_group_link(token)).one(member_id))
    link = await open_link(token)
    if link.registration_id is None:
        raise UnknownLink
    return await ticket_for(await with_sessions(link.registration_id))


async def _scannable(request: Request) -> tuple[Ticket, str]:
    ticket = await _ticket(request)
    token = scannable(ticket)
    if token is None:
        raise NotFound
    return ticket, token


@allow(HOLDER)
async def picture(request: Request) -> Response:
    ticket, token = await _scannable(request)
    content = await asyncio.to_thread(qr.captioned_png, token, captions(ticket), REGULAR, scale=PICTURE_SCALE)
    return Response(content, media_type="image/png", headers=file_headers("boleto.png"))


@allow(HOLDER)
async def drawing(request: Request) -> Response:
    _ticket_shown, token = await _scannable(request)
    return Response(qr.svg(token), media_type="image/svg+xml", headers=token_page_headers())


@allow(HOLDER)
async def calendar_entry(request: Request) -> Response:
    """For people with a place; cancelled sessions are marked so."""
    link = await open_link(request.path_params["token"])
    is_group = link.scope is LinkScope.GROUP
    ticket = lead_of(await members_of(await group_of(link))) if is_group else await _ticket(request)
    if not ticket.has_place or ticket.is_offered or ticket.own.is_only_archive:
        raise NotFound
    content = personal_calendar(ticket.own)
    headers = file_headers("capacitacion.ics")
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)


routes: list[BaseRoute] = [
    Route(OWN + "/boleto.png", picture),
    Route(OWN + "/boleto.svg", drawing),
    Route(MEMBER + "/boleto.png", picture),
    Route(MEMBER + "/boleto.svg", drawing),
    Route(OWN + "/evento.ics", calendar_entry),
]
