"""Somebody who follows a municipality's calendar with vdirsyncer and reads it with khal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from trainings import clock

VDIRSYNCER = """
[general]
status_path = "{folder}/status"
[pair trainings]
a = "hub"
b = "here"
collections = null
[storage hub]
type = "http"
url = "{address}"
[storage here]
type = "filesystem"
path = "{folder}/events"
fileext = ".ics"
"""
KHAL = """
[calendars]
[[trainings]]
path = {folder}/events
[sqlite]
path = {folder}/khal.db
[locale]
local_timezone = America/Guatemala
default_timezone = America/Guatemala
longdateformat = %Y-%m-%d
"""


def todays_agenda(address: str, folder: Path) -> str:
    """What somebody sees who follows a calendar with vdirsyncer and reads it with khal."""
    folder = folder / "calendar"
    (folder / "events").mkdir(parents=True)
    syncing, reading = folder / "vdirsyncer.conf", folder / "khal.conf"
    syncing.write_text(VDIRSYNCER.format(address=address, folder=folder))
    reading.write_text(KHAL.format(folder=folder))

    def run(command: str, *arguments: str | Path) -> str:
        program = Path(sys.executable).with_name(command)
        done = subprocess.run(
            [program, *arguments],
            env=os.environ | {"TZ": "America/Guatemala"},
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("vdirsyncer", "-c", syncing, "discover")
    run("vdirsyncer", "-c", syncing, "sync")
    # khal knows the machine's time only.
    return run("khal", "-c", reading, "list", "--format", "{title}", str(clock.today()), "1d")
