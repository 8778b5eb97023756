from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from trainings import clock
from trainings.settings import get_settings
from trainings.web.allow import PUBLIC, allow
from trainings.web.render import absolute, render

ROBOTS = """User-agent: *
Disallow: /panel/
Disallow: /i/
Disallow: /tarjetas/
Disallow: /verificar/
Allow: /cal/
"""


@allow(PUBLIC)
async def security_contact(_request: Request) -> Response:
    """RFC 9116: where a person who found a hole can write."""
    settings = get_settings()
    expires = clock.midnight(clock.today() + timedelta(days=365)).isoformat().replace("+00:00", "Z")
    lines = (
        f"Contact: {settings.base_url}/quejas",
        f"Expires: {expires}",
        "Preferred-Languages: es, en",
        f"Canonical: {settings.base_url}/.well-known/security.txt",
    )
    return PlainTextResponse("\n".join(lines) + "\n")


@allow(PUBLIC)
async def robots(_request: Request) -> Response:
    return PlainTextResponse(f"{ROBOTS}\nSitemap: {absolute('/sitemap.xml')}\n")


@allow(PUBLIC)
async def privacy(request: Request) -> Response:
    return render(request, "pages/privacidad.html")


@allow(PUBLIC)
async def accessibility(request: Request) -> Response:
    return render(request, "pages/accesibilidad.html")


@allow(PUBLIC)
async def complaints(request: Request) -> Response:
    return render(request, "pages/quejas.html")


routes: list[BaseRoute] = [
    Route("/.well-known/security.txt", security_contact),
    Route("/robots.txt", robots),
    Route("/privacidad", privacy),
    Route("/accesibilidad", accessibility),
    Route("/quejas", complaints),
]
