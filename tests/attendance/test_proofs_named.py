"""The page that says which test shows what names tests that there are."""

from __future__ import annotations

import re

from tests.source import ROOT

NAMED = re.compile(r"`((?:tests/)?[\w/.]+\.(?:py|mjs))::([^`]+)`")


def test_every_test_that_the_page_names_exists() -> None:
    named = NAMED.findall((ROOT / "docs" / "phone-tests.md").read_text("utf-8"))

    missing = [f"{path}::{name}" for path, name in named if begun(path, name) not in text_of(path)]
    assert missing == []
    assert len(named) > 50


def begun(path: str, name: str) -> str:
    """How a test of this name begins."""
    return f"def {name}(" if path.endswith(".py") else f'test("{name}", '


def text_of(path: str) -> str:
    file = ROOT / (path if path.startswith("tests/") else f"tests/browser/{path}")
    return file.read_text("utf-8") if file.exists() else ""
