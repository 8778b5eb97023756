"""`/panel/practica`: try things out with a training that is not real."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import DESK, HUB_STAFF, can_register_at_desk
from trainings.audit.actor import Actor
from trainings.errors import Refusal
from trainings.lib.text import short_name
from trainings.privacy import practice
from trainings.registrations.cards.queries import hubs_at_desk
from trainings.registrations.words import STATES
from trainings.schedule.models import Training, TrainingSession
from trainings.web.allow import allow
from trainings.web.forms import Form, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import note_practice, redirect, render

INDEX = "/panel/practica"


class HubForm(Form):
    hub: UUID


@allow(*HUB_STAFF)
async def index(request: Request) -> Response:
    return await _index(request, None)


async def _index(request: Request, form: Typed | None, status: int = 200) -> Response:
    actor: Actor = request.state.actor
    found = await practice.practices_of(actor)
    note_practice(bool(found))
    taken = {one.hub_id for one in found}
    context = {
        "practices": [await _shown(one, actor) for one in found],
        "hubs": [(str(hub.id), hub.name) for hub in await hubs_at_desk(actor) if hub.id not in taken],
        "form": form,
        "days": practice.DAYS,
    }
    return render(request, "panel/trainings/practice.html", context, status=status)


async def _shown(training: Training, actor: Actor) -> dict[str, object]:
    people = await practice.people_in(training.id)
    sessions = sorted(training.sessions, key=lambda one: one.starts_at)
    return {
        "training": training,
        "today": _today(sessions),
        "ends_at": sessions[-1].ends_at,
        "is_desk": can_register_at_desk(actor, training.hub_id),
        "people": [
            (one.id, short_name(one.participant.given_names, one.participant.surnames), gettext(STATES[one.state]))
            for one in people
        ],
    }


def _today(sessions: list[TrainingSession]) -> TrainingSession:
    """The session that is on, else the last one."""
    return next((one for one in sessions if one.ends_at > clock.now()), sessions[-1])


@allow(*DESK)
async def start(request: Request) -> Response:
    typed = await read_form(request)
    try:
        await practice.start(check(HubForm, typed).hub, actor=request.state.actor)
    except Refusal as refusal:
        return await _index(request, typed.refused(refusal), refusal.status)
    return redirect(INDEX, gettext(N_("Listo. Practique lo que quiera: nada de esto cuenta.")))


@allow(*DESK)
async def empty(request: Request) -> Response:
    await practice.empty(check(HubForm, await read_form(request)).hub, actor=request.state.actor)
    return redirect(INDEX, gettext(N_("Listo. La práctica quedó vacía: no queda nada de ella.")))


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX, start, methods=["POST"]),
    Route(INDEX + "/vaciar", empty, methods=["POST"]),
]
