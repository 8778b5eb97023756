"""A minor who comes alone: a slip for the family, and the protection route. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import ATTENDANCE_TAKERS
from trainings.attendance.queries import UnknownSession, door_of
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.places.models import Hub
from trainings.web.allow import allow
from trainings.web.render import render

if TYPE_CHECKING:
    from starlette.requests import Request

ALONE = "/panel/menor-solo"
COPIES = range(3)


@allow(*ATTENDANCE_TAKERS)
async def slip(request: Request) -> Response:
    """For the minor to carry home: that they came, and how they are registered. It names no person and no place."""
    session = (await door_of(request.path_params["id"], request.state.actor)).session
    training = session.training
    context = {
        "session": session,
        "title": training.neutral_title or training.title,
        "training": training,
        "hub": training.hub,
        "phone": training.contact_phone or training.hub.phone,
        "copies": COPIES,
    }
    return render(request, "attendance/family_slip.html", context)


@allow(*ATTENDANCE_TAKERS)
async def ask(request: Request) -> Response:
    """Contacts are shown only once staff say that the minor travels alone."""
    return render(request, "attendance/alone.html", {"is_alone": False})


@allow(*ATTENDANCE_TAKERS)
async def protect(request: Request) -> Response:
    """The route to follow, for the session that the address may name.

    The form is empty: signing in again keeps nothing of it.
    """
    hubs = await _hubs_to_call(request.query_params.get("sesion", ""), request.state.actor)
    return render(request, "attendance/alone.html", {"is_alone": True, "hubs": hubs})


async def _hubs_to_call(session_key: str, actor: Actor) -> Sequence[Hub]:
    try:
        return [(await door_of(UUID(session_key), actor)).session.training.hub]
    except (ValueError, UnknownSession):
        return await reads(Hub).filter(id__in=sorted(actor.hubs_with(ATTENDANCE_TAKERS))).order_by("name")


routes: list[BaseRoute] = [
    Route("/panel/sesiones/{id:uuid}/aviso-familia", slip),
    Route(ALONE, ask),
    Route(ALONE, protect, methods=["POST"]),
]
