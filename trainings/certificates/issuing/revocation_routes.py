"""`/panel/…/anular`: annul one or many certificates with a reason; a second person decides on more than ten."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import ISSUERS, can_revoke_certificates
from trainings.certificates.forms import DecisionForm, RevokeForm, RevokeManyForm
from trainings.certificates.issuing import late_data, mails, revocations
from trainings.certificates.issuing import staff_queries as queries
from trainings.certificates.issuing.actions import AlreadyRevoked
from trainings.certificates.issuing.views import certificate_view
from trainings.certificates.models import Certificate, CertificateState
from trainings.certificates.refusals import no_longer
from trainings.certificates.words import KIND_WORDS
from trainings.errors import NotAllowed, Refusal
from trainings.lib.text import short_name
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import REFUSED, FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.render import redirect, render

ONE = "/panel/diplomas/{id:uuid}/anular"
MANY = "/panel/capacitaciones/{id:uuid}/diplomas/anular"


class MayNotRevoke(NotAllowed):
    code = "may_not_issue"
    sentence = N_("Solo la coordinación emite y anula diplomas. Pídaselo.")


# -- one


async def _certificate(request: Request) -> Certificate:
    certificate = await queries.certificate_at_desk(request.state.actor, request.path_params["id"])
    if not can_revoke_certificates(request.state.actor, certificate.hub_id):
        raise MayNotRevoke
    return certificate


@allow(*ISSUERS)
async def confirm_one(request: Request) -> Response:
    certificate = await _certificate(request)
    if not queries.stands(certificate):
        return no_longer(request, certificate, AlreadyRevoked())
    return _one_page(request, certificate, None)


def _one_page(request: Request, certificate: Certificate, form: Typed | None, status: int = 200) -> Response:
    participant = certificate.registration.participant
    context = {
        "certificate": certificate_view(certificate),
        "title": certificate.title,
        "name": short_name(participant.given_names, participant.surnames),
        "training_id": certificate.registration.training_id,
        "form": form,
    }
    return render(request, "certificates/issuing/revoke.html", context, status=status)


@allow(*ISSUERS)
async def revoke_one(request: Request) -> Response:
    """`another`: also issue one in its place, both or neither."""
    certificate = await _certificate(request)
    if not queries.stands(certificate):
        return no_longer(request, certificate, AlreadyRevoked())
    typed = await read_form(request)
    try:
        form = check(RevokeForm, typed)
        words = await _annul(certificate, form, request)
    except FormErrors as exc:
        return _one_page(request, certificate, exc.typed, 422)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return _one_page(request, certificate, typed.refused(refusal), refusal.status)
    response = redirect(f"/panel/capacitaciones/{certificate.registration.training_id}/diplomas")
    flash(response, words)
    return response


async def _annul(certificate: Certificate, form: RevokeForm, request: Request) -> str:
    if not form.another:
        await revocations.annul(certificate.id, form.reason, actor=request.state.actor)
        return gettext(N_("Listo. El folio %(folio)s está anulado.")) % {"folio": certificate.folio}
    new = await revocations.reissue(certificate.id, form.reason, actor=request.state.actor)
    words = gettext(N_("Listo. El folio %(folio)s está anulado, y en su lugar se emitió el %(new)s."))
    return words % {"folio": certificate.folio, "new": new.folio}


# -- many


async def _training(request: Request) -> Training:
    training = await queries.training_at_desk(request.state.actor, request.path_params["id"])
    if not can_revoke_certificates(request.state.actor, training.hub_id):
        raise MayNotRevoke
    return training


@allow(*ISSUERS)
async def choose(request: Request) -> Response:
    """Standing ones, to tick; `?marcar=cambios` ticks those that attendance contradicts."""
    training = await _training(request)
    ticked = []
    if request.query_params.get("marcar") == "cambios":
        ticked = [str(one.certificate.id) for one in await late_data.changes_of(training.id) if one.fails]
    return await _many_page(request, training, Typed.of({"diploma": ticked}))


async def _many_page(request: Request, training: Training, form: Typed, status: int = 200) -> Response:
    asked = await revocations.requests_of(training.id)
    context = {
        "training": training,
        "papers": [_row(one) for one in await revocations.standing_of(training.id)],
        "open": [one for one in asked if one.request.decided_at is None],
        "decided": [one for one in asked if one.request.decided_at is not None],
        "told": await mails.waiting(training.id),
        "own_id": request.state.actor.id,
        "most": revocations.MOST_ALONE,
        "form": form,
    }
    return render(request, "certificates/issuing/revoke_many.html", context, status=status)


def _row(certificate: Certificate) -> dict[str, object]:
    person = certificate.registration.participant
    return {
        "id": certificate.id,
        "name": short_name(person.given_names, person.surnames),
        "kind": gettext(KIND_WORDS[certificate.kind]),
        "folio": certificate.folio,
        "is_prepared": certificate.state is CertificateState.PREPARED,
    }


@allow(*ISSUERS)
async def revoke_many(request: Request) -> Response:
    training = await _training(request)
    typed = await read_form(request)
    try:
        form = check(RevokeManyForm, typed)
        done = await revocations.annul_chosen(training.id, form.diploma, form.reason, actor=request.state.actor)
    except FormErrors as exc:
        return await _many_page(request, training, exc.typed, 422)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return await _many_page(request, training, typed.refused(refusal), refusal.status)
    base = f"/panel/capacitaciones/{training.id}/diplomas"
    response = redirect(f"{base}/anular" if done.request is not None else base)
    asked = gettext(N_("Listo, quedó pedido. Otra persona de la coordinación o de la administración lo decide."))
    flash(response, asked if done.request is not None else _annulled(done.n))
    return response


def _annulled(n: int) -> str:
    return ngettext("Listo. Se anuló %(num)s documento.", "Listo. Se anularon %(num)s documentos.", n) % {"num": n}


@allow(*ISSUERS)
async def decide(request: Request) -> Response:
    training = await _training(request)
    asked = await revocations.request_of(training.id, request.path_params["request_id"])
    form = check(DecisionForm, await read_form(request))
    n = await revocations.decide(asked.id, is_approved=form.approve, actor=request.state.actor)
    response = redirect(f"/panel/capacitaciones/{training.id}/diplomas/anular")
    flash(response, _annulled(n) if form.approve else gettext(N_("Listo. No se anuló ninguno.")))
    return response


@allow(*ISSUERS)
async def stop_telling(request: Request) -> Response:
    """«Detener los avisos»: nobody is told; annulled papers stay annulled."""
    training = await _training(request)
    await revocations.stop_telling(training.id, request.path_params["batch"], actor=request.state.actor)
    response = redirect(f"/panel/capacitaciones/{training.id}/diplomas")
    flash(response, gettext(N_("Listo: no se le avisa a nadie. Lo anulado queda anulado.")))
    return response


routes: list[BaseRoute] = [
    Route(ONE, confirm_one),
    Route(ONE, revoke_one, methods=["POST"]),
    Route(MANY, choose),
    Route(MANY, revoke_many, methods=["POST"]),
    Route(MANY + "/{request_id:uuid}", decide, methods=["POST"]),
    Route(MANY + "/avisos/{batch:uuid}/detener", stop_telling, methods=["POST"]),
]
