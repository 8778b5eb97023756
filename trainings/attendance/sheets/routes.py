"""`/panel/sesiones/{id}/hojas`: printed sheets and the signed paper. `/panel/textos/hojas`: their columns for
handwriting.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import ATTENDANCE_TAKERS, OPERATOR_ADMINS
from trainings.attendance import views
from trainings.attendance.queries import Door, gate_of, roster
from trainings.attendance.sheets import sheets
from trainings.attendance.sheets.access import LIST, ONE, door_at, log_names, opened_at, path_of
from trainings.attendance.sheets.forms import ColumnsForm, PrintForm
from trainings.attendance.sheets.pages import SHEET, SHORT, head_of, sheet_data
from trainings.attendance.sheets.queries import OpenSheet, UnknownSheet, listed_at, sheet_by_code, sheets_of, unlisted
from trainings.attendance.sheets.sheets import COLUMNS, UnknownOperator, columns_of
from trainings.db import reads
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.places.actions import set_sheet_columns
from trainings.places.models import Operator
from trainings.registrations.cards.queries import CardLine
from trainings.registrations.cards.sheets import SPARE_CARDS, spare_data
from trainings.registrations.models import Card
from trainings.registrations.seats.cards import record_printing
from trainings.schedule.models import PrintKind
from trainings.schedule.queries import UnknownSession
from trainings.schedule.staff.printouts import note_printed
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, Typed, as_refused, check, read_form
from trainings.web.i18n import N_, SOURCE_LANGUAGE, gettext, speaking
from trainings.web.render import pdf_response, redirect, render

FIND = "/panel/hojas"


# -- the sheets of a session


@allow(*ATTENDANCE_TAKERS)
async def index(request: Request) -> Response:
    return await _index(request, await door_at(request), None)


async def _index(request: Request, door: Door, form: Typed | None, status: int = 200) -> Response:
    session, training = door.session, door.session.training
    operator = await reads(Operator).get(id=training.hub.operator_id)
    printed = await sheets_of(session.id)
    waiting = unlisted(await roster(session), await listed_at(session.id)) if printed else []
    context: dict[str, Any] = {
        "session": views.session_view(door),
        "sheets": printed,
        "n_unlisted": len(waiting),
        "columns": [(code, gettext(sheets.COLUMNS[code])) for code in sheets.columns_of(operator)],
        "sets_columns": request.state.actor.has_at(training.hub_id, OPERATOR_ADMINS),
        "n_blank": min(max(sheets.USUAL_BLANK, training.n_free), sheets.MOST_BLANK),
        "most": sheets.MOST_BLANK,
        "form": form,
        "key": (form.value("key") if form else "") or str(tokens.uuid7()),
    }
    return render(request, "attendance/sheets/index.html", context, status=status)


@allow(*ATTENDANCE_TAKERS)
async def create(request: Request) -> Response:
    door = await door_at(request)
    typed = await read_form(request)
    try:
        form = check(PrintForm, typed)
        sheet = await sheets.print_sheet(
            door.session.id,
            n_blank=form.n_blank,
            columns=form.columns,
            is_continuation=form.who == "new",
            key=form.key,
            actor=request.state.actor,
        )
    except (FormErrors, Refusal) as error:
        return await _index(request, door, *as_refused(typed, error))
    return redirect(
        path_of(door.session.id, sheet.code),
        gettext(N_("Lista la hoja %(code)s: imprímala aquí.")) % {"code": tokens.show_sheet_code(sheet.code)},
    )


@allow(*ATTENDANCE_TAKERS)
async def find(request: Request) -> Response:
    typed = request.query_params.get("codigo", "")[:40]
    if not typed:
        return render(request, "attendance/sheets/find.html", {"typed": "", "error": ""})
    try:
        sheet = await sheet_by_code(typed)
        await gate_of(sheet.session_id, request.state.actor)
    except (UnknownSheet, UnknownSession):
        context = {"typed": typed, "error": gettext(UnknownSheet.sentence)}
        return render(request, "attendance/sheets/find.html", context, status=404)
    return redirect(path_of(sheet.session_id, sheet.code))


# -- one sheet on paper


async def _printed(request: Request) -> tuple[Door, OpenSheet]:
    door = await door_at(request)
    opened = await opened_at(request, door)
    await log_names(request, "attendance.print_sheet", door, opened)
    session = door.session
    await note_printed(session.training_id, PrintKind.SHEET, actor=request.state.actor, session_id=session.id)
    return door, opened


@allow(*ATTENDANCE_TAKERS)
async def page(request: Request) -> Response:
    """In Spanish like the PDF, whatever the panel's language."""
    door, opened = await _printed(request)
    head = await head_of(door)
    with speaking(SOURCE_LANGUAGE):
        context = {
            "session": views.session_view(door),
            "sheet": opened,
            "head": head,
            "columns": [gettext(SHORT.get(code, sheets.COLUMNS[code])) for code in opened.sheet.columns],
            "base": path_of(door.session.id, opened.sheet.code),
        }
        return render(request, "attendance/sheets/print.html", context)


@allow(*ATTENDANCE_TAKERS)
async def file(request: Request) -> Response:
    door, opened = await _printed(request)
    data = sheet_data(await head_of(door), opened)
    made = await asyncio.to_thread(SHEET.pdf, data, made_at=clock.now())
    return pdf_response(made, f"hoja-{opened.code}.pdf")


@allow(*ATTENDANCE_TAKERS)
async def cards(request: Request) -> Response:
    door = await door_at(request)
    opened = await opened_at(request, door)
    rows = {line.card_id: line.number for line in opened.lines if line.card_id is not None and line.is_card_open}
    found = await Card.filter(id__in=list(rows)).order_by("number")
    if not found:
        raise UnknownSheet(N_("Las tarjetas de esta hoja ya tienen nombre, o no lleva filas vacías."))
    lines = [CardLine(one.id, rows[one.id], one.short_code, one.qr_token, one.state) for one in found]
    hub = door.session.training.hub
    await record_printing([one.id for one in found], hub_id=hub.id, actor=request.state.actor)
    data = spare_data(hub, lines, sheet=opened.code)
    made = await asyncio.to_thread(SPARE_CARDS.pdf, data, made_at=clock.now())
    return pdf_response(made, f"tarjetas-{opened.code}.pdf")


COLUMNS_PAGE = "/panel/textos/hojas"


async def _operators(request: Request) -> list[Operator]:
    hubs = sorted(request.state.actor.hubs_with(OPERATOR_ADMINS))
    return await reads(Operator).filter(hubs__id__in=hubs).distinct().order_by("name")


@allow(*OPERATOR_ADMINS)
async def show_columns(request: Request) -> Response:
    context = {
        "operators": [(one, columns_of(one)) for one in await _operators(request)],
        "choices": [(code, gettext(words)) for code, words in COLUMNS.items()],
    }
    return render(request, "attendance/sheets/columns.html", context)


@allow(*OPERATOR_ADMINS)
async def update_columns(request: Request) -> Response:
    wanted = request.path_params["operator"]
    operator = next((one for one in await _operators(request) if one.id == wanted), None)
    if operator is None:
        raise UnknownOperator
    form = check(ColumnsForm, await read_form(request))
    await set_sheet_columns(operator.id, ",".join(form.columns), actor=request.state.actor)
    return redirect(COLUMNS_PAGE, gettext(N_("Listo. Las hojas nuevas llevan esas columnas.")))


routes: list[BaseRoute] = [
    Route(FIND, find),
    Route(LIST, index),
    Route(LIST, create, methods=["POST"]),
    Route(ONE + "/imprimir", page),
    Route(ONE + "/hoja.pdf", file),
    Route(ONE + "/tarjetas.pdf", cards),
    Route(COLUMNS_PAGE, show_columns),
    Route("/panel/textos/{operator:uuid}/hojas", update_columns, methods=["POST"]),
]
