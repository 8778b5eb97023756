"""`/marcar/api/…`: a phone, known by its cookie, asks to be let in, for its state, for lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.attendance.device_cookie import read_cookie, write_cookie
from trainings.attendance.device_queries import DeviceRevoked, RosterOver, only_from_app, phone_that_asks
from trainings.attendance.phones import devices
from trainings.attendance.phones.forms import ClaimBody, ReadyBody
from trainings.attendance.phones.later_sessions import take_later_sessions
from trainings.attendance.phones.roster_file import rosters_of
from trainings.attendance.phones.state import about, exact, sessions_with_lists, state_of
from trainings.errors import Malformed
from trainings.web.address import client_address
from trainings.web.allow import HOLDER, PUBLIC, allow
from trainings.web.i18n import N_

if TYPE_CHECKING:
    from starlette.requests import Request

API = "/marcar/api"
NOT_KEPT = {"cache-control": "no-store"}
Body = TypeVar("Body", bound=BaseModel)


class UnreadableRequest(Malformed):
    code = "unreadable_request"
    sentence = N_("No pudimos leer lo que envió este teléfono.")


async def _read(request: Request, model: type[Body]) -> Body:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise UnreadableRequest
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as exc:
        raise UnreadableRequest from exc


@allow(PUBLIC)
async def claim(request: Request) -> Response:
    """Let in the first phone with a one-time code: its cookie is set, or stays."""
    only_from_app(request)
    body = await _read(request, ClaimBody)
    prepared = await devices.claim(body.code, address=client_address(request), token=read_cookie(request), key=body.key)
    response = JSONResponse({"now": exact(clock.now()), "device": about(prepared.device)}, headers=NOT_KEPT)
    write_cookie(response, prepared.token, https=request.app.state.settings.is_https)
    return response


@allow(HOLDER)
async def state(request: Request) -> Response:
    """204 in a browser that was never prepared: looking at the program is no mistake."""
    only_from_app(request)
    if not read_cookie(request):
        return Response(status_code=204, headers=NOT_KEPT)
    device = await phone_that_asks(request)
    await devices.note_seen(device)
    await take_later_sessions(device)
    return JSONResponse(await state_of(device), headers=NOT_KEPT)


@allow(HOLDER)
async def roster(request: Request) -> Response:
    """A session's list, or 304 where unchanged. A session it is not for is answered as one that is over."""
    device = await phone_that_asks(request)
    if device.revoked_at is not None:
        raise DeviceRevoked
    wanted = request.path_params["id"]
    session = next((one for one in await sessions_with_lists(device) if one.id == wanted), None)
    if session is None:
        raise RosterOver
    found = (await rosters_of([session]))[session.id]
    etag = f'"{found.version}"'
    headers = {**NOT_KEPT, "etag": etag}
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if etag in known:
        return Response(status_code=304, headers=headers)
    return Response(found.body(), media_type="application/json", headers=headers)


@allow(HOLDER)
async def ready(request: Request) -> Response:
    """The phone says which lists it holds, and is told which it lacks."""
    device = await phone_that_asks(request)
    body = await _read(request, ReadyBody)
    lacking = sorted({one.id for one in await sessions_with_lists(device)} - body.sessions.keys())
    await devices.note_ready(device, lacking, body.version)
    answer = {"now": exact(clock.now()), "device": about(device), "lacking": [str(one) for one in lacking]}
    return JSONResponse(answer, headers=NOT_KEPT)


routes: list[BaseRoute] = [
    Route(f"{API}/alta", claim, methods=["POST"]),
    Route(f"{API}/estado", state),
    Route(API + "/sesiones/{id:uuid}/lista", roster),
    Route(f"{API}/listo", ready, methods=["POST"]),
]
