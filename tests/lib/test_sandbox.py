"""Designs of others are set where they can break nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from tests.certificates.sheets import WHEN, sample
from trainings.certificates.designs import pdf
from trainings.certificates.designs.designs import DESIGNS, FONT_FOLDER
from trainings.lib.sandbox import DesignApart, TookTooLong, TookTooMuch
from trainings.lib.typst import CannotTypeset


def apart(folder: Path, code: str, seconds: float = 20) -> DesignApart:
    (folder / "theirs").mkdir()
    file = folder / "theirs" / "design.typ"
    file.write_text(code, encoding="utf-8")
    return DesignApart(file, root=folder, fonts=FONT_FOLDER, seconds=seconds)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    begun = monotonic()
    yield
    assert monotonic() - begun < seconds


def test_design_apart_then_gives_the_same_bytes_as_in_our_process() -> None:
    ours = DESIGNS / "diploma" / "design.typ"
    options: dict[str, Any] = {"pdf_standards": list(pdf.STANDARDS), "timestamp": WHEN}

    sheets = [pdf.design_data(sample()), pdf.design_data(sample("nombres-largos"))]
    made = DesignApart(ours, root=DESIGNS, fonts=FONT_FOLDER, seconds=60).make_all(sheets, "pdf", name="x", **options)

    assert made == [[pdf.render(sample(), timestamp=WHEN)], [pdf.render(sample("nombres-largos"), timestamp=WHEN)]]


def test_design_apart_when_it_never_ends_then_killed_and_told(tmp_path: Path) -> None:
    theirs = apart(tmp_path, "#for a in range(100000) { for b in range(100000) { [] } }", seconds=0.5)

    with within(60), pytest.raises(TookTooLong, match="theirs"):
        theirs.make({}, "pdf", name="F-1")


@pytest.mark.parametrize("code", ["#let a = range(1000000000)", '#let s = "x" * 2000000000'])
def test_design_apart_when_it_eats_memory_then_only_its_own_process_ends(tmp_path: Path, code: str) -> None:
    with pytest.raises(TookTooMuch, match="theirs"):
        apart(tmp_path, code).make({}, "pdf", name="F-1")


def test_design_apart_when_it_reaches_out_then_refused_with_the_line(tmp_path: Path) -> None:
    (tmp_path.parent / "secret.txt").write_text("secret")

    for reach in ('#read("../../secret.txt")', '#read("/etc/passwd")', '#import "@preview/tablex:0.0.8": tablex'):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        with pytest.raises(CannotTypeset, match=r"F-1: .*\(theirs/design.typ, line 2\)") as refused:
            apart(folder, f"one\n{reach}").make({}, "pdf", name="F-1")
        assert (refused.value.file, refused.value.line) == ("theirs/design.typ", 2)
