"""`/panel/sesiones/{id}/hojas/{code}`: a printed sheet and its rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import ATTENDANCE_TAKERS
from trainings.attendance import views
from trainings.attendance.queries import Door, roster
from trainings.attendance.scans import Outcome
from trainings.attendance.sheets import sheets
from trainings.attendance.sheets.access import ONE, door_at, log_names, opened_at, path_of
from trainings.attendance.sheets.forms import KeptForm, KeyForm, LeftForm, TypeInForm, UndoRowForm
from trainings.attendance.sheets.queries import Line, OpenSheet, TypedIn, UnknownRow, listed_at, typed_in, unlisted
from trainings.attendance.sheets.row_lists import NoSuchRow, read_rows
from trainings.audit.actor import Actor
from trainings.certificates.issuing import names
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.registrations.desk.staff_refusals import as_refused_to_staff
from trainings.registrations.signup.forms import RenameForm
from trainings.schedule.models import TrainingSession
from trainings.web.allow import allow
from trainings.web.forms import Form, FormErrors, Typed, as_refused, check, key_in, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import redirect, render

F = TypeVar("F", bound=Form)

ROW = ONE + "/filas/{row:int}"


@allow(*ATTENDANCE_TAKERS)
async def show(request: Request) -> Response:
    door = await door_at(request)
    return await _show(request, door, await opened_at(request, door), Typed())


async def _show(request: Request, door: Door, opened: OpenSheet, form: Typed, status: int = 200) -> Response:
    await log_names(request, "attendance.open_sheet", door, opened)
    session = door.session
    waiting = unlisted(await roster(session), await listed_at(session.id))
    context: dict[str, Any] = {
        "session": views.session_view(door),
        "sheet": opened,
        "base": path_of(session.id, opened.sheet.code),
        "typed": await _typed_in(request, opened),
        "n_present": sum(line.stay.is_present for line in opened.lines),
        "n_cards": sum(line.is_card_open for line in opened.lines),
        "n_unlisted": len(waiting),
        "form": form,
        "key": form.value("key") or str(tokens.uuid7()),
    }
    return render(request, "attendance/sheets/show.html", context, status=status)


async def _typed_in(request: Request, opened: OpenSheet) -> TypedIn | None:
    key = key_in(request.query_params.get("linea", ""))
    return await typed_in(opened, key) if key is not None else None


# -- typing it in


@allow(*ATTENDANCE_TAKERS)
async def type_in(request: Request) -> Response:
    """First what the line means, with names; then, confirmed, the marks."""
    door = await door_at(request)
    opened = await opened_at(request, door)
    typed = await read_form(request)
    try:
        form = check(TypeInForm, typed)
        numbers = read_rows(form.rows, named=opened.n_named, last=len(opened.lines))
        if not numbers:
            raise sheets.NoRows(field="rows")
        if typed.value("do") != "marcar":
            return await _preview(request, door, opened, numbers, form)
        await sheets.mark_rows(opened.sheet.id, numbers, actor=request.state.actor, key=form.key)
    except (FormErrors, Refusal) as error:
        # Other rows of the line may be marked by now.
        return await _show(request, door, await opened_at(request, door), *as_refused(typed, error))
    return redirect(path_of(door.session.id, opened.sheet.code, f"?linea={form.key}#linea"))


async def _preview(request: Request, door: Door, opened: OpenSheet, numbers: list[int], form: TypeInForm) -> Response:
    await log_names(request, "attendance.open_sheet", door, opened)
    chosen = set(numbers)
    context = {
        "session": views.session_view(door),
        "sheet": opened,
        "base": path_of(door.session.id, opened.sheet.code),
        "coming": [line for line in opened.lines if line.number in chosen],
        "missing": [line for line in opened.lines if line.number not in chosen and line.is_named_on_paper],
        "rows": form.rows,
        "key": str(form.key),
    }
    return render(request, "attendance/sheets/preview.html", context)


@allow(*ATTENDANCE_TAKERS)
async def take_back(request: Request) -> Response:
    door = await door_at(request)
    opened = await opened_at(request, door)
    form = check(KeyForm, await read_form(request))
    await sheets.unmark_rows(opened.sheet.id, actor=request.state.actor, key=form.key)
    return redirect(path_of(door.session.id, opened.sheet.code, f"?linea={form.key}#linea"))


# -- one row


@allow(*ATTENDANCE_TAKERS)
async def go_to_row(request: Request) -> Response:
    door = await door_at(request)
    opened = await opened_at(request, door)
    typed = request.query_params.get("n", "").strip()
    if not (typed.isascii() and typed.isdigit() and 1 <= int(typed[:4]) <= len(opened.lines)):
        form = Typed({"n": [typed[:10]]}).refused(NoSuchRow(field="n", row=typed[:10], last=len(opened.lines)))
        return await _show(request, door, opened, form, 422)
    return redirect(path_of(door.session.id, opened.sheet.code, f"/filas/{int(typed)}"))


@allow(*ATTENDANCE_TAKERS)
async def show_row(request: Request) -> Response:
    door = await door_at(request)
    opened = await opened_at(request, door)
    return await _row(request, door, opened, Typed())


async def _row(request: Request, door: Door, opened: OpenSheet, form: Typed, status: int = 200) -> Response:
    line = _line(request, opened)
    await log_names(request, "attendance.open_sheet", door, opened)
    context = {
        "session": views.session_view(door),
        "sheet": opened,
        "line": line,
        "base": path_of(door.session.id, opened.sheet.code),
        "form": form if form.fields else None,
        "new_id": tokens.uuid7,
    }
    return render(request, "attendance/sheets/row.html", context, status=status)


def _line(request: Request, opened: OpenSheet) -> Line:
    number: int = request.path_params["row"]
    if not 1 <= number <= len(opened.lines):
        raise UnknownRow
    return opened.lines[number - 1]


@dataclass(frozen=True, slots=True)
class ChangedRow:
    session: TrainingSession
    sheet_id: UUID
    line: Line
    actor: Actor


async def _change(request: Request, form_of: type[F], change: Callable[[ChangedRow, F], Awaitable[str]]) -> Response:
    door = await door_at(request)
    opened = await opened_at(request, door)
    line = _line(request, opened)
    typed = await read_form(request)
    try:
        form = check(form_of, typed)
        sentence = await change(ChangedRow(door.session, opened.sheet.id, line, request.state.actor), form)
    except (FormErrors, Refusal) as error:
        return await _row(request, door, opened, *as_refused_to_staff(typed, error))
    return redirect(
        path_of(door.session.id, opened.sheet.code, f"#fila-{line.number}"), gettext(sentence) % {"row": line.number}
    )


@allow(*ATTENDANCE_TAKERS)
async def mark_row(request: Request) -> Response:
    return await _change(request, KeyForm, _mark)


async def _mark(row: ChangedRow, form: KeyForm) -> str:
    [answer] = await sheets.mark_rows(row.sheet_id, [row.line.number], actor=row.actor, key=form.key)
    if answer.outcome is Outcome.UNKNOWN_CODE:
        raise sheets.CardIsGone(row=row.line.number)
    if answer.outcome is Outcome.UNDONE:
        raise sheets.WasUndone
    return N_("Listo. La fila %(row)s está marcada.")


@allow(*ATTENDANCE_TAKERS)
async def unmark_row(request: Request) -> Response:
    return await _change(request, UndoRowForm, _unmark)


async def _unmark(row: ChangedRow, form: UndoRowForm) -> str:
    if await sheets.unmark_row(row.sheet_id, row.line.number, form.event, actor=row.actor, key=form.key):
        return N_("Se deshizo una marca de la fila %(row)s. Sigue presente por otra: si no vino, deshágala también.")
    return N_("Listo. La fila %(row)s está como antes.")


@allow(*ATTENDANCE_TAKERS)
async def note_left(request: Request) -> Response:
    return await _change(request, LeftForm, _note_left)


async def _note_left(row: ChangedRow, form: LeftForm) -> str:
    day = clock.local(row.session.starts_at).date()
    left_at = datetime.combine(day, form.time, tzinfo=clock.GUATEMALA)
    await sheets.note_left(row.sheet_id, row.line.number, left_at, actor=row.actor, key=form.key)
    return N_("Listo. Se anotó a qué hora se fue la persona de la fila %(row)s.")


@allow(*ATTENDANCE_TAKERS)
async def rename(request: Request) -> Response:
    return await _change(request, RenameForm, _rename)


async def _rename(row: ChangedRow, form: RenameForm) -> str:
    if row.line.person_id is None:
        raise sheets.RowIsEmpty(row=row.line.number)
    await names.correct(row.line.person_id, form.given_names, form.surnames, None, actor=row.actor)
    return N_("Listo. Así se escribirá su nombre en el diploma.")


# -- the signed paper


@allow(*ATTENDANCE_TAKERS)
async def keep(request: Request) -> Response:
    door = await door_at(request)
    opened = await opened_at(request, door)
    try:
        form = check(KeptForm, await read_form(request))
    except FormErrors as exc:
        return await _show(request, door, opened, exc.typed, 422)
    await sheets.keep_paper(opened.sheet.id, form.where, actor=request.state.actor)
    return redirect(
        path_of(door.session.id, opened.sheet.code), gettext(N_("Listo. Se anotó dónde queda la hoja firmada."))
    )


routes: list[BaseRoute] = [
    Route(ONE, show),
    Route(ONE + "/pasar", type_in, methods=["POST"]),
    Route(ONE + "/deshacer", take_back, methods=["POST"]),
    Route(ONE + "/filas", go_to_row),
    Route(ROW, show_row),
    Route(ROW + "/marcar", mark_row, methods=["POST"]),
    Route(ROW + "/deshacer", unmark_row, methods=["POST"]),
    Route(ROW + "/salida", note_left, methods=["POST"]),
    Route(ROW + "/nombre", rename, methods=["POST"]),
    Route(ONE + "/guardada", keep, methods=["POST"]),
]
