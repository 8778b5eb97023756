"""Nameless cards, offers, lists, merges and tickets at the same moment: each once, nobody oversold."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from tests import make, rush
from tests.attendance.doors import qr_of, scan
from tests.cast import make_cast
from tests.privacy.people import merged_into, someone
from tests.registrations.card_world import (
    ask_course_before,
    card_of,
    cards_of,
    make_block,
    make_spare_cards,
    named,
    states_of,
)
from tests.registrations.lists import a_training as a_training_at_desk
from tests.registrations.lists import an_actor, confirmed, matched, people, waiting_jobs
from tests.registrations.waiting_world import DAY, MONDAY, a_training, one_offered
from tests.registrations.wishes import wish
from trainings.attendance import actions as attendance
from trainings.attendance.models import Attendance, ScanEvent
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM, VISITOR
from trainings.errors import Refusal
from trainings.outbox.models import OutboxJob
from trainings.people.models import NOBODY, Consent, ConsentHow, Merge, MergeReason, Participant
from trainings.privacy import merging
from trainings.privacy.withdrawal import withdraw_data
from trainings.registrations.cards.use import CardUsed, use_at_door, use_spare
from trainings.registrations.imports import actions as imports
from trainings.registrations.imports.columns import Field
from trainings.registrations.models import (
    TAKES_PLACE,
    Card,
    CardState,
    ImportDraft,
    ImportState,
    OwnLink,
    Registration,
    RegistrationGroup,
    RegistrationState,
)
from trainings.registrations.seats import actions, cards, waiting
from trainings.registrations.seats.actions import sign_up
from trainings.schedule.models import Training
from trainings.settings import Settings

pytestmark = pytest.mark.race

Freeze = Callable[[datetime], None]
ROUNDS = 6
"""A race that is lost one time in three shows in so many."""


async def at_once(*doings: Awaitable[Any]) -> Counter[str]:
    """All of them in the same moment; what each came to. Only refusals are answers: anything else is a bug."""
    async with asyncio.timeout(60):
        outcomes = await asyncio.gather(*doings, return_exceptions=True)
    bugs = [one for one in outcomes if isinstance(one, BaseException) and not isinstance(one, Refusal)]
    assert bugs == []
    return Counter(type(one).__name__ if isinstance(one, Refusal) else "done" for one in outcomes)


async def check_places(training: Training) -> None:
    """What is counted is what is there, and no more than fits; who fits does not wait."""
    row = await Training.get(id=training.id)
    live = await Registration.filter(training_id=training.id, state__in=sorted(TAKES_PLACE))
    keeping = [CardState.OPEN, CardState.HELD]
    n_reserved = await Card.filter(block__training_id=training.id, state__in=keeping).count()
    assert (row.taken, row.reserved) == (sum(one.holds_place for one in live), n_reserved)
    assert row.taken + row.reserved <= row.capacity
    if row.taken + row.reserved < row.capacity:
        assert await RegistrationGroup.filter(training_id=training.id, state="waitlisted").count() == 0


# -- cards


async def test_card_named_by_ten_at_once_is_one_persons(db: Settings) -> None:
    training = await make.make_training(capacity=4)
    block = await make_block(training, 3)
    card = await card_of(block)

    came_to = await at_once(*(named(card, body_hash=f"p{n}", given_names=f"Persona {n}") for n in range(10)))

    assert came_to == {"done": 1, "CardTaken": 9}
    assert await Registration.all().count() == await Participant.all().count() == 1
    await check_places(training)


async def test_form_of_a_card_sent_ten_times_at_once_is_one_registration(db: Settings) -> None:
    training = await make.make_training(capacity=4)
    card = await card_of(await make_block(training, 3))

    used: list[CardUsed] = await asyncio.gather(*(named(card) for _click in range(10)))

    assert len({one.registration_id for one in used}) == 1
    assert sum(one.is_new for one in used) == 1
    await check_places(training)


async def test_spare_card_used_in_two_trainings_at_once_is_used_in_one(db: Settings) -> None:
    first = await make.make_training(capacity=4)
    second = await make.make_training(capacity=4)
    for card in await make_spare_cards(first, ROUNDS):
        came_to = await at_once(
            *(
                use_spare(card.id, one.id, wish(body_hash=f"{n}"), actor=PROGRAM)
                for n, one in enumerate((first, second))
            )
        )
        assert came_to == {"done": 1, "CardTaken": 1}

    assert await Registration.all().count() == ROUNDS
    await check_places(first)
    await check_places(second)


async def test_cards_given_back_voided_released_and_named_at_once_keep_the_count(db: Settings) -> None:
    training = await make.make_training(capacity=8)
    block = await make_block(training, 8)
    for n in range(12):
        await make.make_registration(training, given_names=f"Espera {n}")
    held = await cards_of(block)

    await at_once(
        *(named(card, body_hash=f"p{card.number}", given_names=f"Persona {card.number}") for card in held),
        *(cards.give_back(card.id, actor=HOLDER_OF_LINK) for card in held[:3]),
        *(cards.void(card.id, actor=PROGRAM) for card in held[2:5]),
        cards.release(block.id, actor=PROGRAM),
        cards.release(block.id, actor=PROGRAM),
    )

    used = [card for card in await cards_of(block) if card.state is CardState.USED]
    assert set(await states_of(block)) <= {CardState.USED, CardState.RELEASED, CardState.VOID}
    assert await Registration.filter(source="card").count() == len(used) == len({card.registration_id for card in used})
    await check_places(training)


async def test_reserving_signing_up_cancelling_and_resizing_at_once_never_oversells(db: Settings) -> None:
    training = await make.make_training(capacity=20)
    before = [await make.make_registration(training, given_names=f"Antes {n}") for n in range(12)]

    came_to = await at_once(
        *(make_block(training, 3) for _block in range(6)),
        *(rush.different(training.id, number) for number in range(20)),
        *(actions.cancel(one.id, actor=HOLDER_OF_LINK) for one in before[:6]),
        *(actions.resize(training.id, capacity, 0, actor=PROGRAM) for capacity in (14, 22, 17, 25)),
    )

    assert came_to["done"] >= 26
    await check_places(training)


async def test_card_at_the_door_and_at_the_desk_at_once_is_one_persons(db: Settings, freeze: Freeze) -> None:
    training = await make.make_training(capacity=ROUNDS)
    block = await make_block(training, ROUNDS)
    freeze(training.sessions[0].starts_at)

    for card in await cards_of(block):
        came_to = await at_once(
            use_at_door(card.id, training.id, wish(body_hash="door", given_names="Ana"), actor=PROGRAM),
            named(card, body_hash="desk", given_names="Berta", actor=PROGRAM),
        )
        assert came_to == {"done": 1, "CardTaken": 1}

    assert await Registration.all().count() == ROUNDS
    await check_places(training)


async def test_bearers_link_renewed_while_the_block_is_released_opens_as_the_last_one(db: Settings) -> None:
    training = await make.make_training(capacity=4)
    block = await make_block(training, 4)

    came_to = await at_once(
        *(cards.renew_link(block.id, actor=PROGRAM) for _click in range(5)), cards.release(block.id, actor=PROGRAM)
    )

    await block.refresh_from_db()
    assert came_to == {"done": 6}
    assert block.token is not None
    assert cards.block_digest(block.token) == block.token_hash
    assert block.released_at is not None


async def group_of(used: CardUsed) -> UUID:
    return (await Registration.get(id=used.registration_id)).group_id


async def test_held_card_approved_while_the_block_is_released_has_its_place(db: Settings) -> None:
    training = await make.make_training(capacity=ROUNDS)
    await ask_course_before(training)
    for number in range(ROUNDS):
        block = await make_block(training, 1)
        held = await named(await card_of(block), body_hash=f"{number}", given_names=f"Ana {number}")
        await make.make_registration(training, given_names=f"Espera {number}")

        came_to = await at_once(
            cards.release(block.id, actor=PROGRAM),
            actions.approve(await group_of(held), actor=PROGRAM),
            cards.release(block.id, actor=PROGRAM),
        )

        assert came_to == {"done": 3}
        assert (await Registration.get(id=held.registration_id)).state is RegistrationState.CONFIRMED
        await check_places(training)


async def test_held_card_approved_rejected_and_cancelled_at_once_is_one_of_them(db: Settings) -> None:
    training = await make.make_training(capacity=2 * ROUNDS)
    await ask_course_before(training)
    for number in range(ROUNDS):
        block = await make_block(training, 1)
        held = await named(await card_of(block), body_hash=f"{number}", given_names=f"Ana {number}")
        group_id = await group_of(held)

        came_to = await at_once(
            actions.approve(group_id, actor=PROGRAM),
            actions.reject(group_id, actor=PROGRAM),
            actions.cancel(held.registration_id, actor=HOLDER_OF_LINK),
            cards.release(block.id, actor=PROGRAM),
        )

        assert set(came_to) <= {"done", "CannotChange", "NotHeld"}
        registration = await Registration.get(id=held.registration_id)
        card = await card_of(block)
        # Who was approved first may have cancelled after it: their card was used.
        assert (registration.state, card.state) in {
            (RegistrationState.CONFIRMED, CardState.USED),
            (RegistrationState.CANCELLED, CardState.USED),
            (RegistrationState.CANCELLED, CardState.RELEASED),
        }
        await check_places(training)


# -- offers


async def test_offer_accepted_and_expired_at_the_same_moment_is_one_of_the_two(db: Settings, freeze: Freeze) -> None:
    for _round in range(ROUNDS):
        freeze(MONDAY)
        training, (_ana, berta, cruz) = await one_offered()
        await waiting.mark_reached(berta.group_id, actor=PROGRAM)
        freeze(MONDAY + DAY * 2)

        came_to = await at_once(
            waiting.accept_offer(berta.group_id, actor=HOLDER_OF_LINK),
            waiting.expire_offers(),
            waiting.expire_offers(),
            waiting.decline_offer(berta.group_id, actor=HOLDER_OF_LINK),
        )

        assert set(came_to) <= {"done", "NoOffer"}
        states = [(await Registration.get(id=one.id)).state.value for one in (berta, cruz)]
        assert states in (["confirmed", "waitlisted"], ["cancelled", "offered"])
        await check_places(training)


async def test_list_closed_while_somebody_gives_a_place_back_leaves_nobody_half_told(
    db: Settings, freeze: Freeze
) -> None:
    freeze(MONDAY)
    training = await a_training(capacity=2)
    four = [await make.make_registration(training, given_names=name) for name in ("Ana", "Berta", "Cruz", "Delia")]

    await at_once(
        actions.cancel(four[0].id, actor=HOLDER_OF_LINK),
        waiting.close_waiting_list(training.id, actor=PROGRAM),
        actions.cancel(four[1].id, actor=HOLDER_OF_LINK),
    )

    assert await RegistrationGroup.filter(state="waitlisted").count() == 0
    everybody = await Registration.all().prefetch_related("group")
    assert [one.state for one in everybody] == [one.group.state for one in everybody]
    await check_places(training)


# -- lists


async def test_list_confirmed_changed_and_thrown_away_at_once_is_one_of_it(db: Settings) -> None:
    training, actor = await a_training_at_desk(), await an_actor()
    for _round in range(ROUNDS):
        draft = await matched(training, people(2), actor)
        columns = {number: Field(field) for field, number in draft.columns.items()}

        await at_once(
            imports.confirm(draft.id, training, ConsentHow.PAPER, actor=actor, version=imports.version_of(draft)),
            imports.confirm(draft.id, training, ConsentHow.PAPER, actor=actor),
            imports.assign_columns(draft.id, columns, imports.ForAll("1705", "docente")),
            imports.discard(draft.id),
        )

        left = await ImportDraft.get_or_none(id=draft.id)
        jobs = await waiting_jobs()
        assert len(jobs) == (left is not None)
        assert left is None or left.state is ImportState.RUNNING
        await OutboxJob.all().delete()


async def test_rows_registered_by_three_workers_at_once_are_each_one_person(db: Settings) -> None:
    training, actor = await a_training_at_desk(capacity=10), await an_actor()
    draft = await confirmed(training, people(20), actor)
    [job] = await waiting_jobs()

    await at_once(*(imports.register_some(job) for _worker in range(3)))

    done = await ImportDraft.get(id=draft.id)
    assert (done.state, done.n_done, done.n_new) == (ImportState.DONE, 20, 20)
    assert await Participant.all().count() == await Registration.all().count() == 20
    await check_places(training)


# -- people


async def test_merge_and_undo_at_once_leave_two_who_are_one_or_two(db: Settings) -> None:
    cast = await make_cast()
    actor = await make.actor_of(cast.coordinator)
    one, other, third = [await someone(cast.hub, name) for name in ("Rosa", "Rosa A.", "Rosa Amalia")]

    for _round in range(ROUNDS // 2):
        await merging.merge(one.participant_id, other.participant_id, MergeReason.SAID_SO, actor=actor)
        done = await Merge.filter(undone_at=None).order_by("-id").first()
        assert done is not None
        await at_once(
            merging.undo(done.id, actor=actor),
            merging.undo(done.id, actor=actor),
            merging.merge(other.participant_id, third.participant_id, MergeReason.SAID_SO, actor=actor),
            merging.merge(third.participant_id, one.participant_id, MergeReason.SAID_SO, actor=actor),
        )

        standing = await Merge.filter(undone_at=None)
        into = {one.merged_id: one.kept_id for one in standing}
        assert len(into) == len(standing), "nobody is merged twice"
        for person in (one, other, third):
            assert await merged_into(person) == into.get(person.participant_id)
            seen, at = set(), person.participant_id
            while at in into:
                assert at not in seen, "nobody is merged into themselves"
                seen.add(at)
                at = into[at]
        for merge in standing:
            await merging.undo(merge.id, actor=actor)
    assert await Participant.filter(merged_into_id__not_isnull=True).count() == 0


async def test_who_takes_back_everything_while_others_change_it_is_nobody_afterwards(db: Settings) -> None:
    cast = await make_cast()
    staff = await make.actor_of(cast.coordinator)
    for _round in range(ROUNDS):
        training = await make.make_training(hub=cast.hub, capacity=1)
        ana = await make.make_registration(training, given_names="Ana", email="ana@x.example")
        await make.make_registration(training, given_names="Espera")

        await at_once(
            withdraw_data(ana.id, actor=HOLDER_OF_LINK),
            withdraw_data(ana.id, actor=staff),
            actions.rename(ana.id, "Anita", "Coc", actor=staff),
            actions.replace_ticket(ana.id, actor=staff),
            actions.change_needs(ana.id, ["food"], actor=HOLDER_OF_LINK),
            sign_up(training.id, wish(given_names="Otra"), actor=VISITOR),
        )

        person, now = await Participant.get(id=ana.participant_id), await Registration.get(id=ana.id)
        assert (person.given_names, person.surnames, person.email, person.email_key) == (NOBODY, "", None, None)
        assert (now.state, now.needs) == (RegistrationState.CANCELLED, None)
        assert await Consent.filter(participant_id=person.id, withdrawn_at=None).count() == 0
        await check_places(training)


async def test_ticket_replaced_while_it_is_scanned_lets_one_person_in_once(db: Settings) -> None:
    training = await make.make_training()
    session = training.sessions[0]
    for number in range(ROUNDS):
        ana = await make.make_registration(training, given_names=f"Ana {number}")

        await at_once(
            attendance.take(session.id, [scan(qr_of(ana), session.starts_at, session=session.id)], actor=PROGRAM),
            actions.replace_ticket(ana.id, actor=PROGRAM),
            attendance.take(session.id, [scan(qr_of(ana), session.starts_at, session=session.id)], actor=PROGRAM),
            actions.replace_ticket(ana.id, actor=PROGRAM),
        )
        now = await Registration.get(id=ana.id)
        await attendance.take(session.id, [scan(qr_of(now), session.starts_at, session=session.id)], actor=PROGRAM)

        assert await Attendance.filter(registration_id=ana.id).count() == 1
        assert await OwnLink.filter(registration_id=ana.id, revoked_at=None).count() == 1
    assert await ScanEvent.all().count() == 3 * ROUNDS
