"""An address that the mail server refuses for good: remembered, shown to the desk, forgotten once it is corrected."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.outbox.make_jobs import until_settled, with_smtp, working
from tests.outbox.smtp import Peer
from tests.registrations.families import make_family, people_of
from trainings import jobs
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.outbox.models import OutboxJob
from trainings.people.actions import GuardianContact
from trainings.people.models import Guardian, Participant, Relation
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions
from trainings.registrations.telling.contacts import (
    NoGuardian,
    addresses_of,
    correct_email,
    mark_accepted,
    mark_refused,
)
from trainings.settings import Settings

NewClient = Callable[[], AsyncClient]
MOTHER = GuardianContact("Elena Tiul", Relation.MADRE, email="elena@x.example")


async def refused(registration: Registration) -> bool:
    return (await Participant.get(id=registration.participant_id)).email_refused_at is not None


async def test_address_refused_with_550_is_marked_and_no_other(db: Settings, peer: Peer) -> None:
    training = await make.make_training()
    ana = await make.make_registration(training, email="ana@x.example")
    beto = await make.make_registration(training, given_names="Beto", surnames="Coc", email="beto@x.example")
    cora = await make.make_registration(training, given_names="Cora", surnames="Xol", email="cora@x.example")
    peer.to_recipient["ana@x.example"] = ["550 5.1.1 unknown user"]
    peer.to_recipient["beto@x.example"] = ["552 5.2.2 mailbox full"]

    async with working(with_smtp(db, peer.url), jobs.COMPOSERS):
        await until_settled()

    assert [await refused(one) for one in (ana, beto, cora)] == [True, False, False]
    assert await OutboxJob.filter(outcome="refused").count() == 2
    assert await OutboxJob.filter(outcome="sent").count() == 1


async def test_address_that_takes_mail_again_is_free_for_all_who_are_written_to_by_it(db: Settings, peer: Peer) -> None:
    training = await make.make_training(admits_minors=True)
    _ana, luz = await make_family(training, "Ana", children=["Luz"], email="ana@x.example", guardian=MOTHER)
    beto = await make.make_registration(training, given_names="Beto", surnames="Coc", email="beto@x.example")
    for address in ("ana@x.example", "elena@x.example", "beto@x.example"):
        await mark_refused(address)
    await OutboxJob.all().delete()
    # New people with these addresses, of whom no mark is known; one message is refused for another reason.
    peer.to_recipient["beto@x.example"] = ["552 5.2.2 mailbox full"]
    for address in ("ana@x.example", "beto@x.example"):
        await make.make_registration(training, given_names="Eva", surnames="Pop", email=address)

    async with working(with_smtp(db, peer.url), jobs.COMPOSERS):
        await until_settled()

    assert [await refused(one) for one in (_ana, luz, beto)] == [False, True, True]
    await mark_accepted("elena@x.example")
    assert not await refused(luz)
    assert (await Guardian.get(participant_id=luz.participant_id)).email_refused_at is None


@pytest.mark.both_engines
async def test_corrected_address_is_free_for_all_of_the_form(db: Settings) -> None:
    training = await make.make_training(admits_minors=True)
    ana, beto = await make_family(training, "Ana", "Beto", email="ana@x.example")
    await mark_refused("ana@x.example")
    assert await refused(ana)

    await correct_email(ana.id, "ana@correcto.example", actor=PROGRAM)

    for one in await people_of(ana.group_id):
        assert not await refused(one)
        assert one.participant.email == "ana@correcto.example"
        assert one.participant.email_key is not None
    assert (await AuditLine.filter(act="registrations.correct_email").get()).detail == {"people": 2, "has_email": True}
    assert await refused(beto) is False


async def test_corrected_address_of_a_minor_is_the_guardian_s(db: Settings) -> None:
    training = await make.make_training(admits_minors=True)
    _ana, luz = await make_family(training, "Ana", children=["Luz"], guardian=MOTHER)
    await mark_refused("elena@x.example")
    assert (await Guardian.get(participant_id=luz.participant_id)).email_refused_at is not None

    await correct_email(luz.id, "elena@correcto.example", actor=PROGRAM)

    person = await Participant.get(id=luz.participant_id)
    assert person.email is None
    assert (await addresses_of([person]))[person.id] == "elena@correcto.example"
    assert (await Guardian.get(participant_id=person.id)).email_refused_at is None


async def test_who_leaves_the_family_with_another_address_is_free_too(db: Settings) -> None:
    training = await make.make_training()
    ana, beto = await make_family(training, "Ana", "Beto", email="ana@x.example")
    await mark_refused("ana@x.example")

    await actions.detach(beto.id, phone=None, email="beto@x.example", actor=PROGRAM)

    assert [await refused(one) for one in (ana, beto)] == [True, False]


async def test_minor_without_a_guardian_is_given_no_address(db: Settings) -> None:
    training = await make.make_training(admits_minors=True)
    _ana, luz = await make_family(training, "Ana", children=["Luz"])
    await Guardian.filter(participant_id=luz.participant_id).delete()

    with pytest.raises(NoGuardian):
        await correct_email(luz.id, "luz@x.example", actor=PROGRAM)


async def test_desk_sees_the_mark_and_corrects_the_address(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub, venue=cast.venue, facilitators=[cast.facilitator])
    ana = await make.make_registration(training, email="ana@x.example")
    await mark_refused("ana@x.example")
    desk, door = new_client(), new_client()
    await make.sign_in(desk, cast.assistant)
    await make.sign_in(door, cast.facilitator)
    path = f"/panel/inscripciones/{ana.id}"

    before = await desk.get(path)
    at_the_door = await door.get(path)
    wrong = await desk.post(f"{path}/datos", data={"address": "ana arroba x"})
    done = await desk.post(f"{path}/datos", data={"address": "ana@correcto.example"})
    after = await desk.get(path)

    assert "No recibe: el correo lo rechazó" in before.text
    assert "No recibe" not in at_the_door.text
    assert wrong.status_code == 422
    assert done.status_code == 303
    assert "No recibe" not in after.text
    assert "ana@correcto.example" in after.text
    assert (await door.post(f"{path}/datos", data={"address": "x@x.example"})).status_code == 403
