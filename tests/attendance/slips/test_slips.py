"""Slips that a phone sealed: opened here, registered with the card in the hand, or kept waiting with the reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests import make
from tests.attendance.doors import Opened, hours, open_door, stay
from tests.attendance.filled_slips import answers, slip
from tests.attendance.uploading import NO_OFFSET, counted, event, make_device, ms, send, states
from tests.registrations.card_world import make_spare_cards
from tests.registrations.wishes import wish
from trainings.attendance import reviews
from trainings.attendance.models import Decision, Device, ScanEvent, ScanFlag, WalkInSlip
from trainings.attendance.review.queries import review_of
from trainings.attendance.slips import slips
from trainings.attendance.slips.forms import SlipForm, read_slip
from trainings.attendance.slips.slips import NotAgreed, SlipDone
from trainings.attendance.slips.words import PROBLEMS
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.db import sql
from trainings.lib import tokens
from trainings.people.models import Consent, Guardian
from trainings.registrations.cards.use import use_at_door
from trainings.registrations.models import Card, CardState, Registration, Source
from trainings.schedule.models import TrainingSession
from trainings.settings import Settings
from trainings.web.forms import check

Freeze = Callable[[datetime], None]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def came(door: Opened, card: Card) -> dict[str, Any]:
    return event(door, door.starts_at + 10 * MINUTE, kind="walkin", h=card.qr_hash[:24])


async def opened(freeze: Freeze, **columns: Any) -> tuple[Opened, Device, Card]:
    """A session that is over, its phone, and a spare card."""
    door = await open_door(**columns)
    device, [card] = await make_device(door), await make_spare_cards(door.training)
    freeze(door.ends_at + HOUR)
    return door, device, card


async def only() -> WalkInSlip:
    return await WalkInSlip.get()


async def test_slip_then_registered_with_the_card_and_its_marks_are_theirs(db: Settings, freeze: Freeze) -> None:
    door, device, card = await opened(freeze)
    mark, sent = came(door, card), slip(door, card)

    assert await states(device, mark, sent, sent) == [("flagged", "unnamed"), ("stored", ""), ("stored", "")]
    assert await states(device, sent) == [("already", "")]

    kept, berta = await only(), await Registration.get(source=Source.WALK_IN).prefetch_related("participant")
    assert (kept.state, kept.body, kept.problem, kept.registration_id) == ("registered", None, "", berta.id)
    assert berta.participant.full_name == "Berta Luz Tiul Ché"
    assert (berta.participant.phone, berta.participant.sex, berta.state) == ("+50255551234", "mujer", "confirmed")
    assert (await Card.get(id=card.id)).registration_id == berta.id
    assert (await stay(door, berta)).arrived_at == door.starts_at + 10 * MINUTE
    assert await hours(berta) == (240, True)
    assert await counted(door) == (1, 2, 0, 0)
    consent = await Consent.get(participant_id=berta.participant_id)
    assert (consent.how, consent.text_version) == ("read_aloud", "2026-12")
    assert consent.created_at == door.starts_at + 5 * MINUTE
    [other] = await make_spare_cards(door.training)
    await send(device, slip(door, other, given_names="Clara", age_group="18+"))
    clara = await Registration.get(participant__given_names="Clara").prefetch_related("participant")
    assert clara.participant.age_group is None, "an adult who does not say which band"
    assert await states(device, came(door, other)) == [("stored", "")], "the slip came before its card was seen"
    assert await counted(door) == (2, 3, 0, 0)


async def test_phone_with_a_wrong_clock_then_consent_when_its_mark_says(sqlite_db: Settings, freeze: Freeze) -> None:
    door, device, card = await opened(freeze)
    behind = timedelta(days=400)
    read = event(door, door.starts_at - behind, kind="consent", how="button")
    sent = slip(door, card, consent_read_at=read["at"])
    late = sent | {"at": sent["at"] - round(behind.total_seconds() * 1000)}

    await send(device, read, late, offset=behind)

    assert (await Consent.get(participant__registrations__source=Source.WALK_IN)).created_at == door.starts_at


async def test_slip_without_its_card_by_a_clock_of_another_year_then_its_person_came_at_the_session(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    door, device, card = await opened(freeze)

    await send(device, slip(door, card) | {"at": ms(door.starts_at) // 2, "h": "f" * 24})

    key = await slips.register((await only()).id, form(door), actor=PROGRAM)
    assert (await stay(door, await Registration.get(id=key))).arrived_at == door.starts_at
    assert not await ScanEvent.exists(flag=ScanFlag.CLOCK)


async def test_sent_again_by_a_clock_set_right_then_what_waits_is_put_at_its_time(db: Settings, freeze: Freeze) -> None:
    door, device, card = await opened(freeze)
    behind, at = timedelta(days=400), door.starts_at + 20 * MINUTE
    sent = event(door, at - behind, kind="slip", h=card.qr_hash[:24], sealed="AQIDBA", perf=None)

    written = []
    for offset in (NO_OFFSET, behind, NO_OFFSET, behind - HOUR):
        await send(device, sent, offset=offset)
        written.append((await only()).written_at)

    assert written == [door.starts_at, at, at, at]


@pytest.mark.both_engines
async def test_nothing_of_it_lies_open_in_the_database(db: Settings, freeze: Freeze) -> None:
    door, device, card = await opened(freeze)
    await send(device, slip(door, card, consent=None))

    [row] = await sql.rows("SELECT body, problem FROM walk_in_slip")

    assert row["problem"] == "not_agreed"
    assert not any(word in row["body"] for word in ("Berta", "Tiul", "5555"))


WAITS: dict[str, tuple[dict[str, Any], str]] = {
    "no consent": ({"consent": None}, "not_agreed"),
    "consent that is a word": ({"consent": "true"}, "not_agreed"),
    "unknown municipality": ({"municipality": "9999"}, "unknown_municipality"),
    "municipality that is none": ({"municipality": "17"}, "incomplete"),
    "no name": ({"given_names": None}, "incomplete"),
    "no age": ({"age_group": None}, "incomplete"),
    "a name of spaces": ({"surnames": "   "}, "incomplete"),
    "a name with half a letter": ({"surnames": "\ud800"}, "incomplete"),
    "a name without end": ({"surnames": "x" * 9_000}, "incomplete"),
    "a number for a name": ({"given_names": 7}, "incomplete"),
    "a list for a name": ({"given_names": ["Ana"]}, "incomplete"),
    "actor type of nobody": ({"actor_type": "rey"}, "incomplete"),
    "phone that is none": ({"phone": "<script>"}, "incomplete"),
    "another version": ({"v": 2}, "unreadable"),
    "minor where none is admitted": ({"age_group": "14-17"}, "adults_only"),
}


BODIES = {
    "nothing": b"",
    "cut": b"{",
    "list": b"[]",
    "null": b"null",
    "word": b'"v"',
    "deep": b"[" * 9_000,
    "endless": b'{"v": 1e999}',
    "no text": b"\xff\xfe",
    "twice": b'{"v": 1, "v": 3}',
}


async def problems(
    door: Opened, device: Device, slips: dict[str, dict[str, Any]], bodies: dict[str, bytes]
) -> dict[str, str]:
    """Why each waits, by its name; all are sent at once, each for a card of its own whose arrival is sent too."""
    cards = await make_spare_cards(door.training, len(slips) + len(bodies))
    sent = {name: slip(door, cards.pop(), **changed) for name, changed in slips.items()}
    sent |= {name: slip(door, cards.pop(), body) for name, body in bodies.items()}
    arrivals = [event(door, kind="walkin", h=one["h"]) for one in sent.values()]
    results = await states(device, *arrivals, *sent.values())
    assert {state for state, _flag in results[len(sent) :]} == {"stored"}
    kept = {str(one.id): one for one in await WalkInSlip.all()}
    assert all(one.body is not None and one.state == "waiting" for one in kept.values())
    assert await counted(door) == (0, 1, len(sent), 0), "all of them came"
    return {name: kept[one["id"]].problem for name, one in sent.items()}


async def test_slips_that_cannot_be_registered_wait_with_the_reason_and_their_marks_count(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    door, device, _card = await opened(freeze)

    found = await problems(door, device, {name: changed for name, (changed, _why) in WAITS.items()}, BODIES)

    wanted = {name: why for name, (_changed, why) in WAITS.items()}
    assert found == wanted | dict.fromkeys(BODIES, "unreadable")
    assert set(found.values()) <= set(PROBLEMS)


async def test_sealed_for_something_else_then_waits_and_says_so(sqlite_db: Settings, freeze: Freeze) -> None:
    door, device, card = await opened(freeze)
    sent, unsealed = slip(door, card), event(door, kind="slip", h=card.qr_hash[:24], sealed="AQIDBA")

    await send(device, sent | {"id": str(tokens.uuid7())}, unsealed)

    assert {one.problem for one in await WalkInSlip.all()} == {"sealed"}


async def test_another_body_under_the_same_id_then_both_kept_and_the_second_waits(db: Settings, freeze: Freeze) -> None:
    door, device, card = await opened(freeze)
    first = slip(door, card)
    second = slip(door, card, key=first["id"], given_names="Carla")

    assert await states(device, first) + await states(device, second) == [("stored", ""), ("conflict", "")]

    assert sorted((one.state, one.problem) for one in await WalkInSlip.all()) == [
        ("registered", ""),
        ("waiting", "card_taken"),
    ]
    waiting = await WalkInSlip.get(state="waiting")
    assert (await slips.open_slip(waiting)).typed.value("given_names") == "Carla"


@pytest.mark.parametrize("why", ["revoked", "other_session", "unknown_card", "void"])
async def test_phone_or_card_that_is_not_for_it_then_waits(sqlite_db: Settings, freeze: Freeze, why: str) -> None:
    door, device, card = await opened(freeze)
    if why == "revoked":
        await Device.filter(id=device.id).update(revoked_at=door.starts_at)
    elif why == "other_session":
        device = await make_device(door, sessions=[])
    elif why == "unknown_card":
        elsewhere = await make.make_training(hub=await make.make_hub("tacana-san-marcos", municipality=make.TACANA))
        [card] = await make_spare_cards(elsewhere)
    else:
        await Card.filter(id=card.id).update(state=CardState.VOID)

    await send(device, slip(door, card))

    assert (await only()).problem == ("card_closed" if why == "void" else why)
    assert not await Registration.exists(source=Source.WALK_IN)


# -- minors


MINOR: dict[str, Any] = {
    "age_group": "14-17",
    "guardian_name": "Rosa Ché",
    "guardian_relation": "madre",
    "guardian_phone": "55556789",
    "guardian_consent": True,
    "assent": True,
}


async def test_minor_with_the_mother_then_hers_is_the_only_contact(sqlite_db: Settings, freeze: Freeze) -> None:
    door, device, card = await opened(freeze, admits_minors=True)

    await send(device, came(door, card), slip(door, card, **MINOR))

    minor = await Registration.get(source=Source.WALK_IN).prefetch_related("participant")
    guardian = await Guardian.get(participant_id=minor.participant_id)
    assert (guardian.name, guardian.phone, guardian.how) == ("Rosa Ché", "+50255556789", "read_aloud")
    assert guardian.created_at == door.starts_at + 5 * MINUTE
    assert minor.participant.phone is None


async def test_minors_without_a_yes_wait(sqlite_db: Settings, freeze: Freeze) -> None:
    door, device, _card = await opened(freeze, admits_minors=True, minimum_age=14)
    wanted: dict[str, tuple[dict[str, Any], str]] = {
        "nobody permits": ({"guardian_name": None}, "minor"),
        "the mother did not say yes": ({"guardian_consent": None}, "minor"),
        "who she is is not said": ({"guardian_relation": None}, "minor"),
        "nor did the minor": ({"assent": None}, "no_assent"),
        "relation of nobody": ({"guardian_relation": "vecina"}, "incomplete"),
        "younger than the training takes": ({"age_group": "12-13"}, "too_young"),
    }

    found = await problems(door, device, {name: MINOR | changed for name, (changed, _why) in wanted.items()}, {})

    assert found == {name: why for name, (_changed, why) in wanted.items()}


# -- what the coordination does about it


def form(door: Opened, **changed: Any) -> SlipForm:
    return check(SlipForm, read_slip(json.dumps(answers(door, **changed)).encode()).typed)


async def test_corrected_then_registered_with_the_card(db: Settings, freeze: Freeze) -> None:
    door, device, card = await opened(freeze)
    await send(device, came(door, card), slip(door, card, municipality="9999"))

    key = await slips.register((await only()).id, form(door), actor=PROGRAM)

    assert (await Card.get(id=card.id)).registration_id == key
    assert await hours(await Registration.get(id=key)) == (240, True)
    kept = await only()
    assert (kept.state, kept.body, kept.problem) == ("registered", None, "")
    with pytest.raises(SlipDone):
        await slips.register(kept.id, form(door), actor=PROGRAM)
    with pytest.raises(SlipDone):
        await slips.put_aside(kept.id, actor=PROGRAM)


@pytest.mark.parametrize("how", ["the card's marks are nobody's", "the card is somebody's"])
async def test_card_that_cannot_be_theirs_then_registered_without_it_and_present(
    db: Settings, freeze: Freeze, how: str
) -> None:
    door, device, card = await opened(freeze)
    if how == "the card is somebody's":
        await send(device, slip(door, card, given_names="Otra"))
        await send(device, slip(door, card))
        arrived = door.starts_at + 20 * MINUTE
    else:
        await Card.filter(id=card.id).update(state=CardState.VOID)
        await send(device, came(door, card), slip(door, card))
        arrived = door.starts_at + 10 * MINUTE
    waiting = await WalkInSlip.get(state="waiting")

    key = await slips.register(waiting.id, form(door), actor=PROGRAM)

    berta = await Registration.get(id=key)
    assert (await stay(door, berta)).arrived_at == arrived
    assert await hours(berta) == (240, True)
    assert (await Card.get(id=card.id)).registration_id != key


async def test_marks_of_the_card_given_to_another_then_the_slip_waits_and_both_came(
    db: Settings, freeze: Freeze
) -> None:
    door, device, card = await opened(freeze)
    await send(device, came(door, card))
    keys = [one.id for one in await ScanEvent.all()]
    await reviews.assign(door.key, keys, door.ana.id, actor=PROGRAM)

    await send(device, slip(door, card))
    assert (await only()).problem == "given"
    key = await slips.register((await only()).id, form(door), actor=PROGRAM)

    berta = await Registration.get(id=key)
    assert [await hours(one) for one in (door.ana, berta)] == [(240, True)] * 2
    assert (await stay(door, berta)).arrived_at == door.starts_at + 20 * MINUTE


async def test_mark_put_aside_before_the_slip_then_shown_as_decided_and_theirs_when_taken_back(
    db: Settings, freeze: Freeze
) -> None:
    door, device, card = await opened(freeze)
    await send(device, came(door, card))
    [mark] = await ScanEvent.all()
    await reviews.decide(door.key, [mark.id], Decision.DISMISSED, actor=PROGRAM)
    await send(device, slip(door, card))
    berta = await Registration.get(source=Source.WALK_IN)
    assert await hours(berta) == (0, False)

    session = await TrainingSession.get(id=door.key).prefetch_related("training")
    review = await review_of(session)
    assert ([one.ids for one in review.decided], review.open) == ([[mark.id]], [])
    await reviews.take_back(door.key, [mark.id], actor=PROGRAM)

    assert await hours(berta) == (240, True)


async def test_given_mark_taken_back_after_its_card_got_a_name_then_who_has_the_card_came(
    db: Settings, freeze: Freeze
) -> None:
    door, device, card = await opened(freeze)
    await send(device, came(door, card))
    [mark] = await ScanEvent.all()
    await reviews.assign(door.key, [mark.id], door.ana.id, actor=PROGRAM)
    used = await use_at_door(card.id, door.training.id, wish(body_hash="rosa"), actor=PROGRAM)

    await reviews.take_back(door.key, [mark.id], actor=PROGRAM)

    rosa = await Registration.get(id=used.registration_id)
    assert [await hours(one) for one in (door.ana, rosa)] == [(0, False), (240, True)]


async def test_put_aside_then_what_it_said_is_gone_and_the_mark_stays(sqlite_db: Settings, freeze: Freeze) -> None:
    door, device, card = await opened(freeze)
    await send(device, came(door, card), slip(door, card, consent=None))
    kept = await only()
    with pytest.raises(NotAgreed):
        await slips.register(kept.id, form(door, consent=None), actor=PROGRAM)
    assert not await Registration.exists(source=Source.WALK_IN)

    await slips.put_aside(kept.id, actor=PROGRAM)
    await slips.put_aside(kept.id, actor=PROGRAM)

    kept = await only()
    assert (kept.state, kept.body) == ("dismissed", None)
    assert await counted(door) == (0, 1, 1, 0)
    assert await AuditLine.filter(act="attendance.dismiss_slip", object_id=kept.id).count() == 1
    assert (await ScanEvent.get()).registration_id is None
