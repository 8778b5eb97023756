"""Issuing: once per person and kind, numbered without gaps, whatever happens at the same time; revoking."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests import make
from tests.certificates.held import AFTER, HELD, issue_all, make_attendee, make_held, printed
from trainings import clock
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.eligibility import NotEligible, TrainingNotOver, earned_kinds
from trainings.certificates.issuing.actions import (
    AlreadyRevoked,
    NoSignatory,
    ReasonMissing,
    issue,
    revoke,
)
from trainings.certificates.making.files import file_of
from trainings.certificates.models import Certificate, CertificateFile, CertificateKind, CertificateState
from trainings.certificates.refusals import UnprintableText
from trainings.errors import NotFound
from trainings.lib import tokens
from trainings.outbox.models import OutboxJob
from trainings.people.models import AgeGroup, Participant
from trainings.places.models import Signatory
from trainings.registrations.models import Registration
from trainings.schedule.models import Training
from trainings.settings import Settings

DIPLOMA, CONSTANCIA, CERTIFICADO = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA, CertificateKind.CERTIFICADO
Freeze = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


async def folios() -> list[str]:
    return sorted(await Certificate.all().values_list("folio", flat=True))  # type: ignore[arg-type]


# -- once, and in a row


@pytest.mark.both_engines
async def test_issue_when_hours_are_met_then_numbers_freezes_and_tells(db: Settings) -> None:
    training = await make_held()
    person = await make_attendee(training, email="maria@correo.example")

    certificate = await issue(person.id, DIPLOMA, actor=PROGRAM)

    stored = await Certificate.get(id=certificate.id)
    assert (stored.folio, stored.year, stored.number) == ("VIMMIG-1705-2027-000001", 2027, 1)
    assert stored.state is CertificateState.VALID
    assert (stored.printed_name, stored.initials, stored.is_minor) == ("María Elena Caal Tzib", "M. E. C. T.", False)
    assert (stored.minutes, stored.held_on.isoformat()) == (240, "2027-03-04")
    assert stored.issuer == "Municipalidad de La Libertad, Petén"
    assert tokens.read_certificate_code(stored.code) == stored.code
    assert stored.issued_at == AFTER
    assert sorted(await OutboxJob.filter(dedup__endswith=str(stored.id)).values_list("kind", "hub_id")) == [
        ("certificate_file", None),
        ("certificate_ready", training.hub_id),
    ]
    [line] = await AuditLine.filter(act="certificates.issue")
    assert (line.object_id, line.hub_id) == (stored.id, training.hub_id)
    assert line.detail == {"kind": "diploma", "folio": stored.folio}


async def test_issue_when_pressed_twice_then_same_certificate_and_same_bytes(db: Settings) -> None:
    person = await make_attendee(await make_held())

    first = await issue(person.id, DIPLOMA, actor=PROGRAM)
    given_out = await file_of(first)
    with clock.frozen(AFTER + timedelta(days=40)):
        second = await issue(person.id, DIPLOMA, actor=PROGRAM)
        again = await file_of(second)

    assert (second.id, second.code, second.folio) == (first.id, first.code, first.folio)
    assert again.content == given_out.content
    assert await folios() == ["VIMMIG-1705-2027-000001"]
    assert await CertificateFile.all().count() == 1


async def test_issue_when_four_at_once_then_series_without_gaps(postgres_db: Settings) -> None:
    trainings = [await make_held(title=f"Grupo {n}") for n in range(2)]
    people = [await make_attendee(training, given_names=f"Ana {n}") for n in range(2) for training in trainings]

    issued = await asyncio.gather(*(issue(person.id, DIPLOMA, actor=PROGRAM) for person in people))

    expected = [f"VIMMIG-1705-2027-{number:06d}" for number in range(1, 5)]
    assert sorted(one.folio for one in issued) == expected
    assert await folios() == expected
    assert len({one.code for one in issued}) == 4


async def test_issue_when_same_person_at_once_then_one_certificate(postgres_db: Settings) -> None:
    training = await make_held()
    person = await make_attendee(training)
    other = await make_attendee(training, given_names="Ana")

    together = asyncio.create_task(issue_all(training))
    issued = await asyncio.gather(*(issue(person.id, DIPLOMA, actor=PROGRAM) for _ in range(4)))
    await together

    assert len({one.id for one in issued}) == 1
    assert await folios() == ["VIMMIG-1705-2027-000001", "VIMMIG-1705-2027-000002"]
    assert await Certificate.filter(registration_id=other.id).count() == 1


async def test_issue_when_refused_then_its_number_goes_to_the_next(db: Settings) -> None:
    training = await make_held(title="Migración 😀")
    person = await make_attendee(training)
    with pytest.raises(UnprintableText):
        await issue(person.id, DIPLOMA, actor=PROGRAM)
    training.title = "Migración"
    await training.save(update_fields=["title"])

    certificate = await issue(person.id, DIPLOMA, actor=PROGRAM)

    assert certificate.folio == "VIMMIG-1705-2027-000001"


async def test_issue_when_year_turns_in_guatemala_then_series_begins_again(db: Settings, freeze: Freeze) -> None:
    training = await make_held()
    people = [await make_attendee(training, given_names=name) for name in ("Ana", "Beto", "Cata")]

    for person, moment in zip(
        people,
        (
            datetime(2028, 1, 1, 5, 59, tzinfo=UTC),
            datetime(2028, 1, 1, 6, 0, tzinfo=UTC),
            datetime(2028, 1, 1, 6, 1, tzinfo=UTC),
        ),
        strict=True,
    ):
        freeze(moment)
        await issue(person.id, DIPLOMA, actor=PROGRAM)

    assert await folios() == ["VIMMIG-1705-2027-000001", "VIMMIG-1705-2028-000001", "VIMMIG-1705-2028-000002"]
    last = await Certificate.get(folio="VIMMIG-1705-2027-000001")
    assert last.sheet["issued_on"] == "2027-12-31"


async def test_issue_when_association_runs_the_hub_then_its_own_series(db: Settings) -> None:
    operator = await make.make_operator("0901", code="0901A", name="Asociación ACD")
    hub = await make.make_hub("acd-quetzaltenango", municipality="0901", operator=operator)
    theirs = await make_attendee(await make_held(hub=hub))
    ours = await make_attendee(await make_held())

    first = await issue(theirs.id, DIPLOMA, actor=PROGRAM)
    second = await issue(ours.id, DIPLOMA, actor=PROGRAM)

    assert (first.folio, first.issuer) == ("VIMMIG-0901A-2027-000001", "Asociación ACD")
    assert second.folio == "VIMMIG-1705-2027-000001"
    authority = "La Asociación ACD, por medio de su Ventanilla Informativa Municipal sobre Migración"
    assert first.sheet["authority"] == authority


# -- who has earned what


@pytest.mark.parametrize(
    ("minutes", "has_completed", "mark", "kinds"),
    [
        (0, False, None, []),
        (1, False, 100, [CONSTANCIA]),
        (480, True, None, [DIPLOMA, CONSTANCIA]),
        (480, True, 59, [DIPLOMA, CONSTANCIA]),
        (480, True, 60, [CERTIFICADO, DIPLOMA, CONSTANCIA]),
    ],
)
def test_earned_then_the_highest_first(
    minutes: int, has_completed: bool, mark: int | None, kinds: list[CertificateKind]
) -> None:
    training = Training(pass_mark=60)

    assert earned_kinds(training, minutes=minutes, has_completed=has_completed, mark=mark) == kinds


async def test_issue_when_hours_are_not_met_then_refused_but_for_the_note_of_hours_attended(db: Settings) -> None:
    training = await make_held(4, 4)
    person = await make_attendee(training, left_after=1.5)

    absent = await make_attendee(training, given_names="Zoila", sessions=[])
    for one, kind in ((person, DIPLOMA), (person, CERTIFICADO), *((absent, kind) for kind in CertificateKind)):
        with pytest.raises(NotEligible):
            await issue(one.id, kind, actor=PROGRAM)
    note = await issue(person.id, CONSTANCIA, actor=PROGRAM)

    assert (note.sheet["kind"], note.sheet["minutes"]) == ("constancia", 330)


async def test_issue_when_somebody_left_early_but_completed_then_diploma_states_the_hours_held(db: Settings) -> None:
    training = await make_held(4, 4)
    person = await make_attendee(training, left_after=3)

    diploma = await issue(person.id, DIPLOMA, actor=PROGRAM)

    assert (await Registration.get(id=person.id)).minutes_attended == 420
    assert (diploma.sheet["minutes"], diploma.sheet["held_text"]) == (480, "los días 4 y 5 de marzo de 2027")


async def test_issue_when_a_session_is_still_to_come_then_refused(db: Settings, freeze: Freeze) -> None:
    training = await make_held(4, 4, 4, 4, 1)
    person = await make_attendee(training, sessions=list(training.sessions)[:4])
    freeze(HELD + timedelta(days=4))

    with pytest.raises(TrainingNotOver):
        await issue(person.id, DIPLOMA, actor=PROGRAM)
    with pytest.raises(TrainingNotOver):
        await issue_all(training)


async def test_issue_when_session_was_closed_early_then_it_counts(db: Settings, freeze: Freeze) -> None:
    from trainings.attendance.actions import close_session

    training = await make_held()
    person = await make_attendee(training)
    freeze(HELD + timedelta(hours=3, minutes=30))
    await close_session(next(iter(training.sessions)).id, actor=PROGRAM)

    diploma = await issue(person.id, DIPLOMA, actor=PROGRAM)

    assert diploma.minutes == 210


async def test_issue_when_nobody_signs_then_refused(db: Settings) -> None:
    training = await make_held()
    person = await make_attendee(training)
    await Signatory.all().delete()

    with pytest.raises(NoSignatory):
        await issue(person.id, DIPLOMA, actor=PROGRAM)


async def test_issue_when_person_is_a_minor_then_marked_for_good(db: Settings) -> None:
    person = await make_attendee(await make_held())
    await Participant.filter(id=person.participant_id).update(age_group=AgeGroup.A14_17)

    certificate = await issue(person.id, DIPLOMA, actor=PROGRAM)
    await Participant.filter(id=person.participant_id).update(age_group=AgeGroup.A18_24)

    assert (await Certificate.get(id=certificate.id)).is_minor is True


async def test_issue_when_name_has_many_words_then_it_is_printed_whole(db: Settings) -> None:
    given_names, surnames = "Ana " * 30, "Coc " * 30
    person = await make_attendee(await make_held(), given_names=given_names, surnames=surnames)

    certificate = await issue(person.id, DIPLOMA, actor=PROGRAM)

    face, _back = await printed(certificate)
    assert f"{given_names}{surnames}".replace(" ", "") in face.replace(" ", "")


# -- revoking


async def test_revoke_when_reason_given_then_once_and_folio_and_code_stay(db: Settings) -> None:
    certificate = await issue((await make_attendee(await make_held())).id, DIPLOMA, actor=PROGRAM)

    with pytest.raises(ReasonMissing):
        await revoke(certificate.id, " ", actor=PROGRAM)
    await revoke(certificate.id, "  nombre mal escrito ", actor=PROGRAM)
    with pytest.raises(AlreadyRevoked):
        await revoke(certificate.id, "otra vez", actor=PROGRAM)
    for unknown in (revoke(tokens.uuid7(), "prueba", actor=PROGRAM), issue(tokens.uuid7(), DIPLOMA, actor=PROGRAM)):
        with pytest.raises(NotFound):
            await unknown

    stored = await Certificate.get(id=certificate.id)
    assert (stored.state, stored.revoked_at, stored.revoked_reason) == (
        CertificateState.REVOKED,
        AFTER,
        "nombre mal escrito",
    )
    assert (stored.folio, stored.code) == (certificate.folio, certificate.code)
    assert await AuditLine.filter(act="certificates.revoke", object_id=certificate.id).count() == 1


@pytest.mark.proof
async def test_issue_when_fifty_press_at_once_a_hundred_times_then_never_two(db: Settings) -> None:
    training = await make_held(capacity=100)
    people = [await make_attendee(training, given_names=f"Ana {n}") for n in range(100)]

    for person in people:
        issued = await asyncio.gather(*(issue(person.id, DIPLOMA, actor=PROGRAM) for _ in range(50)))
        assert len({one.id for one in issued}) == 1

    assert await folios() == [f"VIMMIG-1705-2027-{number:06d}" for number in range(1, 101)]
