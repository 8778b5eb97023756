"""The documents say what is so: their tables are the models', and their links lead to files that are there."""

from __future__ import annotations

import re
from ast import ClassDef
from pathlib import Path

from tests.source import ROOT, python_files, shown, tree
from tools import tables

LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED_CLASS = re.compile(r"`([A-Z][a-z]+[A-Z]\w+)(?:\.\w+)?`")
NAMED_FILE = re.compile(r"(?<!\[)`([\w./-]+/[\w.-]+\.(?:py|js|mjs|html|json|txt))`")


def test_page_of_the_tables_is_what_the_models_say() -> None:
    """Write it again with `make docs`."""
    assert tables.TARGET.read_text() == tables.page()


def pages() -> list[Path]:
    """What people read in the repository: documents, and what stands beside what it tells of."""
    return [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("certificates/*.md"))]


def anchors(path: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def leads_nowhere(path: Path, target: str) -> bool:
    place, _hash, anchor = target.partition("#")
    file = path.parent / place if place else path
    return not file.exists() or bool(anchor and file.suffix == ".md" and anchor not in anchors(file))


def test_every_link_leads_to_a_file_that_is_there() -> None:
    found = [(path, target) for path in pages() for target in LINK.findall(path.read_text()) if "://" not in target]

    assert len(found) > 50
    assert [f"{shown(path)}: {target}" for path, target in found if leads_nowhere(path, target)] == []


def test_every_file_that_documents_name_is_there() -> None:
    """Names in backticks that end as files do, from the root, `trainings/`, `static/`, or the page's own folder."""
    found = [(path, name) for path in pages() for name in NAMED_FILE.findall(path.read_text())]

    missing = {f"{shown(path)}: {name}" for path, name in found if not is_there(path, name)}
    assert missing == set()


def is_there(page: Path, name: str) -> bool:
    return any((folder / name).exists() for folder in (ROOT, ROOT / "trainings", ROOT / "static", page.parent))


def test_map_has_a_line_for_every_room() -> None:
    rooms = {path.parent.relative_to(ROOT / "trainings").as_posix() for path in python_files("trainings")} - {"."}
    lines = re.findall(
        r"^\| \[`([\w/]+)/`\]\(\.\./trainings/\1\) \| \S", (ROOT / "docs" / "map.md").read_text(), re.MULTILINE
    )

    assert sorted(lines) == sorted(rooms)


def test_functions_that_the_map_names_stand_where_it_says() -> None:
    text = (ROOT / "docs" / "map.md").read_text()
    named = re.findall(r"`(\w+)` in \[`[^`]+`\]\(([^)]+)\)", text) + re.findall(r"\*\* \[`(\w+)`\]\(([^)]+)\)", text)

    assert [name for name, path in named if f"def {name}(" not in (ROOT / "docs" / path).read_text()] == []
    assert len(named) > 6


def test_every_class_that_documents_name_is_there() -> None:
    classes = {
        node.name for path in python_files("trainings") for node in tree(path).body if isinstance(node, ClassDef)
    }
    named = {
        (path, name) for path in sorted((ROOT / "docs").rglob("*.md")) for name in NAMED_CLASS.findall(path.read_text())
    }

    assert len(named) > 5
    assert [f"{shown(path)}: {name}" for path, name in named if name not in classes] == []
