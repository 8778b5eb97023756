"""Lists to sign: printing one freezes its rows, typing one in marks them, and where the signed paper is kept."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID, uuid5

from trainings import clock
from trainings.attendance import actions
from trainings.attendance.models import AttendanceSheet, ScanHow, ScanKind, SheetRow
from trainings.attendance.queries import roster
from trainings.attendance.scans import Answer, Scan
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.errors import NotFound
from trainings.lib import tokens
from trainings.registrations.cards import make_spares
from trainings.registrations.models import Card
from trainings.schedule.models import PrintKind, Training, TrainingSession
from trainings.schedule.printouts import note_printed
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
"""What an operator may have printed beside name and signature: empty, filled in by hand, and never typed in here."""


class UnknownSheet(NotFound):
    code = "unknown_sheet"
    sentence = N_("No encontramos esa hoja. Revise el código que trae impreso arriba, como 7K2Q-M.")


async def print_sheet(
    session_id: UUID, *, n_blank: int, columns: Collection[str], actor: Actor, key: UUID | None = None
) -> AttendanceSheet:
    """Freeze the rows of a list to sign under a new code: who is expected, by name, and then blank ones.

    Each blank row stands for a spare card made with it. `key` is made by the form: what comes twice with it is one
    sheet. A sheet that was printed stays as it is; printing it again is reading it.
    """
    assert 0 <= n_blank <= MOST_BLANK
    sheet_id = key or tokens.uuid7()
    async with transaction():
        session = await TrainingSession.get(id=session_id)
        [training] = await lock(Training, [session.training_id])
        standing = await AttendanceSheet.get_or_none(id=sheet_id)
        if standing is not None:
            return standing
        known = [code for code in COLUMNS if code in columns]
        sheet = await AttendanceSheet.create(
            id=sheet_id, session_id=session_id, code=await _free_code(), columns=known, printed_by_id=actor.id
        )
        people = [line.registration_id for line in await roster(session) if line.is_expected]
        cards = await _spares(training.hub_id, sheet_id, n_blank, actor)
        rows = [(one, None) for one in people] + [(None, card.id) for card in cards]
        await SheetRow.bulk_create(
            SheetRow(sheet_id=sheet_id, number=number, registration_id=registration, card_id=card)
            for number, (registration, card) in enumerate(rows, start=1)
        )
        await note_printed(training.id, PrintKind.SHEET, actor=actor, session_id=session_id)
        await record(
            "attendance.print_sheet",
            actor=actor,
            object_id=session_id,
            hub_id=training.hub_id,
            sheet=sheet.code,
            n=len(people),
        )
        return sheet


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
    """Mark these rows as present, as the signed paper says; one answer per row, in order.

    A blank row is its spare card. Sent twice with the same `key` it counts once, and who is there already counts once
    in any case. Typed in afterwards, they arrived when the session began.
    """
    sheet = await AttendanceSheet.get(id=sheet_id).select_related("session")
    starts_at = sheet.session.starts_at
    at = starts_at if clock.now() >= sheet.session.ends_at else None
    rows = (
        await SheetRow.filter(sheet_id=sheet_id, number__in=sorted(numbers)).order_by("number").select_related("card")
    )
    scans = [
        Scan(
            id=uuid5(key, str(row.number)),
            kind=ScanKind.IN,
            how=ScanHow.SHEET,
            at=at,
            code=row.card.qr_token if row.card is not None else None,
            registration_id=row.registration_id,
        )
        for row in rows
    ]
    return await actions.take(sheet.session_id, scans, actor=actor) if scans else []


async def keep_paper(sheet_id: UUID, where: str, *, actor: Actor) -> None:
    """Say where the signed list is; saying it again replaces what was said."""
    async with transaction():
        sheet = await AttendanceSheet.get(id=sheet_id)
        sheet.kept_where, sheet.kept_at, sheet.kept_by_id = where, clock.now(), actor.id
        await sheet.save(update_fields=["kept_where", "kept_at", "kept_by_id"])
        await record("attendance.keep_sheet", actor=actor, object_id=sheet.session_id, sheet=sheet.code, where=where)
