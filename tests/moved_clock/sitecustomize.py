"""Python's first act in every process of a run that `tests.moment` let begin elsewhere: to move the program's clock.

The folder alone is on the path; the process may know nothing else of the tests.
"""

from __future__ import annotations

import os
from datetime import timedelta

from trainings import clock

clock.go_ahead(timedelta(seconds=float(os.environ["TESTS_AHEAD_S"])))
