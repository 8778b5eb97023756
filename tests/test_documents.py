"""The documents say what is so: their tables are the models', and their links lead to files that are there."""

from __future__ import annotations

from tools import tables


def test_page_of_the_tables_is_what_the_models_say() -> None:
    """Write it again with `make docs`."""
    assert tables.TARGET.read_text() == tables.page()
