"""The server process: uvicorn with our limits on connections, ending with 0 when it is told to."""

from __future__ import annotations

import gc
import logging
import logging.config
import signal
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette

from trainings.app import create_app
from trainings.settings import Settings
from trainings.web.protocol import CappedHttpTools

SECONDS_FOR_REQUESTS = 3
"""After SIGTERM; with the five seconds of a message that is being sent, the process ends within ten."""
SECONDS_KEPT_ALIVE = 125
"""Longer than proxies wait (nginx 60 s, Caddy 120 s): who closes while the other side asks loses its request."""
SECONDS_TO_BE_UP = 120
"""A process that says nothing for so long is replaced. One of several that starts on a busy machine is not hung: with
the usual five seconds it was ended before it had begun, again and again, and nothing ever listened.
"""
RARE_COLLECTIONS = (20_000, 20, 20)


def app_with_worker() -> Starlette:
    """The application with the outbox's worker inside; each server process makes its own."""
    app = create_app()
    collect_rarely()
    return app


def app_alone() -> Starlette:
    """The application where a `worker` process serves the outbox."""
    app = create_app(with_worker=False)
    collect_rarely()
    return app


def collect_rarely() -> None:
    """Leave the program's own objects uncollected: going through them again and again cost a tenth of a sign-up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*RARE_COLLECTIONS)


def serve(settings: Settings, *, host: str, port: int, workers: int, with_worker: bool) -> None:
    """Serve until SIGTERM or SIGINT."""
    factory = app_with_worker if with_worker else app_alone
    uvicorn.run(
        f"{__name__}:{factory.__name__}",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        http=CappedHttpTools,
        ws="none",
        lifespan="on",
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        server_header=False,
        access_log=False,
        log_config=logging_config(settings),
        timeout_keep_alive=SECONDS_KEPT_ALIVE,
        timeout_graceful_shutdown=SECONDS_FOR_REQUESTS,
        timeout_worker_healthcheck=SECONDS_TO_BE_UP,
    )


def end_well_when_told() -> None:
    """Let SIGTERM end the process with 0: while it starts, and when uvicorn repeats the signal after its own end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def set_up_logging(settings: Settings) -> None:
    logging.config.dictConfig(logging_config(settings))


class WithoutValues(logging.Filter):
    """Leaves a statement as it is sent and drops the values that go with it: they are people's names and contacts."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = (*record.args[:1], *("…" for _value in record.args[1:]))
        return True


def logging_config(settings: Settings) -> dict[str, Any]:
    """Plain lines on standard error. There is no access log: addresses hold the tokens of people's own links."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "filters": {"without_values": {"()": WithoutValues}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "loggers": {
            "tortoise.db_client": {"filters": ["without_values"]},
            # It tells the same once more, with the values inside the line.
            "aiosqlite": {"level": "INFO"},
        },
        "root": {"handlers": ["stderr"], "level": settings.log_level.upper()},
    }
