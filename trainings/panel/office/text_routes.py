"""`/panel/textos`: an operator's words of messages, and days of reminders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import OPERATOR_ADMINS
from trainings.db import reads
from trainings.errors import NotFound, Refusal, WrongInput
from trainings.outbox import templates
from trainings.outbox.placeholders import OwnWords, check_words, offer_of
from trainings.outbox.text_forms import MOST_DAYS, ReminderForm, TextForm
from trainings.outbox.words import KIND_WORDS
from trainings.places.actions import set_reminder_days
from trainings.places.models import Hub, Operator
from trainings.registrations.telling import previews
from trainings.registrations.telling.reminders import read_days, write_days
from trainings.settings import get_settings
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext, speaking
from trainings.web.render import redirect, render

INDEX = "/panel/textos"
ONE = INDEX + "/{operator:uuid}/{kind}/{lang}"
LANGUAGE_WORDS = {"es-GT": N_("Español"), "en": N_("Inglés")}


class NothingSaid(WrongInput):
    sentence = N_("Escriba el mensaje, o vuelva al texto original.")


class UnknownText(NotFound):
    sentence = N_("No encontramos ese texto.")


@dataclass(frozen=True, slots=True)
class Line:
    what: str
    versions: Sequence[tuple[str, str, datetime | None]]


@dataclass(frozen=True, slots=True)
class Shelf:
    operator: Operator
    days: str
    lines: Sequence[Line]
    form: Typed | None


@dataclass(frozen=True, slots=True)
class Text:
    operator: Operator
    kind: str
    lang: str
    hub: Hub

    @property
    def path(self) -> str:
        return f"{INDEX}/{self.operator.id}/{self.kind}/{self.lang}"


@allow(*OPERATOR_ADMINS)
async def index(request: Request) -> Response:
    return await _index(request)


async def _index(request: Request, wrong: tuple[UUID, Typed] | None = None) -> Response:
    shelves = [
        await _shelf(one, wrong[1] if wrong is not None and wrong[0] == one.id else None)
        for one in await _operators(request)
    ]
    context = {"shelves": shelves, "most_days": MOST_DAYS, "wrong": wrong[1] if wrong else None}
    return render(request, "panel/office/texts.html", context, status=422 if wrong else 200)


@allow(*OPERATOR_ADMINS)
async def set_reminders(request: Request) -> Response:
    operator = await _operator(request)
    typed = await read_form(request)
    try:
        form = check(ReminderForm, typed)
    except FormErrors as exc:
        return await _index(request, (operator.id, exc.typed))
    days = write_days([int(day) for day in form.days])
    await set_reminder_days(operator.id, days, actor=request.state.actor)
    return _back(
        INDEX,
        N_("Listo. Los recordatorios salen esos días, a las 9.") if days else N_("Listo. No salen recordatorios."),
    )


@allow(*OPERATOR_ADMINS)
async def edit(request: Request) -> Response:
    text = await _text(request)
    own = await templates.own_words(text.operator.id, text.kind, text.lang)
    return await _page(request, text, own)


@allow(*OPERATOR_ADMINS)
async def update(request: Request) -> Response:
    """`do=ver` only shows how the words would look."""
    text = await _text(request)
    typed = await read_form(request)
    try:
        form = check(TextForm, typed)
        words = OwnWords(form.subject, form.body)
        check_words(words, text.kind)
        if not words.body and not _must_say(text):
            raise NothingSaid(field="body")
        if typed.value("do") == "ver":
            return await _page(request, text, words, form=typed, is_draft=True)
        await templates.save_words(text.operator.id, text.kind, text.lang, words, actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return await _page(request, text, None, form=typed, status=status)
    return _back(text.path, N_("Listo. Así se dice desde ahora, también en lo que espera su hora."))


@allow(*OPERATOR_ADMINS)
async def undo(request: Request) -> Response:
    text = await _text(request)
    await templates.forget_words(text.operator.id, text.kind, text.lang, actor=request.state.actor)
    return _back(text.path, N_("Listo. Otra vez se dice como en el texto original."))


def _must_say(text: Text) -> Sequence[str]:
    with speaking(text.lang):
        return previews.must_say(text.kind, previews.made_up(text.hub), text.lang)


# -- the pages


async def _page(
    request: Request,
    text: Text,
    own: OwnWords | None,
    *,
    form: Typed | None = None,
    is_draft: bool = False,
    status: int = 200,
) -> Response:
    stored = await templates.own_words(text.operator.id, text.kind, text.lang)
    program = previews.original(text.kind, text.hub, text.lang)
    shown = own or program
    with speaking(text.lang):
        sample = previews.made_up(text.hub)
    context: dict[str, Any] = {
        "text": text,
        "what": gettext(KIND_WORDS[text.kind]),
        "language": gettext(LANGUAGE_WORDS.get(text.lang, text.lang)),
        "form": form or Typed.of({"subject": shown.subject, "body": shown.body}),
        "has_own": stored is not None,
        "is_draft": is_draft,
        "placeholders": offer_of(text.kind).placeholders,
        "must": _must_say(text),
        "is_link_placed": offer_of(text.kind).needed is not None,
        "program": program,
        "previews": [] if status != 200 else await _previews(text, own, sample),
    }
    return render(request, "panel/office/text.html", context, status=status)


async def _previews(text: Text, own: OwnWords | None, sample: previews.Sample) -> list[tuple[str, previews.Preview]]:
    shown = [(gettext(N_("Con datos de ejemplo")), previews.preview(text.kind, sample, own, text.lang))]
    training = await previews.next_training(text.operator.id)
    if training is not None:
        with speaking(text.lang):
            real = previews.sample_of(training, text.kind)
        shown.append((gettext(N_("Con su próxima capacitación")), previews.preview(text.kind, real, own, text.lang)))
    return shown


async def _shelf(operator: Operator, form: Typed | None) -> Shelf:
    own = await templates.templates_of(operator.id)
    lines = [
        Line(
            gettext(KIND_WORDS[kind]),
            [
                (
                    f"{INDEX}/{operator.id}/{kind}/{lang}",
                    gettext(LANGUAGE_WORDS.get(lang, lang)),
                    own[kind, lang].changed_at if (kind, lang) in own else None,
                )
                for lang in get_settings().language_codes
            ],
        )
        for kind in previews.SHOWN
    ]
    return Shelf(operator, ", ".join(map(str, read_days(operator.reminder_days))), lines, form)


# -- what may be touched


async def _operators(request: Request) -> list[Operator]:
    hubs = sorted(request.state.actor.hubs_with(OPERATOR_ADMINS))
    return await reads(Operator).filter(hubs__id__in=hubs).distinct().order_by("name")


async def _operator(request: Request) -> Operator:
    wanted = request.path_params["operator"]
    found = next((one for one in await _operators(request) if one.id == wanted), None)
    if found is None:
        raise UnknownText
    return found


async def _text(request: Request) -> Text:
    operator = await _operator(request)
    kind, lang = request.path_params["kind"], request.path_params["lang"]
    if kind not in previews.SHOWN or lang not in get_settings().language_codes:
        raise UnknownText
    hub = await reads(Hub).filter(operator_id=operator.id).order_by("name").prefetch_related("seat", "operator").first()
    assert hub is not None, "an operator is found by its hubs"
    return Text(operator, kind, lang, hub)


def _back(path: str, sentence: str) -> Response:
    return redirect(path, gettext(sentence))


routes: list[BaseRoute] = [
    Route(INDEX, index),
    Route(INDEX + "/{operator:uuid}/recordatorios", set_reminders, methods=["POST"]),
    Route(ONE, edit),
    Route(ONE, update, methods=["POST"]),
    Route(ONE + "/original", undo, methods=["POST"]),
]
