"""Draw the tables of the database as diagrams, a part of the program each, into `docs/data.md`.

python -m tools.tables
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from tortoise import Model, fields
from tortoise.fields.relational import BackwardFKRelation, ForeignKeyFieldInstance

from trainings.db.config import MODELS
from trainings.db.fields import EncryptedTextField
from trainings.db.models import Record

TARGET = Path(__file__).parent.parent / "docs" / "data.md"

TYPES: dict[type[fields.Field[Any]], str] = {
    EncryptedTextField: "sealed",
    fields.UUIDField: "key",
    fields.BooleanField: "yes_no",
    fields.DatetimeField: "moment",
    fields.DateField: "day",
    fields.TimeField: "time",
    fields.JSONField: "json",
    fields.BinaryField: "bytes",
    fields.DecimalField: "decimal",
    fields.FloatField: "float",
    fields.IntField: "number",
    fields.CharField: "text",
    fields.TextField: "text",
}
"""What a column is called in a diagram; the first class that fits counts."""

HEAD = """# Data

The tables, a diagram for each part of the program, in the order in which the parts may know each other. `make docs`
writes this page from the models, and a test compares them. The codes stand in the [glossary](glossary.md).

A line leads from the row that is pointed at to the rows that point; its word is the column, without `_id`. `?`: the
column may be empty. `UK`: no two rows have the same. `sealed`: the text is encrypted. `moment`: a time in UTC. Every
table has a key `id` (UUIDv7) and a `created_at`, unless its diagram shows another key (`PK`). No row can be deleted
while another points at it.
"""


def models_of(module: ModuleType) -> list[type[Model]]:
    """The models that a module declares, in its order."""
    return [
        one
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, Model) and one.__module__ == module.__name__ and table_of(one)
    ]


def first_sentence(text: str | None) -> str:
    paragraph = " ".join(inspect.cleandoc(text or "").split("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z`])", paragraph)[0].replace("|", "\\|")


def table_of(model: type[Model]) -> str:
    return str(model._meta.db_table)


def target_of(relation: ForeignKeyFieldInstance[Model]) -> str:
    """The table that a relation leads to, found by its name `trainings.Model`."""
    name = str(relation.model_name).rpartition(".")[2]
    modules = (import_module(module) for module in MODELS)
    return next(table_of(getattr(module, name)) for module in modules if hasattr(module, name))


def type_of(field: fields.Field[Any]) -> str:
    if getattr(field, "enum_type", None) is not None:
        return "code"
    return next(word for kind, word in TYPES.items() if isinstance(field, kind))


def columns_of(model: type[Model]) -> Iterator[str]:
    """The columns that are no relation, nor stand in nearly every table."""
    inherited = Record._meta.fields_map if issubclass(model, Record) else {}
    relations = {f"{name}_id" for name in model._meta.fk_fields | model._meta.o2o_fields}
    for name, field in model._meta.fields_map.items():
        if isinstance(field, ForeignKeyFieldInstance | BackwardFKRelation) or name in relations:
            continue
        if name in inherited:
            continue
        key = " PK" if field.pk else " UK" if field.unique else ""
        yield f"{type_of(field)} {name}{key}" + (' "?"' if field.null else "")


def relations_of(model: type[Model]) -> Iterator[str]:
    for name, field in model._meta.fields_map.items():
        if isinstance(field, ForeignKeyFieldInstance):
            pointed = "|o" if field.null else "||"
            pointing = "o|" if field.unique else "o{"
            yield f"{target_of(field)} {pointed}--{pointing} {table_of(model)} : {name}"


def diagram(models: list[type[Model]]) -> str:
    lines = ["```mermaid", "erDiagram"]
    for model in models:
        columns = [f"        {column}" for column in columns_of(model)]
        lines += [f"    {table_of(model)} {{", *columns, "    }"] if columns else [f"    {table_of(model)}"]
    lines += [f"    {relation}" for model in models for relation in relations_of(model)]
    return "\n".join([*lines, "```"])


def part(module: ModuleType) -> str:
    """A part of the program: what its tables hold, a line each, and how they hang together."""
    models = models_of(module)
    name = module.__name__.split(".")[1]
    rows = "\n".join(f"| `{table_of(model)}` | {first_sentence(model.__doc__)} |" for model in models)
    about = first_sentence(module.__doc__)
    about = f"{about}\n\n" if about else ""
    return f"\n## {name}\n\n{about}| table | a row |\n|---|---|\n{rows}\n\n{diagram(models)}\n"


def page() -> str:
    return HEAD + "".join(part(import_module(module)) for module in MODELS)


if __name__ == "__main__":
    TARGET.write_text(page())
