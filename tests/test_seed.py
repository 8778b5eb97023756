"""The demo world: what the first visit relies on."""

from __future__ import annotations

import json
import random
from datetime import date, time, timedelta
from pathlib import Path

import pytest

from tests.attendance.phone_side import code_hash, encode, name_of, with_names
from tests.browser import demo
from tests.database import Database
from trainings import clock
from trainings.accounts.models import Role, RoleGrant, User
from trainings.accounts.queries import actor_of
from trainings.attendance.actions import close_session
from trainings.attendance.models import AttendanceSheet, ScanEvent, SessionReport, SlipState, WalkInSlip
from trainings.attendance.phones.closings import closed_on_phones
from trainings.attendance.phones.gaps import gaps_of
from trainings.attendance.phones.phone_list import phones_seen_by
from trainings.attendance.phones.roster_file import rosters_of
from trainings.attendance.queries import totals_of
from trainings.audit.actor import PROGRAM
from trainings.certificates.making.files import file_of
from trainings.certificates.models import Certificate, CertificateKind, CertificateState, IssueJob, JobPurpose, JobState
from trainings.certificates.queries import Signature, public_check
from trainings.certificates.trust.signing_keys import signing_keys_of
from trainings.lib.text import short_name
from trainings.people import communities
from trainings.people.models import Participant
from trainings.places.models import Hub, Municipality
from trainings.registrations.models import TAKES_PLACE, InvitationLetter, Registration, RegistrationState
from trainings.schedule.models import (
    Course,
    CoursePrerequisite,
    Project,
    SessionFacilitator,
    Training,
    TrainingSession,
    TrainingState,
)
from trainings.seed import ACCOUNTS, SEED, RealData, seed_demo
from trainings.seed.plan import planned_trainings, sessions_of
from trainings.seed.world import DOMAIN
from trainings.settings import Settings


@pytest.fixture(scope="module")
async def world(database: Database) -> Settings:
    """The demo world, as the command seeded it."""
    return await database.copied(demo.seeded_once())


@pytest.mark.usefixtures("world")
async def test_seed_makes_the_real_places_and_the_fourteen_courses() -> None:
    assert await Municipality.all().count() == 340
    assert await Hub.all().count() == 10
    assert await Course.all().count() == 14


@pytest.mark.usefixtures("world")
async def test_seed_puts_trainings_of_the_first_hub_under_a_project() -> None:
    project = await Project.get()

    hubs = {slug for (slug,) in await Training.filter(project=project).distinct().values_list("hub__slug")}

    assert hubs == {"la-libertad-peten"}


@pytest.mark.usefixtures("world")
async def test_seed_makes_one_account_for_each_role() -> None:
    users = {user.email: user for user in await User.filter(email__in=[f"{name}@{DOMAIN}" for name in ACCOUNTS])}

    assert set(users) == {f"{name}@{DOMAIN}" for name in ACCOUNTS}
    grants = await RoleGrant.filter(user_id__in=[user.id for user in users.values()])
    assert {grant.role for grant in grants} == set(Role)


@pytest.mark.usefixtures("world")
async def test_seed_makes_a_training_that_runs_now_in_la_libertad_peten() -> None:
    now = clock.now()
    running = await TrainingSession.filter(
        training__hub__slug="la-libertad-peten", starts_at__lte=now, ends_at__gt=now
    ).prefetch_related("training")

    assert len(running) == 1
    training = running[0].training
    assert training.state is TrainingState.PUBLISHED
    assert training.taken < training.capacity
    [holder] = await SessionFacilitator.filter(session_id=running[0].id).prefetch_related("user")
    assert holder.user.email == f"facilita@{DOMAIN}"


@pytest.mark.usefixtures("world")
async def test_seed_shows_every_state() -> None:
    states = {training.state for training in await Training.all()}
    assert states == set(TrainingState) - {TrainingState.PRACTICE}
    registered = set(await Registration.all().distinct().values_list("state", flat=True))
    assert {RegistrationState.CONFIRMED, RegistrationState.WAITLISTED, RegistrationState.HELD} <= registered
    assert await Certificate.all().count() > 50
    papers = await Certificate.filter(hub_id=(await Hub.get(slug="la-libertad-peten")).id)
    assert {one.kind for one in papers} == set(CertificateKind)
    assert {one.state for one in papers} == set(CertificateState)
    assert (
        {bool(one.replaces_id) for one in papers} == {one.handed_over_at is not None for one in papers} == {True, False}
    )
    minors = [one for one in papers if one.is_minor]
    assert len({one.registration_id for one in minors}) == 2
    told = [await public_check(one.code) for one in minors]
    assert {(one.is_minor, one.initials) for one in told} == {(True, "")}
    assert {job.state for job in await IssueJob.filter(purpose=JobPurpose.ISSUE)} == {JobState.DONE}
    job = await IssueJob.get(purpose=JobPurpose.PREPARE)
    assert (job.purpose, job.n_seen) == (JobPurpose.PREPARE, job.n_total)


@pytest.mark.usefixtures("world")
async def test_seed_signs_what_the_first_municipality_gives_out() -> None:
    hub = await Hub.get(slug="la-libertad-peten")
    paper = await Certificate.filter(hub_id=hub.id, state=CertificateState.VALID, is_minor=False).first()
    assert paper is not None

    file = await file_of(paper)

    [key] = await signing_keys_of([hub.operator_id])
    assert (file.signed_by, key.subject) == (key.fingerprint, "Municipalidad de La Libertad, Petén")
    assert (await public_check(paper.code)).signature == Signature(key.subject, key.fingerprint)


@pytest.mark.usefixtures("world")
async def test_seed_shows_phones_in_each_state_to_who_leads_the_hub() -> None:
    leader = await actor_of(await User.get(email=f"coordina@{DOMAIN}"))

    phones = [(phone.device.name, phone.state.value, phone.device.n_unsent) for phone in await phones_seen_by(leader)]

    assert phones == [
        ("Teléfono de Ana", "ready", 1),
        ("Teléfono de Luis", "not_ready", 2),
        ("Teléfono de Marta", "ready", 0),
        ("Teléfono perdido", "revoked", 0),
    ]


@pytest.mark.usefixtures("world")
async def test_seed_shows_a_session_all_written_down_and_one_that_waits_for_answers() -> None:
    report = await SessionReport.get().select_related("session")
    [kept] = await AttendanceSheet.exclude(kept_where="")
    [slip] = await WalkInSlip.all().select_related("session")
    flags = await ScanEvent.filter(session_id=slip.session_id).order_by("flag").values_list("flag")
    before, after = await totals_of(report.session), await totals_of(slip.session)
    [gap] = (await gaps_of([slip.session_id]))[slip.session_id]

    assert kept.session_id == report.session_id
    assert report.session.closed_at is not None
    assert (before.n_present, before.n_companions, report.rations_served) == (7, 2, 9)
    assert [flag.value for (flag,) in flags if flag] == [
        *("revoked", "revoked", "unknown_code", "unnamed", "unnamed", "waitlisted"),
    ]
    assert (slip.state, slip.problem) == (SlipState.WAITING, "unknown_municipality")
    assert (after.n_companions, gap.name, gap.n_missing) == (2, "Teléfono de Ana", 1)
    assert list(await closed_on_phones([slip.session_id])) == [slip.session_id]


@pytest.mark.usefixtures("world")
async def test_lists_for_phones_show_nobody_and_open_with_the_card_alone() -> None:
    sessions = await TrainingSession.all()
    rosters = await rosters_of(sessions)
    words, registered = await words_about_people(), {}
    for one in await Registration.all().prefetch_related("participant"):
        registered[code_hash(one.qr_token or "")] = one

    plain, n_names = "", 0
    for roster in rosters.values():
        file = with_names(json.loads(roster.body())) | {"names": ""}
        for person in file["people"]:
            who = registered[person[0]]
            name = short_name(who.participant.given_names, who.participant.surnames)
            assert name_of(file, who.qr_token or "") == name or person[4:], "sealed with the card"
            assert encode(name.encode())[:8] not in person[1]
            n_names += 1
            person[1] = ""
        plain += json.dumps(file, ensure_ascii=False).casefold()

    assert (n_names > 500, len(words) > 500) == (True, True)
    assert [word for word in words if word in plain] == []


async def words_about_people() -> set[str]:
    """Names, word by word, communities, telephones and addresses of everybody, in small letters."""
    words = set()
    for one in await Participant.all():
        told = f"{one.given_names} {one.surnames} {one.community} {one.email or ''}".casefold()
        words |= {word for word in told.split() if len(word) > 3 and not set(word) <= set("abcdef")}
        words |= {phone[-8:] for phone in [one.phone] if phone}
    return words


@pytest.mark.usefixtures("world")
async def test_seed_never_oversells() -> None:
    for training in await Training.all():
        with_place = await Registration.filter(training_id=training.id, state__in=TAKES_PLACE).count()
        assert with_place == training.taken <= training.capacity


@pytest.mark.usefixtures("world")
async def test_seed_shows_minors_admitted_offers_earlier_courses_communities_and_letters() -> None:
    now = clock.now()
    coming = Training.filter(sessions__ends_at__gt=now).distinct()

    ages = {(one.admits_minors, one.minimum_age) for one in await Training.all()}
    assert ages == {(False, None), (True, 12), (True, 14)}
    assert {one.offer_hours for one in await coming} == {None, 48}
    assert await CoursePrerequisite.all().count() == 1
    assert "Las Pozas" in await communities.suggestions("1705")
    assert (await communities.communities_of("1705")).new != []
    assert await InvitationLetter.exclude(block_id=None).count() == 1
    assert await InvitationLetter.filter(invited_at=None).count() == 3


async def test_seed_when_called_again_then_nothing_is_made_twice(world: Settings) -> None:
    before = await Training.all().count()

    await seed_demo(world)

    assert await Training.all().count() == before


async def test_seed_when_the_running_training_was_closed_then_another_runs(world: Settings) -> None:
    now = clock.now()
    running = TrainingSession.filter(training__hub__slug="la-libertad-peten", starts_at__lte=now, ends_at__gt=now)
    first = await running.get()
    await close_session(first.id, actor=PROGRAM)

    await seed_demo(world)

    [second] = await running.filter(closed_at=None)
    assert second.training_id != first.training_id


async def test_seed_when_the_database_has_real_people_then_it_refuses(sqlite_db: Settings, tmp_path: Path) -> None:
    await User.create(email="real@municipalidad.example", name="Real")

    with pytest.raises(RealData):
        await seed_demo(sqlite_db.model_copy(update={"data_dir": tmp_path}))

    assert await Hub.all().count() == 0


@pytest.mark.parametrize("days", range(0, 364, 13))
def test_plan_leaves_today_at_the_first_hub_to_the_training_that_runs(days: int) -> None:
    with clock.frozen(clock.at(date(2026, 11, 25) + timedelta(days=days), time(9))):
        planned = planned_trainings(random.Random(SEED), n_hubs=3)

        held = {
            clock.local(session.starts_at).date() for one in planned if one.hub == 0 for session in sessions_of(one, ())
        }

        assert clock.today() not in held
        assert len(held) > 10
