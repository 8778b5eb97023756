"""The maps: drawn from the outlines, small enough to be sent with a page, and as usable as the list beside them."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from trainings.lib.text import slugify
from trainings.places import data
from trainings.places.hub_file import demo_hubs
from trainings.places.map import SLOTS, Map, Marked, Shape, country_map, department_map
from trainings.places.outlines import FINE_DEPARTMENTS, Box, Drawing, View, outlines
from trainings.web.render import environment

PROJECT = Path(__file__).parent.parent.parent
SVG = "{http://www.w3.org/2000/svg}"
HUBS = tuple(seed.hub.seat for seed in demo_hubs())


def marks(*codes: str) -> dict[str, Marked]:
    return {code: Marked(3, f"/municipios/{data.by_code()[code].slug}", "3 capacitaciones") for code in codes}


def entered(*codes: str) -> dict[str, Marked]:
    return {code: Marked(3, f"/?departamento={code}", "3 capacitaciones") for code in codes}


def points_of(path: str) -> list[tuple[int, int]]:
    """Every point of a path of M, m, l and z with whole numbers; fails on anything else."""
    points: list[tuple[int, int]] = []
    x = y = start_x = start_y = 0
    commands = re.findall(r"([MLmlz])([-\d ]*)", path)
    assert "".join(command + numbers for command, numbers in commands) == path
    for command, text in commands:
        numbers = [int(number) for number in re.findall(r"-?\d+", text)]
        assert len(numbers) % 2 == 0
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = (dx, dy) if command in "ML" else (x + dx, y + dy)
            if command in "Mm":
                start_x, start_y = x, y
            points.append((x, y))
        if command == "z":
            x, y = start_x, start_y
    return points


def rings_of(path: str) -> list[list[tuple[int, int]]]:
    """Rings of a closed path, from absolute points."""
    points, rings = points_of(path), []
    at = 0
    for part in re.findall(r"[Mm][^Mm]*", path):
        n = len(re.findall(r"-?\d+", part)) // 2
        rings.append(points[at : at + n])
        at += n
    return rings


def area_of(path: str) -> float:
    """Signed area of all rings; holes count against."""
    total = 0.0
    for ring in rings_of(path):
        total += sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True)) / 2
    return total


def everything_in(m: Map) -> list[Shape]:
    layers = [m.layer, *(inset.layer for inset in m.insets)]
    return [shape for layer in layers for shape in (*layer.areas, *layer.shapes)]


def drawn(m: Map) -> str:
    template = environment().from_string(
        '{% from "parts/map.html" import map %}{{ map(m, "Municipios con capacitaciones") }}'
    )
    return template.render(m=m)


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def test_municipalities_are_the_340_of_the_census() -> None:
    rows = data.municipalities()

    assert len({row.ine_code for row in rows}) == len(rows) == 340
    assert sum(row.population_2018 for row in rows) == 14_901_286
    assert len(data.departments()) == 22
    assert len([row for row in rows if row.department == "Petén"]) == 14


def test_slugs_are_unique_and_say_the_department() -> None:
    slugs = {row.slug for row in data.municipalities()}

    assert len(slugs) == 340
    assert {"la-libertad-peten", "la-libertad-huehuetenango", "san-miguel-siguila-quetzaltenango"} <= slugs
    # Cut to a length, two long names could meet.
    assert all(row.slug == slugify(row.full_name, 200) for row in data.municipalities())


def test_names_that_occur_twice_are_the_six_known_ones() -> None:
    names = [row.name for row in data.municipalities()]

    assert {name for name in names if names.count(name) > 1} == {
        "La Libertad",
        "San José",
        "San Lorenzo",
        "San Pedro Sacatepéquez",
        "La Democracia",
        "Santa Bárbara",
    }


def test_choices_hold_every_municipality_under_its_department() -> None:
    choices = data.grouped_by_department()

    assert [name for name, _ in choices][:3] == ["Alta Verapaz", "Baja Verapaz", "Chimaltenango"]
    assert sum(len(rows) for _, rows in choices) == 340
    assert all(row.department == name for name, rows in choices for row in rows)


def test_outlines_file_is_what_the_sources_give() -> None:
    tool = PROJECT / "tools" / "make_map.py"

    done = subprocess.run([sys.executable, str(tool), "--check"], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_country_draws_every_municipality_inside_the_picture() -> None:
    m = country_map(marks(*(row.ine_code for row in data.municipalities())))

    assert len(m.layer.shapes) == 340
    for shape in m.layer.shapes:
        assert abs(area_of(shape.path)) > 1, shape.title
    for path in (m.layer.land, m.layer.thin, m.layer.thick, *(shape.path for shape in m.layer.shapes)):
        assert all(m.view.left <= x <= m.view.right and m.view.top <= y <= m.view.bottom for x, y in points_of(path))


def test_country_has_no_gaps_and_no_overlaps() -> None:
    m = country_map(marks(*(row.ine_code for row in data.municipalities())))

    pieces = sum(area_of(shape.path) for shape in m.layer.shapes)

    assert pieces == pytest.approx(area_of(m.layer.land), rel=0.0001)


def test_corners_of_the_view_are_free_of_land() -> None:
    land = points_of(country_map({}).layer.land)

    assert not [(x, y) for x, y in land for slot in SLOTS if slot.left < x < slot.right and slot.top < y < slot.bottom]


@pytest.mark.parametrize("code", sorted(data.departments()))
def test_department_draws_all_its_municipalities_inside_the_picture(code: str) -> None:
    codes = [row.ine_code for row in data.municipalities() if row.department_code == code]

    m = department_map(code, marks(*codes, "0101", "1705"))

    assert [shape.code for shape in m.layer.shapes] == codes
    for path in (m.layer.land, m.layer.thin, *(shape.path for shape in m.layer.shapes)):
        assert all(m.view.left <= x <= m.view.right and m.view.top <= y <= m.view.bottom for x, y in points_of(path))
    assert sum(area_of(shape.path) for shape in m.layer.shapes) == pytest.approx(area_of(m.layer.land), rel=0.001)


def test_names_on_a_department_map_cover_no_mark_and_no_other_name() -> None:
    m = department_map("09", marks(*HUBS))

    named = [shape for shape in m.layer.shapes if shape.label]
    assert {shape.label.text for shape in named if shape.label} == {
        "La Esperanza",
        "Quetzaltenango",
        "Salcajá",
        "San Mateo",
        "San Miguel Sigüilá",
        "Sibilia",
    }
    boxes = [shape.label.box for shape in named if shape.label]
    assert not any(a.meets(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    for shape in named:
        assert shape.label is not None
        assert m.view.holds(shape.label.box)
        others = [other.box for other in m.layer.shapes if other is not shape]
        assert not any(shape.label.box.meets(box) for box in others)


def test_fine_outlines_hold_the_towns_of_the_demo_hubs() -> None:
    for seed in demo_hubs():
        seats = [venue for venue in seed.venues if venue.lat is not None]
        for venue in seats:
            code = venue.municipality
            assert code[:2] in FINE_DEPARTMENTS
            source = outlines("detail")
            extent = source.extent([code])
            drawing = Drawing(source, [code], View(extent.left, extent.top, 10_000, 0))
            assert venue.lon is not None
            assert venue.lat is not None
            x, y = drawing.view.place(float(venue.lon), float(venue.lat))
            assert drawing.encloses(code, Box(x, y, x + 1, y + 1)), venue.name


def test_crowded_hubs_get_a_closer_view_and_one_link_each() -> None:
    m = country_map(marks(*HUBS), departments=entered("09", "12", "17"))

    (inset,) = m.insets
    assert {shape.code for shape in inset.layer.shapes if shape.href} == {
        "0901",
        "0902",
        "0905",
        "0908",
        "0910",
        "0923",
    }
    links = [shape.href for shape in everything_in(m) if shape.href.startswith("/municipios/")]
    assert sorted(links) == sorted(mark.href for mark in marks(*HUBS).values())
    assert [label.text for label in m.layer.labels] == ["Petén", "Quetzaltenango"]
    # The frame on the map below holds what the closer view shows.
    shown = [shape for shape in m.layer.shapes if shape.code in {"0901", "0902", "0905", "0908", "0910", "0923"}]
    assert all(inset.source.holds(shape.box) for shape in shown)


def test_every_marked_municipality_is_in_the_list_as_well() -> None:
    m = country_map(marks(*HUBS), departments=entered("09", "12", "17"))

    assert [group.name for group in m.groups] == ["Petén", "Quetzaltenango", "San Marcos"]
    assert [group.href for group in m.groups] == ["/?departamento=17", "/?departamento=09", "/?departamento=12"]
    assert [place.name for place in m.groups[0].places] == ["La Libertad", "Melchor de Mencos"]
    assert {place.code for group in m.groups for place in group.places} == set(HUBS)


def test_another_place_is_on_no_map() -> None:
    m = country_map({**marks("1705"), "0000": Marked(4, "/otro")})

    assert [shape.code for shape in m.layer.shapes] == ["1705"]
    assert [place.code for group in m.groups for place in group.places] == ["1705"]


def test_svg_gives_each_mark_a_link_with_a_name() -> None:
    svg = parsed(drawn(country_map(marks(*HUBS), departments=entered("17"))))

    links = {link.get("href"): link.findtext(f"{SVG}title") for link in svg.iter(f"{SVG}a")}
    assert svg.get("role") == "group"
    assert svg.get("aria-label") == "Municipios con capacitaciones"
    assert links["/municipios/la-libertad-peten"] == "La Libertad, Petén: 3 capacitaciones"
    assert links["/?departamento=17"] == "Petén: 3 capacitaciones"
    assert len(links) == 11
    assert "style" not in {name for element in svg.iter() for name in element.attrib}


def test_svg_without_links_is_a_picture() -> None:
    svg = parsed(drawn(department_map("17", {"1705": Marked(1)})))

    assert svg.get("role") == "img"
    assert list(svg.iter(f"{SVG}a")) == []
    assert [title.text for title in svg.iter(f"{SVG}title")] == ["La Libertad, Petén"]


def test_svg_escapes_what_marks_say() -> None:
    svg = drawn(department_map("17", {"1705": Marked(1, '/x"><script>', "<b>1 & más</b>")}))

    title = parsed(svg).findtext(f".//{SVG}title")
    assert title == "La Libertad, Petén: <b>1 & más</b>"
    assert "<script" not in svg


def test_country_map_with_ten_marks_weighs_at_most_ten_kilobytes() -> None:
    m = country_map(marks(*HUBS), departments=entered("09", "12", "17"))

    weight = len(gzip.compress(drawn(m).encode(), 9))

    print(f"country map, {len(HUBS)} marks: {weight:,} bytes gzipped")
    assert weight <= 10_000


def test_department_map_weighs_at_most_three_kilobytes() -> None:
    weights = {
        code: len(gzip.compress(drawn(department_map(code, marks(*HUBS))).encode(), 9)) for code in data.departments()
    }

    assert max(weights.values()) <= 3_000, weights
