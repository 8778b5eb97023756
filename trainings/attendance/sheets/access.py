from __future__ import annotations

from uuid import UUID

from starlette.requests import Request

from trainings.attendance.queries import Door, door_of
from trainings.attendance.sheets.queries import OpenSheet, UnknownSheet, open_sheet, sheet_by_code
from trainings.audit.actions import record

LIST = "/panel/sesiones/{id:uuid}/hojas"


ONE = LIST + "/{code}"


def path_of(session_id: UUID, code: str = "", rest: str = "") -> str:
    return f"/panel/sesiones/{session_id}/hojas" + (f"/{code}" if code else "") + rest


async def door_at(request: Request) -> Door:
    return await door_of(request.path_params["id"], request.state.actor)


async def opened_at(request: Request, door: Door) -> OpenSheet:
    """Refuses with UnknownSheet where the address names no sheet of this session."""
    sheet = await sheet_by_code(request.path_params["code"])
    if sheet.session_id != door.session.id:
        raise UnknownSheet
    return await open_sheet(sheet)


async def log_names(request: Request, act: str, door: Door, opened: OpenSheet) -> None:
    await record(
        act,
        actor=request.state.actor,
        object_id=door.session.id,
        hub_id=door.session.training.hub_id,
        sheet=opened.sheet.code,
        n=sum(bool(line.name) for line in opened.lines),
    )
