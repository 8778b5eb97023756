"""The bands of age in which heads are counted."""

from __future__ import annotations

from enum import StrEnum


class AgeBand(StrEnum):
    """Ages that can be told by eye, and that the age groups of participants add up to.

    12 to 17 is 12–13 and 14–17; 18 to 59 is 18–24, 25–34 and 35–59: nobody sees who is 24 and who is 26. Children under
    12 are no participants, yet they come to fairs and are counted. Sheets of paper often hold no ages at all: `nd`.
    """

    CHILDREN = "0-11"
    ADOLESCENTS = "12-17"
    ADULTS = "18-59"
    ELDERS = "60+"
    UNKNOWN = "nd"


SEEN_BANDS = tuple(band for band in AgeBand if band is not AgeBand.UNKNOWN)
"""Those that have a button: whoever stands there has an age."""
