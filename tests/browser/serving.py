"""Programs of these tests in processes of their own, forked from one that has read all of it once: they start at once.

Under coverage each is started anew, as it tells which test started it.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import IO, Any

from tests.migrated import keep_compiled_templates
from tests.moment import AHEAD

READ_ONCE = [
    *("pytest", "tests.browser.app_server", "tests.outreach.make_activity"),
    *("trainings.__main__", "trainings.attendance.sheets"),
]
STARTED_ANEW = ("COVERAGE_PROCESS_START", AHEAD)
"""What a process has to know from its first moment on."""

Ends = tuple[IO[str], IO[str], Callable[[], None]]
"""Its input, its output, and how it is killed."""


@dataclass
class Server:
    """A running one: what it told first, and its two ends."""

    made: dict[str, Any]
    input: IO[str]
    output: IO[str]
    kill: Callable[[], None]

    def tell(self) -> None:
        """To go on."""
        self.input.write("go\n")
        self.input.flush()

    def goes_on(self) -> str:
        """Tell it to; all that it says from then on, until it ends."""
        self.tell()
        return self.output.read()


@contextmanager
def running(module: str, *arguments: object) -> Iterator[Server]:
    """`python -m MODULE ARGUMENTS`, from its first line of JSON on until the end of the block."""
    with _started(module, [str(one) for one in arguments], dict(os.environ)) as (input_, output, kill):
        told = output.readline()
        assert told, "the application did not start; its complaint stands above"
        yield Server(json.loads(told), input_, output, kill)


def said(module: str, *arguments: object, env: dict[str, str] | None = None) -> str:
    """All that it says until it ends."""
    with _started(module, [str(one) for one in arguments], env or dict(os.environ)) as (_input, output, _kill):
        return output.read()


def forks() -> bool:
    """Whether processes are forked in this run."""
    return not any(name in os.environ for name in STARTED_ANEW)


@contextmanager
def _started(module: str, arguments: list[str], env: dict[str, str]) -> Iterator[Ends]:
    start = _forked if forks() else _anew
    with start(module, arguments, env) as ends:
        yield ends


@contextmanager
def _anew(module: str, arguments: list[str], env: dict[str, str]) -> Iterator[Ends]:
    command = [sys.executable, "-m", module, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=env) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdin, process.stdout, process.kill
        finally:
            # Whoever raises inside would else wait for a server that nobody ends.
            process.terminate()


@contextmanager
def _forked(module: str, arguments: list[str], env: dict[str, str]) -> Iterator[Ends]:
    context = forking()
    (theirs_in, ours_in), (ours_out, theirs_out) = context.Pipe(duplex=False), context.Pipe(duplex=False)
    process = context.Process(target=_be, args=(module, arguments, env, theirs_in, theirs_out), daemon=True)
    process.start()
    theirs_in.close()
    theirs_out.close()
    try:
        with (
            closing(ours_in),
            closing(ours_out),
            os.fdopen(os.dup(ours_in.fileno()), "w") as input_,
            os.fdopen(os.dup(ours_out.fileno())) as output,
        ):
            yield input_, output, process.kill
    finally:
        process.terminate()
        process.join()


def forking() -> ForkServerContext:
    """Where processes are forked that have read the program."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(READ_ONCE)
    return context


def _be(module: str, arguments: list[str], env: dict[str, str], input_: Connection, output: Connection) -> None:
    os.dup2(input_.fileno(), 0)
    os.dup2(output.fileno(), 1)
    for end in (input_, output):
        end.close()
    sys.stdin, sys.stdout = open(0), open(1, "w")  # noqa: SIM115 - as long as the process lives
    be(module, arguments, env)


def be(module: str, arguments: list[str], env: dict[str, str]) -> None:
    """Go on as `python -m MODULE ARGUMENTS` in this environment."""
    os.environ.clear()
    os.environ.update(env)
    keep_compiled_templates()
    sys.argv = [module, *arguments]
    sys.modules.pop(f"{module}.__main__", None)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.stdout.flush()
