"""Many people who completed one training, written in few goes: what is tested is what comes after."""

from __future__ import annotations

from collections.abc import Sequence

from tests.certificates.held import BEFORE, come, make_attendee
from trainings import clock
from trainings.db import transaction
from trainings.lib import tokens
from trainings.people.models import Participant
from trainings.registrations.models import Registration, RegistrationGroup
from trainings.schedule.models import Training

SCANS_AT_ONCE = 200


async def make_crowd(training: Training, n: int) -> Sequence[Registration]:
    """So many people who came to all sessions. The first signs up as people do, the others are like them."""
    first = await make_attendee(training, given_names="Ana", surnames="Coc Xol")
    like = await Registration.get(id=first.id).prefetch_related("participant", "group")
    people: list[Participant] = []
    groups: list[RegistrationGroup] = []
    others: list[Registration] = []
    with clock.frozen(BEFORE):
        for number in range(1, n):
            person = like.participant.clone(pk=tokens.uuid7())
            group = like.group.clone(pk=tokens.uuid7())
            one = like.clone(pk=tokens.uuid7())
            person.given_names, person.name_key, person.search_text = f"Ana {number}", f"ana{number}", f" ana {number}"
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
    for session in training.sessions:
        for begin in range(0, len(others), SCANS_AT_ONCE):
            await come(session, *others[begin : begin + SCANS_AT_ONCE])
    return [like, *others]
