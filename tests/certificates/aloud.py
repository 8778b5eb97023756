"""What is wrong for those who have a paper read aloud."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import outloud

# Outloud's reader of files would load models that guess a layout: a second of processor, and nobody asks them.
sys.modules["pymupdf.layout"] = None  # type: ignore[assignment]


def errors_in(file: bytes) -> list[str]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "paper.pdf")
        path.write_bytes(file)
        checked = outloud.check(str(path))
    return [checked.error] * bool(checked.error) + [str(one) for one in checked.findings if one.severity == "error"]
