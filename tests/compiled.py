"""Program and tests, compiled once for all workers of a run, on two processors: each would take ten seconds for it."""

from __future__ import annotations

import compileall
import multiprocessing
from collections.abc import Iterable
from pathlib import Path

import pytest
from _pytest.assertion import rewrite

from tests.source import python_files

PROCESSES = 2


def begin(config: pytest.Config) -> None:
    """Compile whatever has changed, before the first worker imports it."""
    files, fork = python_files("trainings", "tests"), multiprocessing.get_context("fork")
    parts = [fork.Process(target=_compile, args=(files[first::PROCESSES], config)) for first in range(PROCESSES)]
    for process in parts:
        process.start()
    for process in parts:
        process.join()


def _compile(files: Iterable[Path], config: pytest.Config) -> None:
    for file in files:
        if file.name.startswith("test_") or file.name == "conftest.py":
            rewritten(file, config)
        else:
            compileall.compile_file(file, quiet=2)


def rewritten(file: Path, config: pytest.Config) -> Path:
    """Where pytest finds this test compiled: written here as its import hook would, which runs the test as well."""
    folder = rewrite.get_cache_dir(file)
    compiled = folder / f"{file.stem}{rewrite.PYC_TAIL}"
    if rewrite.try_makedirs(folder) and rewrite._read_pyc(file, compiled) is None:
        source, code = rewrite._rewrite_test(file, config)
        rewrite._write_pyc(config.stash[rewrite.assertstate_key], code, source, compiled)
    return compiled
