"""SVG paths from borders cut into shared arcs: neighbours leave no gap at any scale."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import cos, radians
from pathlib import Path

OUTLINES = Path(__file__).parent / "data" / "outlines.json"
FINE_DEPARTMENTS = frozenset({"09", "12", "17"})
"""Quetzaltenango, San Marcos and Petén have outlines of their own; never mix the two sets in one drawing."""

LATITUDE_SHRINK = cos(radians(15.7))
"""A degree of longitude in degrees of latitude, in the middle of Guatemala."""

Point = tuple[int, int]
Line = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def meets(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: Box) -> bool:
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )

    def grown(self, by: float) -> Box:
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    @classmethod
    def around(cls, boxes: Iterable[Box]) -> Box:
        edges = [(box.left, box.top, box.right, box.bottom) for box in boxes]
        lefts, tops, rights, bottoms = zip(*edges, strict=True)
        return cls(min(lefts), min(tops), max(rights), max(bottoms))


@dataclass(frozen=True)
class Outlines:
    """Weighted arcs in degrees (lon, lat, weight; 0 is always drawn), and each municipality's rings of arc numbers.
    `~n` is arc n backwards.
    """

    arcs: tuple[tuple[tuple[float, float, float], ...], ...]
    shapes: Mapping[str, tuple[tuple[int, ...], ...]]

    def codes_in(self, department_code: str) -> tuple[str, ...]:
        return tuple(code for code in self.shapes if code.startswith(department_code))

    def extent(self, codes: Iterable[str]) -> Box:
        """In degrees of latitude from (0, 0), y downwards."""
        used = {arc if arc >= 0 else ~arc for code in codes for ring in self.shapes[code] for arc in ring}
        points = [(lon * LATITUDE_SHRINK, -lat) for arc in used for lon, lat, _ in self.arcs[arc]]
        xs, ys = zip(*points, strict=True)
        return Box(min(xs), min(ys), max(xs), max(ys))


@lru_cache
def outlines(name: str) -> Outlines:
    """ "country", or "detail" of the FINE_DEPARTMENTS."""
    stored = json.loads(OUTLINES.read_text(encoding="utf-8"))[name]
    units = stored["units_per_degree"]
    return Outlines(
        arcs=tuple(tuple(_unpack(flat, units)) for flat in stored["arcs"]),
        shapes={code: tuple(tuple(ring) for ring in rings) for code, rings in stored["shapes"].items()},
    )


def _unpack(flat: Sequence[int], units: int) -> Iterator[tuple[float, float, float]]:
    lon = lat = 0
    for step_lon, step_lat, weight in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
        lon, lat = lon + step_lon, lat + step_lat
        yield lon / units, lat / units, weight / units


@dataclass(frozen=True, slots=True)
class View:
    """`scale` units a degree of latitude, (`left`, `top`) of the extent at the origin; details below `coarseness` units
    are left out.
    """

    left: float
    top: float
    scale: float
    coarseness: float

    def place(self, lon: float, lat: float) -> Point:
        return round((lon * LATITUDE_SHRINK - self.left) * self.scale), round((-lat - self.top) * self.scale)


class Drawing:
    """Each border is computed once, so neighbours share it."""

    def __init__(self, source: Outlines, codes: Iterable[str], view: View) -> None:
        self.view = view
        self.codes = tuple(codes)
        self._rings = {code: source.shapes[code] for code in self.codes}
        self._owners: dict[int, list[tuple[str, int]]] = {}
        for code, rings in self._rings.items():
            for number in (n for ring in rings for n in ring):
                self._owners.setdefault(number if number >= 0 else ~number, []).append((code, number))
        self._lines = {number: self._draw(source.arcs[number]) for number in self._owners}
        self._boxes = {code: _box(self._shape_rings(code)) for code in self.codes}

    def _draw(self, arc: Sequence[tuple[float, float, float]]) -> Line:
        smallest = self.view.coarseness / self.view.scale
        return _tidy([self.view.place(lon, lat) for lon, lat, weight in arc if not weight or weight >= smallest])

    def box(self, code: str) -> Box:
        return self._boxes[code]

    def encloses(self, code: str, box: Box) -> bool:
        """The rectangle lies wholly inside the municipality."""
        rings = self._shape_rings(code)
        corners = [(x, y) for x in (box.left, box.centre[0], box.right) for y in (box.top, box.bottom)]
        edge_points = [point for ring in rings for point in ring]
        return all(_is_inside(corner, rings) for corner in corners) and not any(
            box.left <= x <= box.right and box.top <= y <= box.bottom for x, y in edge_points
        )

    def shape(self, code: str) -> str:
        return path_of(self._shape_rings(code))

    def land(self, codes: Iterable[str] | None = None) -> str:
        """One path of all given municipalities."""
        return path_of(self._outline(self.codes if codes is None else codes))

    def borders(self, *, between_departments: bool, window: Box | None = None) -> str:
        """Inner borders, between departments or within them; with a window, only visible borders."""
        lines = []
        for number, owners in self._owners.items():
            line, users = self._lines[number], [code for code, _ in owners]
            is_wanted = len(users) == 2 and (users[0][:2] != users[1][:2]) is between_departments
            if is_wanted and (window is None or _box([line]).meets(window)):
                lines.append(line)
        return path_of(_join(lines))

    def _shape_rings(self, code: str) -> list[Line]:
        rings = []
        for numbers in self._rings[code]:
            line: list[Point] = []
            for number in numbers:
                arc = self._lines[number] if number >= 0 else self._lines[~number][::-1]
                line += arc[1:] if line else arc
            rings.append(_tidy_ring(tuple(line)))
        return [ring for ring in rings if len(ring) > 3]

    def _outline(self, codes: Iterable[str]) -> list[Line]:
        """Closed rings: the arcs that only one of the municipalities uses."""
        chosen = frozenset(codes)
        edge = []
        for number, owners in self._owners.items():
            users = [used for code, used in owners if code in chosen]
            if len(users) == 1:
                edge.append(self._lines[number] if users[0] >= 0 else self._lines[number][::-1])
        return [ring for ring in map(_tidy_ring, _join(edge)) if len(ring) > 3]


def _box(lines: Iterable[Line]) -> Box:
    points = [point for line in lines for point in line]
    xs, ys = zip(*points, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def _is_inside(point: tuple[float, float], rings: Iterable[Line]) -> bool:
    """Even-odd rule."""
    x, y = point
    crossings = 0
    for ring in rings:
        for (ax, ay), (bx, by) in pairwise(ring):
            if (ay > y) != (by > y) and x < ax + (y - ay) * (bx - ax) / (by - ay):
                crossings += 1
    return crossings % 2 == 1


def _tidy(points: Sequence[Point]) -> Line:
    kept: list[Point] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        while len(kept) > 1 and _is_straight(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return tuple(kept)


def _is_straight(a: Point, b: Point, c: Point) -> bool:
    ux, uy, vx, vy = b[0] - a[0], b[1] - a[1], c[0] - b[0], c[1] - b[1]
    return ux * vy == uy * vx and ux * vx + uy * vy > 0


def _tidy_ring(ring: Line) -> Line:
    tidy = _tidy(ring)
    if len(tidy) > 3 and _is_straight(tidy[-2], tidy[0], tidy[1]):
        return (*tidy[1:-1], tidy[1])
    return tidy


def _join(lines: Iterable[Line]) -> list[Line]:
    starts: dict[Point, list[Line]] = {}
    loose = [line for line in lines if len(line) > 1]
    for line in loose:
        starts.setdefault(line[0], []).append(line)
    used: set[int] = set()
    joined = []
    for line in loose:
        if id(line) in used:
            continue
        used.add(id(line))
        chain = list(line)
        while chain[-1] != chain[0]:
            following = next((n for n in starts.get(chain[-1], ()) if id(n) not in used), None)
            if following is None:
                break
            used.add(id(following))
            chain += following[1:]
        joined.append(tuple(chain))
    return joined


def path_of(lines: Iterable[Line]) -> str:
    """Whole numbers and relative steps, the shortest that browsers read."""
    parts: list[str] = []
    pen = (0, 0)
    for line in lines:
        first = line[0]
        if parts:
            parts.append("m" + _pair(first[0] - pen[0], first[1] - pen[1]))
        else:
            parts.append("M" + _pair(*first))
        is_ring = line[0] == line[-1]
        steps = [_pair(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(line[:-1] if is_ring else line)]
        text = steps[0] if steps else ""
        for step in steps[1:]:
            text += step if step.startswith("-") else " " + step
        parts.append("l" + text + ("z" if is_ring else ""))
        pen = first if is_ring else line[-1]
    return "".join(parts)


def _pair(x: int, y: int) -> str:
    return f"{x}{y}" if y < 0 else f"{x} {y}"
