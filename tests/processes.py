"""The program, and modules of tests, in processes of their own, forked from one that has read it: they start at once.

Under coverage each is started anew: it must be measured from its first line on.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer
from typing import IO, Any, Protocol

import httpx2

from tests import moment
from tests.migrated import keep_compiled_templates
from tests.source import ROOT

COMMAND = Path(sys.executable).with_name("trainings")
PROGRAM = "trainings"
SECONDS_TO_START, SECONDS_TO_END = 120, 600
ASKING = httpx2.Client(trust_env=False, limits=httpx2.Limits(max_keepalive_connections=0))
"""One for all questions: each other one would read the certificates of the world's authorities."""

READ_ONCE = [
    *("pytest", "tests.browser.app_server", "tests.outreach.make_activity"),
    *("trainings.__main__", "trainings.attendance.sheets.sheets", "tests.read_once"),
]
COVERAGE = "COVERAGE_PROCESS_START"


class Running(Protocol):
    """What tests do with a process."""

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int | None: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


@dataclass
class Forked:
    """A forked process, as `subprocess` shows others."""

    process: BaseProcess

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int | None:
        """Its code; none if it is still there after so many seconds."""
        self.process.join(timeout)
        return self.process.exitcode

    def send_signal(self, sig: int) -> None:
        """Nothing where it has ended."""
        if self.process.pid is not None and self.poll() is None:
            # It may end between the look and the signal.
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, sig)

    def kill(self) -> None:
        self.process.kill()


@dataclass
class Server:
    """A running module: what it told first, and its two ends."""

    made: dict[str, Any]
    input: IO[str]
    output: IO[str]
    kill: Callable[[], None]

    def tell(self) -> None:
        """To go on."""
        self.input.write("go\n")
        self.input.flush()

    def goes_on(self) -> str:
        """Tell it to; all that it says from then on, until it ends. It is killed if it never does."""
        killing = Timer(SECONDS_TO_END, self.kill)
        killing.start()
        try:
            self.tell()
            return self.output.read()
        finally:
            killing.cancel()


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """The environment of an operator who set only these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRAININGS_")}
    chosen = {"env": "test", "data_dir": str(folder), **settings}
    return inherited | {f"TRAININGS_{name.upper()}": value for name, value in chosen.items()}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


@contextmanager
def start(
    arguments: list[str],
    folder: Path,
    env: Mapping[str, str],
    out: IO[bytes],
    err: IO[bytes],
    *,
    module: str = PROGRAM,
) -> Iterator[Running]:
    """`trainings ARGUMENTS` in this folder, or another module; killed at the end of the block if it is still there."""
    process = _begin(module, arguments, folder, env, {1: out, 2: err})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    with TemporaryDirectory() as said, Path(said, "out").open("w+b") as out, Path(said, "err").open("w+b") as err:
        with start([*arguments], folder, environment(folder, **settings), out, err) as process:
            code = process.wait(SECONDS_TO_END)
        told = [Path(file.name).read_text() for file in (out, err)]
    assert code is not None, told
    return subprocess.CompletedProcess([PROGRAM, *arguments], code, *told)


@contextmanager
def started(folder: Path, port: int, *options: str, **settings: str) -> Iterator[Running]:
    """`serve` on the folder's database, once it answers; killed afterwards if it is still there. It writes to `log`."""
    env = environment(folder, base_url=f"http://localhost:{port}", **settings)
    with (
        (folder / "log").open("wb") as log,
        start(["serve", "--port", str(port), *options], folder, env, log, log) as process,
    ):
        _wait_until_alive(process, port, folder / "log")
        yield process


def _wait_until_alive(process: Running, port: int, log: Path) -> None:
    give_up_at = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < give_up_at:
        assert process.poll() is None, log.read_text()
        try:
            ASKING.get(f"http://localhost:{port}/salud", timeout=2)
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())


@contextmanager
def running(module: str, *arguments: object) -> Iterator[Server]:
    """`python -m MODULE ARGUMENTS`, from its first line of JSON on until the end of the block."""
    with _talking(module, [str(one) for one in arguments], os.environ) as server:
        told = server.output.readline()
        assert told, "the application did not start; its complaint stands above"
        server.made = json.loads(told)
        yield server


def said(module: str, *arguments: object, env: Mapping[str, str] = os.environ) -> str:
    """All that it says until it ends."""
    with _talking(module, [str(one) for one in arguments], env) as server:
        return server.output.read()


@contextmanager
def _talking(module: str, arguments: list[str], env: Mapping[str, str]) -> Iterator[Server]:
    (theirs_in, ours_in), (ours_out, theirs_out) = os.pipe(), os.pipe()
    with os.fdopen(ours_in, "w") as input_, os.fdopen(ours_out) as output:
        with os.fdopen(theirs_in, "rb") as given, os.fdopen(theirs_out, "wb") as out:
            process = _begin(module, arguments, ROOT, env, {0: given, 1: out})
        try:
            yield Server({}, input_, output, process.kill)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def forks() -> bool:
    """Whether processes are forked in this run."""
    return COVERAGE not in os.environ


def _begin(
    module: str,
    arguments: list[str],
    folder: Path,
    env: Mapping[str, str],
    files: Mapping[int, IO[bytes]],
) -> Running:
    """With these files as input (0; else it reads nothing), output (1) and errors (2; else they go where ours go)."""
    if not forks():
        command = [COMMAND] if module == PROGRAM else [sys.executable, "-m", module]
        given = files.get(0, subprocess.DEVNULL)
        return subprocess.Popen(
            [*command, *arguments], cwd=folder, env=env, stdin=given, stdout=files[1], stderr=files.get(2)
        )
    ends = {number: Connection(os.dup(file.fileno())) for number, file in files.items()}
    # A daemon ends with the tests, whatever happens; but it may have no processes of its own, as a server has.
    arguments_of = (module, arguments, folder, dict(env), ends)
    process = forking().Process(target=_be, args=arguments_of, daemon=module != PROGRAM)
    process.start()
    for end in ends.values():
        end.close()
    return Forked(process)


def forking() -> ForkServerContext:
    """Where processes are forked that have read the program."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(READ_ONCE)
    return context


def _be(module: str, arguments: list[str], folder: Path, env: dict[str, str], ends: dict[int, Connection]) -> None:
    """Go on as `python -m MODULE ARGUMENTS` in this folder and environment."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, end in ends.items():
        os.dup2(end.fileno(), number)
        end.close()
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115 - to its end
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    moment.go_on()
    keep_compiled_templates()
    sys.argv = [module, *arguments]
    sys.modules.pop(f"{module}.__main__", None)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.stdout.flush()
