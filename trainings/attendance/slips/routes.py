"""`/panel/sesiones/{id}/revisar/ficha`: correct and register a waiting slip."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import EDITORS
from trainings.attendance.models import SlipState, WalkInSlip
from trainings.attendance.queries import door_of
from trainings.attendance.review.forms import WhichSlipForm
from trainings.attendance.review.queries import deciding_gate
from trainings.attendance.review.views import slip_view
from trainings.attendance.slips import slips
from trainings.attendance.slips.forms import SlipForm, UnreadableSlip
from trainings.attendance.views import session_view
from trainings.audit.actions import record
from trainings.db import reads, transaction
from trainings.errors import Refusal
from trainings.lib.sealing import SealBroken
from trainings.lib.text import short_name
from trainings.people import choices
from trainings.people.consents import asked_now
from trainings.people.models import Participant
from trainings.registrations.desk.staff_refusals import as_refused_to_staff
from trainings.registrations.eligibility import minor_ages
from trainings.registrations.signup.age_choices import slip_ages
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import FormErrors, Typed, check, key_in, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

PATH = "/panel/sesiones/{id:uuid}/revisar/ficha"


async def _waiting(session_id: UUID, key: str) -> WalkInSlip | None:
    found = reads(WalkInSlip).filter(id=key_in(key), session_id=session_id, state=SlipState.WAITING)
    slip = await found.first().select_related("device")
    return slip if slip is not None and slip_view(slip).can_open else None


def _back(session_id: UUID, sentence: str = "") -> Response:
    response = redirect(f"/panel/sesiones/{session_id}/revisar#fichas")
    if sentence:
        flash(response, sentence)
    return response


@allow(*EDITORS)
async def edit(request: Request) -> Response:
    """Opening a slip is logged."""
    actor = request.state.actor
    session = await deciding_gate(request.path_params["id"], actor)
    slip = await _waiting(session.id, request.query_params.get("ficha", ""))
    if slip is None:
        return _back(session.id)
    try:
        typed = (await slips.open_slip(slip)).typed
    except (SealBroken, UnreadableSlip):
        return _back(session.id)
    async with transaction():
        await record("attendance.open_slip", actor=actor, object_id=slip.id, hub_id=session.training.hub_id)
    try:
        check(SlipForm, typed)
    except FormErrors as exc:
        typed = exc.typed
    return await _page(request, slip, typed)


async def _page(request: Request, slip: WalkInSlip, typed: Typed, status: int = 200) -> Response:
    door = await door_of(slip.session_id, request.state.actor)
    training = door.session.training
    holder = await slips.whose_card(slip)
    context = {
        "session": session_view(door),
        "slip": slip_view(slip),
        "holder": _in_short(holder.participant) if holder is not None else "",
        "form": typed,
        "relations": choices.relations(),
        "spoken": asked_now(aloud=True),
        "takes_minors": bool(minor_ages(training)),
        **choices.of_person(training.hub.seat.department),
        "age_groups": slip_ages([training], typed.value("age_group")),
    }
    return render(request, "attendance/slips/slip.html", context, status=status)


def _in_short(person: Participant) -> str:
    name = short_name(person.given_names, person.surnames)
    return f"{name}, {person.community}" if person.community else name


@allow(*EDITORS)
async def answer(request: Request) -> Response:
    actor = request.state.actor
    session = await deciding_gate(request.path_params["id"], actor)
    typed = await read_form(request)
    which = check(WhichSlipForm, typed)
    slip = await reads(WalkInSlip).get_or_none(id=which.ficha, session_id=session.id).select_related("device")
    if slip is None:
        raise slips.UnknownSlip
    if which.hacer != "anotar":
        await slips.put_aside(slip.id, actor=actor)
        sentence = gettext(N_("Listo. La ficha quedó aparte y lo que decía se borró."))
        return await _next(slip, sentence) if which.hacer == "misma" else _back(session.id, sentence)
    try:
        await slips.register(slip.id, check(SlipForm, typed), actor=actor)
    except slips.SlipDone:
        raise
    except (FormErrors, Refusal) as error:
        return await _page(request, slip, *as_refused_to_staff(typed, error))
    return await _next(slip, gettext(N_("Listo. La persona está anotada y su llegada cuenta.")))


async def _next(slip: WalkInSlip, sentence: str) -> Response:
    """Typing goes on with the slip that waits after this one, then with those passed over."""
    found = reads(WalkInSlip).filter(session_id=slip.session_id, state=SlipState.WAITING).select_related("device")
    waiting = [one for one in await found.order_by("written_at", "id") if slip_view(one).can_open]
    if not waiting:
        return _back(slip.session_id, sentence)
    later = (one for one in waiting if (one.written_at, one.id) > (slip.written_at, slip.id))
    return redirect(f"/panel/sesiones/{slip.session_id}/revisar/ficha?ficha={next(later, waiting[0]).id}", sentence)


routes: list[BaseRoute] = [Route(PATH, edit), Route(PATH, answer, methods=["POST"])]
