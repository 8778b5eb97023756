"""Pages that belong to no domain."""

from __future__ import annotations

from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from trainings import clock
from trainings.db import transaction
from trainings.outbox.models import OutboxJob


async def test_health_when_all_is_well_then_ready_and_nothing_waits(client: AsyncClient) -> None:
    alive, ready = await client.get("/salud"), await client.get("/salud/listo")

    assert alive.json() == {"estado": "vivo"}
    assert (ready.status_code, ready.json()) == (200, {"estado": "listo", "mensaje_mas_antiguo_s": 0})
    assert ready.headers["cache-control"] == "no-store"


async def test_health_when_a_message_waits_then_its_age_is_told(client: AsyncClient) -> None:
    async with transaction():
        due = clock.now().replace(microsecond=0) - timedelta(minutes=2)
        await OutboxJob.create(
            kind="later", payload={}, dedup="one", run_at=due, lease_until=clock.now() + timedelta(hours=1)
        )

    ready = await client.get("/salud/listo")

    assert 120 <= ready.json()["mensaje_mas_antiguo_s"] < 180


async def test_security_contact_is_where_rfc_9116_says(client: AsyncClient) -> None:
    response = await client.get("/.well-known/security.txt")

    assert response.status_code == 200
    assert response.text.startswith("Contact: http://localhost:8000/quejas\nExpires: ")


async def test_robots_let_calendars_be_read(client: AsyncClient) -> None:
    response = await client.get("/robots.txt")

    assert "Allow: /cal/" in response.text
    assert "Disallow: /i/" in response.text


@pytest.mark.parametrize("path", ["/privacidad", "/accesibilidad", "/quejas"])
async def test_static_pages_answer(client: AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200
