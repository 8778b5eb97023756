"""Messages are written in the transaction that causes them; staff stop those they caused, and repeat what failed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from tests import make
from tests.cast import Cast, make_cast
from tests.outbox.make_jobs import job_of, make_jobs
from trainings import clock
from trainings.audit.actor import Actor
from trainings.audit.models import AuditLine
from trainings.db import transaction
from trainings.errors import NotFound
from trainings.lib.tokens import uuid7
from trainings.outbox import actions
from trainings.outbox.actions import STAFF_DELAY, HasNotFailed, enqueue, retry, stop_batch
from trainings.outbox.models import OutboxJob
from trainings.settings import Settings
from trainings.web.i18n import language, speaking

Freeze = Callable[[datetime], None]


async def coordinator(cast: Cast) -> Actor:
    return await make.actor_of(cast.coordinator)


async def test_message_exists_only_if_its_cause_was_kept(db: Settings) -> None:
    async def fail_afterwards() -> None:
        async with transaction():
            await enqueue("note", {"name": "ana"}, dedup="note:ana")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_afterwards()

    assert await OutboxJob.all().count() == 0


async def test_same_message_twice_is_one(db: Settings) -> None:
    async with transaction():
        await enqueue("note", {"name": "ana"}, dedup="note:ana")
        await enqueue("note", {"name": "somebody else"}, dedup="note:ana")
        await enqueue("note", {"name": "beto"}, dedup="note:beto")

    jobs = await OutboxJob.all().order_by("id")
    assert [(job.dedup, job.payload["name"]) for job in jobs] == [("note:ana", "ana"), ("note:beto", "beto")]


async def test_message_knows_whom_it_is_about_and_a_language_only_if_it_is_told_one(db: Settings) -> None:
    registration, hub = uuid7(), uuid7()

    async with transaction():
        with speaking("en"):
            await enqueue("note", {"registration_id": str(registration)}, dedup="note:1", hub_id=hub)
            await enqueue("note", {}, dedup="note:2", lang=language())

    first, second = await OutboxJob.all().order_by("id")
    assert (first.subject_id, first.hub_id, first.lang, second.lang) == (registration, hub, "", "en")
    assert first.run_at <= clock.now()


async def test_writing_a_message_wakes_the_worker(db: Settings) -> None:
    with actions.listening() as ring:
        await make_jobs("ana")

    assert ring.is_set()


async def test_batch_is_stopped_within_ten_minutes(db: Settings, freeze: Freeze) -> None:
    cast, batch, moment = await make_cast(), uuid7(), clock.now()
    freeze(moment)
    await make_jobs("ana", "beto", hub_id=cast.hub.id, batch_id=batch, run_at=moment + STAFF_DELAY)
    await make_jobs("other", hub_id=cast.hub.id, run_at=moment + STAFF_DELAY)
    freeze(moment + timedelta(minutes=9, seconds=59))

    stopped = await stop_batch(batch, actor=await coordinator(cast))

    assert stopped == 2
    ends = {job.payload["name"]: (job.outcome, job.stopped_at) for job in await OutboxJob.all()}
    assert ends == {"ana": ("stopped", clock.now()), "beto": ("stopped", clock.now()), "other": ("", None)}
    [line] = await AuditLine.filter(act="outbox.stop")
    assert (line.object_id, line.hub_id, line.actor_id, line.detail) == (
        batch,
        cast.hub.id,
        cast.coordinator.id,
        {"n": 2},
    )


async def test_batch_that_was_stopped_stays_so_however_often_it_is_asked(db: Settings, freeze: Freeze) -> None:
    cast, batch, moment = await make_cast(), uuid7(), clock.now()
    freeze(moment)
    await make_jobs("ana", hub_id=cast.hub.id, batch_id=batch, run_at=moment + STAFF_DELAY)
    await stop_batch(batch, actor=await coordinator(cast))
    freeze(moment + 2 * STAFF_DELAY)

    again = await stop_batch(batch, actor=await coordinator(cast))

    assert again == 0
    assert (await job_of("ana")).stopped_at == moment
    assert await AuditLine.filter(act="outbox.stop").count() == 1


async def test_batch_of_another_hub_does_not_exist(db: Settings) -> None:
    cast, batch = await make_cast(), uuid7()
    await make_jobs("ana", hub_id=cast.hub.id, batch_id=batch, run_at=clock.now() + STAFF_DELAY)

    for user in (cast.coordinator_elsewhere, cast.facilitator, cast.assistant, cast.monitor, cast.platform):
        with pytest.raises(NotFound):
            await stop_batch(batch, actor=await make.actor_of(user))
    with pytest.raises(NotFound):
        await stop_batch(uuid4(), actor=await coordinator(cast))

    assert (await job_of("ana")).stopped_at is None


async def test_failed_message_is_sent_again_with_all_its_tries(db: Settings) -> None:
    cast = await make_cast()
    [job] = await make_jobs("ana", hub_id=cast.hub.id)
    await OutboxJob.filter(id=job.id).update(
        failed_at=clock.now(), outcome="gave_up", tries=7, attempts=8, last_error="451 later"
    )

    await retry(job.id, actor=await make.actor_of(cast.admin))

    again = await job_of("ana")
    assert (again.failed_at, again.outcome, again.tries, again.last_error, again.attempts) == (None, "", 0, "", 8)
    assert again.run_at <= clock.now()
    [line] = await AuditLine.filter(act="outbox.retry")
    assert (line.object_id, line.actor_id, line.detail) == (job.id, cast.admin.id, {"kind": "note"})


async def test_message_that_has_not_failed_is_not_repeated(db: Settings) -> None:
    cast = await make_cast()
    waiting, done = await make_jobs("waiting", "done", hub_id=cast.hub.id)
    await OutboxJob.filter(id=done.id).update(done_at=clock.now(), outcome="sent")

    for job in (waiting, done):
        with pytest.raises(HasNotFailed):
            await retry(job.id, actor=await coordinator(cast))


async def test_failed_message_of_another_hub_does_not_exist(db: Settings) -> None:
    cast = await make_cast()
    [job] = await make_jobs("ana", hub_id=cast.hub.id)
    await OutboxJob.filter(id=job.id).update(failed_at=clock.now(), outcome="refused")

    for user in (cast.coordinator_elsewhere, cast.facilitator, cast.assistant, cast.monitor, cast.platform):
        with pytest.raises(NotFound):
            await retry(job.id, actor=await make.actor_of(user))

    assert (await job_of("ana")).failed_at is not None
