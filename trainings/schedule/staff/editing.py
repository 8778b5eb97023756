from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from starlette.requests import Request

from trainings.accounts.permissions import can_edit_trainings
from trainings.audit.actor import Actor
from trainings.errors import Refusal
from trainings.places.models import Hub
from trainings.places.queries import hubs_visible_to
from trainings.schedule import queries
from trainings.schedule.bookings import Booked, said
from trainings.schedule.models import (
    Training,
    TrainingSession,
)
from trainings.web.allow import WrongRole
from trainings.web.forms import Typed

ONE_SESSION = "/panel/sesiones/{id:uuid}"


async def training_of(request: Request, may: Callable[[Actor, UUID], bool]) -> Training:
    """404 if not visible, 403 if seen only."""
    training = await queries.for_staff(request.path_params["id"], request.state.actor)
    if not may(request.state.actor, training.hub_id):
        raise WrongRole
    return training


async def editable(request: Request) -> Training:
    return await training_of(request, can_edit_trainings)


async def editable_hubs(actor: Actor) -> list[Hub]:
    return [hub for hub in await hubs_visible_to(actor) if hub.is_active and can_edit_trainings(actor, hub.id)]


def hub_asked_for(request: Request, hubs: Sequence[Hub]) -> Hub | None:
    """Of `?ventanilla=`, or the only one."""
    wanted = request.query_params.get("ventanilla", hubs[0].slug if len(hubs) == 1 else "")
    return next((hub for hub in hubs if hub.slug == wanted), None)


def show_refusal(typed: Typed, refusal: Refusal) -> None:
    typed.refused(refusal)
    for other in refusal.others if isinstance(refusal, Booked) else ():
        typed.errors.setdefault(other.field or "", said(other))


async def editable_session(request: Request) -> TrainingSession:
    """404 if not visible, 403 if seen only."""
    session = await queries.session_for_staff(request.path_params["id"], request.state.actor)
    if not can_edit_trainings(request.state.actor, session.training.hub_id):
        raise WrongRole
    return session


def afterwards(training: Training) -> str:
    one = f"/panel/capacitaciones/{training.id}"
    return one if training.published_at is None else f"{one}/cambios"
