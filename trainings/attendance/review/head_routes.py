"""`/panel/actividades/{id}/revisar`: heads from phones not in use for the activity."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import EDITORS, HEAD_COUNTERS
from trainings.attendance.models import Decision
from trainings.attendance.review.forms import COUNT, TAKE_BACK, HeadsAnswerForm
from trainings.attendance.review.head_reviews import (
    PhoneHeads,
    decide_heads,
    head_gate,
    head_review_of,
    take_back_heads,
)
from trainings.attendance.review.views import said_after
from trainings.attendance.review.words import DECISIONS, NOT_FOR_IT, OUT_OF_USE
from trainings.outreach.actions import UnknownActivity
from trainings.outreach.models import HeadState
from trainings.outreach.words import BANDS, SEXES_COUNTED, AgeBand
from trainings.people.models import Sex
from trainings.web.allow import allow
from trainings.web.forms import check, read_form
from trainings.web.i18n import gettext, ngettext
from trainings.web.render import redirect, render

PATH = "/panel/actividades/{id:uuid}/revisar"


@allow(*HEAD_COUNTERS)
async def show(request: Request) -> Response:
    activity, can_decide = await head_gate(request.path_params["id"], request.state.actor)
    review = await head_review_of(activity)
    context = {
        "activity": activity,
        "open": [_view(one) for one in review.open],
        "decided": [_view(one) for one in review.decided],
        "can_decide": can_decide,
    }
    return render(request, "attendance/review/heads.html", context)


def _view(heads: PhoneHeads) -> dict[str, Any]:
    lines = [
        f"{gettext(SEXES_COUNTED[Sex(sex)])} · {gettext(BANDS[AgeBand(band)])}: {n}"
        for (sex, band), n in sorted(heads.cells.items())
    ]
    if heads.n_of_others:
        words = ngettext(
            "Deshace %(n)s marca de otro teléfono", "Deshace %(n)s marcas de otro teléfono", heads.n_of_others
        )
        lines.append(words % {"n": heads.n_of_others})
    return {
        "heads": heads,
        "lines": lines,
        "why": gettext(OUT_OF_USE if heads.is_out_of_use else NOT_FOR_IT),
        "answer": gettext(DECISIONS[Decision(heads.state.value)]) if heads.state is not HeadState.WAITING else "",
    }


@allow(*EDITORS)
async def answer(request: Request) -> Response:
    activity, can_decide = await head_gate(request.path_params["id"], request.state.actor)
    if not can_decide:
        raise UnknownActivity
    form, actor = check(HeadsAnswerForm, await read_form(request)), request.state.actor
    if form.hacer == TAKE_BACK:
        n = await take_back_heads(activity.id, form.telefono, HeadState(form.era), actor=actor)
    else:
        state = HeadState.COUNTED if form.hacer == COUNT else HeadState.DISMISSED
        n = await decide_heads(activity.id, form.telefono, state, until=form.hasta, actor=actor)
    return redirect(f"/panel/actividades/{activity.id}/revisar", said_after(form.hacer, n))


routes: list[BaseRoute] = [Route(PATH, show), Route(PATH, answer, methods=["POST"])]
