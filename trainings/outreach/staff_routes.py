"""`/panel/actividades`: the list, one activity, and buttons to publish, move, cancel and reopen it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

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
from trainings.outreach.cautions import days_off
from trainings.outreach.editing import INDEX, editable, saved, when_and_where
from trainings.outreach.heads import counts_of, is_anything_waiting, is_countable, n_counted_at, total
from trainings.outreach.models import ActivityKind, ActivityState, OutreachActivity
from trainings.outreach.papers import wrong_posters
from trainings.outreach.queries import ActivityFilter
from trainings.outreach.responsible import leaves_at
from trainings.outreach.words import KINDS, STATES
from trainings.places.models import Hub
from trainings.places.queries import hubs_visible_to
from trainings.schedule.absences import unheld_at
from trainings.schedule.bookings import Booked
from trainings.schedule.months import day_written
from trainings.schedule.staff.forms import CancelForm
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import REFUSED, FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.paging import asked_page
from trainings.web.problems import sentence_of
from trainings.web.render import absolute, redirect, render

ONE = INDEX + "/{id:uuid}"
PAST = "pasadas"
CALLED_OFF = N_("Listo: la actividad está cancelada. Así se ve en su página y en los calendarios.")
DRAFT_CALLED_OFF = N_("Listo: la actividad está cancelada. Nadie más la había visto.")
AGAIN_A_DRAFT = N_("Listo: es un borrador otra vez.")


# -- the list


@allow(*STAFF)
async def index(request: Request) -> Response:
    """In scope, to come or past, by kind and hub."""
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
        "before": _page_path(request, page - 1) if page > 1 else "",
        "after": _page_path(request, page + 1) if found.end < found.total else "",
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


def _page_path(request: Request, page: int) -> str:
    kept = {name: value for name, value in request.query_params.items() if name != "pagina" and value}
    return f"{INDEX}?{urlencode(kept | {'pagina': str(page)})}"


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
    """Where the person or venue is taken now, the page asks for a reason."""
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
    response = redirect(f"{INDEX}/{activity.id}")
    flash(response, gettext(sentence))
    return response


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
    except FormErrors as exc:
        return await _move_form(request, activity, exc.typed, status=422)
    except Refusal as refusal:
        return await _not_moved(request, typed, refusal)
    return await saved(moved, N_("Listo: la actividad cambió."))


async def _not_moved(request: Request, typed: Typed, refusal: Refusal) -> Response:
    """The form again, as typed. Once another person's change was seen, sending counts."""
    if refusal.status not in REFUSED:
        raise refusal
    activity = await editable(request)
    if isinstance(refusal, MovedMeanwhile):
        typed.fields["revision"] = [str(activity.revision)]
    is_booked = isinstance(refusal, Booked)
    return await _move_form(request, activity, typed.refused(refusal), status=refusal.status, is_booked=is_booked)


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
    except FormErrors as exc:
        return _cancel_page(request, activity, exc.typed, status=422)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return _cancel_page(request, activity, typed.refused(refusal), status=refusal.status)
    return _done(activity, DRAFT_CALLED_OFF if activity.published_at is None else CALLED_OFF)


def _cancel_page(request: Request, activity: OutreachActivity, typed: Typed, *, status: int = 200) -> Response:
    context = {
        "here": "semana",
        "activity": activity,
        "form": typed,
        "may_cancel": ActivityState.CANCELLED in ACTIVITY_MOVES[activity.state],
    }
    return render(request, "outreach/staff/cancel.html", context, status=status)


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(ONE, show),
    Route(ONE + "/publicar", publish, methods=["POST"]),
    Route(ONE + "/reabrir", reopen, methods=["POST"]),
    Route(ONE + "/mover", show_move),
    Route(ONE + "/mover", move, methods=["POST"]),
    Route(ONE + "/cancelar", confirm_cancel),
    Route(ONE + "/cancelar", cancel, methods=["POST"]),
]
