"""Registrations as a file: no names unless there is a reason, never a minor's, never a formula; each is logged."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from httpx2 import AsyncClient, Response
from python_calamine import load_workbook

from tests import make
from tests.cast import Cast, make_cast
from tests.schedule.panel import as_, post
from tests.web.pages import Page
from trainings import clock
from trainings.audit.models import AuditLine
from trainings.people.models import Participant
from trainings.registrations.desk import exports
from trainings.registrations.models import Registration, RegistrationState
from trainings.schedule.models import Training

NOW = datetime(2027, 3, 1, 15, tzinfo=UTC)
DAY = datetime(2027, 3, 4, 15, tzinfo=UTC)
FORMULA = '=HYPERLINK("http://x","Ana")'
SECRETS = ("5555", "rosa@", "Las Pozas", "ramp", "kek", "maya")
PLAIN = {"names": "no", "format": "csv"}
HEADER = [
    "No.",
    "Capacitación",
    "Fecha",
    "Municipio",
    "De parte de",
    "Sexo",
    "Edad",
    "Estado",
    "Minutos de asistencia",
    "Cómo se inscribió",
]


@pytest.fixture
async def cast(db: Any, freeze: Callable[[datetime], None]) -> Cast:
    freeze(NOW)
    return await make_cast()


async def a_training(cast: Cast, **fields: Any) -> Training:
    """With Rosa, who told all one may, a sign-up of hers that was joined, somebody of whom little is known, a minor."""
    training = await make.make_training(
        hub=cast.hub, title="Vías regulares", sessions=[(DAY, DAY + timedelta(hours=4))], **fields
    )
    rosa: dict[str, Any] = {
        "given_names": "Rosa Amalia",
        "surnames": "Coc Xol",
        "phone": "+50255551234",
        "email": "rosa@correo.example",
        "municipality": "1705",
        "community": "Las Pozas",
        "sex": "mujer",
        "age_group": "25-34",
        "language": "kek",
        "pueblo": "maya",
        "needs": ("ramp",),
    }
    first = await make.make_registration(training, **rosa)
    await Registration.filter(id=first.id).update(minutes_attended=240)
    again = await make.make_registration(training, **rosa)
    await Registration.filter(id=again.id).update(joined_to_id=first.id, state="cancelled")
    await make.make_registration(training, given_names="Juan", surnames="Ba", actor_type="docente")
    minor = await make.make_registration(training, given_names="Lucía", surnames="Chub")
    await Participant.filter(id=minor.participant_id).update(age_group="14-17")
    return training


def rows_of(answer: Response) -> list[list[str]]:
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert not answer.content.startswith(b"\xef\xbb\xbf\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def sheet_of(answer: Response) -> list[list[Any]]:
    return load_workbook(io.BytesIO(answer.content)).get_sheet_by_name("Inscripciones").to_python()


def path(training: Training) -> str:
    return f"/panel/capacitaciones/{training.id}/exportar"


# -- what is in it


async def test_file_has_no_names_and_no_contacts_by_itself(client: AsyncClient, cast: Cast) -> None:
    training = await a_training(cast)
    await as_(client, cast, "coordinator")

    answer = await post(client, path(training), PLAIN)

    known = ["Vías regulares", "04/03/2027"]
    assert rows_of(answer) == [
        HEADER,
        ["1", *known, "La Libertad, Petén", "COCODE", "Mujer", "25 a 34", "Con lugar", "240", "por la página"],
        ["2", *known, "Otro lugar, o prefiero no decir", "Docente", "", "", "Con lugar", "0", "por la página"],
        ["3", *known, "Otro lugar, o prefiero no decir", "COCODE", "", "14 a 17", "Con lugar", "0", "por la página"],
    ]
    codes = await Registration.all().values_list("short_code")
    for secret in (*SECRETS, "Rosa", "Juan", "Lucía", *(code for (code,) in codes)):
        assert secret not in answer.text


async def test_workbook_has_the_same_rows(client: AsyncClient, cast: Cast) -> None:
    training = await a_training(cast)
    await as_(client, cast, "admin")

    answer = await post(client, path(training), PLAIN | {"format": "xlsx"})

    rows = sheet_of(answer)
    assert rows[0] == HEADER
    assert rows[1][0] == 1.0
    assert rows[1][3:9] == ["La Libertad, Petén", "COCODE", "Mujer", "25 a 34", "Con lugar", 240.0]
    assert len(rows) == 4


async def test_names_come_with_a_reason_and_never_a_minors(client: AsyncClient, cast: Cast) -> None:
    training = await a_training(cast)
    await as_(client, cast, "coordinator")

    answer = await post(client, path(training), {"names": "yes", "reason": "certificates", "format": "csv"})

    rows = rows_of(answer)
    assert rows[0] == [*HEADER, "Nombres", "Apellidos"]
    assert [row[-2:] for row in rows[1:]] == [["Rosa Amalia", "Coc Xol"], ["Juan", "Ba"], ["menor de edad", ""]]
    assert "Lucía" not in answer.text
    assert not any(secret in answer.text for secret in SECRETS)


async def test_name_that_is_a_formula_is_never_calculated(client: AsyncClient, cast: Cast) -> None:
    names = [FORMULA, "+1", "-1", "@SUM(A1)", "=1"]
    training = await make.make_training(hub=cast.hub, title=FORMULA)
    for name in names:
        await make.make_registration(training, given_names=name, surnames="Coc")
    await as_(client, cast, "coordinator")
    asked = {"names": "yes", "reason": "audit"}

    as_csv = await post(client, path(training), {**asked, "format": "csv"})
    as_xlsx = await post(client, path(training), {**asked, "format": "xlsx"})

    assert rows_of(as_csv)[1][1] == f"'{FORMULA}"
    assert [row[-2] for row in rows_of(as_csv)[1:]] == [f"'{name}" for name in names]
    assert [row[-2] for row in sheet_of(as_xlsx)[1:]] == names
    assert b"<f>" not in as_xlsx.content


async def test_file_is_kept_by_no_cache_and_has_a_fixed_name(client: AsyncClient, cast: Cast) -> None:
    training = await a_training(cast)
    await as_(client, cast, "coordinator")

    as_csv = await post(client, path(training), PLAIN)
    as_xlsx = await post(client, path(training), PLAIN | {"format": "xlsx"})

    for answer, name, kind in (
        (as_csv, "inscripciones.csv", "text/csv; charset=utf-8"),
        (as_xlsx, "inscripciones.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ):
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        assert answer.headers["content-type"] == kind
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


# -- what is asked


INCOMPLETE: list[tuple[dict[str, str], str]] = [
    ({"format": "csv"}, "Diga si el archivo lleva nombres."),
    ({"names": "no"}, "Escoja el tipo de archivo."),
    ({"names": "yes", "format": "csv"}, "Diga para qué necesita los nombres."),
    ({"names": "yes", "format": "csv", "reason": "curiosity"}, "Escoja una de las opciones."),
    ({"names": "no", "format": "pdf"}, "Escoja una de las opciones."),
]


async def test_incomplete_wish_shows_the_form_again(client: AsyncClient, cast: Cast) -> None:
    training = await a_training(cast)
    await as_(client, cast, "coordinator")

    for form, sentence in INCOMPLETE:
        answer = await post(client, path(training), form)

        assert answer.status_code == 422, form
        assert sentence in Page(answer.text).text, form
        assert not await AuditLine.exists(act="registrations.export"), form


async def test_each_file_is_logged_without_what_is_in_it(client: AsyncClient, cast: Cast) -> None:
    training = await a_training(cast)
    await as_(client, cast, "coordinator")

    await post(client, path(training), PLAIN)
    await post(client, path(training), {"names": "yes", "reason": "names_check", "format": "xlsx"})
    # A reason that was chosen and not needed is not one.
    await post(client, path(training), PLAIN | {"reason": "audit"})

    lines = await AuditLine.filter(act="registrations.export").order_by("id")
    assert [line.detail for line in lines] == [
        {"format": "csv", "names": False, "reason": "", "rows": 3},
        {"format": "xlsx", "names": True, "reason": "names_check", "rows": 3},
        {"format": "csv", "names": False, "reason": "", "rows": 3},
    ]
    assert {(line.object_id, line.hub_id, line.actor_id) for line in lines} == {
        (training.id, cast.hub.id, cast.coordinator.id)
    }


async def test_eleventh_file_in_an_hour_is_refused(client: AsyncClient, cast: Cast) -> None:
    training = await a_training(cast)
    await as_(client, cast, "coordinator")

    answers = [await post(client, path(training), PLAIN) for _file in range(exports.PER_HOUR + 1)]

    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert "Hubo demasiados intentos." in answers[-1].text
    assert answers[-1].headers["retry-after"] == "3600"


# -- a hub's period


async def test_period_takes_trainings_with_a_session_in_it_both_days_included(client: AsyncClient, cast: Cast) -> None:
    for day in (3, 4, 6, 7):
        begins = clock.midnight(date(2027, 3, day)) + timedelta(hours=23)
        training = await make.make_training(
            hub=cast.hub, title=f"Del día {day}", sessions=[(begins, begins + timedelta(minutes=50))]
        )
        await make.make_registration(training)
    elsewhere = await make.make_training(hub=cast.elsewhere, title="Lejos", sessions=[(DAY, DAY + timedelta(hours=1))])
    await make.make_registration(elsewhere)
    await as_(client, cast, "coordinator")

    form = PLAIN | {"hub": str(cast.hub.id), "first": "2027-03-04", "last": "2027-03-06"}
    answer = await post(client, "/panel/exportar", form)

    assert [row[1] for row in rows_of(answer)[1:]] == ["Del día 4", "Del día 6"]
    line = await AuditLine.get(act="registrations.export")
    assert (line.hub_id, line.detail["first"], line.detail["last"]) == (cast.hub.id, "2027-03-04", "2027-03-06")


ODD_PERIODS: list[tuple[str, str, str]] = [
    ("2027-03-04", "2027-03-03", "La segunda fecha debe ser igual o posterior a la primera"),
    ("2026-01-01", "2027-03-03", "con no más de 400 días"),
    ("2000-01-01", "2100-12-31", "con no más de 400 días"),
    ("ayer", "2027-03-03", "no es un día del calendario"),
    ("9999-12-31", "9999-12-31", "Revise el año"),
    ("", "", "Escriba la primera fecha."),
]


async def test_odd_period_is_refused_in_words(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    for first, last, sentence in ODD_PERIODS:
        form = PLAIN | {"hub": str(cast.hub.id), "first": first, "last": last}
        answer = await post(client, "/panel/exportar", form)

        assert answer.status_code == 422, (first, last)
        assert sentence in Page(answer.text).text, (first, last)


async def test_cancelled_and_waiting_registrations_are_in_it_with_their_state(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, capacity=1)
    for name in ("Ana", "Beto"):
        await make.make_registration(training, given_names=name)
    await as_(client, cast, "coordinator")

    rows = rows_of(await post(client, path(training), PLAIN))

    assert [row[7] for row in rows[1:]] == ["Con lugar", "En lista de espera"]
    assert await Registration.filter(state=RegistrationState.WAITLISTED).count() == 1


# -- who may
