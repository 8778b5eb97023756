"""`/audio/permiso/{language}`: the consent text read aloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.staticfiles import NotModifiedResponse

from trainings.people import audio
from trainings.web.allow import PUBLIC, allow
from trainings.web.static import ASKED_AGAIN, FOREVER

if TYPE_CHECKING:
    from starlette.requests import Request


@allow(PUBLIC)
async def recording(request: Request) -> Response:
    """In ranges, as players ask. Cached for good at its address by content, else revalidated."""
    found = audio.recording_in(request.path_params["language"])
    caching = FOREVER if str(request.url.query) == found.address.partition("?")[2] else ASKED_AGAIN
    response = FileResponse(
        found.path, media_type=found.media_type, headers={"cache-control": caching}, stat_result=found.path.stat()
    )
    if response.headers["etag"] in request.headers.get("if-none-match", ""):
        return NotModifiedResponse(Headers(raw=response.raw_headers))
    return response


routes: list[BaseRoute] = [Route(audio.ADDRESS + "{language}", recording)]
