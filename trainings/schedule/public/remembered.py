"""The same facts in the same language give the same page until time alone changes it. A place taken is among the
facts.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from trainings import clock
from trainings.audit.actor import Actor
from trainings.web.flash import COOKIE as FLASH_COOKIE
from trainings.web.i18n import language
from trainings.web.static import encoding_for, packed

MOST_PAGES, MOST_BYTES = 256, 16_000_000
NO_HOLES: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class _Page:
    facts: object
    body: bytes
    caching: str
    made_at: datetime
    until: datetime
    packed: dict[str, bytes]
    """By encoding, once asked for."""

    def in_encoding(self, encoding: str) -> bytes:
        if encoding not in self.packed:
            self.packed[encoding] = packed(self.body, encoding)
        return self.packed[encoding]


_kept: OrderedDict[Hashable, _Page] = OrderedDict()


def remembered(
    request: Request,
    facts: object,
    make: Callable[[], Response],
    *,
    until: datetime,
    query: str = "",
    is_staff: bool = False,
    holes: Mapping[str, str] = NO_HOLES,
) -> Response:
    """One for each address and language, made if missing. With a query it is always made, but for the one `query` that
    says what it shows: anybody may make up others, and these would push out what all read. For signed-in people it is
    always made too, unless `is_staff`: then each person has their own, with their present roles. `until`: when the same
    facts read differently. `holes`: what stands in the page made, with the text that each reader sees in its place.
    """
    asked, actor = request.url.query, request.scope.get("state", {}).get("actor")
    is_known = actor is not None and actor.id is not None
    if asked not in ("", query) or FLASH_COOKIE in request.cookies or is_known is not is_staff:
        made = make()
        if holes:
            made.body = _filled(bytes(made.body), holes)
            made.headers["content-length"] = str(len(made.body))
        return made
    now = clock.now()
    key = request.url.path, asked, language(), _seen_as(actor) if is_staff else None
    kept = _kept.get(key)
    if kept is None or not kept.made_at <= now < kept.until or kept.facts != facts:
        made = make()
        kept = _Page(facts, bytes(made.body), made.headers["cache-control"], now, until, {})
        _keep(key, kept)
    _kept.move_to_end(key)
    headers, encoding = {"cache-control": kept.caching}, encoding_for(request.headers)
    if holes or not encoding:
        return HTMLResponse(_filled(kept.body, holes), headers=headers)
    headers |= {"content-encoding": encoding, "vary": "Accept-Encoding"}
    return HTMLResponse(kept.in_encoding(encoding), headers=headers)


def _filled(body: bytes, holes: Mapping[str, str]) -> bytes:
    for hole, text in holes.items():
        body = body.replace(hole.encode(), escape(text).encode())
    return body


def _keep(key: Hashable, page: _Page) -> None:
    _kept[key] = page
    while len(_kept) > MOST_PAGES or sum(len(one.body) for one in _kept.values()) > MOST_BYTES:
        if len(_kept) == 1:
            break
        _kept.popitem(last=False)


def _seen_as(actor: Actor) -> Hashable:
    roles = frozenset(actor.roles_at.items())
    return actor.id, actor.name, actor.role, actor.place, roles, actor.roles_everywhere, actor.wants_slash


def forget() -> None:
    _kept.clear()
