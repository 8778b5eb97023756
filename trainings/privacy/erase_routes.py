"""`/panel/inscripciones/{id}/borrar` and `/panel/personas/por-borrar`: erasing a person at the desk."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import DESK, ERASERS, can_erase
from trainings.audit.actions import record
from trainings.errors import Refusal
from trainings.privacy import erasing
from trainings.privacy.merge_views import Attended, trainings_of
from trainings.privacy.records import HubRecord, Records, records_like
from trainings.privacy.withdrawal import what_stays
from trainings.registrations.desk.person import ONE, view_at_desk
from trainings.registrations.models import Registration
from trainings.registrations.own.erasures import WAIT, What
from trainings.registrations.own.forms import PapersForm
from trainings.web.allow import allow
from trainings.web.forms import Form, FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

ERASE = ONE + "/borrar"


class EraseForm(Form):
    """`records`: registrations that stand for them."""

    records: list[UUID] = []


@allow(*DESK)
async def show(request: Request) -> Response:
    registration = (await view_at_desk(request)).own.registration
    return await _page(request, registration, await records_like(registration), Typed())


async def _page(
    request: Request, registration: Registration, records: Records, form: Typed, status: int = 200
) -> Response:
    """Shows full names, so opening it is logged."""
    actor, shown = request.state.actor, records.all_of_name
    hub_id = registration.training.hub_id
    asked = await erasing.asked_of([row.id for one in shown for row in one.registrations])
    await record("privacy.open_erasure", actor=actor, object_id=registration.id, hub_id=hub_id, n=len(shown))
    context = {
        "registration": registration,
        "own": [_row(one, asked) for one in records.own],
        "namesakes": [_row(one, asked) for one in records.namesakes],
        "relatives": records.relatives,
        "has_more": records.has_more,
        "has_papers": any(one.papers for one in shown),
        "stays": await what_stays([one.person.id for one in records.own], by_link=False),
        "may_erase": can_erase(actor, hub_id),
        "due_at": clock.now() + WAIT,
        "form": form,
    }
    return render(request, "privacy/erase.html", context, status=status)


@dataclass(frozen=True, slots=True)
class Row:
    """`is_asked`: already; `due_at` None: to be confirmed."""

    record: HubRecord
    trainings: Sequence[Attended]
    is_asked: bool
    due_at: datetime | None


def _row(one: HubRecord, asked: Mapping[UUID, datetime | None]) -> Row:
    due = [asked[row.id] for row in one.registrations if row.id in asked]
    return Row(one, trainings_of(one.registrations), bool(due), due[0] if due else None)


@allow(*DESK)
async def ask(request: Request) -> Response:
    registration = (await view_at_desk(request)).own.registration
    records, typed = await records_like(registration), await read_form(request)
    known = {one.registration.id: one for one in records.all_of_name if not one.is_gone}
    try:
        ticked = [known[key] for key in check(EraseForm, typed).records if key in known]
        if not ticked:
            typed.errors["records"] = gettext(
                N_("Marque los registros que se borran. Si no está segura, pregunte a la persona.")
            )
            raise FormErrors(typed)
        has_papers = any(one.papers for one in ticked)
        papers = check(PapersForm, typed).papers if has_papers else What.DATA
    except FormErrors as exc:
        return await _page(request, registration, records, exc.typed, 422)
    actor = request.state.actor
    await erasing.ask([one.registration for one in ticked], papers, actor=actor)
    return redirect(erasing.WAITING, _said(len(ticked), is_final=can_erase(actor, registration.training.hub_id)))


def _said(n: int, *, is_final: bool) -> str:
    if not is_final:
        return gettext(N_("Listo. Queda pedido: se borra cuando quien coordina lo confirme."))
    words = ngettext(
        "Listo. %(num)s registro se borra en 72 horas. Hasta entonces se puede deshacer aquí.",
        "Listo. %(num)s registros se borran en 72 horas. Hasta entonces se puede deshacer aquí.",
        n,
    )
    return words % {"num": n}


# -- what waits


@allow(*DESK)
async def index(request: Request) -> Response:
    return await _index(request)


async def _index(request: Request, refusal: Refusal | None = None) -> Response:
    actor = request.state.actor
    context = {
        "to_confirm": await erasing.to_confirm(actor),
        "going": await erasing.going(actor),
        "may_erase": actor.has_any(ERASERS),
        "refused": sentence_of(refusal) if refusal is not None else "",
    }
    return render(request, "privacy/erasures.html", context, status=200 if refusal is None else refusal.status)


async def _act(request: Request, act: Callable[..., Awaitable[None]], sentence: str) -> Response:
    try:
        await act(request.path_params["id"], actor=request.state.actor)
    except Refusal as refusal:
        if refusal.status != Refusal.status:
            raise
        return await _index(request, refusal)
    return redirect(erasing.WAITING, gettext(sentence))


@allow(*ERASERS)
async def confirm(request: Request) -> Response:
    return await _act(
        request, erasing.confirm, N_("Listo. Se borra en 72 horas. Hasta entonces se puede deshacer aquí.")
    )


@allow(*DESK)
async def drop(request: Request) -> Response:
    return await _act(request, erasing.drop, N_("Listo. No se borra nada."))


@allow(*ERASERS)
async def keep(request: Request) -> Response:
    return await _act(request, erasing.keep, N_("Listo. Los datos no se borran y todo sigue igual."))


routes: list[BaseRoute] = [
    Route(ERASE, show),
    Route(ERASE, ask, methods=["POST"]),
    Route(erasing.WAITING, index),
    Route(erasing.WAITING + "/{id:uuid}/confirmar", confirm, methods=["POST"]),
    Route(erasing.WAITING + "/{id:uuid}/no-borrar", drop, methods=["POST"]),
    Route(ONE + "/no-borrar", keep, methods=["POST"]),
]
