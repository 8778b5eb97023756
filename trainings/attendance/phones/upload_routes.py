"""`POST /marcar/api/marcas`: what a phone kept without signal, up to fifty events at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.attendance import views
from trainings.attendance.device_queries import UPLOAD_DAYS, phone_that_asks
from trainings.attendance.events import SentBatch
from trainings.attendance.models import Device, ScanFlag
from trainings.attendance.phones import uploads
from trainings.attendance.phones.gaps import numbers_lacking
from trainings.attendance.phones.state import exact
from trainings.attendance.phones.uploads import Upload
from trainings.attendance.results import Result, ResultState
from trainings.attendance.words import TIME_OVER
from trainings.errors import Malformed
from trainings.limits import actions as limits
from trainings.web.allow import HOLDER, allow
from trainings.web.i18n import N_, gettext

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

NOT_KEPT = {"cache-control": "no-store"}
REVOKED_BATCHES, MOST_REVOKED, REVOKED_SECONDS = "revoked_phone", 200, 86_400
"""A revoked phone may be in the wrong hands: ten thousand marks a day, then it has to wait."""


class UnreadableBatch(Malformed):
    code = "unreadable_batch"
    sentence = N_("No pudimos leer lo que envió este teléfono: envíe a lo más 50 marcas a la vez. Nada se perdió.")


@allow(HOLDER)
async def receive(request: Request) -> Response:
    """One result for each event, by its id. Refuses only what is no batch: the phone then sends less at a time; and,
    for a while, too much from a revoked phone, which keeps it.
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
    # A phone whose marks a restored backup lacks sends those again.
    lacks = {} if upload.last_seq is None else {"lacks": await numbers_lacking(device)}
    answer = {
        "now": exact(now),
        "results": [result_json(one, is_in_use=device.revoked_at is None) for one in results],
        "device": {"revoked": device.revoked_at is not None, **lacks},
    }
    return JSONResponse(answer, headers=NOT_KEPT)


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
    """As `views.result_json`. `is_in_use`: whether the phone is."""
    told = views.result_json(result)
    # What was here already may have come while the phone was out of use.
    if is_in_use and result.flag is ScanFlag.REVOKED and result.state is not ResultState.ALREADY:
        told["text"] = gettext(TIME_OVER) % {"days": UPLOAD_DAYS.days}
    return told


routes: list[BaseRoute] = [Route("/marcar/api/marcas", receive, methods=["POST"])]
