from __future__ import annotations

import base64
import hashlib
import math
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from trainings import clock, jobs
from trainings.accounts.permissions import MESSAGE_READERS, OPERATOR_ADMINS
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.lib.dates import duration
from trainings.outbox import actions, holds, queries
from trainings.outbox.mailer import Mail
from trainings.outbox.models import OutboxJob, Outcome
from trainings.outbox.queries import Batch
from trainings.outbox.words import (
    AGAIN,
    HELD_WORDS,
    KIND_WORDS,
    STATE_WORDS,
    held_title,
    reason_of,
    reason_words,
    state_of,
)
from trainings.registrations.calls.people import n_written_to
from trainings.registrations.telling.message_views import Destination, destinations_of
from trainings.settings import get_settings
from trainings.web.allow import allow
from trainings.web.forms import key_in
from trainings.web.i18n import _, language, ngettext
from trainings.web.render import redirect, render

INDEX = "/panel/mensajes"
OWN_LINK = re.compile(r"/i/[0-9A-HJKMNP-TV-Z]{32}")
ALONE = "sandbox; default-src 'none'"
UNFRAMED = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Directives that `default-src` does not cover."""
FILTERS = {"fallidos": "failed", "pendientes": "waiting", "guardados": "kept"}
MOST_REASONS = 3
LATE = timedelta(minutes=5)
"""A message that waited longer shows how long."""
STYLES = re.compile(r'style="([^"]*)"|<style>(.*?)</style>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Row:
    id: UUID
    what: str
    state: str
    is_failed: bool
    waited: str
    may_retry: bool
    at: datetime
    to: str
    training: str


@dataclass(frozen=True, slots=True)
class WaitingBatch:
    id: UUID
    what: str
    training: str
    n_people: int
    n_facilitators: int
    is_activity: bool
    leaves_at: datetime
    minutes_left: int


@allow(*MESSAGE_READERS)
async def index(request: Request) -> Response:
    actor = request.state.actor
    shown = request.query_params.get("ver", "")
    shown = shown if shown in FILTERS else ""
    before = key_in(request.query_params.get("antes", ""))
    found, older = await queries.messages(actor, before=before, only=FILTERS.get(shown, ""))
    batches = await queries.stoppable(actor)
    about = await destinations_of([*found, *(batch.first for batch in batches)])
    readers = await n_written_to([batch.id for batch in batches])
    return render(
        request,
        "panel/office/messages.html",
        {
            "rows": [_row(job, about[job.id]) for job in found],
            "batches": [_waiting(batch, about[batch.first.id], readers[batch.id]) for batch in batches],
            "shown": shown,
            "queue": await _queue(actor),
            "is_admin": actor.has_any(OPERATOR_ADMINS),
            "n_failed": await queries.n_failed(actor),
            "holds": [(held_title(hold), _(HELD_WORDS[hold.why]), hold) for hold in await holds.standing()],
            "n_kept": await queries.n_kept(actor),
            "older": f"{INDEX}?antes={older}{f'&ver={shown}' if shown else ''}" if older else None,
        },
    )


async def _queue(actor: Actor) -> dict[str, Any] | None:
    queue = await queries.queue(actor)
    if queue is None:
        return None
    return {
        "n": queue.n_waiting,
        "n_of_no_hub": queue.n_of_no_hub,
        "oldest_at": queue.oldest_at,
        "next_try_at": queue.next_try_at,
        "reasons": [(reason_words(reason), n) for reason, n in queue.reasons[:MOST_REASONS]],
    }


@allow(*MESSAGE_READERS)
async def show(request: Request) -> Response:
    job = await _opened(request)
    mail = await _composed(job)
    return render(
        request,
        "panel/office/message.html",
        {
            "row": _row(job, (await destinations_of([job]))[job.id]),
            "mail": mail,
            "subject": job.subject_id,
            "is_message": job.kind not in jobs.TASKS,
            "paragraphs": [block.splitlines() for block in mail.text.split("\n\n")] if mail else [],
            "files": _files(mail) if mail else [],
            "reason": reason_of(job),
        },
    )


@allow(*MESSAGE_READERS)
async def show_html(request: Request) -> Response:
    """No script, no request, no access to the panel around it."""
    mail = await _composed(await _opened(request))
    if mail is None:
        raise queries.UnknownMessage
    return HTMLResponse(
        mail.html,
        headers={
            "content-security-policy": f"{ALONE}; style-src {_style_sources(mail.html)}; {UNFRAMED}",
            "cache-control": "no-store",
            "x-robots-tag": "noindex",
        },
    )


@allow(*MESSAGE_READERS)
async def retry(request: Request) -> Response:
    job_id: UUID = request.path_params["id"]
    await actions.retry(job_id, actor=request.state.actor)
    return redirect(f"{INDEX}/{job_id}", _("Listo: se intenta otra vez."))


@allow(*MESSAGE_READERS)
async def stop(request: Request) -> Response:
    batch_id = request.path_params["id"]
    n_stopped = await actions.stop_batch(batch_id, actor=request.state.actor)
    if not n_stopped:
        return redirect(INDEX, _("Estos avisos están detenidos: por correo no se le avisa a nadie."))
    words = ngettext("Listo: se detuvo %(n)s aviso.", "Listo: se detuvieron %(n)s avisos.", n_stopped)
    return redirect(INDEX, words % {"n": n_stopped})


@allow(*MESSAGE_READERS)
async def go_on(request: Request) -> Response:
    await holds.go_on(actor=request.state.actor)
    return redirect(INDEX, _("Listo: los mensajes salen otra vez. Si el servidor no los acepta, aquí se ve."))


async def _opened(request: Request) -> OutboxJob:
    """Its opening is logged: it shows a person's address."""
    job = await queries.message(request.state.actor, request.path_params["id"])
    async with transaction():
        await record("outbox.read", actor=request.state.actor, object_id=job.id, hub_id=job.hub_id, kind=job.kind)
    return job


async def _composed(job: OutboxJob) -> Mail | None:
    """In production staff cannot read a person's link here."""
    composer = jobs.MESSAGES.get(job.kind)
    mail = await composer(job) if composer else None
    if mail is None or not get_settings().is_production:
        return mail
    return replace(mail, text=OWN_LINK.sub("/i/••••", mail.text), html=OWN_LINK.sub("/i/••••", mail.html))


def _row(job: OutboxJob, about: Destination) -> Row:
    return Row(
        id=job.id,
        what=_kind(job.kind),
        state=_(STATE_WORDS.get(state_of(job), "")),
        is_failed=job.failed_at is not None,
        waited=_waited(job),
        may_retry=job.failed_at is not None or state_of(job) == AGAIN,
        at=job.done_at or job.failed_at or job.stopped_at or job.run_at,
        to=about.to,
        training=about.training,
    )


def _waited(job: OutboxJob) -> str:
    late = (job.done_at or clock.now()) - queries.due_from(job)
    if job.outcome not in ("", Outcome.SENT) or late < LATE:
        return ""
    how_long = _in_words(late)
    return _("esperó %(time)s") % {"time": how_long} if job.done_at else _("lleva %(time)s") % {"time": how_long}


def _in_words(span: timedelta) -> str:
    if span.days < 2:
        return duration(int(span.total_seconds() // 60), language())
    return ngettext("%(num)s día", "%(num)s días", span.days) % {"num": span.days}


def _waiting(batch: Batch, about: Destination, n_people: int) -> WaitingBatch:
    return WaitingBatch(
        id=batch.id,
        what=_kind(batch.first.kind),
        training=about.training,
        n_people=n_people,
        n_facilitators=batch.n_facilitators,
        is_activity="activity_id" in batch.first.payload,
        leaves_at=batch.leaves_at,
        minutes_left=math.ceil((batch.leaves_at - clock.now()).total_seconds() / 60),
    )


def _files(mail: Mail) -> list[str]:
    return [*(["invite.ics"] if mail.invitation else []), *(attachment.name for attachment in mail.attachments)]


def _kind(kind: str) -> str:
    return _(KIND_WORDS[kind]) if kind in KIND_WORDS else kind


def _style_sources(html: str) -> str:
    """By their hashes: a style written into a message is not among them."""
    found = {attribute or sheet for attribute, sheet in STYLES.findall(html)}
    sums = sorted(base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in found)
    return " ".join(["'unsafe-hashes'", *(f"'sha256-{one}'" for one in sums)])


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX + "/seguir", go_on, methods=["POST"]),
    Route(INDEX + "/{id:uuid}", show),
    Route(INDEX + "/{id:uuid}/html", show_html),
    Route(INDEX + "/{id:uuid}/reintentar", retry, methods=["POST"]),
    Route(INDEX + "/lotes/{id:uuid}/detener", stop, methods=["POST"]),
]
