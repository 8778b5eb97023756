"""Prepared phones for tests: one is made as the panel makes it, and asks as its program does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from httpx2 import AsyncClient, Response

from trainings.accounts.models import User
from trainings.accounts.queries import actor_of
from trainings.attendance.device_access import COOKIE
from trainings.attendance.models import Device
from trainings.attendance.phones import devices
from trainings.attendance.phones.devices import Load
from trainings.schedule.models import Training

APP = {"x-marcar": "1", "accept": "application/json"}


@dataclass(frozen=True, slots=True)
class PreparedPhone:
    """A phone with the browser in it."""

    device: Device
    token: str
    browser: AsyncClient

    async def get(self, path: str, **headers: str) -> Response:
        return await self.browser.get(f"/marcar/api/{path}", headers=APP | headers)

    async def post(self, path: str, body: Any) -> Response:
        return await self.browser.post(f"/marcar/api/{path}", json=body, headers=APP)


async def make_phone(
    browser: AsyncClient,
    training: Training,
    by: User,
    *,
    sessions: Sequence[UUID] | None = None,
    name: str = "Teléfono de Ana",
) -> PreparedPhone:
    """Prepared by this person for the training's sessions, or those named."""
    keys = [one.id for one in training.sessions] if sessions is None else list(sessions)
    actor = await actor_of(by)
    prepared = await devices.prepare_this(Load(training.hub_id, keys), name=name, token="", actor=actor)
    browser.cookies.set(COOKIE, prepared.token, path="/marcar")
    return PreparedPhone(prepared.device, prepared.token, browser)
