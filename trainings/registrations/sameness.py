"""Who signs up twice: the very same sign-up again, and look-alikes, which nobody may learn of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings import clock
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.people.actions import Sameness
from trainings.people.models import Participant
from trainings.registrations.models import OwnLink, Registration, RegistrationGroup, RegistrationState
from trainings.schedule.models import CoursePrerequisite
from trainings.web.i18n import N_

REPLAY = timedelta(hours=24)
"""How long the same key with the same answers is the same sign-up."""


class KeyUsedAgain(Refusal):
    code = "key_used_again"
    sentence = N_("Esta página ya se envió con otros datos. Ábrala otra vez para inscribir a otra persona.")


async def link_by_key(training_id: UUID, idempotency_key: str, body_hash: str) -> OwnLink | None:
    """The link that the same form, sent before, made.

    Refuses with KeyUsedAgain where the key came with other answers, for another training, or more than a day ago.
    """
    group = await RegistrationGroup.get_or_none(idempotency_key=idempotency_key)
    if group is None:
        return None
    is_same = group.training_id == training_id and tokens.same(group.body_hash, body_hash)
    if not is_same or clock.now() - group.created_at > REPLAY:
        raise KeyUsedAgain
    return await _link_of_group(group.id)


async def link_by_browser(training_id: UUID, browser_key: str, keys: Sequence[Sameness]) -> OwnLink | None:
    """The link that the same names from the same browser made, unless all of those registrations were cancelled."""
    found = await Registration.filter(
        training_id=training_id,
        group__browser_key=browser_key,
        participant__name_key__in=[one.name_key for one in keys],
        state__not=RegistrationState.CANCELLED,
    ).values_list("group_id", "participant__name_key")
    names_of: dict[UUID, set[str]] = {}
    for group_id, name in found:
        names_of.setdefault(group_id, set()).add(name)
    wanted = {one.name_key for one in keys}
    same = next((group_id for group_id, names in sorted(names_of.items()) if names == wanted), None)
    return None if same is None else await _link_of_group(same)


async def _link_of_group(group_id: UUID) -> OwnLink | None:
    """The address of all of a group, else the one person's."""
    links = OwnLink.filter(group_id=group_id, revoked_at=None).order_by("scope", "id")
    return await links.first()


async def look_alike(training_id: UUID, keys: Sameness) -> Registration | None:
    """The first live registration with the same names, municipality and phone or e-mail address, with its participant.

    By name alone nobody is the same: a village has several María López.
    """
    if not keys.phone_keys and not keys.email_keys:
        return None
    alike = Registration.filter(
        training_id=training_id,
        participant__name_key=keys.name_key,
        participant__municipality_id=keys.municipality,
        duplicate_of_id=None,
        state__not=RegistrationState.CANCELLED,
    ).select_related("participant")
    for registration in await alike.order_by("created_at", "id"):
        other = registration.participant
        if other.phone_key in keys.phone_keys or other.email_key in keys.email_keys:
            return registration
    return None


async def earlier_participant(typed: str, keys: Sameness) -> Participant | None:
    """The person behind an earlier ticket, certificate or own link, where the name is theirs too.

    A code alone must not open or change anybody: with another name, or a contact that is not the one we know, it is
    as if no code had been typed, and nothing tells.
    """
    standing = _behind(typed)
    if standing is None:
        return None
    named = standing.filter(participant__name_key=keys.name_key).prefetch_related("participant")
    registration = await named.order_by("-created_at").first()
    if registration is None:
        return None
    person = registration.participant
    has_other_contact = (keys.phone_keys and person.phone_key not in keys.phone_keys) or (
        keys.email_keys and person.email_key not in keys.email_keys
    )
    return None if has_other_contact else person


def _behind(typed: str) -> QuerySet[Registration] | None:
    """The registrations that a typed code may mean; none for what is no code of ours."""
    link = tokens.read_own_link(typed.strip().rstrip("/").rpartition("/")[2])
    if link is not None:
        return Registration.filter(links__token_hash=tokens.digest(link, "own"), links__revoked_at=None)
    if (qr := tokens.read_qr(typed)) is not None:
        return Registration.filter(qr_hash=tokens.digest(qr, "qr"))
    if (code := tokens.read_certificate_code(typed)) is not None:
        return Registration.filter(certificates__code=code)
    if (code := tokens.read_short_code(typed)) is not None:
        return Registration.filter(short_code=code)
    return None


async def has_completed(course_id: UUID, known: Participant | None, n_people: int) -> bool:
    """Whether the courses that have to come before this one were completed by a known person, who comes alone."""
    required = await CoursePrerequisite.filter(course_id=course_id).values_list("required_id")
    if not required:
        return True
    if known is None or n_people > 1:
        return False
    done = Registration.filter(
        participant_id=known.id, completed_at__not_isnull=True, training__course_id__in=[key for (key,) in required]
    )
    courses = {key for (key,) in await done.values_list("training__course_id")}
    return len(courses) == len(required)


async def own_registration(training_id: UUID, participant: Participant) -> Registration | None:
    """The live registration that this very person has in a training already."""
    return await (
        Registration.filter(training_id=training_id, participant_id=participant.id, duplicate_of_id=None)
        .exclude(state=RegistrationState.CANCELLED)
        .prefetch_related("participant")
        .first()
    )
