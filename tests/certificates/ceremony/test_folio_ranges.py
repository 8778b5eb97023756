"""Which folios are meant, as an address says it."""

import pytest

from trainings.certificates.ceremony.printing import FolioRanges
from trainings.certificates.models import Certificate


@pytest.mark.parametrize(
    ("year", "number", "is_in"),
    [
        (2027, 1, True),
        (2027, 60, True),
        (2027, 61, False),
        (2027, 62, True),
        (2027, 69, False),
        (2027, 72, True),
        (2027, 73, False),
        (2026, 1, False),
        (2026, 8, True),
        (2026, 9, True),
        (2028, 1, False),
        (2028, 5, False),
    ],
)
def test_ranges_then_hold_what_lies_in_one_of_them_also_where_they_overlap(year: int, number: int, is_in: bool) -> None:
    chosen = FolioRanges.read("2027:1-60.62.70-72.5-9.2-3;2026:7-9.8;2028:6-4")

    assert (Certificate(year=year, number=number) in chosen) is is_in
