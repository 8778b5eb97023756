"""The phone that sends a request, known by its own cookie alone, and what it may still do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.permissions import can_close_session
from trainings.accounts.queries import actor_of
from trainings.attendance.device_cookie import read_cookie
from trainings.attendance.models import Device, DeviceSession
from trainings.db import reads
from trainings.errors import Malformed, NotAllowed, Refusal
from trainings.lib import tokens
from trainings.schedule.models import SessionFacilitator, SessionState, TrainingSession
from trainings.schedule.phase import end_of
from trainings.web.i18n import N_

if TYPE_CHECKING:
    from starlette.requests import Request

ROSTER_DAYS = timedelta(days=7)
"""After the last session of the training: so long a list opens, so that a session moved the evening before does."""
UPLOAD_DAYS = ROSTER_DAYS + timedelta(days=30)


FROM_APP = "x-marcar"


class NotFromApp(Malformed):
    code = "not_from_app"
    sentence = N_("Esta dirección es para la aplicación que marca llegadas.")


class UnknownDevice(Refusal):
    """No cookie, or one that nothing belongs to. The only answer that asks a phone to be prepared again."""

    status = 401
    code = "unknown_device"
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


async def device_by_token(token: str) -> Device | None:
    """The phone whose cookie this is, revoked or not, with its hub; none where there is no such phone (any more)."""
    read = tokens.read_own_link(token)
    if read is None:
        return None
    return await reads(Device).get_or_none(token_hash=device_digest(read)).select_related("hub")


async def device_of(request: Request) -> Device:
    """The phone that sends this request; who is signed in on it plays no part. Else UnknownDevice."""
    device = await device_by_token(read_cookie(request))
    if device is None:
        raise UnknownDevice
    return device


async def phone_that_asks(request: Request) -> Device:
    """The same for what the program on the phone asks (NotFromApp)."""
    only_from_app(request)
    return await device_of(request)


def only_from_app(request: Request) -> None:
    """Refuse (NotFromApp) a request without a header that no page of another site can add."""
    if FROM_APP not in request.headers:
        raise NotFromApp


def device_digest(token: str) -> str:
    """As the cookie's token is stored."""
    return tokens.digest(token, "device")


def may_read_roster(device: Device, session: TrainingSession, last_end: datetime | None) -> bool:
    """Whether it may have the list of a session it is bound to, whose training ends at `last_end` (`training_ends`).

    Counted from the end of the training, not of the session: a moved one still opens.
    """
    return device.revoked_at is None and clock.now() < roster_until(session, last_end)


def may_upload(device: Device, last_end: datetime | None = None) -> bool:
    """Whether what it sends counts by itself. All it sends is stored: this only says that nobody has to look at it.

    `last_end` is that of the training in question; without it only a revocation speaks against it.
    """
    if device.revoked_at is not None:
        return False
    return last_end is None or clock.now() < last_end + UPLOAD_DAYS


def roster_until(session: TrainingSession, last_end: datetime | None) -> datetime:
    """When a phone's list of a session is to be gone."""
    return (last_end or session.ends_at) + ROSTER_DAYS


def upload_until(session: TrainingSession, last_end: datetime | None) -> datetime:
    """Until when what a phone sends of a session counts by itself."""
    return (last_end or session.ends_at) + UPLOAD_DAYS


def ends_of(sessions: Sequence[TrainingSession]) -> dict[UUID, datetime]:
    """When each training ends, from all its sessions: its cancelled ones count only where it has no others."""
    ends: dict[UUID, datetime] = {}
    for wanted in (SessionState.PLANNED, SessionState.CANCELLED):
        found: dict[UUID, datetime] = {}
        for one in sessions:
            if one.state is wanted:
                found[one.training_id] = max(end_of(one), found.get(one.training_id, end_of(one)))
        ends = found | ends
    return ends


async def training_ends(training_ids: Collection[UUID]) -> Mapping[UUID, datetime]:
    """The same, read for these trainings."""
    return ends_of(await reads(TrainingSession).filter(training_id__in=sorted(training_ids)))


async def sessions_of(device: Device) -> set[UUID]:
    """The sessions that a phone is bound to."""
    bound = reads(DeviceSession).filter(device_id=device.id)
    return {key for (key,) in await bound.values_list("session_id")}


async def closes_from(device: Device, sessions: Collection[TrainingSession]) -> dict[UUID, datetime]:
    """From when on it takes effect that this phone closes a session; those left out it only reports as over.

    A phone closes for who prepared it, as far as they may. One that a code let in is in somebody else's hand: it closes
    nothing before its planned end. The trainings of the sessions are loaded.
    """
    user = await reads(User).get_or_none(id=device.prepared_by_id, is_active=True)
    if user is None:
        return {}
    actor = await actor_of(user)
    held = reads(SessionFacilitator).filter(user_id=user.id, session_id__in=sorted(one.id for one in sessions))
    holds = {key for (key,) in await held.values_list("session_id")}
    may = [one for one in sessions if can_close_session(actor, one.training.hub_id, is_facilitator=one.id in holds)]
    return {one.id: one.starts_at if device.enrol_until is None else one.ends_at for one in may}
