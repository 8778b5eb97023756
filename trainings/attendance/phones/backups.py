"""The sealed file of a phone that cannot send."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tortoise.expressions import F

from trainings.accounts.permissions import EDITORS
from trainings.attendance.device_access import sessions_of
from trainings.attendance.events import MOST_EVENTS, ResultState
from trainings.attendance.models import Device, DeviceSession
from trainings.attendance.phones import uploads
from trainings.attendance.phones.closings import close_reported
from trainings.attendance.phones.devices import UnknownPhone
from trainings.attendance.phones.phone_list import phone_seen_by
from trainings.attendance.phones.uploads import Upload
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import keyring
from trainings.errors import WrongInput
from trainings.lib.sealing import SealBroken, SealedBox
from trainings.web.i18n import N_

MOST_OFFSET = 200 * 365 * 86_400_000
"""Milliseconds."""


class NotACopy(WrongInput):
    sentence = N_(
        "Ese archivo no es la copia de un teléfono. Su nombre empieza con «marcas-» y termina con «.json». "
        "Pídalo otra vez, como archivo y no como texto."
    )


class CopyNotOurs(WrongInput):
    sentence = N_(
        "Esa copia no se puede abrir: se dañó en el camino, o es de un teléfono que no está en su ventanilla. "
        "Pida que la guarden y la envíen otra vez."
    )


class _Envelope(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    device: UUID
    sealed: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class Copy(BaseModel):
    """`offset`: our clock minus the phone's, in milliseconds."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    device: UUID
    events: list[Any]
    offset: Annotated[int, Field(ge=-MOST_OFFSET, le=MOST_OFFSET)] = 0
    app: Annotated[str, Field(max_length=24)] = ""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Events of a copy: new, known, known with another body, unreadable."""

    phone: str
    n_new: int
    n_known: int
    n_other: int
    n_unread: int


async def load_copy(content: bytes, *, actor: Actor) -> Loaded:
    """Twice is once. Refuses (NotACopy) another file, (CopyNotOurs) a changed one, or one of a phone out of the actor's
    sight.
    """
    copy = _opened(content)
    try:
        phone = await phone_seen_by(copy.device, actor)
    except UnknownPhone as unknown:
        raise CopyNotOurs(field="file") from unknown
    states = await _take(phone.device, copy, actor)
    await _note_arrived(phone.device, states[ResultState.STORED] + states[ResultState.FLAGGED])
    loaded = Loaded(
        phone=phone.device.name,
        n_new=states[ResultState.STORED] + states[ResultState.FLAGGED],
        n_known=states[ResultState.ALREADY],
        n_other=states[ResultState.CONFLICT],
        n_unread=states[ResultState.MALFORMED],
    )
    await record(
        "devices.load_copy",
        actor=actor,
        object_id=phone.device.id,
        hub_id=phone.device.hub_id,
        events=len(copy.events),
        new=loaded.n_new,
    )
    return loaded


async def _take(device: Device, copy: Copy, actor: Actor) -> Counter[ResultState]:
    """Anybody can seal a file to us: it counts as far as its loader decides; another hub's marks wait there."""
    offset, states = timedelta(milliseconds=copy.offset), Counter[ResultState]()
    hubs = actor.hubs_with(EDITORS)
    bound = DeviceSession.filter(device_id=device.id, session__training__hub_id__in=sorted(hubs))
    decides = bound.values_list("session_id")
    own = frozenset([key for (key,) in await decides])
    for batch in _batches(copy.events):
        upload = Upload(batch, offset, app_version=copy.app, session_ids=own, hub_ids=hubs)
        results = await uploads.receive(device, upload)
        states.update(one.state for one in results)
    return states


async def _note_arrived(device: Device, n: int) -> None:
    """A copy loaded again changes nothing; the phone's next word replaces this."""
    said = Device.filter(id=device.id)
    if not await said.filter(n_unsent__gte=n).update(n_unsent=F("n_unsent") - n):
        await said.update(n_unsent=0)
    await close_reported(await sessions_of(device))


def _batches(events: Sequence[Any]) -> list[Sequence[Any]]:
    return [events[start : start + MOST_EVENTS] for start in range(0, len(events), MOST_EVENTS)]


def _opened(content: bytes) -> Copy:
    try:
        envelope = _Envelope.model_validate_json(content)
    except ValidationError as exc:
        raise NotACopy(field="file") from exc
    try:
        text = SealedBox(keyring()).open(envelope.sealed, f"backup|{envelope.device}")
        copy = Copy.model_validate(json.loads(text))
    except (SealBroken, ValueError, RecursionError) as exc:
        raise CopyNotOurs(field="file") from exc
    if copy.device != envelope.device:
        raise CopyNotOurs(field="file")
    return copy
