"""Drop conditions on empty lists.

Tortoise writes them as `1=0`. Beside `OR` SQLite then uses no index for the others, and reads the whole table.
"""

from __future__ import annotations

from pypika_tortoise.enums import Equality
from pypika_tortoise.terms import BasicCriterion, Criterion, ValueWrapper
from tortoise.query_utils import QueryModifier

_both, _either = QueryModifier.__and__, QueryModifier.__or__


def is_never(criterion: Criterion) -> bool:
    """Whether Tortoise made it of an empty list."""
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


def leave_out() -> None:
    """From now on such a condition goes from an `OR`, and takes all of an `AND` with it."""
    QueryModifier.__and__, QueryModifier.__or__ = _and, _or  # type: ignore[method-assign]
