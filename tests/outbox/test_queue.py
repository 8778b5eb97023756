"""What waits, seen in the panel: how many, since when, why, and when it is tried again; and what had waited."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast, make_cast
from tests.outbox.make_jobs import make_jobs, until, until_settled, with_smtp, working
from tests.outbox.smtp import smtp_server
from trainings import clock, jobs
from trainings.accounts.queries import actor_of
from trainings.outbox import queries
from trainings.outbox.actions import HasNotFailed, IsBeingSent, retry
from trainings.outbox.models import OutboxJob
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
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


async def test_what_waits_for_its_next_try_is_tried_now_by_hand(db: Settings, freeze: Freeze) -> None:
    cast = await make_cast()
    actor = await actor_of(cast.coordinator)
    freeze(clock.now())
    [job] = await make_jobs("ana", hub_id=cast.hub.id)
    await OutboxJob.all().update(last_error="451 busy", tries=3, run_at=clock.now() + timedelta(hours=3))

    await retry(job.id, actor=actor)

    found = await OutboxJob.get(id=job.id)
    assert (found.run_at, found.tries) == (clock.now(), 3)


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
    await OutboxJob.filter(id=job.id).update(last_error="451 busy", run_at=clock.now() + timedelta(hours=1))
    browser = await signed_in(new_client, cast)

    page = await browser.get(f"/panel/mensajes/{job.id}")
    done = await browser.post(f"/panel/mensajes/{job.id}/reintentar")

    assert "Intentar ahora" in page.text
    assert "Próximo intento" in page.text
    assert done.status_code == 303
    assert (await OutboxJob.get(id=job.id)).run_at <= clock.now()


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
