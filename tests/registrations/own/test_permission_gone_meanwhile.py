"""Somebody takes back the permission for their data at the moment in which something more is written down of them."""

from __future__ import annotations

from functools import partial
from uuid import UUID

import pytest

from tests import make
from tests.registrations.families import make_family
from tests.registrations.meanwhile import person_held
from tests.registrations.wishes import state_of
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.issuing import names
from trainings.certificates.models import ConfirmedHow, NameConfirmation
from trainings.people.consents import PermissionGone, without_permission
from trainings.people.models import AgeGroup, Consent, Participant
from trainings.privacy.withdrawal import forget, withdraw_data
from trainings.registrations.eligibility import CannotChange
from trainings.registrations.models import Registration
from trainings.registrations.own import group_actions
from trainings.registrations.own.answers import Answers, correct_age, save_answers
from trainings.registrations.seats import actions
from trainings.registrations.seats.actions import detach
from trainings.registrations.telling.contacts import correct_email, correct_phone
from trainings.settings import Settings


async def _answers(registration_id: UUID) -> None:
    answers = Answers(
        actor_type=None,
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


async def _name(registration_id: UUID) -> None:
    await actions.rename(registration_id, "Otra", "Vez", actor=PROGRAM)


async def _needs(registration_id: UUID) -> None:
    await actions.change_needs(registration_id, ["ramp"], actor=HOLDER_OF_LINK)


async def _own_way(registration_id: UUID) -> None:
    await detach(registration_id, phone="+50255559999", email=None, actor=PROGRAM)


async def _name_is_right(registration_id: UUID) -> None:
    await names.confirm(registration_id, ConfirmedHow.OWN_LINK, actor=HOLDER_OF_LINK)


async def _name_as_printed(registration_id: UUID) -> None:
    await names.correct(registration_id, "Otra", "Vez", ConfirmedHow.OWN_LINK, actor=HOLDER_OF_LINK)


async def _age(registration_id: UUID) -> None:
    await correct_age(registration_id, AgeGroup.A60, actor=PROGRAM)


WRITES = [_answers, _phone, _email, _name, _age, _needs, _own_way, _name_is_right, _name_as_printed]


async def test_permission_taken_back_meanwhile_then_nothing_more_is_written(postgres_db: Settings) -> None:
    training = await make.make_training(capacity=2 * len(WRITES))
    for write in WRITES:
        ana, _beto = await make_family(training, "Ana", "Beto")
        before = await _kept_of(ana)

        async with person_held(ana.participant_id, partial(write, ana.id)) as writing:
            await Consent.filter(participant_id=ana.participant_id).update(withdrawn_at=ana.created_at)

        with pytest.raises(PermissionGone):
            await writing
        assert await _kept_of(ana) == before, write.__name__


async def test_contact_of_a_family_is_not_written_again_to_who_takes_the_permission_back_meanwhile(
    postgres_db: Settings,
) -> None:
    training = await make.make_training()
    for n, write in enumerate((_phone, _email)):
        ana, beto = await make_family(training, "Ana", "Beto", phone=f"+5025555123{n}", email=f"familia{n}@x.example")

        async with person_held(beto.participant_id, partial(write, ana.id)) as writing:
            await Consent.filter(participant_id=beto.participant_id).update(withdrawn_at=beto.created_at)
            await forget([await Participant.get(id=beto.participant_id)])
        before = await _kept_of(beto)

        await writing

        assert await _kept_of(beto) == before, write.__name__


async def _again(registration: Registration) -> None:
    await group_actions.rejoin_member(registration.id, actor=HOLDER_OF_LINK)


async def _all_again(registration: Registration) -> None:
    await group_actions.rejoin_group(registration.group_id, actor=HOLDER_OF_LINK)


async def test_permission_taken_back_meanwhile_then_nobody_comes_back(postgres_db: Settings) -> None:
    training = await make.make_training()
    for come_back in (_again, _all_again):
        [ana] = await make_family(training, "Ana")
        await actions.cancel(ana.id, actor=HOLDER_OF_LINK)

        async with person_held(ana.participant_id, partial(come_back, ana)) as coming:
            await Consent.filter(participant_id=ana.participant_id).update(withdrawn_at=ana.created_at)

        with pytest.raises((PermissionGone, CannotChange)):
            await coming
        assert await state_of(ana) == "cancelled", come_back.__name__


async def test_who_comes_back_while_the_permission_is_taken_back_is_cancelled_again(postgres_db: Settings) -> None:
    """What was ahead is cancelled first, one by one; then the person is held, and everything else goes."""
    [ana] = await make_family(await make.make_training(), "Ana")

    async with person_held(ana.participant_id, lambda: withdraw_data(ana.id, actor=HOLDER_OF_LINK)) as taking_back:
        assert await state_of(ana) == "cancelled"
        await group_actions.rejoin_member(ana.id, actor=HOLDER_OF_LINK)

    await taking_back

    assert await state_of(ana) == "cancelled"
    assert await without_permission([ana.participant_id]) == {ana.participant_id}
    assert await AuditLine.filter(act="privacy.withdraw_data", object_id=ana.id).count() == 1


async def _kept_of(registration: Registration) -> list[object]:
    return [
        await Participant.get(id=registration.participant_id).values(),
        await Registration.get(id=registration.id).values(),
        await NameConfirmation.filter(registration_id=registration.id).values(),
    ]


async def test_who_took_the_permission_back_is_given_no_contact_apart_from_their_family(db: Settings) -> None:
    ana, _beto = await make_family(await make.make_training(), "Ana", "Beto", phone="+50255551234")
    await withdraw_data(ana.id, actor=HOLDER_OF_LINK)
    before = await _kept_of(ana)

    with pytest.raises(PermissionGone):
        await _own_way(ana.id)

    assert await _kept_of(ana) == before
