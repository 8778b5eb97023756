"""Finding a route by the first part of its path."""

from __future__ import annotations

from httpx2 import ASGITransport, AsyncClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from trainings.web.sections import in_sections


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
