from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import DESK, HEAD_COUNTERS, can_count_heads, can_tally_orientations
from trainings.audit.actor import Actor
from trainings.errors import Malformed, Refusal
from trainings.lib import tokens
from trainings.outreach import forms, heads, queries
from trainings.outreach.calendar_texts import place_in_words
from trainings.outreach.forms import TallyForm
from trainings.outreach.heads import Cell, Counts, total
from trainings.outreach.models import OutreachActivity
from trainings.outreach.tallies import tallies_of, tally
from trainings.outreach.words import BANDS, BANDS_IN_YEARS, SEEN_BANDS, SEXES_COUNTED, SEXES_SEEN, SUBJECTS, AgeBand
from trainings.people.models import Sex
from trainings.places.models import Hub
from trainings.places.queries import hubs_visible_to, one_of
from trainings.web.allow import WrongRole, allow
from trainings.web.forms import REFUSED, FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

ONE = "/panel/actividades/{id:uuid}"
ORIENTATIONS = "/panel/orientaciones"


KEPT_ALL_THE_SAME = N_(
    "Lo contado está guardado, pero esta actividad se canceló o cambió de día. Si se realiza, pida que la corrijan."
)


class UnreadableTouches(Malformed):
    status = 422
    sentence = N_("No pudimos leer el conteo. Abra la página otra vez.")


async def _countable(request: Request) -> OutreachActivity:
    activity = await queries.for_staff(request.path_params["id"], request.state.actor)
    if not can_count_heads(request.state.actor, activity.hub_id):
        raise WrongRole
    return activity


def _path(activity: OutreachActivity, page: str = "conteo") -> str:
    return f"/panel/actividades/{activity.id}/{page}"


@allow(*HEAD_COUNTERS)
async def show(request: Request) -> Response:
    return await _show(request, await _countable(request))


async def _show(
    request: Request, activity: OutreachActivity, *, refusal: Refusal | None = None, status: int = 200
) -> Response:
    counts = await heads.counts_of(activity.id)
    context = {
        **_about(activity),
        "bands": [_band(band, counts) for band in SEEN_BANDS],
        "unknown": total(counts, [Cell(sex, AgeBand.UNKNOWN) for sex in Sex]),
        "total": total(counts),
        "by_sex": [(sex.value, gettext(SEXES_COUNTED[sex]), _of_sex(counts, sex)) for sex in Sex],
        "key": tokens.uuid7(),
        "refusal": sentence_of(refusal) if refusal else "",
    }
    return render(request, "outreach/staff/count.html", context, status=status)


def _about(activity: OutreachActivity) -> dict[str, Any]:
    return {
        "here": "semana",
        "activity": activity,
        "place": place_in_words(activity),
        "is_countable": heads.is_countable(activity),
    }


def _band(band: AgeBand, counts: Counts) -> dict[str, Any]:
    cells = [Cell(sex, band) for sex in Sex]
    buttons = [{"code": forms.cell_code(cell), "sex": _sex(cell.sex), "number": counts[cell]} for cell in cells]
    return {
        "code": band.value,
        "words": gettext(BANDS[band]),
        "years": gettext(BANDS_IN_YEARS[band]),
        "buttons": buttons,
    }


def _sex(sex: Sex) -> str:
    return gettext(SEXES_SEEN[sex])


def _of_sex(counts: Counts, sex: Sex) -> int:
    return total(counts, [Cell(sex, band) for band in AgeBand])


@allow(*HEAD_COUNTERS)
async def count(request: Request) -> Response:
    activity = await _countable(request)
    touch = check(forms.CountForm, await read_form(request)).touch()
    try:
        await heads.count_heads(activity.id, [touch], actor=request.state.actor)
    except Refusal as refusal:
        return await _refused(request, activity, refusal)
    return redirect(_path(activity))


@allow(*HEAD_COUNTERS)
async def undo(request: Request) -> Response:
    activity = await _countable(request)
    form = check(forms.UndoForm, await read_form(request))
    try:
        is_undone = await heads.undo_last(activity.id, form.undo_id, actor=request.state.actor)
    except Refusal as refusal:
        return await _refused(request, activity, refusal)
    return redirect(_path(activity), "" if is_undone else gettext(N_("No hay nada suyo que deshacer.")), "note")


async def _refused(request: Request, activity: OutreachActivity, refusal: Refusal) -> Response:
    if refusal.status not in REFUSED:
        raise refusal
    return await _show(request, activity, refusal=refusal, status=refusal.status)


@allow(*HEAD_COUNTERS)
async def touches(request: Request) -> Response:
    """The present counts, and touches that were not kept. They may have waited in the browser since before the activity
    was cancelled or moved, and are kept then, as a phone's are.
    """
    activity = await _countable(request)
    try:
        body = forms.TouchesBody.model_validate_json(await request.body())
    except ValidationError as exc:
        raise UnreadableTouches from exc
    sent = [event.touch() for event in body.events]
    refused = await heads.count_heads(activity.id, sent, actor=request.state.actor, is_late=True)
    counts = await heads.counts_of(activity.id)
    return JSONResponse(
        {
            "results": [
                {"id": str(touch.id), "state": "refused" if touch.id in refused else "stored"} for touch in sent
            ],
            "told": "" if heads.is_countable(activity) else gettext(KEPT_ALL_THE_SAME),
            "counts": {forms.cell_code(cell): number for cell, number in counts.items()},
        },
        headers={"cache-control": "no-store"},
    )


# -- totals of a sheet of paper


@allow(*HEAD_COUNTERS)
async def show_totals(request: Request) -> Response:
    activity = await _countable(request)
    counts = await heads.counts_of(activity.id)
    return _totals_page(request, activity, forms.typed_totals(counts), total(counts))


@allow(*HEAD_COUNTERS)
async def write_totals(request: Request) -> Response:
    activity = await _countable(request)
    typed = await read_form(request)
    try:
        wanted, seen = forms.read_totals(typed)
        await heads.write_totals(activity.id, wanted, seen=seen, actor=request.state.actor)
    except FormErrors as exc:
        counts = await heads.counts_of(activity.id)
        return _totals_page(request, activity, exc.typed, total(counts), status=422)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return await _totals_refused(request, activity, typed, refusal)
    return redirect(_path(activity), gettext(N_("Listo: los totales están guardados.")))


async def _totals_refused(request: Request, activity: OutreachActivity, typed: Typed, refusal: Refusal) -> Response:
    counts = await heads.counts_of(activity.id)
    fresh = forms.typed_totals(counts).fields
    typed.fields |= {name: values for name, values in fresh.items() if name.startswith(forms.SEEN)}
    return _totals_page(request, activity, typed.refused(refusal), total(counts), status=refusal.status)


def _totals_page(
    request: Request, activity: OutreachActivity, typed: Typed, n_counted: int, *, status: int = 200
) -> Response:
    rows = [
        (gettext(BANDS[band]), gettext(BANDS_IN_YEARS[band]) if BANDS_IN_YEARS[band] else "", _fields(cells))
        for band, cells in forms.rows()
    ]
    context = {
        **_about(activity),
        "form": typed,
        "rows": rows,
        "n_counted": n_counted,
    }
    return render(request, "outreach/staff/totals.html", context, status=status)


def _fields(cells: list[Cell]) -> list[dict[str, str]]:
    return [
        {
            "name": f"{forms.TYPED}-{forms.cell_code(cell)}",
            "seen": f"{forms.SEEN}-{forms.cell_code(cell)}",
            "sex": _sex(cell.sex),
        }
        for cell in cells
    ]


# -- orientations at the desk, a touch each by subject


@allow(*DESK)
async def orientations(request: Request) -> Response:
    hubs = await _hubs(request.state.actor)
    hub = next((hub for hub in hubs if hub.slug == request.query_params.get("ventanilla")), hubs[0] if hubs else None)
    tallies = await tallies_of(hub.id, clock.today()) if hub is not None else []
    context = {
        "here": "semana",
        "hub": hub,
        "hubs": hubs if len(hubs) > 1 else [],
        "tallies": [(gettext(SUBJECTS[one.subject]), one) for one in tallies],
        "today": sum(one.today for one in tallies),
        "this_month": sum(one.this_month for one in tallies),
        "now": clock.now(),
    }
    return render(request, "outreach/staff/orientations.html", context)


@allow(*DESK)
async def count_orientation(request: Request) -> Response:
    form = check(TallyForm, await read_form(request))
    hub = one_of(await _hubs(request.state.actor), form.hub)
    is_changed = await tally(hub.id, form.subject, form.number)
    told = "" if is_changed else gettext(N_("Hoy no hay menos que cero."))
    return redirect(f"{ORIENTATIONS}?ventanilla={hub.slug}#{form.subject}", told, "note")


async def _hubs(actor: Actor) -> list[Hub]:
    found = await hubs_visible_to(actor)
    return [hub for hub in found if hub.is_active and can_tally_orientations(actor, hub.id)]


routes: list[BaseRoute] = [
    Route(ONE + "/conteo", show),
    Route(ONE + "/conteo", count, methods=["POST"]),
    Route(ONE + "/conteo/deshacer", undo, methods=["POST"]),
    Route(ONE + "/toques", touches, methods=["POST"]),
    Route(ONE + "/totales", show_totals),
    Route(ONE + "/totales", write_totals, methods=["POST"]),
    Route(ORIENTATIONS, orientations),
    Route(ORIENTATIONS, count_orientation, methods=["POST"]),
]
