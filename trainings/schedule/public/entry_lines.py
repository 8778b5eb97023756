"""Calendar lines as HTML: a month has hundreds, so the template is rendered once for each kind of line."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from markupsafe import Markup, escape

from trainings.web.i18n import language
from trainings.web.render import render_text

TEMPLATE = "schedule/public/_entry.html"
FILLED_IN = ("look", "href", "time", "title", "place", "state", "move")
HOLE = re.compile("\x02(\\w+)\x03")
"""Placeholder of a value, in characters that no text has and the template keeps."""
BETWEEN = "\x1f"


class Entry(NamedTuple):
    """A session or activity in a calendar. `look`: its classes; `move`: the form that moves it, or empty.

    `starts_at` is local; `mark`: icon for its state, readable without colours. A tuple, because a page makes hundreds.
    """

    starts_at: datetime
    look: str
    href: str
    time: str
    title: str
    place: str
    state: str
    move: str = ""
    mark: str = ""


def lines_of(entries: Sequence[Entry]) -> Markup:
    """Entries of a day by their template, in the request's language."""
    lang = language()
    written: list[str] = []
    values: list[str] = []
    for entry in entries:
        pattern, wanted = _pattern(lang, entry.mark, bool(entry.place), bool(entry.move))
        written.append(pattern)
        values += wanted(entry)
    return Markup("".join(written) % _escaped(values))  # noqa: S704 - each value is escaped


def _escaped(values: list[str]) -> tuple[str, ...]:
    """In one call: a call for each takes longer than all else."""
    told = BETWEEN.join(values)
    escaped = str(escape(told))
    if len(escaped) == len(told):
        return tuple(values)
    parts = escaped.split(BETWEEN)
    return tuple(parts if len(parts) == len(values) else (str(escape(value)) for value in values))


@lru_cache(maxsize=256)
def _pattern(lang: str, mark: str, has_place: bool, has_move: bool) -> tuple[str, Callable[[Entry], tuple[str, ...]]]:
    """The line with holes, and a getter of their values in order."""
    assert lang == language(), "rendered in the language of the request"
    values = {name: f"\x02{name}\x03" for name in FILLED_IN}
    values |= {"mark": mark} | ({} if has_place else {"place": ""}) | ({} if has_move else {"move": ""})
    written = render_text(TEMPLATE, values).replace("%", "%%") + "\n"
    return HOLE.sub("%s", written), itemgetter(*map(Entry._fields.index, HOLE.findall(written)))
