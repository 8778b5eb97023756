"""One template and one layout give a message as plain text and as HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from css_inline import CSSInliner

from trainings.lib.dates import NBSP
from trainings.outbox.mailer import Mail
from trainings.outbox.placeholders import Filled, paragraphs_of
from trainings.web.i18n import language
from trainings.web.render import render_block, render_text

EMPTY_LINES = re.compile(r"\n{3,}")
LAYOUT = ("emails/_layout.txt", "emails/_layout.html")


@dataclass(frozen=True, slots=True)
class Letter:
    heading: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Words:
    """Paragraphs of a template; operators cannot drop the obligatory paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]
    must: tuple[str, ...] = ()

    @property
    def free(self) -> tuple[str, ...]:
        return tuple(part for part in self.paragraphs if part not in self.must)


def words_of(template: str, facts: Mapping[str, Any]) -> Words:
    """In the language being spoken. The block `must` holds what no operator may drop: a deadline, a reason, an
    answer.
    """
    heading, *paragraphs = paragraphs_of(render_text(template, facts))
    return Words(heading, tuple(paragraphs), tuple(paragraphs_of(render_block(template, "must", facts))))


def write_letter(template: str, facts: Mapping[str, Any], own: Filled | None = None) -> Letter:
    """The template's words, or an operator's `own` with what must stand, in the layout. Own words without a subject
    take the template's.
    """
    words = words_of(template, facts)
    if own is not None:
        words = Words(own.subject or words.heading, (*paragraphs_of(own.body), *paragraphs_of(own.below), *words.must))
    above = len(paragraphs_of(own.body)) if own is not None and own.places_link else None
    shown = {
        "heading": words.heading,
        "paragraphs": words.paragraphs[:above],
        "is_link_placed": above is not None,
        "below": words.paragraphs[above:] if above is not None else (),
    }
    return set_letter(LAYOUT, {**facts, **shown})


def set_letter(layout: tuple[str, str], facts: Mapping[str, Any]) -> Letter:
    text, html = layout
    return Letter(
        heading=facts["heading"],
        text=EMPTY_LINES.sub("\n\n", render_text(text, facts)).replace(NBSP, " "),
        # Many readers throw stylesheets away: what can stand at the elements, stands there.
        html=_inliner().inline(render_text(html, facts)),
    )


@lru_cache(maxsize=1)
def _inliner() -> CSSInliner:
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)


STAFF_LAYOUT = ("emails/_staff.txt", "emails/_staff.html")


@dataclass(frozen=True, slots=True)
class Item:
    text: str
    href: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    items: Sequence[Item]


def staff_mail(
    to: str,
    heading: str,
    paragraphs: Sequence[str],
    sections: Sequence[Section],
    *,
    reply_to: str = "",
    is_overtaken: bool = False,
    is_optional: bool = True,
) -> Mail:
    """The heading is the subject and names no topic. `is_optional`: the mail says where to switch it off."""
    shown = {"heading": heading, "paragraphs": paragraphs, "sections": sections, "is_optional": is_optional}
    letter = set_letter(STAFF_LAYOUT, shown)
    return Mail(
        to=to,
        subject=letter.heading,
        text=letter.text,
        html=letter.html,
        lang=language(),
        reply_to=reply_to,
        is_overtaken=is_overtaken,
    )
