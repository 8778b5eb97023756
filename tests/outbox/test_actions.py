"""Messages are written in the transaction that causes them; staff stop those they caused, and repeat what failed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.outbox.make_jobs import job_of, make_jobs, until, until_settled, with_smtp, working
from tests.outbox.smtp import smtp_server
from trainings import clock, jobs
from trainings.accounts.queries import actor_of
from trainings.audit.actor import Actor
from trainings.audit.models import AuditLine
from trainings.db import transaction
from trainings.errors import NotFound
from trainings.lib.tokens import uuid7
from trainings.outbox import actions, queries
from trainings.outbox.actions import STAFF_DELAY, HasNotFailed, IsBeingSent, enqueue, retry, stop_batch
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


NewClient = Callable[[], AsyncClient]


async def signed_in(new_client: NewClient, cast: Cast) -> AsyncClient:
    browser = new_client()
    await make.sign_in(browser, cast.coordinator)
    return browser


async def test_staff_see_what_waits_and_afterwards_what_had_waited(
    db: Settings, new_client: NewClient, freeze: Freeze
) -> None:
    async with smtp_server() as gone:
        port = gone.port
    start = clock.midnight(clock.today()) + timedelta(hours=10, days=1)
    freeze(start)
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub, venue=cast.venue)
    for n in range(3):
        await make.make_registration(training, email=f"p{n}@x.example", given_names=f"Persona{n}")
    browser = await signed_in(new_client, cast)

    async with working(with_smtp(db, gone.url), jobs.COMPOSERS):
        await until(lambda: OutboxJob.exists(last_error="SMTPConnectError"))
        freeze(start + timedelta(minutes=42))
        during = await browser.get("/panel/mensajes?ver=pendientes")
        async with smtp_server(port):
            await until_settled()
    after = await browser.get("/panel/mensajes")

    assert "3 mensajes esperan" in during.text
    assert "10:00&nbsp;a. m." in during.text.replace("\xa0", "&nbsp;").replace("a.&nbsp;m.", "a. m.")
    assert "No se pudo conectar con el servidor de correo." in during.text
    assert "Se intenta cada minuto." in during.text
    assert during.text.count("lleva 42 minutos") == 3
    assert "mensajes esperan" not in after.text
    assert after.text.count("esperó 42 minutos") == 3


async def test_queue_says_when_the_next_try_is(db: Settings, freeze: Freeze) -> None:
    cast = await make_cast()
    start = clock.now()
    freeze(start)
    await make_jobs("ana", "beto", hub_id=cast.hub.id)
    await make_jobs("later", hub_id=cast.hub.id, run_at=start + timedelta(days=1))
    await OutboxJob.filter(dedup="note:later").update(created_at=start)
    for name, minutes in (("ana", 5), ("beto", 15)):
        await OutboxJob.filter(dedup=f"note:{name}").update(
            last_error="451 busy", tries=1, run_at=start + timedelta(minutes=minutes)
        )

    queue = await queries.queue(await actor_of(cast.coordinator))
    elsewhere = await queries.queue(await actor_of(cast.coordinator_elsewhere))

    assert queue is not None
    assert (queue.n_waiting, queue.next_try_at) == (2, start + timedelta(minutes=5))
    assert list(queue.reasons) == [("451 busy", 2)]
    assert elsewhere is None


async def test_what_is_being_sent_or_waits_for_its_hour_is_not_tried_by_hand(db: Settings) -> None:
    cast = await make_cast()
    actor = await actor_of(cast.coordinator)
    [job] = await make_jobs("ana", hub_id=cast.hub.id)

    with pytest.raises(HasNotFailed):
        await retry(job.id, actor=actor)
    await OutboxJob.all().update(lease_until=clock.now() + timedelta(seconds=30), last_error="451 busy")
    with pytest.raises(IsBeingSent):
        await retry(job.id, actor=actor)


async def test_page_of_a_message_that_waits_offers_to_try_now(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub, venue=cast.venue)
    registration = await make.make_registration(training, email="ana@x.example")
    job = await OutboxJob.get(subject_id=registration.id)
    await OutboxJob.filter(id=job.id).update(last_error="451 busy", tries=3, run_at=clock.now() + timedelta(hours=1))
    browser = await signed_in(new_client, cast)

    page = await browser.get(f"/panel/mensajes/{job.id}")
    done = await browser.post(f"/panel/mensajes/{job.id}/reintentar")

    assert "Intentar ahora" in page.text
    assert "Próximo intento" in page.text
    assert done.status_code == 303
    found = await OutboxJob.get(id=job.id)
    assert (found.run_at <= clock.now(), found.tries) == (True, 3)


async def test_links_asked_for_on_the_page_are_counted_while_they_wait_and_shown_to_nobody(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    freeze(clock.now())
    cast = await make_cast()
    actor = await actor_of(cast.coordinator)
    await make_jobs("cosa", kind="certificate_file")
    nothing = await queries.queue(actor)
    await make_jobs("ana", "beto", kind="my_links")
    await make_jobs("caro", hub_id=cast.hub.id)
    await OutboxJob.filter(kind="my_links").update(last_error="SMTPConnectError")

    waiting = await queries.queue(actor)
    await OutboxJob.filter(kind="note").update(done_at=clock.now())
    alone = await queries.queue(actor)

    assert nothing is None
    assert waiting is not None
    assert (waiting.n_waiting, waiting.n_of_no_hub) == (1, 2)
    assert alone is not None
    assert (alone.n_waiting, alone.n_of_no_hub, alone.reasons) == (0, 2, [("SMTPConnectError", 2)])
    assert [job.kind for job in (await queries.messages(actor, before=None, only="waiting"))[0]] == []
