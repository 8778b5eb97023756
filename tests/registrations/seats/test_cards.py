"""Places reserved as nameless cards: counted, given names, released, given up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests import make
from tests.registrations.card_world import (
    card_of,
    cards_of,
    make_block,
    make_spare_cards,
    minor,
    named,
    places_of,
    registration_of,
    states_of,
)
from tests.registrations.wishes import state_of, wish
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.outbox.models import OutboxJob
from trainings.people.actions import UnknownMunicipality
from trainings.people.models import Assent, Consent, ConsentHow, Guardian, Participant
from trainings.registrations.cards.use import CardClosed, CardTaken, CodeTwice, name_card
from trainings.registrations.eligibility import AdultsOnly, MinorAlone, NoAssent, TooYoung, TrainingCancelled
from trainings.registrations.models import Card, CardState, LinkScope, OwnLink, Registration, Source
from trainings.registrations.seats import cards
from trainings.registrations.seats.cards import HasName, NotPublished, ReleasedInThePast, ReleasedTooLate, UnknownCard
from trainings.registrations.telling import changes
from trainings.schedule.models import TrainingState
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
OPEN, USED, RELEASED, VOID = CardState.OPEN, CardState.USED, CardState.RELEASED, CardState.VOID


# -- reserving


async def test_reserve_then_cards_with_codes_of_their_own_count_as_taken(db: Settings) -> None:
    training = await make.make_training(capacity=5)

    block = await make_block(training, 3, phone="+50255551234")

    made = await cards_of(block)
    assert [(card.number, card.state, card.registration_id) for card in made] == [(n, OPEN, None) for n in (1, 2, 3)]
    assert {card.sheet_id for card in made} == {made[0].sheet_id}
    assert len({card.qr_token for card in made} | {card.short_code for card in made}) == 6
    assert all(card.qr_token and tokens.read_qr(card.qr_token) == card.qr_token for card in made)
    assert all(card.qr_token and card.qr_hash == tokens.digest(card.qr_token, "qr") for card in made)
    assert all(tokens.read_short_code(card.short_code) == card.short_code for card in made)
    assert block.token is not None
    assert tokens.read_own_link(block.token) == block.token
    assert block.token_hash == tokens.digest(block.token, "block")
    assert await places_of(training) == (0, 3)
    [line] = await AuditLine.filter(act="registrations.reserve")
    assert (line.object_id, line.hub_id, line.detail) == (block.id, training.hub_id, {"n": 3})


async def test_reserve_without_a_time_then_released_a_day_before_the_first_session(db: Settings) -> None:
    sessions = [(make.tomorrow_at(8, days=days), make.tomorrow_at(12, days=days)) for days in (9, 4)]
    training = await make.make_training(sessions=sessions)

    block = await make_block(training)

    assert block.release_at == make.tomorrow_at(8, days=3)


async def test_reserve_when_the_training_is_near_then_released_at_its_start(db: Settings, freeze: Freeze) -> None:
    freeze(make.tomorrow_at(20, days=0))
    training = await make.make_training()

    block = await make_block(training)

    assert block.release_at == make.tomorrow_at(8, 30)


@pytest.mark.parametrize(
    ("offset", "refusal"), [(timedelta(hours=1), ReleasedTooLate), (timedelta(days=-30), ReleasedInThePast)]
)
async def test_reserve_with_a_time_of_release_that_cannot_be_then_refused(
    db: Settings, offset: timedelta, refusal: type[Exception]
) -> None:
    training = await make.make_training()

    with pytest.raises(refusal):
        await make_block(training, release_at=make.tomorrow_at(8, 30) + offset)

    assert await places_of(training) == (0, 0)


async def test_reserve_in_a_draft_in_what_was_called_off_and_for_nowhere_then_refused(db: Settings) -> None:
    draft = await make.make_training(state=TrainingState.DRAFT)
    cancelled = await make.make_training(state=TrainingState.CANCELLED)
    training = await make.make_training()

    with pytest.raises(NotPublished):
        await make_block(draft)
    with pytest.raises(TrainingCancelled):
        await make_block(cancelled)
    with pytest.raises(UnknownMunicipality):
        await make_block(training, municipality_id="9999")


# -- giving names


async def test_name_card_then_the_card_is_the_ticket_and_its_place_is_taken(db: Settings) -> None:
    training = await make.make_training(capacity=3)
    block = await make_block(training, 3)
    await make.make_registration(training, given_names="Espera")
    card = await card_of(block, 2)

    used = await named(card, phone="5555 1234", email="rosa@example.org")

    registration = await registration_of(used)
    assert (registration.state, registration.source) == ("confirmed", Source.CARD)
    assert registration.confirmed_at is not None
    assert (registration.short_code, registration.qr_hash, registration.qr_token) == (
        card.short_code,
        card.qr_hash,
        card.qr_token,
    )
    assert registration.group.n_people == 1
    assert await places_of(training) == (1, 2)
    assert await states_of(block) == [OPEN, USED, OPEN]
    assert (await card_of(block, 2)).registration_id == registration.id
    link = await OwnLink.get(registration_id=registration.id)
    assert link.scope is LinkScope.PERSON
    assert [job.kind for job in await OutboxJob.all()] == ["registration_confirmed"]
    [line] = await AuditLine.filter(act="registrations.use_card")
    assert line.detail == {"card": str(card.id), "state": "confirmed", "source": "card"}


async def test_name_card_of_somebody_else_then_refused_and_nothing_written(db: Settings) -> None:
    training = await make.make_training()
    card = await card_of(await make_block(training))
    await named(card)

    with pytest.raises(CardTaken):
        await named(card, body_hash="berta", given_names="Berta")

    assert await Participant.all().count() == 1
    assert await places_of(training) == (1, 2)


async def test_name_card_of_a_minor_then_guardian_and_assent_are_kept_and_no_own_contact(db: Settings) -> None:
    training = await make.make_training(admits_minors=True)
    card = await card_of(await make_block(training))

    used = await name_card(card.id, minor(), actor=HOLDER_OF_LINK)

    registration = await registration_of(used)
    assert (registration.participant.phone, registration.participant.email) == (None, None)
    guardian = await Guardian.get(participant_id=registration.participant_id)
    assert (guardian.name, guardian.phone, guardian.how) == ("Ana Xol", "+50255551234", ConsentHow.FORM)
    assert await Assent.filter(participant_id=registration.participant_id).count() == 1
    assert await Consent.all().count() == 0
    link = await OwnLink.get(group_id=registration.group_id)
    assert (link.scope, link.registration_id) == (LinkScope.GROUP, None)


async def test_name_card_of_a_minor_who_may_not_come_then_refused_and_the_card_stays(db: Settings) -> None:
    adults = await make.make_training()
    of_sixteen = await make.make_training(admits_minors=True, minimum_age=16)
    for_minors = await make.make_training(admits_minors=True)
    card = await card_of(await make_block(for_minors))

    with pytest.raises(AdultsOnly):
        await name_card((await card_of(await make_block(adults))).id, minor(), actor=PROGRAM)
    with pytest.raises(TooYoung):
        await name_card((await card_of(await make_block(of_sixteen))).id, minor(age_group="12-13"), actor=PROGRAM)
    with pytest.raises(MinorAlone):
        await name_card(card.id, minor(guardian=None), actor=PROGRAM)
    with pytest.raises(NoAssent):
        await name_card(card.id, minor(has_assented=False), actor=PROGRAM)

    assert (await Card.get(id=card.id)).state is OPEN
    assert await Participant.all().count() == 0
    assert await places_of(for_minors) == (0, 3)


async def test_name_card_when_a_ticket_has_its_short_code_then_refused(db: Settings) -> None:
    training = await make.make_training()
    card = await card_of(await make_block(training))
    registration = await make.make_registration(training)
    await Registration.filter(id=registration.id).update(short_code=card.short_code)

    with pytest.raises(CodeTwice):
        await named(card)


async def test_name_card_when_called_off_then_refused(db: Settings) -> None:
    training = await make.make_training()
    card = await card_of(await make_block(training))
    await changes.call_off_training(training.id, "No hay quien facilite.", actor=PROGRAM)

    with pytest.raises(TrainingCancelled):
        await named(card)


async def test_name_card_that_is_spare_or_unknown_then_unknown(db: Settings) -> None:
    [spare] = await make_spare_cards(await make.make_training())

    with pytest.raises(UnknownCard):
        await named(spare)
    with pytest.raises(UnknownCard):
        await name_card(tokens.uuid7(), wish(), actor=PROGRAM)


# -- giving places up


async def test_release_then_unnamed_cards_go_to_who_waits_and_open_nothing(db: Settings) -> None:
    training = await make.make_training(capacity=3)
    block = await make_block(training, 3)
    await named(await card_of(block, 1))
    waiting = [await make.make_registration(training, given_names=name) for name in ("Ana", "Berta", "Cruz")]

    n = await cards.release(block.id, actor=PROGRAM)

    assert n == 2
    assert await states_of(block) == [USED, RELEASED, RELEASED]
    assert [await state_of(one) for one in waiting] == ["confirmed", "confirmed", "waitlisted"]
    assert await places_of(training) == (3, 0)
    with pytest.raises(CardClosed):
        await named(await card_of(block, 2), body_hash="otra")


async def test_release_twice_then_once(db: Settings) -> None:
    training = await make.make_training()
    block = await make_block(training, 3)

    freed = [await cards.release(block.id, actor=PROGRAM) for _ in range(2)]

    assert freed == [3, 0]
    assert await places_of(training) == (0, 0)
    assert await AuditLine.filter(act="registrations.release_cards").count() == 1


async def test_release_due_then_blocks_whose_time_came_and_no_others(db: Settings, freeze: Freeze) -> None:
    training = await make.make_training(sessions=[(make.tomorrow_at(8, days=5), make.tomorrow_at(12, days=5))])
    early = await make_block(training, 2, release_at=make.tomorrow_at(8, days=2))
    late = await make_block(training, 3, release_at=make.tomorrow_at(8, days=3))

    before = await cards.release_due()
    freeze(make.tomorrow_at(8, days=2))
    freed = [await cards.release_due() for _ in range(2)]

    assert (before, freed) == (0, [2, 0])
    assert await states_of(early) == [RELEASED] * 2
    assert await states_of(late) == [OPEN] * 3
    assert await places_of(training) == (0, 3)


async def test_give_back_and_void_then_each_frees_its_place_once(db: Settings) -> None:
    training = await make.make_training(capacity=3)
    block = await make_block(training, 3)
    waiting = await make.make_registration(training)

    for _ in range(2):
        await cards.give_back((await card_of(block, 1)).id, actor=HOLDER_OF_LINK)
        await cards.void((await card_of(block, 2)).id, actor=PROGRAM)

    assert await states_of(block) == [RELEASED, VOID, OPEN]
    assert await state_of(waiting) == "confirmed"
    assert await places_of(training) == (1, 1)


async def test_void_of_a_card_with_a_name_then_refused(db: Settings) -> None:
    training = await make.make_training()
    card = await card_of(await make_block(training))
    await named(card)

    with pytest.raises(HasName):
        await cards.void(card.id, actor=PROGRAM)

    assert await places_of(training) == (1, 2)
