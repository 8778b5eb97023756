"""Columns are recognised by header; forbidden columns are never kept."""

from __future__ import annotations

import dataclasses
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
from trainings.registrations.imports.values import YEAR, word_set
from trainings.web.i18n import N_


class Field(StrEnum):
    GIVEN_NAMES = "given_names"
    SURNAMES = "surnames"
    FULL_NAME = "full_name"
    FULL_NAME_SURNAMES_FIRST = "full_name_surnames_first"
    MUNICIPALITY = "municipality"
    DEPARTMENT = "department"
    COMMUNITY = "community"
    ACTOR_TYPE = "actor_type"
    OFFICE = "office"
    ORGANIZATION = "organization"
    PHONE = "phone"
    OTHER_PHONE = "other_phone"
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
    Field.FULL_NAME: N_("Nombres y apellidos juntos"),
    Field.FULL_NAME_SURNAMES_FIRST: N_("Apellidos y nombres juntos"),
    Field.MUNICIPALITY: N_("Municipio"),
    Field.DEPARTMENT: N_("Departamento"),
    Field.COMMUNITY: N_("Comunidad"),
    Field.ACTOR_TYPE: N_("De parte de quién viene (tipo de actor)"),
    Field.OFFICE: N_("Cargo (COCODE o institución)"),
    Field.ORGANIZATION: N_("Organización o institución"),
    Field.PHONE: N_("Teléfono"),
    Field.OTHER_PHONE: N_("Otro teléfono"),
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
    "Cargo",
    "Organización",
    "Teléfono",
    "Otro teléfono",
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
_OF_NOBODY = frozenset(
    {Field.MUNICIPALITY, Field.DEPARTMENT, Field.COMMUNITY, Field.ACTOR_TYPE, Field.LANGUAGE, Field.PERMISSION}
)
"""Often filled in for lines that are still empty."""


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


_IDLE_WORDS = word_set("de del la las el los lo en que su sus no num numero")

_FORBIDDEN_WORDS: Mapping[Forbidden, frozenset[str]] = {
    kind: word_set(telling)
    for kind, telling in {
        Forbidden.DOCUMENT: "dpi cui cedula pasaporte nit identificacion documento",
        Forbidden.BIRTH_DATE: "nacimiento nac cumpleano nacio nacida nacido",
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

_PHONES = frozenset({Field.PHONE, Field.OTHER_PHONE, Field.GUARDIAN_PHONE})
_PHONE_WORDS = word_set("telefono telefonico celular tel cel movil whatsapp")
_OTHER_WORDS = word_set("otro segundo alterno adicional")
_OF_PERSON = word_set("completo participante asistente beneficiario beneficiaria")
_GUARDIAN_WORDS = word_set("encargado encargada madre padre mama papa responsable tutor tutora")

_BY_WORD: tuple[tuple[Field, frozenset[str]], ...] = tuple(
    (field, word_set(telling))
    for field, telling in (
        (Field.GUARDIAN_RELATION, "parentesco relacion vinculo"),
        (Field.ASSENT, "asentimiento participar"),
        (Field.PERMISSION, "permiso consentimiento autoriza autorizacion acepta"),
        (Field.LANGUAGE, "idioma lengua linguistica"),
        (Field.PUEBLO, "pueblo etnia etnico etnica"),
        (Field.EMAIL, "correo email mail"),
        (Field.SEX, "sexo genero"),
        (Field.AGE, "edad etario cumplido"),
        (Field.COMMUNITY, "comunidad aldea caserio barrio canton colonia paraje finca"),
        (Field.MUNICIPALITY, "municipio"),
        (Field.OFFICE, "cargo puesto"),
        (Field.ORGANIZATION, "organizacion institucion entidad dependencia"),
        (Field.DEPARTMENT, "departamento depto dpto"),
        (Field.COMMUNITY, "residencia procedencia localidad vive"),
        (Field.ACTOR_TYPE, "actor sector parte"),
    )
)

_NOT_MEANT = frozenset({(Field.EMAIL, Forbidden.WHEREABOUTS), (Field.AGE, Forbidden.BIRTH_DATE)}) | {
    (field, Forbidden.DOCUMENT) for field in (*JOINED, *WHOLE_NAMES, Field.PUEBLO)
}
"""«Dirección de correo», «Edad o nacimiento», «Nombre según DPI», «Identificación étnica» ask for what we keep."""

_CUI = re.compile(r"\b\d{4}[ -]?\d{5}[ -]?\d{4}\b")
_DATE = re.compile(r"^(?:\d{4}-\d{2}-\d{2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4})(?: .*)?$")
_ROWS_LOOKED_AT = 15

_SEXES = {"h": "Hombre", "hombre": "Hombre", "masculino": "Hombre", "f": "Mujer", "femenino": "Mujer", "mujer": "Mujer"}
_SEXES["m"] = ""
"""What M means says the column beside it."""
_OTHER_SEX = {"Hombre": "Mujer", "Mujer": "Hombre", "": ""}
_CROSSES = frozenset({"", "x", "1", "si", "h", "m", "f"})
_TOTAL = re.compile(r"(?:sub|gran )? ?total(?:es)?\b|suma(?:toria)?\b")
_FOOT = re.compile(
    r"(?:elabor|revis|autoriz|aprob)(?:o|ado)\b|vo bo|visto bueno|responsable|nombre y firma|firma|sello|lugar y fecha"
    r"|facilitador|observaciones|hombres|mujeres"
)


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
        own = Field.OTHER_PHONE if known & _OTHER_WORDS else Field.PHONE
        return Field.GUARDIAN_PHONE if known & _GUARDIAN_WORDS else own
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
    if _OF_PERSON & set(words):
        return Field.FULL_NAME
    return Field.GIVEN_NAMES if "nombre" in words else None


def match(headers: Sequence[str]) -> dict[int, Field]:
    """Each field once; names may be spread over columns, and a second column of telephones holds the other one.

    «Nombre» without a column for surnames is the whole name.
    """
    found: dict[int, Field] = {}
    for number, header in enumerate(headers):
        field = field_of(header)
        if field is Field.PHONE and field in found.values():
            field = Field.OTHER_PHONE
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
    """By its header, or because most cells hold DPI numbers or are dates."""
    words, field = set(words_of(header)), field_of(header)
    by_word = (
        kind for kind, telling in _FORBIDDEN_WORDS.items() if words & telling and (field, kind) not in _NOT_MEANT
    )
    if why := next(by_word, None):
        return why
    filled = [value for value in values if value]
    if field not in _PHONES and _most(_CUI, filled):
        return Forbidden.DOCUMENT
    return Forbidden.BIRTH_DATE if _most(_DATE, filled) else None


def _most(pattern: re.Pattern[str], values: Sequence[str]) -> bool:
    return 2 * sum(pattern.search(value) is not None for value in values) > len(values)


# -- the head, and what is no person


def _head(rows: Sequence[Row]) -> tuple[Sequence[str], int]:
    """The titles, and how many rows reach to them: titles and dates may stand above, and the head may have two rows."""
    best = _head_row(rows)
    for top in (best, best - 1):
        if 0 <= top < len(rows) - 1 and _is_of_two_rows(rows[top], rows[top + 1]):
            return _of_two_rows(rows[top], rows[top + 1]), top + 2
    return rows[best].cells, best + 1


def _head_row(rows: Sequence[Row]) -> int:
    """The first row with most known words. Where none has two, the first row."""
    scores = [sum(_is_known(cell) for cell in row.cells) for row in rows[:_ROWS_LOOKED_AT]]
    best = max(scores)
    return scores.index(best) if best > 1 else 0


def _is_known(cell: str) -> bool:
    return len(cell) <= 60 and (field_of(cell) is not None or forbidden(cell, ()) is not None)


def _is_of_two_rows(upper: Row, lower: Row) -> bool:
    """The lower row has titles only below cells that were merged across; the others were merged downwards."""
    filled = [number for number, cell in enumerate(lower.cells) if cell]
    return (
        bool(filled)
        and all(_is_known(lower.cells[number]) or _sex_in(lower.cells[number]) for number in filled)
        and all(not cell_at(upper, number) or not cell_at(upper, number + 1) for number in filled)
        and any(_is_known(cell) and not cell_at(lower, number) for number, cell in enumerate(upper.cells))
    )


def _of_two_rows(upper: Row, lower: Row) -> list[str]:
    titles, above = [], ""
    for number in range(max(len(upper.cells), len(lower.cells))):
        above, own = cell_at(upper, number) or above, cell_at(lower, number)
        both = f"{above} {own}"
        # «Ubicación» alone is a place that we do not keep; above «Municipio» it is only a word.
        is_enough = _is_known(own) and forbidden(both, ()) is not None
        titles.append((own if is_enough else both) if own else cell_at(upper, number))
    return titles


def _sex_in(title: str) -> str:
    """The letter or word of one sex, as a column of crosses is called: «Sexo H», «Mujeres»."""
    words = [word for word in fold(title).split() if word not in ("sexo", "genero")]
    return words[0].removesuffix("s") if len(words) == 1 and words[0].removesuffix("s") in _SEXES else ""


def _with_sex_in_one_column(titles: Sequence[str], rows: Sequence[Row]) -> tuple[Sequence[str], Sequence[Row]]:
    """Two columns with crosses, H and M or F and M, become one with words."""
    found = {number: sex for number, title in enumerate(titles) if (sex := _sex_in(title))}
    if len(found) != 2 or not all(fold(cell_at(row, number)) in _CROSSES for row in rows for number in found):
        return titles, rows
    first, second = found
    meaning = {
        number: _SEXES[sex] or _OTHER_SEX[_SEXES[found[first + second - number]]] for number, sex in found.items()
    }
    if set(meaning.values()) != {"Hombre", "Mujer"}:
        return titles, rows
    joined = []
    for row in rows:
        crossed = [meaning[number] for number in found if cell_at(row, number)]
        cells = list(row.cells) + [""] * (second + 1 - len(row.cells))
        cells[first], cells[second] = ", ".join(crossed), ""
        joined.append(Row(row.number, tuple(cells)))
    return ["Sexo" if n == first else "" if n == second else title for n, title in enumerate(titles)], joined


def _is_person(row: Row, titles: Sequence[str]) -> bool:
    """No line of totals, none of the foot of a paper list, and not the head again."""
    filled = [(number, fold(cell)) for number, cell in enumerate(row.cells) if cell]
    words = next((text for _number, text in filled if not text.isdigit()), "")
    is_total = bool(_TOTAL.match(words))
    is_foot = len(filled) <= 2 and bool(_FOOT.match(words))
    n_titles = sum(number < len(titles) and text == fold(titles[number]) for number, text in filled if text)
    return not (is_total or is_foot or n_titles >= 2)


# -- the sheet


class NoNameColumn(WrongInput):
    sentence = N_("Diga en qué columnas están los nombres y los apellidos, o el nombre completo.")


class TwoNameColumns(WrongInput):
    sentence = N_("Escoja nombres y apellidos por separado, o el nombre completo: no los dos.")


class ChosenTwice(WrongInput):
    sentence = N_("Ese dato ya está en otra columna. Deje una de las dos en «No se usa».")


@dataclass(frozen=True, slots=True)
class Sheet:
    """`headers` of kept columns; `dropped`: (header, why); `left_out`: numbers of lines that are no people.

    `municipality` and `actor_type` stand where the list says nothing, `m_means` where its column does not tell what M
    is. `mended`: what staff typed for a row, by field of its form; `set_aside`: rows that staff left out. `how` its
    people consented, once confirmed. `others`: further sheets of the file, until the columns are said.
    """

    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    dropped: tuple[tuple[str, Forbidden], ...] = ()
    left_out: tuple[int, ...] = ()
    is_guessed: bool = False
    name: str = ""
    municipality: str = ""
    actor_type: str = ""
    m_means: str = ""
    mended: Mapping[int, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    set_aside: frozenset[int] = frozenset()
    how: ConsentHow | None = None
    others: tuple[Sheet, ...] = ()

    def column(self, number: int) -> list[str]:
        return [cell_at(row, number) for row in self.rows]


def cell_at(row: Row, number: int) -> str:
    return row.cells[number] if number < len(row.cells) else ""


def sheet_of(table: Table) -> tuple[Sheet, int]:
    """Also how many people it has, or rows below the head of a table with more than were read."""
    titles, n_above = _head(table.rows)
    below = table.rows[n_above:]
    titles, people = _with_sex_in_one_column(titles, [row for row in below if _is_person(row, titles)])
    kept, dropped = [], []
    for number in range(max(len(titles), *(len(row.cells) for row in people), 0)):
        title = titles[number][:80] if number < len(titles) else ""
        values = [cell_at(row, number) for row in people]
        why = forbidden(title, values)
        if why is not None:
            dropped.append((title, why))
        elif title or any(values):
            kept.append((number, title, field_of(title) in _PHONES))
    sheet = Sheet(
        headers=tuple(title for _number, title, _is_phone in kept),
        rows=tuple(
            Row(
                row.number,
                tuple(_kept(cell_at(row, number), is_phone) for number, _title, is_phone in kept),
            )
            for row in people
        ),
        dropped=tuple(dropped),
        left_out=tuple(sorted({row.number for row in below} - {row.number for row in people})),
        is_guessed=table.is_guessed,
        name=table.name,
    )
    return sheet, len(people) if table.n_rows == len(table.rows) else table.n_rows - n_above


def _kept(text: str, is_phone: bool) -> str:
    """A DPI beside a name goes too, and a date among ages leaves its year. A telephone of Mexico is as long."""
    if is_phone:
        return text
    year = YEAR.search(text) if _DATE.search(text) else None
    return year[0] if year else _CUI.sub("", text).strip()


def people_in(sheet: Sheet) -> tuple[bool, int, int]:
    """The larger, the more it looks like a list of people: it has their names, known columns, rows."""
    fields = set(match(sheet.headers).values())
    return bool(sheet.rows) and not fields.isdisjoint(JOINED | WHOLE_NAMES), len(fields), len(sheet.rows)


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
    telling = [number for number, field in enumerate(fields) if field not in _OF_NOBODY]
    rows = [Row(row.number, tuple(_joined(row, columns_of[field]) for field in fields)) for row in sheet.rows]
    kept = replace(
        sheet,
        headers=tuple(" ".join(sheet.headers[number] for number in columns_of[field]) for field in fields),
        rows=tuple(row for row in rows if any(row.cells[number] for number in telling)),
        others=(),
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

ALL = slice(None)


def as_text(sheet: Sheet) -> str:
    return json.dumps(_plain(sheet), ensure_ascii=False)


def _plain(sheet: Sheet) -> dict[str, Any]:
    return {
        "headers": sheet.headers,
        "rows": [(row.number, row.cells) for row in sheet.rows],
        "dropped": sheet.dropped,
        "left_out": sheet.left_out,
        "is_guessed": sheet.is_guessed,
        "name": sheet.name,
        "municipality": sheet.municipality,
        "actor_type": sheet.actor_type,
        "m_means": sheet.m_means,
        "mended": [(number, dict(typed)) for number, typed in sheet.mended.items()],
        "set_aside": sorted(sheet.set_aside),
        "how": sheet.how,
        "others": [_plain(one) for one in sheet.others],
    }


def from_text(text: str, part: slice = ALL) -> Sheet:
    """With a part of its rows."""
    return _sheet(json.loads(text), part)


def _sheet(kept: Mapping[str, Any], part: slice = ALL) -> Sheet:
    """Also of the release before, which knew fewer things: a list may wait through an update."""
    return Sheet(
        headers=tuple(kept["headers"]),
        rows=tuple(Row(number, tuple(cells)) for number, cells in kept["rows"][part]),
        dropped=tuple((title, Forbidden(why)) for title, why in kept["dropped"]),
        left_out=tuple(kept.get("left_out", ())),
        is_guessed=kept["is_guessed"],
        name=kept["name"],
        municipality=kept["municipality"],
        actor_type=kept["actor_type"],
        m_means=kept.get("m_means", ""),
        mended=dict(kept.get("mended", ())),
        set_aside=frozenset(kept.get("set_aside", ())),
        how=ConsentHow(kept["how"]) if kept["how"] else None,
        others=tuple(_sheet(one) for one in kept.get("others", ())),
    )
