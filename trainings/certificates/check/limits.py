from __future__ import annotations

MISSES = "certificate_check"


MOST_MISSES = 30


HOUR = 3_600
