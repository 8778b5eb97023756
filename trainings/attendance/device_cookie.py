from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

COOKIE = "trainings_device"
PREPARE = "/panel/telefonos/este"
PATHS = ("/marcar", PREPARE)
"""What the phone's program asks, and the page that must know which phone is prepared again."""
SECONDS = 400 * 86_400
"""As long as browsers keep any. `device_queries` decides what the cookie still opens."""


def read_cookie(request: Request) -> str:
    """The token, or empty."""
    return request.cookies.get(COOKIE, "")


def write_cookie(response: Response, token: str, *, https: bool) -> None:
    """Out of reach of scripts and other sites. Signing out leaves it: marks may wait to be sent."""
    for path in PATHS:
        response.set_cookie(COOKIE, token, max_age=SECONDS, path=path, secure=https, httponly=True, samesite="strict")
