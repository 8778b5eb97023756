"""`/panel/…/anular`; `…/diplomas/cambios`: certificates that attendance contradicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK, ISSUERS, can_issue_certificates
from trainings.certificates.forms import DecisionForm, RevokeForm, RevokeManyForm
from trainings.certificates.issuing import actions, late_data, mails, queries
from trainings.certificates.issuing.actions import AlreadyRevoked
from trainings.certificates.issuing.late_data import Change
from trainings.certificates.issuing.views import Asked, certificate_view
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.certificates.refusals import no_longer
from trainings.certificates.words import KIND_WORDS
from trainings.errors import Refusal
from trainings.lib import dates
from trainings.lib.text import short_name
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, Typed, as_refused, check, key_in, read_form
from trainings.web.i18n import N_, gettext, language, ngettext
from trainings.web.render import redirect, render

ONE = "/panel/diplomas/{id:uuid}/anular"
MANY = "/panel/capacitaciones/{id:uuid}/diplomas/anular"


# -- one


async def _certificate(request: Request) -> Certificate:
    certificate = await queries.certificate_at_desk(request.state.actor, request.path_params["id"])
    if not can_issue_certificates(request.state.actor, certificate.hub_id):
        raise queries.MayNotIssue
    return certificate


@allow(*ISSUERS)
async def confirm_one(request: Request) -> Response:
    certificate = await _certificate(request)
    if not queries.stands(certificate):
        return no_longer(request, certificate, AlreadyRevoked())
    return _one_page(request, certificate, None)


def _one_page(request: Request, certificate: Certificate, form: Typed | None, status: int = 200) -> Response:
    participant, asked = (
        certificate.registration.participant,
        Asked.around(certificate.registration_id, request.query_params),
    )
    context = {
        "certificate": certificate_view(certificate),
        "title": certificate.title,
        "name": short_name(participant.given_names, participant.surnames),
        "back": asked.row(certificate.registration_id, certificate.registration.training_id),
        "here_at": asked.passed_on,
        "form": form,
    }
    return render(request, "certificates/issuing/revoke.html", context, status=status)


@allow(*ISSUERS)
async def revoke_one(request: Request) -> Response:
    """`another`: also issue a new paper, both or neither."""
    certificate = await _certificate(request)
    if not queries.stands(certificate):
        return no_longer(request, certificate, AlreadyRevoked())
    typed = await read_form(request)
    try:
        form = check(RevokeForm, typed)
        words = await _annul(certificate, form, request)
    except (FormErrors, Refusal) as error:
        return _one_page(request, certificate, *as_refused(typed, error))
    asked = Asked.around(certificate.registration_id, request.query_params)
    return redirect(asked.after(certificate.registration_id, certificate.registration.training_id), words)


async def _annul(certificate: Certificate, form: RevokeForm, request: Request) -> str:
    if not form.another:
        await actions.revoke(certificate.id, form.reason, actor=request.state.actor)
        return gettext(N_("Listo. El folio %(folio)s está anulado.")) % {"folio": certificate.folio}
    new = await actions.reissue(certificate.id, form.reason, actor=request.state.actor)
    words = gettext(N_("Listo. El folio %(folio)s está anulado, y en su lugar se emitió el %(new)s."))
    return words % {"folio": certificate.folio, "new": new.folio}


# -- many


async def _training(request: Request) -> Training:
    return await queries.training_to_issue(request.state.actor, request.path_params["id"])


@allow(*ISSUERS)
async def choose(request: Request) -> Response:
    """`?marcar=cambios` ticks papers that attendance contradicts."""
    training = await _training(request)
    ticked = []
    if request.query_params.get("marcar") == "cambios":
        ticked = [str(one.certificate.id) for one in await late_data.changes_of(training.id) if one.fails]
    return await _many_page(request, training, Typed.of({"diploma": ticked}))


async def _many_page(request: Request, training: Training, form: Typed, status: int = 200) -> Response:
    asked = await actions.requests_of(training.id)
    context = {
        "training": training,
        "papers": [_row(one) for one in await actions.standing_of(training.id)],
        "open": [one for one in asked if one.request.decided_at is None],
        "decided": [one for one in asked if one.request.decided_at is not None],
        "told": await mails.waiting(training.id),
        "own_id": request.state.actor.id,
        "most": actions.MOST_ALONE,
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
        done = await actions.annul_chosen(training.id, form.diploma, form.reason, actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        return await _many_page(request, training, *as_refused(typed, error))
    base = f"/panel/capacitaciones/{training.id}/diplomas"
    asked = gettext(N_("Listo, quedó pedido. Otra persona de la coordinación o de la administración lo decide."))
    return redirect(
        f"{base}/anular" if done.request is not None else base, asked if done.request is not None else _annulled(done.n)
    )


def _annulled(n: int) -> str:
    return ngettext("Listo. Se anuló %(num)s documento.", "Listo. Se anularon %(num)s documentos.", n) % {"num": n}


@allow(*ISSUERS)
async def decide(request: Request) -> Response:
    training = await _training(request)
    asked = await actions.request_of(training.id, request.path_params["request_id"])
    form = check(DecisionForm, await read_form(request))
    n = await actions.decide_request(asked.id, is_approved=form.approve, actor=request.state.actor)
    return redirect(
        f"/panel/capacitaciones/{training.id}/diplomas/anular",
        _annulled(n) if form.approve else gettext(N_("Listo. No se anuló ninguno.")),
    )


@allow(*ISSUERS)
async def stop_telling(request: Request) -> Response:
    training = await _training(request)
    await actions.stop_telling(training.id, request.path_params["batch"], actor=request.state.actor)
    return redirect(
        f"/panel/capacitaciones/{training.id}/diplomas",
        gettext(N_("Listo: no se le avisa a nadie. Lo anulado queda anulado.")),
    )


LATE = "/panel/capacitaciones/{id:uuid}/diplomas/cambios"


@dataclass(frozen=True, slots=True)
class ChangeView:
    id: UUID
    name: str
    kind: str
    folio: str
    was: str
    now: str
    fails: bool
    value: str


def view_of(change: Change) -> ChangeView:
    certificate = change.certificate
    person = certificate.registration.participant
    was, now = _held_in_words(change) if change.held is not None and not change.fails else _attended_in_words(change)
    return ChangeView(
        id=certificate.id,
        name=short_name(person.given_names, person.surnames),
        kind=gettext(KIND_WORDS[certificate.kind]),
        folio=certificate.folio,
        was=was,
        now=now,
        fails=change.fails,
        value=f"{certificate.id}:{change.text}",
    )


def _attended_in_words(change: Change) -> tuple[str, str]:
    attended = dates.duration(change.now.minutes, language())
    if _is_note(change):
        return dates.duration(change.certificate.minutes, language()), attended
    return (
        gettext(N_("completó la capacitación")),
        gettext(N_("no completa, lleva %(hours)s")) % {"hours": attended},
    )


def _held_in_words(change: Change) -> tuple[str, str]:
    assert change.held is not None
    minutes = change.now.minutes if _is_note(change) else change.held.now.minutes
    said, now = change.held.said, change.held.now
    hours = dates.duration(said.minutes, language()), dates.duration(minutes, language())
    if said.days == now.days:
        return hours
    return (
        f"{hours[0]}, {dates.date_span(said.days, language())}",
        f"{hours[1]}, {dates.date_span(now.days, language())}",
    )


def _is_note(change: Change) -> bool:
    return change.certificate.kind is CertificateKind.CONSTANCIA


@allow(*DESK)
async def show_late(request: Request) -> Response:
    training = await queries.training_at_desk(request.state.actor, request.path_params["id"])
    changes = await late_data.changes_of(training.id)
    context = {
        "training": training,
        "changes": [view_of(one) for one in changes],
        "may_decide": can_issue_certificates(request.state.actor, training.hub_id),
    }
    return render(request, "certificates/issuing/late_data.html", context)


@allow(*ISSUERS)
async def leave(request: Request) -> Response:
    training = await _training(request)
    chosen = _chosen((await read_form(request)).values("diploma"))
    n = await late_data.leave(training.id, chosen, actor=request.state.actor)
    sentence = ngettext("Listo. %(n)s documento queda como está.", "Listo. %(n)s documentos quedan como están.", n)
    return redirect(
        f"/panel/capacitaciones/{training.id}/diplomas/cambios",
        sentence % {"n": n} if n else gettext(N_("No marcó ninguno.")),
        "ok" if n else "note",
    )


def _chosen(texts: Sequence[str]) -> list[tuple[UUID, str]]:
    """Skips malformed texts."""
    parts = [text.partition(":") for text in texts]
    return [(key, said) for text, _sep, said in parts if (key := key_in(text)) is not None]


routes: list[BaseRoute] = [
    Route(ONE, confirm_one),
    Route(ONE, revoke_one, methods=["POST"]),
    Route(MANY, choose),
    Route(MANY, revoke_many, methods=["POST"]),
    Route(MANY + "/{request_id:uuid}", decide, methods=["POST"]),
    Route(MANY + "/avisos/{batch:uuid}/detener", stop_telling, methods=["POST"]),
    Route(LATE, show_late),
    Route(LATE, leave, methods=["POST"]),
]
