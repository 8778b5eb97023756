"""A number that was written down wrong rings at a stranger's: the desk corrects it, for all who are called together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import make_cast
from tests.registrations.families import make_family, people_of
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.people.models import Guardian, Participant
from trainings.registrations.links import claim_link
from trainings.registrations.models import OwnLink
from trainings.registrations.telling.contacts import NoGuardian, correct_phone
from trainings.settings import Settings

NewClient = Callable[[], AsyncClient]
WRONG, RIGHT = "+50255551234", "+50255554321"


async def test_corrected_number_is_that_of_the_whole_form_but_of_who_has_a_link_of_their_own(db: Settings) -> None:
    training = await make.make_training(admits_minors=True)
    ana, _beto, cora, luz = await make_family(training, "Ana", "Beto", "Cora", children=["Luz"], phone=WRONG)
    link = await OwnLink.get(registration_id=cora.id)
    assert link.token
    await claim_link(link.token, tokens.own_link(), actor=HOLDER_OF_LINK)

    await correct_phone(ana.id, RIGHT, actor=PROGRAM)

    family = await people_of(ana.group_id)
    assert [one.participant.phone for one in family] == [RIGHT, RIGHT, WRONG, None]
    assert family[3].participant.phone_key == family[0].participant.phone_key != family[2].participant.phone_key
    assert (await Guardian.get(participant_id=luz.participant_id)).phone == RIGHT
    assert (await AuditLine.get(act="registrations.correct_phone")).detail == {"people": 3, "has_phone": True}


async def test_number_of_a_minor_is_the_guardian_s_and_goes_nowhere_without_one(db: Settings) -> None:
    training = await make.make_training(admits_minors=True)
    ana, luz = await make_family(training, "Ana", children=["Luz"])

    await correct_phone(luz.id, RIGHT, actor=PROGRAM)
    guardian = await Guardian.get(participant_id=luz.participant_id)
    await Guardian.all().delete()

    assert guardian.phone == RIGHT
    assert (await Participant.get(id=luz.participant_id)).phone is None
    assert (await Participant.get(id=ana.participant_id)).phone is None
    with pytest.raises(NoGuardian):
        await correct_phone(luz.id, WRONG, actor=PROGRAM)


async def test_other_guardian_of_the_same_minor_keeps_their_number(db: Settings) -> None:
    training = await make.make_training(admits_minors=True)
    ana, luz = await make_family(training, "Ana", children=["Luz"], phone=WRONG)
    mother = await Guardian.get(participant_id=luz.participant_id)
    grandmother = mother.clone(pk=tokens.uuid7())
    grandmother.name, grandmother.phone = "Tomasa", "+50250000001"
    await grandmother.save(force_create=True)

    await correct_phone(ana.id, RIGHT, actor=PROGRAM)

    numbers = {one.name: one.phone for one in await Guardian.all()}
    assert numbers == {mother.name: RIGHT, "Tomasa": "+50250000001"}


async def test_guardian_who_was_not_reached_by_the_old_number_is_by_the_new_one(db: Settings) -> None:
    training = await make.make_training(admits_minors=True)
    _ana, luz, sol = await make_family(training, "Ana", children=["Luz", "Sol"], phone=WRONG)
    odd = await Guardian.get(participant_id=sol.participant_id)
    odd.phone = "+50250000001"
    await odd.save(update_fields=["phone"])

    await correct_phone(sol.id, RIGHT, actor=PROGRAM)

    numbers = dict(await Guardian.all().values_list("participant_id", "id"))
    found = {key: (await Guardian.get(id=one)).phone for key, one in numbers.items()}
    assert found == {luz.participant_id: RIGHT, sol.participant_id: RIGHT}


async def test_two_of_one_form_are_corrected_at_once_then_neither_waits_for_the_other(postgres_db: Settings) -> None:
    training = await make.make_training(capacity=200)
    family = await make_family(training, "Ana", "Beto", "Cora", "Dora", phone=WRONG)
    for _ in range(10):
        await asyncio.gather(*(correct_phone(family[n].id, WRONG, actor=PROGRAM) for n in (0, 3, 1, 2)))
    assert await AuditLine.filter(act="registrations.correct_phone").count() == 40


async def test_desk_corrects_a_number_and_takes_it_away(new_client: NewClient) -> None:
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub, venue=cast.venue, facilitators=[cast.facilitator])
    ana = await make.make_registration(training, given_names="Ana", phone=WRONG)
    desk, door = new_client(), new_client()
    await make.sign_in(desk, cast.assistant)
    await make.sign_in(door, cast.facilitator)
    path = f"/panel/inscripciones/{ana.id}"

    wrong = await desk.post(f"{path}/datos", data={"number": "5555"})
    corrected = await desk.post(f"{path}/datos", data={"number": "5555 4321"})
    after = await desk.get(path)
    taken_away = await desk.post(f"{path}/datos", data={"number": ""})
    without = await desk.get(path)

    assert (wrong.status_code, corrected.status_code, taken_away.status_code) == (422, 303, 303)
    assert "Escriba los 8 números del teléfono" in wrong.text
    assert 'value="5555"' in wrong.text
    assert f'href="tel:{RIGHT}"' in after.text
    assert "Desde ahora se le llama a ese teléfono." in after.text
    assert "Ya no se le llama a ningún teléfono." in without.text
    person = await Participant.get(id=ana.participant_id)
    assert (person.phone, person.phone_key) == (None, None)
    assert (await door.post(f"{path}/datos", data={"number": "5555 4321"})).status_code == 403
