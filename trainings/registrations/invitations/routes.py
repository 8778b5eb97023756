"""`/panel/capacitaciones/{id}/convocatorias`"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import DESK, can_invite
from trainings.audit.actor import Actor
from trainings.errors import Refusal, WrongInput
from trainings.lib.dates import numeric_date
from trainings.registrations.cards.queries import Block, blocks_of
from trainings.registrations.invitations import convocation
from trainings.registrations.invitations import letters as letter_sheets
from trainings.registrations.invitations.forms import HOW, KINDS, AddForm, ChosenForm
from trainings.registrations.models import InvitationLetter
from trainings.schedule.models import PrintKind, Training, TrainingState
from trainings.schedule.staff.editing import training_of
from trainings.schedule.staff.printouts import note_printed
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

BASE = "/panel/capacitaciones/{id:uuid}/convocatorias"
MOST_IN_ONE = 50
"""Somebody waits while letters are set: half a second."""
UUIDS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class TooManyAtOnce(Refusal):
    sentence = N_("Un archivo lleva hasta %(most)s cartas. Marque menos.")


class HowIsMissing(WrongInput):
    sentence = N_("Escoja cómo se les invitó.")


@dataclass(frozen=True, slots=True)
class LetterRow:
    id: UUID
    addressee: str
    below: str
    kind: str
    state: str
    cards: str
    is_invited: bool


# -- the list


@allow(*DESK)
async def index(request: Request) -> Response:
    return await _page(request, await training_of(request, can_invite))


async def _page(
    request: Request, training: Training, typed: Typed | None = None, *, problem: str = "", status: int = 200
) -> Response:
    letters = await convocation.letters_of(training.id)
    blocks = {one.block.id: one for one in await blocks_of(training.id)}
    context = {
        "here": "capacitaciones",
        "desk": training.hub.name,
        "training": training,
        "is_draft": training.state is TrainingState.DRAFT,
        "letters": [_row(one, blocks.get(one.block_id) if one.block_id else None) for one in letters],
        "n_invited": sum(one.invited_at is not None for one in letters),
        "counts": _counts(letters),
        "parts": range(0, len(letters), MOST_IN_ONE),
        "per_file": MOST_IN_ONE,
        "form": typed or Typed(),
        "problem": problem,
        "kinds": [(kind.value, gettext(words)) for kind, words in KINDS.items()],
        "hows": [(how.value, gettext(words)) for how, words in HOW.items()],
        "blocks": [(key, _block_words(one)) for key, one in blocks.items() if one.n_open + one.n_named],
        "today": clock.today(),
    }
    return render(request, "registrations/invitations/index.html", context, status=status)


def _row(letter: InvitationLetter, block: Block | None) -> LetterRow:
    state = gettext(N_("Por entregar"))
    if letter.invited_at is not None and letter.how is not None:
        state = f"{gettext(HOW[letter.how])}, {numeric_date(letter.invited_at)}"
    return LetterRow(
        id=letter.id,
        addressee=letter.addressee,
        below=", ".join(part for part in (letter.office, letter.community) if part),
        kind=gettext(KINDS[letter.kind]),
        state=state,
        cards=_block_words(block) if block else "",
        is_invited=letter.invited_at is not None,
    )


def _block_words(block: Block) -> str:
    n = block.n_open + block.n_named
    words = ngettext("%(num)s tarjeta de %(community)s", "%(num)s tarjetas de %(community)s", n)
    return words % {"num": n, "community": block.block.community}


def _counts(letters: Sequence[InvitationLetter]) -> list[tuple[str, int]]:
    by_way = [(gettext(words), sum(one.how is how for one in letters)) for how, words in HOW.items()]
    return [(words, n) for words, n in by_way if n]


# -- changing it


Act = Callable[[Training, Typed, Actor], Awaitable[str]]


async def _obey(request: Request, act: Act) -> Response:
    training = await training_of(request, can_invite)
    typed = await read_form(request)
    try:
        sentence = await act(training, typed, request.state.actor)
    except (FormErrors, Refusal) as error:
        typed, status = as_refused(typed, error)
        return await _page(request, training, typed, problem=typed.error(""), status=status)
    return redirect(f"/panel/capacitaciones/{training.id}/convocatorias", sentence)


@allow(*DESK)
async def add(request: Request) -> Response:
    async def act(training: Training, typed: Typed, actor: Actor) -> str:
        form = check(AddForm, typed)
        added = await convocation.prepare(training.id, form.invited(), actor=actor, block_id=form.block, done=form.done)
        told = ngettext("Listo: se agregó %(num)s.", "Listo: se agregaron %(num)s.", added.n_new)
        known = ngettext("%(num)s ya estaba en la lista.", "%(num)s ya estaban en la lista.", added.n_known)
        sentences = [told % {"num": added.n_new}] + ([known % {"num": added.n_known}] if added.n_known else [])
        return " ".join(sentences)

    return await _obey(request, act)


@allow(*DESK)
async def mark_invited(request: Request) -> Response:
    async def act(training: Training, typed: Typed, actor: Actor) -> str:
        form = check(ChosenForm, typed)
        if form.done is None:
            raise HowIsMissing(field="how")
        n = await convocation.mark_invited(training.id, await _chosen(training, form), form.done, actor=actor)
        return ngettext("Listo: %(num)s anotada.", "Listo: %(num)s anotadas.", n) % {"num": n}

    return await _obey(request, act)


@allow(*DESK)
async def take_back(request: Request) -> Response:
    async def act(training: Training, typed: Typed, actor: Actor) -> str:
        n = await convocation.take_back(training.id, await _chosen(training, check(ChosenForm, typed)), actor=actor)
        return ngettext(
            "Listo: %(num)s está otra vez por entregar.", "Listo: %(num)s están otra vez por entregar.", n
        ) % {"num": n}

    return await _obey(request, act)


@allow(*DESK)
async def remove(request: Request) -> Response:
    async def act(training: Training, typed: Typed, actor: Actor) -> str:
        n = await convocation.remove(training.id, await _chosen(training, check(ChosenForm, typed)), actor=actor)
        return ngettext("Listo: se quitó %(num)s.", "Listo: se quitaron %(num)s.", n) % {"num": n}

    return await _obey(request, act)


@allow(*DESK)
async def attach(request: Request) -> Response:
    async def act(training: Training, typed: Typed, actor: Actor) -> str:
        form = check(ChosenForm, typed)
        n = await convocation.attach(training.id, await _chosen(training, form), form.attached, actor=actor)
        return ngettext("Listo: %(num)s carta cambió.", "Listo: %(num)s cartas cambiaron.", n) % {"num": n}

    return await _obey(request, act)


async def _chosen(training: Training, form: ChosenForm) -> Collection[UUID]:
    return [one.id for one in await convocation.letters_of(training.id)] if form.everyone else form.letter


# -- on paper


@allow(*DESK)
async def print_many(request: Request) -> Response:
    """The marked letters, or fifty from `desde` (from 0) on."""
    training = await training_of(request, can_invite)
    asked = request.query_params
    letters = await convocation.letters_of(training.id)
    wanted = {value for value in asked.getlist("letter") if UUIDS.fullmatch(value)}
    try:
        if asked.get("marcadas"):
            letters = letters if asked.get("everyone") else [one for one in letters if str(one.id) in wanted]
            if not letters:
                raise convocation.NothingChosen
            if len(letters) > MOST_IN_ONE:
                raise TooManyAtOnce(most=MOST_IN_ONE)
        start = int(asked["desde"]) if re.fullmatch(r"\d{1,4}", asked.get("desde", ""), re.ASCII) else 0
        return await _file(request, training, letters[start : start + MOST_IN_ONE])
    except Refusal as refusal:
        return await _page(request, training, problem=sentence_of(refusal), status=refusal.status)


@allow(*DESK)
async def print_one(request: Request) -> Response:
    training = await training_of(request, can_invite)
    letter = await convocation.letter_of(training.id, request.path_params["letter_id"])
    try:
        return await _file(request, training, [letter])
    except Refusal as refusal:
        return await _page(request, training, problem=sentence_of(refusal), status=refusal.status)


async def _file(request: Request, training: Training, letters: Sequence[InvitationLetter]) -> Response:
    made = await letter_sheets.letters_data(training, letters)
    content = await asyncio.to_thread(letter_sheets.LETTER.pdf, made, made_at=clock.now())
    subjects = [one.id for one in letters]
    await note_printed(training.id, PrintKind.LETTER, actor=request.state.actor, subjects=subjects)
    headers = {
        "content-disposition": 'inline; filename="convocatorias.pdf"',
        "cache-control": "no-store",
    }
    return Response(content, media_type="application/pdf", headers=headers)


routes: list[BaseRoute] = [
    Route(BASE, index),
    Route(BASE, add, methods=["POST"]),
    Route(BASE + ".pdf", print_many),
    Route(BASE + "/{letter_id:uuid}.pdf", print_one),
    Route(BASE + "/invitar", mark_invited, methods=["POST"]),
    Route(BASE + "/deshacer", take_back, methods=["POST"]),
    Route(BASE + "/quitar", remove, methods=["POST"]),
    Route(BASE + "/tarjetas", attach, methods=["POST"]),
]
