"""`/panel/actividades/nueva` and `…/editar`: the form of an activity."""

from __future__ import annotations

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import EDITORS, can_edit_activities
from trainings.audit.actor import Actor
from trainings.errors import Refusal
from trainings.outreach import actions, forms
from trainings.outreach.actions import ActivityCalledOff
from trainings.outreach.editing import INDEX, editable, saved, when_and_where
from trainings.outreach.models import ActivityKind, ActivityState, OutreachActivity
from trainings.outreach.words import KINDS
from trainings.places.models import Hub
from trainings.places.queries import hubs_visible_to, one_of
from trainings.schedule.bookings import Booked
from trainings.schedule.queries import people_who_facilitate
from trainings.web.allow import allow
from trainings.web.forms import REFUSED, FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import render


@allow(*EDITORS)
async def new(request: Request) -> Response:
    """The empty form; people who lead several hubs choose one first."""
    hubs = await _hubs(request.state.actor)
    wanted = request.query_params.get("ventanilla", hubs[0].slug if len(hubs) == 1 else "")
    hub = next((hub for hub in hubs if hub.slug == wanted), None)
    if hub is None:
        words = gettext("Nueva actividad"), gettext("¿De qué ventanilla es la actividad?")
        return render(request, "places/choose_hub.html", {"here": "semana", "hubs": hubs, "words": words})
    typed = Typed.of({"hub": hub.id, "kind": ActivityKind.FAIR.value, "municipality": hub.seat_id})
    return await _form(request, hub, typed)


@allow(*EDITORS)
async def create(request: Request) -> Response:
    typed = await read_form(request)
    hub = one_of(await _hubs(request.state.actor), typed.value("hub"))
    try:
        if typed.value("look"):
            return await _form(request, hub, typed)
        form = check(forms.ActivityForm, typed)
        plan, reason = form.plan(hub.id), form.override_reason
        activity = await actions.create_activity(plan, actor=request.state.actor, override_reason=reason)
    except FormErrors as exc:
        return await _form(request, hub, exc.typed, status=422)
    except Refusal as refusal:
        return await _refused(request, hub, typed, refusal)
    return await saved(activity, N_("Listo: el borrador está guardado. Revíselo y publíquelo."))


@allow(*EDITORS)
async def edit(request: Request) -> Response:
    activity = await editable(request)
    if activity.state is ActivityState.CANCELLED:
        raise ActivityCalledOff
    return await _form(request, activity.hub, forms.typed_activity(activity), activity=activity)


@allow(*EDITORS)
async def update(request: Request) -> Response:
    activity = await editable(request)
    typed = await read_form(request)
    try:
        if typed.value("look"):
            return await _form(request, activity.hub, typed, activity=activity)
        form = check(forms.ActivityForm, typed)
        edited = await actions.edit_activity(
            activity.id,
            form.plan(activity.hub_id),
            actor=request.state.actor,
            override_reason=form.override_reason,
            revision=form.revision,
        )
    except FormErrors as exc:
        return await _form(request, activity.hub, exc.typed, activity=activity, status=422)
    except Refusal as refusal:
        return await _refused(request, activity.hub, typed, refusal, activity=activity)
    return await saved(edited, N_("Listo: los cambios están guardados."))


async def _hubs(actor: Actor) -> list[Hub]:
    """Hubs in use that the actor leads."""
    return [hub for hub in await hubs_visible_to(actor) if hub.is_active and can_edit_activities(actor, hub.id)]


async def _refused(
    request: Request, hub: Hub, typed: Typed, refusal: Refusal, *, activity: OutreachActivity | None = None
) -> Response:
    if refusal.status not in REFUSED:
        raise refusal
    is_booked = isinstance(refusal, Booked)
    return await _form(
        request, hub, typed.refused(refusal), activity=activity, status=refusal.status, is_booked=is_booked
    )


async def _form(
    request: Request,
    hub: Hub,
    typed: Typed,
    *,
    activity: OutreachActivity | None = None,
    status: int = 200,
    is_booked: bool = False,
) -> Response:
    context = {
        "here": "semana",
        "hub": hub,
        "kinds": [(kind.value, gettext(words)) for kind, words in KINDS.items()],
        "people": await _people(hub, activity),
        **await when_and_where(request, hub, typed, activity, is_booked=is_booked),
    }
    return render(request, "outreach/staff/form.html", context, status=status)


async def _people(hub: Hub, activity: OutreachActivity | None) -> list[tuple[UUID, str]]:
    """Possible responsible people; the present one stays in the list."""
    people = {user.id: user.name for user in await people_who_facilitate(hub.id, hub.operator_id)}
    if activity is not None:
        people.setdefault(activity.responsible_id, activity.responsible.name)
    return list(people.items())


routes: list[BaseRoute] = [
    Route(INDEX + "/nueva", new),
    Route(INDEX + "/nueva", create, methods=["POST"]),
    Route(INDEX + "/{id:uuid}/editar", edit),
    Route(INDEX + "/{id:uuid}/editar", update, methods=["POST"]),
]
