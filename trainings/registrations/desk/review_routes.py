"""`/panel/revisar`"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import DESK
from trainings.errors import Refusal, WrongInput
from trainings.lib import tokens
from trainings.registrations.desk import review_queries
from trainings.registrations.desk.review_queries import MOST_AT_ONCE, Held, Waiting
from trainings.registrations.desk.staff_refusals import for_staff
from trainings.registrations.models import HoldReason
from trainings.registrations.seats import actions
from trainings.registrations.words import HOLD_REASONS, WHAT_TO_DO
from trainings.web.allow import allow
from trainings.web.flash import flash
from trainings.web.forms import asked_page, keys_in, read_form
from trainings.web.i18n import N_, gettext, ngettext
from trainings.web.problems import sentence_of
from trainings.web.render import redirect, render

REVIEW = "/panel/revisar"
APPROVE, REJECT = "aprobar", "rechazar"


class NothingChosen(WrongInput):
    sentence = N_("No marcó a nadie, o ya tienen respuesta. Marque a quién responder.")


@dataclass(frozen=True, slots=True)
class Row:
    group_id: UUID
    registration_id: UUID
    name: str
    about: str
    came_at: datetime
    hints: Sequence[str]


@dataclass(frozen=True, slots=True)
class Section:
    training_id: UUID
    title: str
    hub: str
    reason: HoldReason
    why: str
    what_to_do: str
    rows: Sequence[Row]
    n_groups: int


# -- the list


@allow(*DESK)
async def index(request: Request) -> Response:
    return await _list(request)


async def _list(request: Request, refused: Refusal | None = None) -> Response:
    number = asked_page(request.query_params)
    page = await review_queries.review_page(request.state.actor, number)
    context = {
        "here": "personas",
        "sections": _sections(page.waiting),
        "waves": await review_queries.waves(request.state.actor),
        "n_groups": page.n_groups,
        "before": f"{REVIEW}?pagina={number - 1}" if number > 1 else None,
        "after": f"{REVIEW}?pagina={page.after}" if page.after else None,
        "refused": sentence_of(refused) if refused else "",
    }
    return render(request, "registrations/desk/review.html", context, status=refused.status if refused else 200)


def _sections(waiting: Sequence[Waiting]) -> list[Section]:
    is_alone = len({one.training.hub_id for one in waiting}) < 2
    return [
        Section(
            training_id=one.training.id,
            title=one.training.title,
            hub="" if is_alone else one.training.hub.name,
            reason=one.reason,
            why=gettext(HOLD_REASONS[one.reason]),
            what_to_do=gettext(WHAT_TO_DO[one.reason]),
            rows=[_row(held) for held in one.groups],
            n_groups=one.n_groups,
        )
        for one in waiting
    ]


def _row(held: Held) -> Row:
    people = ngettext("%(n)s persona", "%(n)s personas", held.n_people) % {"n": held.n_people}
    minors = ngettext("%(n)s menor de edad", "%(n)s menores de edad", held.n_minors) % {"n": held.n_minors}
    children = gettext(N_("cuidado infantil: %(n)s")) % {"n": held.childcare_places}
    about = [held.community, people if held.n_people > 1 else "", minors if held.n_minors and held.names else ""]
    return Row(
        group_id=held.group_id,
        registration_id=held.registration_id,
        name=", ".join(held.names) or minors,
        about=" · ".join(part for part in (*about, children if held.childcare_places else "") if part),
        came_at=held.came_at,
        hints=_hints(held),
    )


def _hints(held: Held) -> list[str]:
    hints = []
    if held.n_same_browser:
        words = ngettext("otra del mismo aparato", "otras %(n)s del mismo aparato", held.n_same_browser)
        hints.append(words % {"n": held.n_same_browser})
    if held.n_same_contact:
        words = ngettext("otra con el mismo contacto", "otras %(n)s con el mismo contacto", held.n_same_contact)
        hints.append(words % {"n": held.n_same_contact})
    return hints


# -- answering many


@allow(*DESK)
async def confirm(request: Request) -> Response:
    asked = request.query_params
    ids = await _asked_for(request)
    waiting = await review_queries.chosen(request.state.actor, ids)
    sections = _sections(waiting)
    if not sections:
        return await _list(request, NothingChosen())
    context = {
        "here": "personas",
        "sections": sections,
        "n_groups": sum(len(section.rows) for section in sections),
        "n_people": sum(held.n_people for one in waiting for held in one.groups),
        "act": REJECT if asked.get("hacer") == REJECT else APPROVE,
        "is_told": any(one.reason is not HoldReason.REVIEW for one in waiting),
        "has_lists": all(one.training.has_waiting_list for one in waiting),
        "may_be_more": len(ids) >= MOST_AT_ONCE,
    }
    return render(request, "registrations/desk/review_confirm.html", context)


async def _asked_for(request: Request) -> Sequence[UUID]:
    actor, asked = request.state.actor, request.query_params
    training_id, _sep, reason = asked.get("todas", "").partition(":")
    if reason in set(HoldReason):
        whole = keys_in([training_id])
        return [key for one in whole for key in await review_queries.all_of(actor, one, HoldReason(reason))]
    for one in keys_in([asked.get("oleada", "")]):
        return await review_queries.of_wave(actor, one)
    return keys_in(asked.getlist("grupo"))[:MOST_AT_ONCE]


@allow(*DESK)
async def approve(request: Request) -> Response:
    """Each group for itself: a refusal keeps no other group out."""
    try:
        n_done, refusals = await _each(request, actions.approve)
    except NothingChosen as nothing:
        return await _list(request, nothing)
    sentence = ngettext("Listo. Se aprobó %(n)s inscripción.", "Listo. Se aprobaron %(n)s inscripciones.", n_done)
    return _back(sentence % {"n": n_done}, refusals)


@allow(*DESK)
async def reject(request: Request) -> Response:
    act = partial(actions.reject, batch_id=tokens.uuid7())
    try:
        n_done, refusals = await _each(request, act)
    except NothingChosen as nothing:
        return await _list(request, nothing)
    sentence = ngettext("Listo. Se rechazó %(n)s inscripción.", "Listo. Se rechazaron %(n)s inscripciones.", n_done)
    return _back(sentence % {"n": n_done}, refusals)


async def _each(request: Request, act: Callable[..., Awaitable[None]]) -> tuple[int, list[Refusal]]:
    """(number done, refusals). Refuses (NothingChosen)."""
    actor = request.state.actor
    typed = await read_form(request)
    waiting = await review_queries.chosen(actor, keys_in(typed.values("grupo"))[:MOST_AT_ONCE])
    groups = [held.group_id for one in waiting for held in one.groups]
    if not groups:
        raise NothingChosen
    refusals: list[Refusal] = []
    # The list is newest first; places go to the first sign-ups.
    for group_id in reversed(groups):
        try:
            await act(group_id, actor=actor)
        except Refusal as refusal:
            refusals.append(refusal)
    return len(groups) - len(refusals), refusals


def _back(sentence: str, refusals: Sequence[Refusal]) -> Response:
    response = redirect(REVIEW)
    if refusals:
        first = refusals[0]
        more = gettext(N_("%(done)s Sin responder: %(n)s. %(why)s"))
        flash(response, more % {"done": sentence, "n": len(refusals), "why": sentence_of(for_staff(first))}, "note")
    else:
        flash(response, sentence)
    return response


routes: list[BaseRoute] = [
    Route(REVIEW, index),
    Route(REVIEW + "/confirmar", confirm),
    Route(REVIEW + "/" + APPROVE, approve, methods=["POST"]),
    Route(REVIEW + "/" + REJECT, reject, methods=["POST"]),
]
