"""Prepare the outlines that the maps are drawn from: borders cut into shared arcs, every vertex with its weight.

    python tools/make_map.py [--check]

Reads `trainings/places/data/outlines/*.geojson`, writes `trainings/places/data/outlines.json`. A border between two
municipalities becomes one arc that both use, so no drawing has gaps, and each vertex carries the size (in grid units)
of the detail it stands for, so that one file serves the country on a telephone and a department on a wall:
the drawing keeps the vertices that would be seen at its scale (Visvalingam's method, weighted by the angle).
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent.parent / "trainings" / "places" / "data"
TARGET = DATA / "outlines.json"
SOURCES = {
    "country": (DATA / "outlines" / "municipios.geojson", 10_000),
    "detail": (DATA / "outlines" / "municipios_peten_quetzaltenango_sanmarcos.geojson", 100_000),
}
"""Name of the set, file, and grid units in a degree (the decimals that the file has)."""

LATITUDE_SHRINK = math.cos(math.radians(15.7))
"""A degree of longitude measured in degrees of latitude, in the middle of Guatemala."""

Point = tuple[int, int]
Ring = list[Point]


@dataclass
class Topology:
    """Arcs (point lists) and, per municipality, rings of arc numbers; `~n` is arc n walked backwards."""

    arcs: list[list[Point]] = field(default_factory=list)
    shapes: dict[str, list[list[int]]] = field(default_factory=dict)


def read_rings(path: Path, units: int) -> dict[str, list[Ring]]:
    """Rings of every municipality on the integer grid, without the repeated last point."""
    shapes: dict[str, list[Ring]] = {}
    for feature in json.loads(path.read_text(encoding="utf-8"))["features"]:
        geometry = feature["geometry"]
        polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
        rings = [ring for polygon in polygons for ring in polygon]
        shapes[feature["properties"]["codigo_ine"]] = [
            [(round(lon * units), round(lat * units)) for lon, lat in ring[:-1]] for ring in rings
        ]
    return dict(sorted(shapes.items()))


def find_nodes(rings: Iterator[Ring]) -> set[Point]:
    """Points where borders meet: those with other than two neighbours."""
    neighbours: dict[Point, set[Point]] = {}
    for ring in rings:
        for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
            neighbours.setdefault(a, set()).add(b)
            neighbours.setdefault(b, set()).add(a)
    return {point for point, around in neighbours.items() if len(around) != 2}


def cut(ring: Ring, nodes: set[Point]) -> Iterator[list[Point]]:
    """The arcs of a ring, from node to node; a ring without nodes is one closed arc from its smallest point."""
    start = next((i for i, point in enumerate(ring) if point in nodes), ring.index(min(ring)))
    turned = [*ring[start:], *ring[:start], ring[start]]
    begin = 0
    for i in range(1, len(turned)):
        if turned[i] in nodes or i == len(turned) - 1:
            yield turned[begin : i + 1]
            begin = i


def share_borders(shapes: dict[str, list[Ring]]) -> Topology:
    """Every border once, whoever uses it."""
    nodes = find_nodes(ring for rings in shapes.values() for ring in rings)
    topology, known = Topology(), dict[tuple[Point, ...], int]()
    for code, rings in shapes.items():
        topology.shapes[code] = []
        for ring in rings:
            numbers = []
            for arc in cut(ring, nodes):
                if (number := known.get(tuple(arc))) is None:
                    number = len(topology.arcs)
                    topology.arcs.append(arc)
                    known[tuple(arc)] = number
                    known.setdefault(tuple(reversed(arc)), ~number)
                numbers.append(number)
            topology.shapes[code].append(numbers)
    return topology


def significance(a: Point, b: Point, c: Point) -> float:
    """Side, in grid units, of the square as large as the corner at b; flat corners weigh more than spikes."""
    ux, uy, vx, vy = (a[0] - b[0]) * LATITUDE_SHRINK, a[1] - b[1], (c[0] - b[0]) * LATITUDE_SHRINK, c[1] - b[1]
    lengths = math.hypot(ux, uy) * math.hypot(vx, vy)
    cosine = (ux * vx + uy * vy) / lengths if lengths else 1.0
    return math.sqrt(abs(ux * vy - uy * vx) / 2 * (1 - 0.7 * cosine))


def weigh(arc: Sequence[Point]) -> list[int]:
    """Weight of each point of an arc by Visvalingam's method; 0 marks the two ends, which are always drawn."""
    weights = [0] * len(arc)
    before, after = list(range(-1, len(arc) - 1)), list(range(1, len(arc) + 1))
    heap = [(significance(arc[i - 1], arc[i], arc[i + 1]), i) for i in range(1, len(arc) - 1)]
    current = {i: area for area, i in heap}
    heapq.heapify(heap)
    floor = 0.0
    while heap:
        area, i = heapq.heappop(heap)
        if current.get(i) != area:
            continue
        floor = max(floor, area)
        weights[i] = max(1, round(floor))
        del current[i]
        left, right = before[i], after[i]
        after[left], before[right] = right, left
        for j in (left, right):
            if j in current:
                current[j] = significance(arc[before[j]], arc[j], arc[after[j]])
                heapq.heappush(heap, (current[j], j))
    return weights


def flatten(arc: Sequence[Point], weights: Sequence[int]) -> list[int]:
    """lon, lat and weight of each point in turn, positions as steps from the point before."""
    flat, last = list[int](), (0, 0)
    for (lon, lat), weight in zip(arc, weights, strict=True):
        flat += [lon - last[0], lat - last[1], weight]
        last = (lon, lat)
    return flat


def prepare() -> str:
    """The text of the outlines file; the same sources give the same text."""
    sets: dict[str, Any] = {}
    for name, (path, units) in SOURCES.items():
        topology = share_borders(read_rings(path, units))
        arcs = [flatten(arc, weigh(arc)) for arc in topology.arcs]
        sets[name] = {"units_per_degree": units, "arcs": arcs, "shapes": topology.shapes}
    return json.dumps(sets, separators=(",", ":")) + "\n"


def main() -> int:
    """Write the file, or with --check say whether the one kept is up to date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only compare with the file that is there")
    text = prepare()
    if not parser.parse_args().check:
        TARGET.write_text(text, encoding="utf-8")
        print(f"{TARGET.name}: {len(text):,} bytes")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        print(f"{TARGET.name} is not what the outlines give: run tools/make_map.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
