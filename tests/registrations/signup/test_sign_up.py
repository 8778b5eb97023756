"""One person signs up: which state it begins in, what is counted, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests import make
from tests.registrations.wishes import KEY, places_of, waiting, wish
from trainings import clock
from trainings.audit.actor import PROGRAM, VISITOR
from trainings.audit.models import AuditLine
from trainings.errors import NotFound
from trainings.lib import tokens
from trainings.outbox.models import OutboxJob
from trainings.people.actions import UnknownMunicipality
from trainings.people.models import Consent, Participant
from trainings.registrations.desk.look_alikes import look_alikes_in
from trainings.registrations.eligibility import (
    AdultsOnly,
    NotYetOpen,
    SignUpClosed,
    TrainingCancelled,
    TrainingFull,
    TrainingOver,
)
from trainings.registrations.models import HoldReason, OwnLink, Registration, RegistrationGroup, Source
from trainings.registrations.seats.actions import register_walk_in, sign_up
from trainings.registrations.seats.allocation import ChildcareFull
from trainings.registrations.seats.entering import KeyUsedAgain
from trainings.schedule.models import TrainingState
from trainings.settings import Settings

Freeze = Callable[[datetime], None]


async def test_sign_up_with_places_left_then_confirmed_with_ticket_link_consent_and_audit(db: Settings) -> None:
    training = await make.make_training(capacity=2)

    done = await sign_up(training.id, wish(phone="5555 1234", needs=("ramp",)), actor=VISITOR)

    registration = await Registration.get(id=done.registration_id).prefetch_related("participant", "group")
    assert (registration.state, registration.group.state, registration.source) == ("confirmed", "confirmed", "web")
    assert registration.confirmed_at is not None
    assert registration.needs == "ramp"
    assert tokens.read_short_code(registration.short_code) == registration.short_code
    assert registration.qr_token is not None
    assert registration.qr_hash == tokens.digest(registration.qr_token, "qr")
    assert registration.participant.full_name == "Rosa Amalia Coc Xol"
    assert registration.participant.phone == "+50255551234"
    assert await places_of(training) == (1, 0)
    link = await OwnLink.get(registration_id=registration.id)
    assert (link.token, link.token_hash) == (done.token, tokens.digest(done.token, "own"))
    assert await Consent.filter(participant_id=registration.participant_id).values_list("purpose", "how") == [
        ("data", "form")
    ]
    [line] = await AuditLine.filter(act="registrations.sign_up")
    assert (line.object_id, line.actor_role) == (registration.id, "visitor")
    assert line.detail == {"state": "confirmed", "source": "web", "people": 1, "childcare": 0}
    assert await OutboxJob.all().count() == 0, "who left no address gets no mail"


@pytest.mark.parametrize(
    ("capacity", "approval", "kind"),
    [(1, False, "registration_confirmed"), (0, False, "registration_waitlisted"), (1, True, "registration_held")],
)
async def test_sign_up_with_an_address_then_one_message_says_what_became_of_it(
    db: Settings, capacity: int, approval: bool, kind: str
) -> None:
    training = await make.make_training(capacity=capacity, approval_required=approval)

    done = await sign_up(training.id, wish(email="rosa@example.org"), actor=VISITOR)

    [job] = await OutboxJob.all()
    assert (job.kind, job.subject_id, job.hub_id) == (kind, done.registration_id, training.hub_id)


async def test_sign_up_when_full_then_numbers_on_the_waiting_list_in_order(db: Settings) -> None:
    training = await make.make_training(capacity=1)

    states = [
        (await make.make_registration(training, given_names=name)).state.value for name in ("Ana", "Berta", "Cruz")
    ]

    assert states == ["confirmed", "waitlisted", "waitlisted"]
    assert await places_of(training) == (1, 0)
    assert await waiting(training) == [1, 2]


async def test_sign_up_when_full_without_a_list_then_refused_and_nothing_is_kept(db: Settings) -> None:
    training = await make.make_training(capacity=1, has_waiting_list=False)
    await make.make_registration(training)

    with pytest.raises(TrainingFull):
        await sign_up(training.id, wish(given_names="Berta"), actor=VISITOR)

    assert await Participant.all().count() == 1
    assert await RegistrationGroup.all().count() == 1


async def test_childcare_is_given_with_the_place_or_both_wait(db: Settings) -> None:
    training = await make.make_training(capacity=10, childcare_capacity=3)

    first = await make.make_registration(training, given_names="Ana", childcare_places=2)
    second = await make.make_registration(training, given_names="Berta", childcare_places=2)
    alone = await make.make_registration(training, given_names="Cruz")

    assert [one.state.value for one in (first, second, alone)] == ["confirmed", "waitlisted", "confirmed"]
    assert await places_of(training) == (2, 2)


@pytest.mark.parametrize("hold", [False, True])
async def test_childcare_that_can_never_fit_is_refused_at_its_field(db: Settings, hold: bool) -> None:
    training = await make.make_training(childcare_capacity=3)

    with pytest.raises(ChildcareFull) as refused:
        await sign_up(
            training.id, wish(childcare_places=4, hold_reason=HoldReason.REVIEW if hold else None), actor=VISITOR
        )

    assert refused.value.field == "childcare_places"


async def test_childcare_that_does_not_fit_without_a_list_is_refused_without_a_number(db: Settings) -> None:
    training = await make.make_training(childcare_capacity=3, has_waiting_list=False)
    await make.make_registration(training, childcare_places=2)

    with pytest.raises(ChildcareFull) as refused:
        await sign_up(training.id, wish(given_names="Berta", childcare_places=2), actor=VISITOR)

    assert refused.value.values == {}


async def test_window_binds_the_page_but_not_the_desk(db: Settings) -> None:
    now = clock.now()
    closed = await make.make_training(closes_at=now - timedelta(hours=1))
    early = await make.make_training(opens_at=now + timedelta(hours=1))

    with pytest.raises(SignUpClosed):
        await sign_up(closed.id, wish(), actor=VISITOR)
    with pytest.raises(NotYetOpen):
        await sign_up(early.id, wish(), actor=VISITOR)

    for training in (closed, early):
        done = await sign_up(training.id, wish(source=Source.DESK), actor=PROGRAM)
        assert (await Registration.get(id=done.registration_id)).state == "confirmed"


@pytest.mark.parametrize("source", [Source.WEB, Source.DESK])
async def test_cancelled_over_and_draft_trainings_take_nobody(db: Settings, freeze: Freeze, source: Source) -> None:
    cancelled = await make.make_training(state=TrainingState.CANCELLED)
    draft = await make.make_training(state=TrainingState.DRAFT)
    over = await make.make_training()

    with pytest.raises(TrainingCancelled):
        await sign_up(cancelled.id, wish(source=source), actor=VISITOR)
    with pytest.raises(NotFound):
        await sign_up(draft.id, wish(source=source), actor=VISITOR)
    freeze(over.sessions[0].ends_at)
    with pytest.raises(TrainingOver):
        await sign_up(over.id, wish(source=source), actor=VISITOR)


async def test_sign_up_while_a_session_runs_is_open_until_its_end(db: Settings, freeze: Freeze) -> None:
    training = await make.make_training()

    freeze(training.sessions[0].ends_at - timedelta(minutes=1))

    assert (await make.make_registration(training)).state == "confirmed"


async def test_minor_is_refused_kindly_with_the_phone_of_the_hub_and_nothing_is_kept(db: Settings) -> None:
    training = await make.make_training()

    with pytest.raises(AdultsOnly) as refused:
        await sign_up(training.id, wish(age_group="14-17"), actor=VISITOR)

    assert (refused.value.field, refused.value.values) == ("age_group", {"phone": "7900 1234"})
    assert await Participant.all().count() == 0


async def test_unknown_municipality_is_refused_at_its_field(db: Settings) -> None:
    training = await make.make_training()

    with pytest.raises(UnknownMunicipality) as refused:
        await sign_up(training.id, wish(municipality="9999"), actor=VISITOR)

    assert (refused.value.field, refused.value.status) == ("municipality", 422)
    assert await places_of(training) == (0, 0)


# -- the very same sign-up again


async def test_same_key_and_answers_then_the_registration_that_stands(db: Settings) -> None:
    training = await make.make_training()
    first = await sign_up(training.id, wish(idempotency_key=KEY, body_hash="a"), actor=VISITOR)

    again = await sign_up(training.id, wish(idempotency_key=KEY, body_hash="a"), actor=VISITOR)

    assert (again.registration_id, again.token, again.is_new) == (first.registration_id, first.token, False)
    assert await places_of(training) == (1, 0)


async def test_same_key_is_replayed_even_when_full_or_closed_meanwhile(db: Settings, freeze: Freeze) -> None:
    training = await make.make_training(capacity=1, has_waiting_list=False, closes_at=make.tomorrow_at(8))
    freeze(make.tomorrow_at(7))
    first = await sign_up(training.id, wish(idempotency_key=KEY, body_hash="a"), actor=VISITOR)

    freeze(make.tomorrow_at(8, days=0))

    again = await sign_up(training.id, wish(idempotency_key=KEY, body_hash="a"), actor=VISITOR)
    assert again.token == first.token


async def test_same_key_with_other_answers_or_for_another_training_is_refused(db: Settings) -> None:
    training, other = await make.make_training(), await make.make_training()
    await sign_up(training.id, wish(idempotency_key=KEY, body_hash="a"), actor=VISITOR)

    with pytest.raises(KeyUsedAgain):
        await sign_up(training.id, wish(idempotency_key=KEY, body_hash="b"), actor=VISITOR)
    with pytest.raises(KeyUsedAgain):
        await sign_up(other.id, wish(idempotency_key=KEY, body_hash="a"), actor=VISITOR)


async def test_same_key_is_replayed_for_24_hours_only(db: Settings, freeze: Freeze) -> None:
    training = await make.make_training(sessions=[(make.tomorrow_at(8, days=5), make.tomorrow_at(12, days=5))])
    now = clock.now()
    freeze(now)
    await sign_up(training.id, wish(idempotency_key=KEY, body_hash="a"), actor=VISITOR)

    freeze(now + timedelta(hours=24))
    await sign_up(training.id, wish(idempotency_key=KEY, body_hash="a"), actor=VISITOR)
    freeze(now + timedelta(hours=24, seconds=1))
    with pytest.raises(KeyUsedAgain):
        await sign_up(training.id, wish(idempotency_key=KEY, body_hash="a"), actor=VISITOR)


@pytest.mark.both_engines
async def test_same_name_in_the_same_browser_then_the_registration_that_stands(db: Settings) -> None:
    training = await make.make_training()
    first = await sign_up(training.id, wish(browser_key="b1"), actor=VISITOR)

    again = await sign_up(training.id, wish(browser_key="b1", given_names="ROSA amália"), actor=VISITOR)
    elsewhere = await sign_up(training.id, wish(browser_key="b2"), actor=VISITOR)
    sister = await sign_up(training.id, wish(browser_key="b1", given_names="Elvira"), actor=VISITOR)

    assert (again.token, again.is_new) == (first.token, False)
    assert elsewhere.is_new
    assert sister.is_new
    assert await places_of(training) == (3, 0)


async def test_same_name_in_the_same_browser_after_cancelling_is_a_new_sign_up(db: Settings) -> None:
    training = await make.make_training()
    first = await sign_up(training.id, wish(browser_key="b1"), actor=VISITOR)
    await Registration.filter(id=first.registration_id).update(state="cancelled")

    again = await sign_up(training.id, wish(browser_key="b1"), actor=VISITOR)

    assert again.is_new


# -- at the door


async def test_walk_in_never_touches_the_counted_places(db: Settings) -> None:
    training = await make.make_training(capacity=1, has_waiting_list=False)
    await make.make_registration(training, given_names="Ana")

    done = await register_walk_in(training.id, wish(source=Source.WALK_IN), actor=PROGRAM)

    registration = await Registration.get(id=done.registration_id)
    assert (registration.state, registration.source, registration.holds_place) == ("confirmed", "walk_in", False)
    assert await places_of(training) == (1, 0)


async def test_walk_in_who_may_be_registered_already_bears_the_mark(db: Settings) -> None:
    training = await make.make_training()
    await make.make_registration(training, phone="+50255551234")

    done = await register_walk_in(
        training.id,
        wish(given_names="Maria  Elena", surnames="CAAL TZIB", phone="5555-1234", source=Source.WALK_IN),
        actor=PROGRAM,
    )

    assert await look_alikes_in([training.id]) == {done.registration_id}
    assert await places_of(training) == (1, 0)


async def test_walk_in_under_18_is_refused(db: Settings) -> None:
    training = await make.make_training()

    with pytest.raises(AdultsOnly):
        await register_walk_in(training.id, wish(age_group="14-17", source=Source.WALK_IN), actor=PROGRAM)
