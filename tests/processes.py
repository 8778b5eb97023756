"""The program in processes of its own, by the command that operators type."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Protocol

import httpx2

from tests.browser.serving import be, forking, forks

COMMAND = Path(sys.executable).with_name("trainings")
PROGRAM = "trainings"
SECONDS_TO_START, SECONDS_TO_END = 120, 600


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """The environment of an operator who set only these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TRAININGS_")}
    chosen = {"env": "test", "data_dir": str(folder), **settings}
    return inherited | {f"TRAININGS_{name.upper()}": value for name, value in chosen.items()}


def run(folder: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    with TemporaryDirectory() as said, Path(said, "out").open("w+b") as out, Path(said, "err").open("w+b") as err:
        process = start([*arguments], folder, environment(folder, **settings), out, err)
        code = process.wait(SECONDS_TO_END)
        told = [Path(file.name).read_text() for file in (out, err)]
    assert code is not None, told
    return subprocess.CompletedProcess([PROGRAM, *arguments], code, *told)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


class Running(Protocol):
    """What tests do with a process."""

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int | None: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


def start(
    arguments: list[str],
    folder: Path,
    env: dict[str, str],
    out: IO[bytes],
    err: IO[bytes],
    *,
    module: str = PROGRAM,
    anew: bool = False,
) -> Running:
    """`trainings ARGUMENTS` in this folder, or another module; `anew` by the command itself, else forked where
    processes are.
    """
    if anew or not forks():
        command = [COMMAND] if module == PROGRAM else [sys.executable, "-m", module]
        return subprocess.Popen([*command, *arguments], cwd=folder, env=env, stdout=out, stderr=err)
    ends = [Connection(os.dup(one.fileno())) for one in (out, err)]
    process = forking().Process(target=_be, args=(module, arguments, folder, env, *ends))
    process.start()
    for end in ends:
        end.close()
    return Forked(process)


def _be(module: str, arguments: list[str], folder: Path, env: dict[str, str], out: Connection, err: Connection) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for end, number in ((out, 1), (err, 2)):
        os.dup2(end.fileno(), number)
        end.close()
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115 - to its end
    os.chdir(folder)
    be(module, arguments, env)


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
        assert self.process.pid is not None
        os.kill(self.process.pid, sig)

    def kill(self) -> None:
        self.process.kill()


def started(folder: Path, port: int, *options: str, **settings: str) -> AbstractContextManager[Running]:
    """`serve` on the folder's database, once it answers; killed afterwards if it is still there. It writes to `log`."""
    return _serving(folder, port, options, settings, anew=False)


def started_by_command(folder: Path, port: int) -> AbstractContextManager[Running]:
    """The same, by the command that operators type."""
    return _serving(folder, port, (), {}, anew=True)


@contextmanager
def _serving(
    folder: Path, port: int, options: Iterable[str], settings: dict[str, str], *, anew: bool
) -> Iterator[Running]:
    env = environment(folder, base_url=f"http://localhost:{port}", **settings)
    with (folder / "log").open("wb") as log:
        process = start(["serve", "--port", str(port), *options], folder, env, log, log, anew=anew)
    try:
        _wait_until_alive(process, port, folder / "log")
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_until_alive(process: Running, port: int, log: Path) -> None:
    give_up_at = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < give_up_at:
        assert process.poll() is None, log.read_text()
        try:
            httpx2.get(f"http://localhost:{port}/salud", timeout=2)
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(log.read_text())
