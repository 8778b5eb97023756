from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from trainings.settings import Settings

APP = "trainings"
"""Relations name models `trainings.Model`."""

MIGRATIONS = "trainings.migrations"

MODELS = (
    "trainings.versions.models",
    "trainings.limits.models",
    "trainings.audit.models",
    "trainings.accounts.models",
    "trainings.places.models",
    "trainings.people.models",
    "trainings.outbox.models",
    "trainings.schedule.models",
    "trainings.outreach.models",
    "trainings.notes.models",
    "trainings.registrations.models",
    "trainings.attendance.models",
    "trainings.certificates.models",
    "trainings.feeds.models",
    "trainings.privacy.models",
)

READ_POOL = 5


def tortoise_config(settings: Settings) -> dict[str, Any]:
    """`default` for transactions, `read` (cannot write) for pages that only show."""
    connections = _sqlite(settings) if settings.is_sqlite else _postgres(settings)
    return {
        "connections": connections,
        "apps": {APP: {"models": list(MODELS), "default_connection": "default", "migrations": MIGRATIONS}},
        "use_tz": True,
        "timezone": "UTC",
    }


def _sqlite(settings: Settings) -> dict[str, Any]:
    path = str(settings.sqlite_path.absolute())
    # An acknowledged registration survives a power cut (FULL); what is erased is overwritten (secure_delete).
    write = {
        "file_path": path,
        "busy_timeout": 10_000,
        "journal_mode": "WAL",
        "journal_size_limit": 16_777_216,
        "synchronous": "FULL",
        "foreign_keys": "ON",
        "secure_delete": "FAST",
        # A rush touches many pages: in the usual 2 MB of cache they are written several times before the commit.
        "cache_size": -32_000,
        "wal_autocheckpoint": 4_000,
    }
    read = {"file_path": path, "busy_timeout": 10_000, "query_only": 1}
    return {
        "default": {"engine": "trainings.db.sqlite_immediate", "credentials": write},
        "read": {"engine": "trainings.db.sqlite_reader", "credentials": read},
    }


def _postgres(settings: Settings) -> dict[str, Any]:
    address = postgres_address(settings.database_url)
    # Constant texts would keep a plan made while the tables were small: twice as slow once they have grown.
    server = {"plan_cache_mode": "force_custom_plan", "jit": "off", "application_name": APP}
    pools = {
        "default": (settings.database_pool, server),
        "read": (min(READ_POOL, settings.database_pool), {**server, "default_transaction_read_only": "on"}),
    }
    return {
        alias: {
            "engine": "trainings.db.asyncpg_safe",
            "credentials": {**address, "minsize": 1, "maxsize": size, "server_settings": options},
        }
        for alias, (size, options) in pools.items()
    }


def postgres_address(url: str) -> dict[str, Any]:
    """For asyncpg; `?host=/folder` is a unix socket, `?sslmode=…` is kept."""
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    address: dict[str, Any] = {
        "host": parts.hostname or query.get("host", "localhost"),
        "port": parts.port or int(query.get("port", 5432)),
        "user": unquote(parts.username or query.get("user", "postgres")),
        "password": unquote(parts.password or "") or None,
        "database": unquote(parts.path.lstrip("/")) or "trainings",
    }
    if "sslmode" in query:
        address["ssl"] = query["sslmode"]
    return address
