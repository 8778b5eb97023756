"""Marks on a call list at the same moment, offers whose time runs from the call, and lists that open by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from tests import make
from tests.cast import make_cast
from tests.registrations.call_world import (
    MONDAY,
    SATURDAY,
    Freeze,
    a_list,
    a_training,
    calls,
    households,
    newest_mark,
    only_call,
)
from tests.registrations.families import make_family
from tests.registrations.wishes import state_of
from trainings import clock
from trainings.audit.actor import FILLER_OF_FORM, HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.outbox.models import Call, CallList, CallReason, CallResult, CallVia, OutboxJob, Outcome
from trainings.people.models import Participant
from trainings.registrations.calls import actions as call_actions
from trainings.registrations.calls.actions import Answer, NoWhyClosed, WhyClosed, open_for_offers
from trainings.registrations.calls.texts import told_by
from trainings.registrations.calls.views import sections_of
from trainings.registrations.desk.waiting_queries import board_of
from trainings.registrations.models import OwnLink, Registration, RegistrationGroup, RegistrationState
from trainings.registrations.own.group_actions import rejoin_member
from trainings.registrations.seats import actions, waiting
from trainings.registrations.seats.actions import UnknownGroup, detach, fewer_places
from trainings.registrations.seats.allocation import EachForThemselves, NoOffer
from trainings.schedule.models import Training


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


async def moved_up(**columns: Any) -> tuple[Training, Registration]:
    """Ana gave her place back: it is Berta's, who left a telephone only."""
    training = await a_training(**({"capacity": 1, "offer_hours": 24} | columns))
    ana = await make.make_registration(training, given_names="Ana")
    berta = await make.make_registration(training, given_names="Berta", phone="5555 1234")
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    return training, berta


async def offered() -> tuple[Registration, CallList]:
    training, berta = await moved_up()
    await open_for_offers()
    return berta, await CallList.get(training_id=training.id)


async def group_of(person: Registration) -> RegistrationGroup:
    return await RegistrationGroup.get(id=person.group_id)


# -- marking


async def test_same_click_twice_at_once_is_one_mark(db: object) -> None:
    training = await a_training()
    person = await make.make_registration(training)
    call_list = await a_list(training)

    await asyncio.gather(
        *(call_actions.mark(call_list.id, person.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM) for _ in range(3))
    )

    assert await Call.all().count() == 1


async def test_closing_with_nobody_left_asks_nothing(db: object) -> None:
    training = await a_training()
    person = await make.make_registration(training)
    call_list = await a_list(training)

    with pytest.raises(NoWhyClosed):
        await call_actions.close(call_list.id, None, actor=PROGRAM)
    await call_actions.mark(call_list.id, person.id, CallResult.REACHED, CallVia.RADIO, actor=PROGRAM)
    await call_actions.close(call_list.id, None, actor=PROGRAM)
    await call_actions.close(call_list.id, WhyClosed.NO_ANSWER, actor=PROGRAM)

    [line] = await AuditLine.filter(act="calls.close")
    assert line.detail == {"n": 1, "n_left": 0}
    assert (await CallList.get(id=call_list.id)).closed_at == MONDAY


# -- offers


async def test_who_moved_up_without_an_address_is_on_one_list_of_offers_that_stays_closed(
    db: object, freeze: Freeze
) -> None:
    training, _berta = await moved_up()

    opened = [await open_for_offers() for _round in range(2)]

    call_list = await CallList.get(training_id=training.id)
    assert opened == [1, 0]
    assert (call_list.reason, call_list.hub_id) == (CallReason.OFFERED, training.hub_id)
    assert await calls(call_list) == {"Berta": "+50255551234"}
    await call_actions.close(call_list.id, WhyClosed.NO_ANSWER, actor=PROGRAM)
    freeze(MONDAY + timedelta(minutes=5))
    assert await open_for_offers() == 0


async def test_two_processes_open_one_list(db: object) -> None:
    await moved_up()

    opened = await asyncio.gather(open_for_offers(), open_for_offers())

    assert sorted(opened) == [0, 1]
    assert await CallList.all().count() == 1


async def test_who_moves_up_later_is_on_the_same_list(db: object, freeze: Freeze) -> None:
    training, berta = await moved_up()
    carla = await make.make_registration(training, given_names="Carla", phone="5555 4321")
    await open_for_offers()
    freeze(MONDAY + timedelta(hours=1))
    await actions.cancel(berta.id, actor=HOLDER_OF_LINK)

    opened = await open_for_offers()

    assert opened == 0
    assert await calls(await CallList.get(training_id=training.id)) == {"Carla": "+50255554321"}
    assert (await group_of(carla)).reached_at is None


async def test_who_can_be_written_to_is_not_called_unless_the_message_fails(db: object, freeze: Freeze) -> None:
    training = await a_training(capacity=1, offer_hours=24)
    ana = await make.make_registration(training, given_names="Ana")
    berta = await make.make_registration(training, given_names="Berta", email="berta@x.example")
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    before = await open_for_offers()

    jobs = OutboxJob.filter(subject_id=berta.id, kind="registration_offered")
    assert await jobs.update(outcome=Outcome.REFUSED, failed_at=MONDAY) == 1

    assert (before, await open_for_offers()) == (0, 1)


async def test_time_to_answer_runs_from_the_call_until_it_is_taken_back(db: object, freeze: Freeze) -> None:
    berta, call_list = await offered()
    freeze(MONDAY + timedelta(hours=3))

    await call_actions.mark(call_list.id, berta.id, CallResult.NOT_REACHED, CallVia.CALL, actor=PROGRAM)
    untold = await group_of(berta)
    await call_actions.mark(call_list.id, berta.id, CallResult.REACHED, CallVia.SMS, actor=PROGRAM)
    told = await group_of(berta)

    assert (untold.reached_at, untold.offered_until) == (None, None)
    assert (told.reached_at, told.offered_until) == (MONDAY + timedelta(hours=3), MONDAY + timedelta(hours=27))
    assert (await only_call(call_list)).is_reached

    seen = await newest_mark(berta)
    await call_actions.mark(call_list.id, berta.id, CallResult.NOT_REACHED, CallVia.CALL, seen=seen, actor=PROGRAM)
    freeze(SATURDAY - timedelta(hours=1))
    taken_back = await group_of(berta)
    assert (taken_back.reached_at, taken_back.offered_until) == (None, None)
    assert await waiting.expire_offers() == 0
    assert not (await only_call(call_list)).is_reached


async def test_yes_on_the_telephone_holds_the_place_and_no_gives_it_on(db: object) -> None:
    training, berta = await moved_up()
    carla = await make.make_registration(training, given_names="Carla", phone="5555 4321")
    await open_for_offers()
    call_list = await CallList.get(training_id=training.id)

    await call_actions.answer(call_list.id, berta.id, Answer.NO, CallVia.CALL, actor=PROGRAM)
    assert [await state_of(one) for one in (berta, carla)] == ["cancelled", "offered"]
    await call_actions.answer(call_list.id, carla.id, Answer.YES, CallVia.CALL, actor=PROGRAM)

    assert await state_of(carla) == "confirmed"
    assert (await group_of(carla)).offered_until is None
    assert [(one.registration_id, one.result) for one in await Call.all().order_by("id")] == [
        (berta.id, CallResult.REACHED),
        (carla.id, CallResult.REACHED),
    ]
    with pytest.raises(NoOffer):
        await call_actions.answer(call_list.id, carla.id, Answer.NO, CallVia.CALL, actor=PROGRAM)
    assert await state_of(carla) == "confirmed"


@pytest.mark.both_engines
async def test_same_answer_of_two_telephones_at_once_is_one(db: object) -> None:
    berta, call_list = await offered()

    are_news = await asyncio.gather(
        *(call_actions.answer(call_list.id, berta.id, Answer.YES, via, actor=PROGRAM) for via in CallVia)
    )

    assert sorted(are_news) == [False] * (len(CallVia) - 1) + [True]
    assert await state_of(berta) == "confirmed"
    assert await Call.all().count() == 1


async def two_offers() -> tuple[Registration, Registration, Training]:
    """Berta and Carla, with one telephone, are each offered a place."""
    training = await a_training(capacity=2, offer_hours=24)
    first = [await make.make_registration(training, given_names=name) for name in ("Ana", "Zoila")]
    berta, carla = [
        await make.make_registration(training, given_names=name, phone="5555 1234") for name in ("Berta", "Carla")
    ]
    for one in first:
        await actions.cancel(one.id, actor=HOLDER_OF_LINK)
    return berta, carla, training


async def test_each_offer_of_one_telephone_has_its_own_answer_which_starts_no_time_of_another(db: object) -> None:
    berta, carla, training = await two_offers()
    await open_for_offers()
    call_list = await CallList.get(training_id=training.id)
    assert (await only_call(call_list)).offered_groups == sorted([berta.group_id, carla.group_id])

    await call_actions.answer(call_list.id, carla.id, Answer.YES, CallVia.CALL, actor=PROGRAM)

    assert [await state_of(one) for one in (berta, carla)] == ["offered", "confirmed"]
    assert ((await group_of(berta)).reached_at, (await group_of(berta)).offered_until) == (None, None)
    assert not (await only_call(call_list)).is_reached
    await call_actions.answer(call_list.id, berta.id, Answer.NO, CallVia.CALL, actor=PROGRAM)
    assert [await state_of(one) for one in (berta, carla)] == ["cancelled", "confirmed"]


async def test_no_of_who_filled_in_the_form_leaves_who_claimed_their_link_their_offer(db: object) -> None:
    ana, beto, call_list = await couple_offered()

    await call_actions.mark(call_list.id, ana.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
    await call_actions.answer(call_list.id, ana.id, Answer.NO, CallVia.CALL, actor=PROGRAM)

    assert [await state_of(one) for one in (ana, beto)] == ["cancelled", "offered"]
    assert ((await group_of(beto)).reached_at, (await group_of(beto)).offered_until) == (None, None), "Ana was told"
    [his] = await households(call_list)
    assert (his.keys, his.is_reached) == ([beto.id], False)
    await call_actions.answer(call_list.id, beto.id, Answer.NO, CallVia.CALL, actor=PROGRAM)
    assert await state_of(beto) == "cancelled"


@pytest.mark.parametrize(("said", "state"), [(Answer.YES, "confirmed"), (Answer.NO, "cancelled")])
async def test_who_claimed_their_link_answers_on_the_telephone_for_themselves_alone(
    db: object, said: Answer, state: str
) -> None:
    ana, beto, call_list = await couple_offered()

    await call_actions.answer(call_list.id, beto.id, said, CallVia.CALL, actor=PROGRAM)

    assert [await state_of(one) for one in (ana, beto)] == ["offered", state]
    assert [one.registration_id for one in await Call.all()] == [beto.id]


async def test_place_of_who_claimed_their_link_is_not_released_for_calls_to_others(db: object, freeze: Freeze) -> None:
    ana, beto, call_list = await couple_offered()
    for hours in (0, 1, 25):
        freeze(MONDAY + timedelta(hours=hours))
        await call_actions.mark(call_list.id, ana.id, CallResult.NOT_REACHED, CallVia.CALL, actor=PROGRAM)

    await waiting.release_offer(ana.group_id, actor=PROGRAM)

    assert [await state_of(one) for one in (ana, beto)] == ["cancelled", "offered"]
    with pytest.raises(waiting.TooFewTries):
        await waiting.release_offer(beto.group_id, actor=PROGRAM)


async def test_no_for_several_who_each_have_their_own_link_is_asked_of_each(db: object) -> None:
    ana, beto, _list = await couple_offered()
    await OwnLink.filter(registration_id=ana.id).update(claimed_at=clock.now())

    with pytest.raises(EachForThemselves):
        await waiting.decline_offer(ana.group_id, actor=PROGRAM)

    assert [await state_of(one) for one in (ana, beto)] == ["offered", "offered"]


async def couple_offered() -> tuple[Registration, Registration, CallList]:
    """Ana signed Beto up with her, each with a telephone; he made his link his own. Two places are kept for them."""
    training = await a_training(capacity=2, offer_hours=24)
    first = await make_family(training, "Zoila", "Eva")
    ana, beto = await make_family(training, "Ana", "Beto", phone="5555 1234")
    person = await Participant.get(id=beto.participant_id)
    person.phone = "+50255554321"
    await person.save(update_fields=["phone"])
    await OwnLink.filter(registration_id=beto.id).update(claimed_at=clock.now())
    await actions.cancel_group(first[0].group_id, actor=HOLDER_OF_LINK)
    await open_for_offers()
    return ana, beto, await CallList.get(training_id=training.id)


async def test_who_signed_up_elsewhere_is_not_answered_for(db: object) -> None:
    _berta, call_list = await offered()
    _other, elsewhere = await moved_up()

    with pytest.raises(UnknownGroup):
        await call_actions.answer(call_list.id, elsewhere.id, Answer.YES, CallVia.CALL, actor=PROGRAM)

    assert await state_of(elsewhere) == "offered"


async def test_place_is_released_after_three_calls_in_vain_on_two_days_only(db: object, freeze: Freeze) -> None:
    berta, call_list = await offered()
    refused = []
    for hours in (1, 2, 3, 25):
        freeze(MONDAY + timedelta(hours=hours))
        await call_actions.mark(call_list.id, berta.id, CallResult.NOT_REACHED, CallVia.CALL, actor=PROGRAM)
        try:
            await waiting.release_offer(berta.group_id, actor=PROGRAM)
        except waiting.TooFewTries:
            refused.append(hours)

    assert refused == [1, 2, 3]
    assert await state_of(berta) == "cancelled"
    assert (await AuditLine.get(act="registrations.cancel", object_id=berta.id)).detail["why"] == "offer_expired"


async def test_tries_of_every_list_and_of_the_waiting_list_count_together(db: object, freeze: Freeze) -> None:
    training, berta = await moved_up()
    await open_for_offers()
    offers, change = await CallList.get(training_id=training.id), await a_list(training)
    for hours, call_list in ((1, offers), (2, change)):
        freeze(MONDAY + timedelta(hours=hours))
        await call_actions.mark(call_list.id, berta.id, CallResult.NOT_REACHED, CallVia.CALL, actor=PROGRAM)
    assert await may_release(training) == {False}

    freeze(MONDAY + timedelta(hours=25))
    await call_actions.mark_offer(berta.group_id, CallResult.NOT_REACHED, actor=PROGRAM)

    assert await may_release(training) == {True}
    await waiting.release_offer(berta.group_id, actor=PROGRAM)
    assert await state_of(berta) == "cancelled"


async def _one_leaves(_ana: Registration, diego: Registration) -> None:
    await actions.cancel(diego.id, actor=HOLDER_OF_LINK)


async def _one_comes_back(_ana: Registration, diego: Registration) -> None:
    await actions.cancel(diego.id, actor=HOLDER_OF_LINK)
    await rejoin_member(diego.id, actor=FILLER_OF_FORM)


async def _one_is_separated(_ana: Registration, diego: Registration) -> None:
    await detach(diego.id, phone=None, email=None, actor=PROGRAM)


async def _fewer_children(ana: Registration, _diego: Registration) -> None:
    await fewer_places(ana.group_id, 0, actor=FILLER_OF_FORM)


@pytest.mark.parametrize("change", [_one_leaves, _one_comes_back, _one_is_separated, _fewer_children])
async def test_calls_in_vain_count_from_the_offer_though_the_family_changes(
    db: object, freeze: Freeze, change: Callable[[Registration, Registration], Awaitable[None]]
) -> None:
    training = await a_training(capacity=3, offer_hours=24, childcare_capacity=1)
    first = await make_family(training, "Zoila", "Eva", "Fina")
    ana, diego = await make_family(training, "Ana", "Diego", phone="5555 1234", childcare_places=1)
    await actions.cancel_group(first[0].group_id, actor=HOLDER_OF_LINK)
    call_list = await a_list(training, CallReason.OFFERED)
    for hours in (1, 2, 25):
        freeze(MONDAY + timedelta(hours=hours))
        await call_actions.mark(call_list.id, ana.id, CallResult.NOT_REACHED, CallVia.CALL, actor=PROGRAM)

    freeze(MONDAY + timedelta(hours=26))
    await change(ana, diego)

    await waiting.release_offer(ana.group_id, actor=PROGRAM)
    assert await state_of(ana) == "cancelled"


async def test_message_about_an_offer_counts_though_one_of_the_family_left_since(db: object, freeze: Freeze) -> None:
    training = await a_training(capacity=2, offer_hours=24)
    first = await make_family(training, "Zoila", "Eva")
    ana, diego = await make_family(training, "Ana", "Diego", email="ana@x.example")
    await actions.cancel_group(first[0].group_id, actor=HOLDER_OF_LINK)
    freeze(MONDAY + timedelta(hours=1))
    sent = OutboxJob.filter(kind="registration_offered")
    assert await sent.update(outcome=Outcome.SENT, done_at=clock.now()) == 1
    await waiting.reached_by_mail(ana.group_id)
    freeze(MONDAY + timedelta(hours=2))
    await actions.cancel(diego.id, actor=HOLDER_OF_LINK)

    await waiting.take_back_reached(ana.group_id, actor=PROGRAM)

    assert (await group_of(ana)).reached_at == MONDAY + timedelta(hours=1)


async def may_release(training: Training) -> set[bool]:
    """What the call lists and the waiting list say of the only offer."""
    [on_board] = (await board_of(await Training.get(id=training.id))).offered
    said = {on_board.may_release}
    for call_list in await CallList.filter(training_id=training.id):
        found = await households(call_list)
        sections = await sections_of(found, found, await told_by(call_list))
        said |= {offer.may_release for section in sections for row in section.rows for offer in row.offers}
    return said


async def test_reached_that_is_taken_back_is_no_try_in_vain(db: object, freeze: Freeze) -> None:
    training, berta = await moved_up()
    for hours in (1, 2, 25):
        freeze(MONDAY + timedelta(hours=hours))
        await call_actions.mark_offer(berta.group_id, CallResult.REACHED, actor=PROGRAM)
        seen = (await group_of(berta)).reached_at
        await call_actions.mark_offer(berta.group_id, CallResult.NOT_REACHED, seen=seen, actor=PROGRAM)

    assert (await group_of(berta)).reached_at is None
    assert await may_release(training) == {False}
    with pytest.raises(waiting.TooFewTries):
        await waiting.release_offer(berta.group_id, actor=PROGRAM)


async def test_nobody_who_was_told_of_the_time_is_released_by_hand(db: object, freeze: Freeze) -> None:
    berta, call_list = await offered()
    for hours in (1, 2, 25):
        freeze(MONDAY + timedelta(hours=hours))
        await call_actions.mark(call_list.id, berta.id, CallResult.NOT_REACHED, CallVia.CALL, actor=PROGRAM)
    await waiting.mark_reached(berta.group_id, actor=PROGRAM)

    with pytest.raises(waiting.TooFewTries):
        await waiting.release_offer(berta.group_id, actor=PROGRAM)


async def test_desk_that_wrote_them_down_as_told_takes_them_off(db: object) -> None:
    cast = await make_cast()
    training, berta = await moved_up(hub=cast.hub, venue=cast.venue)
    await open_for_offers()

    await waiting.mark_reached(berta.group_id, actor=await make.actor_of(cast.assistant))

    assert await calls(await CallList.get(training_id=training.id)) == {}


async def test_call_about_an_earlier_place_tells_nothing_of_a_new_one(db: object, freeze: Freeze) -> None:
    training, berta = await moved_up(offer_hours=None)
    await open_for_offers()
    [call_list] = await CallList.all()
    await call_actions.mark(call_list.id, berta.id, CallResult.REACHED, CallVia.CALL, actor=PROGRAM)
    assert (await only_call(call_list)).is_reached
    freeze(MONDAY + timedelta(hours=2))
    await actions.cancel(berta.id, actor=HOLDER_OF_LINK)
    carla = await make.make_registration(training, given_names="Carla", email="carla@x.example")
    await rejoin_member(berta.id, actor=HOLDER_OF_LINK)

    freeze(MONDAY + timedelta(hours=3))
    await actions.cancel(carla.id, actor=HOLDER_OF_LINK)

    assert (await Registration.get(id=berta.id)).state is RegistrationState.CONFIRMED
    assert not (await only_call(call_list)).is_reached
