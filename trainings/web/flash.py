from __future__ import annotations

import json
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from trainings import clock
from trainings.db.fields import keyring
from trainings.lib.crypt import BadSignature
from trainings.settings import get_settings

COOKIE = "flash"
MAX_AGE = 300

Tone = Literal["ok", "note", "bad"]


def flash(response: Response, text: str, tone: Tone = "ok") -> None:
    """Show `text` (already translated, nothing personal) on the next page, from a signed cookie."""
    signed = keyring().sign(json.dumps([[tone, text[:300]]]), salt="flash", now=clock.now())
    is_https = get_settings().is_https
    response.set_cookie(COOKIE, signed, max_age=MAX_AGE, httponly=True, samesite="lax", path="/", secure=is_https)


def take_flashes(request: Request) -> list[tuple[str, str]]:
    signed = request.cookies.get(COOKIE)
    if not signed:
        return []
    try:
        return [
            (tone, text)
            for tone, text in json.loads(keyring().unsign(signed, salt="flash", max_age=MAX_AGE, now=clock.now()))
        ]
    except (BadSignature, ValueError):
        return []
