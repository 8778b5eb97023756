from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from trainings import clock
from trainings.accounts.permissions import (
    can_edit_trainings,
    can_enter_marks,
    can_hand_over,
    can_invite,
    can_merge,
    can_register_at_desk,
    can_see_registrations,
    can_see_roster,
)
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.errors import Refusal
from trainings.lib.dates import day_and_time
from trainings.panel.trainings.people_list import PeopleList, people_of
from trainings.registrations.calls.views import calls_about
from trainings.registrations.telling.changes import leaves_at
from trainings.schedule.absences import unheld_in
from trainings.schedule.bookings import NONE, Cautions, cautions_of_training
from trainings.schedule.changes import recent_changes
from trainings.schedule.models import TRAINING_MOVES, PlaceShown, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.phase import Phase, phase
from trainings.schedule.public.sentences import place_of
from trainings.schedule.staff.corrections import was_not_held
from trainings.schedule.words import PHASES, STATES
from trainings.web.i18n import N_, gettext, language
from trainings.web.problems import sentence_of
from trainings.web.render import absolute, render

ENROLLABLE = frozenset(Phase) - {Phase.DRAFT, Phase.CANCELLED, Phase.HELD}
"""The desk signs people up beyond the window."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """`attendance` is empty for people who may not take it."""

    id: UUID
    position: int
    starts_at: datetime
    when: str
    ends_at: datetime
    place: str
    people: str
    away: str
    state: str
    holiday: str
    seats: str
    is_past: bool
    attendance: str
    is_off: bool
    may_change: bool
    may_correct: bool
    may_restore: bool
    was_not_held: bool


async def show_training(
    request: Request, training: Training, *, refusal: Refusal | None = None, status: int = 200
) -> Response:
    actor: Actor = request.state.actor
    is_own = is_own_training(training, actor)
    may_edit = can_edit_trainings(actor, training.hub_id)
    may_answer = can_register_at_desk(actor, training.hub_id)
    sees_people = can_see_roster(actor, training.hub_id, is_facilitator=is_own)
    people = await _people(request, training) if sees_people else None
    now = phase(training, list(training.sessions), clock.now())
    context = {
        "here": "capacitaciones",
        "desk": training.hub.name,
        "training": training,
        "sessions": session_rows(
            training, actor, await cautions_of_training(training), await _away(training), may_edit=may_edit
        ),
        "state": gettext(STATES[training.state]),
        "phase": gettext(PHASES[now]),
        "is_protected": training.place_shown is PlaceShown.AFTER_CONFIRMATION,
        "calls": await calls_about(training.id, actor),
        "people": people,
        "may_answer": may_answer,
        "may_edit": may_edit,
        "may_delete": may_edit and is_fresh_draft(training),
        "may_merge": can_merge(actor, training.hub_id),
        "may_invite": can_invite(actor, training.hub_id) and now in ENROLLABLE | {Phase.DRAFT},
        "may_sign_up": can_register_at_desk(actor, training.hub_id) and now in ENROLLABLE,
        "may_certify": can_hand_over(actor, training.hub_id) and (has_begun(training) or now in ENROLLABLE),
        "may_mark": training.pass_mark is not None and can_enter_marks(actor, training.hub_id, is_facilitator=is_own),
        "moves": {state.value for state in TRAINING_MOVES[training.state]} if may_edit else set(),
        "public_path": "" if training.published_at is None else f"/capacitaciones/{training.slug}",
        "short_address": absolute(f"/c/{training.short_code}").partition("://")[2],
        "told_at": await leaves_at(training.id) if may_edit else None,
        "has_changed": bool(may_answer and await recent_changes([training.id])),
        "refusal": sentence_of(refusal) if refusal else "",
    }
    return render(request, "panel/trainings/training.html", context, status=status)


async def _people(request: Request, training: Training) -> PeopleList:
    """Full names and telephones for the desk: opening them is logged."""
    actor: Actor = request.state.actor
    found = await people_of(training, request.query_params, is_full=can_see_registrations(actor, training.hub_id))
    if found.is_full and found.page.rows:
        await record("registrations.open_list", actor=actor, object_id=training.id, hub_id=training.hub_id)
    return found


def is_own_training(training: Training, actor: Actor) -> bool:
    return any(one.user_id == actor.id for session in training.sessions for one in session.facilitators)


def is_fresh_draft(training: Training) -> bool:
    """It was never published: it can be deleted."""
    return training.state is TrainingState.DRAFT and training.published_at is None


def has_begun(training: Training) -> bool:
    return any(session.starts_at <= clock.now() for session in training.sessions)


def session_rows(
    training: Training, actor: Actor, cautions: Mapping[UUID, Cautions], away: Mapping[UUID, str], *, may_edit: bool
) -> list[SessionRow]:
    rows, is_called_off = [], training.state is TrainingState.CANCELLED
    for session in sorted(training.sessions, key=lambda session: (session.starts_at, session.id)):
        is_off = not session.is_on
        known = NONE if is_off else cautions[session.id]
        rows.append(
            SessionRow(
                id=session.id,
                position=session.position,
                starts_at=session.starts_at,
                when=_when(session),
                ends_at=session.ends_at,
                place=place_of(session, training),
                people=", ".join(sorted(one.user.name for one in session.facilitators)),
                away=away.get(session.id, ""),
                state=session_state(session, is_off=is_off),
                holiday=known.day_off,
                seats=known.seats if may_edit else "",
                is_past=known.is_past,
                attendance=_attendance(session, training, actor),
                is_off=is_off,
                may_change=may_edit and not is_off and not is_over(session),
                may_correct=may_edit and not is_called_off and not is_off and is_over(session),
                may_restore=may_edit and may_restore(training, session),
                was_not_held=may_edit and not is_called_off and was_not_held(session),
            )
        )
    return rows


def _when(session: TrainingSession) -> str:
    """With the year where it is not this one: a year typed wrong is seen."""
    is_of_another_year = clock.local(session.starts_at).year != clock.today().year
    return day_and_time(session.starts_at, language(), with_year=is_of_another_year)


async def _away(training: Training) -> dict[UUID, str]:
    found: dict[UUID, list[str]] = {}
    is_away, has_left = gettext(N_("Avisó que no puede: %(who)s")), gettext(N_("Ya no tiene acceso: %(who)s"))
    for one in await unheld_in(training.id):
        words = has_left if one.has_left else is_away
        found.setdefault(one.thing.id, []).append(words % {"who": one.who})
    return {session_id: ". ".join(sentences) for session_id, sentences in found.items()}


def may_restore(training: Training, session: TrainingSession) -> bool:
    """Cancelled alone, and still to come."""
    is_alone = session.state is SessionState.CANCELLED and training.state is not TrainingState.CANCELLED
    return is_alone and clock.now() < session.ends_at


def is_over(session: TrainingSession) -> bool:
    return session.closed_at is not None or clock.now() >= session.ends_at


def session_state(session: TrainingSession, *, is_off: bool) -> str:
    if is_off:
        return gettext(N_("No se realizó")) if was_not_held(session) else gettext(N_("Cancelada"))
    if session.closed_at is not None:
        return gettext(N_("Cerrada"))
    if clock.now() >= session.ends_at:
        return gettext(N_("Falta cerrarla"))
    return gettext(N_("En curso")) if clock.now() >= session.starts_at else gettext(N_("Por venir"))


def _attendance(session: TrainingSession, training: Training, actor: Actor) -> str:
    is_own = any(one.user_id == actor.id for one in session.facilitators)
    if training.state is TrainingState.DRAFT or (not session.is_on and clock.now() < session.starts_at):
        return ""
    if not can_see_roster(actor, training.hub_id, is_facilitator=is_own):
        return ""
    return f"/panel/sesiones/{session.id}/asistencia"
