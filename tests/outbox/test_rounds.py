"""Messages of a round are read together; what changed before a message's turn is seen before it leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

import pytest

from tests import make
from tests.counting import statements
from tests.outbox.make_jobs import a_mail, make_jobs, until, until_settled, with_smtp, working
from tests.outbox.smtp import Peer
from tests.outbox.told import FRIDAY, Freeze, a_training, announced, call_off, cancel, end_later_than_known
from trainings import clock, jobs
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.outbox.mailer import Draft, Together
from trainings.outbox.models import OutboxJob, Outcome
from trainings.people.models import Participant
from trainings.registrations.links import renew_link
from trainings.registrations.models import OwnLink, Registration
from trainings.registrations.telling import message_facts
from trainings.registrations.telling.contacts import Mailbox, read_mailboxes
from trainings.registrations.telling.message_facts import gather_facts
from trainings.settings import Settings

CONFIRMED = "registration_confirmed"


@pytest.fixture(autouse=True)
def _on_friday(freeze: Freeze) -> None:
    freeze(FRIDAY)


async def waiting() -> Sequence[OutboxJob]:
    return await OutboxJob.filter(kind=CONFIRMED).order_by("id")


async def test_a_round_takes_as_many_statements_as_a_message(sqlite_db: Settings) -> None:
    training = await a_training()
    for number in range(12):
        await make.make_registration(training, email=f"p{number}@x.example")
    found = await waiting()

    counted = []
    for some in (found[:1], found):
        with statements() as sent:
            facts = await gather_facts(some)
        assert facts.keys() == {job.id for job in some}
        counted.append(len(sent))

    assert counted[0] == counted[1] <= 12


async def new_address(registration: Registration) -> None:
    person = await Participant.get(id=registration.participant_id)
    person.email, person.email_key = "otra@x.example", "another key"
    await person.save(update_fields=["email", "email_key"])


async def move(registration: Registration) -> None:
    async with transaction():
        await end_later_than_known(registration.training_id)


async def revoke(registration: Registration) -> None:
    await OwnLink.filter(registration_id=registration.id).update(revoked_at=clock.now())


async def change_link(registration: Registration) -> None:
    await renew_link(registration.id, (await OwnLink.get(registration_id=registration.id)).id, actor=PROGRAM)


async def say_it_again(registration: Registration) -> None:
    await announced(registration, CONFIRMED)


@pytest.mark.parametrize("meanwhile", [cancel, call_off, new_address, move, revoke, change_link, say_it_again])
async def test_message_read_before_a_change_does_not_leave(
    db: Settings, meanwhile: Callable[[Registration], Awaitable[None]]
) -> None:
    training = await a_training()
    registration = await make.make_registration(training, email="ana@x.example")
    other = await make.make_registration(await a_training(), email="beto@x.example")
    composer = jobs.COMPOSERS[CONFIRMED]
    assert isinstance(composer, Together)
    found = await waiting()
    drafts = await composer.drafts(found)

    await meanwhile(registration)

    leaves = {}
    for job in found[:2]:
        mail = drafts[job.id]()
        assert mail
        assert mail.on_leaving
        leaves[job.subject_id] = await mail.on_leaving()
    assert leaves == {registration.id: False, other.id: True}


@pytest.mark.parametrize("meanwhile", [cancel, new_address, revoke])
async def test_change_while_a_round_is_read_is_seen_too(
    db: Settings, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[Registration], Awaitable[None]]
) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    read = read_mailboxes

    async def read_and_change(found: Sequence[Registration]) -> dict[UUID, Mailbox]:
        mailboxes = await read(found)
        await meanwhile(registration)
        return mailboxes

    monkeypatch.setattr(message_facts, "read_mailboxes", read_and_change)
    mail = await jobs.COMPOSERS[CONFIRMED]((await waiting())[0])

    assert mail
    assert mail.on_leaving
    assert not await mail.on_leaving()


@pytest.mark.parametrize("first", [CONFIRMED, "registration_promoted"])
async def test_change_that_an_earlier_message_of_the_round_told_is_not_told_again(
    db: Settings, peer: Peer, first: str
) -> None:
    registration = await make.make_registration(await a_training(), email="ana@x.example")
    await OutboxJob.all().delete()
    await announced(registration, first)
    await announced(registration, "training_changed")

    async with working(with_smtp(db, peer.url), jobs.COMPOSERS):
        await until_settled()

    ends = [(one.kind, one.outcome) for one in await OutboxJob.all().order_by("id")]
    assert ends == [(first, Outcome.SENT), ("training_changed", Outcome.OVERTAKEN)]


async def test_who_leaves_while_a_round_is_sent_is_told_that_alone(db: Settings, peer: Peer) -> None:
    training = await a_training()
    people = [await make.make_registration(training, email=f"p{number}@x.example") for number in range(4)]
    composer = jobs.COMPOSERS[CONFIRMED]
    assert isinstance(composer, Together)

    async def drafts(found: Sequence[OutboxJob]) -> Mapping[UUID, Draft]:
        read = await composer.drafts(found)
        if len(found) > 1:
            await cancel(people[2])
        return read

    async with working(with_smtp(db, peer.url), {CONFIRMED: Together(drafts)}):
        await until_settled()

    assert peer.recipients() == ["p0@x.example", "p1@x.example", "p3@x.example"]
    [late] = await OutboxJob.filter(subject_id=people[2].id)
    assert (late.outcome, late.attempts, late.tries) == (Outcome.OVERTAKEN, 2, 0)


async def test_job_that_cannot_be_read_stops_no_other_of_its_round(db: Settings, peer: Peer) -> None:
    async def drafts(found: Sequence[OutboxJob]) -> Mapping[UUID, Draft]:
        names = [job.payload["name"] for job in found]
        if "bad" in names:
            raise ValueError(names)
        return {job.id: lambda name=name: a_mail(name) for job, name in zip(found, names, strict=True)}  # type: ignore[misc]

    async def has_failed() -> bool:
        return len(peer.accepted) == 2 and await OutboxJob.exists(tries=1)

    await make_jobs("ana", "bad", "beto")
    async with working(with_smtp(db, peer.url), {"note": Together(drafts)}):
        await until(has_failed)

    assert peer.recipients() == ["ana@x.example", "beto@x.example"]
