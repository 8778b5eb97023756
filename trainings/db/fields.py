"""Moments in UTC, and texts sealed with the process's keyring."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from tortoise import Model, fields

from trainings.lib.crypt import Keyring

_current: list[Keyring] = []


def set_keyring(ring: Keyring) -> None:
    _current[:] = [ring]


def keyring() -> Keyring:
    assert _current, "the keyring is set when the database is connected"
    return _current[0]


class UTCDatetimeField(fields.DatetimeField[datetime]):
    """Stored and read as UTC. Refuses a moment without a zone. SQLite compares moments as text with their offset:
    9:00-06:00 and 15:00+00:00 would differ.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)

    def to_db_value(self, value: Any, instance: Any) -> Any:
        return super().to_db_value(self._in_utc(value), instance)

    def to_python_value(self, value: Any) -> datetime | None:
        moment: datetime | None = self._in_utc(_read(value) if isinstance(value, str) else value)
        return moment

    def _in_utc(self, value: Any) -> Any:
        if not isinstance(value, datetime):
            return value
        if value.tzinfo is None:
            raise ValueError(f"{self.model_field_name}: a moment needs its zone, {value} has none")
        return value.astimezone(UTC)


def _read(text: str) -> datetime:
    """SQLite's own functions write UTC without saying so.

    The mapper's parser knows all of ISO 8601, and takes thirty times as long.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def reference(to: str, related_name: str, **options: Any) -> Any:
    """A foreign key; the row it names cannot be deleted."""
    return fields.ForeignKeyField(f"trainings.{to}", related_name=related_name, on_delete=fields.RESTRICT, **options)


class EncryptedTextField(fields.TextField):
    """A text sealed in the database (AES-256-GCM, with the key's id).

    On a `Record` the attribute is plain text. The seal is tied to table, column and row: copied it does not open. It
    cannot be compared or set by `.update()`: filter by a blind index, write with `save(update_fields=…)`. `.values()`
    gives it sealed: use `reveal`.
    """

    def to_db_value(self, value: Any, instance: Any) -> Any:
        if value is None:
            return None
        if not isinstance(instance, Model):
            raise TypeError(f"{self.model_field_name} is sealed: it can be neither compared nor set without its row")
        return keyring().seal(value, f"{_place(type(instance), self.column)}{instance.pk}")

    @property
    def column(self) -> str:
        return self.source_field or self.model_field_name


@cache
def sealed_columns(model: type[Model]) -> tuple[tuple[str, str], ...]:
    found = ((name, field) for name, field in model._meta.fields_map.items())
    return tuple((name, field.column) for name, field in found if isinstance(field, EncryptedTextField))


def open_sealed(model: type[Model], column: str, row_id: UUID, stored: str) -> str:
    return keyring().open(stored, f"{_place(model, column)}{row_id}")


def sealed(model: type[Model], attribute: str, row_id: UUID | str, text: str | None) -> str | None:
    return None if text is None else keyring().seal(text, f"{_sealed_place(model, attribute)}{row_id}")


def sealer(model: type[Model], attribute: str) -> Callable[[UUID | str, str | None], str | None]:
    """`sealed` for one column of a batch: looks its place up once."""
    place = _sealed_place(model, attribute)

    def seal(row_id: UUID | str, text: str | None) -> str | None:
        return None if text is None else keyring().seal(text, f"{place}{row_id}")

    return seal


def reveal(model: type[Model], attribute: str, row_id: UUID, stored: str | None) -> str | None:
    """`stored`: from `.values()`."""
    return None if stored is None else open_sealed(model, _sealed_column(model, attribute), row_id, stored)


@cache
def _sealed_column(model: type[Model], attribute: str) -> str:
    return dict(sealed_columns(model))[attribute]


@cache
def _sealed_place(model: type[Model], attribute: str) -> str:
    return _place(model, _sealed_column(model, attribute))


def _place(model: type[Model], column: str) -> str:
    return f"{model._meta.db_table}:{column}:"
