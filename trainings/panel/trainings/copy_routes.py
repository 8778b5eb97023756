"""`…/duplicar` and `/panel/copiar-mes`"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, ValidationInfo
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import EDITORS
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import Refusal
from trainings.lib import dates
from trainings.outreach.actions import copies_of_activities, copy_activity_to_month, publish_activity
from trainings.outreach.models import ActivityState, OutreachActivity
from trainings.places.models import Hub
from trainings.places.queries import one_of
from trainings.registrations.telling import changes
from trainings.schedule.bookings import NONE, Booked, Cautions, cautions_of, has_clashes
from trainings.schedule.models import Training, TrainingState
from trainings.schedule.months import Month
from trainings.schedule.plans import SessionPlan
from trainings.schedule.staff.copies import Copy, copies_of, copy_to_month, duplicate_training, shifted, to_copy
from trainings.schedule.staff.editing import editable, editable_hubs, show_refusal
from trainings.schedule.staff.forms import DuplicateForm, Reason
from trainings.web.allow import allow
from trainings.web.forms import REFUSED, Form, FormErrors, Typed, check, read_form, wrong
from trainings.web.i18n import N_, gettext, language, ngettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

ONE = "/panel/capacitaciones/{id:uuid}/duplicar"
MONTH = "/panel/copiar-mes"
MONTHS_BACK, MONTHS_AHEAD = 12, 18


@dataclass(frozen=True, slots=True)
class NewSession:
    when: str
    cautions: Cautions


# -- one training


@allow(*EDITORS)
async def new(request: Request) -> Response:
    return await _copy_form(request, await editable(request), Typed())


@allow(*EDITORS)
async def create(request: Request) -> Response:
    training = await editable(request)
    typed = await read_form(request)
    try:
        form = check(DuplicateForm, typed)
        if typed.value("look"):
            return await _copy_form(request, training, typed)
        copy = await duplicate_training(
            training.id, form.first_day, actor=request.state.actor, override_reason=form.override_reason
        )
    except FormErrors as exc:
        return await _copy_form(request, training, exc.typed, status=422)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        show_refusal(typed, refusal)
        return await _copy_form(request, training, typed, refusal=refusal)
    return redirect(
        f"/panel/capacitaciones/{copy.id}",
        gettext(N_("Listo: es una copia en borrador. Revise las fechas y publíquela.")),
    )


async def _copy_form(
    request: Request, training: Training, typed: Typed, *, status: int = 200, refusal: Refusal | None = None
) -> Response:
    standing = to_copy(list(training.sessions))
    form = None if status == 422 or not typed.value("first_day") else check(DuplicateForm, Typed(typed.fields))
    plans = dict(enumerate(shifted(standing, form.first_day))) if form else {}
    cautions = await cautions_of(
        plans, hub=training.hub, actor=request.state.actor, capacity=training.capacity, may_be_past=True
    )
    context = {
        "here": "capacitaciones",
        "training": training,
        "form": typed,
        "n_sessions": len(standing),
        "sessions": _new_sessions(plans, cautions),
        "needs_reason": isinstance(refusal, Booked) or has_clashes(cautions) or bool(typed.value("override_reason")),
    }
    return render(request, "panel/trainings/duplicate.html", context, status=refusal.status if refusal else status)


def _new_sessions(plans: Mapping[int, SessionPlan], cautions: Mapping[int, Cautions]) -> list[NewSession]:
    return [
        NewSession(dates.day_and_time(plan.starts_at, language(), with_year=True), cautions.get(number, NONE))
        for number, plan in plans.items()
    ]


# -- a month of a hub


def _months(first: int, last: int) -> list[Month]:
    return [Month.of(clock.today()).later(n) for n in range(first, last + 1)]


def _listed_month(text: object) -> Month:
    found = next((month for month in _months(-MONTHS_BACK, MONTHS_AHEAD) if str(month) == text), None)
    if found is None:
        raise wrong(N_("Escoja uno de los meses de la lista."))
    return found


def _another_month(target: Month, form: ValidationInfo) -> Month:
    if target == form.data.get("month"):
        raise wrong(N_("Es el mismo mes. Escoja a qué otro mes se copia."))
    if target < Month.of(clock.today()):
        raise wrong(N_("Ese mes ya pasó. Escoja uno que viene."))
    return target


class MonthForm(Form):
    """Months as `2027-03`."""

    hub: UUID
    month: Annotated[Month, BeforeValidator(_listed_month)]
    target: Annotated[Month, BeforeValidator(_listed_month), AfterValidator(_another_month)]


class CopyForm(Form):
    copy_ids: list[UUID] = []
    override_reason: Reason = ""


@dataclass(frozen=True, slots=True)
class CopyLine:
    copy: Copy
    old_day: str
    sessions: Sequence[NewSession]
    is_ticked: bool
    is_draft: bool
    refusal: str


@dataclass(frozen=True, slots=True)
class Made:
    n_new: int
    refusals: Mapping[UUID, Refusal]

    @property
    def sentence(self) -> str:
        """Empty for none."""
        words = ngettext("Listo: se hizo %(n)s borrador.", "Listo: se hicieron %(n)s borradores.", self.n_new)
        return words % {"n": self.n_new} if self.n_new else ""


@allow(*EDITORS)
async def month(request: Request) -> Response:
    hubs = await editable_hubs(request.state.actor)
    typed = Typed.of({name: value for name, value in request.query_params.items() if name in MonthForm.model_fields})
    if not typed.value("month"):
        this, following = _months(0, 1)
        only = hubs[0].id if len(hubs) == 1 else typed.value("hub")
        return _month_page(request, Typed.of({"hub": only, "month": str(this), "target": str(following)}), hubs)
    try:
        form = check(MonthForm, typed)
    except FormErrors as exc:
        return _month_page(request, exc.typed, hubs, status=422)
    return _month_page(request, typed, hubs, await _lines(request, form, one_of(hubs, form.hub), typed))


@allow(*EDITORS)
async def copy_month(request: Request) -> Response:
    hubs = await editable_hubs(request.state.actor)
    typed = await read_form(request)
    try:
        form, ticked = check(MonthForm, typed), check(CopyForm, typed)
    except FormErrors as exc:
        return _month_page(request, exc.typed, hubs, status=422)
    hub = one_of(hubs, form.hub)
    made = await _make(request, form, hub, ticked)
    if made.refusals or not ticked.copy_ids:
        if not ticked.copy_ids:
            typed.errors["copias"] = gettext(N_("Marque por lo menos una."))
        lines = await _lines(request, form, hub, typed, made)
        return _month_page(request, typed, hubs, lines, status=409 if made.refusals else 422, done=made.sentence)
    return redirect(
        _month_path(hub, form),
        made.sentence or gettext(N_("Ya estaban copiadas: no se hizo nada nuevo.")),
    )


async def _make(request: Request, form: MonthForm, hub: Hub, ticked: CopyForm) -> Made:
    """Each by itself: after a refusal the rest is still made, and known again next time."""
    n_new, refusals = 0, {}
    for copy in await _copies(hub, form):
        if copy.owner.id not in ticked.copy_ids:
            continue
        make = copy_activity_to_month if copy.kind else copy_to_month
        try:
            _draft, is_new = await make(
                copy.owner.id, form.target, actor=request.state.actor, override_reason=ticked.override_reason
            )
        except Refusal as refusal:
            if refusal.status not in REFUSED:
                raise
            refusals[copy.owner.id] = refusal
        else:
            n_new += is_new
    return Made(n_new, refusals)


@allow(*EDITORS)
async def publish_month(request: Request) -> Response:
    """Each draft by itself: those that cannot be published say why."""
    hubs = await editable_hubs(request.state.actor)
    typed = await read_form(request)
    try:
        form = check(MonthForm, typed)
    except FormErrors as exc:
        return _month_page(request, exc.typed, hubs, status=422)
    hub = one_of(hubs, form.hub)
    n_shown, refusals = await _publish_drafts(await _copies(hub, form), actor=request.state.actor)
    words = ngettext("Listo: se publicó %(n)s borrador.", "Listo: se publicaron %(n)s borradores.", n_shown)
    done = words % {"n": n_shown} if n_shown else ""
    if refusals:
        lines = await _lines(request, form, hub, typed, Made(0, refusals))
        return _month_page(request, typed, hubs, lines, status=409, done=done)
    return redirect(_month_path(hub, form), done or gettext(N_("No había borradores por publicar.")))


async def _publish_drafts(copies: Sequence[Copy], *, actor: Actor) -> tuple[int, dict[UUID, Refusal]]:
    """How many, and why not, by the original."""
    drafts, refusals = await _drafts(copies), {}
    found = [copy for copy in copies if copy.made_path in drafts]
    for copy in found:
        try:
            await _publish(copy, actor=actor)
        except Refusal as refusal:
            if refusal.status not in REFUSED:
                raise
            refusals[_key(copy.owner.id)] = refusal
    return len(found) - len(refusals), refusals


async def _publish(copy: Copy, *, actor: Actor) -> None:
    publish = publish_activity if copy.kind else changes.publish
    await publish(_made_id(copy), actor=actor)


def _made_id(copy: Copy) -> UUID:
    return UUID(copy.made_path.rpartition("/")[2])


def _key(owner_id: UUID | None) -> UUID:
    assert owner_id is not None, "what is copied is there"
    return owner_id


async def _drafts(copies: Sequence[Copy]) -> set[str]:
    """Paths of made copies that nobody published."""
    made = {_made_id(copy): copy.made_path for copy in copies if copy.made_path}
    trainings = reads(Training).filter(id__in=sorted(made), state=TrainingState.DRAFT)
    activities = reads(OutreachActivity).filter(id__in=sorted(made), state=ActivityState.DRAFT)
    found = [*await trainings.values_list("id"), *await activities.values_list("id")]
    return {made[key] for (key,) in found}


def _month_path(hub: Hub, form: MonthForm) -> str:
    return f"{MONTH}?hub={hub.id}&month={form.month}&target={form.target}"


async def _copies(hub: Hub, form: MonthForm) -> list[Copy]:
    trainings = await copies_of(hub.id, form.month, form.target)
    activities = await copies_of_activities(hub.id, form.month, form.target)
    return sorted([*trainings, *activities], key=lambda copy: (copy.first_day, copy.owner.title))


async def _lines(request: Request, form: MonthForm, hub: Hub, typed: Typed, made: Made | None = None) -> list[CopyLine]:
    copies = await _copies(hub, form)
    drafts = await _drafts(copies)
    planned = list(enumerate((plan, copy.owner) for copy in copies if not copy.made_path for plan in copy.plans))
    cautions = await cautions_of(
        {number: plan for number, (plan, _owner) in planned},
        hub=hub,
        actor=request.state.actor,
        owners={number: owner for number, (_plan, owner) in planned},
    )
    lines, number = [], 0
    for copy in copies:
        plans = {} if copy.made_path else {number + n: plan for n, plan in enumerate(copy.plans)}
        number += len(plans)
        own = {n: cautions[n] for n in plans}
        refusal = made.refusals.get(copy.owner.id) if made and copy.owner.id else None
        lines.append(
            CopyLine(
                copy=copy,
                old_day=dates.long_date(copy.first_day, language()),
                sessions=_new_sessions(plans, own),
                is_ticked=typed.has("copy_ids", str(copy.owner.id)) if made else not has_clashes(own),
                is_draft=copy.made_path in drafts,
                refusal=sentence_of(refusal) if refusal and not isinstance(refusal, Booked) else "",
            )
        )
    return lines


def _month_page(
    request: Request,
    typed: Typed,
    hubs: Sequence[Hub],
    lines: Sequence[CopyLine] | None = None,
    *,
    status: int = 200,
    done: str = "",
) -> Response:
    context = {
        "here": "capacitaciones",
        "form": typed,
        "hubs": [(hub.id, hub.name) for hub in hubs],
        "months": _choices(-MONTHS_BACK, MONTHS_AHEAD),
        "targets": _choices(0, MONTHS_AHEAD),
        "lines": lines,
        "n_drafts": sum(line.is_draft for line in lines or ()),
        "n_to_make": sum(not line.copy.made_path for line in lines or ()),
        "needs_reason": any(one.cautions.clashes for line in lines or () for one in line.sessions),
        "done": done,
    }
    return render(request, "panel/trainings/copy_month.html", context, status=status)


def _choices(first: int, last: int) -> list[tuple[str, str]]:
    return [(str(one), f"{dates.month_name(one.first, language())} {one.year}") for one in _months(first, last)]


routes: list[BaseRoute] = [
    Route(ONE, new),
    Route(ONE, create, methods=["POST"]),
    Route(MONTH, month),
    Route(MONTH, copy_month, methods=["POST"]),
    Route(MONTH + "/publicar", publish_month, methods=["POST"]),
]
