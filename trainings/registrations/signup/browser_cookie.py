"""A random value, renewed with each sign-up, tells browsers apart."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from trainings.lib import tokens
from trainings.settings import get_settings

DAYS = timedelta(days=30)
LONGEST = 64


def _name() -> str:
    return "__Host-aparato" if get_settings().is_https else "aparato"


def read_cookie(request: Request) -> str:
    return request.cookies.get(_name(), "")[:LONGEST]


def browser_key(request: Request) -> str:
    """As a group keeps it; empty where nobody signed up from this browser."""
    browser = read_cookie(request)
    return tokens.digest(browser, "browser") if browser else ""


def forget_browser(response: Response) -> None:
    response.delete_cookie(_name(), path="/", httponly=True, secure=get_settings().is_https, samesite="lax")


def write_cookie(response: Response, browser: str) -> None:
    response.set_cookie(
        _name(),
        browser,
        max_age=int(DAYS.total_seconds()),
        path="/",
        httponly=True,
        secure=get_settings().is_https,
        samesite="lax",
    )
