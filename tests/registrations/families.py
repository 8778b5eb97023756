"""Families as the tests make them: several people of one form, with one contact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.make import kept
from trainings.audit.actor import PROGRAM
from trainings.people.actions import GuardianContact
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose, Relation
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
