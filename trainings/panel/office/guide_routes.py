from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from trainings.accounts.permissions import STAFF
from trainings.errors import NotFound
from trainings.web.allow import allow
from trainings.web.guide import ADDRESS, FIRST_PAGE, PICTURES, guide_pages
from trainings.web.render import render


@allow(*STAFF)
async def index(request: Request) -> Response:
    return render(request, "panel/office/guide.html", {"page": guide_pages()[FIRST_PAGE]})


@allow(*STAFF)
async def show(request: Request) -> Response:
    page = guide_pages().get(request.path_params["job"])
    if page is None or page.slug == FIRST_PAGE:
        raise NotFound
    return render(request, "panel/office/guide.html", {"page": page})


@allow(*STAFF)
async def show_picture(request: Request) -> Response:
    name = f"{request.path_params['picture']}.png"
    if name not in {path.name for path in PICTURES.glob("*.png")}:
        raise NotFound
    return FileResponse(PICTURES / name, headers={"cache-control": "private, max-age=86400"})


routes: list[BaseRoute] = [
    Route(ADDRESS, index),
    Route(f"{ADDRESS}/{{job}}", show),
    Route(f"{ADDRESS}/fotos/{{picture}}.png", show_picture),
]
