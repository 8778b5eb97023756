"""Databases that were migrated before: kept from run to run, until something changes of what made them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from tests.source import ROOT

FOLDER = Path(tempfile.gettempdir(), f"trainings-postgres-{os.getuid()}")
"""Where tests keep what outlasts them: the server of PostgreSQL, and what is made once."""

MIGRATIONS = ROOT / "trainings" / "migrations"
A_DAY_S = 86_400
OURS = re.compile(r"^from (trainings[.\w]+) import", re.MULTILINE)


@cache
def fingerprint() -> str:
    """Of all that decides what a migrated database is like: the migrations, what they import, and what applies them."""
    migrations = sorted(MIGRATIONS.glob("*.py"))
    named = {name for path in migrations for name in OURS.findall(path.read_text())}
    imported = {str(spec.origin) for spec in map(find_spec, sorted(named)) if spec is not None}
    applying = (ROOT / "trainings" / "db").glob("*.py")
    files = [*migrations, *sorted(map(Path, imported)), *sorted(applying)]
    content = b"\0".join(path.name.encode() + b"\0" + path.read_bytes() for path in files)
    return hashlib.sha256(version("tortoise-orm").encode() + content).hexdigest()[:12]


@cache
def sqlite_file(name: str) -> Path:
    """A migrated SQLite database without rows, made by whichever process needs it first."""
    FOLDER.mkdir(exist_ok=True)
    folder = FOLDER / f"sqlite-{fingerprint()}"
    with (FOLDER / "migrating.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _drop_unused()
            # A process of its own: this one may have a loop running, or another database open.
            made = FOLDER / "migrating"
            shutil.rmtree(made, ignore_errors=True)
            command = (sys.executable, "-m", "tests.db.migrate_now", str(made), "")
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            made.rename(folder)
        os.utime(folder)
    return folder / name


def _drop_unused() -> None:
    """Those that no run asked for since yesterday; another version's may be in use right now."""
    for folder in FOLDER.glob("sqlite-*"):
        if folder.stat().st_mtime < time.time() - A_DAY_S:
            shutil.rmtree(folder)
