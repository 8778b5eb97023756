"""`/panel/sesiones/{id}/asistencia`"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import ATTENDANCE_TAKERS
from trainings.attendance import actions, views
from trainings.attendance.events import EventKind, FormEvent, SentBatch, read_mark
from trainings.attendance.intake import Intake, keep_marks
from trainings.attendance.models import ScanHow
from trainings.attendance.phones.closings import untold
from trainings.attendance.phones.state import exact
from trainings.attendance.queries import (
    Door,
    Gate,
    Listed,
    answer_about,
    answers_about,
    beside_list,
    closing_gate,
    companions_by_phone,
    door_of,
    gate_of,
    heads_now,
    lines_of,
    listed,
    roster,
    totals,
)
from trainings.attendance.review import views as review_views
from trainings.attendance.review.queries import review_of
from trainings.attendance.scans import Answer
from trainings.attendance.sheets.queries import next_unnamed
from trainings.certificates.issuing import preparing
from trainings.errors import Malformed, Refusal, WrongInput
from trainings.lib import tokens
from trainings.panel.attendance.forms import CloseForm, MarkForm, UndoForm, WalkInForm
from trainings.people import choices
from trainings.people.consents import asked_now
from trainings.people.models import ConsentHow, ConsentPurpose
from trainings.registrations.cards.forms import read_card_wish
from trainings.registrations.cards.queries import SeenCard, seen_card
from trainings.registrations.commands import SignUp, for_one
from trainings.registrations.desk.staff_refusals import as_refused_to_staff
from trainings.registrations.eligibility import minor_ages
from trainings.registrations.models import Source
from trainings.registrations.signup.age_choices import slip_ages
from trainings.schedule.models import TrainingSession, TrainingState
from trainings.schedule.session_actions import EndOutside, closes_early
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, ListPage, Typed, as_refused, asked_page, beside, check, key_in, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render, scan_page_headers

PAGE = 90
"""People on one page: a village's training is shown whole, and goes on without a signal."""
PREFIX = "/panel/sesiones/{id:uuid}/asistencia"


class EndMissing(WrongInput):
    sentence = N_("Falta mucho para la hora planeada. Escriba a qué hora terminó.")


class UnreadableEvents(Malformed):
    sentence = N_("No pudimos leer las marcas que envió este aparato.")


async def _door(request: Request) -> Door:
    return await door_of(request.path_params["id"], request.state.actor)


async def _gate(request: Request) -> Gate:
    return await gate_of(request.path_params["id"], request.state.actor)


def _page(session: TrainingSession, anchor: str = "", **query: Any) -> str:
    kept = urlencode({name: str(value) for name, value in query.items() if value})
    return f"/panel/sesiones/{session.id}/asistencia" + (f"?{kept}" if kept else "") + anchor


@allow(*ATTENDANCE_TAKERS)
async def show(request: Request) -> Response:
    return await _show(request, await _door(request))


async def _show(
    request: Request,
    door: Door,
    *,
    typed: str = "",
    error: str = "",
    status: int = 200,
) -> Response:
    people = await listed(door.session)
    counted = totals(people)
    training_goes_on = door.session.training.state is not TrainingState.CANCELLED
    context = {
        "session": views.session_view(door),
        **await _list(request, door.session, people),
        "n_present": counted.n_present,
        "n_expected": counted.n_expected,
        "beside": await beside_list(door.session.id),
        "companions": await companions_by_phone(door.session.id),
        "to_review": review_views.one_line(await review_of(door.session)),
        "closed": door.session.closed_at is not None,
        "can_close": door.can_close and training_goes_on,
        "is_off": not door.session.is_on,
        "last": await _last(request, door),
        "code_typed": typed,
        "code_error": error,
        "new_id": tokens.uuid7,
    }
    return render(request, "panel/attendance/show.html", context, status=status, headers=scan_page_headers())


async def _list(request: Request, session: TrainingSession, people: Sequence[Listed]) -> dict[str, Any]:
    """All people of most sessions, which the script narrows as one types; of more than a page, those who fit."""
    view = request.query_params.get("filtro", "todas")
    view = view if view in views.FILTERS else "todas"
    query = request.query_params.get("q", "")[:100]
    found = views.fitting(people, view, query)
    is_whole = len(people) <= PAGE
    number = 1 if is_whole else min(asked_page(request.query_params), max(1, -(-len(found) // PAGE)))
    start, shown = PAGE * (number - 1), {one.number for one in found}
    rows = people if is_whole else found[start : start + PAGE]
    page = ListPage(rows, start, len(people) if is_whole else len(found))
    lines = await lines_of(session, rows)
    return {
        "roster": [views.person_view(line, is_shown=line.number in shown) for line in lines],
        "page": page,
        **beside(request, number, page),
        "number": number,
        "is_whole": is_whole,
        "n_shown": len(found),
        "n": {name: len(views.fitting(people, name)) for name in views.FILTERS},
        "filter": view,
        "q": query,
    }


async def _last(request: Request, door: Door) -> dict[str, Any] | None:
    """The address names the event, never the person."""
    event_id = key_in(request.query_params.get("marca", ""))
    answer = await answer_about(door.session.id, event_id) if event_id is not None else None
    return views.answer_view(answer, door.session.id) if answer is not None else None


@allow(*ATTENDANCE_TAKERS)
async def marks(request: Request) -> Response:
    """JSON from the scanner, or one form. Both are stored, never refused by a rule."""
    gate = await _gate(request)
    if request.headers.get("content-type", "").startswith("application/json"):
        return await _marks_json(request, gate)
    typed = await read_form(request)
    try:
        form = check(MarkForm, typed)
    except FormErrors as exc:
        error = exc.typed.error("code") or exc.typed.error("") or gettext(N_("Escriba el código del boleto."))
        return await _show(request, await _door(request), typed=typed.value("code"), error=error, status=422)
    [answer] = await actions.take(gate.session.id, [form.event(gate.session.id)], actor=request.state.actor)
    return _answered(gate.session, answer, typed)


def _answered(session: TrainingSession, answer: Answer, typed: Typed) -> Response:
    kept = {"filtro": typed.value("filtro"), "q": typed.value("q")[:100], "pagina": typed.value("pagina")[:5]}
    return redirect(_page(session, "#resultado", marca=answer.id, **kept))


async def _marks_json(request: Request, gate: Gate) -> Response:
    try:
        body = SentBatch.model_validate_json(await request.body())
    except ValidationError as exc:
        raise UnreadableEvents from exc
    now, session = clock.now(), gate.session
    begin = partial(Intake, now - body.client_now, body.sent(now), user_id=request.state.actor.id)
    results = await keep_marks(begin, [read_mark(item, session.id) for item in body.events])
    answers = await answers_about(session.id, [one.kept_as for one in results if one.kept_as is not None])
    told = [(views.result_json(one), answers.get(one.kept_as) if one.kept_as else None) for one in results]
    heads = await heads_now(session)
    return JSONResponse(
        {
            "now": exact(now),
            "results": [kept | (views.answer_json(answer, session.id) if answer else {}) for kept, answer in told],
            **heads._asdict(),
        },
        headers={"cache-control": "no-store"},
    )


@allow(*ATTENDANCE_TAKERS)
async def undo(request: Request) -> Response:
    gate = await _gate(request)
    typed = await read_form(request)
    form = check(UndoForm, typed)
    key = gate.session.id
    event = FormEvent(id=form.id, kind=EventKind.UNDO, how=ScanHow.LIST, session=key, target=form.event)
    [answer] = await actions.take(key, [event], actor=request.state.actor)
    return _answered(gate.session, answer, typed)


@allow(*ATTENDANCE_TAKERS)
async def new_walk_in(request: Request) -> Response:
    door = await _door(request)
    return await _walk_in_page(request, door, None, str(tokens.uuid7()), request.query_params.get("tarjeta", ""))


async def _walk_in_page(
    request: Request, door: Door, typed: Typed | None, key: str, card_key: str, status: int = 200
) -> Response:
    card = await _card_shown(door, card_key)
    training = door.session.training
    has_card = card is not None and card.is_usable
    takes_minors = has_card and bool(minor_ages(training))
    context = {
        "card": card,
        "card_problem": "" if card is None or card.is_usable else views.card_text(card),
        "takes_minors": takes_minors,
        "relations": choices.relations() if takes_minors else [],
        "session": views.session_view(door),
        "form": typed,
        "id": key,
        "then": typed.value("sigue") if typed else request.query_params.get("sigue", ""),
        "municipality": training.hub.seat_id,
        "walk_ins": training.walk_ins,
        "spoken": asked_now(aloud=True),
        **choices.of_person(training.hub.seat.department, adults_only=True),
    }
    if has_card:
        context["age_groups"] = slip_ages([training], typed.value("age_group") if typed else "")
    return render(request, "panel/attendance/walk_in.html", context, status=status)


async def _card_shown(door: Door, key: str) -> SeenCard | None:
    """Shown by the address or form; another hub's card is unknown."""
    card_id = key_in(key)
    return await seen_card(door.session.training, card_id) if card_id is not None else None


@allow(*ATTENDANCE_TAKERS)
async def create_walk_in(request: Request) -> Response:
    door = await _door(request)
    typed = await read_form(request)
    try:
        form = check(WalkInForm, typed)
        answer = await actions.add_walk_in(door.session.id, _wish(form, typed), form.id, actor=request.state.actor)
    except (FormErrors, Refusal) as error:
        again, status = as_refused_to_staff(typed, error)
        return await _walk_in_page(request, door, again, typed.value("id"), typed.value("card"), status)
    next_one = await _next_slip(door.session, form.card, typed.value("sigue")) if form.card is not None else ""
    return redirect(next_one, gettext(SLIP_DONE)) if next_one else _answered(door.session, answer, typed)


SLIP_DONE = N_("Listo. La persona está anotada y su llegada cuenta. Sigue la próxima ficha.")


async def _next_slip(session: TrainingSession, card_id: UUID, then: str) -> str:
    """Slips are typed one after another: of one sheet by its rows, others by the next code. Empty: no more."""
    if then == "fila":
        following = await next_unnamed(session.id, card_id)
        return f"{_page(session)}/sin-boleto?tarjeta={following}&sigue=fila" if following else ""
    return f"/panel/tarjetas/usar?capacitacion={key_in(then)}" if key_in(then) else ""


def _wish(form: WalkInForm, typed: Typed) -> SignUp:
    """Consent was read aloud; with a card also for a minor whose guardian is present or on the telephone."""
    how: dict[str, Any] = {"source": Source.WALK_IN, "consent_how": ConsentHow.READ_ALOUD}
    if form.card is not None:
        return replace(read_card_wish(typed, **how), card_id=form.card, body_hash=str(form.id))
    how |= {"idempotency_key": f"walkin-{form.id}", "body_hash": str(form.id)}
    return for_one(form, frozenset({ConsentPurpose.DATA}), **how)


@allow(*ATTENDANCE_TAKERS)
async def confirm_close(request: Request) -> Response:
    session = (await closing_gate(request.path_params["id"], request.state.actor)).session
    if session.closed_at is not None:
        return redirect(_page(session))
    return await _close_page(request, session, Typed())


async def _close_page(request: Request, session: TrainingSession, form: Typed, *, status: int = 200) -> Response:
    lines = await roster(session)
    counted = totals(lines)
    context = {
        "session": views.session_view(await _door(request)),
        "n_present": counted.n_present,
        "n_expected": counted.n_expected,
        "n_missing": counted.n_expected - counted.n_present,
        "phones": await untold(session),
        "n_review": sum(line.stay.to_review for line in lines),
        "n_undecided": (await review_of(session)).n_counting_nobody,
        "beside": await beside_list(session.id),
        "companions": await companions_by_phone(session.id),
        "asks_end": closes_early(session, clock.now()) or bool(form.value("ended")),
        "form": form,
    }
    return render(request, "panel/attendance/close.html", context, status=status)


@allow(*ATTENDANCE_TAKERS)
async def close(request: Request) -> Response:
    session = (await closing_gate(request.path_params["id"], request.state.actor)).session
    typed = await read_form(request)
    try:
        ended_at = _end_said(session, check(CloseForm, typed))
        await actions.close_session(session.id, actor=request.state.actor, ended_at=ended_at)
    except (FormErrors, EndMissing, EndOutside) as error:
        typed, status = as_refused(typed, error)
        return await _close_page(request, session, typed, status=status)
    await preparing.validate_few(session.training_id)
    return redirect(_page(session), gettext(N_("Listo. La sesión está cerrada y las horas ya cuentan.")))


def _end_said(session: TrainingSession, form: CloseForm) -> datetime | None:
    """On the day the session began, or past midnight. The typed hour holds, also where the form comes late."""
    if form.ended is None and closes_early(session, clock.now()):
        raise EndMissing(field="ended")
    if form.ended is None:
        return None
    ended_at = clock.at(clock.local(session.starts_at).date(), form.ended)
    if ended_at < session.starts_at.replace(second=0, microsecond=0):
        ended_at += timedelta(days=1)
    return max(ended_at, session.starts_at)


@allow(*ATTENDANCE_TAKERS)
async def reopen(request: Request) -> Response:
    session = (await closing_gate(request.path_params["id"], request.state.actor)).session
    await actions.reopen_session(session.id, actor=request.state.actor)
    return redirect(_page(session), gettext(N_("La sesión está abierta otra vez.")))


routes: list[BaseRoute] = [
    Route(PREFIX, show),
    Route(PREFIX + "/marcas", marks, methods=["POST"]),
    Route(PREFIX + "/deshacer", undo, methods=["POST"]),
    Route(PREFIX + "/sin-boleto", new_walk_in),
    Route(PREFIX + "/sin-boleto", create_walk_in, methods=["POST"]),
    Route(PREFIX + "/cerrar", confirm_close),
    Route(PREFIX + "/cerrar", close, methods=["POST"]),
    Route(PREFIX + "/reabrir", reopen, methods=["POST"]),
]
