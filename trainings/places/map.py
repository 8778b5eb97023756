from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from trainings.lib.text import fold
from trainings.places import labels
from trainings.places.data import by_code, department_name
from trainings.places.labels import Label
from trainings.places.outlines import FINE_DEPARTMENTS, Box, Drawing, View, outlines

FRAME = Box(-40, -2, 562, 592)
"""The country is 560 wide; the left margin, over Mexico, has room for a closer view."""
SLOTS = (Box(-38, 26, 108, 250), Box(442, 26, 560, 250), Box(442, 410, 560, 564))
"""Without land: north-west, north-east and south-east of the country."""
MOST_INSETS = 2
SMALL = 24
"""Units of the country's map; a narrower or lower marked municipality needs a closer view."""
LEAST_MAGNIFICATION, MOST_MAGNIFICATION = 3.0, 6.0
PADDING = 4
COARSENESS = 1.5
"""Smaller details, in units, are not drawn; on a telephone a unit is half a pixel."""
DEPARTMENT_WIDTH, DEPARTMENT_HEIGHT = 560, 590


@dataclass(frozen=True, slots=True)
class Marked:
    """Number, address ("": none), and words after the name («2 cursos»)."""

    count: int
    href: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    code: str
    title: str
    href: str
    path: str
    box: Box
    label: Label | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """In order of drawing: three shared paths, departments with links, marked municipalities, words."""

    land: str
    thin: str
    thick: str
    areas: tuple[Shape, ...] = ()
    shapes: tuple[Shape, ...] = ()
    labels: tuple[Label, ...] = ()


@dataclass(frozen=True, slots=True)
class Inset:
    """A closer view in a free corner: its frame, the area it magnifies, and the lines between."""

    box: Box
    source: Box
    leaders: str
    layer: Layer


@dataclass(frozen=True, slots=True)
class Place:
    code: str
    name: str
    full_name: str
    marked: Marked


@dataclass(frozen=True, slots=True)
class PlaceGroup:
    """`href`: the department's map."""

    code: str
    name: str
    href: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Map:
    """With the same places as a list for people who do not see maps."""

    view: Box
    layer: Layer
    groups: tuple[PlaceGroup, ...]
    insets: tuple[Inset, ...] = ()

    @property
    def has_links(self) -> bool:
        layers = [self.layer, *(inset.layer for inset in self.insets)]
        return any(shape.href for layer in layers for shape in (*layer.areas, *layer.shapes))


def country_map(marked: Mapping[str, Marked], *, departments: Mapping[str, Marked] | None = None) -> Map:
    """`marked` by INE code; `departments` with links, by code.

    Codes without an outline (`0000`, another place) are left out.
    """
    return _country_map(tuple(sorted(marked.items())), tuple(sorted((departments or {}).items())))


@lru_cache(maxsize=64)
def _country_map(marks: tuple[tuple[str, Marked], ...], ways: tuple[tuple[str, Marked], ...]) -> Map:
    marked, entered = dict(marks), dict(ways)
    drawing, base = _country()
    shapes = _shapes(drawing, marked)
    areas = tuple(
        _shape(code, department_name(code), mark, drawing.land(outlines("country").codes_in(code)), FRAME)
        for code, mark in entered.items()
    )
    insets, magnified = _insets(shapes, marked, entered)
    # What a closer view shows is only a spot of colour here: one link for one place.
    drawn = tuple(_without_link(shape) if shape.code in magnified else shape for shape in shapes)
    taken = [shape.box for shape in shapes] + [inset.box for inset in insets]
    words = labels.departments_named({shape.code[:2] for shape in shapes}, taken)
    titles = tuple(labels.title_of(inset.box, _mostly(inset.layer.shapes), FRAME) for inset in insets)
    layer = replace(base, areas=areas, shapes=drawn, labels=(*words, *titles))
    return Map(FRAME, layer, grouped(marked, entered), insets)


def department_map(code: str, marked: Mapping[str, Marked]) -> Map:
    """As large as the frame allows; names where there is room. Marks of other departments are left out."""
    return _department_map(code, tuple(sorted(item for item in marked.items() if item[0].startswith(code))))


@lru_cache(maxsize=512)
def _department_map(code: str, marks: tuple[tuple[str, Marked], ...]) -> Map:
    marked = dict(marks)
    drawing, base, view = _department(code)
    shapes = _shapes(drawing, marked)
    named = labels.names_beside({shape.code: by_code()[shape.code].name for shape in shapes}, drawing, view)
    layer = replace(base, shapes=tuple(replace(shape, label=named.get(shape.code)) for shape in shapes))
    return Map(view, layer, grouped(marked, {}))


def grouped(marked: Mapping[str, Marked], entered: Mapping[str, Marked]) -> tuple[PlaceGroup, ...]:
    rows = sorted(
        (by_code()[code] for code in marked if code in by_code()),
        key=lambda row: (fold(row.department), fold(row.name)),
    )
    codes = dict.fromkeys(row.department_code for row in rows)
    return tuple(
        PlaceGroup(
            code,
            department_name(code),
            entered[code].href if code in entered else "",
            tuple(
                Place(row.ine_code, row.name, row.full_name, marked[row.ine_code])
                for row in rows
                if row.department_code == code
            ),
        )
        for code in codes
    )


@lru_cache
def _country() -> tuple[Drawing, Layer]:
    source = outlines("country")
    extent = source.extent(source.shapes)
    view = View(extent.left, extent.top, 560 / extent.width, COARSENESS)
    return _drawn(Drawing(source, source.shapes, view))


@lru_cache
def _department(code: str) -> tuple[Drawing, Layer, Box]:
    source = outlines("detail" if code in FINE_DEPARTMENTS else "country")
    codes = source.codes_in(code)
    extent = source.extent(codes)
    scale = min(DEPARTMENT_WIDTH / extent.width, DEPARTMENT_HEIGHT / extent.height)
    drawing, base = _drawn(Drawing(source, codes, View(extent.left, extent.top, scale, COARSENESS)))
    # As wide as the country's map, so that lines and words come out equally large.
    spare = (DEPARTMENT_WIDTH - extent.width * scale) / 2
    view = Box(round(-spare) - 20, -2, round(DEPARTMENT_WIDTH - spare) + 20, round(extent.height * scale) + 2)
    return drawing, base, view


@lru_cache(maxsize=32)
def _closer(source: Box, magnification: float) -> tuple[Drawing, Layer]:
    country, _ = _country()
    seen = [code for code in country.codes if country.box(code).meets(source.grown(1))]
    near = View(
        country.view.left + source.left / country.view.scale,
        country.view.top + source.top / country.view.scale,
        country.view.scale * magnification,
        COARSENESS,
    )
    window = Box(0, 0, source.width * magnification, source.height * magnification)
    return _drawn(Drawing(outlines("country"), seen, near), window)


def _drawn(drawing: Drawing, window: Box | None = None) -> tuple[Drawing, Layer]:
    thin = drawing.borders(between_departments=False, window=window)
    thick = drawing.borders(between_departments=True, window=window)
    return drawing, Layer(drawing.land(), thin, thick)


def _shapes(drawing: Drawing, marked: Mapping[str, Marked]) -> tuple[Shape, ...]:
    names, outlined = by_code(), set(drawing.codes)
    return tuple(
        _shape(code, names[code].full_name, mark, drawing.shape(code), drawing.box(code))
        for code, mark in sorted(marked.items())
        if code in outlined
    )


def _shape(code: str, name: str, mark: Marked, path: str, box: Box) -> Shape:
    title = f"{name}: {mark.label}" if mark.label else name
    return Shape(code, title, mark.href, path, box)


def _without_link(shape: Shape) -> Shape:
    return replace(shape, href="")


def _mostly(shapes: Iterable[Shape]) -> str:
    codes = sorted(shape.code[:2] for shape in shapes)
    return department_name(max(codes, key=codes.count))


def _insets(
    shapes: Sequence[Shape], marked: Mapping[str, Marked], entered: Mapping[str, Marked]
) -> tuple[tuple[Inset, ...], set[str]]:
    small = [shape for shape in shapes if min(shape.box.width, shape.box.height) < SMALL]
    free, insets, magnified = list(SLOTS), list[Inset](), set[str]()
    while small and len(insets) < MOST_INSETS:
        crowd = _largest_crowd(small, free[0])
        if len(crowd) < 2:
            break
        middle = Box.around(shape.box for shape in crowd).centre
        slot = min(free, key=lambda box: _distance(box.centre, middle))
        free.remove(slot)
        if slot is not SLOTS[0]:
            crowd = _largest_crowd(crowd, slot)
        inset = _inset(slot, crowd, marked, entered)
        insets.append(inset)
        magnified.update(shape.code for shape in inset.layer.shapes if shape.href)
        small = [shape for shape in small if not inset.source.holds(shape.box)]
    return tuple(insets), magnified


def _largest_crowd(shapes: Sequence[Shape], slot: Box) -> list[Shape]:
    across = slot.width / LEAST_MAGNIFICATION - 2 * PADDING
    down = slot.height / LEAST_MAGNIFICATION - 2 * PADDING
    crowds = []
    for x, y in (shape.box.centre for shape in shapes):
        reach = Box(x - across / 2, y - down / 2, x + across / 2, y + down / 2)
        crowds.append([shape for shape in shapes if reach.holds(shape.box)])
    return max(crowds, key=len)


def _inset(slot: Box, crowd: Sequence[Shape], marked: Mapping[str, Marked], entered: Mapping[str, Marked]) -> Inset:
    tight = Box.around(shape.box for shape in crowd).grown(PADDING)
    magnification = min(slot.width / tight.width, slot.height / tight.height, MOST_MAGNIFICATION)
    (x, y), across, down = tight.centre, slot.width / magnification, slot.height / magnification
    source = Box(round(x - across / 2), round(y - down / 2), round(x + across / 2), round(y + down / 2))
    drawing, base = _closer(source, slot.width / source.width)
    window = Box(0, 0, slot.width, slot.height)
    seen = [shape for shape in _shapes(drawing, marked) if shape.box.meets(window)]
    shown = tuple(shape if window.holds(shape.box) else _without_link(shape) for shape in seen)
    home = next((code for code in entered if department_name(code) == _mostly(shown)), None)
    areas = (_shape(home, department_name(home), entered[home], base.land, window),) if home else ()
    layer = replace(base, land="" if areas else base.land, areas=areas, shapes=shown)
    return Inset(slot, source, labels.leaders(slot, source), layer)


def _distance(a: tuple[float, float], b: tuple[float, float]) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])
