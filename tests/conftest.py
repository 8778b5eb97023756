"""What all tests share: a database of either engine, the application with browsers, a clock that stands still."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from datetime import datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import uvloop
from httpx2 import AsyncClient
from hypothesis import HealthCheck
from hypothesis import settings as random_examples

from tests import asgi, compiled, moment, postgres_server, threadless
from tests.cast import Cast, make_cast
from tests.certificates.making import verapdf
from tests.database import Database, settings_for
from tests.migrated import FOLDER, keep_compiled_templates
from trainings import clock
from trainings.settings import Environment, Settings

IN_MEMORY = Path("/dev/shm")
"""Where a machine keeps files in memory, the tests' SQLite waits for no disk."""

ROOM = 500_000_000
"""Bytes that must be free there: a container may have a few only."""

RARE_COLLECTIONS = (20_000, 20, 20)

BROWSER = "tests/browser/"
DEAR = ("tests/test_", "tests/feeds/", "tests/certificates/designs/", "tests/certificates/issuing/", "tests/web/")
"""Where the tests stand that take seconds each."""

DATABASE_FIXTURES = ("db", "sqlite_db", "postgres_db")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--at", default="", help="the local moment at which the run begins, as '2026-12-07 07:05'")
    parser.addoption("--postgres", action="store_true", help="every test of the database, on PostgreSQL, and no other")


def pytest_report_header() -> str:
    now = clock.local(clock.now())
    return f"It is {now:%A, %d %B %Y, %H:%M} in Guatemala, and turn {moment.turn()} ({moment.TURN} asks another)."


def pytest_configure(config: pytest.Config) -> None:
    # All that is read from here on stays: looking through it for what is not used any more finds nothing.
    gc.set_threshold(*RARE_COLLECTIONS)
    signal.signal(signal.SIGINT, _break_off)
    # For what asks for the process's settings: a test never takes itself for production, nor writes to ./var.
    moment.begin(config.getoption("--at"))
    threadless.begin()
    os.environ["TRAININGS_ENV"] = Environment.TEST
    os.environ["TRAININGS_DATA_DIR"] = str(FOLDER / "var")
    # Pages speak as where there is a mail server; nothing is sent there.
    os.environ["TRAININGS_SMTP_URL"] = "smtp://localhost:9"
    postgres_server.begin_run()
    # A busy machine is slow, not wrong.
    random_examples.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    random_examples.load_profile("patient")
    if config.getoption("numprocesses", None) and not _is_worker(config):
        compiled.begin(config)


def _break_off(*_signal: object) -> None:
    """As Python's own handler does, which asyncio replaces and puts back around each coroutine of a test: that costs
    0.2 ms, most of it to write down the whole task for nobody.
    """
    raise KeyboardInterrupt


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], AbstractEventLoop]]:
    """The loop that servers run in."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    moment.let_the_day_end()


def pytest_unconfigure(config: pytest.Config) -> None:
    postgres_server.leave()
    if not _is_worker(config):
        postgres_server.end_run()


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not verapdf.is_here():
        terminalreporter.write_line(verapdf.MISSING, red=True, bold=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests on PostgreSQL last: a process changes its engine once, not at every test."""
    if config.getoption("postgres"):
        config.hook.pytest_deselected(items=[item for item in items if not _needs_postgres(item)])
        items[:] = filter(_needs_postgres, items)
    items.sort(key=_needs_postgres)
    items[:] = _dearest_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def _dearest_first(items: list[pytest.Item], n_workers: int) -> list[pytest.Item]:
    """The order in which no worker is left alone with long tests at the end.

    Each worker is given its share of the list, and those that are ready take over the ends of others' shares. So the
    first share begins with the browsers, which mostly wait, each other share with tests that take seconds.
    """
    browsers = [item for item in items if item.nodeid.startswith(BROWSER)]
    if n_workers == 1 or len(browsers) * n_workers > len(items):
        return items
    dear = [item for item in items if item.nodeid.startswith(DEAR)]
    ordinary = iter([item for item in items if not item.nodeid.startswith((BROWSER, *DEAR))])
    share, part = len(items) // n_workers, -(-len(dear) // (n_workers - 1))
    heads = [browsers, *(dear[begin : begin + part] for begin in range(0, len(dear), max(1, part)))]
    return [one for head in heads for one in (*head, *islice(ordinary, max(0, share - len(head))))] + list(ordinary)


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: nobody need look through it again and again. What a test leaves
    is looked for as rarely as in a server.
    """
    keep_compiled_templates()
    gc.collect()
    gc.freeze()


def _engine_of(item: pytest.Item) -> str:
    callspec = getattr(item, "callspec", None)
    return str(callspec.params.get("engine", "")) if callspec is not None else ""


def _needs_postgres(item: pytest.Item) -> bool:
    return _engine_of(item) == "postgres" or "postgres_db" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session")
async def database() -> AsyncIterator[Database]:
    with TemporaryDirectory(prefix="trainings-", dir=_quickest()) as folder:
        database = Database(Path(folder))
        yield database
        await database.close()


def _quickest() -> Path | None:
    fits = os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ROOM
    return IN_MEMORY if fits else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", _engines_of(metafunc.definition))


def _engines_of(test: pytest.Item) -> list[Any]:
    if test.config.getoption("postgres"):
        return ["postgres"]
    if test.get_closest_marker("both_engines"):
        return ["sqlite", "postgres"]
    if test.get_closest_marker("race"):
        return ["postgres", pytest.param("sqlite", marks=pytest.mark.proof)]
    return ["sqlite", "postgres"] if test.get_closest_marker("proof") else ["sqlite"]


@pytest.fixture
async def db(database: Database, engine: str) -> Settings:
    """An empty, connected database: SQLite, PostgreSQL too where the test asks for `both_engines` or all are asked."""
    return await database.fresh(engine)


@pytest.fixture
async def cast(db: Settings) -> Cast:
    """Two hubs with their people, in an empty database of the test's engine."""
    return await make_cast()


@pytest.fixture
async def sqlite_db(database: Database) -> Settings:
    """An empty, connected SQLite database."""
    return await database.fresh("sqlite")


@pytest.fixture
async def postgres_db(database: Database) -> Settings:
    """An empty, connected PostgreSQL database."""
    return await database.fresh("postgres")


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a test; those of its database where it has one."""
    for name in DATABASE_FIXTURES:
        if name in request.fixturenames:
            connected: Settings = request.getfixturevalue(name)
            return connected
    return settings_for(tmp_path)


@pytest.fixture
async def new_client(db: Settings) -> AsyncIterator[Callable[[], AsyncClient]]:
    """Makes browsers that know nothing of each other, all on one running application. Messages wait in the outbox."""
    from trainings.app import create_app

    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(asgi.running(create_app(db, with_worker=False)))
        made: list[AsyncClient] = []

        def make() -> AsyncClient:
            made.append(asgi.browser(app))
            return made[-1]

        yield make
        for browser in made:
            await browser.aclose()


@pytest.fixture
def client(new_client: Callable[[], AsyncClient]) -> AsyncClient:
    """A browser at the running application, with an empty database behind it."""
    return new_client()


@pytest.fixture
def freeze() -> Iterator[Callable[[datetime], None]]:
    """`freeze(moment)` stops the clock until the test ends; called again, it moves on."""
    with ExitStack() as stack:
        yield lambda moment: stack.enter_context(clock.frozen(moment))
