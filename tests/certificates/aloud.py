"""What is wrong for those who have a paper read aloud."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import outloud

# Outloud's reader of files would load what guesses a layout: a second of processor, and nobody asks it.
sys.modules["pymupdf4llm"] = None  # type: ignore[assignment]


def errors_in(file: bytes) -> list[str]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "paper.pdf")
        path.write_bytes(file)
        checked = outloud.check(str(path))
    return [checked.error] * bool(checked.error) + [str(one) for one in checked.findings if one.severity == "error"]


def text_read(file: bytes) -> list[str]:
    """Of each page, in the order in which outloud's reader of files finds it."""
    import pymupdf  # once its layouts are out of the way

    with pymupdf.open(stream=file) as opened:  # type: ignore[no-untyped-call]  # untyped upstream
        return [page.get_text() for page in opened]
