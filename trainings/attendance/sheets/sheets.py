"""Printing freezes rows of a sheet, typing in marks them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from trainings import clock
from trainings.attendance import actions
from trainings.attendance.events import EventKind, FormEvent
from trainings.attendance.models import AttendanceSheet, ScanEvent, ScanHow, SheetRow
from trainings.attendance.projection import ARRIVALS
from trainings.attendance.queries import roster
from trainings.attendance.scans import DOOR_OPENS, Answer
from trainings.attendance.sheets.queries import Line, event_of_row, line_of, listed_at, unlisted
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.errors import NotFound, Refusal, WrongInput
from trainings.lib import tokens
from trainings.places.models import Operator
from trainings.registrations.models import Card
from trainings.registrations.seats.cards import make_spares
from trainings.schedule.models import PrintKind, Training, TrainingSession
from trainings.schedule.staff.printouts import note_printed
from trainings.web.i18n import N_

MOST_BLANK = 60
USUAL_BLANK = 8

COLUMNS: dict[str, str] = {
    "dpi": N_("DPI"),
    "office": N_("Cargo"),
    "phone": N_("Teléfono"),
    "organization": N_("Institución u organización"),
    "community": N_("Comunidad"),
    "sex": N_("Sexo (M/H)"),
    "age": N_("Edad"),
}
"""Printed empty, for handwriting, never typed in here."""


def columns_of(operator: Operator) -> list[str]:
    chosen = operator.sheet_columns.split(",")
    return [code for code in COLUMNS if code in chosen]


class UnknownOperator(NotFound):
    sentence = N_("No encontramos esa entidad entre las suyas.")


class NobodyToPrint(WrongInput):
    sentence = N_("La hoja quedaría vacía. Escriba cuántas filas vacías lleva.")


class NoRows(WrongInput):
    sentence = N_("Con esa línea no queda ninguna fila marcada. Revise los números.")


class RowIsEmpty(Refusal):
    sentence = N_("En la fila %(row)s no hay nadie marcado. Márquela primero.")


class LeftAtWrongTime(WrongInput):
    sentence = N_("Escriba una hora entre el comienzo y el final de la sesión, que ya haya pasado.")


class CardIsGone(Refusal):
    sentence = N_(
        "La tarjeta de la fila %(row)s ya no vale, o es de otra capacitación. Anote a la persona con «Sin boleto»."
    )


class WasUndone(Refusal):
    code = "was_undone"
    sentence = N_("Esa marca ya se había deshecho. Toque «Marcar presente» otra vez.")


async def print_sheet(
    session_id: UUID,
    *,
    n_blank: int,
    columns: Collection[str],
    actor: Actor,
    key: UUID | None = None,
    is_continuation: bool = False,
) -> AttendanceSheet:
    """Freeze the rows of a sheet under a new code: expected people by name, then blank rows, each with a spare card.

    `key`: the form's; twice is one sheet. A printed sheet never changes. A continuation holds only people on no sheet
    of the session. Refuses (NobodyToPrint) a sheet without rows.
    """
    assert 0 <= n_blank <= MOST_BLANK
    sheet_id = key or tokens.uuid7()
    async with transaction():
        session = await TrainingSession.get(id=session_id)
        [training] = await lock(Training, [session.training_id])
        standing = await AttendanceSheet.get_or_none(id=sheet_id)
        if standing is not None and standing.session_id == session_id:
            return standing
        if standing is not None or await Card.exists(sheet_id=sheet_id):
            # Not made by this form: a key of something else, whose rows and cards are not this session's.
            sheet_id = tokens.uuid7()
        people = await _people(session, is_continuation=is_continuation)
        if not people and not n_blank:
            raise NobodyToPrint(field="n_blank")
        known = [code for code in COLUMNS if code in columns]
        sheet = await AttendanceSheet.create(
            id=sheet_id, session_id=session_id, code=await _free_code(), columns=known, printed_by_id=actor.id
        )
        await _freeze(sheet, people, await _spares(training.hub_id, sheet_id, n_blank, actor))
        await note_printed(training.id, PrintKind.SHEET, actor=actor, session_id=session_id)
        told = {"sheet": sheet.code, "n": len(people)}
        await record("attendance.print_sheet", actor=actor, object_id=session_id, hub_id=training.hub_id, **told)
        return sheet


async def print_first_sheet(session_id: UUID, *, actor: Actor) -> None:
    """Unless one was printed: signed paper needs a code to be typed in."""
    if not await AttendanceSheet.exists(session_id=session_id):
        first = uuid5(session_id, "first sheet")
        await print_sheet(session_id, n_blank=USUAL_BLANK, columns=(), actor=actor, key=first)


async def _freeze(sheet: AttendanceSheet, people: Sequence[UUID], cards: Sequence[Card]) -> None:
    rows = [(one, None) for one in people] + [(None, card.id) for card in cards]
    await SheetRow.bulk_create(
        SheetRow(sheet_id=sheet.id, number=number, registration_id=registration, card_id=card)
        for number, (registration, card) in enumerate(rows, start=1)
    )


async def _people(session: TrainingSession, *, is_continuation: bool) -> list[UUID]:
    before = await listed_at(session.id) if is_continuation else ()
    return [line.registration_id for line in unlisted(await roster(session), before)]


async def _free_code() -> str:
    while True:
        code = tokens.sheet_code()
        if not await AttendanceSheet.exists(code=code):
            return code


async def _spares(hub_id: UUID, sheet_id: UUID, n: int, actor: Actor) -> list[Card]:
    if n == 0:
        return []
    await make_spares(hub_id, n, actor=actor, key=sheet_id)
    return await Card.filter(sheet_id=sheet_id).order_by("number")


async def mark_rows(sheet_id: UUID, numbers: Collection[int], *, actor: Actor, key: UUID) -> list[Answer]:
    """Mark these rows present, by the signed paper; one answer per row, in order. A blank row is its spare card. Sent
    twice with one `key` it counts once. Arrival is the session's start: a signature does not say that a person
    returned after leaving. Refuses as `actions.take`.
    """
    sheet = await AttendanceSheet.get(id=sheet_id)
    found = (
        await SheetRow.filter(sheet_id=sheet_id, number__in=sorted(numbers)).order_by("number").values_list("number")
    )
    rows = [(event_of_row(key, number), number) for (number,) in found]
    events = [_event(sheet, event_id, EventKind.IN, sheet=sheet.code, row=number) for event_id, number in rows]
    return await actions.take(sheet.session_id, events, actor=actor) if events else []


def _event(paper: AttendanceSheet, event_id: UUID, kind: EventKind, **about: Any) -> FormEvent:
    return FormEvent(id=event_id, kind=kind, how=ScanHow.SHEET, session=paper.session_id, **about)


async def unmark_rows(sheet_id: UUID, *, actor: Actor, key: UUID) -> list[Answer]:
    """Take back all marks of this `key`. People marked otherwise too stay present."""
    sheet = await AttendanceSheet.get(id=sheet_id)
    numbers = await SheetRow.filter(sheet_id=sheet_id).order_by("number").values_list("number")
    made = [event_of_row(key, number) for (number,) in numbers]
    marked = await ScanEvent.filter(session_id=sheet.session_id, id__in=made).order_by("row")
    return await _undo(sheet, {one.id: one.row for one in marked}, actor=actor, key=key)


async def unmark_row(sheet_id: UUID, number: int, event_id: UUID, *, actor: Actor, key: UUID) -> bool:
    """True: present all the same, by another mark. Refuses (RowIsEmpty) a mark of another person."""
    sheet = await AttendanceSheet.get(id=sheet_id)
    line = await line_of(sheet_id, number)
    shown = await ScanEvent.get_or_none(id=event_id, session_id=sheet.session_id)
    if shown is None or shown.registration_id not in (line.registration_id, line.person_id, *line.sign_ups):
        raise RowIsEmpty(row=number)
    await _undo(sheet, {event_id: number}, actor=actor, key=key)
    return shown.kind in ARRIVALS and (await line_of(sheet_id, number)).stay.is_present


async def note_left(sheet_id: UUID, number: int, left_at: datetime, *, actor: Actor, key: UUID) -> None:
    """Replaces what was said before. Refuses an unmarked row (RowIsEmpty), and a time outside the session or in the
    future (LeftAtWrongTime). The arrival is not compared: a line of the paper has the session's start as its time.
    """
    line = await _marked(sheet_id, number)
    sheet = await AttendanceSheet.get(id=sheet_id).select_related("session")
    is_possible = sheet.session.starts_at < left_at < sheet.session.ends_at and left_at <= clock.now()
    if line.registration_id is None or not is_possible:
        raise LeftAtWrongTime(field="time")
    if line.stay.left_at == left_at:
        return
    # Going back in the browser to correct the time sends the same key.
    event_id = uuid5(key, f"left {left_at.isoformat()} {line.event_id}")
    if line.stay.left_at is not None:
        assert line.event_id is not None
        await _undo(sheet, {line.event_id: number}, actor=actor, key=uuid5(key, "before"))
    # Said days later, it counts as if said at the door, at the stated time.
    at = min(clock.now(), sheet.session.ends_at + DOOR_OPENS)
    # Minutes are counted for each sign-up by its own marks.
    whom = {"registration": line.here_as, "sheet": sheet.code, "row": number}
    left = _event(sheet, event_id, EventKind.LEFT, at=at, stated_at=left_at, **whom)
    await actions.take(line.session_id, [left], actor=actor)


async def _marked(sheet_id: UUID, number: int) -> Line:
    line = await line_of(sheet_id, number)
    if line.event_id is None:
        raise RowIsEmpty(row=number)
    return line


async def _undo(sheet: AttendanceSheet, rows: Mapping[UUID, int | None], *, actor: Actor, key: UUID) -> list[Answer]:
    events = [_event(sheet, uuid5(key, f"undo {one}"), EventKind.UNDO, target=one, row=n) for one, n in rows.items()]
    return await actions.take(sheet.session_id, events, actor=actor) if events else []


async def keep_paper(sheet_id: UUID, where: str, *, actor: Actor) -> None:
    async with transaction():
        sheet = await AttendanceSheet.get(id=sheet_id).select_related("session__training")
        hub_id = sheet.session.training.hub_id
        sheet.kept_where, sheet.kept_at, sheet.kept_by_id = where, clock.now(), actor.id
        await sheet.save(update_fields=["kept_where", "kept_at", "kept_by_id"])
        # Not where: the log is for good, and people write whose house it is.
        await record("attendance.keep_sheet", actor=actor, object_id=sheet.session_id, hub_id=hub_id, sheet=sheet.code)
