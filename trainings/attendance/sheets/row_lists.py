"""Row numbers read off a signed sheet: "todas menos 4, 9", "1-12, 15", "todas menos 4, más 36-38".

The phone has the same rule, `static/js/marcar/row-list.js`; one table of cases tests both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from trainings.errors import WrongInput
from trainings.web.i18n import N_

ALL, EXCEPT, ALSO = "todas", "menos", "mas"
_WORDS = {
    **dict.fromkeys(("all", "todos"), ALL),
    **dict.fromkeys(("except", "excepto", "but", "salvo"), EXCEPT),
    **dict.fromkeys(("plus", "also", "tambien", "ademas"), ALSO),
}
_JOINING = {"y", "e", "and", "las", "los", "la", "el", "filas", "fila", "rows", "row"}
_TOKEN = re.compile(r"\d+\s*(?:-|a|al|to|\.{2,})\s*\d+|\d+|[^\W\d]+|[^\s,;.]")
_NUMBER, _RANGE = re.compile(r"[0-9]+"), re.compile(r"([0-9]+)\D+([0-9]+)")
_COLON = re.compile(r"([^\W\d])\s*:")
LONGEST = 400


class UnreadableRows(WrongInput):
    code = "unreadable_rows"
    sentence = N_("No entendemos «%(word)s». Escriba números de fila, como 1-12, 15, o «todas menos 4, 9».")


class NoSuchRow(WrongInput):
    code = "no_such_row"
    sentence = N_("La hoja no tiene fila %(row)s: llega a la %(last)s.")


def read_rows(typed: str, *, named: int, last: int) -> list[int]:
    """In order, each once. "todas": rows with a name (1 to `named`), of `last` in all. "menos" takes away, blank rows
    too, until "más", which adds signed blank rows. Refuses anything but numbers (UnreadableRows), and missing rows
    (NoSuchRow).
    """
    here: set[int] = set()
    is_taking_away = False
    for word in _words(typed):
        if word == ALL:
            here |= set(range(1, named + 1))
        elif word in (EXCEPT, ALSO):
            is_taking_away = word == EXCEPT
        elif is_taking_away:
            here -= set(_numbers(word, last))
        else:
            here |= set(_numbers(word, last))
    return sorted(here)


def _words(typed: str) -> Iterator[str]:
    for found in _TOKEN.findall(_plain(typed[:LONGEST])):
        word = _WORDS.get(found, found)
        if word not in _JOINING:
            yield word


def _plain(typed: str) -> str:
    """Lower case without accents, one kind of dash, no colon after a word ("menos: 4")."""
    wide = unicodedata.normalize("NFKD", typed.casefold())
    bare = "".join(one for one in wide if not unicodedata.combining(one))
    return _COLON.sub(r"\1 ", re.sub("[\u2010-\u2015\u2212]", "-", bare))


def _numbers(word: str, last: int) -> Iterator[int]:
    ends = _RANGE.fullmatch(word)
    if not (_NUMBER.fullmatch(word) or ends):
        raise UnreadableRows(field="rows", word=word)
    first, final = (int(ends[1]), int(ends[2])) if ends else (int(word), int(word))
    first, final = min(first, final), max(first, final)
    for row in (first, final):
        if not 1 <= row <= last:
            raise NoSuchRow(field="rows", row=row, last=last)
    yield from range(first, final + 1)
