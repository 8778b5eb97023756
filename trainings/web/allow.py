from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from trainings.errors import NotAllowed
from trainings.web.i18n import N_

PUBLIC = "public"
HOLDER = "holder"
"""The holder of the token in the address; an unknown digest is 404."""

Handler = Callable[[Request], Awaitable[Response]]


class SignInNeeded(Exception):
    pass


class WrongRole(NotAllowed):
    sentence = N_("Su usuario no tiene permiso para esto. Si lo necesita, pídalo a la coordinación de su ventanilla.")


def allow(*audience: str) -> Callable[[Handler], Handler]:
    """`PUBLIC`, `HOLDER`, or role codes. Refuses with SignInNeeded or WrongRole.

    A role opens the page; queries decide about rows (`visible_to`).
    """
    if not audience:
        raise ValueError("name an audience")
    open_to_all = bool({PUBLIC, HOLDER} & set(audience))

    def decorate(handler: Handler) -> Handler:
        @functools.wraps(handler)
        async def guarded(request: Request) -> Response:
            if not open_to_all:
                actor = request.state.actor
                if actor.id is None:
                    raise SignInNeeded
                if not actor.has_any(audience):
                    raise WrongRole
            return await handler(request)

        marked: Any = guarded
        marked.audience = audience
        return guarded

    return decorate
