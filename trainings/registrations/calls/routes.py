"""`/panel/llamadas`"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, ClassVar
from urllib.parse import urlencode
from uuid import UUID

from pydantic import AfterValidator
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import CALLERS
from trainings.audit.actor import Actor
from trainings.audit.models import AuditLine
from trainings.db import reads
from trainings.errors import NotFound, Refusal
from trainings.lib.text import TextTooLong, UnreadableText, clean, fold
from trainings.lib.tokens import uuid7
from trainings.outbox.models import CallList, CallReason, CallResult, CallVia, Whom
from trainings.outbox.placeholders import OWN_CALL, check_call, offer_of
from trainings.registrations.calls import actions as call_actions
from trainings.registrations.calls.actions import OPENED, PRINTED, Answer, WhyClosed
from trainings.registrations.calls.households import (
    Part,
    ToCall,
    community_of,
    is_asked,
    leaders_of,
    left_in,
    n_people_of,
    names_of,
    sign_of,
    to_call,
)
from trainings.registrations.calls.queries import (
    Group,
    Progress,
    UnknownList,
    groups_of,
    list_in_scope,
    n_left_on,
    progress_of,
    trainings_to_call,
)
from trainings.registrations.calls.texts import Told, own_words, text_for_all, told_by
from trainings.registrations.calls.validity import is_overtaken
from trainings.registrations.calls.views import (
    INDEX,
    Calls,
    calls_about,
    in_order,
    progress_words,
    sections_of,
    shown_of,
    told_at_once,
)
from trainings.registrations.calls.words import (
    ANSWERED,
    ANSWERED_BEFORE,
    STARTS,
    VIAS,
    WHY_CLOSED,
    WITHOUT_DAY,
    group_words,
    title_of,
)
from trainings.registrations.desk.person import training_at_desk
from trainings.registrations.desk.staff_refusals import for_staff
from trainings.schedule.models import Training
from trainings.web.allow import allow
from trainings.web.forms import Form, FormErrors, Typed, as_refused, check, key_in, read_form, wrong
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, ngettext, speaking
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

ONE = INDEX + "/{id:uuid}"
HERE = "llamadas"
OF_TRAINING = "/panel/capacitaciones/{id:uuid}/llamadas"
LONGEST_WORDS = 500


class MarkForm(Form):
    """`person`: one of the household, or a block of cards; `said_yes`, `said_no`: registration that answers.

    `seen`: the newest mark that the page showed.
    """

    person: UUID
    result: CallResult = CallResult.REACHED
    said_yes: UUID | None = None
    said_no: UUID | None = None
    seen: UUID | None = None
    via: CallVia


def _one_line(text: str) -> str:
    try:
        return clean(" ".join(text.split()), LONGEST_WORDS)
    except UnreadableText as exc:
        raise wrong(N_("Hay una letra que no se puede leer. Escríbalo otra vez.")) from exc
    except TextTooLong as exc:
        raise wrong(N_("Es demasiado largo: escriba hasta %(max_length)s letras."), max_length=LONGEST_WORDS) from exc


class WordsForm(Form):
    """`key`: of the page, so that sent twice it is one list."""

    body: Annotated[str, AfterValidator(_one_line)]
    key: UUID | None = None
    do: str = ""
    MISSING: ClassVar[Mapping[str, str]] = {"body": N_("Escriba qué se les dice.")}


class AtOnceForm(Form):
    """`seen`: the people whom the page named."""

    via: CallVia
    seen: str


class TakeBackForm(Form):
    act: UUID


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
        "here": HERE,
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
        reason=title_of(call_list, one.changed),
        hub="" if is_one_hub else call_list.training.hub.name,
        begins_at=one.begins_at,
        due_at=call_list.due_at,
        is_early=one.is_open and not one.is_due,
        has_day=one.has_day,
        n_reached=one.n_reached,
        n_people=one.n_people,
        progress=progress_words(one),
    )


# -- a list of one's own


@allow(*CALLERS)
async def choose_training(request: Request) -> Response:
    found = await trainings_to_call(request.state.actor)
    is_one_hub = len({one.training.hub_id for one in found}) < 2
    context = {"here": HERE, "trainings": found, "is_one_hub": is_one_hub}
    return render(request, "registrations/calls/begin.html", context)


@allow(*CALLERS)
async def choose_group(request: Request) -> Response:
    """With `?grupo=` the words for it."""
    training = await _training(request)
    groups = await groups_of(training)
    group = Group.asked_for(request.query_params, groups)
    if group is not None:
        return await _words_page(request, training, group)
    return await _groups_page(request, training, groups)


async def _training(request: Request) -> Training:
    return await training_at_desk(request.path_params["id"], request.state.actor)


async def _groups_page(
    request: Request, training: Training, groups: Sequence[Group], *, refusal: Refusal | None = None
) -> Response:
    context = {
        "here": HERE,
        "desk": training.hub.name,
        "training": training,
        "groups": [(one, group_words(one)) for one in groups if one.whom is not Whom.COMMUNITY],
        "communities": [(one, group_words(one)) for one in groups if one.whom is Whom.COMMUNITY],
        "standing": await calls_about(training.id, request.state.actor),
        "refusal": sentence_of(refusal) if refusal else "",
    }
    return render(request, "registrations/calls/groups.html", context, status=refusal.status if refusal else 200)


async def _words_page(
    request: Request, training: Training, group: Group, typed: Typed | None = None, *, status: int = 200
) -> Response:
    draft = CallList(training_id=training.id, hub_id=training.hub_id, reason=CallReason.OWN, due_at=clock.now())
    told = await told_by(draft)
    form = typed or Typed.of({"body": STARTS[group.whom] if told.coming else WITHOUT_DAY, "key": str(uuid7())})
    draft.words = form.value("body")
    with speaking(SOURCE_LANGUAGE):
        said = own_words(told, is_confirmed=group.whom is not Whom.WAITING)
    context = {
        "here": HERE,
        "desk": training.hub.name,
        "training": training,
        "group": group,
        "title": group_words(group),
        "form": form,
        "most": LONGEST_WORDS,
        "said": "" if form.errors else said,
        "placeholders": offer_of(OWN_CALL).placeholders,
    }
    return render(request, "registrations/calls/words.html", context, status=status)


@allow(*CALLERS)
async def begin(request: Request) -> Response:
    """`do=ver` only shows how the words would sound."""
    training = await _training(request)
    groups = await groups_of(training)
    group = Group.asked_for(request.query_params, groups)
    if group is None:
        return await _groups_page(request, training, groups, refusal=call_actions.NobodyToCall())
    typed = await read_form(request)
    try:
        form = check(WordsForm, typed)
        if form.do == "ver":
            check_call(form.body)
            return await _words_page(request, training, group, typed)
        begun = await call_actions.begin(
            training.id, group, form.body, key=form.key or uuid7(), actor=request.state.actor
        )
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        if isinstance(error, call_actions.BegunOtherwise):
            typed.fields["key"] = [str(uuid7())]
        return await _words_page(request, training, group, typed, status=status)
    words = ngettext("Listo: %(num)s persona por llamar.", "Listo: %(num)s personas por llamar.", group.n_people)
    return redirect(f"{INDEX}/{begun.id}", words % {"num": group.n_people})


# -- one list


@allow(*CALLERS)
async def show(request: Request) -> Response:
    return await _show(request, await _in_scope(request))


async def _in_scope(request: Request) -> Progress:
    return await list_in_scope(request.path_params["id"], request.state.actor)


async def _show(
    request: Request, one: Progress, *, refusal: Refusal | None = None, noted: UUID | None = None
) -> Response:
    call_list, told, everybody = one.call_list, await told_by(one.call_list), await to_call(one.audience)
    asked = dict(request.query_params) | ({"anotada": str(noted)} if noted else {})
    shown = shown_of(everybody, asked, told.hub.seat_id)
    left = [called for called in everybody if not called.is_reached and not is_asked(called)]
    await _log(request, OPENED, one)
    context = {
        "here": HERE,
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
        "shown": shown,
        "sections": await sections_of(shown.page.rows, everybody, told),
        "at_once": await told_at_once(everybody),
        "may_at_once": one.is_open and call_list.reason is not CallReason.OFFERED,
        "n_at_once": n_people_of(left),
        "leaders": await leaders_of(left),
        "text": _text_for_all(everybody, told),
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


def _text_for_all(readers: Sequence[ToCall], told: Told) -> str:
    with speaking(SOURCE_LANGUAGE):
        return text_for_all(readers, told)


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
    told, everybody = await told_by(one.call_list), await to_call(one.audience)
    left = [called for called in in_order(everybody, told.hub.seat_id) if not called.is_reached]
    await _log(request, PRINTED, one)
    context = {
        "call_list": one.call_list,
        "base": f"{INDEX}/{one.call_list.id}",
        "line": line_of(one, is_one_hub=True),
        "n_left": one.n_left,
        "sections": await sections_of(left, everybody, told),
        "text": _text_for_all(everybody, told),
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
        return await _show(request, await _in_scope(request), refusal=for_staff(refusal), noted=form.person)
    now = await _in_scope(request)
    return redirect(_beside(request, now, form.person), gettext(sentence) % {"progress": progress_words(now)})


def _beside(request: Request, one: Progress, person: UUID) -> str:
    """The same part of the list at the next to be called; the person just noted may have left it."""
    asked = {name: value for name, value in request.query_params.items() if name in ("ver", "pagina")}
    audience = one.audience
    if person in {*(listed.person.id for listed in audience.listed), *(holder.id for holder in audience.holders)}:
        asked["anotada"] = str(person)
    anchor = "sigue" if "anotada" in asked else "lista"
    return f"{INDEX}/{one.call_list.id}{'?' if asked else ''}{urlencode(asked)}#{anchor}"


async def _write_down(list_id: UUID, form: MarkForm, actor: Actor) -> str:
    for said, whose in ((Answer.YES, form.said_yes), (Answer.NO, form.said_no)):
        if whose is not None:
            is_new = await call_actions.answer(list_id, whose, said, form.via, actor=actor)
            return ANSWERED[said] if is_new else ANSWERED_BEFORE[said]
    await call_actions.mark(list_id, form.person, form.result, form.via, seen=form.seen, actor=actor)
    return N_("Anotado: %(progress)s.")


# -- many at once


@allow(*CALLERS)
async def confirm_at_once(request: Request) -> Response:
    """Of `?comunidad=`, of the cards of `?tarjetas=`, or of all."""
    return await _at_once_page(request, await _in_scope(request))


async def _at_once_page(request: Request, one: Progress, *, refusal: Refusal | None = None) -> Response:
    call_list, part = one.call_list, _part(request)
    seat = call_list.training.hub.seat_id
    everybody = await to_call(one.audience)
    left = [] if call_list.reason is CallReason.OFFERED else await left_in(everybody, part, seat)
    told = [called for called in left if not is_asked(called)]
    context = {
        "here": HERE,
        "desk": call_list.training.hub.name,
        "base": f"{INDEX}/{call_list.id}",
        "asked": request.url.query,
        "line": line_of(one, is_one_hub=True),
        "whom": await _whom(part, told, seat),
        "names": [names_of(called) for called in told],
        "n_people": n_people_of(told),
        "seen": sign_of(told),
        "n_to_ask": n_people_of(left) - n_people_of(told),
        "text": _text_for_all(told, await told_by(call_list)),
        "vias": [(code.value, gettext(words)) for code, words in VIAS.items()],
        "via": (CallVia.RADIO if part == Part() else CallVia.LEADER).value,
        "refusal": sentence_of(refusal) if refusal else "",
    }
    return render(request, "registrations/calls/at_once.html", context, status=refusal.status if refusal else 200)


def _part(request: Request) -> Part:
    """Refuses (UnknownList) what no page led to."""
    asked = request.query_params
    if "tarjetas" in asked:
        block_id = key_in(asked["tarjetas"])
        if block_id is None:
            raise UnknownList
        return Part(block_id=block_id)
    return Part(community=fold(asked["comunidad"])) if "comunidad" in asked else Part()


async def _whom(part: Part, told: Sequence[ToCall], seat: str) -> str:
    if part.block_id is not None:
        leader = next((one for one in await leaders_of(told) if one.block_id == part.block_id), None)
        return gettext(N_("con las tarjetas de %(name)s")) % {"name": leader.name} if leader else ""
    if part.community is None:
        return gettext(N_("en toda la lista"))
    if not told or not part.community:
        return gettext(N_("sin comunidad anotada"))
    return gettext(N_("en %(community)s")) % {"community": community_of(told[0], seat)}


@allow(*CALLERS)
async def tell_at_once(request: Request) -> Response:
    one = await _in_scope(request)
    part, form = _part(request), check(AtOnceForm, await read_form(request))
    try:
        n = await call_actions.tell_at_once(one.call_list.id, part, form.via, seen=form.seen, actor=request.state.actor)
    except Refusal as refusal:
        return await _at_once_page(request, one, refusal=refusal)
    words = ngettext("Listo: %(num)s persona avisada.", "Listo: %(num)s personas avisadas.", n)
    return redirect(f"{INDEX}/{one.call_list.id}", words % {"num": n})


@allow(*CALLERS)
async def take_back_at_once(request: Request) -> Response:
    one = await _in_scope(request)
    form = check(TakeBackForm, await read_form(request))
    try:
        n = await call_actions.take_back_at_once(one.call_list.id, form.act, actor=request.state.actor)
    except Refusal as refusal:
        return await _show(request, one, refusal=refusal)
    if not n:
        return redirect(
            f"{INDEX}/{one.call_list.id}", gettext(N_("Eso ya se deshizo. Mire la lista otra vez.")), "note"
        )
    words = ngettext("Listo: falta %(num)s persona otra vez.", "Listo: faltan %(num)s personas otra vez.", n)
    return redirect(f"{INDEX}/{one.call_list.id}", words % {"num": n})


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
    Route(INDEX + "/nueva", choose_training),
    Route(OF_TRAINING, choose_group),
    Route(OF_TRAINING, begin, methods=["POST"]),
    Route(ONE, show),
    Route(ONE + "/hoja", sheet),
    Route(ONE + "/marcar", mark, methods=["POST"]),
    Route(ONE + "/de-una-vez", confirm_at_once),
    Route(ONE + "/de-una-vez", tell_at_once, methods=["POST"]),
    Route(ONE + "/de-una-vez/deshacer", take_back_at_once, methods=["POST"]),
    Route(ONE + "/cerrar", close, methods=["POST"]),
    Route(ONE + "/abrir", reopen, methods=["POST"]),
]
