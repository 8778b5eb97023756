"""Places for words on a map: beside what they name, never over a name or a marked municipality."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import Literal

from trainings.places.data import department_name
from trainings.places.outlines import Box, Drawing

TEXT_HEIGHT = 22
"""Size of `.map text` in the stylesheet."""
LETTER_WIDTH = 11.6
"""Average of a bold letter of that size, in units, a little more than measured."""
GAP = 6
REACHES = (60, 90, 120, 150, 180)
DIRECTIONS = ((0.7, -0.7), (-0.7, -0.7), (0.7, 0.7), (-0.7, 0.7), (0.9, -0.4), (-0.9, -0.4), (0.9, 0.4), (-0.9, 0.4))

ROOMY = {
    "05": (192, 532),
    "14": (152, 330),
    "16": (286, 330),
    "17": (236, 50),
    "18": (456, 310),
}
"""Middle of the name on the country's map, for departments wide enough for their names."""


@dataclass(frozen=True, slots=True)
class Label:
    """A word at the baseline (`x`, `y`); `anchor` as in SVG; `leader`: path of the line to a distant place."""

    text: str
    x: float
    y: float
    anchor: Literal["start", "middle", "end"] = "middle"
    leader: str = ""
    is_inside: bool = False

    @property
    def box(self) -> Box:
        width = len(self.text) * LETTER_WIDTH
        left = {"start": self.x, "middle": self.x - width / 2, "end": self.x - width}[self.anchor]
        return Box(left, self.y - 0.8 * TEXT_HEIGHT, left + width, self.y + 0.2 * TEXT_HEIGHT)


def departments_named(codes: Iterable[str], taken: Sequence[Box]) -> tuple[Label, ...]:
    names = [Label(department_name(code), *ROOMY[code]) for code in sorted(codes) if code in ROOMY]
    return tuple(name for name in names if not any(name.box.meets(box) for box in taken))


def title_of(box: Box, text: str, frame: Box) -> Label:
    """Of a closer view, flush with the map's edge: above it, or below at the foot of the map."""
    is_at_foot = frame.bottom - box.bottom < 2 * TEXT_HEIGHT
    y = box.bottom + TEXT_HEIGHT if is_at_foot else box.top - 8
    if box.centre[0] > frame.centre[0]:
        return Label(text, box.right, y, "end")
    return Label(text, box.left, y, "start")


def leaders(box: Box, source: Box) -> str:
    """Two lines from the corners of the magnified area to the corners of its closer view."""
    if source.top >= box.bottom:
        pairs = [(source.left, source.top, box.left, box.bottom), (source.right, source.top, box.right, box.bottom)]
    elif source.left >= box.right:
        pairs = [(source.left, source.top, box.right, box.top), (source.left, source.bottom, box.right, box.bottom)]
    else:
        pairs = [(source.right, source.top, box.left, box.top), (source.right, source.bottom, box.left, box.bottom)]
    return "".join(f"M{x1:g} {y1:g}L{x2:g} {y2:g}" for x1, y1, x2, y2 in pairs)


def names_beside(names: Mapping[str, str], drawing: Drawing, view: Box) -> dict[str, Label]:
    """For marked municipalities (code and name): inside where the name fits, else at a side, else at a distance, else
    left out.
    """
    placed: dict[str, Label] = {}
    for code in sorted(names, key=lambda code: (-drawing.box(code).width, code)):
        others = [drawing.box(other) for other in names if other != code] + [label.box for label in placed.values()]
        inside = (label for label in _inside(names[code], drawing.box(code)) if drawing.encloses(code, label.box))
        for label in chain(inside, _outside(names[code], drawing.box(code))):
            if view.holds(label.box) and not any(label.box.meets(other) for other in others):
                placed[code] = label
                break
    return placed


def _inside(name: str, box: Box) -> Iterator[Label]:
    drop = round(0.3 * TEXT_HEIGHT)
    for y, x in product((0.5, 0.4, 0.6, 0.3, 0.7), (0.5, 0.4, 0.6, 0.35, 0.65)):
        middle = round(box.left + x * box.width), round(box.top + y * box.height) + drop
        yield Label(name, *middle, is_inside=True)


def _outside(name: str, box: Box) -> Iterator[Label]:
    x, y = round(box.centre[0]), round(box.centre[1])
    drop = round(0.3 * TEXT_HEIGHT)
    heights = (y, round(box.top + box.height / 4), round(box.bottom - box.height / 4))
    for height in heights:
        yield Label(name, box.right + GAP, height + drop, "start")
    for height in heights:
        yield Label(name, box.left - GAP, height + drop, "end")
    for baseline in (round(box.top) - GAP, round(box.bottom) + TEXT_HEIGHT):
        yield Label(name, x, baseline)
        yield Label(name, box.left, baseline, "start")
        yield Label(name, box.right, baseline, "end")
    for reach, (across, down) in product(REACHES, DIRECTIONS):
        end_x, end_y = round(x + across * reach), round(y + down * reach)
        start = end_x + 4 if across > 0 else end_x - 4
        yield Label(name, start, end_y + drop, "start" if across > 0 else "end", f"M{x} {y}L{end_x} {end_y}")
