"""Low-priority processes, one a core, each driven by a thread.

A process reads pickled functions and arguments and answers on its output. It knows no database, no settings, and no
secret but its order's. It ends when its input closes or it was idle. A dead process is replaced and its order tried
once more: orders may be done twice.
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
"""A longer order ends the process; a busy machine may be slow."""
MOST_ADDRESSES = 2 << 30
MOST_OWN = 110 << 20
"""Bytes without shared libraries: a larger process ends after its answer."""
FEWEST = 200
"""Orders that it carries out all the same: a process that starts large must not be made anew each time."""
HEAD = struct.Struct(">Q")
TIMES = 2
ENVIRONMENT = {"RAYON_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
"""No settings and no secrets. A process is one core: Typst must not take more."""


UNUSED = ("aiohttp", "lxml", "lxml.html", "requests")
"""Imported by our libraries for network and web pages, never used here: twenty megabytes."""


class _Unused(ModuleType):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class MillError(RuntimeError):
    """Names the error without the order's contents. `is_told`: it is a sentence for people."""

    def __init__(self, text: str, *, is_told: bool = False) -> None:
        super().__init__(text)
        self.is_told = is_told


class _Died(Exception):
    pass


class Mill:
    def __init__(self, n_processes: int) -> None:
        self.n_processes = n_processes
        self._threads = ThreadPoolExecutor(n_processes, "mill")
        self._own = threading.local()

    async def do(self, function: Callable[..., T], *arguments: object) -> T:
        """Calls the function in a process. Raises MillError. Never in a transaction."""
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
        hand: _Hand | None = getattr(self._own, "hand", None)
        if hand is None or not hand.is_alive:
            hand = self._own.hand = _Hand()
        return hand


@cache
def mill() -> Mill:
    return Mill(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


class _Hand:
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
    """One message. Raises EOFError at the pipe's end, TimeoutError after `seconds` of silence."""
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
    try:
        _whole, resident, shared, *_ = Path("/proc/self/statm").read_text().split()
        return (int(resident) - int(shared)) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
