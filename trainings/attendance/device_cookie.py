"""The cookie by which a prepared phone is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

COOKIE = "trainings_device"
PREPARE = "/panel/telefonos/este"
PATHS = ("/marcar", PREPARE)
"""Sent to what the phone's program asks, and to the one page that has to know which phone it is prepared on again."""
SECONDS = 400 * 86_400
"""As long as browsers keep any. What it still opens, and till when, is decided here (`device_queries`)."""


def read_cookie(request: Request) -> str:
    """The token, or empty."""
    return request.cookies.get(COOKIE, "")


def write_cookie(response: Response, token: str, *, https: bool) -> None:
    """Out of reach of scripts and of other sites. Signing out leaves it: marks may not have been sent yet."""
    for path in PATHS:
        response.set_cookie(COOKIE, token, max_age=SECONDS, path=path, secure=https, httponly=True, samesite="strict")
