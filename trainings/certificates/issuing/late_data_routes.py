"""`/panel/capacitaciones/{id}/diplomas/cambios`: certificates that attendance contradicts; staff decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK, ISSUERS, can_issue_certificates
from trainings.certificates.issuing import late_data
from trainings.certificates.issuing import staff_queries as queries
from trainings.certificates.issuing.late_data import Change
from trainings.certificates.models import CertificateKind
from trainings.certificates.words import KIND_WORDS
from trainings.errors import NotAllowed
from trainings.lib import dates
from trainings.lib.text import short_name
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import read_form
from trainings.web.i18n import N_, gettext, language, ngettext
from trainings.web.render import redirect, render

if TYPE_CHECKING:
    from starlette.requests import Request

PATH = "/panel/capacitaciones/{id:uuid}/diplomas/cambios"


class MayNotDecide(NotAllowed):
    code = "may_not_issue"
    sentence = N_("Solo la coordinación emite y anula diplomas. Pídaselo.")


@dataclass(frozen=True, slots=True)
class ChangeView:
    """The certificate's words and attendance's. `value`: for the form."""

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
async def show(request: Request) -> Response:
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
    training = await queries.training_at_desk(request.state.actor, request.path_params["id"])
    if not can_issue_certificates(request.state.actor, training.hub_id):
        raise MayNotDecide
    chosen = _chosen((await read_form(request)).values("diploma"))
    n = await late_data.leave(training.id, chosen, actor=request.state.actor)
    response = redirect(f"/panel/capacitaciones/{training.id}/diplomas/cambios")
    sentence = ngettext("Listo. %(n)s documento queda como está.", "Listo. %(n)s documentos quedan como están.", n)
    flash(response, sentence % {"n": n} if n else gettext(N_("No marcó ninguno.")), "ok" if n else "note")
    return response


def _chosen(texts: Sequence[str]) -> list[tuple[UUID, str]]:
    """Keys, each with what attendance said on the page; skips malformed ones."""
    found = []
    for text in texts:
        key, _sep, said = text.partition(":")
        try:
            found.append((UUID(key), said))
        except ValueError:
            continue
    return found


routes: list[BaseRoute] = [Route(PATH, show), Route(PATH, leave, methods=["POST"])]
