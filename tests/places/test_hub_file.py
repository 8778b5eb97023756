"""Hubs written down in a file: what is read, and what is said of what cannot be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trainings.places.actions import HubDetails, OperatorDetails
from trainings.places.hub_file import UnreadableHubFile, read_hubs
from trainings.places.models import OperatorKind

OPERATOR = {"code": "1705", "kind": "municipality", "name": "Municipalidad", "municipality": "1705"}
HUB = {
    "slug": "h",
    "name": "Ventanilla",
    "seat": "1705",
    "address": "Calle 1",
    "hours": "De 8 a 4",
    "phone": "5555-0117",
}
VENUE = {"name": "Salón", "municipality": "1705"}


def written(folder: Path, content: Any) -> Path:
    file = folder / "hubs.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return file


def test_entry_needs_only_what_a_page_cannot_do_without(tmp_path: Path) -> None:
    (entry,) = read_hubs(written(tmp_path, [{"operator": OPERATOR, "hub": HUB, "venues": [VENUE]}]))

    assert entry.operator == OperatorDetails("1705", OperatorKind.MUNICIPALITY, "Municipalidad", "1705")
    assert entry.hub == HubDetails("Ventanilla", "1705", "Calle 1", "De 8 a 4", "+50255550117", slug="h")
    (venue,) = entry.venues
    assert (venue.name, venue.access, venue.capacity, venue.lat) == ("Salón", (), None, None)


@pytest.mark.parametrize(
    ("content", "beginning"),
    [
        ("no json", "the file: Invalid JSON"),
        ({}, "the file: "),
        ([{"operator": OPERATOR}], "0 → hub: Field required"),
        ([{"operator": OPERATOR, "hub": HUB | {"fone": "1"}}], "0 → hub → fone: "),
        ([{"operator": OPERATOR, "hub": HUB | {"phone": "12"}}], "0 → hub → phone: Value error, no telephone number"),
        ([{"operator": OPERATOR, "hub": HUB | {"slug": "La Libertad"}}], "0 → hub → slug: "),
        ([{"operator": OPERATOR, "hub": HUB, "venues": [VENUE | {"lat": "90"}]}], "0 → venues → 0 → lat: "),
        ([{"operator": OPERATOR | {"kind": "club"}, "hub": HUB}], "0 → operator → kind: "),
    ],
)
def test_what_cannot_be_read_is_named_by_its_place(tmp_path: Path, content: Any, beginning: str) -> None:
    with pytest.raises(UnreadableHubFile) as refused:
        read_hubs(written(tmp_path, content))

    assert str(refused.value).startswith(beginning)
