"""Somebody takes back the permission for their data at the moment in which something more is written down of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from tests import make
from tests.queries import until_somebody_waits
from trainings.audit.actor import PROGRAM
from trainings.db import lock, transaction
from trainings.people.consent_actions import PermissionGone
from trainings.people.models import Consent, Participant
from trainings.registrations.answers import Answers, save_answers
from trainings.registrations.contact_actions import correct_email, correct_phone
from trainings.settings import Settings


async def _answers(registration_id: UUID) -> None:
    answers = Answers(
        sex=None,
        age_group=None,
        language="kek",
        pueblo=None,
        community="",
        organization="COCODE",
        public_official=None,
    )
    await save_answers(registration_id, answers, actor=PROGRAM)


async def _phone(registration_id: UUID) -> None:
    await correct_phone(registration_id, "+50255559999", actor=PROGRAM)


async def _email(registration_id: UUID) -> None:
    await correct_email(registration_id, "ana@x.example", actor=PROGRAM)


@pytest.mark.parametrize("write", [_answers, _phone, _email])
async def test_permission_taken_back_meanwhile_then_nothing_more_is_written(
    postgres_db: Settings, write: Callable[[UUID], Awaitable[None]]
) -> None:
    ana = await make.make_registration(await make.make_training())
    before = await Participant.get(id=ana.participant_id).values()
    is_held = asyncio.Event()

    async def meanwhile() -> None:
        await is_held.wait()
        await write(ana.id)

    writing = asyncio.create_task(meanwhile())
    async with transaction():
        await lock(Participant, [ana.participant_id])
        is_held.set()
        await until_somebody_waits()
        await Consent.filter(participant_id=ana.participant_id).update(withdrawn_at=ana.created_at)

    with pytest.raises(PermissionGone):
        await writing
    assert await Participant.get(id=ana.participant_id).values() == before
