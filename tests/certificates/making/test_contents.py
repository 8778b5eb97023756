"""What is printed: the words of a sheet, from rows as they stand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from tests import make
from tests.certificates.held import AFTER, HELD, make_attendee, make_held
from trainings import clock
from trainings.certificates.designs import pdf
from trainings.certificates.designs.texts import CertificateSheet
from trainings.certificates.making.contents import Occasion, sample_sheet, sheet_for
from trainings.certificates.models import CertificateKind
from trainings.places.models import Operator
from trainings.registrations.models import Registration
from trainings.schedule.models import CourseKind, SessionState, Training, TrainingSession, TrainingState
from trainings.settings import Settings

SIGNED = (("Otto Méndez Pop", "Alcalde municipal"),)


@pytest.fixture(autouse=True)
def days_after(freeze: Callable[[datetime], None]) -> None:
    freeze(AFTER)


async def occasion_of(training: Training, signatories: tuple[tuple[str, str], ...] = SIGNED) -> Occasion:
    whole = await Training.get(id=training.id).prefetch_related("hub__seat", "hub__operator__municipality")
    sessions = await TrainingSession.filter(training_id=training.id)
    return Occasion(whole, sessions, signatories, clock.today())


async def sheet_of(
    training: Training, registration: Registration, kind: CertificateKind, **options: tuple[tuple[str, str], ...]
) -> CertificateSheet:
    return sheet_for(await occasion_of(training, **options), registration, kind, folio="F", code="7K3MQ9XBFHJ4T2")


async def test_sheet_when_diploma_then_says_who_what_when_where(db: Settings) -> None:
    training = await make_held()
    person = await make_attendee(training)

    sheet = await sheet_of(training, person, CertificateKind.DIPLOMA)

    assert sheet.kind == "diploma"
    assert sheet.authority == (
        "La Municipalidad de La Libertad, Petén, por medio de su Ventanilla Informativa Municipal sobre Migración"
    )
    assert sheet.letterhead == ("Municipalidad de La Libertad", "Departamento de Petén")
    assert sheet.person_name == "María Elena Caal Tzib"
    assert (sheet.activity, sheet.title) == ("el taller", "Riesgos de la migración irregular: mitos y realidades")
    assert (sheet.minutes, sheet.held_text) == (240, "el 4 de marzo de 2027")
    assert (sheet.place, sheet.issued_on) == ("La Libertad, Petén", date(2027, 3, 14))
    assert sheet.contents == (("Mitos y realidades", 120), ("A quién acudir", 120))
    assert sheet.signatories == SIGNED
    assert sheet.check_url == "HTTP://LOCALHOST:8000/V/7K3MQ9XBFHJ4T2"
    assert sheet.host_text == "localhost:8000/verificar"


async def test_sheet_when_its_operator_chose_design_and_language_then_frozen_in_them(db: Settings) -> None:
    training = await make_held(4, 4)
    person = await make_attendee(training)
    await Operator.filter(code="1705").update(design="constancia", paper_language="en")
    person.minutes_attended = 330

    diploma = await sheet_of(training, person, CertificateKind.DIPLOMA)
    note = await sheet_of(training, person, CertificateKind.CONSTANCIA)

    assert (diploma.design, note.design, note.language) == ("diploma", "constancia", "en")
    assert note.authority == (
        "The Municipalidad de La Libertad, Petén, through its Ventanilla Informativa Municipal sobre Migración"
    )
    assert (note.activity, note.held_text) == ("the workshop", "on 4 and 5 March 2027")
    assert (note.operator, note.activity_kind) == ("Municipalidad de La Libertad, Petén", "taller")
    assert note.held_days == (date(2027, 3, 4), date(2027, 3, 5))


async def test_sheet_when_note_then_hours_attended_and_when_diploma_hours_held(db: Settings) -> None:
    training = await make_held(4, 4)
    await make_attendee(training, left_after=1.5)
    person = await Registration.get().prefetch_related("participant")
    person.minutes_attended = 330

    note = await sheet_of(training, person, CertificateKind.CONSTANCIA)
    diploma = await sheet_of(training, person, CertificateKind.DIPLOMA)

    assert (note.minutes, diploma.minutes) == (330, 480)


async def test_sheet_when_a_session_was_cancelled_then_neither_its_day_nor_its_hours(db: Settings) -> None:
    training = await make_held(4, 4)
    person = await make_attendee(training)
    second = HELD + timedelta(days=1)
    await TrainingSession.filter(starts_at=second).update(state=SessionState.CANCELLED, sequence=1)

    sheet = await sheet_of(training, person, CertificateKind.DIPLOMA)

    assert (sheet.minutes, sheet.held_text) == (240, "el 4 de marzo de 2027")


@pytest.mark.parametrize(
    ("kind", "activity"),
    [
        (CourseKind.CHARLA, "la charla"),
        (CourseKind.TALLER, "el taller"),
        (CourseKind.CURSO, "el curso"),
        (CourseKind.DIPLOMADO, "el diplomado"),
    ],
)
async def test_sheet_when_course_has_a_kind_then_named_with_its_article(
    db: Settings, kind: CourseKind, activity: str
) -> None:
    training = await make_held(course=await make.make_course(kind=kind))
    person = await make_attendee(training)

    assert (await sheet_of(training, person, CertificateKind.DIPLOMA)).activity == activity


async def test_sheet_when_more_than_three_sign_then_the_first_three_are_printed(db: Settings) -> None:
    training = await make_held()
    person = await make_attendee(training)
    four = tuple((f"Persona {n}", "Cargo") for n in range(4))

    sheet = await sheet_of(training, person, CertificateKind.DIPLOMA, signatories=four)

    assert sheet.signatories == four[:3]


async def test_sample_when_neither_sessions_nor_signatures_yet_then_still_a_picture(db: Settings) -> None:
    training = await make.make_training(sessions=[], state=TrainingState.DRAFT)

    sheet = sample_sheet(await occasion_of(training, ()))

    assert (sheet.minutes, sheet.signatories) == (240, (("Nombre de quien firma", "Cargo"),))
    assert (sheet.person_name, sheet.folio) == ("Nombre de la Persona", "VIMMIG-1705-2027-000000")
    assert pdf.preview_png(sheet).startswith(b"\x89PNG")
