"""The program as an operator starts it: real processes, real sockets, real signals.

All are forked from a process that has read the program, but those that share a port: they read it themselves.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path

import httpx2
import pytest

from tests.database import put_template
from tests.processes import ASKING, Running, environment, free_port, run, start, started
from trainings.__main__ import main
from trainings.lib import tokens

PATIENCE = 60
"""A busy machine is slow, not wrong."""


@contextmanager
def serving(folder: Path, port: int, *options: str) -> Iterator[Running]:
    """`serve` on a migrated database."""
    put_template(folder)
    with started(folder, port, *options) as process:
        yield process


def exchange(port: int, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request)
        return connection.recv(65_536)


# -- serving and ending


def test_command_is_the_program() -> None:
    [command] = entry_points(group="console_scripts", name="trainings")

    assert command.load() is main


def test_server_answers_and_ends_with_0_after_sigterm_though_somebody_is_connected(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, port) as process:
        alive = ASKING.get(f"http://localhost:{port}/salud", timeout=PATIENCE)
        idle = socket.create_connection(("127.0.0.1", port))
        in_the_middle = socket.create_connection(("127.0.0.1", port))
        in_the_middle.sendall(b"POST /entrar HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nemail")

        process.send_signal(signal.SIGTERM)
        code = process.wait(PATIENCE)

        idle.close()
        in_the_middle.close()
    assert (alive.status_code, alive.json()) == (200, {"estado": "vivo"})
    assert code == 0, (tmp_path / "log").read_text()


def test_several_processes_serve_and_end_together(tmp_path: Path) -> None:
    port = free_port()
    with serving(tmp_path, port, "--workers", "2", "--no-worker") as process:
        answers = {ASKING.get(f"http://localhost:{port}/salud", timeout=PATIENCE).status_code for _ in range(10)}

        process.send_signal(signal.SIGTERM)
        code = process.wait(PATIENCE)

    assert (answers, code) == ({200}, 0), (tmp_path / "log").read_text()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server for several tests."""
    port = free_port()
    with serving(tmp_path_factory.mktemp("site"), port):
        yield port


def test_head_that_is_too_large_and_host_that_is_not_ours_are_refused(site: int) -> None:
    huge = exchange(site, b"GET / HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * 20_000)
    foreign = exchange(site, b"GET /entrar HTTP/1.1\r\nhost: evil.example\r\n\r\n")

    assert huge.startswith(b"HTTP/1.1 431 ")
    assert foreign.startswith(b"HTTP/1.1 421 ")
    assert ASKING.get(f"http://localhost:{site}/salud", timeout=PATIENCE).status_code == 200


def test_forged_forwarding_header_does_not_dodge_a_limit(site: int) -> None:
    with httpx2.Client(base_url=f"http://localhost:{site}", timeout=PATIENCE) as browser:
        statuses = [
            browser.get(
                f"/verificar/{tokens.certificate_code()}", headers={"x-forwarded-for": f"10.9.8.{number}"}
            ).status_code
            for number in range(31)
        ]

    assert statuses == [404] * 30 + [429]


def test_worker_alone_ends_with_0(tmp_path: Path) -> None:
    put_template(tmp_path)
    reading, writing = os.pipe()
    around = environment(tmp_path, log_level="DEBUG")
    with (
        os.fdopen(reading, "rb") as said,
        os.fdopen(writing, "wb") as err,
        start(["worker"], tmp_path, around, err, err) as process,
    ):
        err.close()
        assert any(b"outbox_job" in line for line in said)  # it looks into the outbox

        process.send_signal(signal.SIGTERM)

        assert process.wait(PATIENCE) == 0


# -- refusing to start


def test_production_without_keys_is_refused(tmp_path: Path) -> None:
    refused = run(tmp_path, "serve", env="production")

    assert refused.returncode == 1
    assert "TRAININGS_SECRET_KEYS is missing. Make one with `trainings keygen`" in refused.stderr


def test_database_that_was_not_migrated_is_refused(tmp_path: Path) -> None:
    refused = run(tmp_path, "serve")

    assert refused.returncode == 1
    assert "Run `trainings migrate`." in refused.stderr


# -- the other commands


def test_check_is_content_with_what_keygen_and_migrate_made(tmp_path: Path) -> None:
    key = run(tmp_path, "keygen").stdout.strip()
    production = {"env": "production", "secret_keys": key}
    put_template(tmp_path)
    assert run(tmp_path, "migrate", **production).returncode == 0

    checked = run(tmp_path, "check", **production)

    assert checked.returncode == 0, checked.stderr
    assert "Ready to serve." in checked.stdout
    assert "Nobody can administer." in checked.stdout


def test_check_says_which_setting_is_unreadable(tmp_path: Path) -> None:
    checked = run(tmp_path, "check", env="staging", database_pool="1")

    assert checked.returncode == 1
    assert checked.stderr.splitlines() == [
        "TRAININGS_ENV: Input should be 'production', 'demo' or 'test'",
        "TRAININGS_DATABASE_POOL: Input should be greater than or equal to 2",
    ]
