"""Rows of models, with the rows their keys point to, by statements written once.

The mapper writes its SQL anew at each reading, which is half of a page's time. Pages that people open all day read
what they show by a `Select`; the rest stays with the mapper (`docs/decisions/0016-statements-written-once.md`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from typing import Any, Generic, NamedTuple, TypeVar

from tortoise import Model
from tortoise.connection import get_connection

from trainings.db import sql
from trainings.db.connection import is_in_transaction
from trainings.db.sql import Statement, Table

M = TypeVar("M", bound=Model)

ROOT = "this"


class _Part(NamedTuple):
    """The columns of one table, `begin` to `end`. `parent`, `key`: where its row is hung; the first has neither."""

    model: type[Model]
    columns: Sequence[str]
    begin: int
    end: int
    parent: int
    key: str


class Select(Generic[M]):
    """Whole rows of `model`, for showing. Use one as a constant.

    `joined`: foreign keys that are followed, as in `prefetch_related` ("hub__seat"). In `where` and `order` the model's
    table is `this`, a joined one has the name of its key ("hub__seat"). `are_few`: as of `sql.reads`.
    """

    def __init__(self, model: type[M], *joined: str, where: str, order: str = "", are_few: bool = False) -> None:
        self._model, self._joined, self._where, self._order = model, joined, where, order
        self._are_few = are_few

    async def rows(self, *values: object) -> list[M]:
        return self.made(await sql.tuples(self.text, *values, are_few=self._are_few))

    async def first(self, *values: object) -> M | None:
        found = await self.rows(*values)
        return found[0] if found else None

    def asked(self, *values: object) -> Statement:
        """For `sql.tables`, which asks several in one go; `made` makes the rows of it."""
        return Statement(self.text, values)

    def made(self, table: Table) -> list[M]:
        return [self._row(values) for values in table]

    def but(self, table: Table, *names: str) -> Table:
        """Without these columns of the model, to compare what else the rows say."""
        left = {self._parts[0].columns.index(name) for name in names}
        return tuple(tuple(value for place, value in enumerate(row) if place not in left) for row in table)

    @cached_property
    def text(self) -> str:
        """Written at the first reading: the mapper knows columns and tables only once it is connected."""
        aliases = [ROOT, *self._paths]
        columns = ", ".join(
            f'"{alias}"."{column}"' for alias, part in zip(aliases, self._parts, strict=True) for column in part.columns
        )
        # Names of tables and columns are the program's.
        text = f'SELECT {columns} FROM "{self._model._meta.db_table}" AS "{ROOT}"'  # noqa: S608
        for alias, part in zip(aliases[1:], self._parts[1:], strict=True):
            field = self._parts[part.parent].model._meta.fields_map[alias.rpartition("__")[2]]
            on = f'"{alias}"."{part.model._meta.db_pk_column}" = "{aliases[part.parent]}"."{field.source_field}"'
            text += f' LEFT JOIN "{part.model._meta.db_table}" AS "{alias}" ON {on}'
        return f"{text} WHERE {self._where}" + (f" ORDER BY {self._order}" if self._order else "")

    @cached_property
    def _paths(self) -> list[str]:
        """Each after the one it hangs on."""
        steps = [path.split("__") for path in self._joined]
        return list(dict.fromkeys("__".join(path[:n]) for path in steps for n in range(1, len(path) + 1)))

    @cached_property
    def _parts(self) -> list[_Part]:
        parts = [_part(self._model, begin=0)]
        aliases = {ROOT: 0}
        for number, path in enumerate(self._paths, 1):
            before, _separator, name = path.rpartition("__")
            parent = aliases[before or ROOT]
            aliases[path] = number
            related: Any = parts[parent].model._meta.fields_map[name]
            parts.append(_part(related.related_model, begin=parts[-1].end, parent=parent, key=f"_{name}"))
        return parts

    def _row(self, values: Sequence[Any]) -> M:
        made: list[Any] = []
        for model, columns, begin, end, parent, key in self._parts:
            own = dict(zip(columns, values[begin:end], strict=True))
            # The key is the first column: without it the foreign key is empty.
            row = None if values[begin] is None else model._init_from_db(**own)
            made.append(row)
            if key and made[parent] is not None:
                object.__setattr__(made[parent], key, row)
        found: M = made[0]
        return found


def _part(model: type[Model], *, begin: int, parent: int = 0, key: str = "") -> _Part:
    primary = model._meta.db_pk_column
    columns = [primary, *sorted(set(model._meta.fields_db_projection.values()) - {primary})]
    return _Part(model, columns, begin, begin + len(columns), parent, key)


async def lock(model: type[M], keys: Iterable[Any]) -> list[M]:
    """The existing rows. On SQLite the transaction itself is the lock. Taken in key order against deadlocks; a
    transaction that locks two kinds takes trainings first.
    """
    assert is_in_transaction(), "a lock lasts as long as its transaction"
    wanted = sorted(set(keys))
    return await _locking(model, get_connection("default").capabilities.dialect).rows(wanted) if wanted else []


@cache
def _locking(model: type[M], dialect: str) -> Select[M]:
    key = f"{ROOT}.{model._meta.db_pk_column}"
    return Select(model, where=f"{key} IN ?list", order=key + (" FOR UPDATE" if dialect == "postgres" else ""))


def hang(rows: Sequence[Model], relation: str, others: Iterable[Model]) -> None:
    """Give each of the `rows` those of the `others` that point to it, as `prefetch_related` does."""
    if not rows:
        return
    related: Any = rows[0]._meta.fields_map[relation]
    by_key = defaultdict[Any, list[Model]](list)
    for one in others:
        by_key[getattr(one, related.relation_field)].append(one)
    for row in rows:
        getattr(row, relation)._set_result_for_query(by_key[row.pk])
