"""`/panel/sesiones/{id}/expediente`: a session's account, and its file as PDF.

`/panel/sesiones/{id}/aviso-familia`, `/panel/menor-solo`: a minor who comes alone. Nothing of it is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.accounts.permissions import ATTENDANCE_TAKERS
from trainings.attendance import views
from trainings.attendance.queries import Door, door_of, roster
from trainings.attendance.review.queries import review_of
from trainings.attendance.sessions.forms import AGENDA_LENGTH, MOST_RATIONS, SUMMARY_LENGTH, ReportForm
from trainings.attendance.sessions.reports import (
    Paper,
    Report,
    Waiting,
    figures_of,
    known_of,
    missing,
    report_of,
    write_report,
)
from trainings.attendance.sessions.session_file import SESSION_FILE, file_data, session_file
from trainings.attendance.sheets.access import door_at
from trainings.attendance.sheets.queries import sheets_of
from trainings.attendance.sheets.sheets import print_first_sheet
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.places.models import Hub
from trainings.registrations.models import InvitationLetter
from trainings.schedule.models import PrintKind
from trainings.schedule.queries import UnknownSession
from trainings.schedule.staff.printouts import note_printed
from trainings.web.allow import allow
from trainings.web.forms import FormErrors, Typed, check, read_form
from trainings.web.i18n import N_, gettext
from trainings.web.render import pdf_response, redirect, render

FILE = "/panel/sesiones/{id:uuid}/expediente"
MARKED, EMPTY = "marcada", "vacia"


def path_of(session_id: UUID, rest: str = "") -> str:
    return f"/panel/sesiones/{session_id}/expediente{rest}"


@allow(*ATTENDANCE_TAKERS)
async def show(request: Request) -> Response:
    return await _show(request, await door_at(request), None)


async def _show(request: Request, door: Door, form: Typed | None, status: int = 200) -> Response:
    session, training = door.session, door.session.training
    figures = await figures_of(session, await roster(session))
    written = await report_of(session.id)
    report = written or await known_of(session, figures)
    printed = await sheets_of(session.id)
    # Of several sheets the last may be a second print of the same: one sheet with a known place is enough.
    paper = Paper(bool(printed), 0 if any(one.kept_where for one in printed) else len(printed))
    review = await review_of(session)
    waiting = Waiting(review.n_counting_nobody, len(review.gaps))
    context: dict[str, Any] = {
        "session": views.session_view(door),
        "figures": figures,
        "form": form or _typed(report),
        "wrong": form,
        "is_written": written is not None,
        "lacks": [
            (
                path if path.startswith("#") or not path else f"/panel/sesiones/{session.id}{path}",
                gettext(text) % {"n": n},
            )
            for path, text, n in missing(session, training.offers, report, figures, paper, waiting)
        ],
        "n_letters": await InvitationLetter.filter(training_id=training.id).count(),
        "sheets": printed,
        "lengths": (AGENDA_LENGTH, SUMMARY_LENGTH),
        "most_rations": MOST_RATIONS,
        "list": MARKED if figures.n_present else EMPTY,
    }
    return render(request, "attendance/sessions/file.html", context, status=status)


def _typed(report: Report) -> Typed:
    return Typed.of(
        {
            "agenda": report.agenda,
            "summary": report.summary,
            "rations_planned": report.rations_planned,
            "rations_served": report.rations_served,
            "transport_each": report.transport_each,
        }
    )


@allow(*ATTENDANCE_TAKERS)
async def write(request: Request) -> Response:
    door = await door_at(request)
    typed = await read_form(request)
    try:
        form = check(ReportForm, typed)
    except FormErrors as exc:
        return await _show(request, door, exc.typed, 422)
    await write_report(door.session.id, form.report, actor=request.state.actor)
    if typed.value("do") == "pdf":
        wanted = EMPTY if typed.value("list") == EMPTY else MARKED
        if wanted == EMPTY:
            await print_first_sheet(door.session.id, actor=request.state.actor)
        return redirect(path_of(door.session.id, f".pdf?lista={wanted}"))
    return redirect(path_of(door.session.id), gettext(N_("Listo. El expediente quedó guardado.")))


@allow(*ATTENDANCE_TAKERS)
async def file(request: Request) -> Response:
    """Logged, since it has full names. An empty list, to sign, is a printout; a marked list is none."""
    door = await door_at(request)
    session, actor = door.session, request.state.actor
    found = await session_file(door)
    is_marked = request.query_params.get("lista") != EMPTY
    made = await asyncio.to_thread(SESSION_FILE.pdf, file_data(found, is_marked=is_marked), made_at=clock.now())
    await record(
        "attendance.print_file",
        actor=actor,
        object_id=session.id,
        hub_id=session.training.hub_id,
        n=len(found.lines),
        receipts=len(found.present) if found.report.transport_each else 0,
    )
    if not is_marked:
        await note_printed(session.training_id, PrintKind.SHEET, actor=actor, session_id=session.id)
    return pdf_response(made, "expediente.pdf")


ALONE = "/panel/menor-solo"
COPIES = range(3)


@allow(*ATTENDANCE_TAKERS)
async def family_slip(request: Request) -> Response:
    """Names no person and no place."""
    session = (await door_of(request.path_params["id"], request.state.actor)).session
    training = session.training
    context = {
        "session": session,
        "title": training.title_told,
        "training": training,
        "hub": training.hub,
        "phone": training.phone,
        "copies": COPIES,
    }
    return render(request, "attendance/family_slip.html", context)


@allow(*ATTENDANCE_TAKERS)
async def ask_if_alone(request: Request) -> Response:
    """Contacts are shown only once staff say that the minor travels alone."""
    return render(request, "attendance/alone.html", {"is_alone": False})


@allow(*ATTENDANCE_TAKERS)
async def protect(request: Request) -> Response:
    """The form is empty: signing in again keeps nothing of it."""
    hubs = await _hubs_to_call(request.query_params.get("sesion", ""), request.state.actor)
    return render(request, "attendance/alone.html", {"is_alone": True, "hubs": hubs})


async def _hubs_to_call(session_key: str, actor: Actor) -> Sequence[Hub]:
    try:
        return [(await door_of(UUID(session_key), actor)).session.training.hub]
    except (ValueError, UnknownSession):
        return await reads(Hub).filter(id__in=sorted(actor.hubs_with(ATTENDANCE_TAKERS))).order_by("name")


routes: list[BaseRoute] = [
    Route(FILE, show),
    Route(FILE, write, methods=["POST"]),
    Route(FILE + ".pdf", file),
    Route("/panel/sesiones/{id:uuid}/aviso-familia", family_slip),
    Route(ALONE, ask_if_alone),
    Route(ALONE, protect, methods=["POST"]),
]
