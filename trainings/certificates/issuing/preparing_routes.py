"""`/panel/capacitaciones/{id}/diplomas/…`: prepare papers for the ceremony; annul or correct prepared ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import ISSUERS, can_issue_certificates
from trainings.certificates.ceremony import steps
from trainings.certificates.designs.signatories import printed
from trainings.certificates.eligibility import is_over
from trainings.certificates.issuing import bulk, names, outdated, preparing, revisions
from trainings.certificates.issuing import staff_queries as queries
from trainings.certificates.issuing.staff_queries import MayNotIssue
from trainings.certificates.issuing.views import person_view
from trainings.certificates.making.contents import day_of_paper
from trainings.certificates.models import JobPurpose
from trainings.errors import Refusal
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import REFUSED
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

if TYPE_CHECKING:
    from starlette.requests import Request

DIPLOMAS = "/panel/capacitaciones/{id:uuid}/diplomas"


async def _training(request: Request) -> Training:
    training = await queries.training_at_desk(request.state.actor, request.path_params["id"])
    if not can_issue_certificates(request.state.actor, training.hub_id):
        raise MayNotIssue
    return training


@allow(*ISSUERS)
async def confirm(request: Request) -> Response:
    """Who gets a paper and who does not, before any is numbered."""
    return await _confirm(request, await _training(request), None)


async def _confirm(request: Request, training: Training, refusal: Refusal | None) -> Response:
    people = await queries.people_of(training)
    on_track = [one for one in people if steps.is_on_track(one)]
    left_out = [one for one in people if one not in on_track and not any(queries.stands(c) for c in one.certificates)]
    confirmed = await names.confirmed([one.registration for one in on_track])
    day = day_of_paper(list(training.sessions))
    context = {
        "training": training,
        "people": [(person_view(one), one.registration.id in confirmed) for one in on_track],
        "left_out": [person_view(one) for one in left_out],
        "n_confirmed": len(confirmed),
        "is_over": is_over(list(training.sessions)),
        "day": day,
        "signing": await printed(training.hub.operator.signatories, day, training_id=training.id),
        "refusal": {"code": refusal.code, "text": sentence_of(refusal)} if refusal is not None else None,
    }
    return render(request, "certificates/issuing/prepare.html", context, status=refusal.status if refusal else 200)


@allow(*ISSUERS)
async def prepare(request: Request) -> Response:
    """Starts a job, which numbers and freezes them, then sets files. Pressed twice it is one job."""
    training = await _training(request)
    try:
        job = await bulk.start(training.id, JobPurpose.PREPARE, actor=request.state.actor)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return await _confirm(request, training, refusal)
    return redirect(f"/panel/capacitaciones/{training.id}/diplomas/trabajo/{job.id}")


@allow(*ISSUERS)
async def annul_unused(request: Request) -> Response:
    training = await _training(request)
    annulled = await preparing.annul_unused(training.id, actor=request.state.actor)
    n, n_in_hand = len(annulled), sum(revisions.in_hand(one) for one in annulled)
    said = ngettext("Listo. Se anuló %(n)s.", "Listo. Se anularon %(n)s.", n) % {"n": n}
    if n_in_hand:
        words = ngettext(
            "%(n)s ya se había entregado: pídalo de vuelta.",
            "%(n)s ya se habían entregado: pídalos de vuelta.",
            n_in_hand,
        )
        said = f"{said} {words % {'n': n_in_hand}}"
    response = _back(training)
    flash(response, said)
    return response


@allow(*ISSUERS)
async def correct(request: Request) -> Response:
    """«Corregir e imprimir de nuevo»: same folios, the training's current words."""
    training = await _training(request)
    n = await outdated.correct_outdated(training.id, actor=request.state.actor)
    await preparing.validate_few(training.id)
    response = _back(training)
    sentence = ngettext(
        "Listo. Se corrigió %(n)s diploma, con el mismo folio. Imprima solo lo cambiado.",
        "Listo. Se corrigieron %(n)s diplomas, con los mismos folios. Imprima solo lo cambiado.",
        n,
    )
    flash(response, sentence % {"n": n} if n else gettext(N_("No había nada que corregir.")), "ok" if n else "note")
    return response


def _back(training: Training) -> Response:
    return redirect(f"/panel/capacitaciones/{training.id}/diplomas")


routes: list[BaseRoute] = [
    Route(DIPLOMAS + "/preparar", confirm),
    Route(DIPLOMAS + "/preparar", prepare, methods=["POST"]),
    Route(DIPLOMAS + "/no-usados", annul_unused, methods=["POST"]),
    Route(DIPLOMAS + "/corregir", correct, methods=["POST"]),
]
