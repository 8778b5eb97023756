"""`/panel/capacitaciones/{id}/diplomas/…`"""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK, ISSUERS, can_issue_certificates
from trainings.audit.actions import record
from trainings.certificates.ceremony import printing
from trainings.certificates.ceremony.printing import FolioRanges
from trainings.certificates.designs.signatories import printed
from trainings.certificates.eligibility import is_over
from trainings.certificates.issuing import bulk, names, preparing, queries, views
from trainings.certificates.issuing.views import person_view
from trainings.certificates.making.contents import day_of_paper
from trainings.certificates.models import JobPurpose, JobState
from trainings.errors import Refusal
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import REFUSED, Form, Typed, as_refused, check, read_form
from trainings.web.headers import token_page_headers
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

DIPLOMAS = "/panel/capacitaciones/{id:uuid}/diplomas"
JOB = DIPLOMAS + "/trabajo/{job:uuid}"
CHANGED = "cambiados"


class Turn(StrEnum):
    PAUSE = "pause"
    GO_ON = "go_on"
    STOP = "stop"


TURNS = {Turn.PAUSE: JobState.PAUSED, Turn.GO_ON: JobState.RUNNING, Turn.STOP: JobState.STOPPED}


class TurnForm(Form):
    turn: Turn


class PrintForm(Form):
    """`folios`: as the page showed them; empty: all. Part `parte` of `de`."""

    folios: str = ""
    solo: str = ""
    parte: int = 0
    de: int = 0


async def _training_to_issue(request: Request) -> Training:
    return await queries.training_to_issue(request.state.actor, request.path_params["id"])


@allow(*ISSUERS)
async def confirm_preparing(request: Request) -> Response:
    return await _confirm_preparing(request, await _training_to_issue(request), None)


async def _confirm_preparing(request: Request, training: Training, refusal: Refusal | None) -> Response:
    people = await queries.people_of(training)
    on_track = [one for one in people if views.is_on_track(one)]
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
    """Pressed twice it is one job."""
    training = await _training_to_issue(request)
    try:
        job = await bulk.start(training.id, JobPurpose.PREPARE, actor=request.state.actor)
    except Refusal as refusal:
        if refusal.status not in REFUSED:
            raise
        return await _confirm_preparing(request, training, refusal)
    return redirect(f"/panel/capacitaciones/{training.id}/diplomas/trabajo/{job.id}")


@allow(*ISSUERS)
async def annul_unused(request: Request) -> Response:
    training = await _training_to_issue(request)
    annulled = await preparing.annul_unused(training.id, actor=request.state.actor)
    n, n_in_hand = len(annulled), sum(names.in_hand(one) for one in annulled)
    said = ngettext("Listo. Se anuló %(n)s.", "Listo. Se anularon %(n)s.", n) % {"n": n}
    if n_in_hand:
        words = ngettext(
            "%(n)s ya se había entregado: pídalo de vuelta.",
            "%(n)s ya se habían entregado: pídalos de vuelta.",
            n_in_hand,
        )
        said = f"{said} {words % {'n': n_in_hand}}"
    response = _back_to(training)
    flash(response, said)
    return response


@allow(*ISSUERS)
async def correct(request: Request) -> Response:
    """«Corregir e imprimir de nuevo»: same folios, current words."""
    training = await _training_to_issue(request)
    n = await preparing.correct_outdated(training.id, actor=request.state.actor)
    await preparing.validate_few(training.id)
    response = _back_to(training)
    sentence = ngettext(
        "Listo. Se corrigió %(n)s diploma, con el mismo folio. Imprima solo lo cambiado.",
        "Listo. Se corrigieron %(n)s diplomas, con los mismos folios. Imprima solo lo cambiado.",
        n,
    )
    flash(response, sentence % {"n": n} if n else gettext(N_("No había nada que corregir.")), "ok" if n else "note")
    return response


def _back_to(training: Training) -> Response:
    return redirect(f"/panel/capacitaciones/{training.id}/diplomas")


async def _training(request: Request) -> Training:
    return await queries.training_at_desk(request.state.actor, request.path_params["id"])


async def _progress(request: Request) -> queries.Progress:
    params = request.path_params
    return await queries.job_at_desk(request.state.actor, params["id"], params["job"])


@allow(*DESK)
async def show(request: Request) -> Response:
    training, progress = await _training(request), await _progress(request)
    may_issue = can_issue_certificates(request.state.actor, training.hub_id)
    left_out = await views.left_out(progress.job, training, may_issue=may_issue)
    context = {
        "training": training,
        "progress": progress,
        "left_out": [one for one in left_out if not one.never_came],
        "never_came": [one for one in left_out if one.never_came],
        "n_new": await queries.issued_by(progress.job).count(),
        "may_issue": may_issue,
    }
    return render(request, "certificates/issuing/job.html", context)


@allow(*DESK)
async def progress(request: Request) -> Response:
    found = await _progress(request)
    told = {"state": found.job.state.value, "n_rows": found.n_all, "n_done": found.n_done, "words": found.words}
    return JSONResponse(told, headers={"cache-control": "no-store"})


@allow(*ISSUERS)
async def turn(request: Request) -> Response:
    training, found = await _training_to_issue(request), await _progress(request)
    form = check(TurnForm, await read_form(request))
    await bulk.turn(found.job.id, TURNS[form.turn], actor=request.state.actor)
    return redirect(f"/panel/capacitaciones/{training.id}/diplomas/trabajo/{found.job.id}")


@allow(*DESK)
async def confirm_print(request: Request) -> Response:
    return await _to_print(request, await _training(request), only_changed=request.query_params.get("solo") == CHANGED)


async def _to_print(
    request: Request, training: Training, *, only_changed: bool, form: Typed | None = None, status: int = 200
) -> Response:
    """Shows changed names in full: that is logged. Each button names its folios, so another printing changes nothing of
    it.
    """
    everything = await printing.to_print(training)
    papers = await printing.to_print(training, only_changed=True) if only_changed else everything
    renamed = await names.changed_names(papers)
    if renamed:
        await record(
            "names.open_changes",
            actor=request.state.actor,
            object_id=training.id,
            hub_id=training.hub_id,
            n=len(renamed),
        )
    context = {
        "training": training,
        "papers": papers,
        "whole": FolioRanges.of(papers, among=everything),
        "parts": [(part, FolioRanges.of(part, among=everything)) for part in printing.parts_of(papers)],
        "outdated": any(one.outdated and not one.is_unused for one in await preparing.waiting(training.id)),
        "renamed": renamed,
        "only_changed": only_changed,
        "was_printed": any(one.printed_at for one in papers),
        "n_all": len(everything),
        "form": form,
    }
    return render(request, "certificates/issuing/print.html", context, status=status)


@allow(*DESK)
async def print_them(request: Request) -> Response:
    """One PDF of the folios asked for; its papers count as printed."""
    training = await _training(request)
    typed = await read_form(request)
    form = check(PrintForm, typed)
    only_changed = form.solo == CHANGED
    try:
        chosen = FolioRanges.read(form.folios) if form.folios else None
        papers = await printing.to_print(training, only_changed=only_changed and chosen is None, chosen=chosen)
        whole = await printing.print_them(training, papers, only_changed=only_changed, actor=request.state.actor)
    except Refusal as refusal:
        typed, status = as_refused(typed, refusal)
        return await _to_print(request, training, only_changed=only_changed, form=typed, status=status)
    name = printing.name_of(training, number=form.parte, n_parts=form.de)
    return StreamingResponse(whole, media_type="application/pdf", headers=_to_save(f"{name}.pdf"))


@allow(*DESK)
async def archive(request: Request) -> Response:
    training = await _training(request)
    content = await printing.zipped(training, actor=request.state.actor)
    name = printing.name_of(training)
    return StreamingResponse(content, media_type="application/zip", headers=_to_save(f"{name}.zip"))


def _to_save(name: str) -> dict[str, str]:
    return token_page_headers() | {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}


routes: list[BaseRoute] = [
    Route(DIPLOMAS + "/preparar", confirm_preparing),
    Route(DIPLOMAS + "/preparar", prepare, methods=["POST"]),
    Route(DIPLOMAS + "/no-usados", annul_unused, methods=["POST"]),
    Route(DIPLOMAS + "/corregir", correct, methods=["POST"]),
    Route(JOB, show),
    Route(JOB, turn, methods=["POST"]),
    Route(JOB + "/avance", progress),
    Route(DIPLOMAS + "/imprimir", confirm_print),
    Route(DIPLOMAS + "/imprimir", print_them, methods=["POST"]),
    Route(DIPLOMAS + "/todos.zip", archive),
]
