"""`/panel/capacitaciones/nueva` and `…/editar`: also without script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import EDITORS
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import Refusal
from trainings.panel.trainings.form_parts import (
    audience_of,
    fill_from_course,
    near_languages,
    parts_of,
    take_languages,
    with_last_design,
)
from trainings.people import choices
from trainings.places.models import Hub
from trainings.places.queries import one_of, venue_choices
from trainings.registrations.seats.actions import resize
from trainings.schedule import actions, queries
from trainings.schedule.bookings import NONE, Booked, Cautions, cautions_of, has_clashes
from trainings.schedule.models import (
    Course,
    PlaceShown,
    Project,
    SessionState,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.schedule.plans import MOST_SESSIONS, TrainingPlan, UnknownCourse
from trainings.schedule.public.sentences import listing
from trainings.schedule.session_actions import TrainingCalledOff
from trainings.schedule.staff import forms
from trainings.schedule.staff.editing import editable, editable_hubs, hub_asked_for, show_refusal
from trainings.schedule.staff.series import RepeatForm, change_rows, patterns
from trainings.schedule.words import AGES_ADMITTED, KINDS, OFFERS
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, Typed, as_refused, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

NEW = "/panel/capacitaciones/nueva"
USUAL_CAPACITY = 30


@dataclass(frozen=True, slots=True)
class FormRow:
    number: int
    title: str
    cautions: Cautions
    said: str


# -- a new one


@allow(*EDITORS)
async def new(request: Request) -> Response:
    hubs = await editable_hubs(request.state.actor)
    hub = hub_asked_for(request, hubs)
    if hub is None:
        words = gettext("Nueva capacitación"), gettext("¿De qué ventanilla es la capacitación?")
        return render(request, "places/choose_hub.html", {"here": "capacitaciones", "hubs": hubs, "words": words})
    typed = Typed.of(
        {
            "hub": hub.id,
            "capacity": USUAL_CAPACITY,
            "place_shown": PlaceShown.PUBLIC,
            "has_waiting_list": forms.TICKED,
            "walk_ins": forms.TICKED,
            "from_age": forms.FROM_AGES[0],
            "languages": ["spa"],
            "course": request.query_params.get("curso"),
        }
    )
    return await _form(request, hub, typed, filled=await fill_from_course(typed, hub))


@allow(*EDITORS)
async def create(request: Request) -> Response:
    typed = await read_form(request)
    hub = one_of(await editable_hubs(request.state.actor), typed.value("hub"))
    take_languages(typed)
    try:
        if typed.value("fill"):
            return await _form(request, hub, typed, filled=await fill_from_course(typed, hub))
        if change_rows(typed):
            return await _form(request, hub, typed)
        form, sessions = forms.check_training(typed)
        if await _is_on_unseen_feast(request, typed, hub):
            return await _form(request, hub, typed, status=409)
        plan = await with_last_design(await _plan(form), hub)
        training = await actions.create_training(
            plan, sessions, actor=request.state.actor, override_reason=form.override_reason
        )
    except (FormErrors, Refusal) as error:
        return await _refused(request, hub, typed, error)
    return redirect(
        f"/panel/capacitaciones/{training.id}", gettext(N_("Listo: el borrador está guardado. Revíselo y publíquelo."))
    )


# -- a standing one


@allow(*EDITORS)
async def edit(request: Request) -> Response:
    training = await editable(request)
    if training.state is TrainingState.CANCELLED:
        raise TrainingCalledOff
    typed = forms.typed_training(training, _changeable(training))
    return await _form(request, training.hub, typed, training=training)


@allow(*EDITORS)
async def update(request: Request) -> Response:
    training = await editable(request)
    typed = await read_form(request)
    typed.fields["hub"] = [str(training.hub_id)]
    take_languages(typed)
    try:
        if change_rows(typed):
            return await _form(request, training.hub, typed, training=training)
        forms.check_training(typed)
        if await _is_on_unseen_feast(request, typed, training.hub, training):
            return await _form(request, training.hub, typed, training=training, status=409)
        batch = await _save(training, typed, request.state.actor)
    except (FormErrors, Refusal) as error:
        return await _refused(request, training.hub, typed, error, training=training)
    return redirect(
        f"/panel/capacitaciones/{training.id}{'/cambios' if batch else ''}",
        gettext(N_("Listo: los cambios están guardados.")),
    )


async def _save(training: Training, typed: Typed, actor: Actor) -> UUID | None:
    """All or nothing: the plan, the places, and messages to people whose time or place changed; returns their batch."""
    form, sessions = forms.check_training(typed)
    plan = await _plan(form)

    async def act() -> None:
        await actions.edit_training(
            training.id,
            plan,
            sessions,
            actor=actor,
            override_reason=form.override_reason,
            revision=form.revision,
        )
        await resize(training.id, form.capacity, form.childcare_capacity, actor=actor)

    return await rescheduling.change_sessions(training.id, act, actor=actor)


def _changeable(training: Training) -> list[TrainingSession]:
    now = clock.now()
    planned = [session for session in training.sessions if session.state is SessionState.PLANNED]
    if training.state is not TrainingState.DRAFT:
        planned = [session for session in planned if session.closed_at is None and now < session.ends_at]
    return sorted(planned, key=lambda session: session.starts_at)


# -- the form


async def _plan(form: forms.TrainingForm) -> TrainingPlan:
    course = await reads(Course).get_or_none(id=form.course)
    if course is None:
        raise UnknownCourse(field="course")
    return form.plan(course.title)


async def _refused(
    request: Request, hub: Hub, typed: Typed, error: FormErrors | Refusal, *, training: Training | None = None
) -> Response:
    typed, status = as_refused(typed, error)
    if isinstance(error, Booked):
        show_refusal(typed, error)
    return await _form(request, hub, typed, training=training, status=status, is_booked=isinstance(error, Booked))


async def _form(
    request: Request,
    hub: Hub,
    typed: Typed,
    *,
    training: Training | None = None,
    status: int = 200,
    is_booked: bool = False,
    filled: str = "",
) -> Response:
    numbers = forms.row_numbers(typed) or [0]
    cautions = await _cautions(typed, hub, training, request.state.actor)
    offered = await _choices(hub, training)
    context = {
        "here": "capacitaciones",
        "form": typed,
        "hub": hub,
        "training": training,
        "rows": _rows(typed, numbers, training, cautions, {str(key): name for key, name in offered["people"]}),
        "may_add": len(numbers) < MOST_SESSIONS,
        "patterns": patterns(typed),
        "repeats": _repeats(typed),
        "needs_reason": is_booked or has_clashes(cautions) or bool(typed.value("override_reason")),
        "filled": filled,
        "feasts": [day for day, _name in _feasts(typed, cautions).values()],
        **offered,
        "audience": audience_of(typed, offered["actor_types"]),
        "near_languages": near_languages(hub, typed, offered["languages"]),
        "parts": parts_of(typed, offered["offers"], offered["languages"]),
    }
    return render(request, "panel/trainings/form.html", context, status=status)


async def _is_on_unseen_feast(request: Request, typed: Typed, hub: Hub, training: Training | None = None) -> bool:
    cautions = await _cautions(typed, hub, training, request.state.actor)
    return forms.has_unseen_feast(typed, _feasts(typed, cautions))


def _feasts(typed: Typed, cautions: Mapping[int, Cautions]) -> dict[str, tuple[str, str]]:
    return {
        f"sessions-{number}": (typed.value(f"sessions-{number}-day"), one.day_off)
        for number, one in cautions.items()
        if one.day_off
    }


def _repeats(typed: Typed) -> bool:
    return any(typed.value(name) or typed.error(name) for name in RepeatForm.model_fields)


async def _cautions(typed: Typed, hub: Hub, training: Training | None, actor: Actor) -> dict[int, Cautions]:
    room = forms.checked(forms.RoomForm, Typed(typed.fields))
    return await cautions_of(
        forms.plans_in(typed),
        hub=hub,
        actor=actor,
        venue_id=room.venue if room else None,
        capacity=room.capacity if room else None,
        but=[session.id for session in training.sessions] if training else (),
        may_be_past=training is None or training.state is TrainingState.DRAFT,
    )


def _rows(
    typed: Typed,
    numbers: Sequence[int],
    training: Training | None,
    cautions: Mapping[int, Cautions],
    names: Mapping[str, str],
) -> list[FormRow]:
    """Once others know of the training, its sessions keep their numbers of the calendar."""
    is_draft = training is None or training.state is TrainingState.DRAFT
    positions = {} if training is None else {str(session.id): session.position for session in training.sessions}
    rows = []
    for n, number in enumerate(numbers, start=1):
        position = n if is_draft else positions.get(typed.value(f"sessions-{number}-id"))
        title = gettext(N_("Sesión %(n)s")) % {"n": position} if position else gettext(N_("Otra sesión"))
        said = listing([names[key] for key in typed.values(f"sessions-{number}-facilitators") if key in names])
        rows.append(FormRow(number, title, cautions.get(number, NONE), said))
    return rows


def _course_words(course: Course, hub: Hub) -> str:
    """«Mitos y realidades (taller)», and its municipality where that is another."""
    said = [gettext(KINDS[course.kind]).lower()]
    if course.operator is not None and course.operator_id != hub.operator_id:
        said.append(course.operator.name)
    return f"{course.title} ({', '.join(said)})"


async def _choices(hub: Hub, training: Training | None) -> dict[str, Any]:
    """A training keeps a course that has left the catalogue, and once published its own alone."""
    is_fixed = training is not None and training.published_at is not None
    own = [] if is_fixed else queries.without_copied(await queries.courses(is_active=True), hub.operator_id)
    kept = [await queries.course(training.course_id)] if training else []
    people = await queries.people_who_facilitate(hub.id, hub.operator_id)
    return {
        "courses": sorted({one.id: _course_words(one, hub) for one in (*own, *kept)}.items(), key=itemgetter(1)),
        "venues": await venue_choices(hub, also=_venue_ids(training)),
        "people": [(user.id, user.name) for user in people],
        "projects": [(one.id, one.name) for one in await reads(Project).order_by("name")],
        "actor_types": choices.actor_types(),
        "languages": [choice for choice in choices.languages() if choice[0] != "und"],
        "offers": [(code.value, gettext(words)) for code, words in OFFERS.items()],
        "from_ages": [(age, gettext(AGES_ADMITTED[age])) for age in forms.FROM_AGES],
        "offer_hours": [
            (hours, gettext(N_("%(n)s horas para decir que sí")) % {"n": hours}) for hours in forms.OFFER_HOURS
        ],
    }


def _venue_ids(training: Training | None) -> set[UUID | None]:
    """Retired venues in use too: saving another field must not move the training."""
    return {training.venue_id, *(session.venue_id for session in training.sessions)} if training else set()


routes: list[BaseRoute] = [
    Route(NEW, new),
    Route(NEW, create, methods=["POST"]),
    Route("/panel/capacitaciones/{id:uuid}/editar", edit),
    Route("/panel/capacitaciones/{id:uuid}/editar", update, methods=["POST"]),
]
