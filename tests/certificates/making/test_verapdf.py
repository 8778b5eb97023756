"""Whether veraPDF is asked: nowhere left out in silence, and under CI never."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.certificates.making import verapdf
from tests.source import ROOT


@pytest.fixture
def _no_java(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("_no_java")
def test_without_java_then_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)

    assert not verapdf.is_here()


@pytest.mark.usefixtures("_no_java")
def test_without_java_under_ci_then_asked_and_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")

    assert verapdf.is_here()
    with pytest.raises(AssertionError, match="there is no Java here"):
        verapdf.broken_rules({"paper": b"%PDF-1.7"}, tmp_path)


def test_what_ci_runs_says_that_it_is_ci() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()

    assert lines.index("export CI=1") < lines.index('make test AT="$at" || verdict=1')
