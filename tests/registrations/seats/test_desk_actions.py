"""What only the desk does: a new ticket, an adult out of their family, answers to needs and to who is held."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.registrations.card_world import make_spare_cards
from tests.registrations.families import group_token, make_family
from tests.registrations.waiting_world import MONDAY, Freeze, a_training
from tests.registrations.wishes import KEY, link_of, places_of, state_of, wish
from trainings import clock
from trainings.attendance.actions import take
from trainings.attendance.events import EventKind, FormEvent
from trainings.attendance.models import ScanFlag, ScanHow
from trainings.attendance.scans import Outcome
from trainings.audit.actor import FILLER_OF_FORM, HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.db import keyring
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.outbox.actions import STAFF_DELAY
from trainings.outbox.models import OutboxJob
from trainings.people.models import Participant
from trainings.registrations.links import claim_link
from trainings.registrations.models import (
    Card,
    CardState,
    HoldReason,
    NeedState,
    OwnLink,
    Registration,
    RegistrationGroup,
    ReplacedTicket,
    read_needs,
)
from trainings.registrations.seats import actions, waiting
from trainings.registrations.seats.actions import ComesAlone, MinorStays, NeedGone, NoTicketAnyMore, sign_up
from trainings.registrations.seats.allocation import NotHeld
from trainings.settings import Settings

NewClient = Callable[[], AsyncClient]


async def kinds_of(registration: Registration) -> list[str]:
    """The messages about a registration, in order."""
    jobs = OutboxJob.filter(subject_id=registration.id).order_by("id").values_list("kind")
    return [kind for (kind,) in await jobs]


# -- a new ticket


async def test_new_ticket_replaces_code_and_link_of_this_person_alone(client: AsyncClient) -> None:
    training = await make.make_training()
    ana, beto = await make_family(training, "Ana", "Beto", email="ana@example.org")
    old_link, others_link, group = await link_of(ana), await link_of(beto), await group_token(ana)
    [card] = await make_spare_cards(training)
    await Card.filter(id=card.id).update(registration_id=ana.id, state=CardState.USED)

    await actions.replace_ticket(ana.id, actor=PROGRAM)

    new = await Registration.get(id=ana.id)
    assert new.qr_token
    assert new.qr_token != ana.qr_token
    assert new.qr_hash == tokens.digest(new.qr_token, "qr")
    assert new.short_code != ana.short_code
    assert (await Registration.get(id=beto.id)).qr_hash == beto.qr_hash
    assert (await client.get(old_link)).status_code == 404
    opened = [await client.get(path) for path in (await link_of(ana), others_link, f"/i/{group}")]
    assert [answer.status_code for answer in opened] == [200, 200, 200]
    assert (await kinds_of(ana))[-1] == "own_link_again"
    [line] = await AuditLine.filter(act="registrations.replace_ticket")
    assert (line.object_id, line.detail) == (ana.id, {})
    assert (await Card.get(id=card.id)).state is CardState.VOID
    assert (await OwnLink.get(registration_id=ana.id, revoked_at__not_isnull=True)).token is None
    await actions.replace_ticket(ana.id, actor=PROGRAM)
    kept = await ReplacedTicket.filter(registration_id=ana.id).order_by("id").values_list("qr_hash")
    assert [qr_hash for (qr_hash,) in kept] == [ana.qr_hash, new.qr_hash]


async def test_old_ticket_is_looked_at_at_the_door_by_its_picture_and_by_its_code(db: Settings) -> None:
    training = await make.make_training(sessions=[(make.tomorrow_at(8), make.tomorrow_at(12))])
    session = next(iter(training.sessions))
    rosa = await make.make_registration(training)
    await actions.replace_ticket(rosa.id, actor=PROGRAM)
    new = await Registration.get(id=rosa.id)

    shown = [rosa.qr_token, rosa.short_code, new.qr_token, new.short_code]
    marks = [
        FormEvent(id=tokens.uuid7(), kind=EventKind.IN, how=ScanHow.TYPED, session=session.id, code=code)
        for code in shown
    ]
    answers = [await take(session.id, [one], actor=PROGRAM) for one in marks]

    assert [answer.registration is not None for [answer] in answers] == [True, True, True, True]
    assert [answer.flag is ScanFlag.REPLACED for [answer] in answers] == [True, True, False, False]
    assert answers[0][0].outcome is Outcome.REVIEW


async def test_browser_that_signed_up_alone_does_not_get_the_new_link(db: Settings) -> None:
    training = await make.make_training()
    known = wish(browser_key="b" * 64, idempotency_key=KEY, body_hash="x")
    done = await sign_up(training.id, known, actor=PROGRAM)

    await actions.replace_ticket(done.registration_id, actor=PROGRAM)
    again = await sign_up(training.id, known, actor=PROGRAM)

    assert again.is_new
    assert again.registration_id != done.registration_id
    assert (
        await OwnLink.filter(registration_id=done.registration_id, token_hash=tokens.digest(again.token, "own")) == []
    )


async def test_minor_gets_a_new_code_and_no_link(db: Settings) -> None:
    training = await make.make_training(admits_minors=True)
    ana, luz = await make_family(training, "Ana", children=["Luz"])
    group = await group_token(ana)

    await actions.replace_ticket(luz.id, actor=PROGRAM)

    assert (await Registration.get(id=luz.id)).qr_hash != luz.qr_hash
    assert await OwnLink.filter(registration_id=luz.id).count() == 0
    assert await group_token(ana) == group


async def test_link_that_somebody_made_their_own_stays_theirs(db: Settings) -> None:
    training = await make.make_training()
    _ana, beto = await make_family(training, "Ana", "Beto")
    await claim_link((await link_of(beto)).removeprefix("/i/"), tokens.own_link(), actor=HOLDER_OF_LINK)

    await actions.replace_ticket(beto.id, actor=PROGRAM)

    link = await OwnLink.get(registration_id=beto.id, revoked_at=None)
    assert link.claimed_at is not None


async def test_there_is_nothing_to_replace_once_cancelled_or_over(db: Settings, freeze: Freeze) -> None:
    training = await make.make_training()
    gone, rosa = [await make.make_registration(training, given_names=name) for name in ("Ana", "Rosa")]
    await actions.cancel(gone.id, actor=HOLDER_OF_LINK)

    with pytest.raises(NoTicketAnyMore):
        await actions.replace_ticket(gone.id, actor=PROGRAM)
    freeze(make.tomorrow_at(20, days=2))
    with pytest.raises(NoTicketAnyMore):
        await actions.replace_ticket(rosa.id, actor=PROGRAM)

    assert await AuditLine.filter(act="registrations.replace_ticket").count() == 0


# -- out of the family


async def test_detached_adult_is_out_of_sight_keeps_the_place_and_has_an_own_contact(client: AsyncClient) -> None:
    training = await make.make_training()
    ana, beto = await make_family(training, "Ana", "Beto", email="ana@example.org", phone="+50255551234")
    old = await link_of(beto)

    await actions.detach(beto.id, phone="+50244440000", email=None, actor=PROGRAM)

    new = await Registration.get(id=beto.id).prefetch_related("participant")
    person = new.participant
    assert new.detached_at is not None
    assert (new.state, await places_of(training)) == ("confirmed", (2, 0))
    assert (person.phone, person.email, person.email_key) == ("+50244440000", None, None)
    assert person.phone_key == keyring().blind_index("+50244440000", "phone")
    assert new.qr_hash != beto.qr_hash
    assert (await client.get(old)).status_code == 404
    shown = await client.get(f"/i/{await group_token(ana)}")
    assert "Ana Coc Xol" in shown.text
    assert "Beto" not in shown.text
    [line] = await AuditLine.filter(act="registrations.detach")
    assert line.detail == {"phone": True, "email": False}


async def test_adult_is_detached_without_a_contact_and_a_minor_or_who_came_alone_is_not(db: Settings) -> None:
    training = await make.make_training(admits_minors=True)
    ana, beto, luz = await make_family(
        training, "Ana", "Beto", children=["Luz"], email="ana@example.org", phone="+50255551234"
    )
    rosa = await make.make_registration(training, phone="+50255551235")

    for one, refusal in ((luz, MinorStays), (rosa, ComesAlone)):
        with pytest.raises(refusal):
            await actions.detach(one.id, phone=None, email=None, actor=PROGRAM)
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    await actions.detach(beto.id, phone=None, email=None, actor=PROGRAM)

    of_ana, of_beto, of_rosa = [await Participant.get(registrations__id=one.id) for one in (ana, beto, rosa)]
    assert (of_ana.phone, of_ana.email) == ("+50255551234", "ana@example.org")
    assert (of_beto.phone, of_beto.phone_key, of_beto.email) == (None, None, None)
    assert of_rosa.phone == "+50255551235"
    assert await Registration.filter(detached_at__not_isnull=True).values_list("id") == [(beto.id,)]
    assert "own_link_again" not in await kinds_of(beto)


# -- needs


async def test_answer_to_a_need_is_kept_told_and_recorded_without_the_need(db: Settings) -> None:
    training = await make.make_training()
    rosa = await make.make_registration(training, email="rosa@example.org", needs=("food", "ramp"))

    await actions.answer_need(rosa.id, "ramp", NeedState.ARRANGED, actor=PROGRAM)

    stored = (await Registration.get(id=rosa.id)).needs
    assert read_needs(stored) == {"food": NeedState.ASKED, "ramp": NeedState.ARRANGED}
    assert (await kinds_of(rosa))[-1] == "need_answered"
    [line] = await AuditLine.filter(act="registrations.answer_need")
    assert line.detail == {"state": "arranged"}


async def test_same_answer_again_and_taking_it_back_tell_nobody(db: Settings) -> None:
    rosa = await make.make_registration(await make.make_training(), email="rosa@example.org", needs=("ramp",))

    for state in (NeedState.IMPOSSIBLE, NeedState.IMPOSSIBLE, NeedState.ASKED):
        await actions.answer_need(rosa.id, "ramp", state, actor=PROGRAM)

    assert read_needs((await Registration.get(id=rosa.id)).needs) == {"ramp": NeedState.ASKED}
    assert (await kinds_of(rosa)).count("need_answered") == 1


async def test_need_that_is_gone_is_not_answered(db: Settings, freeze: Freeze) -> None:
    training = await make.make_training()
    rosa = await make.make_registration(training, needs=("ramp",))
    gone = await make.make_registration(training, given_names="Ana", needs=("ramp",))
    await actions.cancel(gone.id, actor=HOLDER_OF_LINK)

    for registration, code in ((rosa, "food"), (gone, "ramp")):
        with pytest.raises(NeedGone):
            await actions.answer_need(registration.id, code, NeedState.ARRANGED, actor=PROGRAM)
    freeze(make.tomorrow_at(20, days=2))
    with pytest.raises(NeedGone):
        await actions.answer_need(rosa.id, "ramp", NeedState.ARRANGED, actor=PROGRAM)

    assert read_needs((await Registration.get(id=rosa.id)).needs) == {"ramp": NeedState.ASKED}


# -- who is held


async def test_rejected_family_is_cancelled_whole_and_told_after_ten_minutes(db: Settings) -> None:
    training = await make.make_training(approval_required=True)
    ana, beto = await make_family(training, "Ana", "Beto", email="ana@example.org")
    before = clock.now()

    await actions.reject(ana.group_id, actor=PROGRAM)

    assert [await state_of(one) for one in (ana, beto)] == ["cancelled", "cancelled"]
    assert (await RegistrationGroup.get(id=ana.group_id)).state == "cancelled"
    [job] = await OutboxJob.filter(kind="registration_rejected")
    assert job.run_at >= before + STAFF_DELAY
    assert job.batch_id is not None
    [line] = await AuditLine.filter(act="registrations.reject")
    assert (line.object_id, line.detail) == (ana.group_id, {"people": 2})


async def test_who_was_held_for_too_many_at_once_is_not_written_to(db: Settings) -> None:
    training = await make.make_training()
    rosa = await make.make_registration(training, email="rosa@example.org", hold_reason=HoldReason.REVIEW)

    await actions.reject(rosa.group_id, actor=PROGRAM)

    assert await state_of(rosa) == "cancelled"
    assert await kinds_of(rosa) == []


async def test_what_has_its_answer_is_neither_approved_nor_rejected(db: Settings) -> None:
    training = await make.make_training()
    rosa = await make.make_registration(training)

    for act in (actions.reject, actions.approve):
        with pytest.raises(NotHeld):
            await act(rosa.group_id, actor=PROGRAM)
        with pytest.raises(Refusal):
            await act(tokens.uuid7(), actor=PROGRAM)

    assert await state_of(rosa) == "confirmed"


async def test_detached_adult_and_family_answer_an_offer_each_for_themselves(db: Settings, freeze: Freeze) -> None:
    freeze(MONDAY)
    training = await a_training(capacity=2)
    first = await make_family(training, "Ana", "Beto")
    family = await make_family(training, "Cruz", "Dora")
    await actions.detach(family[1].id, phone=None, email=None, actor=PROGRAM)
    await actions.cancel_group(first[0].group_id, actor=HOLDER_OF_LINK)
    assert [await state_of(one) for one in family] == ["offered", "offered"]

    await waiting.accept_offer(family[0].group_id, actor=HOLDER_OF_LINK)

    assert [await state_of(one) for one in family] == ["confirmed", "offered"]
    alone = await Registration.get(id=family[1].id)
    await waiting.decline_offer(alone.group_id, actor=HOLDER_OF_LINK)
    assert [await state_of(one) for one in family] == ["confirmed", "cancelled"]
    assert await places_of(training) == (1, 0)


async def test_form_of_which_everybody_was_taken_out_is_cancelled_without_touching_anybody(db: Settings) -> None:
    training = await make.make_training()
    family = await make_family(training, "Ana", "Beto")
    for one in family:
        await actions.detach(one.id, phone=None, email=None, actor=PROGRAM)

    await actions.cancel_group(family[0].group_id, actor=FILLER_OF_FORM)

    assert [await state_of(one) for one in family] == ["confirmed", "confirmed"]
    assert await places_of(training) == (2, 0)
