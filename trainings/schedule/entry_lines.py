"""The lines of a calendar as HTML: a month has hundreds, so the template is rendered once for each kind of line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
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
    return Markup("".join([_line(entry, lang) for entry in entries]))  # noqa: S704 - each value is escaped


def _line(entry: Entry, lang: str) -> str:
    pattern, values_of = _pattern(lang, entry.mark, bool(entry.place), bool(entry.move))
    return pattern % tuple(map(_escaped, values_of(entry)))


@lru_cache(maxsize=256)
def _pattern(
    lang: str,
    mark: str,
    has_place: bool,
    has_move: bool,
) -> tuple[str, Callable[[Entry], tuple[str, ...]]]:
    """The line of this kind with a hole for each of its values, and what takes these out of an entry in their order."""
    assert lang == language(), "rendered in the language of the request"
    values = {name: f"\x02{name}\x03" for name in FILLED_IN}
    values |= {"mark": mark} | ({} if has_place else {"place": ""}) | ({} if has_move else {"move": ""})
    written = render_text(TEMPLATE, values).replace("%", "%%") + "\n"
    return HOLE.sub("%s", written), attrgetter(*HOLE.findall(written))


@lru_cache(maxsize=READ_AGAIN)
def _escaped(text: str) -> str:
    return str(escape(text))
