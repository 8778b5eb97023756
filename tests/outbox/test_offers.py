"""What the sending of a message starts: the time to answer an offer; and the answers to support needs."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from tests import make
from tests.outbox.make_jobs import a_mail, ends, make_jobs, until_settled, with_smtp, working
from tests.outbox.smtp import Peer
from tests.outbox.told import FRIDAY, Freeze, a_training, everything, last_mail, tell
from tests.registrations.families import group_of
from trainings import jobs
from trainings.audit.actor import PROGRAM
from trainings.outbox.mailer import Mail
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions
from trainings.registrations.seats.waiting import mark_reached
from trainings.settings import Settings


@pytest.fixture(autouse=True)
def _on_friday(freeze: Freeze) -> None:
    freeze(FRIDAY)


async def an_offer() -> Registration:
    """Ana is offered a place for twelve hours; the message waits."""
    training = await a_training(capacity=0, offer_hours=12)
    ana = await make.make_registration(training, given_names="Ana", email="ana@x.example")
    await OutboxJob.all().delete()
    await actions.resize(training.id, 1, 0, actor=PROGRAM)
    return ana


async def test_time_to_answer_runs_from_when_the_mail_server_took_the_message(db: Settings, peer: Peer) -> None:
    ana = await an_offer()

    async with working(with_smtp(db, peer.url), jobs.COMPOSERS):
        await until_settled()

    group = await group_of(ana)
    assert peer.recipients() == ["ana@x.example"]
    assert (group.reached_at, group.offered_until) == (FRIDAY, FRIDAY + timedelta(hours=12))


async def test_message_that_reached_nobody_starts_no_time(db: Settings, peer: Peer) -> None:
    ana = await an_offer()
    peer.to_recipient["ana@x.example"] = ["550 5.1.1 no such mailbox"]

    async with working(with_smtp(db, peer.url), jobs.COMPOSERS):
        await until_settled()

    assert (await group_of(ana)).reached_at is None


async def test_message_that_is_kept_for_want_of_a_server_starts_no_time(db: Settings) -> None:
    ana = await an_offer()

    async with working(db, jobs.COMPOSERS):
        await until_settled()

    assert (await OutboxJob.get(kind="registration_offered")).outcome == "kept"
    assert (await group_of(ana)).reached_at is None


async def test_offer_after_a_call_tells_the_time_that_runs_already(db: Settings, freeze: Freeze) -> None:
    ana = await an_offer()
    await mark_reached(ana.group_id, actor=PROGRAM)
    freeze(FRIDAY + timedelta(hours=2))

    assert "Diga sí antes del viernes 5 de marzo, 8:30 p. m." in (await last_mail("registration_offered")).text


async def test_bug_in_what_follows_does_not_send_again(sqlite_db: Settings, peer: Peer) -> None:
    async def compose(job: OutboxJob) -> Mail:
        return a_mail(job.payload["name"], on_sent=fail)

    async def fail() -> None:
        raise ZeroDivisionError

    await make_jobs("ana")

    async with working(with_smtp(sqlite_db, peer.url), {"note": compose}):
        await until_settled()
        await asyncio.sleep(0)

    assert await ends() == {"ana": "sent"}
    assert len(peer.accepted) == 1


# -- support needs


async def with_needs(stored: str) -> Mail:
    ana = await make.make_registration(await a_training(), email="ana@x.example", needs=("ramp", "food"))
    ana.needs = stored
    await ana.save(update_fields=["needs"])
    return await tell(ana, "need_answered")


async def test_answer_says_which_support_there_is_and_which_not(db: Settings) -> None:
    mail = await with_needs("ramp=arranged,food=impossible,interpreter")

    assert not mail.is_overtaken
    assert mail.subject == "Sobre el apoyo que pidió: sábado 6 de marzo, 8:30 a. m."
    assert "Entrada sin gradas: sí, está arreglado." in mail.text
    assert "Alimentación especial: esta vez no se puede." in mail.text
    assert "Intérprete" not in everything(mail)


async def test_answer_that_was_taken_back_is_not_sent(db: Settings) -> None:
    assert (await with_needs("ramp,food")).is_overtaken
