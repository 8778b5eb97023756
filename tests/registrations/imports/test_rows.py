"""A row of a list in words: read as a person, or told what to correct."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from trainings.lib.tabular import Row
from trainings.people.models import ActorType, AgeGroup, ConsentHow, Pueblo, Relation, Sex
from trainings.registrations.imports import values
from trainings.registrations.imports.columns import Field
from trainings.registrations.imports.rows import ListRow, Reading, read_rows
from trainings.registrations.imports.values import Unclear, split_name
from trainings.registrations.models import Source
from trainings.settings import Settings

Freeze = Callable[[datetime], None]

TRAINING = UUID(int=1)
ANA = {Field.GIVEN_NAMES: "Ana", Field.SURNAMES: "Coc", Field.MUNICIPALITY: "1705", Field.ACTOR_TYPE: "cocode"}
A_MINOR = {
    **ANA,
    Field.AGE: "15",
    Field.GUARDIAN_NAME: "Marta Choc",
    Field.GUARDIAN_RELATION: "mamá",
    Field.GUARDIAN_PHONE: "5555 7777",
    Field.ASSENT: "sí",
}


def read(*people: dict[Field, str], **reading: Any) -> list[ListRow]:
    fields = list(dict.fromkeys(field for person in people for field in person))
    rows = [Row(number, tuple(one.get(field, "") for field in fields)) for number, one in enumerate(people, start=2)]
    return read_rows(rows, Reading(TRAINING, "Petén", {field: n for n, field in enumerate(fields)}, **reading))


def errors(person: dict[Field, str], **reading: Any) -> tuple[str, ...]:
    [row] = read(person, **reading)
    assert (row.wish is None) is bool(row.errors)
    return row.errors


# -- values


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1705", ("1705", False)),
        ("901", ("0901", False)),
        ("la libertad, peten", ("1705", False)),
        ("La Libertad Huehuetenango", ("1311", False)),
        ("La Libertad", ("1705", True)),
        ("Flores", ("1701", False)),
        ("San Marcos", ("1201", False)),
        ("Otro lugar", ("0000", False)),
    ],
)
def test_municipality_is_understood_by_name_or_code(text: str, found: tuple[str, bool]) -> None:
    assert values.municipality_of(text, "Petén") == found


@pytest.mark.parametrize(("text", "words"), [("Petén", "no conocemos «Petén»"), ("9999", "no conocemos «9999»")])
def test_unknown_municipality_is_said_to_be(text: str, words: str) -> None:
    with pytest.raises(Unclear, match=words):
        values.municipality_of(text, "Petén")


def test_name_of_two_municipalities_elsewhere_needs_its_department() -> None:
    with pytest.raises(Unclear, match="hay dos municipios que se llaman «San Lorenzo»"):
        values.municipality_of("San Lorenzo", "Petén")


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("12", AgeGroup.A12_13),
        ("17 años", AgeGroup.A14_17),
        ("18", AgeGroup.A18_24),
        ("34", AgeGroup.A25_34),
        ("59", AgeGroup.A35_59),
        ("60", AgeGroup.A60),
        ("25-34", AgeGroup.A25_34),
        ("14 a 17", AgeGroup.A14_17),
        ("60 o más", AgeGroup.A60),
        ("33 a.", AgeGroup.A25_34),
        ("41 años.", AgeGroup.A35_59),
    ],
)
def test_age_becomes_a_band(text: str, group: AgeGroup) -> None:
    assert values.age_group_of(text) is group


@pytest.mark.parametrize("text", ["treinta", "36 años cumplidos", "mayor de edad", "9" * 5000, "", "2090"])
def test_what_is_no_age_cannot_be_read(text: str) -> None:
    with pytest.raises(Unclear, match=r"^$"):
        values.age_group_of(text)


@pytest.mark.parametrize(
    "text", ["15 años cumplidos", "16 y medio", "de 16 años", "<18", "17 - 20", "quince", "Dieciséis", "menor de edad"]
)
def test_age_when_it_may_be_of_a_minor_is_asked_and_not_left_out(text: str) -> None:
    with pytest.raises(Unclear, match="mayor o menor de edad"):
        values.age_group_of(text)

    assert errors({**ANA, Field.AGE: text})[0].startswith("Edad: puede ser mayor o menor de edad")


def test_year_of_birth_is_read_where_it_leaves_no_doubt(freeze: Freeze) -> None:
    freeze(datetime(2026, 12, 2, 18, tzinfo=UTC))

    assert values.age_group_of("1985") is AgeGroup.A35_59
    assert values.age_group_of("01/05/2011") is AgeGroup.A14_17
    for text, words in (("2008", "mayor o menor de edad"), ("2020-01-30", "menos de 12 años"), ("1966", r"^$")):
        with pytest.raises(Unclear, match=words):
            values.age_group_of(text)


@pytest.mark.parametrize(
    ("column", "meant"),
    [
        ("M H", Sex.MUJER),
        ("m f", Sex.HOMBRE),
        ("M F Masculino Mujer", Sex.HOMBRE),
        ("M H Hombre Femenino", Sex.MUJER),
        ("M Hombre", Sex.MUJER),
        ("M Mujer", Sex.HOMBRE),
        ("M Femenino Masculino", Sex.HOMBRE),
        ("M M", None),
        ("M H F", None),
        ("M Hombre Mujer", None),
    ],
)
def test_m_means_what_the_rest_of_the_column_says(column: str, meant: Sex | None) -> None:
    cells = column.split()

    assert values.meaning_of_m(cells) is meant
    assert values.has_unclear_m(cells) is (meant is None)


def test_column_without_m_has_nothing_to_ask() -> None:
    assert not values.has_unclear_m(["H", "F", "Mujer", "Hombre"])


@pytest.mark.parametrize(
    ("text", "is_reversed", "parts"),
    [
        ("María Elena Caal Tzib", False, ("María Elena", "Caal Tzib")),
        ("Ana Coc", False, ("Ana", "Coc")),
        ("Juan De La Cruz Pop", False, ("Juan", "De La Cruz Pop")),
        ("Ana María López de Pérez", False, ("Ana María", "López de Pérez")),
        ("Caal Tzib María Elena", True, ("María Elena", "Caal Tzib")),
        ("Caal Tzib, María", False, ("María", "Caal Tzib")),
        ("Luis Fernando Ax", False, ("Luis Fernando", "Ax")),
        ("Petrona Maquín Choc", False, ("Petrona", "Maquín Choc")),
        ("Ax Luis Fernando", True, ("Luis Fernando", "Ax")),
        ("ma. del carmen pérez y pérez", False, ("ma. del carmen", "pérez y pérez")),
        ("Ba", False, ("Ba", "")),
        ("", False, ("", "")),
    ],
)
def test_whole_name_is_split_before_its_last_two_words(text: str, is_reversed: bool, parts: tuple[str, str]) -> None:
    assert split_name(text, surnames_first=is_reversed) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Prof. Juan Coc", ("Juan Coc", "Prof.", "")),
        ("Ricardo Xuc (pendiente)", ("Ricardo Xuc", "", "(pendiente)")),
        ("Seño", ("", "Seño", "")),
    ],
)
def test_titles_and_remarks_are_no_part_of_a_name(text: str, parts: tuple[str, str, str]) -> None:
    assert values.bare_name(text) == parts


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("5555 2004 / 4444 2004", ["+50255552004", "+50244442004"]),
        ("5555 2011, 5555 2111", ["+50255552011", "+50255552111"]),
        ("5555-2011 y (502) 4444-2111 casa", ["+50255552011", "+50244442111"]),
        ("5555 2011 - 5555 2111", ["+50255552011", "+50255552111"]),
        ("5555.2027", ["+50255552027"]),
        ("5555 2012 (esposo)", ["+50255552012"]),
        ("5555 2012 / 55552012", ["+50255552012"]),
        ("33", []),
        ("", []),
    ],
)
def test_all_telephones_of_a_cell_are_found(text: str, numbers: list[str]) -> None:
    assert values.phones_of(text) == numbers


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Alcalde auxiliar", ActorType.ALCALDIA),
        ("MAESTRA", ActorType.DOCENTE),
        ("comadrona", ActorType.SALUD),
        ("docente", ActorType.DOCENTE),
        ("Presidenta COCODE", ActorType.COCODE),
        ("Vocal II, COCODE Las Pozas", ActorType.COCODE),
        ("secretaria (COCODE)", ActorType.COCODE),
        ("Representante ante el COMUDE", ActorType.COMUDE),
    ],
)
def test_kind_of_actor_is_understood_as_people_write_it(text: str, code: ActorType) -> None:
    assert values.actor_type_of(text) is code


def test_post_in_two_councils_is_none_of_both() -> None:
    with pytest.raises(values.Unclear):
        values.actor_type_of("COCODE y COMUDE")


# -- rows


async def test_whole_row_is_read(sqlite_db: Settings) -> None:
    [row] = read(
        {
            **ANA,
            Field.COMMUNITY: "Las Pozas",
            Field.OFFICE: "Presidenta",
            Field.ORGANIZATION: "Comité de agua",
            Field.PHONE: "5555-1234 / 4444 1234",
            Field.EMAIL: "Ana@Correo.example",
            Field.SEX: "mujer",
            Field.AGE: "34",
            Field.LANGUAGE: "kekchí",
            Field.PUEBLO: "maya",
            Field.PERMISSION: "Sí",
        },
        how=ConsentHow.READ_ALOUD,
    )

    assert row.wish is not None
    assert row.wish.first.person.model_dump(exclude_none=True) == {
        "given_names": "Ana",
        "surnames": "Coc",
        "municipality": "1705",
        "community": "Las Pozas",
        "actor_type": ActorType.COCODE,
        "organization": "Presidenta, Comité de agua",
        "sex": Sex.MUJER,
        "age_group": AgeGroup.A25_34,
        "phone": "+50255551234",
        "other_phone": "+50244441234",
        "email": "ana@correo.example",
        "language": "kek",
        "pueblo": Pueblo.MAYA,
        **dict.fromkeys(("guardian_name", "assent"), ""),
        "permission": "yes",
    }
    assert row.wish.first.other_phone == "+50244441234"
    assert row.remarks == ()
    assert (row.wish.source, row.wish.consent_how) == (Source.IMPORT, ConsentHow.READ_ALOUD)


async def test_what_the_list_does_not_say_is_what_stands_for_all(sqlite_db: Settings) -> None:
    person = {Field.GIVEN_NAMES: "Ana", Field.SURNAMES: "Coc", Field.COMMUNITY: "-"}

    [row] = read(person, municipality="1707", actor_type="docente")

    assert row.wish is not None
    told = row.wish.first.person
    assert (told.municipality, told.actor_type, told.community) == ("1707", ActorType.DOCENTE, "")
    assert errors(person) == ("Municipio: falta este dato.",)


async def test_each_error_names_its_column_and_says_what_to_write(sqlite_db: Settings) -> None:
    assert errors({**ANA, Field.SURNAMES: "", Field.MUNICIPALITY: "Macondo"}) == (
        "Municipio: no conocemos «Macondo». Ponga el municipio y el departamento: La Libertad, Petén.",
        "Apellidos: falta este dato.",
    )


UNREADABLE: list[tuple[Field, str, str]] = [
    (Field.PHONE, "33", "Teléfono: «33» no se pudo leer y queda vacío."),
    (Field.PHONE, "5555 2012 (esposo)", "Teléfono: de «5555 2012 (esposo)» se tomó 5555 2012."),
    (
        Field.PHONE,
        "5555 2012, 5555 2013, 5555 2014",
        "Teléfono: de «5555 2012, 5555 2013, 5555 2014» se tomó 5555 2012 · 5555 2013.",
    ),
    (Field.EMAIL, "ana@@correo", "Correo: «ana@@correo» no se pudo leer y queda vacío."),
    (Field.SEX, "x", "Sexo: «x» no se pudo leer y queda vacío."),
    (Field.AGE, "treinta", "Edad: «treinta» no se pudo leer y queda vacío."),
    (Field.LANGUAGE, "klingon", "Idioma: «klingon» no se pudo leer y queda vacío."),
    (Field.PUEBLO, "atlante", "Pueblo: «atlante» no se pudo leer y queda vacío."),
    (Field.COMMUNITY, "Pet\ufffdn", "Comunidad: «Pet\ufffdn» no se pudo leer y queda vacío."),
    (Field.COMMUNITY, "=1+1", "Comunidad: «=1+1» no se pudo leer y queda vacío."),
    (
        Field.ACTOR_TYPE,
        "astronauta",
        "De parte de quién viene (tipo de actor): «astronauta» no se pudo leer y queda vacío.",
    ),
]


@pytest.mark.parametrize(("field", "cell", "remark"), UNREADABLE)
async def test_optional_answer_that_cannot_be_read_is_left_out_and_named(
    sqlite_db: Settings, field: Field, cell: str, remark: str
) -> None:
    [row] = read({**ANA, field: cell})

    assert row.wish is not None
    assert (row.errors, row.remarks) == ((), (remark,))


async def test_address_in_the_column_of_telephones_is_an_address(sqlite_db: Settings) -> None:
    [row] = read({**ANA, Field.PHONE: "Ana@Correo.example"})

    assert row.wish is not None
    assert (row.wish.contact_phone, row.wish.contact_email, row.remarks) == (None, "ana@correo.example", ())


@pytest.mark.parametrize(
    ("office", "organization", "written", "actor_type"),
    [
        ("PRESIDENTA", "COCODE Las Pozas", "PRESIDENTA, COCODE Las Pozas", ActorType.COCODE),
        ("Directora", "Escuela Las Pozas", "Directora, Escuela Las Pozas", ActorType.DOCENTE),
        ("Presidenta", "Presidenta del COCODE", "Presidenta del COCODE", ActorType.COCODE),
        ("", "Comadrona", "Comadrona", ActorType.SALUD),
        ("Vocal I", "", "Vocal I", None),
    ],
)
async def test_office_stands_before_the_organization_and_is_no_kind_of_actor(
    sqlite_db: Settings, office: str, organization: str, written: str, actor_type: ActorType
) -> None:
    [row] = read({**ANA, Field.ACTOR_TYPE: "", Field.OFFICE: office, Field.ORGANIZATION: organization})

    assert row.wish is not None
    assert (row.wish.first.person.organization, row.wish.first.person.actor_type) == (written, actor_type)


async def test_municipality_in_the_column_of_communities_is_one(sqlite_db: Settings) -> None:
    person = {Field.GIVEN_NAMES: "Ana", Field.SURNAMES: "Coc"}

    rows = read(*({**person, Field.COMMUNITY: place} for place in ("Flores", "La Libertad")), municipality="1705")

    assert [(one.typed.value("municipality"), one.typed.value("community")) for one in rows] == [
        ("1701", ""),
        ("1705", "La Libertad"),
    ]
    assert [one.notes[:-1] for one in rows] == [("«Flores» se tomó como Flores, Petén.",), ()]


async def test_column_of_departments_tells_municipalities_of_one_name_apart(sqlite_db: Settings) -> None:
    told = (("La Libertad", "HUEHUETENANGO"), ("La Libertad", "Petén"), ("La Libertad", "DMM"), ("Flores", ""))

    rows = read(*({**ANA, Field.MUNICIPALITY: name, Field.DEPARTMENT: department} for name, department in told))

    assert [one.typed.value("municipality") for one in rows] == ["1311", "1705", "1705", "1701"]
    assert [[note for note in one.notes if "se tomó como" in note] for one in rows] == [
        [],
        [],
        ["«La Libertad» se tomó como La Libertad, Petén."],
        [],
    ]
    assert [list(one.remarks) for one in rows] == [[], [], ["Departamento: «DMM» no se pudo leer y queda vacío."], []]


@pytest.mark.parametrize("text", ["El Petén", "DEPTO. DE PETÉN", "Departamento del Petén", "peten"])
def test_department_is_understood_as_people_say_it(text: str) -> None:
    assert values.department_called(text) == "Petén"
    assert values.department_called("El Progreso") == "El Progreso"


async def test_who_is_of_another_department_is_not_put_into_the_municipality_of_the_list(
    sqlite_db: Settings,
) -> None:
    person = {Field.GIVEN_NAMES: "Ana", Field.SURNAMES: "Coc", Field.COMMUNITY: "Las Pozas"}

    rows = read(
        *({**person, Field.DEPARTMENT: department} for department in ("Petén", "Huehuetenango", "")),
        {**person, Field.COMMUNITY: "Soloma", Field.DEPARTMENT: "Huehuetenango"},
        municipality="1705",
    )

    assert [one.typed.value("municipality") for one in rows] == ["1705", "", "1705", "1308"]
    assert [one.errors for one in rows] == [(), ("Municipio: falta este dato.",), (), ()]


async def test_one_telephone_when_typed_as_the_other_is_the_first(sqlite_db: Settings) -> None:
    typed = {"given_names": "Luz", "surnames": "Ba", "municipality": "1701", "other_phone": "5555 1234"}

    [row] = read(ANA, mended={2: typed})

    assert row.wish is not None
    assert (row.wish.contact_phone, row.wish.first.other_phone) == ("+50255551234", None)


async def test_row_that_staff_put_right_says_what_they_typed(sqlite_db: Settings) -> None:
    typed = {"given_names": "Luz", "surnames": "Ba", "municipality": "1701", "actor_type": "otro", "phone": "5555 1234"}

    [row] = read({**ANA, Field.SURNAMES: "", Field.PHONE: "33"}, mended={2: typed})

    assert row.wish is not None
    told = row.wish.first.person
    assert (row.label, told.municipality, told.phone, row.remarks) == ("Luz Ba", "1701", "+50255551234", ())


@pytest.mark.parametrize("cell", ['=HYPERLINK("http://x","Ana")', "+Ana", "@Ana", "-Ana", "\u200b=Ana"])
async def test_formula_is_no_name(sqlite_db: Settings, cell: str) -> None:
    assert errors({**ANA, Field.GIVEN_NAMES: cell}) == ("Nombres: empieza como una fórmula. Escriba solo el texto.",)


async def test_damaged_name_is_said_to_be(sqlite_db: Settings) -> None:
    assert errors({**ANA, Field.SURNAMES: "Coc\ufffd"}) == (
        "Apellidos: hay una letra que no se puede leer. Escríbalo otra vez.",
    )


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("sí", ()),
        ("X", ()),
        ("no", ("Permiso de guardar sus datos (sí o no): dijo que no, así que no se inscribe.",)),
        ("", ("Permiso de guardar sus datos (sí o no): falta la respuesta. Sin permiso no se guarda a nadie.",)),
        ("tal vez", ("Permiso de guardar sus datos (sí o no): escriba sí o no.",)),
    ],
)
async def test_who_gave_no_permission_is_refused(sqlite_db: Settings, cell: str, expected: tuple[str, ...]) -> None:
    assert errors({**ANA, Field.PERMISSION: cell}) == expected


async def test_minor_comes_with_guardian_and_own_yes(sqlite_db: Settings) -> None:
    [row] = read(A_MINOR)

    assert row.wish is not None
    guardian = row.wish.guardian
    assert guardian is not None
    assert (guardian.name, guardian.relation, guardian.phone) == ("Marta Choc", Relation.MADRE, "+50255557777")
    assert row.wish.first.has_assented


@pytest.mark.parametrize(
    ("field", "cell", "expected"),
    [
        (Field.GUARDIAN_NAME, "", "Es menor de edad: falta el nombre de quien da permiso."),
        (Field.GUARDIAN_RELATION, "", "Es menor de edad: falta su parentesco con quien da permiso."),
        (
            Field.GUARDIAN_PHONE,
            "12",
            "Teléfono de la persona encargada: escriba los 8 números del teléfono, por ejemplo 5555 1234.",
        ),
        (Field.ASSENT, "no", "Es menor de edad: falta que diga que quiere participar."),
    ],
)
async def test_minor_without_guardian_or_own_yes_is_refused(
    sqlite_db: Settings, field: Field, cell: str, expected: str
) -> None:
    assert errors({**A_MINOR, field: cell}) == (expected,)


# -- keys


async def test_equal_rows_have_one_key_whatever_their_capitals(sqlite_db: Settings) -> None:
    first, same, other, elsewhere = (
        *read(ANA, {**ANA, Field.GIVEN_NAMES: "ANA", Field.MUNICIPALITY: "La Libertad, Petén"}),
        *read({**ANA, Field.COMMUNITY: "Las Pozas"}),
        *read_rows(
            [Row(2, ("Ana", "Coc"))],
            Reading(UUID(int=2), "Petén", {Field.GIVEN_NAMES: 0, Field.SURNAMES: 1}, "1705", "cocode"),
        ),
    )

    assert first.key == same.key
    assert len({first.key, other.key, elsewhere.key}) == 3
    assert len(first.key) <= 64
    assert "ana" not in first.key.lower().removeprefix("import-")
