"""A changelog that coordinators and operators understand: one file a capability, at most two sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.changelog import complaints


def fragment(folder: Path, text: str) -> Path:
    path = folder / "phones.md"
    path.write_text(f"{text}\n")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "Phones take attendance without signal.",
        "Sessions begin at 8:30 a. m. and end at noon. Phones know it (the panel too).",
        "Who cancels reads «No se pudo.» on the ticket. Staff read it too.",
    ],
)
def test_fragment_of_one_or_two_sentences_is_taken(tmp_path: Path, text: str) -> None:
    assert complaints([fragment(tmp_path, text)]) == []


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Phones scan. Sheets are typed in. Both count.", "phones.md: at most 2 sentences, please"),
        ("Phones scan", "phones.md: a whole sentence, please"),
        ("Phones scan.\nSheets too.", "phones.md: one line of at most 400 characters, please"),
        ("a" * 400 + ".", "phones.md: one line of at most 400 characters, please"),
        ("The refactoring of phones.", "phones.md: “refactor” says nothing to a coordinator"),
    ],
)
def test_fragment_that_nobody_would_read_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    assert complaints([fragment(tmp_path, text)]) == [complaint]
