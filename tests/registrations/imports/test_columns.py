"""What the headers of a list mean, and which columns are never kept."""

from __future__ import annotations

import pytest

from trainings.errors import Refusal
from trainings.lib.tabular import Row, Table
from trainings.registrations.imports.columns import (
    FIELDS,
    MODEL_HEADER,
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
        ("Correo electrónico", Field.EMAIL),
        ("E-mail", Field.EMAIL),
        ("Sexo (H/M)", Field.SEX),
        ("Género", Field.SEX),
        ("Edad (años)", Field.AGE),
        ("Comunidad lingüística", Field.LANGUAGE),
        ("Comunidad o municipio", Field.COMMUNITY),
        ("Aldea", Field.COMMUNITY),
        ("Municipio de residencia", Field.MUNICIPALITY),
        ("Cargo", Field.ACTOR_TYPE),
        ("Viene como", Field.ACTOR_TYPE),
        ("De parte de", Field.ACTOR_TYPE),
        ("¿De parte de quién viene?", Field.ACTOR_TYPE),
        ("De dónde viene", None),
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
    assert set(match(MODEL_HEADER).values()) == set(Field) - {Field.FULL_NAME, Field.FULL_NAME_SURNAMES_FIRST}


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


# -- the sheet


def table(*rows: list[str]) -> Table:
    return Table(tuple(Row(number, tuple(cells)) for number, cells in enumerate(rows, start=1) if any(cells)))


def test_header_is_found_below_the_titles_of_a_paper_list() -> None:
    sheet = sheet_of(
        table(
            ["MUNICIPALIDAD DE LA LIBERTAD"], ["Listado", "", "4 de marzo"], [], ["Nombre", "Edad"], ["Ana Coc", "30"]
        )
    )

    assert (sheet.headers, sheet.rows) == (("Nombre", "Edad"), (Row(5, ("Ana Coc", "30")),))


def test_forbidden_columns_are_gone_from_the_sheet_and_named() -> None:
    sheet = sheet_of(table(["Nombre", "DPI", "Edad", ""], ["Ana Coc", "1234567890101", "30", ""]))

    assert sheet.headers == ("Nombre", "Edad")
    assert sheet.dropped == (("DPI", Forbidden.DOCUMENT),)
    assert "1234567890101" not in as_text(sheet)


def test_sheet_comes_back_from_its_text_as_it_was() -> None:
    sheet = sheet_of(table(["Nombre", "DPI"], ["Ñuñez, «Q’eqchi’»", "1"]))

    assert from_text(as_text(sheet)) == sheet


def test_columns_that_are_not_used_are_forgotten_and_parts_of_a_name_joined() -> None:
    sheet = sheet_of(
        table(["Nota 1", "Nombre 1", "Nombre 2", "Apellido"], ["secreto", "Ana", "", "Coc"], ["solo", "", ""])
    )
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
