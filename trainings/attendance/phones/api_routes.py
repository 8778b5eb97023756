"""`/marcar/api/…`: a phone's state, lists and marks."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.attendance import views
from trainings.attendance.device_access import (
    UPLOAD_DAYS,
    DeviceRevoked,
    RosterOver,
    only_from_app,
    phone_that_asks,
    read_cookie,
    write_cookie,
)
from trainings.attendance.events import Result, ResultState, SentBatch
from trainings.attendance.models import Device, ScanFlag
from trainings.attendance.phones import devices, uploads
from trainings.attendance.phones.forms import ClaimBody, ReadyBody
from trainings.attendance.phones.gaps import note_whole, numbers_lacking
from trainings.attendance.phones.roster_file import rosters_of
from trainings.attendance.phones.sessions import take_later_sessions
from trainings.attendance.phones.state import about, exact, sessions_with_lists, state_of
from trainings.attendance.phones.uploads import Upload
from trainings.attendance.words import TIME_OVER
from trainings.errors import Malformed
from trainings.limits import actions as limits
from trainings.web.address import client_address
from trainings.web.allow import HOLDER, PUBLIC, allow
from trainings.web.i18n import N_, gettext

API = "/marcar/api"
NOT_KEPT = {"cache-control": "no-store"}
Body = TypeVar("Body", bound=BaseModel)


class UnreadableRequest(Malformed):
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
    only_from_app(request)
    body = await _read(request, ClaimBody)
    prepared = await devices.claim(body.code, address=client_address(request), token=read_cookie(request), key=body.key)
    response = JSONResponse({"now": exact(clock.now()), "device": about(prepared.device)}, headers=NOT_KEPT)
    write_cookie(response, prepared.token, https=request.app.state.settings.is_https)
    return response


@allow(HOLDER)
async def state(request: Request) -> Response:
    """204 in a browser never prepared: looking at the program is no mistake."""
    only_from_app(request)
    if not read_cookie(request):
        return Response(status_code=204, headers=NOT_KEPT)
    device = await phone_that_asks(request)
    await devices.note_seen(device)
    await take_later_sessions(device)
    return JSONResponse(await state_of(device), headers=NOT_KEPT)


@allow(HOLDER)
async def roster(request: Request) -> Response:
    """304 where unchanged. A session not for this phone is answered as over."""
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
    device = await phone_that_asks(request)
    body = await _read(request, ReadyBody)
    lacking = sorted({one.id for one in await sessions_with_lists(device)} - body.sessions.keys())
    await devices.note_ready(device, lacking, body.version)
    answer = {"now": exact(clock.now()), "device": about(device), "lacking": [str(one) for one in lacking]}
    return JSONResponse(answer, headers=NOT_KEPT)


REVOKED_BATCHES, MOST_REVOKED, REVOKED_SECONDS = "revoked_phone", 200, 86_400
"""A revoked phone may be in the wrong hands: ten thousand marks a day."""


class UnreadableBatch(Malformed):
    sentence = N_("No pudimos leer lo que envió este teléfono: envíe a lo más 50 marcas a la vez. Nada se perdió.")


@allow(HOLDER)
async def receive(request: Request) -> Response:
    """One result for each event, by its id. Refuses what is no batch (the phone then sends less at a time), and for a
    while too much from a revoked phone.
    """
    device = await phone_that_asks(request)
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise UnreadableBatch
    try:
        body = SentBatch.model_validate_json(await request.body())
    except ValidationError as exc:
        raise UnreadableBatch from exc
    if device.revoked_at is not None:
        await limits.hit(REVOKED_BATCHES, str(device.id), MOST_REVOKED, REVOKED_SECONDS)
    now = clock.now()
    upload = _upload(device, body, now)
    results = await uploads.receive(device, upload)
    answer = {
        "now": exact(now),
        "results": [result_json(one, is_in_use=device.revoked_at is None) for one in results],
        "device": {"revoked": device.revoked_at is not None, **await _lacks(device, upload)},
    }
    return JSONResponse(answer, headers=NOT_KEPT)


async def _lacks(device: Device, upload: Upload) -> dict[str, Any]:
    """The phone sends marks again that a restored backup lacks."""
    if upload.last_seq is None:
        return {}
    lacking = await numbers_lacking(device)
    await note_whole(device, lacking)
    return {"lacks": lacking}


def _upload(device: Device, body: SentBatch, now: datetime) -> Upload:
    # A phone that does not say what it keeps back keeps something back.
    n_unsent = 1 if body.n_unsent is None else body.n_unsent
    first_seq, last_seq = _numbers_of(device, body)
    return Upload(
        body.events, now - body.client_now, last_seq, n_unsent, body.app, sent=body.sent(now), first_seq=first_seq
    )


def _numbers_of(device: Device, body: SentBatch) -> tuple[int | None, int | None]:
    """First and last number; None where the phone still speaks as its former self."""
    if body.first is None:
        return None, body.last_seq
    return (body.first.number, body.last_seq) if body.first.device == device.id else (None, None)


def result_json(result: Result, *, is_in_use: bool = True) -> dict[str, Any]:
    told = views.result_json(result)
    # What was here already may have come while the phone was out of use.
    if is_in_use and result.flag is ScanFlag.REVOKED and result.state is not ResultState.ALREADY:
        told["text"] = gettext(TIME_OVER) % {"days": UPLOAD_DAYS.days}
    return told


routes: list[BaseRoute] = [
    Route(f"{API}/alta", claim, methods=["POST"]),
    Route(f"{API}/estado", state),
    Route(API + "/sesiones/{id:uuid}/lista", roster),
    Route(f"{API}/listo", ready, methods=["POST"]),
    Route("/marcar/api/marcas", receive, methods=["POST"]),
]
