"""The phone that sends a request, known by its cookie alone, and what it may do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.permissions import can_close_session
from trainings.accounts.queries import actor_of
from trainings.attendance.models import Device
from trainings.db import reads, sql
from trainings.db.prepared import Select
from trainings.db.sql import as_uuid
from trainings.errors import Malformed, NotAllowed, Refusal
from trainings.lib import tokens
from trainings.schedule.models import SessionFacilitator, SessionState, TrainingSession
from trainings.schedule.phase import end_of
from trainings.web.i18n import N_

COOKIE = "trainings_device"
PREPARE = "/panel/telefonos/este"
PATHS = ("/marcar", PREPARE)
"""The phone's program, and the page that must know the phone being prepared again."""
SECONDS = 400 * 86_400
"""The longest that browsers keep a cookie."""


def read_cookie(request: Request) -> str:
    return request.cookies.get(COOKIE, "")


def write_cookie(response: Response, token: str, *, https: bool) -> None:
    """Out of reach of scripts and other sites. Signing out leaves it: marks may wait to be sent."""
    for path in PATHS:
        response.set_cookie(COOKIE, token, max_age=SECONDS, path=path, secure=https, httponly=True, samesite="strict")


ROSTER_DAYS = timedelta(days=7)
"""A list opens this long after the training's last session, also for a session moved the evening before."""
UPLOAD_DAYS = ROSTER_DAYS + timedelta(days=30)


FROM_APP = "x-marcar"


class NotFromApp(Malformed):
    sentence = N_("Esta dirección es para la aplicación que marca llegadas.")


class UnknownDevice(Refusal):
    """Only this answer asks to prepare the phone again."""

    status = 401
    sentence = N_(
        "Este teléfono no está preparado, o hay que prepararlo otra vez. Las marcas que guarda no se pierden."
    )


class DeviceRevoked(NotAllowed):
    code = "revoked"
    sentence = N_(
        "La ventanilla retiró este teléfono: ya no recibe listas. Las marcas que guarda sí se envían y se revisan."
    )


class RosterOver(NotAllowed):
    code = "roster_over"
    sentence = N_("Esta lista ya venció, o este teléfono no la tiene. Las marcas que guarda sí se envían.")


BY_TOKEN = Select(Device, "hub", where="this.token_hash = ?", are_few=True)
BOUND = "SELECT session_id FROM device_session WHERE device_id = ?"


async def device_by_token(token: str) -> Device | None:
    read = tokens.read_own_link(token)
    if read is None:
        return None
    return await BY_TOKEN.first(device_digest(read))


async def device_of(request: Request) -> Device:
    """The phone's, whoever is signed in on it. Refuses with UnknownDevice."""
    device = await device_by_token(read_cookie(request))
    if device is None:
        raise UnknownDevice
    return device


async def phone_that_asks(request: Request) -> Device:
    """As `device_of`, for the phone's program. Refuses with NotFromApp."""
    only_from_app(request)
    return await device_of(request)


def only_from_app(request: Request) -> None:
    """Refuse (NotFromApp) a request without a header that no page of another site can add."""
    if FROM_APP not in request.headers:
        raise NotFromApp


def device_digest(token: str) -> str:
    return tokens.digest(token, "device")


def may_read_roster(device: Device, session: TrainingSession, last_end: datetime | None) -> bool:
    """Only a session bound to the phone. `last_end`: end of the training, so that a moved session still opens."""
    return device.revoked_at is None and clock.now() < roster_until(session, last_end)


def may_upload(device: Device, last_end: datetime | None = None) -> bool:
    """Marks of the phone count without a decision. `last_end`: end of the training; without it only a revocation counts
    against the phone.
    """
    if device.revoked_at is not None:
        return False
    return last_end is None or clock.now() < last_end + UPLOAD_DAYS


def roster_until(session: TrainingSession, last_end: datetime | None) -> datetime:
    return (last_end or session.ends_at) + ROSTER_DAYS


def upload_until(session: TrainingSession, last_end: datetime | None) -> datetime:
    """Until when marks of the session count without a decision."""
    return (last_end or session.ends_at) + UPLOAD_DAYS


def ends_of(sessions: Sequence[TrainingSession]) -> dict[UUID, datetime]:
    """By training. Cancelled sessions count only where there are no others."""
    ends: dict[UUID, datetime] = {}
    for wanted in (SessionState.PLANNED, SessionState.CANCELLED):
        found: dict[UUID, datetime] = {}
        for one in sessions:
            if one.state is wanted:
                found[one.training_id] = max(end_of(one), found.get(one.training_id, end_of(one)))
        ends = found | ends
    return ends


async def training_ends(training_ids: Collection[UUID]) -> Mapping[UUID, datetime]:
    return ends_of(await reads(TrainingSession).filter(training_id__in=sorted(training_ids)))


async def sessions_of(device: Device) -> set[UUID]:
    return {as_uuid(key) for (key,) in await sql.tuples(BOUND, device.id, are_few=True)}


async def closes_from(device: Device, sessions: Collection[TrainingSession]) -> dict[UUID, datetime]:
    """By session, when a closing by this phone takes effect; sessions left out are only reported as over.

    A phone closes with the rights of its preparer; let in by a code, nothing before the planned end. Trainings are
    loaded.
    """
    user = await reads(User).get_or_none(id=device.prepared_by_id, is_active=True)
    if user is None:
        return {}
    actor = await actor_of(user)
    held = reads(SessionFacilitator).filter(user_id=user.id, session_id__in=sorted(one.id for one in sessions))
    holds = {key for (key,) in await held.values_list("session_id")}
    may = [one for one in sessions if can_close_session(actor, one.training.hub_id, is_facilitator=one.id in holds)]
    return {one.id: one.starts_at if device.enrol_until is None else one.ends_at for one in may}
