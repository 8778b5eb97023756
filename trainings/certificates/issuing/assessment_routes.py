"""`/panel/capacitaciones/{id}/evaluacion`: marks of a course with a test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import HUB_STAFF
from trainings.audit.actions import record
from trainings.certificates.issuing import assessment
from trainings.certificates.issuing.assessment import MOST_POINTS, Examined
from trainings.errors import Refusal
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import REFUSED, Typed, read_form
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.paging import asked_page
from trainings.web.render import redirect, render

if TYPE_CHECKING:
    from starlette.requests import Request

PATH = "/panel/capacitaciones/{id:uuid}/evaluacion"
AT_ONCE = 100
"""People on a page: a form takes some hundred answers."""


async def _training(request: Request) -> Training:
    return await assessment.training_to_mark(request.path_params["id"], request.state.actor)


@allow(*HUB_STAFF)
async def show(request: Request) -> Response:
    """Shows full names: opening it is logged."""
    training = await _training(request)
    await record("certificates.open_marks", actor=request.state.actor, object_id=training.id, hub_id=training.hub_id)
    return await _show(request, training, None)


async def _show(request: Request, training: Training, form: Typed | None, status: int = 200) -> Response:
    everybody = await assessment.examined(training.id)
    page = asked_page(request.query_params)
    least = training.pass_mark or 0
    context = {
        "training": training,
        "people": everybody[(page - 1) * AT_ONCE : page * AT_ONCE],
        "n_people": len(everybody),
        "n_marked": sum(one.mark is not None for one in everybody),
        "n_passed": sum(one.mark is not None and one.mark >= least for one in everybody),
        "least": least,
        "most": MOST_POINTS,
        "form": form,
        "page": page,
        "has_more": len(everybody) > page * AT_ONCE,
        "may_open_diplomas": request.state.actor.has_at(training.hub_id, HUB_STAFF[1:]),
    }
    return render(request, "certificates/issuing/assessment.html", context, status=status)


@allow(*HUB_STAFF)
async def keep(request: Request) -> Response:
    training = await _training(request)
    typed = await read_form(request)
    marks = _marks(typed, await assessment.examined(training.id))
    if typed.errors:
        return await _show(request, training, typed, 422)
    try:
        n = await assessment.enter_marks(training.id, marks, actor=request.state.actor)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return await _show(request, training, typed.refused(refusal), refusal.status)
    response = redirect(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
    sentence = ngettext("Listo. Se guardó %(n)s nota.", "Listo. Se guardaron %(n)s notas.", n) % {"n": n}
    flash(response, sentence if n else gettext(N_("No cambió ninguna nota.")), "ok" if n else "note")
    return response


def _marks(typed: Typed, people: Sequence[Examined]) -> dict[UUID, int | None]:
    """Other values than whole numbers from 0 to 100 become errors at their field."""
    marks: dict[UUID, int | None] = {}
    for one in people:
        name = f"nota-{one.registration_id}"
        if name not in typed.fields:
            continue
        text = typed.value(name).strip()
        is_mark = text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= MOST_POINTS
        if text and not is_mark:
            typed.errors[name] = gettext(N_("Escriba un número entero de 0 a %(most)s.")) % {"most": MOST_POINTS}
        marks[one.registration_id] = int(text) if is_mark else None
    return marks


routes: list[BaseRoute] = [Route(PATH, show), Route(PATH, keep, methods=["POST"])]
