"""The mapper mended: no conditions on empty lists, and its SQL made with a fifth less work.

Tortoise writes an empty list as `1=0`. Beside `OR` SQLite then uses no index for other conditions, and reads the whole
table. Such a condition goes from an `OR`, and takes all of an `AND` with it; a question left with nothing else is not
asked. And pypika copies a query at each step of its making: a page asks twenty statements.
"""

from __future__ import annotations

from asyncio import _get_running_loop
from collections.abc import Awaitable, Callable
from copy import copy
from typing import Any, TypeVar

from pypika_tortoise.context import SqlContext
from pypika_tortoise.dialects.sqlite import SQLLiteQueryBuilder
from pypika_tortoise.enums import Equality
from pypika_tortoise.queries import QueryBuilder, Selectable, Table
from pypika_tortoise.terms import BasicCriterion, Criterion, Field, Term, ValueWrapper
from pypika_tortoise.utils import format_alias_sql
from tortoise import models, queryset
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import ConnectionHandler, get_connection
from tortoise.context import get_current_context
from tortoise.fields.base import Field as Column
from tortoise.query_utils import QueryModifier

_both, _either = QueryModifier.__and__, QueryModifier.__or__


def is_never(criterion: Criterion) -> bool:
    return (
        isinstance(criterion, BasicCriterion)
        and criterion.comparator is Equality.eq
        and isinstance(criterion.left, ValueWrapper)
        and isinstance(criterion.right, ValueWrapper)
        and (criterion.left.value, criterion.right.value) == (1, 0)
    )


def _and(self: QueryModifier, other: QueryModifier) -> QueryModifier:
    if not (self.where_criterion or self.having_criterion or self.joins):
        return other
    joined = _both(self, other)
    for one in (self, other):
        if is_never(one.where_criterion):
            joined.where_criterion = one.where_criterion
    return joined


def _or(self: QueryModifier, other: QueryModifier) -> QueryModifier:
    if self.having_criterion or other.having_criterion or not (self.where_criterion and other.where_criterion):
        return _either(self, other)
    for one, rest in ((self, other), (other, self)):
        if is_never(one.where_criterion):
            return QueryModifier(rest.where_criterion, self.joins + other.joins)
    return _either(self, other)


def _unless_never(kind: type[Any], nothing: Callable[[], Any]) -> Callable[[Any], Awaitable[Any]]:
    """What cannot find a row is not asked: one page in two has an empty list somewhere. An aggregate finds one always,
    and what looks for one row says itself that there is none.
    """
    ask = kind._execute

    async def execute(self: Any) -> Any:
        is_asked = self._annotations or getattr(self, "_single", False) or not is_never(self.query._wheres)
        return await ask(self) if is_asked else nothing()

    return execute


# -- copies

T = TypeVar("T")

_special_for = Column.get_for_dialect


def _copy(self: T) -> T:
    copied = object.__new__(type(self))
    copied.__dict__.update(self.__dict__)
    return copied


def _copy_of_part(part: Any) -> Any:
    """A query set's own copy. Of a query: each step of its making changes the one, which nobody else has yet."""
    if type(part) in (dict, list, set):
        return part.copy()
    copied = copy(part)
    if isinstance(copied, QueryBuilder):
        copied.immutable = False
    return copied


def _copy_of_query(self: QueryBuilder) -> QueryBuilder:
    copied = _copy(self)
    own = copied.__dict__
    for name, part in self.__dict__.items():
        if type(part) in (list, set):
            own[name] = part.copy()
    return copied


def _context_with(self: SqlContext, **changed: Any) -> SqlContext:
    copied = _copy(self)
    copied.__dict__.update(changed)
    return copied


def _name_of_field(self: Field, ctx: SqlContext) -> str:
    quote, table = ctx.quote_char or "", self.table
    name = f"{quote}{self.name}{quote}"
    if table and (ctx.with_namespace or table.alias):
        name = f"{quote}{table.get_table_name()}{quote}.{name}"
    return name if self.alias is None or not ctx.with_alias else format_alias_sql(name, self.alias, ctx)


def _hash_of_table(self: Table) -> int:
    # Upstream writes its SQL each time.
    return hash(self._table_name)


def _for_dialect(self: Column[Any], dialect: str, key: str) -> Any:
    # Few columns are special, and upstream finds out by an exception each time.
    return _special_for(self, dialect, key) if hasattr(self, f"_db_{dialect}") else getattr(self, key, None)


# -- the connection: each statement asks for it three times

_connection_of_loop = ConnectionHandler.get


def _connection(self: ConnectionHandler, alias: str) -> BaseDBAsyncClient:
    known = self._storage_var.get().get(alias)
    if known is not None and known._bound_loop in (None, _get_running_loop()):
        return known
    return _connection_of_loop(self, alias)


def _current_connection(alias: str) -> BaseDBAsyncClient:
    context = get_current_context()
    return context.connections.get(alias) if context is not None else get_connection(alias)


NOTHING: dict[type[Any], Callable[[], Any]] = {
    queryset.QuerySet: list,
    queryset.ValuesQuery: list,
    queryset.ValuesListQuery: list,
    queryset.ExistsQuery: bool,
    queryset.CountQuery: int,
    queryset.UpdateQuery: int,
    queryset.DeleteQuery: int,
}

OURS: dict[tuple[Any, str], Any] = {
    (SqlContext, "copy"): _context_with,
    (Selectable, "__copy__"): _copy,
    (Term, "__copy__"): _copy,
    (QueryBuilder, "__copy__"): _copy_of_query,
    (SQLLiteQueryBuilder, "__copy__"): _copy_of_query,
    (Field, "get_sql"): _name_of_field,
    (Table, "__hash__"): _hash_of_table,
    (Column, "get_for_dialect"): _for_dialect,
    (queryset, "copy"): _copy_of_part,
    (ConnectionHandler, "get"): _connection,
    (models, "get_connection"): _current_connection,
    (QueryModifier, "__and__"): _and,
    (QueryModifier, "__or__"): _or,
    **{(kind, "_execute"): _unless_never(kind, nothing) for kind, nothing in NOTHING.items()},
}
UPSTREAM = {(owner, name): owner.__dict__.get(name) for owner, name in OURS}


def mend() -> None:
    for (owner, name), ours in OURS.items():
        setattr(owner, name, ours)
