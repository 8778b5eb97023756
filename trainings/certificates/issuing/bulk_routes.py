"""`/panel/capacitaciones/{id}/diplomas/trabajo/…`: a job's progress, and its papers as PDF and ZIP."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK, ISSUERS, can_issue_certificates
from trainings.audit.actions import record
from trainings.certificates.ceremony import printing
from trainings.certificates.ceremony.folio_ranges import FolioRanges
from trainings.certificates.issuing import bulk, bulk_queries, preparing, revisions
from trainings.certificates.issuing import staff_queries as queries
from trainings.errors import Refusal
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.forms import Form, Typed, check, read_form
from trainings.web.headers import token_page_headers
from trainings.web.render import redirect, render

DIPLOMAS = "/panel/capacitaciones/{id:uuid}/diplomas"
JOB = DIPLOMAS + "/trabajo/{job:uuid}"
CHANGED = "cambiados"


class Turn(StrEnum):
    PAUSE = "pause"
    GO_ON = "go_on"
    STOP = "stop"


TURNS = {Turn.PAUSE: bulk.pause, Turn.GO_ON: bulk.go_on, Turn.STOP: bulk.stop}


class TurnForm(Form):
    turn: Turn


class PrintForm(Form):
    """`folios`: of one button, as the page showed them; empty: all. Part `parte` of `de`."""

    folios: str = ""
    solo: str = ""
    parte: int = 0
    de: int = 0


def job_address(training_id: object, job_id: object) -> str:
    return f"/panel/capacitaciones/{training_id}/diplomas/trabajo/{job_id}"


async def _training(request: Request) -> Training:
    return await queries.training_at_desk(request.state.actor, request.path_params["id"])


async def _progress(request: Request) -> bulk_queries.Progress:
    params = request.path_params
    return await bulk_queries.job_at_desk(request.state.actor, params["id"], params["job"])


@allow(*DESK)
async def show(request: Request) -> Response:
    training, progress = await _training(request), await _progress(request)
    may_issue = can_issue_certificates(request.state.actor, training.hub_id)
    left_out = await bulk_queries.left_out(progress.job, training, may_issue=may_issue)
    context = {
        "training": training,
        "progress": progress,
        "left_out": [one for one in left_out if not one.never_came],
        "never_came": [one for one in left_out if one.never_came],
        "n_new": await bulk_queries.issued_by(progress.job).count(),
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
    training, found = await _training(request), await _progress(request)
    if not can_issue_certificates(request.state.actor, training.hub_id):
        raise queries.MayNotIssue
    form = check(TurnForm, await read_form(request))
    await TURNS[form.turn](found.job.id, actor=request.state.actor)
    return redirect(job_address(training.id, found.job.id))


@allow(*DESK)
async def confirm_print(request: Request) -> Response:
    """What would be printed, whole or in parts. Opening it marks nothing as printed."""
    return await _to_print(request, await _training(request), only_changed=request.query_params.get("solo") == CHANGED)


async def _to_print(
    request: Request, training: Training, *, only_changed: bool, form: Typed | None = None, status: int = 200
) -> Response:
    """The page, with a refused request for asking again. Shows changed names in full: that is logged.

    Each button names its folios, so another printing changes nothing of it.
    """
    everything = await printing.to_print(training)
    papers = await printing.to_print(training, only_changed=True) if only_changed else everything
    renamed = await revisions.changed_names(papers.all)
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
        "papers": papers.all,
        "whole": FolioRanges.of(papers.all, among=everything.all),
        "parts": [(part, FolioRanges.of(part, among=everything.all)) for part in papers.parts],
        "outdated": any(one.outdated and not one.is_unused for one in await preparing.waiting(training.id)),
        "renamed": renamed,
        "only_changed": only_changed,
        "was_printed": any(one.printed_at for one in papers.all),
        "n_all": len(everything.all),
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
        form_again = typed.refused(refusal)
        return await _to_print(request, training, only_changed=only_changed, form=form_again, status=refusal.status)
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
    Route(JOB, show),
    Route(JOB, turn, methods=["POST"]),
    Route(JOB + "/avance", progress),
    Route(DIPLOMAS + "/imprimir", confirm_print),
    Route(DIPLOMAS + "/imprimir", print_them, methods=["POST"]),
    Route(DIPLOMAS + "/todos.zip", archive),
]
