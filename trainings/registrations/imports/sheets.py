"""The uploaded sheet while it waits, sealed as one text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trainings.errors import Refusal
from trainings.lib.tabular import Row, Table
from trainings.people.models import ConsentHow
from trainings.registrations.imports.columns import JOINED, WHOLE_NAMES, Field, Forbidden, forbidden, header_row
from trainings.web.i18n import N_


class NoNameColumn(Refusal):
    code = "no_name_column"
    status = 422
    sentence = N_("Diga en qué columnas están los nombres y los apellidos, o el nombre completo.")


class TwoNameColumns(Refusal):
    code = "two_name_columns"
    status = 422
    sentence = N_("Escoja nombres y apellidos por separado, o el nombre completo: no los dos.")


class ChosenTwice(Refusal):
    code = "chosen_twice"
    status = 422
    sentence = N_("Ese dato ya está en otra columna. Deje una de las dos en «No se usa».")


@dataclass(frozen=True, slots=True)
class Sheet:
    """`headers` of kept columns; `dropped`: (header, why). `municipality` and `actor_type` stand where the list says
    nothing; `how` its people consented, once confirmed.
    """

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    dropped: tuple[tuple[str, Forbidden], ...] = ()
    is_guessed: bool = False
    name: str = ""
    n_other_sheets: int = 0
    municipality: str = ""
    actor_type: str = ""
    how: ConsentHow | None = None

    def column(self, number: int) -> list[str]:
        return [cell_at(row, number) for row in self.rows]


def cell_at(row: Row, number: int) -> str:
    return row.cells[number] if number < len(row.cells) else ""


def sheet_of(table: Table) -> Sheet:
    """Below the header, without forbidden columns."""
    start = header_row(table.rows)
    header, rows = table.rows[start], table.rows[start + 1 :]
    n_columns = max(len(row.cells) for row in table.rows[start:])
    kept, dropped = [], []
    for number in range(n_columns):
        title = cell_at(header, number)[:80]
        values = [cell_at(row, number) for row in rows]
        why = forbidden(title, values)
        if why is not None:
            dropped.append((title, why))
        elif title or any(values):
            kept.append((number, title))
    return Sheet(
        headers=tuple(title for _number, title in kept),
        rows=tuple(Row(row.number, tuple(cell_at(row, number) for number, _title in kept)) for row in rows),
        dropped=tuple(dropped),
        is_guessed=table.is_guessed,
        name=table.sheet,
        n_other_sheets=table.n_other_sheets,
    )


def assigned(sheet: Sheet, chosen: Mapping[int, Field]) -> tuple[Sheet, dict[Field, int]]:
    """Only the chosen columns, and where each field stands; parts of a name are joined. Refuses missing or repeated
    names, and a field twice.
    """
    columns_of: dict[Field, list[int]] = {}
    for number, field in sorted(chosen.items()):
        if number >= len(sheet.headers):
            continue
        if field in columns_of and field not in JOINED:
            raise ChosenTwice(field=f"column-{number}")
        columns_of.setdefault(field, []).append(number)
    _check_names(columns_of)
    fields = list(columns_of)
    rows = [Row(row.number, tuple(_joined(row, columns_of[field]) for field in fields)) for row in sheet.rows]
    kept = replace(
        sheet,
        headers=tuple(" ".join(sheet.headers[number] for number in columns_of[field]) for field in fields),
        rows=tuple(row for row in rows if any(row.cells)),
    )
    return kept, {field: number for number, field in enumerate(fields)}


def _check_names(columns_of: Mapping[Field, Sequence[int]]) -> None:
    n_whole, has_parts = len(WHOLE_NAMES & columns_of.keys()), bool(JOINED & columns_of.keys())
    if n_whole > 1 or (n_whole and has_parts):
        raise TwoNameColumns
    if not n_whole and not columns_of.keys() >= JOINED:
        raise NoNameColumn


def _joined(row: Row, numbers: Sequence[int]) -> str:
    return " ".join(filter(None, (cell_at(row, number) for number in numbers)))


# -- as one text


def as_text(sheet: Sheet) -> str:
    kept: dict[str, Any] = {
        "headers": sheet.headers,
        "rows": [(row.number, row.cells) for row in sheet.rows],
        "dropped": sheet.dropped,
        "is_guessed": sheet.is_guessed,
        "name": sheet.name,
        "n_other_sheets": sheet.n_other_sheets,
        "municipality": sheet.municipality,
        "actor_type": sheet.actor_type,
        "how": sheet.how,
    }
    return json.dumps(kept, ensure_ascii=False)


def from_text(text: str) -> Sheet:
    kept = json.loads(text)
    return Sheet(
        headers=tuple(kept["headers"]),
        rows=tuple(Row(number, tuple(cells)) for number, cells in kept["rows"]),
        dropped=tuple((title, Forbidden(why)) for title, why in kept["dropped"]),
        is_guessed=kept["is_guessed"],
        name=kept["name"],
        n_other_sheets=kept["n_other_sheets"],
        municipality=kept["municipality"],
        actor_type=kept["actor_type"],
        how=ConsentHow(kept["how"]) if kept["how"] else None,
    )
