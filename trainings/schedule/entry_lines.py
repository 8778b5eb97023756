"""The lines of a calendar as HTML: a month has hundreds, so the template is rendered once for each kind of line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from trainings.db.sql import READ_AGAIN
from trainings.web.i18n import language
from trainings.web.render import render_text

if TYPE_CHECKING:
    from trainings.schedule.cells import Entry

TEMPLATE = "schedule/_entry.html"
FILLED_IN = ("look", "href", "time", "title", "place", "state", "move")
HOLE = re.compile("\x02(\\w+)\x03")
"""Where a value goes: characters that no text of ours has, and that the template leaves as they are."""


def lines_of(entries: Sequence[Entry]) -> Markup:
    """The entries of a day, each as its template writes it, in the language of the request."""
    lang = language()
    lines = [_line(lang, e.mark, e.look, e.href, e.time, e.title, e.place, e.state, e.move) for e in entries]
    return Markup("".join(lines))  # noqa: S704 - each value is escaped


@lru_cache(maxsize=READ_AGAIN)
def _line(lang: str, mark: str, *values: str) -> str:
    """Kept by all that it says: of a page that is made anew nearly every line is as it was."""
    told = dict(zip(FILLED_IN, values, strict=True))
    pattern, names = _pattern(lang, mark, bool(told["place"]), bool(told["move"]))
    return pattern % tuple(escape(told[name]) for name in names)


@lru_cache(maxsize=256)
def _pattern(lang: str, mark: str, has_place: bool, has_move: bool) -> tuple[str, list[str]]:
    """The line of this kind with a hole for each of its values, and the names of these in their order."""
    assert lang == language(), "rendered in the language of the request"
    values = {name: f"\x02{name}\x03" for name in FILLED_IN}
    values |= {"mark": mark} | ({} if has_place else {"place": ""}) | ({} if has_move else {"move": ""})
    written = render_text(TEMPLATE, values).replace("%", "%%") + "\n"
    return HOLE.sub("%s", written), HOLE.findall(written)
