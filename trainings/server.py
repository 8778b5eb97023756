"""uvicorn with our limits on connections; told to end, it exits with 0."""

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
"""After SIGTERM; with five seconds for a message being sent, the process ends within ten."""
SECONDS_KEPT_ALIVE = 125
"""Longer than proxies wait (nginx 60 s, Caddy 120 s): if the server closes first, a request may be lost."""
SECONDS_TO_BE_UP = 120
"""A process silent for this long is replaced. At the usual five seconds workers on a busy machine never came up."""
RARE_COLLECTIONS = (20_000, 20, 20)


def app_with_worker() -> Starlette:
    app = create_app()
    collect_rarely()
    return app


def app_alone() -> Starlette:
    app = create_app(with_worker=False)
    collect_rarely()
    return app


def collect_rarely() -> None:
    """The program's own objects are exempt: scanning them cost a tenth of a sign-up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*RARE_COLLECTIONS)


def serve(settings: Settings, *, host: str, port: int, workers: int, with_worker: bool) -> None:
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
    """SIGTERM exits with 0: during start, and when uvicorn repeats the signal after its own end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def set_up_logging(settings: Settings) -> None:
    logging.config.dictConfig(logging_config(settings))


class WithoutValues(logging.Filter):
    """Keeps a logged statement, drops its values: people's names and contacts."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = (*record.args[:1], *("…" for _value in record.args[1:]))
        return True


def logging_config(settings: Settings) -> dict[str, Any]:
    """Plain lines on standard error. No access log: addresses hold tokens of own links."""
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
