"""What the headers of a list mean, and which columns are never kept."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from trainings.errors import Refusal
from trainings.lib.tabular import Row, Table
from trainings.registrations.imports.columns import (
    FIELDS,
    MODEL_HEADER,
    WHOLE_NAMES,
    ChosenTwice,
    Field,
    Forbidden,
    NoNameColumn,
    Sheet,
    TwoNameColumns,
    as_text,
    assigned,
    field_of,
    forbidden,
    from_text,
    match,
    sheet_of,
)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Nombre(s)", Field.GIVEN_NAMES),
        ("APELLIDOS", Field.SURNAMES),
        ("Nombre y apellidos", Field.FULL_NAME),
        ("Apellidos y nombres", Field.FULL_NAME_SURNAMES_FIRST),
        ("Nombre del participante", Field.FULL_NAME),
        ("No. de teléfono", Field.PHONE),
        ("Celular (WhatsApp)", Field.PHONE),
        ("Otro teléfono", Field.OTHER_PHONE),
        ("Correo electrónico", Field.EMAIL),
        ("E-mail", Field.EMAIL),
        ("Sexo (H/M)", Field.SEX),
        ("Género", Field.SEX),
        ("Edad (años)", Field.AGE),
        ("Comunidad lingüística", Field.LANGUAGE),
        ("Comunidad o municipio", Field.COMMUNITY),
        ("Aldea", Field.COMMUNITY),
        ("Municipio de residencia", Field.MUNICIPALITY),
        ("Municipio y departamento", Field.MUNICIPALITY),
        ("Departamento", Field.DEPARTMENT),
        ("Departamento de residencia", Field.DEPARTMENT),
        ("DEPTO.", Field.DEPARTMENT),
        ("Dpto. de residencia", Field.DEPARTMENT),
        ("Institución o departamento", Field.ORGANIZATION),
        ("Cargo y departamento", Field.OFFICE),
        ("Cargo", Field.OFFICE),
        ("Puesto o cargo en el COCODE", Field.OFFICE),
        ("Viene como", Field.ACTOR_TYPE),
        ("De parte de", Field.ACTOR_TYPE),
        ("¿De parte de quién viene?", Field.ACTOR_TYPE),
        ("De dónde viene", None),
        ("Lugar de residencia", Field.COMMUNITY),
        ("Cel.", Field.PHONE),
        ("Número telefónico", Field.PHONE),
        ("Rango etario", Field.AGE),
        ("Años cumplidos", Field.AGE),
        ("Beneficiario/a", Field.FULL_NAME),
        ("Institución u organización", Field.ORGANIZATION),
        ("Encargado(a)", Field.GUARDIAN_NAME),
        ("Nombre de la madre, padre o encargado", Field.GUARDIAN_NAME),
        ("Parentesco", Field.GUARDIAN_RELATION),
        ("Teléfono del encargado", Field.GUARDIAN_PHONE),
        ("¿Da permiso?", Field.PERMISSION),
        ("Quiere participar", Field.ASSENT),
        ("No.", None),
        ("Firma", None),
        ("Fila", None),
        ("Por qué no se inscribió", None),
        ("", None),
    ],
)
def test_header_is_recognised_by_its_words(header: str, field: Field | None) -> None:
    assert field_of(header) is field


def test_own_words_for_the_columns_are_recognised() -> None:
    assert {field: field_of(words) for field, words in FIELDS.items()} == {field: field for field in Field}
    assert set(match(MODEL_HEADER).values()) == set(Field) - {*WHOLE_NAMES, Field.DEPARTMENT}


def test_name_without_a_column_of_surnames_is_the_whole_name() -> None:
    assert match(["No.", "Nombre", "Edad"]) == {1: Field.FULL_NAME, 2: Field.AGE}
    assert match(["Nombre", "Apellido"]) == {0: Field.GIVEN_NAMES, 1: Field.SURNAMES}


def test_parts_of_a_name_may_stand_in_several_columns_and_other_fields_in_one() -> None:
    found = match(["Primer nombre", "Segundo nombre", "Primer apellido", "Segundo apellido", "Teléfono", "Celular"])

    assert found == {
        0: Field.GIVEN_NAMES,
        1: Field.GIVEN_NAMES,
        2: Field.SURNAMES,
        3: Field.SURNAMES,
        4: Field.PHONE,
        5: Field.OTHER_PHONE,
    }


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("DPI/CUI", Forbidden.DOCUMENT),
        ("No. de identificación", Forbidden.DOCUMENT),
        ("Documento de identidad", Forbidden.DOCUMENT),
        ("Fecha de nacimiento", Forbidden.BIRTH_DATE),
        ("Estatus migratorio", Forbidden.MIGRATION),
        ("Nacionalidad", Forbidden.MIGRATION),
        ("Familiares en el extranjero", Forbidden.MIGRATION),
        ("Recibe remesas", Forbidden.MIGRATION),
        ("Religión", Forbidden.RELIGION),
        ("Partido político", Forbidden.PARTY),
        ("Discapacidad", Forbidden.HEALTH),
        ("Orientación sexual", Forbidden.IDENTITY),
        ("Identidad de género", Forbidden.IDENTITY),
        ("Dirección", Forbidden.WHEREABOUTS),
        ("Firma o huella", Forbidden.BODY),
        ("Observaciones", Forbidden.NOTES),
        ("Fec. Nac.", Forbidden.BIRTH_DATE),
        ("Nombre completo según DPI", None),
        ("Nombres (como aparecen en el DPI)", None),
        ("Dirección de correo electrónico", None),
        ("Identificación étnica", None),
        ("Personal de salud", None),
        ("Institución", None),
    ],
)
def test_header_of_what_we_keep_of_nobody_is_recognised(header: str, why: Forbidden | None) -> None:
    assert forbidden(header, ["x"]) is why


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (["1234 56789 0101", "9876543220101", ""], Forbidden.DOCUMENT),
        (["2004-05-01", "3/12/1985", "1.2.90"], Forbidden.BIRTH_DATE),
        (["34", "2004-05-01", "40"], None),
        (["5555-1234", "44441234"], None),
        (["", ""], None),
    ],
)
def test_column_of_documents_or_dates_is_recognised_without_its_header(
    values: list[str], why: Forbidden | None
) -> None:
    assert forbidden("Dato", values) is why


def test_column_of_names_and_documents_is_one_of_documents() -> None:
    assert forbidden("Nombre y DPI", ["Ana Coc 1234 56789 0101", "Eva Ba 9876543220101"]) is Forbidden.DOCUMENT


# -- the sheet


def read(*rows: list[str]) -> Sheet:
    kept = tuple(Row(number, tuple(cells)) for number, cells in enumerate(rows, start=1) if any(cells))
    sheet, n_rows = sheet_of(Table(kept, len(kept), max(map(len, rows))))
    assert n_rows == len(sheet.rows)
    return sheet


def test_header_is_found_below_the_titles_of_a_paper_list() -> None:
    sheet = read(
        ["MUNICIPALIDAD DE LA LIBERTAD"], ["Listado", "", "4 de marzo"], [], ["Nombre", "Edad"], ["Ana Coc", "30"]
    )

    assert (sheet.headers, sheet.rows) == (("Nombre", "Edad"), (Row(5, ("Ana Coc", "30")),))


def test_forbidden_columns_are_gone_from_the_sheet_and_named() -> None:
    sheet = read(["Nombre", "DPI", "Edad", ""], ["Ana Coc", "1234567890101", "30", ""])

    assert sheet.headers == ("Nombre", "Edad")
    assert sheet.dropped == (("DPI", Forbidden.DOCUMENT),)
    assert "1234567890101" not in as_text(sheet)


def test_date_among_ages_leaves_its_year() -> None:
    sheet = read(["Nombre", "F. Nac. / Edad"], ["Ana Coc", "34"], ["Eva Ba", "15/03/1990"], ["Luis Ax", "15"])

    assert sheet.column(1) == ["34", "1990", "15"]


def test_document_beside_a_name_is_gone_and_a_long_telephone_stays() -> None:
    sheet = read(["Nombre", "Tel."], ["Ana Coc 1234 56789 0101", "5219631100215"], ["Eva Ba", ""], ["Luis Ax", ""])

    assert [row.cells for row in sheet.rows] == [("Ana Coc", "5219631100215"), ("Eva Ba", ""), ("Luis Ax", "")]


def test_sheet_comes_back_from_its_text_as_it_was() -> None:
    sheet = replace(
        read(["Nombre", "DPI"], ["Ñuñez, «Q’eqchi’»", "1"], ["Total", "2"]),
        m_means="mujer",
        mended={2: {"surnames": "Coc"}},
        set_aside=frozenset({3}),
        others=(Sheet(("Otra",), ()),),
    )

    assert from_text(as_text(sheet)) == sheet


def test_list_of_the_release_before_is_still_read() -> None:
    kept = json.loads(as_text(Sheet(("Nombre",), (Row(2, ("Ana Coc",)),))))
    for newer in ("left_out", "m_means", "mended", "set_aside", "others"):
        del kept[newer]

    assert from_text(json.dumps(kept | {"n_other_sheets": 0})) == Sheet(("Nombre",), (Row(2, ("Ana Coc",)),))


NO_PEOPLE: list[list[str]] = [
    ["", "TOTAL", "15 H / 17 M"],
    ["Total general", "", "32"],
    ["", "Responsable: Marta Choc"],
    ["Vo. Bo."],
    ["", "Mujeres: 17"],
    ["No.", "Nombre completo", "Edad"],
    ["26"],
    ["26", "", ""],
]


@pytest.mark.parametrize("line", NO_PEOPLE)
def test_line_of_totals_or_of_the_foot_is_no_person(line: list[str]) -> None:
    sheet = read(["No.", "Nombre completo", "Edad"], ["1", "Ana Coc", "30"], line, ["2", "Juan Total", "31"])

    kept, _columns = assigned(sheet, match(sheet.headers))

    assert [row.number for row in kept.rows] == [2, 4]


def test_line_that_says_only_where_it_is_from_is_empty() -> None:
    sheet = read(["Nombre", "Comunidad", "Teléfono"], ["", "Las Pozas", ""], ["", "Las Pozas", "5555 1234"])

    assert [row.number for row in assigned(sheet, match(sheet.headers))[0].rows] == [3]


def test_head_of_two_rows_with_merged_cells_is_read_as_one() -> None:
    sheet = read(
        ["LISTADO DE PARTICIPANTES"],
        ["No.", "NOMBRE COMPLETO", "SEXO", "", "EDAD", "UBICACIÓN", "", "ENCARGADO", ""],
        ["", "", "H", "M", "", "Municipio", "Comunidad", "Nombre", "Teléfono"],
        ["1", "Ana Coc", "", "X", "30", "La Libertad", "Las Pozas"],
        ["2", "Juan Ba", "x", "", "31", "La Libertad", "Las Pozas", "Eva Ba", "55551234"],
        ["3", "Eva Ba", "x", "x", "32"],
    )

    assert set(match(sheet.headers).values()) == {
        *(Field.FULL_NAME, Field.SEX, Field.AGE, Field.MUNICIPALITY, Field.COMMUNITY),
        *(Field.GUARDIAN_NAME, Field.GUARDIAN_PHONE),
    }
    assert sheet.column(sheet.headers.index("Sexo")) == ["Mujer", "Hombre", "Hombre, Mujer"]
    assert [row.number for row in sheet.rows] == [4, 5, 6]


def test_column_of_crosses_for_women_may_be_called_f() -> None:
    sheet = read(["Nombre", "M", "F"], ["Ana Coc", "", "1"], ["Juan Ba", "✓", ""])

    assert (sheet.headers, sheet.column(1)) == (("Nombre", "Sexo"), ["Mujer", "Hombre"])


def test_first_person_below_an_untitled_column_is_no_second_row_of_the_head() -> None:
    sheet = read(["Nombre", "", "Edad", "Comunidad"], ["Ana", "Coc", "", ""], ["Juan", "Ba", "30", "Las Pozas"])

    assert [row.number for row in sheet.rows] == [2, 3]


def test_columns_that_are_not_used_are_forgotten_and_parts_of_a_name_joined() -> None:
    sheet = read(["Nota 1", "Nombre 1", "Nombre 2", "Apellido"], ["secreto", "Ana", "", "Coc"], ["solo", "", ""])
    chosen = {1: Field.GIVEN_NAMES, 2: Field.GIVEN_NAMES, 3: Field.SURNAMES}

    kept, columns = assigned(
        Sheet(("x", *sheet.headers), tuple(Row(r.number, ("z", *r.cells)) for r in sheet.rows)), chosen
    )

    assert columns == {Field.GIVEN_NAMES: 0, Field.SURNAMES: 1}
    assert (kept.headers, kept.rows) == (("Nombre 1 Nombre 2", "Apellido"), (Row(2, ("Ana", "Coc")),))


@pytest.mark.parametrize(
    ("chosen", "refusal"),
    [
        ({}, NoNameColumn),
        ({0: Field.GIVEN_NAMES}, NoNameColumn),
        ({0: Field.FULL_NAME, 1: Field.SURNAMES}, TwoNameColumns),
        ({0: Field.FULL_NAME, 1: Field.FULL_NAME_SURNAMES_FIRST}, TwoNameColumns),
        ({0: Field.FULL_NAME, 1: Field.PHONE, 2: Field.PHONE}, ChosenTwice),
    ],
)
def test_columns_without_a_name_or_said_twice_are_refused(chosen: dict[int, Field], refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        assigned(Sheet(("a", "b", "c"), (Row(2, ("1", "2", "3")),)), chosen)
