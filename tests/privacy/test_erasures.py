"""Erasure by an own link takes effect after 72 hours, with a way back till then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.outbox.make_jobs import until
from tests.privacy.asked import DUE, MOMENT, NOW, STARTS, asked, coming_training, due_of, work
from tests.privacy.test_withdrawal import ANSWERS, NOTHING, family, person_of, state_of
from tests.registrations.wishes import places_of
from trainings import background, clock, jobs
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.issuing import mails as certificate_mails
from trainings.db import transaction
from trainings.lib import tokens
from trainings.outbox.actions import enqueue
from trainings.outbox.claims import WAITS
from trainings.outbox.models import OutboxJob
from trainings.people.consents import TEXT_VERSION
from trainings.people.models import Consent, ConsentHow, ConsentPurpose, Guardian, Merge, MergeReason, Participant
from trainings.privacy import guard, withdrawal
from trainings.privacy.actions import sweep
from trainings.privacy.withdrawal import carry_out, withdraw_data
from trainings.registrations.models import Registration
from trainings.registrations.own.erasures import KIND, TooLateToKeep, ask_for_erasure, keep_data
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
MONTH = timedelta(days=30)


async def rosa(**about: object) -> Registration:
    return await make.make_registration(await coming_training(), **{**ANSWERS, **about})


async def acts() -> list[str]:
    """What was written down about erasures, in order."""
    return [line.act for line in await AuditLine.filter(act__startswith="privacy.").order_by("id")]


async def is_kept(registration: Registration) -> bool:
    """Whether the person's data and permissions are there."""
    person = await person_of(registration)
    return person.phone == "+50255551234" and not await Consent.exists(withdrawn_at__not_isnull=True)


async def is_untouched(registration: Registration) -> bool:
    """Whether nothing at all was taken from this person."""
    person = await person_of(registration)
    kept = (person.full_name, person.sex, await state_of(registration))
    return kept == ("Rosa Amalia Coc Xol", "mujer", "confirmed") and await is_kept(registration)


async def test_nothing_is_gone_before_72_hours_and_all_after(db: Settings, freeze: Freeze) -> None:
    freeze(NOW)
    registration = await rosa()
    await ask_for_erasure(registration.id, actor=HOLDER_OF_LINK)
    job, line = await OutboxJob.get(kind=KIND), await AuditLine.get(act="privacy.ask_for_erasure")
    assert (job.payload, job.run_at) == ({"registration_id": str(registration.id), "papers": "data"}, DUE)
    hub_id = (await registration.training).hub_id
    assert (line.object_id, line.hub_id, line.actor_role) == (registration.id, hub_id, "holder")
    await work(db)
    freeze(DUE - MOMENT)
    await work(db)
    assert await is_untouched(registration)
    assert await places_of(await registration.training) == (1, 0)

    freeze(DUE)
    await work(db)

    person = await person_of(registration)
    assert {name: getattr(person, name) for name in NOTHING} == NOTHING
    assert (person.full_name, await state_of(registration)) == ("—", "cancelled")
    assert await places_of(await registration.training) == (0, 0)
    assert not await Consent.exists(withdrawn_at=None)
    assert not await OutboxJob.filter(kind=KIND).exists()
    assert await acts() == ["privacy.ask_for_erasure", "privacy.withdraw_data"]


async def asked_before_the_clock_jumped(db: Settings, freeze: Freeze) -> Registration:
    """The sweeps looked when it was asked for, and since then the clock is a month ahead."""
    freeze(NOW)
    registration = await rosa()
    await ask_for_erasure(registration.id, actor=HOLDER_OF_LINK)
    await guard.sweep_unless_odd()
    freeze(NOW + MONTH)
    await work_in_the_background(db)
    return registration


@pytest.mark.both_engines
async def test_clock_that_jumped_ahead_deletes_nothing_and_the_wish_can_still_be_taken_back(
    db: Settings, freeze: Freeze
) -> None:
    registration = await asked_before_the_clock_jumped(db, freeze)

    await work_in_the_background(db)

    assert await is_untouched(registration)
    freeze(NOW + timedelta(hours=1))
    assert await due_of(registration) == DUE
    await keep_data(registration.id, actor=HOLDER_OF_LINK)
    assert await asked(registration) is None


@pytest.mark.parametrize("is_said", [True, False])
async def test_what_waited_for_the_clock_is_deleted_once_it_is_right(
    db: Settings, freeze: Freeze, is_said: bool
) -> None:
    registration = await asked_before_the_clock_jumped(db, freeze)

    if is_said:
        await guard.say_clock_is_right(actor=PROGRAM)
    else:
        freeze(DUE)
        await guard.sweep_unless_odd()
    await work_in_the_background(db)

    assert await asked(registration) is None
    assert (await person_of(registration)).full_name == "—"


async def work_in_the_background(settings: Settings) -> None:
    """All that runs beside the pages, until another task that was due behind the erasures was tried."""
    n = await OutboxJob.all().count()
    async with transaction():
        await enqueue(next(iter(certificate_mails.TASKS)), {}, dedup=f"behind:{n}")
    stop = asyncio.Event()
    running = asyncio.create_task(background.work(stop, settings))

    async def is_tried() -> bool:
        return (await OutboxJob.get(dedup=f"behind:{n}")).tries > 0

    try:
        await until(is_tried)
    finally:
        stop.set()
        await running


@pytest.mark.both_engines
async def test_second_request_changes_nothing_and_keeps_the_first_time(db: Settings, freeze: Freeze) -> None:
    freeze(NOW)
    registration = await rosa()
    await asyncio.gather(*(ask_for_erasure(registration.id, actor=HOLDER_OF_LINK) for _ in range(4)))
    freeze(NOW + timedelta(hours=71))

    await asyncio.gather(*(ask_for_erasure(registration.id, actor=HOLDER_OF_LINK) for _ in range(3)))

    assert await due_of(registration) == DUE
    assert await acts() == ["privacy.ask_for_erasure"]


async def test_undone_in_time_nothing_happens_and_it_can_be_asked_for_again(db: Settings, freeze: Freeze) -> None:
    freeze(NOW)
    registration = await rosa()
    await ask_for_erasure(registration.id, actor=HOLDER_OF_LINK)
    freeze(DUE - MOMENT)
    await keep_data(registration.id, actor=HOLDER_OF_LINK)
    await keep_data(registration.id, actor=HOLDER_OF_LINK)
    freeze(DUE + timedelta(days=1))
    await work(db)
    assert await is_untouched(registration)

    await ask_for_erasure(registration.id, actor=HOLDER_OF_LINK)

    assert await due_of(registration) == DUE + timedelta(days=1, hours=72)
    assert await acts() == ["privacy.ask_for_erasure", "privacy.keep_data", "privacy.ask_for_erasure"]


@pytest.mark.parametrize("is_done", [False, True])
async def test_undo_from_the_moment_on_is_refused_done_or_not(db: Settings, freeze: Freeze, *, is_done: bool) -> None:
    freeze(NOW)
    registration = await rosa()
    await ask_for_erasure(registration.id, actor=HOLDER_OF_LINK)
    freeze(DUE)
    if is_done:
        await work(db)

    with pytest.raises(TooLateToKeep):
        await keep_data(registration.id, actor=HOLDER_OF_LINK)

    await work(db)
    assert (await person_of(registration)).full_name == "—"


async def test_undo_is_refused_while_a_worker_is_about_it_whatever_the_clocks_say(db: Settings, freeze: Freeze) -> None:
    freeze(NOW)
    registration = await rosa()
    await ask_for_erasure(registration.id, actor=HOLDER_OF_LINK)
    await OutboxJob.filter(kind=KIND).update(attempts=1)

    with pytest.raises(TooLateToKeep):
        await keep_data(registration.id, actor=HOLDER_OF_LINK)

    assert await asked(registration) is not None


@pytest.mark.both_engines
async def test_undo_and_worker_at_the_same_moment_never_do_both(db: Settings, freeze: Freeze) -> None:
    freeze(NOW)
    registration = await rosa()
    await ask_for_erasure(registration.id, actor=HOLDER_OF_LINK)
    await OutboxJob.filter(kind=KIND).update(run_at=NOW + MOMENT)

    async def undo() -> bool:
        try:
            await keep_data(registration.id, actor=HOLDER_OF_LINK)
        except TooLateToKeep:
            return False
        return True

    async def come_due() -> None:
        freeze(NOW + MOMENT)
        await work(db)

    is_kept, _none = await asyncio.gather(undo(), come_due())

    assert is_kept is await is_untouched(registration)
    assert is_kept is ((await person_of(registration)).full_name != "—")


@pytest.mark.parametrize("has_failed", [False, True])
async def test_erased_before_its_job_leaves_nothing_to_it(db: Settings, freeze: Freeze, *, has_failed: bool) -> None:
    freeze(NOW)
    registration = await rosa()
    await ask_for_erasure(registration.id, actor=HOLDER_OF_LINK)
    if has_failed:
        await OutboxJob.filter(kind=KIND).update(failed_at=NOW, outcome="gave_up", attempts=8)
    staff = await make.actor_of(await make.make_user())

    await withdraw_data(registration.id, actor=staff)

    person = await person_of(registration)
    assert (person.full_name, await asked(registration)) == ("—", None)
    # They agree again afterwards: the old wish must not take that back.
    await Consent.create(
        participant=person, purpose=ConsentPurpose.DATA, text_version=TEXT_VERSION, how=ConsentHow.READ_ALOUD
    )
    freeze(DUE)
    await work(db)
    assert await Consent.filter(participant_id=person.id, withdrawn_at=None).count() == 1
    assert await acts() == ["privacy.ask_for_erasure", "privacy.withdraw_data"]


async def test_job_does_nothing_too_early_or_taken_over_or_once_the_desk_did_it(db: Settings, freeze: Freeze) -> None:
    freeze(NOW)
    registration = await rosa()
    await ask_for_erasure(registration.id, actor=HOLDER_OF_LINK)
    job = await OutboxJob.get(kind=KIND)
    freeze(DUE - MOMENT)
    with pytest.raises(AssertionError, match="before the moment"):
        await carry_out(job)
    freeze(DUE)
    await OutboxJob.filter(kind=KIND).update(attempts=1)
    await carry_out(job)
    assert await is_untouched(registration), "another worker took it over"
    await withdraw_data(registration.id, actor=await make.actor_of(await make.make_user()))

    await carry_out(job)

    assert await acts() == ["privacy.ask_for_erasure", "privacy.withdraw_data"]
    assert KIND not in jobs.MESSAGES, "the panel composes what it shows"


async def test_people_merged_in_between_lose_only_what_was_asked_for(db: Settings, freeze: Freeze) -> None:
    freeze(NOW)
    leaving, staying = await rosa(), await rosa(phone="+50255559876")
    await ask_for_erasure(leaving.id, actor=HOLDER_OF_LINK)
    await Merge.create(
        kept_id=staying.participant_id,
        merged_id=leaving.participant_id,
        reason=MergeReason.SAID_SO,
        merged_by_id=tokens.uuid7(),
    )
    await Participant.filter(id=leaving.participant_id).update(merged_into_id=staying.participant_id)

    freeze(DUE)
    await work(db)

    assert [await state_of(one) for one in (leaving, staying)] == ["cancelled", "confirmed"]
    assert [(await person_of(one)).phone for one in (leaving, staying)] == [None, "+50255559876"]


async def test_guardian_deletes_a_minors_data_after_the_same_72_hours(db: Settings, freeze: Freeze) -> None:
    freeze(NOW - timedelta(hours=1))
    mother, daughter = await family()
    asked_at = clock.now()
    await ask_for_erasure(daughter.id, actor=HOLDER_OF_LINK)
    freeze(asked_at + timedelta(hours=72) - MOMENT)
    await work(db)
    assert (await Guardian.get()).withdrawn_at is None

    freeze(asked_at + timedelta(hours=72))
    await work(db)

    guardian = await Guardian.get()
    assert (guardian.withdrawn_at, guardian.name) == (clock.now(), None)
    assert [(await person_of(one)).full_name for one in (mother, daughter)] == ["Marta Ical", "—"]


async def fail(_people: object) -> bool:
    raise RuntimeError("the disk is full")


async def test_failure_is_tried_again_with_growing_waits_and_is_all_or_nothing(
    db: Settings, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    freeze(NOW)
    registration = await rosa()
    await ask_for_erasure(registration.id, actor=HOLDER_OF_LINK)
    monkeypatch.setattr(withdrawal, "forget", fail)
    freeze(DUE)

    for wait in WAITS:
        await work(db)
        left = await OutboxJob.get(kind=KIND)
        assert left.run_at == clock.now() + wait
        freeze(left.run_at)
    await work(db)

    assert (await OutboxJob.get(kind=KIND)).outcome == "gave_up"
    assert not await Consent.exists(withdrawn_at__not_isnull=True)
    monkeypatch.undo()
    freeze(STARTS + timedelta(days=60))
    await sweep()
    assert await asked(registration) is not None, "what is owed is not swept away"


async def test_failed_erasure_is_shown_to_coordinators_who_have_it_repeated(
    db: Settings, freeze: Freeze, monkeypatch: pytest.MonkeyPatch, new_client: Callable[[], AsyncClient]
) -> None:
    freeze(NOW)
    cast = await make_cast()
    days = [(STARTS, STARTS + timedelta(hours=4))]
    training = await make.make_training(hub=cast.hub, venue=cast.venue, sessions=days)
    registration = await make.make_registration(training, **ANSWERS)
    await ask_for_erasure(registration.id, actor=HOLDER_OF_LINK)
    job = await OutboxJob.get(kind=KIND)
    freeze(DUE)
    browser = new_client()
    await make.sign_in(browser, cast.coordinator)
    before = [await browser.get(f"/panel/mensajes{path}") for path in ("", f"/{job.id}")]
    with monkeypatch.context() as broken:
        broken.setattr(withdrawal, "forget", fail)
        await work(db)
    await OutboxJob.filter(id=job.id).update(failed_at=DUE, outcome="gave_up")

    listed, shown = [await browser.get(f"/panel/mensajes{path}") for path in ("?ver=fallidos", f"/{job.id}")]
    assert await is_kept(registration), "looking at it is not doing it"
    answer = await browser.post(f"/panel/mensajes/{job.id}/reintentar")
    await work(db)

    assert ("Borrar los datos" in before[0].text, before[1].status_code) == (False, 404)
    assert "Borrar los datos" in listed.text
    assert "ya pasaron las 72 horas, y no se ha podido" in shown.text
    assert f'href="/panel/inscripciones/{registration.id}"' in shown.text
    assert answer.status_code == 303
    assert ((await person_of(registration)).full_name, await asked(registration)) == ("—", None)


async def test_where_the_permission_is_gone_nothing_is_asked_for(db: Settings, freeze: Freeze) -> None:
    freeze(NOW)
    registration = await rosa()
    await withdraw_data(registration.id, actor=await make.actor_of(await make.make_user()))

    await ask_for_erasure(registration.id, actor=HOLDER_OF_LINK)

    assert await asked(registration) is None
