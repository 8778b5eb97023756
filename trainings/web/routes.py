"""Pages that belong to no domain: health, robots, security contact, privacy, accessibility, complaints."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from trainings.web.allow import PUBLIC, allow
from trainings.web.render import render

ROBOTS = """User-agent: *
Disallow: /panel/
Disallow: /i/
Disallow: /verificar/
Allow: /cal/
"""


@allow(PUBLIC)
async def alive(_request: Request) -> Response:
    return JSONResponse({"estado": "vivo"}, headers={"cache-control": "no-store"})


@allow(PUBLIC)
async def robots(_request: Request) -> Response:
    return PlainTextResponse(ROBOTS)


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
    Route("/salud", alive),
    Route("/robots.txt", robots),
    Route("/privacidad", privacy),
    Route("/accesibilidad", accessibility),
    Route("/quejas", complaints),
]
