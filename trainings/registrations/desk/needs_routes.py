"""`/panel/apoyos`"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK
from trainings.audit.actions import record
from trainings.lib import dates
from trainings.lib.calling import CallLinks, call_links
from trainings.lib.phones import show_phone
from trainings.registrations.desk.forms import AnswerForm
from trainings.registrations.desk.needs_queries import Asked, Wisher, count_states, wishes_ahead
from trainings.registrations.desk.person import Need, needs_in_words, view_at_desk
from trainings.registrations.models import TAKES_PLACE, NeedState
from trainings.registrations.seats import actions
from trainings.registrations.words import NEED_STATES, STATES
from trainings.settings import get_settings
from trainings.web.allow import allow
from trainings.web.forms import check, read_form
from trainings.web.i18n import N_, gettext, language, ngettext
from trainings.web.render import redirect, render

BOARD = "/panel/apoyos"


@dataclass(frozen=True, slots=True)
class Row:
    id: UUID
    name: str
    community: str
    about: str
    needs: Sequence[Need]
    phone: str | None
    calling: CallLinks | None
    is_unreachable: bool


@dataclass(frozen=True, slots=True)
class Section:
    id: UUID
    title: str
    hub: str
    next_day: datetime
    more_days: str
    rows: Sequence[Row]


@allow(*DESK)
async def index(request: Request) -> Response:
    """Reading it is logged."""
    actor = request.state.actor
    board = await wishes_ahead(actor)
    counted = count_states(board)
    await record("registrations.open_needs", actor=actor, n=sum(counted.values()))
    hubs = {asked.training.hub_id for asked in board}
    context = {
        "here": "personas",
        "sections": [_section(asked, is_alone=len(hubs) < 2) for asked in board],
        "counts": [(state.value, gettext(words), counted.get(state, 0)) for state, words in NEED_STATES.items()],
    }
    return render(request, "registrations/desk/needs_board.html", context)


def _section(asked: Asked, *, is_alone: bool) -> Section:
    more = [dates.day_and_time(day, language()) for day in asked.days[1:]]
    return Section(
        id=asked.training.id,
        title=asked.training.title,
        hub="" if is_alone else asked.training.hub.name,
        next_day=asked.days[0],
        more_days=ngettext("y %(num)s fecha más", "y %(num)s fechas más", len(more)) % {"num": len(more)}
        if more
        else "",
        rows=[_row(one, asked) for one in asked.people],
    )


def _row(one: Wisher, asked: Asked) -> Row:
    return Row(
        id=one.registration_id,
        name=one.name or gettext(N_("Una persona menor de edad")),
        community=one.community,
        about="" if one.state in TAKES_PLACE else gettext(STATES[one.state]),
        needs=needs_in_words(one.needs),
        phone=one.phone,
        calling=call_links(one.phone, _text_for(asked)) if one.phone else None,
        is_unreachable=one.phone is None and not one.has_email,
    )


def _text_for(asked: Asked) -> str:
    """Neither topic nor need: others may see the telephone."""
    training = asked.training
    sentence = gettext(N_("%(hub)s: sobre lo que pidió al inscribirse (%(when)s). Puede llamarnos al %(phone)s."))
    when = dates.day_and_time(asked.days[0], language()).replace(dates.NBSP, " ")
    phone = show_phone(training.phone)
    return sentence % {"hub": training.hub.name, "when": when, "phone": phone}


@allow(*DESK)
async def answer(request: Request) -> Response:
    view = await view_at_desk(request)
    registration = view.own.registration
    typed = await read_form(request)
    form = check(AnswerForm, typed)
    await actions.answer_need(registration.id, form.need, form.state, actor=request.state.actor)
    is_from_person = typed.value("from") == "persona"
    return redirect(
        f"/panel/inscripciones/{registration.id}" if is_from_person else f"{BOARD}#p-{registration.id}",
        gettext(_said(form.state, has_email=registration.participant.email_key is not None)),
    )


def _said(state: NeedState, *, has_email: bool) -> str:
    if state is NeedState.ASKED:
        return N_("Listo. Otra vez está por responder.")
    if has_email and not get_settings().sends_mail:
        return N_("Listo. Por ahora no se envían correos: avísele usted.")
    if has_email:
        return N_("Listo. Se le avisa por correo.")
    return N_("Listo. No dejó correo: avísele usted.")


routes: list[BaseRoute] = [Route(BOARD, index), Route(BOARD + "/{id:uuid}", answer, methods=["POST"])]
