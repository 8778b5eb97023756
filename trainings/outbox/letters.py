"""How a message looks: its words from one template, set as plain text and as HTML by the same layout."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from css_inline import CSSInliner

from trainings.lib.dates import NBSP
from trainings.web.render import render_text

PARAGRAPHS = re.compile(r"\n\s*\n")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in words. The heading is also its subject."""

    heading: str
    text: str
    html: str


def write_letter(words: str, facts: Mapping[str, Any]) -> Letter:
    """Set the words of a template (heading, then paragraphs, empty lines between) and the facts in the layout.

    In the language being spoken. `facts` are what `emails/_layout.html` names.
    """
    heading, *paragraphs = (part.strip() for part in PARAGRAPHS.split(render_text(words, facts).strip()))
    context = {**facts, "heading": heading, "paragraphs": paragraphs}
    return Letter(
        heading=heading,
        text=render_text("emails/_layout.txt", context).replace(NBSP, " "),
        # Many readers throw stylesheets away: what can stand at the elements, stands there.
        html=_inliner().inline(render_text("emails/_layout.html", context)),
    )


@lru_cache(maxsize=1)
def _inliner() -> CSSInliner:
    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
