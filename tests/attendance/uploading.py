"""Events as a prepared phone sends them, for the tests of uploads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.attendance.doors import Opened
from tests.registrations.card_world import make_spare_cards
from trainings.attendance.events import Result
from trainings.attendance.models import AttendanceSheet, Device, DeviceSession, ScanEvent, SheetRow
from trainings.attendance.phones import uploads
from trainings.attendance.phones.uploads import Upload
from trainings.attendance.queries import totals_of
from trainings.db import reads
from trainings.lib import tokens
from trainings.registrations.models import Card, Registration
from trainings.schedule.models import TrainingSession

Event = dict[str, Any]
NO_OFFSET = timedelta()


async def make_device(door: Opened, *, sessions: Sequence[UUID] | None = None, **columns: Any) -> Device:
    """A phone that is prepared for all sessions of the door's training, unless some are named."""
    token = tokens.digest(tokens.own_link(), "device")
    device = await Device.create(hub_id=door.training.hub_id, name="Teléfono de Ana", token_hash=token, **columns)
    for key in [one.id for one in door.training.sessions] if sessions is None else sessions:
        await DeviceSession.create(device_id=device.id, session_id=key)
    return device


def h(registration: Registration) -> str:
    """What a phone knows of a card."""
    return registration.qr_hash[:24]


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def event(door: Opened, at: datetime | None = None, *, kind: str = "in", **parts: Any) -> Event:
    """One event under a fresh id unless one is given, at the first session of the door."""
    made = {
        "id": str(tokens.uuid7()),
        "kind": kind,
        "session": str(door.key),
        "at": ms(at or door.starts_at),
        "perf": 1234.5,
        "page": "p1",
        "seq": 1,
        "how": "camera",
        "known": True,
        "roster": "v1",
        "app": "1.0.0",
    }
    return made | {name: str(value) if isinstance(value, UUID) else value for name, value in parts.items()}


async def send(
    device: Device, *events: object, offset: timedelta = NO_OFFSET, n_unsent: int = 0, last_seq: int = 0
) -> list[Result]:
    device = await Device.get(id=device.id)
    return await uploads.receive(device, Upload(events, offset, last_seq, n_unsent))


async def states(device: Device, *events: object, offset: timedelta = NO_OFFSET) -> list[tuple[str, str]]:
    """State and flag of each, in order."""
    return [(one.state.value, one.flag.value) for one in await send(device, *events, offset=offset)]


async def kept(event_id: str) -> ScanEvent:
    return await reads(ScanEvent).get(id=UUID(event_id))


async def make_sheet(door: Opened, people: Sequence[Registration]) -> tuple[AttendanceSheet, Card]:
    """A printed list of these people, with one blank row after them, and the spare card that the row is for."""
    sheet = await AttendanceSheet.create(session_id=door.key, code=tokens.sheet_code())
    [card] = await make_spare_cards(door.training)
    for number, one in enumerate(people, start=1):
        await SheetRow.create(sheet_id=sheet.id, number=number, registration_id=one.id)
    await SheetRow.create(sheet_id=sheet.id, number=len(people) + 1, card_id=card.id)
    return sheet, card


async def counted(door: Opened) -> tuple[int, int, int, int]:
    """Present, expected, without a name, companions."""
    return astuple(await totals_of(await TrainingSession.get(id=door.key)))
