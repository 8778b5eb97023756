"""Folios as people type them, and which one they mean."""

from __future__ import annotations

import pytest

from trainings.certificates.forms import is_same_folio

FOLIO = "VIMMIG-1705-2027-000015"


@pytest.mark.parametrize(
    "typed",
    ["15", "Nº de folio 15", "N.º de folio: 2027-15", "número de folio 15", "Folio núm. 15", "el folio del 2027-15"],
)
def test_folio_with_words_before_its_figures_then_the_same(typed: str) -> None:
    assert is_same_folio(typed, FOLIO)


@pytest.mark.parametrize("typed", ["Nº de folio 16", "de folio 0901A-2027-15", "número de folio", "de"])
def test_folio_with_words_before_other_figures_then_another(typed: str) -> None:
    assert not is_same_folio(typed, FOLIO)
