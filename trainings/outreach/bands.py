from __future__ import annotations

from enum import StrEnum


class AgeBand(StrEnum):
    """Ages that can be told by eye, as sums of participants' age groups.

    12 to 17 is 12–13 and 14–17; 18 to 59 is 18–24, 25–34 and 35–59. Children under 12 are no participants, but come to
    fairs. Paper often says no age: `nd`.
    """

    CHILDREN = "0-11"
    ADOLESCENTS = "12-17"
    ADULTS = "18-59"
    ELDERS = "60+"
    UNKNOWN = "nd"


SEEN_BANDS = tuple(band for band in AgeBand if band is not AgeBand.UNKNOWN)
"""Bands with a button."""
