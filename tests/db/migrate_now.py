"""`python -m tests.db.migrate_now FOLDER URL`: migrate and say which migrations were applied here."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.database import settings_for
from trainings.db import migrate

if __name__ == "__main__":
    print(*asyncio.run(migrate(settings_for(Path(sys.argv[1]), sys.argv[2]))))
