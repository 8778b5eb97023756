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
LONGEST_QUERY = 200


@dataclass(frozen=True, slots=True)
class _Page:
    """A page as it was made, and for which time it stands."""

    body: bytes
    caching: str
    made_at: datetime
    until: datetime


_kept: OrderedDict[Hashable, _Page] = OrderedDict()


def remembered(
    request: Request,
    facts: Hashable,
    make: Callable[[], Response],
    *,
    until: datetime,
    with_query: bool = False,
) -> Response:
    """The page of these facts, made where it is not there yet. Pages of staff are always made, and so are those of
    filters, unless `with_query` says that each address has a page of its own.

    `until` is when the same facts begin to read differently.
    """
    query = request.url.query
    if not _is_for_everybody(request) or (query and not (with_query and len(query) <= LONGEST_QUERY)):
        return make()
    now = clock.now()
    key = (request.url.path, query, language(), facts)
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
    return FLASH_COOKIE not in request.cookies and (actor is None or actor.id is None)


def forget() -> None:
    """Drop every page kept."""
    _kept.clear()
