"""What a code tells a stranger, which trainings and people the desk sees, and how far each person has got."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from tests import make
from tests.cast import make_cast
from tests.certificates.held import AFTER, HELD, WITH, a_diploma, issue_all, make_attendee, make_held
from tests.queries import counted_queries
from trainings import clock
from trainings.accounts.models import Role, RoleGrant, User
from trainings.accounts.queries import actor_of
from trainings.attendance.actions import close_session
from trainings.audit.actor import PROGRAM
from trainings.certificates.eligibility import Hours
from trainings.certificates.issuing import queries as staff
from trainings.certificates.issuing.actions import issue
from trainings.certificates.issuing.queries import Counts
from trainings.certificates.models import CertificateKind, CertificateState
from trainings.certificates.queries import (
    is_name_printed,
    public_check,
)
from trainings.registrations.queries import UnknownTraining
from trainings.schedule.completion import Outlook
from trainings.schedule.models import Training, TrainingState
from trainings.settings import Settings

DIPLOMA, CONSTANCIA = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA
Freeze = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


# -- the public check


async def test_check_when_valid_then_everything_but_the_name(db: Settings) -> None:
    certificate = await a_diploma()

    found = await public_check(certificate.code)

    assert (found.kind, found.state, found.folio) == (DIPLOMA, CertificateState.VALID, "VIMMIG-1705-2027-000001")
    assert (found.title, found.minutes) == ("Riesgos de la migración irregular: mitos y realidades", 240)
    assert (found.held_on.isoformat(), found.held_text, found.issued_on.isoformat()) == ("2027-03-04", "", "2027-03-14")
    assert (found.issuer, found.place) == ("Municipalidad de La Libertad, Petén", "La Libertad, Petén")
    assert (found.initials, found.phone) == ("M. E. C. T.", "+50279001234")
    assert (found.revoked_at, found.replaced_by) == (None, None)
    assert "Caal" not in repr(found)


async def test_name_when_typed_then_the_same_whatever_accents_and_apostrophes(db: Settings) -> None:
    training = await make_held()
    for (given_names, surnames), typed_as in {
        ("Ixch’el", "Q’anil Ñandú"): {"ixchel qanil nandu": True, "IXCHʼEL  QꞌANIL ÑANDÚ": True},
        ("María José", "de León"): {
            "Maria Jose De Leon": True,
            "de León María José": False,
            "María José": False,
            "": False,
        },
        ("Ana", "Ba"): {"Ana Bac": False, "...": False},
    }.items():
        certificate = await a_diploma(training, given_names=given_names, surnames=surnames)
        for typed, is_same in typed_as.items():
            assert await is_name_printed(certificate.code, typed) is is_same, typed


# -- how far somebody has got


@pytest.mark.parametrize(
    ("attended", "planned", "to_come", "outlook"),
    [
        (384, 480, 0, Outlook.COMPLETED),
        (383, 480, 0, Outlook.OUT_OF_REACH),
        (144, 480, 240, Outlook.POSSIBLE),
        (143, 480, 240, Outlook.OUT_OF_REACH),
        (0, 0, 0, Outlook.OUT_OF_REACH),
    ],
)
def test_outlook_when_share_is_80_percent_then_counted_in_minutes(
    attended: int, planned: int, to_come: int, outlook: Outlook
) -> None:
    assert Hours(attended, planned, to_come).outlook(80) is outlook


async def test_people_when_training_is_under_way_then_who_has_completed_can_and_cannot(
    db: Settings, freeze: Freeze
) -> None:
    training = await make_held(4, 4, 1)
    sessions = list(training.sessions)
    await make_attendee(training, given_names="Ana", sessions=sessions[:2])
    await make_attendee(training, given_names="Beto", sessions=sessions[:1], left_after=3)
    await make_attendee(training, given_names="Cata", sessions=[])
    freeze(HELD + timedelta(days=1, hours=5))

    people = await staff.people_of(await seen(training.id))

    found = [(one.registration.participant.given_names, one.hours, one.outlook, one.due) for one in people]
    assert [(name, one.attended, one.planned, one.to_come, outlook, due) for name, one, outlook, due in found] == [
        ("Ana", 480, 540, 60, Outlook.COMPLETED, None),
        ("Beto", 180, 540, 60, Outlook.OUT_OF_REACH, None),
        ("Cata", 0, 540, 60, Outlook.OUT_OF_REACH, None),
    ]
    assert all(person.open_kinds == [] for person in people)


async def seen(training_id: UUID) -> Training:
    return await Training.get(id=training_id).prefetch_related(*WITH)


async def test_people_when_over_then_what_is_due_what_was_issued_and_who_has_an_odd_name(db: Settings) -> None:
    training = await make_held(4, 4)
    await make_attendee(training, given_names="Ana")
    await make_attendee(training, given_names="Beto 😀")
    await make_attendee(training, given_names="Cata", sessions=list(training.sessions)[:1])
    await make_attendee(training, given_names="Dora", sessions=[])
    issued = await issue_all(training)

    people = await staff.people_of(await seen(training.id))

    assert [(one.registration.participant.given_names, one.due, list(one.open_kinds)) for one in people] == [
        ("Ana", None, [CONSTANCIA]),
        ("Beto 😀", DIPLOMA, [DIPLOMA, CONSTANCIA]),
        ("Cata", None, [CONSTANCIA]),
        ("Dora", None, []),
    ]
    assert [one.letters for one in people] == ["", "😀", "", ""]
    assert [one.id for one in people[0].certificates] == [issued[0].id]
    assert Counts.of((one, 1) for one in people) == Counts(n_people=4, n_completed=2, n_issued=1, n_due=1)


async def test_hours_when_nobody_closed_the_session_then_the_same_as_what_is_issued(db: Settings) -> None:
    training = await make_held(4, 4)
    person = await make_attendee(training, left_after=1)
    [listed] = await staff.people_of(await seen(training.id))

    note = await issue(person.id, CONSTANCIA, actor=PROGRAM)

    assert (listed.hours.attended, note.minutes) == (300, 300)


# -- trainings in the list


async def test_list_when_something_was_held_then_the_last_first_with_counts(db: Settings, freeze: Freeze) -> None:
    cast = await make_cast()
    first = await make_held(hub=cast.hub, title="Primera")
    await make_attendee(first)
    await make_attendee(first, given_names="Beto", sessions=[])
    with clock.frozen(HELD - timedelta(days=7)):
        begin = AFTER - timedelta(hours=2)
        running = await make.make_training(
            hub=cast.hub, title="En curso", sessions=[(begin, begin + timedelta(hours=4))]
        )
        await make.make_training(
            hub=cast.hub, title="Por venir", sessions=[(AFTER + timedelta(days=30), AFTER + timedelta(days=31))]
        )
        await make.make_training(
            hub=cast.hub, title="Borrador", state=TrainingState.DRAFT, sessions=[(HELD, HELD + timedelta(hours=1))]
        )
    await make_held(hub=cast.elsewhere, title="De otra ventanilla")
    coordinator = await actor_of(cast.coordinator)

    before, has_more = await staff.held_trainings(coordinator, page=1)
    await close_session(next(iter(running.sessions)).id, actor=PROGRAM)
    after, _ = await staff.held_trainings(coordinator, page=1)

    assert [(one.training.title, one.is_over, one.counts) for one in before] == [
        ("En curso", False, Counts(0, 0, 0, 0)),
        ("Primera", True, Counts(2, 1, 0, 1)),
    ]
    assert has_more is False
    assert [(one.training.title, one.is_over) for one in after] == [("En curso", True), ("Primera", True)]


async def test_list_when_more_than_a_page_then_goes_on(db: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staff, "PAGE", 2)
    cast = await make_cast()
    for n in range(3):
        with clock.frozen(HELD - timedelta(days=7)):
            start = HELD + timedelta(days=n)
            await make.make_training(hub=cast.hub, title=str(n), sessions=[(start, start + timedelta(hours=1))])
    coordinator = await actor_of(cast.coordinator)

    first, has_more = await staff.held_trainings(coordinator, page=1)
    second, has_even_more = await staff.held_trainings(coordinator, page=2)

    assert ([one.training.title for one in first], has_more) == (["2", "1"], True)
    assert ([one.training.title for one in second], has_even_more) == (["0"], False)


async def test_list_when_longer_then_no_more_queries(db: Settings) -> None:
    cast = await make_cast()
    coordinator = await actor_of(cast.coordinator)
    n_queries = []
    for title in ("Primera", "Segunda", "Tercera"):
        training = await make_held(4, 4, hub=cast.hub, title=title)
        for name in ("Ana", "Beto"):
            await make_attendee(training, given_names=name)
        await issue_all(training)
        with counted_queries() as asked:
            lines, _ = await staff.held_trainings(coordinator, page=1)
        n_queries.append(len(asked))

    assert len(lines) == 3
    assert n_queries[0] == n_queries[1] == n_queries[2] <= 13


async def test_training_when_out_of_scope_then_unknown(db: Settings) -> None:
    cast = await make_cast()
    training = await make_held(hub=cast.hub)

    for user in (cast.coordinator, cast.assistant, cast.admin):
        assert (await staff.training_at_desk(await actor_of(user), training.id)).id == training.id
    for user in (cast.coordinator_elsewhere, cast.facilitator, cast.monitor, cast.platform):
        with pytest.raises(UnknownTraining):
            await staff.training_at_desk(await actor_of(user), training.id)


async def test_operators_when_somebody_coordinates_two_hubs_then_both_once(db: Settings) -> None:
    cast = await make_cast()
    both = await User.get(id=cast.coordinator.id)
    await RoleGrant.create(user=both, role=Role.HUB_COORDINATOR, hub=cast.elsewhere)
    await make.make_hub("segunda", operator=await make.make_operator())

    operators = await staff.operators_signing(await actor_of(both))

    assert [one.code for one in operators] == ["1705", "1207"]
    assert await staff.operators_signing(await actor_of(cast.assistant)) == []
