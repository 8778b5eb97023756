"""The glossary knows every code that forms, files and the database use."""

from __future__ import annotations

import re
from enum import StrEnum
from importlib import import_module
from pathlib import Path

import pytest

from trainings.people.words import LANGUAGES

ROOT = Path(__file__).parent.parent
WRITTEN = set(re.findall(r"`([^`]+)`", (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")))
MODELS = sorted(path.parent.name for path in (ROOT / "trainings").glob("*/models.py"))


@pytest.mark.parametrize("package", MODELS)
def test_glossary_has_every_code(package: str) -> None:
    module = import_module(f"trainings.{package}.models")
    codes = {
        code.value
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, StrEnum) and kind.__module__ == module.__name__
        for code in kind
    }

    assert codes - WRITTEN - {""} == set()


def test_glossary_has_every_language() -> None:
    assert set(LANGUAGES) - WRITTEN == set()
