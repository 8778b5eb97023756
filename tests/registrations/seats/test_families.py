"""A family signs up together: what is kept for whom, and by what each is known."""

from __future__ import annotations

from typing import Any

import pytest

from tests import make
from tests.registrations.wishes import places_of
from trainings.audit.actor import VISITOR
from trainings.db import keyring
from trainings.errors import Refusal
from trainings.people.actions import GuardianContact
from trainings.people.forms import PersonForm
from trainings.people.models import Assent, Consent, ConsentPurpose, Guardian, Participant, Relation
from trainings.registrations.commands import Member, SignUp
from trainings.registrations.eligibility import AdultsOnly, MinorAlone, NoAssent, NotForYou, TooYoung
from trainings.registrations.models import LinkScope, OwnLink, Registration
from trainings.registrations.seats.actions import sign_up
from trainings.schedule.models import Training
from trainings.settings import Settings

ALL = frozenset({ConsentPurpose.DATA, ConsentPurpose.CONTACT, ConsentPurpose.PHOTO})
MOTHER = GuardianContact("Rosa Coc", Relation.MADRE, "+50255551234")


def member(given_names: str, **fields: Any) -> Member:
    assents = fields.pop("assents", True)
    about = {"given_names": given_names, "surnames": "Coc", "municipality": "0000", "actor_type": "familia"}
    person = PersonForm.model_validate(about | fields)
    return Member(person, has_assented=assents and person.age_group is not None)


def family(*more: Member, guardian: GuardianContact | None = MOTHER, **fields: Any) -> SignUp:
    """Rosa, reached at 5555 1234, and others."""
    return SignUp((member("Rosa", phone="+50255551234"), *more), ALL, guardian=guardian, **fields)


async def for_minors(**fields: Any) -> Training:
    return await make.make_training(admits_minors=True, **fields)


async def test_family_gets_one_link_each_adult_one_more_and_minors_a_guardian(db: Settings) -> None:
    training = await for_minors(childcare_capacity=2)

    done = await sign_up(
        training.id, family(member("Luis"), member("Diego", age_group="14-17"), childcare_places=2), actor=VISITOR
    )

    assert await places_of(training) == (3, 2)
    links = await OwnLink.filter(group_id=done.group_id).order_by("id")
    rosa, luis, diego = done.registration_ids
    assert [(one.scope, one.registration_id) for one in links] == [
        (LinkScope.GROUP, None),
        (LinkScope.PERSON, rosa),
        (LinkScope.PERSON, luis),
    ]
    assert done.token == links[0].token
    guardian = await Guardian.get()
    child = (await Registration.get(id=diego)).participant_id
    assert (guardian.participant_id, guardian.name, guardian.relation) == (child, "Rosa Coc", Relation.MADRE)
    assert (await Assent.get()).participant_id == child


async def test_minor_is_known_by_the_contact_of_the_guardian_and_keeps_none(db: Settings) -> None:
    training = await for_minors()
    grandmother = GuardianContact("Elvira Xol", Relation.ABUELO, "+50244440000", "elvira@example.org")
    diego = member("Diego", age_group="12-13", phone="+50233330000", email="diego@example.org")

    await sign_up(training.id, family(diego, guardian=grandmother), actor=VISITOR)

    child = await Participant.get(given_names="Diego")
    assert (child.phone, child.email) == (None, None)
    assert child.phone_key == keyring().blind_index("+50244440000", "phone")
    assert child.email_key == keyring().blind_index("elvira@example.org", "email")
    assert (await Guardian.get()).phone == "+50244440000"


async def test_who_fills_the_form_consents_for_the_others_only_to_keeping_the_data(db: Settings) -> None:
    training = await make.make_training()

    await sign_up(training.id, family(member("Luis")), actor=VISITOR)

    given: dict[str, set[str]] = {}
    for consent in await Consent.all().prefetch_related("participant"):
        given.setdefault(consent.participant.given_names, set()).add(consent.purpose.value)
    assert given == {"Rosa": {"data", "contact", "photo"}, "Luis": {"data"}}


async def test_minor_s_photo_is_permitted_by_nobody(db: Settings) -> None:
    training = await for_minors()

    await sign_up(training.id, family(member("Diego", age_group="14-17")), actor=VISITOR)

    child = await Participant.get(given_names="Diego")
    assert await Consent.filter(participant_id=child.id).count() == 0


REFUSED: list[tuple[dict[str, Any], Member, GuardianContact | None, type[Refusal], str]] = [
    ({}, member("Diego", age_group="14-17"), MOTHER, AdultsOnly, "members-1-age_group"),
    (
        {"admits_minors": True, "minimum_age": 14},
        member("Diego", age_group="12-13"),
        MOTHER,
        TooYoung,
        "members-1-age_group",
    ),
    ({"admits_minors": True}, member("Diego", age_group="14-17"), None, MinorAlone, "guardian_name"),
    ({"admits_minors": True}, member("Diego", age_group="14-17", assents=False), MOTHER, NoAssent, "members-1-assent"),
    ({"audience": ["docente"]}, member("Luis", actor_type="docente"), None, NotForYou, "actor_type"),
]


@pytest.mark.parametrize(("settings", "second", "guardian", "refusal", "field"), REFUSED)
async def test_whom_a_training_is_not_for_is_told_why_at_the_field_and_nothing_is_kept(
    sqlite_db: Settings,
    settings: dict[str, Any],
    second: Member,
    guardian: GuardianContact | None,
    refusal: type[Refusal],
    field: str,
) -> None:
    training = await make.make_training(**settings)

    with pytest.raises(refusal) as refused:
        await sign_up(training.id, family(second, guardian=guardian), actor=VISITOR)

    assert refused.value.field == field
    assert await Participant.all().count() == 0
