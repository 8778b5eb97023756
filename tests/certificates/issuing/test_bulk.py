"""One press for many: in steps, paused and gone on with, never twice, with a list of who was left out and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from tests.certificates.crowd import make_crowd
from tests.certificates.held import AFTER, BEFORE, HELD, WITH, make_attendee, make_held
from trainings import clock, jobs
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.eligibility import UNUSED, TrainingNotOver
from trainings.certificates.issuing import bulk, queries, views
from trainings.certificates.issuing.actions import NoSignatory, issue, revoke
from trainings.certificates.issuing.bulk import NOT_THEIR_FAULT
from trainings.certificates.issuing.names import withdraw_all
from trainings.certificates.issuing.views import left_out
from trainings.certificates.making import files
from trainings.certificates.making.process_pool import MillError, mill
from trainings.certificates.making.typesetting import FileOrder
from trainings.certificates.models import (
    Certificate,
    CertificateFile,
    CertificateKind,
    CertificateState,
    IssueJob,
    IssueSkip,
    JobPurpose,
    JobState,
    SkipReason,
)
from trainings.db import transaction
from trainings.outbox.models import CallList, OutboxJob, Outcome
from trainings.places.models import Signatory
from trainings.registrations.models import Registration
from trainings.schedule.models import Training
from trainings.settings import Settings
from trainings.web.i18n import gettext, speaking

ISSUE, PREPARE, NOTES = JobPurpose.ISSUE, JobPurpose.PREPARE, JobPurpose.NOTES
DIPLOMA, CONSTANCIA = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA
Freeze = Callable[[datetime], None]


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


async def work(most: int = 50) -> None:
    """Do what is due of the jobs, as the worker does."""
    for _ in range(most):
        due = await OutboxJob.filter(kind__in=list(bulk.TASKS), done_at=None, lease_until=None).order_by("run_at", "id")
        if not due:
            return
        for job in due:
            await jobs.COMPOSERS[job.kind](job)
            await OutboxJob.filter(id=job.id).update(done_at=clock.now(), outcome=Outcome.DONE)
    raise AssertionError("the jobs do not end")


async def reasons(job: IssueJob) -> dict[str, tuple[SkipReason, str]]:
    skips = await IssueSkip.filter(job_id=job.id).prefetch_related("registration__participant")
    return {one.registration.participant.given_names: (one.reason, one.detail) for one in skips}


async def seen(training: Training) -> views.Road:
    """What its page counts."""
    people = await queries.people_of(await Training.get(id=training.id).prefetch_related(*WITH))
    return views.road_of(((one, 1) for one in people), is_over=True)


async def test_job_when_some_cannot_then_issues_to_the_others_and_says_why_not(db: Settings, freeze: Freeze) -> None:
    training = await make_held(4, 4)
    beto = await make_attendee(training, given_names="Beto")
    early = await issue((await make_attendee(training, given_names="Ana")).id, CertificateKind.DIPLOMA, actor=PROGRAM)
    await make_attendee(training, given_names="Dora 😀")
    await make_attendee(training, given_names="Cata", sessions=list(training.sessions)[:1])
    await make_attendee(training, given_names="Ausente", sessions=[])
    freeze(AFTER + timedelta(minutes=1))

    job = await bulk.start(training.id, ISSUE, actor=PROGRAM)
    again = await bulk.start(training.id, ISSUE, actor=PROGRAM)
    await work()

    assert again.id == job.id
    job = await IssueJob.get(id=job.id)
    assert (job.state, job.n_seen, job.n_total, job.finished_at) == (JobState.DONE, 5, 5, clock.now())
    assert await reasons(job) == {
        "Ana": (SkipReason.HAS_ONE, early.folio),
        "Ausente": (SkipReason.HOURS, ""),
        "Cata": (SkipReason.HOURS, ""),
        "Dora 😀": (SkipReason.LETTERS, "😀"),
    }
    [issued] = await queries.issued_by(job)
    assert (issued.registration_id, issued.folio[-6:], issued.state) == (beto.id, "000002", CertificateState.VALID)
    assert await CertificateFile.all().count() == 2


async def test_job_when_steps_are_small_then_in_a_row_and_a_repeated_one_does_nothing(
    db: Settings, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PEOPLE_AT_ONCE", 2)
    training = await make_held()
    people = await make_crowd(training, 5)
    freeze(AFTER + timedelta(minutes=1))

    job = await bulk.start(training.id, ISSUE, actor=PROGRAM)
    [first] = await OutboxJob.filter(kind=bulk.STEP)
    await bulk.take_step(first)
    await bulk.take_step(first)  # its worker was killed before it said that it was done

    assert ((await IssueJob.get(id=job.id)).n_seen, await Certificate.all().count()) == (4, 4)
    with_file = await Certificate.filter(file__id__isnull=False).order_by("number").values_list("number")
    assert with_file == [(1,), (2,)], "those of the step before, while the next people are taken"
    await bulk.turn(job.id, JobState.PAUSED, actor=PROGRAM)
    await work()
    assert await Certificate.all().count() == 4
    await bulk.turn(job.id, JobState.RUNNING, actor=PROGRAM)
    await work()
    folios = await Certificate.all().order_by("number").values_list("registration_id", "number")
    assert folios == [(one.id, number) for number, one in enumerate(people, start=1)]
    assert (await IssueJob.get(id=job.id)).state is JobState.DONE
    assert await CertificateFile.all().count() == 5
    assert await CallList.all().count() == 1


@pytest.mark.both_engines
async def test_job_for_many_then_the_worker_counts_their_hours_before_it_takes_the_first(
    db: Settings, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "FEW", 2)
    training = await make_held(4, 4)
    await make_crowd(training, 3)
    await make_attendee(training, given_names="Cata", sessions=list(training.sessions)[:1])
    freeze(AFTER + timedelta(minutes=1))

    jobs_of_both = [await bulk.start(training.id, purpose, actor=PROGRAM) for purpose in (ISSUE, NOTES)]
    for job in jobs_of_both:
        await bulk.turn(job.id, JobState.PAUSED, actor=PROGRAM)
    await work()
    counted = await Registration.filter(minutes_attended__gt=0).count()
    for job in jobs_of_both:
        await bulk.turn(job.id, JobState.RUNNING, actor=PROGRAM)
    await work()

    assert (counted, await Registration.filter(minutes_attended__gt=0).count()) == (0, 4)
    ended = [await IssueJob.get(id=job.id) for job in jobs_of_both]
    assert [(one.state, one.n_seen, one.n_total) for one in ended] == [(JobState.DONE, 4, 4), (JobState.DONE, 1, 1)]
    assert [one.kind for one in await Certificate.all().order_by("number")] == [DIPLOMA] * 3 + [CONSTANCIA]


async def test_job_when_stopped_or_ended_then_stays_so(db: Settings) -> None:
    training = await make_held()
    await make_attendee(training)
    job = await bulk.start(training.id, ISSUE, actor=PROGRAM)

    await bulk.turn(job.id, JobState.STOPPED, actor=PROGRAM)
    await work()

    assert await CertificateFile.all().count() == 0
    for state in (JobState.PAUSED, JobState.RUNNING, JobState.STOPPED):
        with pytest.raises(bulk.HasEnded):
            await bulk.turn(job.id, state, actor=PROGRAM)


async def test_job_when_nobody_signs_any_more_then_waits_and_says_so_to_who_goes_on(
    db: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PEOPLE_AT_ONCE", 1)
    training = await make_held()
    await make_crowd(training, 3)
    job = await bulk.start(training.id, ISSUE, actor=PROGRAM)
    await Signatory.all().delete()

    await work()

    assert (await IssueJob.get(id=job.id)).state is JobState.PAUSED
    with pytest.raises(NoSignatory):
        await bulk.turn(job.id, JobState.RUNNING, actor=PROGRAM)


@pytest.mark.both_engines
async def test_job_that_prepares_then_for_who_is_on_track_without_telling_anybody(db: Settings, freeze: Freeze) -> None:
    training = await make_held(4, 4)
    freeze(BEFORE + timedelta(days=1))
    with clock.frozen(BEFORE):
        expected = await make_attendee(training, given_names="Ana", sessions=[], email="ana@correo.example")
    with pytest.raises(TrainingNotOver):
        await bulk.start(training.id, ISSUE, actor=PROGRAM)

    await bulk.start(training.id, PREPARE, actor=PROGRAM)
    await work()

    [prepared] = await Certificate.all()
    assert (prepared.registration_id, prepared.state) == (expected.id, CertificateState.PREPARED)
    assert (prepared.minutes, prepared.validated_at) == (480, None)
    assert await CertificateFile.filter(certificate_id=prepared.id).count() == 1
    assert await OutboxJob.filter(kind="certificate_ready").count() == 0
    assert clock.now() < HELD


async def test_job_of_notes_then_for_who_came_and_earned_no_diploma_alone(
    db: Settings, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PEOPLE_AT_ONCE", 2)
    training = await make_held(4, 4)
    first = list(training.sessions)[:1]
    await make_attendee(training, given_names="Ana")
    await make_attendee(training, given_names="Ausente", sessions=[])
    noted = await make_attendee(training, given_names="Beto", sessions=first)
    held = await issue(noted.id, CONSTANCIA, actor=PROGRAM)
    cata = await make_attendee(training, given_names="Cata", sessions=first, email="cata@correo.example")
    await make_attendee(training, given_names="Dora 😀", sessions=first)
    eva = await make_attendee(training, given_names="Eva", sessions=first)
    with clock.frozen(BEFORE), pytest.raises(TrainingNotOver):
        await bulk.start(training.id, NOTES, actor=PROGRAM)
    counted = (await seen(training)).n_notes_due
    freeze(AFTER + timedelta(minutes=1))

    job = await bulk.start(training.id, NOTES, actor=PROGRAM)
    await bulk.turn(job.id, JobState.PAUSED, actor=PROGRAM)
    await work()
    n_paused = await Certificate.exclude(id=held.id).count()
    await bulk.turn(job.id, JobState.RUNNING, actor=PROGRAM)
    await work()
    freeze(AFTER + timedelta(minutes=2))
    again = await bulk.start(training.id, NOTES, actor=PROGRAM)
    await work()

    job = await IssueJob.get(id=job.id)
    assert await AuditLine.filter(act="certificates.issue_notes", object_id=job.id).count() == 1
    assert (job.state, job.n_seen, job.n_total, again.id == job.id) == (JobState.DONE, 4, 4, False)
    given = await queries.issued_by(job)
    assert [(one.registration_id, one.kind, one.state, one.minutes) for one in given] == [
        (key, CONSTANCIA, CertificateState.VALID, 240) for key in (cata.id, eva.id)
    ]
    assert (n_paused, counted, await CertificateFile.all().count()) == (1, 2, 3)
    skipped = {"Beto": (SkipReason.HAS_ONE, held.folio), "Dora 😀": (SkipReason.LETTERS, "😀")}
    assert await reasons(job) == skipped, "neither who earned a diploma nor who never came is named"
    assert set(await reasons(await IssueJob.get(id=again.id))) == {"Beto", "Cata", "Dora 😀", "Eva"}
    assert await OutboxJob.exists(kind="certificate_ready", subject_id=cata.id)


async def test_job_when_rows_of_one_are_broken_then_only_they_are_left_out(
    db: Settings, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = await make_held()
    people = await make_crowd(training, 3)
    from trainings.certificates.issuing import actions

    made = actions._certificate

    def of_all_but_one(*arguments: object) -> Certificate:
        if arguments[1].id == people[1].id:  # type: ignore[attr-defined]
            raise ValueError("a certificate states at least a minute")
        return made(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(actions, "_certificate", of_all_but_one)
    freeze(AFTER + timedelta(minutes=1))

    with speaking("en"):
        job = await bulk.start(training.id, ISSUE, actor=PROGRAM)

    assert await reasons(job) == {"Ana 1": (SkipReason.FAILED, NOT_THEIR_FAULT)}
    for tag in ("es", "en"):
        with speaking(tag):
            whole = await Training.get(id=training.id).select_related("hub__operator")
            [one] = await left_out(job, whole, may_issue=True)
            assert gettext(NOT_THEIR_FAULT) in one.why, "each reads it in their own language"
    assert sorted(await Certificate.all().values_list("registration_id", "number")) == sorted(
        [(people[0].id, 1), (people[2].id, 2)]
    )


async def test_file_when_it_cannot_be_set_then_the_job_ends_and_names_it(db: Settings, freeze: Freeze) -> None:
    training = await make_held()
    odd = await issue((await make_attendee(training, given_names="Ana")).id, CertificateKind.DIPLOMA, actor=PROGRAM)
    await make_attendee(training, given_names="Beto")
    await Certificate.filter(id=odd.id).update(sheet={**odd.sheet, "minutes": 0})
    freeze(AFTER + timedelta(minutes=1))

    job = await bulk.start(training.id, ISSUE, actor=PROGRAM)
    await work()

    job = await IssueJob.get(id=job.id)
    assert job.state is JobState.DONE
    assert await bulk.n_files(job.training_id) == (1, 2)
    assert await reasons(job) == {"Ana": (SkipReason.FAILED, NOT_THEIR_FAULT)}


async def test_file_of_a_certificate_whose_name_was_removed_then_is_not_set_again(db: Settings, freeze: Freeze) -> None:
    training = await make_held()
    erased = await issue((await make_attendee(training, given_names="Ana")).id, CertificateKind.DIPLOMA, actor=PROGRAM)
    await Certificate.filter(id=erased.id).update(erased_at=AFTER)
    await make_attendee(training, given_names="Beto")
    freeze(AFTER + timedelta(minutes=1))

    job = await bulk.start(training.id, ISSUE, actor=PROGRAM)
    await work()

    assert (await IssueJob.get(id=job.id)).state is JobState.DONE
    assert await bulk.n_files(job.training_id) == (1, 1)
    assert await CertificateFile.filter(certificate_id=erased.id).count() == 0
    found = await seen(training)
    assert (found.n_papers, found.n_to_print) == (1, 1), "nobody waits for a paper that is not printed any more"


async def test_job_when_one_was_taken_away_then_not_given_again_unasked(db: Settings, freeze: Freeze) -> None:
    """Who asked that their diploma be gone gets another only at their word, not issued or prepared with the rest."""
    training = await make_held(4)
    ana, beto = [await make_attendee(training, given_names=name) for name in ("Ana", "Beto")]
    taken = await issue(ana.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    async with transaction():
        await withdraw_all([ana.participant_id])
    people = await queries.people_of(await Training.get(id=training.id).prefetch_related(*WITH))

    for moment, purpose in ((BEFORE, PREPARE), (AFTER, ISSUE)):
        freeze(moment)
        await bulk.start(training.id, purpose, actor=PROGRAM)
        await work()
    others = [one.registration_id for one in await Certificate.exclude(id=taken.id)]
    asked = await issue(ana.id, CertificateKind.DIPLOMA, actor=PROGRAM)

    assert [(one.due, views.is_on_track(one)) for one in people] == [(None, False), (CertificateKind.DIPLOMA, True)]
    assert set(others) == {beto.id}
    assert asked.state is CertificateState.VALID


async def test_job_when_one_was_annulled_on_purpose_then_passed_over_and_another_only_by_itself(
    db: Settings, freeze: Freeze
) -> None:
    training = await make_held(4, 4)
    ana, beto = [await make_attendee(training, given_names=name) for name in ("Ana", "Beto")]
    cata = await make_attendee(training, given_names="Cata", sessions=list(training.sessions)[:1])
    for one, kind, reason in (
        (ana, DIPLOMA, "no es de la ventanilla"),
        (beto, DIPLOMA, UNUSED),
        (cata, CONSTANCIA, "firmó otra persona"),
    ):
        await revoke((await issue(one.id, kind, actor=PROGRAM)).id, reason, actor=PROGRAM)
    counted = await seen(training)
    freeze(AFTER + timedelta(minutes=1))

    jobs_of_both = [await bulk.start(training.id, purpose, actor=PROGRAM) for purpose in (ISSUE, NOTES)]
    await work()
    given = [one.registration_id for one in await Certificate.filter(state=CertificateState.VALID)]
    alone = await issue(ana.id, DIPLOMA, actor=PROGRAM)
    freeze(AFTER + timedelta(minutes=2))
    later = await bulk.start(training.id, ISSUE, actor=PROGRAM)

    assert (counted.n_due, counted.n_notes_due, given) == (1, 0, [beto.id])
    day = "2027-03-14"
    assert [await reasons(one) for one in jobs_of_both] == [
        {"Ana": (SkipReason.ANNULLED, day), "Cata": (SkipReason.HOURS, "")},
        {"Cata": (SkipReason.ANNULLED, day)},
    ]
    assert (await reasons(later))["Ana"] == (SkipReason.HAS_ONE, alone.folio), "what replaces it stands"


async def test_mill_when_a_process_dies_or_an_order_fails_then_says_so_and_goes_on() -> None:
    import os

    with pytest.raises(MillError, match="its process ended"):
        await mill().do(os._exit, 3)
    with pytest.raises(MillError, match="ValueError"):
        await mill().do(int, "x")

    assert await mill().do(max, 3, 4) == 4
    assert await mill().do(os.getpid) != os.getpid()


async def test_file_beside_a_step_when_it_cannot_be_gathered_then_people_are_taken_all_the_same(
    db: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PEOPLE_AT_ONCE", 2)
    training = await make_held(4)
    await make_crowd(training, 5)
    order_for, n_asked = files.order_for, 0

    async def fails_at_first(certificates: Sequence[Certificate]) -> list[FileOrder]:
        nonlocal n_asked
        n_asked += 1
        if n_asked == 1:
            raise KeyError("a picture that is gone")
        return await order_for(certificates)

    monkeypatch.setattr(files, "order_for", fails_at_first)
    with clock.frozen(AFTER):
        await bulk.start(training.id, JobPurpose.ISSUE, actor=PROGRAM)
        await work()

    assert n_asked > 1
    assert (await IssueJob.get()).state is JobState.DONE
    assert (await Certificate.all().count(), await CertificateFile.all().count()) == (5, 5)
