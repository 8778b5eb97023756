"""`/panel/actividades`"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import (
    DESK,
    EDITORS,
    STAFF,
    can_count_heads,
    can_edit_activities,
    can_register_at_desk,
)
from trainings.audit.actor import Actor
from trainings.errors import Refusal
from trainings.outreach import actions, forms, queries
from trainings.outreach.actions import ACTIVITY_MOVES, ActivityCalledOff, MovedMeanwhile
from trainings.outreach.calendar_texts import PATH, place_in_words, whole_place
from trainings.outreach.changes import wrong_posters
from trainings.outreach.forms import LookForm
from trainings.outreach.heads import counts_of, is_anything_waiting, is_countable, n_counted_at, total
from trainings.outreach.models import ActivityKind, ActivityState, OutreachActivity
from trainings.outreach.queries import ActivityFilter
from trainings.outreach.responsible import leaves_at
from trainings.outreach.words import KINDS, STATES
from trainings.people import choices
from trainings.places.feasts import feasts_in
from trainings.places.models import Hub
from trainings.places.queries import hubs_visible_to, one_of, venue_choices
from trainings.schedule.absences import unheld_at
from trainings.schedule.bookings import NONE, Booked, Cautions, Owner, cautions_of
from trainings.schedule.holidays import days_off_during
from trainings.schedule.months import day_written
from trainings.schedule.plans import SessionPlan
from trainings.schedule.queries import people_who_facilitate
from trainings.schedule.staff.editing import hub_asked_for
from trainings.schedule.staff.forms import CancelForm, at_the_day, checked
from trainings.web.allow import WrongRole, allow
from trainings.web.forms import REFUSED, FormErrors, Typed, as_refused, asked_page, beside, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of
from trainings.web.render import absolute, redirect, render

INDEX = "/panel/actividades"


async def editable(request: Request) -> OutreachActivity:
    """404 if unseen, 403 if seen only."""
    activity = await queries.for_staff(request.path_params["id"], request.state.actor)
    if not can_edit_activities(request.state.actor, activity.hub_id):
        raise WrongRole
    return activity


async def saved(activity: OutreachActivity, sentence: str) -> Response:
    days = await days_off(activity.starts_at, activity.ends_at, activity.municipality_id)
    if not days:
        return _done(activity, sentence)
    words = gettext(N_("Tome en cuenta que ese día es: %(days)s.")) % {"days": days}
    return redirect(f"{INDEX}/{activity.id}", f"{gettext(sentence)} {words}", "note")


async def when_and_where(
    request: Request, hub: Hub, typed: Typed, activity: OutreachActivity | None, *, is_booked: bool
) -> dict[str, Any]:
    """Venues of the hub and all municipalities, its own department first; a retired venue stays where it is in use."""
    seat = await hub.seat
    cautions = await cautions_in(typed, hub=hub, actor=request.state.actor, activity=activity)
    return {
        "activity": activity,
        "form": at_the_day(typed),
        "cautions": cautions,
        "needs_reason": is_booked or bool(cautions.clashes) or bool(typed.value("override_reason")),
        "venues": await venue_choices(hub, also=[activity.venue_id] if activity else ()),
        "departments": choices.municipalities_by_department(seat.department)[:-1],
    }


async def cautions_in(typed: Typed, *, hub: Hub, actor: Actor, activity: OutreachActivity | None = None) -> Cautions:
    """None while the day or an hour is missing. The form that moves an activity means its responsible person."""
    form = checked(LookForm, Typed(typed.fields))
    if form is None:
        return NONE
    at, person = form.at(), form.responsible or (activity and activity.responsible_id)
    known = await cautions_of(
        {0: SessionPlan(at.starts_at, at.ends_at, at.venue_id, (person,) if person else ())},
        hub=hub,
        actor=actor,
        owners={0: Owner(town=at.municipality)},
        but={activity.id} if activity else (),
    )
    return known[0]


async def days_off(starts_at: datetime, ends_at: datetime, municipality: str) -> str:
    """Of a municipality (INE code); empty on an ordinary day."""
    return days_off_during(starts_at, ends_at, (await feasts_in({municipality}))[municipality])


ONE = INDEX + "/{id:uuid}"
PAST = "pasadas"
CALLED_OFF = N_("Listo: la actividad está cancelada. Así se ve en su página y en los calendarios.")
DRAFT_CALLED_OFF = N_("Listo: la actividad está cancelada. Nadie más la había visto.")
AGAIN_A_DRAFT = N_("Listo: es un borrador otra vez.")


# -- the list


@allow(*STAFF)
async def index(request: Request) -> Response:
    actor: Actor = request.state.actor
    hubs = await hubs_visible_to(actor)
    asked = request.query_params
    wanted, page = _wanted(asked, hubs), asked_page(asked)
    found = await queries.activities_page(actor, wanted, page)
    context = {
        "here": "semana",
        "form": Typed.of(dict(asked)),
        "page": found,
        "is_past": wanted.is_past,
        "is_filtered": bool(wanted.kind or wanted.hub_id),
        "kinds": [(code.value, gettext(words)) for code, words in KINDS.items()],
        "kind_words": {code: gettext(words) for code, words in KINDS.items()},
        "state_words": {code: gettext(words) for code, words in STATES.items()},
        "hubs": [(hub.slug, hub.name) for hub in hubs] if len(hubs) > 1 else [],
        **beside(request, page, found),
        "can_create": bool(actor.hubs_with(EDITORS)),
        "is_desk": bool(actor.hubs_with(DESK)),
        "n_counted": await n_counted_at([row.id for row in found.rows]) if wanted.is_past else {},
    }
    return render(request, "outreach/staff/index.html", context)


def _wanted(asked: Mapping[str, str], hubs: Sequence[Hub]) -> ActivityFilter:
    kind = asked.get("tipo", "")
    return ActivityFilter(
        is_past=asked.get("cuando") == PAST,
        kind=ActivityKind(kind) if kind in set(ActivityKind) else None,
        hub_id=next((hub.id for hub in hubs if hub.slug == asked.get("ventanilla")), None),
    )


# -- one activity


@allow(*STAFF)
async def show(request: Request) -> Response:
    activity = await queries.for_staff(request.path_params["id"], request.state.actor)
    return await _show(request, activity)


async def _show(
    request: Request, activity: OutreachActivity, *, refusal: Refusal | None = None, status: int = 200
) -> Response:
    actor: Actor = request.state.actor
    path, is_counter = PATH + activity.slug, can_count_heads(actor, activity.hub_id)
    context = {
        "here": "semana",
        "activity": activity,
        "kind": gettext(KINDS[activity.kind]),
        "state": gettext(STATES[activity.state]),
        "place": place_in_words(activity),
        "materials": activity.materials.splitlines(),
        "moves": ACTIVITY_MOVES[activity.state],
        "days_off": await days_off(activity.starts_at, activity.ends_at, activity.municipality_id),
        "is_held": actions.is_held(activity),
        "is_away": activity.id in {one.thing.id for one in await unheld_at([activity.hub_id])},
        "told_at": await leaves_at(activity.id),
        "papers": await wrong_posters(activity) if can_register_at_desk(actor, activity.hub_id) else [],
        "may_edit": can_edit_activities(actor, activity.hub_id),
        "may_count": is_counter and activity.state is ActivityState.PUBLISHED,
        "is_waiting": is_counter and await is_anything_waiting(activity.id),
        "is_countable": is_countable(activity),
        "n_counted": total(await counts_of(activity.id)),
        "public_path": path if activity.published_at else "",
        "public_address": absolute(path),
        "refusal": _said(refusal) if refusal else "",
        "needs_reason": isinstance(refusal, Booked),
    }
    return render(request, "outreach/staff/show.html", context, status=status)


def _said(refusal: Refusal) -> str:
    others = refusal.others if isinstance(refusal, Booked) else ()
    return " ".join(sentence_of(one) for one in (refusal, *others))


@allow(*EDITORS)
async def publish(request: Request) -> Response:
    activity = await editable(request)
    try:
        await actions.publish_activity(activity.id, actor=request.state.actor)
    except Refusal as refusal:
        return await _refused(request, activity, refusal)
    return _done(activity, N_("Listo: la actividad está publicada. Comparta su enlace."))


@allow(*EDITORS)
async def reopen(request: Request) -> Response:
    activity = await editable(request)
    reason = (await read_form(request)).value("override_reason").strip()[:240]
    try:
        await actions.reopen_activity(activity.id, actor=request.state.actor, override_reason=reason)
    except Refusal as refusal:
        return await _refused(request, activity, refusal)
    is_draft = activity.published_at is None
    return _done(activity, AGAIN_A_DRAFT if is_draft else N_("Listo: la actividad sí se realiza."))


async def _refused(request: Request, activity: OutreachActivity, refusal: Refusal) -> Response:
    if refusal.status not in REFUSED:
        raise refusal
    return await _show(request, activity, refusal=refusal, status=refusal.status)


def _done(activity: OutreachActivity, sentence: str) -> Response:
    return redirect(f"{INDEX}/{activity.id}", gettext(sentence))


# -- moving and calling off


@allow(*EDITORS)
async def show_move(request: Request) -> Response:
    """`?dia=2027-03-09` proposes that day, confirmed by sending the form."""
    activity = await editable(request)
    if activity.state is ActivityState.CANCELLED:
        raise ActivityCalledOff
    standing = forms.typed_time_and_place(activity)
    standing["day"] = day_written(request.query_params.get("dia", ""), standing["day"])
    return await _move_form(request, activity, Typed.of(standing | {"revision": activity.revision}))


@allow(*EDITORS)
async def move(request: Request) -> Response:
    activity = await editable(request)
    typed = await read_form(request)
    try:
        form = check(forms.WhenAndWhereForm, typed)
        if typed.value("look"):
            return await _move_form(request, activity, typed)
        moved = await actions.move_activity(
            activity.id,
            form.at(),
            actor=request.state.actor,
            override_reason=form.override_reason,
            revision=form.revision,
        )
    except (FormErrors, Refusal) as error:
        return await _not_moved(request, typed, error)
    return await saved(moved, N_("Listo: la actividad cambió."))


async def _not_moved(request: Request, typed: Typed, error: FormErrors | Refusal) -> Response:
    """The form as typed. A form sent again after showing another person's change counts."""
    typed, status = as_refused(typed, error)
    activity = await editable(request)
    if isinstance(error, MovedMeanwhile):
        typed.fields["revision"] = [str(activity.revision)]
    return await _move_form(request, activity, typed, status=status, is_booked=isinstance(error, Booked))


async def _move_form(
    request: Request, activity: OutreachActivity, typed: Typed, *, status: int = 200, is_booked: bool = False
) -> Response:
    context = {
        "here": "semana",
        "place": f"{whole_place(activity)}.",
        **await when_and_where(request, activity.hub, typed, activity, is_booked=is_booked),
    }
    return render(request, "outreach/staff/move.html", context, status=status)


@allow(*EDITORS)
async def confirm_cancel(request: Request) -> Response:
    return _cancel_page(request, await editable(request), Typed())


@allow(*EDITORS)
async def cancel(request: Request) -> Response:
    activity = await editable(request)
    typed = await read_form(request)
    try:
        form = check(CancelForm, typed)
        await actions.cancel_activity(activity.id, form.reason, actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return _cancel_page(request, activity, typed, status=status)
    return _done(activity, DRAFT_CALLED_OFF if activity.published_at is None else CALLED_OFF)


def _cancel_page(request: Request, activity: OutreachActivity, typed: Typed, *, status: int = 200) -> Response:
    context = {
        "here": "semana",
        "activity": activity,
        "form": typed,
        "may_cancel": ActivityState.CANCELLED in ACTIVITY_MOVES[activity.state],
    }
    return render(request, "outreach/staff/cancel.html", context, status=status)


# -- the form


@allow(*EDITORS)
async def new(request: Request) -> Response:
    hubs = await _hubs(request.state.actor)
    hub = hub_asked_for(request, hubs)
    if hub is None:
        words = gettext("Nueva actividad"), gettext("¿De qué ventanilla es la actividad?")
        return render(request, "places/choose_hub.html", {"here": "semana", "hubs": hubs, "words": words})
    typed = Typed.of({"hub": hub.id, "kind": ActivityKind.FAIR.value, "municipality": hub.seat_id})
    return await _editor(request, hub, typed)


@allow(*EDITORS)
async def create(request: Request) -> Response:
    typed = await read_form(request)
    hub = one_of(await _hubs(request.state.actor), typed.value("hub"))
    try:
        if typed.value("look"):
            return await _editor(request, hub, typed)
        form = check(forms.ActivityForm, typed)
        plan, reason = form.plan(hub.id), form.override_reason
        activity = await actions.create_activity(plan, actor=request.state.actor, override_reason=reason)
    except (FormErrors, Refusal) as error:
        return await _not_kept(request, hub, typed, error)
    return await saved(activity, N_("Listo: el borrador está guardado. Revíselo y publíquelo."))


@allow(*EDITORS)
async def edit(request: Request) -> Response:
    activity = await editable(request)
    if activity.state is ActivityState.CANCELLED:
        raise ActivityCalledOff
    return await _editor(request, activity.hub, forms.typed_activity(activity), activity=activity)


@allow(*EDITORS)
async def update(request: Request) -> Response:
    activity = await editable(request)
    typed = await read_form(request)
    try:
        if typed.value("look"):
            return await _editor(request, activity.hub, typed, activity=activity)
        form = check(forms.ActivityForm, typed)
        edited = await actions.edit_activity(
            activity.id,
            form.plan(activity.hub_id),
            actor=request.state.actor,
            override_reason=form.override_reason,
            revision=form.revision,
        )
    except (FormErrors, Refusal) as error:
        return await _not_kept(request, activity.hub, typed, error, activity=activity)
    return await saved(edited, N_("Listo: los cambios están guardados."))


async def _hubs(actor: Actor) -> list[Hub]:
    return [hub for hub in await hubs_visible_to(actor) if hub.is_active and can_edit_activities(actor, hub.id)]


async def _not_kept(
    request: Request,
    hub: Hub,
    typed: Typed,
    error: FormErrors | Refusal,
    *,
    activity: OutreachActivity | None = None,
) -> Response:
    typed, status = as_refused(typed, error)
    is_booked = isinstance(error, Booked)
    return await _editor(request, hub, typed, activity=activity, status=status, is_booked=is_booked)


async def _editor(
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
    people = {user.id: user.name for user in await people_who_facilitate(hub.id, hub.operator_id)}
    if activity is not None:
        people.setdefault(activity.responsible_id, activity.responsible.name)
    return list(people.items())


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX + "/nueva", new),
    Route(INDEX + "/nueva", create, methods=["POST"]),
    Route(ONE, show),
    Route(ONE + "/editar", edit),
    Route(ONE + "/editar", update, methods=["POST"]),
    Route(ONE + "/publicar", publish, methods=["POST"]),
    Route(ONE + "/reabrir", reopen, methods=["POST"]),
    Route(ONE + "/mover", show_move),
    Route(ONE + "/mover", move, methods=["POST"]),
    Route(ONE + "/cancelar", confirm_cancel),
    Route(ONE + "/cancelar", cancel, methods=["POST"]),
]
