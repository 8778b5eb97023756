"""Families as the tests make them: several people of one form, with one contact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.make import kept
from trainings.audit.actor import PROGRAM
from trainings.db import transaction
from trainings.lib import tokens
from trainings.people.actions import GuardianContact
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose, Participant, Relation
from trainings.registrations.commands import Member, SignUp
from trainings.registrations.models import LinkScope, OwnLink, Registration, RegistrationGroup, Source
from trainings.registrations.seats.actions import sign_up
from trainings.schedule.models import Training


@kept
async def make_family(
    training: Training,
    *names: str,
    children: Sequence[str] = (),
    email: str = "",
    phone: str = "",
    guardian: GuardianContact | None = None,
    childcare_places: int = 0,
    source: Source = Source.WEB,
) -> list[Registration]:
    """Adults and `children` (of 15) with the surnames Coc Xol sign up together; in the order of the form, loaded.

    Without a guardian named, the first adult is the children's mother.
    """
    contact = {"phone": phone or None, "email": email or None}
    adults = [Member(_person(name, contact)) for name in names]
    minors = [Member(_person(name, {"age_group": "14-17"}), has_assented=True) for name in children]
    if minors and guardian is None:
        guardian = GuardianContact(f"{names[0]} Coc Xol", Relation.MADRE)
    wish = SignUp(
        (*adults, *minors),
        frozenset({ConsentPurpose.DATA}),
        childcare_places=childcare_places,
        guardian=guardian,
        source=source,
    )
    done = await sign_up(training.id, wish, actor=PROGRAM)
    return await people_of(done.group_id)


def _person(name: str, more: dict[str, Any]) -> PersonForm:
    about = {"given_names": name, "surnames": "Coc Xol", "municipality": "0000", "actor_type": "cocode"}
    return PersonForm.model_validate(about | more)


async def people_of(group_id: Any) -> list[Registration]:
    """The people of a group as they are now."""
    return await Registration.filter(group_id=group_id).order_by("id").prefetch_related("participant", "group")


async def group_of(registration: Registration) -> RegistrationGroup:
    """The group as it is now."""
    return await RegistrationGroup.get(id=registration.group_id)


async def group_token(registration: Registration) -> str:
    """The group's link that opens."""
    link = await OwnLink.get(group_id=registration.group_id, scope=LinkScope.GROUP, revoked_at=None)
    assert link.token
    return link.token


async def many_like(first: Registration, n: int) -> list[Registration]:
    """So many more people with forms, and where the first has one, telephones of their own, written in few goes."""
    like = await Registration.get(id=first.id).prefetch_related("participant", "group")
    people: list[Participant] = []
    groups: list[RegistrationGroup] = []
    others: list[Registration] = []
    for number in range(1, n + 1):
        person = like.participant.clone(pk=tokens.uuid7())
        group = like.group.clone(pk=tokens.uuid7())
        one = like.clone(pk=tokens.uuid7())
        person.given_names, person.name_key, person.search_text = f"Ana {number}", f"ana{number}", f" ana {number}"
        if person.phone:
            person.phone = f"+5025{number:07}"
        group.idempotency_key = tokens.idempotency_key()
        one.participant_id, one.group_id = person.id, group.id
        one.short_code, one.qr_token = tokens.short_code(), tokens.qr_token()
        one.qr_hash = tokens.digest(one.qr_token, "qr")
        people.append(person)
        groups.append(group)
        others.append(one)
    async with transaction():
        await Participant.bulk_create(people)
        await RegistrationGroup.bulk_create(groups)
        await Registration.bulk_create(others)
    return others
