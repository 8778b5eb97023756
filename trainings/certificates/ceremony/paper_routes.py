"""`/panel/diplomas/{id}/entrega`: one paper that a phone's camera read: «recibí conforme», then the next."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK
from trainings.certificates.ceremony import handover
from trainings.certificates.ceremony.handover_views import paper_view
from trainings.certificates.issuing import revisions
from trainings.certificates.issuing.staff_queries import certificate_at_desk
from trainings.certificates.making.files import NameRemoved
from trainings.certificates.models import Certificate, CertificateState, HandedOver
from trainings.certificates.refusals import no_longer
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

PAPER = "/panel/diplomas/{id:uuid}/entrega"


async def _paper(request: Request) -> Certificate:
    return await certificate_at_desk(request.state.actor, request.path_params["id"])


@allow(*DESK)
async def show(request: Request) -> Response:
    paper = await _paper(request)
    if paper.erased_at is not None:
        return no_longer(request, paper, NameRemoved())
    context = {
        "paper": paper_view(paper, await revisions.changed_among([paper])),
        "training_id": paper.registration.training_id,
        "is_annulled": paper.state is CertificateState.REVOKED,
        "noted_by": await handover.noted_by(paper),
    }
    return render(request, "certificates/ceremony/paper.html", context)


@allow(*DESK)
async def note(request: Request) -> Response:
    """The next page says who noted it and when, or that an annulled paper must not be handed over."""
    paper = await _paper(request)
    actor = request.state.actor
    await handover.hand_over(paper.registration.training_id, [paper.id], HandedOver.SCAN, actor=actor)
    return redirect(f"/panel/diplomas/{paper.id}/entrega")


@allow(*DESK)
async def take_back(request: Request) -> Response:
    paper = await _paper(request)
    undone = await handover.take_back(paper.registration.training_id, [paper.id], actor=request.state.actor)
    response = redirect(f"/panel/diplomas/{paper.id}/entrega")
    sentence = N_("Se deshizo: aún no consta que lo recibió.") if undone else N_("No había nada que deshacer.")
    flash(response, gettext(sentence), "ok" if undone else "note")
    return response


routes: list[BaseRoute] = [
    Route(PAPER, show),
    Route(PAPER, note, methods=["POST"]),
    Route(PAPER + "/deshacer", take_back, methods=["POST"]),
]
