"""`/panel/capacitaciones/{id}/entrega`, `/panel/diplomas/{id}/entrega`, `/ceremonia`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK
from trainings.audit.actions import record
from trainings.certificates.ceremony import handover
from trainings.certificates.ceremony.call_order import calling_order
from trainings.certificates.ceremony.forms import RowsForm, ScanForm, TicksForm
from trainings.certificates.ceremony.handover_views import by_name, namesakes_among, paper_view
from trainings.certificates.issuing import names, queries
from trainings.certificates.making.files import NameRemoved
from trainings.certificates.models import Certificate, CertificateState, HandedOver
from trainings.certificates.refusals import no_longer
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, ngettext, speaking
from trainings.web.render import redirect, render

TRAINING = "/panel/capacitaciones/{id:uuid}"
HAND_OVER = TRAINING + "/entrega"
PAPER = "/panel/diplomas/{id:uuid}/entrega"
AT_ONCE = 200
"""Ticks on a page."""


async def _training(request: Request) -> Training:
    return await queries.training_at_desk(request.state.actor, request.path_params["id"])


# -- hand-over


@allow(*DESK)
async def show(request: Request) -> Response:
    return await _show(request, await _training(request), Typed())


async def _show(request: Request, training: Training, form: Typed, status: int = 200) -> Response:
    """Namesakes are shown whole, and that is logged."""
    papers = sorted(await handover.of_training(training.id), key=by_name)
    waiting = [one for one in papers if one.handed_over_at is None]
    handed = sorted((one for one in papers if one.handed_over_at is not None), key=_when, reverse=True)
    last = [one for one in handed if one.handed_over_at == handed[0].handed_over_at] if handed else []
    changed, namesakes = await names.changed_among(papers), namesakes_among(papers)
    if namesakes:
        await record(
            "names.open_same",
            actor=request.state.actor,
            object_id=training.id,
            hub_id=training.hub_id,
            n=len(namesakes),
        )
    view = partial(paper_view, changed=changed, namesakes=namesakes)
    context: dict[str, Any] = {
        "training": training,
        "waiting": [view(one) for one in waiting[:AT_ONCE]],
        "n_waiting": len(waiting),
        "n_changed": sum(one.id in changed for one in waiting),
        "handed": [view(one) for one in handed],
        "last": [view(one) for one in last],
        "sheets": await _sheets(training.id),
        "form": form,
    }
    return render(request, "certificates/ceremony/handover.html", context, status=status)


def _when(certificate: Certificate) -> datetime:
    assert certificate.handed_over_at is not None
    return certificate.handed_over_at


async def _sheets(training_id: UUID) -> list[tuple[str, str, datetime]]:
    found = await handover.sheets_of_training(training_id)
    return [(str(one.id), tokens.show_sheet_code(one.code), one.session.starts_at) for one in found]


@allow(*DESK)
async def scan(request: Request) -> Response:
    training, typed = await _training(request), await read_form(request)
    try:
        form = check(ScanForm, typed)
        papers = await handover.scanned(training.id, form.code)
    except (FormErrors, Refusal) as error:
        return await _show(request, training, *as_refused(typed, error))
    return await _note(request, training, [one.id for one in papers], HandedOver.SCAN)


@allow(*DESK)
async def rows(request: Request) -> Response:
    training, typed = await _training(request), await read_form(request)
    try:
        form = check(RowsForm, typed)
        papers = await handover.in_rows(training.id, form.sheet, form.rows)
    except (FormErrors, Refusal) as error:
        return await _show(request, training, *as_refused(typed, error))
    return await _note(request, training, [one.id for one in papers], HandedOver.ROW)


@allow(*DESK)
async def ticks(request: Request) -> Response:
    training, typed = await _training(request), await read_form(request)
    chosen = check(TicksForm, typed).diploma
    if not chosen:
        return await _show(request, training, *as_refused(typed, handover.NothingTicked()))
    return await _note(request, training, chosen, HandedOver.LIST)


async def _note(request: Request, training: Training, ids: Collection[UUID], how: HandedOver) -> Response:
    done = await handover.hand_over(training.id, ids, how, actor=request.state.actor)
    n_changed = len(await names.changed_among(done.now))
    return redirect(
        f"/panel/capacitaciones/{training.id}/entrega",
        _sentence(done.now, done.before, n_changed),
        "ok" if done.now and not n_changed else "note",
    )


def _sentence(now: Sequence[Certificate], before: Sequence[Certificate], n_changed: int) -> str:
    """Without names: a cookie carries it."""
    n = len(now)
    said = ngettext("Listo. Se anotó %(n)s entrega.", "Listo. Se anotaron %(n)s entregas.", n) % {"n": n} if n else ""
    if before:
        words = ngettext("%(n)s ya estaba anotada.", "%(n)s ya estaban anotadas.", len(before))
        said = f"{said} {words % {'n': len(before)}}".strip()
    if n_changed:
        words = ngettext(
            "%(n)s cambió después de imprimirlo: compruebe que tenga el papel nuevo.",
            "%(n)s cambiaron después de imprimirlos: compruebe que tengan el papel nuevo.",
            n_changed,
        )
        said = f"{said} {words % {'n': n_changed}}"
    prepared = sum(one.state is CertificateState.PREPARED for one in now)
    if prepared:
        words = ngettext(
            "%(n)s aún no es válido: lo será cuando se cierre la última sesión.",
            "%(n)s aún no son válidos: lo serán cuando se cierre la última sesión.",
            prepared,
        )
        said = f"{said} {words % {'n': prepared}}"
    return said or gettext(N_("No había nada que anotar."))


@allow(*DESK)
async def take_back(request: Request) -> Response:
    training = await _training(request)
    chosen = check(TicksForm, await read_form(request)).diploma
    n = len(await handover.take_back(training.id, chosen, actor=request.state.actor))
    sentence = ngettext("Se deshizo %(n)s entrega.", "Se deshicieron %(n)s entregas.", n) % {"n": n}
    return redirect(
        f"/panel/capacitaciones/{training.id}/entrega",
        sentence if n else gettext(N_("No había nada que deshacer.")),
        "ok" if n else "note",
    )


# -- the ceremony


@allow(*DESK)
async def ceremony(request: Request) -> Response:
    """Shows full names: opening it is logged."""
    training = await _training(request)
    communities = calling_order(await queries.people_of(training))
    n = sum(len(one.people) for one in communities)
    await record(
        "certificates.open_ceremony",
        actor=request.state.actor,
        object_id=training.id,
        hub_id=training.hub_id,
        n=n,
    )
    with speaking(SOURCE_LANGUAGE):
        return render(
            request,
            "certificates/ceremony/calling_order.html",
            {"training": training, "communities": communities, "n": n},
        )


# -- one paper that a phone's camera read


async def _paper(request: Request) -> Certificate:
    return await queries.certificate_at_desk(request.state.actor, request.path_params["id"])


@allow(*DESK)
async def show_paper(request: Request) -> Response:
    paper = await _paper(request)
    if paper.erased_at is not None:
        return no_longer(request, paper, NameRemoved())
    context = {
        "paper": paper_view(paper, await names.changed_among([paper])),
        "training_id": paper.registration.training_id,
        "is_annulled": paper.state is CertificateState.REVOKED,
        "noted_by": await handover.noted_by(paper),
    }
    return render(request, "certificates/ceremony/paper.html", context)


@allow(*DESK)
async def note_paper(request: Request) -> Response:
    paper = await _paper(request)
    actor = request.state.actor
    await handover.hand_over(paper.registration.training_id, [paper.id], HandedOver.SCAN, actor=actor)
    return redirect(f"/panel/diplomas/{paper.id}/entrega")


@allow(*DESK)
async def take_back_paper(request: Request) -> Response:
    paper = await _paper(request)
    undone = await handover.take_back(paper.registration.training_id, [paper.id], actor=request.state.actor)
    sentence = N_("Se deshizo: aún no consta que lo recibió.") if undone else N_("No había nada que deshacer.")
    return redirect(f"/panel/diplomas/{paper.id}/entrega", gettext(sentence), "ok" if undone else "note")


routes: list[BaseRoute] = [
    Route(HAND_OVER, show),
    Route(HAND_OVER, ticks, methods=["POST"]),
    Route(HAND_OVER + "/codigo", scan, methods=["POST"]),
    Route(HAND_OVER + "/filas", rows, methods=["POST"]),
    Route(HAND_OVER + "/deshacer", take_back, methods=["POST"]),
    Route(TRAINING + "/ceremonia", ceremony),
    Route(PAPER, show_paper),
    Route(PAPER, note_paper, methods=["POST"]),
    Route(PAPER + "/deshacer", take_back_paper, methods=["POST"]),
]
