"""What the pages that change a training have in common."""

from __future__ import annotations

from starlette.requests import Request

from trainings.accounts.permissions import can_edit_trainings
from trainings.audit.actor import Actor
from trainings.errors import Refusal
from trainings.places.models import Hub
from trainings.places.queries import hubs_visible_to
from trainings.schedule import queries
from trainings.schedule.bookings import Booked
from trainings.schedule.cautions import said
from trainings.schedule.models import (
    Training,
    TrainingSession,
)
from trainings.web.allow import WrongRole
from trainings.web.forms import Typed

ONE_SESSION = "/panel/sesiones/{id:uuid}"


async def editable(request: Request) -> Training:
    """The training of the address, if the actor may change it. Unseen is 404, seen but not theirs to change 403."""
    training = await queries.for_staff(request.path_params["id"], request.state.actor)
    if not can_edit_trainings(request.state.actor, training.hub_id):
        raise WrongRole
    return training


async def editable_hubs(actor: Actor) -> list[Hub]:
    """Hubs in use that the actor leads."""
    return [hub for hub in await hubs_visible_to(actor) if hub.is_active and can_edit_trainings(actor, hub.id)]


def show_refusal(typed: Typed, refusal: Refusal) -> None:
    """Its sentence at its field; of what is taken, the first one of each session."""
    typed.refused(refusal)
    for other in refusal.others if isinstance(refusal, Booked) else ():
        typed.errors.setdefault(other.field or "", said(other))


async def editable_session(request: Request) -> TrainingSession:
    """The session of the address, if the actor may change it. Unseen is 404, seen but not theirs to change 403."""
    session = await queries.session_for_staff(request.path_params["id"], request.state.actor)
    if not can_edit_trainings(request.state.actor, session.training.hub_id):
        raise WrongRole
    return session


def afterwards(training: Training) -> str:
    """Where to go on after a change: to who is told of it; of what was never published nobody is."""
    one = f"/panel/capacitaciones/{training.id}"
    return one if training.published_at is None else f"{one}/cambios"
