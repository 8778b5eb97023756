"""Columns are recognised by header; forbidden columns are never kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from trainings.errors import WrongInput
from trainings.lib.tabular import Row, Table
from trainings.lib.text import fold
from trainings.people.models import ConsentHow
from trainings.web.i18n import N_


class Field(StrEnum):
    GIVEN_NAMES = "given_names"
    SURNAMES = "surnames"
    FULL_NAME = "full_name"
    FULL_NAME_SURNAMES_FIRST = "full_name_surnames_first"
    MUNICIPALITY = "municipality"
    COMMUNITY = "community"
    ACTOR_TYPE = "actor_type"
    ORGANIZATION = "organization"
    PHONE = "phone"
    EMAIL = "email"
    SEX = "sex"
    AGE = "age"
    LANGUAGE = "language"
    PUEBLO = "pueblo"
    PERMISSION = "permission"
    GUARDIAN_NAME = "guardian_name"
    GUARDIAN_RELATION = "guardian_relation"
    GUARDIAN_PHONE = "guardian_phone"
    ASSENT = "assent"


FIELDS: Mapping[Field, str] = {
    Field.GIVEN_NAMES: N_("Nombres"),
    Field.SURNAMES: N_("Apellidos"),
    Field.FULL_NAME: N_("Nombres y apellidos en una columna"),
    Field.FULL_NAME_SURNAMES_FIRST: N_("Apellidos y nombres en una columna"),
    Field.MUNICIPALITY: N_("Municipio"),
    Field.COMMUNITY: N_("Comunidad"),
    Field.ACTOR_TYPE: N_("De parte de quién viene (tipo de actor o cargo)"),
    Field.ORGANIZATION: N_("Organización o institución"),
    Field.PHONE: N_("Teléfono"),
    Field.EMAIL: N_("Correo"),
    Field.SEX: N_("Sexo"),
    Field.AGE: N_("Edad"),
    Field.LANGUAGE: N_("Idioma"),
    Field.PUEBLO: N_("Pueblo"),
    Field.PERMISSION: N_("Permiso de guardar sus datos (sí o no)"),
    Field.GUARDIAN_NAME: N_("Madre, padre o persona encargada"),
    Field.GUARDIAN_RELATION: N_("Parentesco de la persona encargada"),
    Field.GUARDIAN_PHONE: N_("Teléfono de la persona encargada"),
    Field.ASSENT: N_("La persona menor quiere participar (sí o no)"),
}

MODEL_HEADER = (
    "Nombres",
    "Apellidos",
    "Municipio",
    "Comunidad",
    "Tipo de actor",
    "Organización",
    "Teléfono",
    "Correo",
    "Sexo",
    "Edad",
    "Idioma",
    "Pueblo",
    "Permiso",
    "Persona encargada",
    "Parentesco",
    "Teléfono de la persona encargada",
    "Quiere participar",
)
"""Spanish in both languages: each header is recognised."""

JOINED = frozenset({Field.GIVEN_NAMES, Field.SURNAMES})
"""In several columns: "primer nombre", "segundo nombre"."""
WHOLE_NAMES = frozenset({Field.FULL_NAME, Field.FULL_NAME_SURNAMES_FIRST})


class Forbidden(StrEnum):
    DOCUMENT = "document"
    BIRTH_DATE = "birth_date"
    MIGRATION = "migration"
    RELIGION = "religion"
    PARTY = "party"
    HEALTH = "health"
    IDENTITY = "identity"
    WHEREABOUTS = "whereabouts"
    BODY = "body"
    NOTES = "notes"


NOT_KEPT: Mapping[Forbidden, str] = {
    Forbidden.DOCUMENT: N_("no guardamos el DPI ni otros documentos."),
    Forbidden.BIRTH_DATE: N_("no guardamos fechas, tampoco la de nacimiento. Escriba la edad en años."),
    Forbidden.MIGRATION: N_("no guardamos nada sobre la migración, la nacionalidad o las remesas de una persona."),
    Forbidden.RELIGION: N_("no guardamos la religión."),
    Forbidden.PARTY: N_("no guardamos el partido ni la opinión política."),
    Forbidden.HEALTH: N_("no guardamos datos de salud ni de discapacidad. Si alguien necesita apoyo, anótelo después."),
    Forbidden.IDENTITY: N_("no guardamos la orientación sexual ni la identidad de género."),
    Forbidden.WHEREABOUTS: N_("no guardamos direcciones ni ubicaciones. La comunidad es suficiente."),
    Forbidden.BODY: N_("no guardamos huellas ni fotos."),
    Forbidden.NOTES: N_("no guardamos notas sobre las personas."),
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_IDLE_WORDS = _words("de del la las el los lo en que su sus no num numero")

_FORBIDDEN_WORDS: Mapping[Forbidden, frozenset[str]] = {
    kind: _words(telling)
    for kind, telling in {
        Forbidden.DOCUMENT: "dpi cui cedula pasaporte nit identificacion documento",
        Forbidden.BIRTH_DATE: "nacimiento cumpleano nacio nacida nacido",
        Forbidden.MIGRATION: (
            "migratorio migratoria migracion migrante retornado retornada retorno deportado deportada deportacion "
            "refugiado refugiada refugio asilo remesa exterior extranjero eeuu visa nacionalidad victima"
        ),
        Forbidden.RELIGION: "religion religiosa credo iglesia",
        Forbidden.PARTY: "partido politico politica afiliacion",
        Forbidden.HEALTH: "discapacidad diagnostico enfermedad embarazo embarazada sangre vih medicamento alergia",
        Forbidden.IDENTITY: "orientacion lgbt lgbti lgbtiq lgbtq lgtb identidad",
        Forbidden.WHEREABOUTS: "direccion domicilio gp coordenada ubicacion latitud longitud geolocalizacion",
        Forbidden.BODY: "huella foto fotografia",
        Forbidden.NOTES: "observacion observacione nota comentario",
    }.items()
}

_PHONE_WORDS = _words("telefono celular tel movil whatsapp")
_GUARDIAN_WORDS = _words("encargado encargada madre padre mama papa responsable tutor tutora")

_BY_WORD: tuple[tuple[Field, frozenset[str]], ...] = tuple(
    (field, _words(telling))
    for field, telling in (
        (Field.GUARDIAN_RELATION, "parentesco relacion vinculo"),
        (Field.ASSENT, "asentimiento participar"),
        (Field.PERMISSION, "permiso consentimiento autoriza autorizacion acepta"),
        (Field.LANGUAGE, "idioma lengua linguistica"),
        (Field.PUEBLO, "pueblo etnia etnico etnica"),
        (Field.EMAIL, "correo email mail"),
        (Field.SEX, "sexo genero"),
        (Field.AGE, "edad"),
        (Field.COMMUNITY, "comunidad aldea caserio barrio canton colonia paraje finca"),
        (Field.MUNICIPALITY, "municipio"),
        (Field.ACTOR_TYPE, "actor cargo sector puesto parte"),
        (Field.ORGANIZATION, "organizacion institucion entidad dependencia"),
    )
)

_CUI = re.compile(r"\d{4}[ -]?\d{5}[ -]?\d{4}")
_DATE = re.compile(r"(?:\d{4}-\d{2}-\d{2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4})(?: .*)?")
_ROWS_LOOKED_AT = 15


# -- columns


def words_of(header: str) -> list[str]:
    """One form for each word: «Nombre(s) y apellidos» -> nombre, apellido."""
    return [
        word[:-1] if word.endswith("s") and len(word) > 3 else word
        for word in fold(header).split()
        if len(word) > 1 and word not in _IDLE_WORDS
    ]


def field_of(header: str) -> Field | None:
    words = words_of(header)
    known = set(words)
    if known & _PHONE_WORDS:
        return Field.GUARDIAN_PHONE if known & _GUARDIAN_WORDS else Field.PHONE
    if {"viene", "como"} <= known:
        return Field.ACTOR_TYPE
    by_word = next((field for field, telling in _BY_WORD if known & telling), None)
    if by_word is not None:
        return by_word
    return Field.GUARDIAN_NAME if known & _GUARDIAN_WORDS else _name_field(words)


def _name_field(words: list[str]) -> Field | None:
    if "nombre" in words and "apellido" in words:
        is_first = words.index("apellido") < words.index("nombre")
        return Field.FULL_NAME_SURNAMES_FIRST if is_first else Field.FULL_NAME
    if "apellido" in words:
        return Field.SURNAMES
    if "completo" in words or "participante" in words:
        return Field.FULL_NAME
    return Field.GIVEN_NAMES if "nombre" in words else None


def match(headers: Sequence[str]) -> dict[int, Field]:
    """Each field once; names may be spread over columns.

    «Nombre» without a column for surnames is the whole name.
    """
    found: dict[int, Field] = {}
    for number, header in enumerate(headers):
        field = field_of(header)
        if field is not None and (field in JOINED or field not in found.values()):
            found[number] = field
    if Field.SURNAMES not in found.values():
        found = {number: Field.FULL_NAME if field is Field.GIVEN_NAMES else field for number, field in found.items()}
    return _without_second_names(found)


def _without_second_names(found: dict[int, Field]) -> dict[int, Field]:
    has_parts = {Field.GIVEN_NAMES, Field.SURNAMES} <= set(found.values())
    first_whole = next((number for number, field in found.items() if field in WHOLE_NAMES), None)
    unwanted = WHOLE_NAMES if has_parts else JOINED if first_whole is not None else frozenset()
    return {
        number: field
        for number, field in found.items()
        if field not in unwanted and (field not in WHOLE_NAMES or number == first_whole)
    }


def forbidden(header: str, values: Sequence[str]) -> Forbidden | None:
    """By its header, or because most cells are DPI numbers or dates."""
    words = set(words_of(header))
    by_word = next((kind for kind, telling in _FORBIDDEN_WORDS.items() if words & telling), None)
    if by_word is not None:
        return by_word
    filled = [value for value in values if value]
    if _most(_CUI, filled):
        return Forbidden.DOCUMENT
    return Forbidden.BIRTH_DATE if _most(_DATE, filled) else None


def _most(pattern: re.Pattern[str], values: Sequence[str]) -> bool:
    return 2 * sum(pattern.fullmatch(value) is not None for value in values) > len(values)


def header_row(rows: Sequence[Row]) -> int:
    """The first row with most known words: titles and dates may stand above it. Where none has two, the first row."""
    scores = [sum(_is_known(cell) for cell in row.cells) for row in rows[:_ROWS_LOOKED_AT]]
    best = max(scores)
    return scores.index(best) if best > 1 else 0


def _is_known(cell: str) -> bool:
    return len(cell) <= 60 and (field_of(cell) is not None or forbidden(cell, ()) is not None)


# -- the sheet


class NoNameColumn(WrongInput):
    sentence = N_("Diga en qué columnas están los nombres y los apellidos, o el nombre completo.")


class TwoNameColumns(WrongInput):
    sentence = N_("Escoja nombres y apellidos por separado, o el nombre completo: no los dos.")


class ChosenTwice(WrongInput):
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


# -- as one text, sealed while the list waits


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
