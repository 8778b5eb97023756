from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tortoise.migrations import operations as ops


class Checks(ops.RunPython):
    """Rules about rows, by (table, name); `{0}` stands before each column.

    CHECK on PostgreSQL. SQLite cannot add one to a table: there each is a pair of triggers.
    """

    def __init__(self, rules: Mapping[tuple[str, str], str]) -> None:
        self._rules = rules
        super().__init__(self._add, reverse_code=self._drop)

    async def _add(self, _apps: Any, schema_editor: Any) -> None:
        client = schema_editor.client
        for (table, name), rule in self._rules.items():
            if client.capabilities.dialect == "postgres":
                await client.execute_query(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({rule.format('')})")
                continue
            for event in ("INSERT", "UPDATE"):
                await client.execute_query(
                    f"CREATE TRIGGER {name}_{event.lower()} BEFORE {event} ON {table} WHEN NOT ({rule.format('NEW.')}) "
                    f"BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: {name}'); END"
                )

    async def _drop(self, _apps: Any, schema_editor: Any) -> None:
        client = schema_editor.client
        for table, name in self._rules:
            if client.capabilities.dialect == "postgres":
                await client.execute_query(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
                continue
            for event in ("insert", "update"):
                await client.execute_query(f"DROP TRIGGER {name}_{event}")


class OtherWords(ops.AlterField):
    """Only a column's description changed, as when a code is added: the database has nothing to do. The mapper would
    make SQLite's table anew, without its indexes.
    """

    async def database_forward(self, *_known: Any, **_more: Any) -> None:
        pass

    async def database_backward(self, *_known: Any, **_more: Any) -> None:
        pass
