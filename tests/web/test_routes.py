"""Pages that belong to no domain."""

from __future__ import annotations

from datetime import timedelta

from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from trainings import clock
from trainings.db import transaction
from trainings.outbox.models import OutboxJob
from trainings.web.sections import in_sections


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


async def say(request: Request) -> Response:
    return PlainTextResponse(f"{request.method} {request.url.path} {dict(request.path_params)}")


async def test_sections_answer_like_the_plain_routes() -> None:
    routes = [
        Route("/", say),
        Route("/a", say),
        Route("/a/{id}", say),
        Route("/a/{id}", say, methods=["POST"]),
        Route("/b/c/{code}.pdf", say),
    ]
    asked = [
        ("GET", "/"), ("GET", "/a"), ("GET", "/a/1"), ("POST", "/a/1"), ("DELETE", "/a/1"), ("GET", "/b/c/x.pdf"),
        ("GET", "/ab"), ("GET", "/b"), ("POST", "/a"), ("GET", "/b/c/"),
    ]  # fmt: skip

    answers = []
    for app in (Starlette(routes=routes), Starlette(routes=in_sections(routes))):
        async with AsyncClient(transport=ASGITransport(app=app), base_url="http://localhost") as browser:
            answers.append([(r.status_code, r.text) for r in [await browser.request(m, p) for m, p in asked]])

    assert answers[0] == answers[1]
    assert [status for status, _text in answers[0]] == [200, 200, 200, 200, 405, 200, 404, 404, 405, 404]
