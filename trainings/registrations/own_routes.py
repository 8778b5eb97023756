"""One's own registration behind its secret address `/i/{token}`: ticket, picture, calendar entry, corrections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.audit.actor import HOLDER_OF_LINK
from trainings.certificates import queries as certificates
from trainings.errors import NotFound
from trainings.lib import dates, qr, tokens
from trainings.people import choices
from trainings.registrations import actions
from trainings.registrations.actions import CannotChange, NameOfBefore
from trainings.registrations.forms import NeedsForm, RenameForm
from trainings.registrations.guarding import check_rejoin
from trainings.registrations.queries import by_own_link, position_on_waiting_list
from trainings.registrations.ticket import Ticket, personal_calendar, ticket_of
from trainings.web.allow import HOLDER, allow
from trainings.web.flash import flash
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext, language, ngettext
from trainings.web.og import REGULAR
from trainings.web.render import redirect, render, token_page_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

OWN = "/i/{token}"
PICTURE_SCALE = 12


async def _ticket(request: Request) -> Ticket:
    own = await by_own_link(request.path_params["token"])
    return ticket_of(own, await position_on_waiting_list(own.registration))


async def _changeable(request: Request) -> Ticket:
    """The ticket, unless its link only shows certificates by now."""
    ticket = await _ticket(request)
    if ticket.own.is_only_archive:
        raise CannotChange
    return ticket


async def _scannable(request: Request) -> tuple[Ticket, str]:
    """The ticket and what its code holds. Unknown where there is nothing to scan."""
    ticket = await _ticket(request)
    token = ticket.own.registration.qr_token
    if not ticket.has_code or ticket.own.is_only_archive or token is None:
        raise NotFound
    return ticket, token


def _base(request: Request) -> str:
    return f"/i/{request.path_params['token']}"


@allow(HOLDER)
async def show(request: Request) -> Response:
    return await _show(request, await _ticket(request))


async def _show(request: Request, ticket: Ticket, *, status: int = 200, **forms: Typed) -> Response:
    """The page; `forms` are `name_form` or `needs_form` shown again with their errors."""
    registration = ticket.own.registration
    person = registration.participant
    names = {"given_names": person.given_names, "surnames": person.surnames}
    context: dict[str, Any] = {
        "ticket": ticket,
        "registration": registration,
        "training": registration.training,
        "hub": registration.training.hub,
        "base": _base(request),
        "qr": qr.svg_path(registration.qr_token) if ticket.has_code and registration.qr_token else None,
        "name_form": Typed.of(names),
        "needs_form": Typed.of({"needs": registration.needs.split(",") if registration.needs else []}),
        "needs": choices.needs(),
        "certificates": await certificates.of_registration(registration.id),
        **forms,
    }
    template = "registrations/archive.html" if ticket.own.is_only_archive else "registrations/show.html"
    return render(request, template, context, status=status, headers=token_page_headers())


@allow(HOLDER)
async def rename(request: Request) -> Response:
    ticket = await _changeable(request)
    typed = await read_form(request)
    try:
        form = check(RenameForm, typed)
        await actions.rename(ticket.own.registration.id, form.given_names, form.surnames, actor=HOLDER_OF_LINK)
    except FormErrors as exc:
        return await _show(request, ticket, name_form=exc.typed, status=422)
    except NameOfBefore as refusal:
        return await _show(request, ticket, name_form=typed.refused(refusal), status=refusal.status)
    return _back(request, gettext(N_("Listo. Así se escribirá su nombre en el diploma.")))


@allow(HOLDER)
async def change_needs(request: Request) -> Response:
    ticket = await _changeable(request)
    try:
        form = check(NeedsForm, await read_form(request))
    except FormErrors as exc:
        return await _show(request, ticket, needs_form=exc.typed, status=422)
    await actions.change_needs(ticket.own.registration.id, form.needs, actor=HOLDER_OF_LINK)
    return _back(request, gettext(N_("Listo. La ventanilla verá el apoyo que pide.")))


@allow(HOLDER)
async def confirm_cancel(request: Request) -> Response:
    """What is lost by cancelling; nothing to ask where nothing can be cancelled."""
    ticket = await _ticket(request)
    if ticket.is_cancelled or not ticket.can_change:
        return redirect(_base(request))
    context = {"ticket": ticket, "base": _base(request)}
    return render(request, "registrations/cancel.html", context, headers=token_page_headers())


@allow(HOLDER)
async def cancel(request: Request) -> Response:
    ticket = await _changeable(request)
    await actions.cancel(ticket.own.registration.id, actor=HOLDER_OF_LINK)
    return _back(request, gettext(N_("Su inscripción está cancelada. Gracias por avisar.")))


@allow(HOLDER)
async def rejoin(request: Request) -> Response:
    ticket = await _changeable(request)
    await check_rejoin(ticket.own.registration)
    await actions.rejoin(ticket.own.registration.id, actor=HOLDER_OF_LINK)
    return _back(request, gettext(N_("Listo. Su inscripción vale otra vez.")))


def _back(request: Request, sentence: str) -> Response:
    response = redirect(_base(request))
    flash(response, sentence)
    return response


@allow(HOLDER)
async def picture(request: Request) -> Response:
    """The ticket as a picture to keep in the phone: code, name, title, day and time in words."""
    ticket, token = await _scannable(request)
    content = await asyncio.to_thread(qr.captioned_png, token, captions(ticket), REGULAR, scale=PICTURE_SCALE)
    return Response(content, media_type="image/png", headers=_file_headers("boleto.png"))


def captions(ticket: Ticket) -> list[str]:
    """The lines under the code: who, what, when; the short code last."""
    registration = ticket.own.registration
    lines = [registration.participant.full_name, ticket.title]
    meeting = ticket.next_meeting
    if meeting is not None:
        lines.append(dates.day_and_time(meeting.starts_at, language()))
    n_more = len(ticket.planned) - 1
    if n_more > 0:
        lines.append(ngettext("y %(num)s sesión más", "y %(num)s sesiones más", n_more) % {"num": n_more})
    return [*lines, tokens.show_short_code(registration.short_code)]


@allow(HOLDER)
async def drawing(request: Request) -> Response:
    """The code alone, as SVG."""
    _ticket_shown, token = await _scannable(request)
    return Response(qr.svg(token), media_type="image/svg+xml", headers=token_page_headers())


@allow(HOLDER)
async def calendar_entry(request: Request) -> Response:
    """The sessions for one's own calendar, for who has a place; called off, they are marked so."""
    ticket = await _ticket(request)
    if not ticket.has_place or ticket.own.is_only_archive:
        raise NotFound
    content = personal_calendar(ticket.own)
    headers = _file_headers("capacitacion.ics")
    return Response(content, media_type="text/calendar; charset=utf-8", headers=headers)


def _file_headers(name: str) -> Mapping[str, str]:
    return token_page_headers() | {"content-disposition": f'attachment; filename="{name}"'}


routes: list[BaseRoute] = [
    Route(OWN, show),
    Route(OWN + "/nombre", rename, methods=["POST"]),
    Route(OWN + "/apoyo", change_needs, methods=["POST"]),
    Route(OWN + "/cancelar", confirm_cancel),
    Route(OWN + "/cancelar", cancel, methods=["POST"]),
    Route(OWN + "/volver", rejoin, methods=["POST"]),
    Route(OWN + "/boleto.png", picture),
    Route(OWN + "/boleto.svg", drawing),
    Route(OWN + "/evento.ics", calendar_entry),
]
