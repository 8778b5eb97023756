"""Somebody who was here before: an earlier ticket, certificate or own link makes them the same person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.certificates.held import AFTER, a_diploma
from tests.registrations.wishes import ROSA, link_of, wish
from trainings import clock
from trainings.audit.actor import VISITOR
from trainings.lib import tokens
from trainings.people.actions import GuardianContact
from trainings.people.forms import PersonForm
from trainings.people.models import Assent, Consent, ConsentPurpose, Guardian, Merge, MergeReason, Participant, Relation
from trainings.registrations.commands import Member, SignUp
from trainings.registrations.desk.look_alikes import look_alikes_in
from trainings.registrations.models import Registration
from trainings.registrations.seats.actions import sign_up
from trainings.registrations.telling.contacts import addresses_of
from trainings.schedule.models import Training
from trainings.settings import Settings


async def rosa_at(training: Training, **fields: str) -> Registration:
    made = await sign_up(training.id, wish(**{"municipality": "1705", **fields}), actor=VISITOR)
    return await Registration.get(id=made.registration_id).prefetch_related("participant")


async def codes_of(registration: Registration) -> dict[str, str]:
    """Every code that stands for a registration."""
    assert registration.qr_token
    token = await link_of(registration)
    return {
        "short": tokens.show_short_code(registration.short_code),
        "qr": registration.qr_token,
        "link": token,
        "address": f"https://ventanillas.example/i/{token}",
    }


async def test_returning_person_with_an_earlier_code_is_the_same_participant(db: Settings) -> None:
    await make.make_municipality()
    first = await rosa_at(await make.make_training(), phone=ROSA["phone"])

    for code, typed in (await codes_of(first)).items():
        second = await rosa_at(await make.make_training(), given_names="ROSA amália", earlier_code=typed)

        assert second.participant_id == first.participant_id, code
    assert await Participant.all().count() == 1
    assert await Consent.filter(participant_id=first.participant_id).count() == 5


async def test_returning_person_with_a_certificate_code_is_the_same_participant(db: Settings) -> None:
    with clock.frozen(AFTER):
        diploma = await a_diploma()
    held = await Registration.get(id=diploma.registration_id).prefetch_related("participant")
    person = held.participant
    names = {"given_names": person.given_names, "surnames": person.surnames}

    second = await rosa_at(await make.make_training(), earlier_code=diploma.code, **names)

    assert second.participant_id == person.id


@pytest.mark.parametrize(
    "other",
    [
        {"given_names": "Ana", "surnames": "Pop"},
        {"phone": "+50244440000"},
        {"email": "alguien@correo.example"},
    ],
)
async def test_a_code_with_another_name_or_contact_opens_and_changes_nobody(
    db: Settings, other: dict[str, str]
) -> None:
    await make.make_municipality()
    first = await rosa_at(await make.make_training(), phone=ROSA["phone"])

    second = await rosa_at(await make.make_training(), earlier_code=first.short_code, **other)

    assert second.participant_id != first.participant_id
    known = await Participant.get(id=first.participant_id)
    assert (known.phone, known.email) == (ROSA["phone"], None)


async def test_an_unknown_code_is_an_ordinary_sign_up(client: AsyncClient) -> None:
    await make.make_municipality()
    training = await make.make_training()
    fields = {"given_names": "Rosa", "surnames": "Coc", "municipality": "1705", "actor_type": "otro"}

    for typed in ("K7Q2-9XMD-C", "no es un código", "' OR 1=1 --", "Á" * 300):
        client.cookies.clear()
        code = {"consent_data": "yes", "earlier_code": typed}
        answer = await client.post(f"/capacitaciones/{training.slug}/inscripcion", data=fields | code)
        assert answer.status_code == 303, typed
    assert await Participant.all().count() == 4


async def test_earlier_code_with_the_contact_opens_the_sign_up_that_stands(db: Settings) -> None:
    await make.make_municipality()
    training = await make.make_training(capacity=5)
    first = await rosa_at(training, phone=ROSA["phone"])
    again = wish(municipality="1705", earlier_code=first.short_code, phone=ROSA["phone"])

    done = await sign_up(training.id, again, actor=VISITOR)

    assert (done.is_new, done.registration_id) == (False, first.id)
    assert f"/i/{done.token}" == await link_of(first)
    assert (await Training.get(id=training.id)).taken == 1


async def test_own_link_typed_for_another_sign_up_opens_the_one_that_stands(db: Settings) -> None:
    await make.make_municipality()
    training = await make.make_training(capacity=5)
    first = await rosa_at(training, phone=ROSA["phone"])

    again = wish(municipality="1705", earlier_code=f"https://localhost{await link_of(first)}")

    assert (await sign_up(training.id, again, actor=VISITOR)).registration_id == first.id


async def test_code_on_paper_without_the_contact_opens_nothing(db: Settings) -> None:
    await make.make_municipality()
    training = await make.make_training(capacity=5)
    first = await rosa_at(training, phone=ROSA["phone"])

    second = await rosa_at(training, earlier_code=first.short_code)

    assert second.participant_id != first.participant_id
    assert (await Training.get(id=training.id)).taken == 2


async def test_link_of_whom_staff_merged_with_another_opens_nothing_of_hers(db: Settings) -> None:
    await make.make_municipality()
    training, before = await make.make_training(), await make.make_training()
    rosa, curious = await rosa_at(training, phone=ROSA["phone"]), await rosa_at(before, phone=ROSA["phone"])
    await Participant.filter(id=curious.participant_id).update(merged_into_id=rosa.participant_id)
    await Merge.create(
        kept_id=rosa.participant_id,
        merged_id=curious.participant_id,
        reason=MergeReason.SAME_CONTACT,
        merged_by_id=(await make.make_user()).id,
    )

    again = wish(municipality="1705", phone=ROSA["phone"], earlier_code=await link_of(curious))
    done = await sign_up(training.id, again, actor=VISITOR)

    assert done.is_new
    assert f"/i/{done.token}" != await link_of(rosa)
    assert await look_alikes_in([training.id]) == {done.registration_id}


async def test_family_that_comes_with_an_earlier_code_loses_nobody(db: Settings) -> None:
    await make.make_municipality()
    training = await make.make_training(capacity=5)
    first = await rosa_at(training, phone=ROSA["phone"])
    own, other = (
        wish(**names, municipality="1705", phone=ROSA["phone"]).members[0] for names in ({}, {"given_names": "Ana"})
    )

    await sign_up(
        training.id,
        SignUp((own, other), frozenset({ConsentPurpose.DATA}), earlier_code=first.short_code),
        actor=VISITOR,
    )

    assert (await Training.get(id=training.id)).taken == 3


@pytest.mark.parametrize(
    ("contact", "expected"),
    [({}, {"data"}), ({"phone": ROSA["phone"]}, {"data", "contact", "photo"})],
)
async def test_a_code_without_the_contact_gives_no_further_permission(
    db: Settings, contact: dict[str, str], expected: set[str]
) -> None:
    await make.make_municipality()
    first = await rosa_at(await make.make_training(), phone=ROSA["phone"])
    before = await Consent.filter(participant_id=first.participant_id).values_list("id", flat=True)
    training = await make.make_training()
    again = replace(
        wish(municipality="1705", earlier_code=first.short_code, **contact), purposes=frozenset(ConsentPurpose)
    )

    await sign_up(training.id, again, actor=VISITOR)

    added = Consent.filter(participant_id=first.participant_id).exclude(id__in=list(before))
    assert {consent.purpose.value for consent in await added} == expected


# -- minors


def child(age_group: str = "14-17", **how: Any) -> SignUp:
    """Diego, whose grandmother may be called, with all that can be agreed to."""
    about = {"given_names": "Diego", "surnames": "Coc", "municipality": "0000", "actor_type": "juventud"}
    member = Member(PersonForm.model_validate(about | {"age_group": age_group}), has_assented=True)
    guardian = GuardianContact("Elvira Xol", Relation.ABUELO, phone="+50255551234", email="elvira@correo.example")
    return SignUp((member,), frozenset(ConsentPurpose), guardian=guardian, **how)


async def two_trainings() -> list[Training]:
    return [await make.make_training(admits_minors=True, minimum_age=12) for _n in range(2)]


async def test_returning_minor_is_permitted_and_assents_again_and_is_never_photographed(db: Settings) -> None:
    first_training, second_training = await two_trainings()
    first = await Registration.get(id=(await sign_up(first_training.id, child(), actor=VISITOR)).registration_id)

    again = await sign_up(second_training.id, child(earlier_code=first.short_code), actor=VISITOR)

    second = await Registration.get(id=again.registration_id).prefetch_related("participant")
    assert second.participant_id == first.participant_id
    assert await Guardian.filter(participant_id=first.participant_id).count() == 2
    assert await Assent.filter(participant_id=first.participant_id).count() == 2
    assert await Consent.all().count() == 0
    assert (await addresses_of([second.participant]))[second.participant.id] == "elvira@correo.example"


@pytest.mark.parametrize(("before", "now"), [("14-17", "25-34"), ("25-34", "14-17")])
async def test_code_of_a_minor_means_no_adult_and_the_other_way_round(db: Settings, before: str, now: str) -> None:
    first_training, second_training = await two_trainings()
    first = await Registration.get(id=(await sign_up(first_training.id, child(before), actor=VISITOR)).registration_id)

    again = await sign_up(second_training.id, child(now, earlier_code=first.short_code), actor=VISITOR)

    second = await Registration.get(id=again.registration_id)
    assert second.participant_id != first.participant_id
