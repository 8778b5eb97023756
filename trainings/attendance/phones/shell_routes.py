"""The scan app's page, manifest and service worker: without user, session or token."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from trainings.attendance.phones import shell
from trainings.web.allow import PUBLIC, allow
from trainings.web.headers import SCAN_POLICY, scan_page_headers
from trainings.web.i18n import language
from trainings.web.static import ASKED_AGAIN


@allow(PUBLIC)
async def show(request: Request) -> Response:
    """A code for preparing a phone stands behind the `#` of the address and never comes here."""
    path = shell.SHELLS[request.url.path]
    headers = {**scan_page_headers(), "cache-control": ASKED_AGAIN, "content-language": shell.LANGUAGES[path]}
    if "br" not in request.headers.get("accept-encoding", ""):
        return HTMLResponse(shell.page(path), headers=headers)
    packed = {"content-encoding": "br", "vary": "accept-encoding"}
    return HTMLResponse(await asyncio.to_thread(shell.packed_page, path), headers=headers | packed)


@allow(PUBLIC)
async def lead_to_app(_request: Request) -> Response:
    """In the reader's language. Temporary, since they may choose another."""
    return RedirectResponse(shell.path_for(language()), 307, headers={"cache-control": "no-store"})


@allow(PUBLIC)
async def worker(_request: Request) -> Response:
    """It tests whether this browser can compile WebAssembly, so it has the page's policy."""
    headers = {"content-security-policy": SCAN_POLICY, "cache-control": ASKED_AGAIN}
    return Response(shell.worker(), media_type="text/javascript", headers=headers)


@allow(PUBLIC)
async def manifest(request: Request) -> Response:
    path = request.url.path.removesuffix("app.webmanifest")
    return Response(
        shell.manifest(path), media_type="application/manifest+json", headers={"cache-control": ASKED_AGAIN}
    )


routes: list[BaseRoute] = [
    Route("/marcar", lead_to_app),
    *(Route(path, show) for path in shell.SHELLS),
    Route(shell.WORKER_PATH, worker),
    *(Route(f"{path}app.webmanifest", manifest) for path in shell.LANGUAGES),
]
