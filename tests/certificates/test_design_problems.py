"""What stops a design, as it is kept between processes."""

from __future__ import annotations

import pytest

from trainings.certificates.design_problems import LONGEST_KEPT, Trouble


@pytest.mark.parametrize("where", ["diploma.typ", f"{'carpeta' * 30}/diploma.typ", '"' * 300])
@pytest.mark.parametrize("reason", ["", "no cabe en el frente", "y " * 400])
def test_trouble_however_long_then_kept_short_and_read_back(where: str, reason: str) -> None:
    kept = Trouble("typst", where, 3, reason).kept()

    assert len(kept) <= LONGEST_KEPT
    read = Trouble.read(kept)
    assert read is not None
    assert (read.why, read.line) == ("typst", 3)
