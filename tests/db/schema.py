"""What a database consists of, in words that can be compared."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext

from trainings.db.config import tortoise_config
from trainings.settings import Settings

POSTGRES = {
    "column": """SELECT table_name || '.' || column_name || ' ' || data_type || ' '
            || COALESCE(character_maximum_length::text, '') || ' ' || is_nullable
        FROM information_schema.columns WHERE table_schema = 'public'""",
    "constraint": """SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f')""",
    "index": """SELECT regexp_replace(indexdef, 'INDEX \\S+ ON', 'INDEX ON')
        FROM pg_indexes WHERE schemaname = 'public'""",
}

SQLITE = {
    "column": """SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || c.pk
        FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'""",
    "reference": """SELECT m.name || '.' || f."from" || ' -> ' || f."table" || ' ' || f.on_delete
        FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'""",
    "index": """SELECT m.name || ' ' || i."unique" || ' ' || i.partial || ' ' || (
            SELECT group_concat(COALESCE(k.name, 'expression')) FROM pragma_index_info(i.name) k
        ) FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'""",
}


async def described() -> set[str]:
    """Columns, references and indexes of the database connected, without the names of constraints."""
    connection = get_connection("default")
    questions = POSTGRES if connection.capabilities.dialect == "postgres" else SQLITE
    found = set[str]()
    for kind, question in questions.items():
        rows = await connection.execute_query_dict(question)
        found.update(f"{kind} {next(iter(row.values()))}" for row in rows)
    # A restored index spells the casts of its list in another way.
    return {re.sub(r"::[a-z ]+(\[\])?|[()]", "", line) for line in found if "tortoise_migrations" not in line}


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[TortoiseContext]:
    """Another database, open beside the test's own."""
    EXECUTOR_CACHE.clear()
    settings.data_dir.mkdir(exist_ok=True)
    async with TortoiseContext() as context:
        await context.init(tortoise_config(settings))
        yield context
