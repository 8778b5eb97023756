"""The mapper mended: no conditions on empty lists, and its SQL made with a fifth less work.

Tortoise writes an empty list as `1=0`. Beside `OR` SQLite then uses no index for other conditions, and reads the whole
table. Such a condition goes from an `OR`, and takes all of an `AND` with it. And pypika copies a query at each step of
its making: a page asks twenty statements.
"""

from __future__ import annotations

from typing import Any, TypeVar

from pypika_tortoise.context import SqlContext
from pypika_tortoise.dialects.sqlite import SQLLiteQueryBuilder
from pypika_tortoise.enums import Equality
from pypika_tortoise.queries import QueryBuilder, Selectable
from pypika_tortoise.terms import BasicCriterion, Criterion, Field, Term, ValueWrapper
from pypika_tortoise.utils import format_alias_sql
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


# -- copies

T = TypeVar("T")

_special_for = Column.get_for_dialect


def _copy(self: T) -> T:
    copied = object.__new__(type(self))
    copied.__dict__.update(self.__dict__)
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


def _for_dialect(self: Column[Any], dialect: str, key: str) -> Any:
    # Few columns are special, and upstream finds out by an exception each time.
    return _special_for(self, dialect, key) if hasattr(self, f"_db_{dialect}") else getattr(self, key, None)


OURS: dict[tuple[type, str], Any] = {
    (SqlContext, "copy"): _context_with,
    (Selectable, "__copy__"): _copy,
    (Term, "__copy__"): _copy,
    (QueryBuilder, "__copy__"): _copy_of_query,
    (SQLLiteQueryBuilder, "__copy__"): _copy_of_query,
    (Field, "get_sql"): _name_of_field,
    (Column, "get_for_dialect"): _for_dialect,
    (QueryModifier, "__and__"): _and,
    (QueryModifier, "__or__"): _or,
}
UPSTREAM = {(owner, name): owner.__dict__.get(name) for owner, name in OURS}


def mend() -> None:
    for (owner, name), ours in OURS.items():
        setattr(owner, name, ours)
