"""Pages that many people open at once, kept while they would come out the same.

The same facts, in the same minute and language, give the same page: a link that goes round in a chat costs its reading
only. What people did a moment ago (a place taken) is among the facts, so nothing old is ever shown for it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from trainings import clock
from trainings.web.flash import COOKIE as FLASH_COOKIE
from trainings.web.i18n import language

MOST_PAGES = 256

_kept: OrderedDict[Hashable, tuple[bytes, str]] = OrderedDict()


def remembered(request: Request, facts: Hashable, make: Callable[[], Response]) -> Response:
    """The page of these facts, made where it is not there yet. Pages of staff and of filters are always made."""
    if not _is_for_everybody(request):
        return make()
    minute = clock.now().replace(second=0, microsecond=0)
    key = (request.url.path, language(), minute, facts)
    kept = _kept.get(key)
    if kept is None:
        made = make()
        kept = bytes(made.body), made.headers["cache-control"]
        _kept[key] = kept
        if len(_kept) > MOST_PAGES:
            _kept.popitem(last=False)
    body, caching = kept
    return HTMLResponse(body, headers={"cache-control": caching})


def _is_for_everybody(request: Request) -> bool:
    actor = request.scope.get("state", {}).get("actor")
    has_own_words = request.url.query or FLASH_COOKIE in request.cookies
    return not has_own_words and (actor is None or actor.id is None)


def forget() -> None:
    """Drop every page kept."""
    _kept.clear()
