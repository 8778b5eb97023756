"""`/panel/llamadas`"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import CALLERS
from trainings.audit.actor import Actor
from trainings.audit.models import AuditLine
from trainings.db import reads
from trainings.errors import NotFound, Refusal
from trainings.outbox.models import CallResult, CallVia
from trainings.registrations.calls import actions as call_actions
from trainings.registrations.calls.actions import OPENED, PRINTED, Answer, WhyClosed
from trainings.registrations.calls.households import to_call
from trainings.registrations.calls.queries import Progress, list_in_scope, n_left_on, progress_of
from trainings.registrations.calls.texts import text_for_all, told_by
from trainings.registrations.calls.validity import is_overtaken
from trainings.registrations.calls.views import INDEX, Calls, Section, calls_about, progress_words, sections_of
from trainings.registrations.calls.words import ANSWERED, ANSWERED_BEFORE, VIAS, WHY_CLOSED, title_of
from trainings.registrations.desk.staff_refusals import for_staff
from trainings.web.allow import allow
from trainings.web.forms import Form, check, read_form
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, speaking
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

ONE = INDEX + "/{id:uuid}"
LEFT = "faltan"


class MarkForm(Form):
    """`person`: one of the household, or a block of cards; `left` and `after` lead back; `said_yes`, `said_no`:
    registration that answers.
    """

    person: UUID
    result: CallResult = CallResult.REACHED
    said_yes: UUID | None = None
    said_no: UUID | None = None
    via: CallVia
    left: str = ""
    after: UUID | None = None


class CloseForm(Form):
    reason: WhyClosed | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """`is_early`: messages can still be stopped, or the day has not come. `has_day`: to be told before a moment."""

    href: str
    title: str
    reason: str
    hub: str
    begins_at: datetime
    due_at: datetime
    is_early: bool
    has_day: bool
    n_reached: int
    n_people: int
    progress: str


@allow(*CALLERS)
async def index(request: Request) -> Response:
    found = await progress_of(request.state.actor)
    is_one_hub = len({one.call_list.training.hub_id for one in found}) < 2
    lines = {one.call_list.id: line_of(one, is_one_hub=is_one_hub) for one in found}
    context = {
        "here": "llamadas",
        "waiting": [lines[one.call_list.id] for one in found if one.is_open and one.n_left],
        "done": [lines[one.call_list.id] for one in found if one.is_open and not one.n_left],
        "over": [lines[one.call_list.id] for one in reversed(found) if not one.is_open],
        "n_left": n_left_on(one for one in found if one.is_due),
    }
    return render(request, "registrations/calls/index.html", context)


def line_of(one: Progress, *, is_one_hub: bool) -> Line:
    call_list = one.call_list
    return Line(
        href=f"{INDEX}/{call_list.id}",
        title=call_list.training.title,
        reason=title_of(call_list.reason, one.changed),
        hub="" if is_one_hub else call_list.training.hub.name,
        begins_at=one.begins_at,
        due_at=call_list.due_at,
        is_early=one.is_open and not one.is_due,
        has_day=not one.is_about_papers,
        n_reached=one.n_reached,
        n_people=one.n_people,
        progress=progress_words(one),
    )


@allow(*CALLERS)
async def show(request: Request) -> Response:
    return await _show(request, await _in_scope(request))


async def _in_scope(request: Request) -> Progress:
    return await list_in_scope(request.path_params["id"], request.state.actor)


async def _show(request: Request, one: Progress, *, refusal: Refusal | None = None) -> Response:
    call_list, only_left = one.call_list, request.query_params.get("ver") == LEFT
    sections, text = await _said(one, only_left=only_left)
    await _log(request, OPENED, one)
    context = {
        "here": "llamadas",
        "desk": call_list.training.hub.name,
        "call_list": call_list,
        "base": f"{INDEX}/{call_list.id}",
        "line": line_of(one, is_one_hub=True),
        "n_left": one.n_left,
        "n_by_mail": one.audience.n_by_mail,
        "is_open": one.is_open,
        "is_closed": call_list.closed_at is not None,
        "why_closed": await _why_closed(one),
        "is_overtaken": await is_overtaken(call_list),
        "elsewhere": [] if one.n_people else await _left_elsewhere(one, request.state.actor),
        "sections": sections,
        "text": text,
        "only_left": only_left,
        "vias": [(code.value, gettext(words)) for code, words in VIAS.items()],
        "reasons": [(code.value, gettext(words)) for code, words in WHY_CLOSED.items()],
        "refusal": sentence_of(refusal) if refusal else "",
    }
    status = refusal.status if refusal else 200
    return render(request, "registrations/calls/show.html", context, status=status)


async def _left_elsewhere(one: Progress, actor: Actor) -> list[Calls]:
    here = f"{INDEX}/{one.call_list.id}"
    return [
        calls for calls in await calls_about(one.call_list.training_id, actor) if calls.n_left and calls.href != here
    ]


async def _said(one: Progress, *, only_left: bool) -> tuple[list[Section], str]:
    told = await told_by(one.call_list)
    everybody = await to_call(one.audience)
    sections = await sections_of(everybody, told, only_left=only_left)
    with speaking(SOURCE_LANGUAGE):
        return sections, text_for_all(everybody, told)


async def _log(request: Request, act: str, one: Progress) -> None:
    await call_actions.note_seen(one.call_list, one.audience, act, actor=request.state.actor)


async def _why_closed(one: Progress) -> str:
    """Empty: nobody was left, or another list replaced it."""
    if one.call_list.closed_at is None:
        return ""
    closed = reads(AuditLine).filter(act=call_actions.CLOSED, object_id=one.call_list.id).order_by("-created_at", "-id")
    line = await closed.first()
    code = line.detail.get("reason") if line else None
    return gettext(WHY_CLOSED[WhyClosed(code)]) if code else ""


@allow(*CALLERS)
async def sheet(request: Request) -> Response:
    one = await _in_scope(request)
    sections, text = await _said(one, only_left=True)
    await _log(request, PRINTED, one)
    context = {
        "call_list": one.call_list,
        "base": f"{INDEX}/{one.call_list.id}",
        "line": line_of(one, is_one_hub=True),
        "n_left": one.n_left,
        "sections": sections,
        "text": text,
    }
    return render(request, "registrations/calls/sheet.html", context)


@allow(*CALLERS)
async def mark(request: Request) -> Response:
    one = await _in_scope(request)
    form = check(MarkForm, await read_form(request))
    try:
        sentence = await _write_down(one.call_list.id, form, request.state.actor)
    except NotFound:
        raise
    except Refusal as refusal:
        return await _show(request, one, refusal=for_staff(refusal))
    now = await _in_scope(request)
    is_left = form.left == LEFT
    beside = form.after if is_left else form.person
    anchor = f"#c-{beside}" if beside is not None else "#lista"
    return redirect(
        f"{INDEX}/{one.call_list.id}{'?ver=' + LEFT if is_left else ''}{anchor}",
        gettext(sentence) % {"progress": progress_words(now)},
    )


async def _write_down(list_id: UUID, form: MarkForm, actor: Actor) -> str:
    for said, whose in ((Answer.YES, form.said_yes), (Answer.NO, form.said_no)):
        if whose is not None:
            is_new = await call_actions.answer(list_id, whose, said, form.via, actor=actor)
            return ANSWERED[said] if is_new else ANSWERED_BEFORE[said]
    await call_actions.mark(list_id, form.person, form.result, form.via, actor=actor)
    return N_("Anotado: %(progress)s.")


@allow(*CALLERS)
async def close(request: Request) -> Response:
    one = await _in_scope(request)
    form = check(CloseForm, await read_form(request))
    try:
        await call_actions.close(one.call_list.id, form.reason, actor=request.state.actor)
    except Refusal as refusal:
        return await _show(request, one, refusal=refusal)
    return redirect(INDEX, gettext(N_("Listo: la lista está cerrada. Se puede leer 30 días más.")))


@allow(*CALLERS)
async def reopen(request: Request) -> Response:
    one = await _in_scope(request)
    try:
        await call_actions.reopen(one.call_list.id, actor=request.state.actor)
    except Refusal as refusal:
        return await _show(request, one, refusal=refusal)
    return redirect(f"{INDEX}/{one.call_list.id}", gettext(N_("Listo: la lista está abierta otra vez.")))


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(ONE, show),
    Route(ONE + "/hoja", sheet),
    Route(ONE + "/marcar", mark, methods=["POST"]),
    Route(ONE + "/cerrar", close, methods=["POST"]),
    Route(ONE + "/abrir", reopen, methods=["POST"]),
]
