"""Kept from run to run until something changes of what made it: migrated databases, compiled templates."""

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
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from jinja2 import FileSystemBytecodeCache

from tests.source import ROOT
from trainings.web import render

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


def keep_compiled_templates() -> None:
    """Let this process read templates as an earlier one compiled them: all of them take three seconds."""
    of = hashlib.sha256(version("jinja2").encode() + Path(str(render.__file__)).read_bytes()).hexdigest()[:12]
    folder = kept("templates", of, Path.mkdir, seconds=A_DAY_S)
    render.environment().bytecode_cache = FileSystemBytecodeCache(str(folder))


@cache
def sqlite_file(name: str) -> Path:
    """A migrated SQLite database without rows."""
    return kept("sqlite", fingerprint(), _migrate, seconds=A_DAY_S) / name


def _migrate(folder: Path) -> None:
    # A process of its own: this one may have a loop running, or another database open.
    command = (sys.executable, "-m", "tests.db.migrate_now", str(folder), "")
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def kept(kind: str, of: str, make: Callable[[Path], None], *, seconds: int) -> Path:
    """A folder of this kind, of what `of` says, made by whichever process needs it first; later runs find it there.

    Others of the kind are dropped when no run asked for them for so many seconds: another version's may be in use.
    """
    FOLDER.mkdir(exist_ok=True)
    folder = FOLDER / f"{kind}-{of}"
    with (FOLDER / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            for old in FOLDER.glob(f"{kind}-*"):
                if old.stat().st_mtime < time.time() - seconds:
                    shutil.rmtree(old)
            # Under its name only once it is whole: a run may be killed meanwhile.
            unfinished = FOLDER / f"making-{kind}"
            shutil.rmtree(unfinished, ignore_errors=True)
            make(unfinished)
            unfinished.rename(folder)
        os.utime(folder)
    return folder
