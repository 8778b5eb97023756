"""Sets many files at once: a few processes of low priority, one a core, each worked by a thread of ours.

A process gets a function and what to call it with, pickled, through its input, and answers through its output. It knows
no database, no settings and no secret but those of the order before it; it ends when our end of its input closes, so
that none is left behind by a server that was killed, and by itself when nothing came for a while. One that dies is made
anew, and what it was at is tried once more: whatever is ordered here may be done twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import resource
import select
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from trainings.lib.folders import ROOT

T = TypeVar("T")

NICENESS = 15
SECONDS_IDLE = 60
SECONDS_FOR_ONE = 120
"""So long may one order take before its process is ended: the machine may be busy with everything else."""
MOST_ADDRESSES = 2 << 30
MOST_OWN = 110 << 20
"""Octets of its own, without shared libraries: a process that holds more makes room by ending after its answer."""
FEWEST = 200
"""So many orders it carries out all the same: what is as big as that from the beginning must not be made each time."""
HEAD = struct.Struct(">Q")
TIMES = 2
ENVIRONMENT = {"RAYON_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
"""No setting of ours, and none of its secrets. A process is one core: Typst is not to take the others too."""


UNUSED = ("aiohttp", "lxml", "lxml.html", "requests")
"""What our libraries import to fetch from the network and to read web pages. Nothing here does: twenty megabytes."""


class _Unused(ModuleType):
    """Stands for a library that is imported and never called. Whatever is looked up in it is an empty class."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class MillError(RuntimeError):
    """An order could not be carried out; the text says which error it was, without what was ordered.

    `is_told`: it is a sentence for people. An error says so of itself, by an attribute of that name.
    """

    def __init__(self, text: str, *, is_told: bool = False) -> None:
        super().__init__(text)
        self.is_told = is_told


class _Died(Exception):
    """The process ended before it answered."""


class Mill:
    """So many processes, made when they are needed."""

    def __init__(self, n_processes: int) -> None:
        self.n_processes = n_processes
        self._threads = ThreadPoolExecutor(n_processes, "mill")
        self._own = threading.local()

    async def do(self, function: Callable[..., T], *arguments: object) -> T:
        """What the function returns, called in one of the processes. Raises MillError. Never in a transaction."""
        order = pickle.dumps((function, arguments), pickle.HIGHEST_PROTOCOL)
        made: T = await asyncio.get_running_loop().run_in_executor(self._threads, self._carry_out, order)
        return made

    def _carry_out(self, order: bytes) -> Any:
        for n_left in reversed(range(TIMES)):
            try:
                is_made, made, is_told = pickle.loads(self._hand().ask(order))  # noqa: S301 - our own process wrote it
            except _Died as death:
                self._own.hand = None
                if not n_left:
                    raise MillError(f"its process ended ({death})") from death
            else:
                if is_made:
                    return made
                raise MillError(made, is_told=is_told)
        raise AssertionError("tried at least once")

    def _hand(self) -> _Hand:
        """The process of this thread; another one where it has ended."""
        hand: _Hand | None = getattr(self._own, "hand", None)
        if hand is None or not hand.is_alive:
            hand = self._own.hand = _Hand()
        return hand


@cache
def mill() -> Mill:
    """The one of this program: as many processes as cores, not more."""
    return Mill(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


class _Hand:
    """One process, as the thread sees it that works it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trainings.certificates.making.process_pool"],
            cwd=ROOT,
            env=ENVIRONMENT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )

    @property
    def is_alive(self) -> bool:
        if self._process.poll() is None:
            return True
        self._close()
        return False

    def ask(self, order: bytes) -> bytes:
        into, out = self._process.stdin, self._process.stdout
        assert into is not None
        assert out is not None
        try:
            _write(into.fileno(), order)
            return _read(out.fileno(), seconds=SECONDS_FOR_ONE)
        except (OSError, EOFError, TimeoutError) as error:
            self._process.kill()
            self._close()
            raise _Died(f"{type(error).__name__} {self._process.returncode}") from error

    def _close(self) -> None:
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self._process.kill()
            self._close()


# -- what goes through the pipes


def _write(to: int, content: bytes) -> None:
    left = memoryview(HEAD.pack(len(content)) + content)
    while left:
        left = left[os.write(to, left) :]


def _read(source: int, *, seconds: float) -> bytes:
    """One message. Raises EOFError at the end of the pipe, TimeoutError where it is silent for so long."""
    (length,) = HEAD.unpack(_octets(source, HEAD.size, seconds))
    return _octets(source, length, seconds)


def _octets(source: int, length: int, seconds: float) -> bytes:
    waiting = select.poll()
    waiting.register(source, select.POLLIN)
    parts, left = [], length
    while left:
        if not waiting.poll(1000 * seconds):
            raise TimeoutError
        part = os.read(source, min(left, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


# -- the process


def main() -> None:
    """Carry out orders until there are none."""
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not get among the answers
    sys.modules.update({name: _Unused(name) for name in UNUSED})
    os.nice(NICENESS)
    for kind, most in ((resource.RLIMIT_AS, MOST_ADDRESSES), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))
    with contextlib.suppress(EOFError, TimeoutError, BrokenPipeError, KeyboardInterrupt):
        n_done = 0
        while n_done < FEWEST or own_memory() < MOST_OWN:
            _write(answers, _answer(_read(0, seconds=SECONDS_IDLE)))
            n_done += 1


def _answer(order: bytes) -> bytes:
    try:
        function, arguments = pickle.loads(order)  # noqa: S301 - our own server wrote it
        made = (True, function(*arguments), False)
    except Exception as error:  # noqa: BLE001 - whatever it is, who ordered hears of it
        is_told = getattr(error, "is_told", False)
        made = (False, str(error) if is_told else f"{type(error).__name__}: {error}"[:300], is_told)
    return pickle.dumps(made, pickle.HIGHEST_PROTOCOL)


def own_memory() -> int:
    """The octets of memory that this process holds and shares with no other."""
    try:
        _whole, resident, shared, *_ = Path("/proc/self/statm").read_text().split()
        return (int(resident) - int(shared)) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
