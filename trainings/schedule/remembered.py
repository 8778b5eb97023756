"""Pages that many people open at once, kept while they would come out the same.

The same facts in the same language give the same page, until the moment at which time alone changes it (a session
begins, the day ends): a link that goes round in a chat costs its reading only. What people did a moment ago (a place
taken) is among the facts, so nothing old is ever shown for it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from trainings import clock
from trainings.web.flash import COOKIE as FLASH_COOKIE
from trainings.web.i18n import language

MOST_PAGES = 256


@dataclass(frozen=True, slots=True)
class _Page:
    """A page as it was made, and for which time it stands."""

    body: bytes
    caching: str
    made_at: datetime
    until: datetime


_kept: OrderedDict[Hashable, _Page] = OrderedDict()


def remembered(request: Request, facts: Hashable, make: Callable[[], Response], *, until: datetime) -> Response:
    """The page of these facts, made where it is not there yet. Pages of staff and of filters are always made.

    `until` is when the same facts begin to read differently.
    """
    if not _is_for_everybody(request):
        return make()
    now = clock.now()
    key = (request.url.path, language(), facts)
    kept = _kept.get(key)
    if kept is None or not kept.made_at <= now < kept.until:
        made = make()
        kept = _Page(bytes(made.body), made.headers["cache-control"], now, until)
        _kept[key] = kept
    _kept.move_to_end(key)
    if len(_kept) > MOST_PAGES:
        _kept.popitem(last=False)
    return HTMLResponse(kept.body, headers={"cache-control": kept.caching})


def _is_for_everybody(request: Request) -> bool:
    actor = request.scope.get("state", {}).get("actor")
    has_own_words = request.url.query or FLASH_COOKIE in request.cookies
    return not has_own_words and (actor is None or actor.id is None)


def forget() -> None:
    """Drop every page kept."""
    _kept.clear()
