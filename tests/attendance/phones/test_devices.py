"""Phones: prepared, invited, claimed once, taken out of use; whoever is signed in plays no part in what they may do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.attendance.doors import open_door
from tests.attendance.prepared_phones import make_phone
from tests.attendance.uploading import event, h, ms
from tests.cast import Cast, make_cast
from tests.outreach.make_activity import make_activity
from trainings import clock
from trainings.accounts import actions as accounts
from trainings.accounts.actions import AccountClosed
from trainings.accounts.models import Role, RoleGrant, User
from trainings.attendance.device_access import device_by_token, may_read_roster, may_upload, training_ends
from trainings.attendance.models import Device, DeviceActivity, DeviceSession, ScanEvent
from trainings.attendance.phones import devices
from trainings.attendance.phones.closings import phones_missing
from trainings.attendance.phones.devices import (
    NAME_LENGTH,
    CodeOver,
    CodeUsed,
    Load,
    NotYourPhone,
    Prepared,
    UnknownPhone,
)
from trainings.attendance.phones.sessions import offer_to
from trainings.audit.actor import PROGRAM, Actor
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.limits.actions import TooManyTries
from trainings.places.models import Hub
from trainings.schedule import actions as schedule
from trainings.schedule.models import SessionState, Training, TrainingSession
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
ADDRESS = "198.51.100.7"


async def load_of(training: Training) -> Load:
    return Load(training.hub_id, [one.id for one in training.sessions])


async def prepare(training: Training, actor: Actor, token: str = "", **how: Any) -> Prepared:
    return await devices.prepare_this(await load_of(training), name="Teléfono de Ana", token=token, actor=actor, **how)


async def bound(device: Device) -> set[UUID]:
    return {key for (key,) in await DeviceSession.filter(device_id=device.id).values_list("session_id")}


# -- what may go onto one


async def test_session_that_two_people_hold_is_offered_once_to_each_in_order(db: Settings) -> None:
    cast = await make_cast()
    second = await make.make_user(Role.FACILITATOR, cast.hub)
    days = [(make.tomorrow_at(8, days=n), make.tomorrow_at(12, days=n)) for n in (5, 2)]
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator, second], sessions=days)
    activity = await make_activity(cast.hub)
    in_order = [one.id for one in sorted(training.sessions, key=lambda one: one.starts_at)]

    for user in (cast.facilitator, second, cast.coordinator):
        for at_hand in (None, in_order[0]):
            offer = await offer_to(await make.actor_of(user), at_hand)
            assert [one.id for one in offer.sessions] == in_order
            assert [one.id for one in offer.activities] == [activity.id]
            assert offer.hub_id == cast.hub.id


# -- this phone


async def test_prepared_phone_is_known_by_its_token_of_which_only_the_hash_is_kept(db: Settings) -> None:
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub)

    prepared = await prepare(training, await make.actor_of(cast.coordinator))

    known = await device_by_token(prepared.token)
    assert known is not None
    assert (known.id, known.name, known.hub_id) == (prepared.device.id, "Teléfono de Ana", cast.hub.id)
    assert known.token_hash == tokens.digest(prepared.token, "device")
    assert await bound(known) == {one.id for one in training.sessions}
    assert [await device_by_token(other) for other in ("", tokens.own_link(), "x" * 500)] == [None, None, None]
    [line] = await AuditLine.filter(act="devices.prepare")
    assert (line.object_id, line.detail) == (known.id, {"sessions": 1, "again": False})


@pytest.mark.both_engines
async def test_form_that_is_sent_twice_without_a_cookie_makes_one_phone(db: Settings) -> None:
    cast = await make_cast()
    training, key = await make.make_training(hub=cast.hub), tokens.uuid7()
    actor = await make.actor_of(cast.coordinator)

    first, second = await asyncio.gather(*(prepare(training, actor, key=key) for _ in range(2)))

    assert first.device.id == second.device.id == key
    assert await Device.all().count() == 1
    assert sorted([await device_by_token(one.token) is not None for one in (first, second)]) == [False, True]


async def test_phone_of_another_hub_stays_as_it_is_and_becomes_another_one_here(sqlite_db: Settings) -> None:
    cast = await make_cast()
    here, there = await make.make_training(hub=cast.hub), await make.make_training(hub=cast.elsewhere)
    theirs = await prepare(there, await make.actor_of(cast.coordinator_elsewhere))

    ours = await prepare(here, await make.actor_of(cast.coordinator), token=theirs.token)

    assert ours.device.id != theirs.device.id
    assert await device_by_token(theirs.token) is not None
    assert await bound(theirs.device) == {one.id for one in there.sessions}


# -- by a code


async def test_code_prepares_one_phone_within_ten_minutes(db: Settings, freeze: Freeze) -> None:
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub)
    actor = await make.actor_of(cast.facilitator)
    now = clock.now()
    freeze(now)
    device, code = await devices.invite(await load_of(training), name="Luis", actor=actor)
    late, late_code = await devices.invite(await load_of(training), name="Tarde", actor=actor)

    prepared = await devices.claim(tokens.show_short_code(code).lower(), address=ADDRESS)

    known = await device_by_token(prepared.token)
    assert known is not None
    assert (known.id, known.enrol_hash) == (device.id, None)
    freeze(now + devices.CODE_LIVES)
    for over in (code, late_code, tokens.short_code(), "K7Q2", ""):
        with pytest.raises(CodeOver):
            await devices.claim(over, address=ADDRESS)
    assert (await Device.get(id=late.id)).token_hash is None


async def test_phone_whose_answer_was_lost_is_let_in_again_with_the_same_code_and_no_other_is(
    db: Settings, freeze: Freeze
) -> None:
    cast = await make_cast()
    load = await load_of(await make.make_training(hub=cast.hub))
    now = clock.now()
    freeze(now)
    device, code = await devices.invite(load, name="Luis", actor=await make.actor_of(cast.facilitator))
    key = tokens.uuid7()
    lost = await devices.claim(code, address=ADDRESS, key=key)

    again = await devices.claim(code, address=ADDRESS, key=key)

    known = await device_by_token(again.token)
    assert known is not None
    assert known.id == device.id
    assert await device_by_token(lost.token) is None, "whoever caught the lost answer has nothing"
    for other in (None, tokens.uuid7()):
        with pytest.raises(CodeOver):
            await devices.claim(code, address=ADDRESS, key=other)
    freeze(now + devices.CODE_LIVES)
    with pytest.raises(CodeOver):
        await devices.claim(code, address=ADDRESS, key=key)
    assert (await Device.all().count(), (await DeviceSession.all().count())) == (1, len(load.session_ids))


@pytest.mark.both_engines
async def test_prepared_phone_whose_answer_was_lost_then_the_same_code_is_answered_again_with_what_it_added(
    db: Settings,
) -> None:
    cast = await make_cast()
    first, second = [await make.make_training(hub=cast.hub) for _ in range(2)]
    coordinator = await make.actor_of(cast.coordinator)
    phone = await prepare(first, coordinator)
    _device, code = await devices.invite(await load_of(second), name="Tarde", actor=coordinator)
    key = tokens.uuid7()
    await devices.claim(code, address=ADDRESS, token=phone.token, key=key)

    again = await devices.claim(code, address=ADDRESS, token=phone.token, key=key)

    assert (again.device.id, again.token) == (phone.device.id, phone.token)
    assert await bound(again.device) == {one.id for training in (first, second) for one in training.sessions}
    for token, other in (("", key), (phone.token, tokens.uuid7()), (phone.token, None)):
        with pytest.raises(CodeOver):
            await devices.claim(code, address=ADDRESS, token=token, key=other)
    await devices.revoke(phone.device.id, actor=coordinator)
    with pytest.raises(CodeOver):
        await devices.claim(code, address=ADDRESS, token=phone.token, key=key)


async def test_of_two_phones_with_one_code_one_gets_in(postgres_db: Settings) -> None:
    cast = await make_cast()
    load = await load_of(await make.make_training(hub=cast.hub))
    for _round in range(5):
        device, code = await devices.invite(load, name="Luis", actor=await make.actor_of(cast.facilitator))

        done = await asyncio.gather(*(devices.claim(code, address=ADDRESS) for _ in range(4)), return_exceptions=True)

        won = [one for one in done if isinstance(one, Prepared)]
        assert [type(one) for one in done if not isinstance(one, Prepared)] == [CodeOver] * 3
        assert [(await device_by_token(one.token) or device).id for one in won] == [device.id]


async def test_code_shown_again_is_another_one_until_a_phone_used_it(sqlite_db: Settings) -> None:
    cast = await make_cast()
    load = await load_of(await make.make_training(hub=cast.hub))
    actor, key = await make.actor_of(cast.facilitator), tokens.uuid7()
    _device, old = await devices.invite(load, name="Luis", key=key, actor=actor)
    device, code = await devices.invite(load, name="Luis B.", key=key, actor=actor)

    with pytest.raises(CodeOver):
        await devices.claim(old, address=ADDRESS)
    await devices.claim(code, address=ADDRESS)
    with pytest.raises(CodeUsed):
        await devices.invite(load, name="Luis", key=key, actor=actor)
    taken_back, unused = await devices.invite(load, name="Eva", actor=actor)
    await devices.revoke(taken_back.id, actor=actor)
    with pytest.raises(CodeOver):
        await devices.claim(unused, address=ADDRESS)

    assert (await Device.get()).id == device.id == key


async def test_code_on_a_phone_that_is_prepared_adds_to_it_and_leaves_no_other(db: Settings) -> None:
    cast = await make_cast()
    first, second = [await make.make_training(hub=cast.hub) for _ in range(2)]
    activity = await make_activity(cast.hub)
    actor = await make.actor_of(cast.coordinator)
    _device, code = await devices.invite(await load_of(first), name="Ayuda mañana", actor=actor)
    helper = await devices.claim(code, address=ADDRESS)
    more = Load(cast.hub.id, [one.id for one in second.sessions], [activity.id])
    key = tokens.uuid7()
    _device, code = await devices.invite(more, name="Ayuda tarde", key=key, actor=await make.actor_of(cast.assistant))

    again = await devices.claim(code, address=ADDRESS, token=helper.token)

    assert (again.device.id, again.token) == (helper.device.id, helper.token)
    [device] = await Device.all()
    assert (device.name, device.prepared_by_id, device.revoked_at) == ("Ayuda mañana", cast.coordinator.id, None)
    assert device.enrol_until is not None, "it is a helper's still"
    assert await bound(device) == {one.id for training in (first, second) for one in training.sessions}
    assert await DeviceActivity.filter(device_id=device.id, activity_id=activity.id).count() == 1
    assert await phones_missing(next(iter(first.sessions)).id, device.last_seen_at or clock.now()) == []
    with pytest.raises(CodeOver):
        await devices.claim(code, address=ADDRESS, token=helper.token)


async def test_code_on_a_phone_that_was_out_of_use_puts_it_into_use_for_that_alone(sqlite_db: Settings) -> None:
    cast = await make_cast()
    old, new = [await make.make_training(hub=cast.hub) for _ in range(2)]
    coordinator = await make.actor_of(cast.coordinator)
    phone = await prepare(old, coordinator)
    await devices.revoke(phone.device.id, actor=coordinator)
    _device, code = await devices.invite(await load_of(new), name="Luis", actor=await make.actor_of(cast.assistant))

    again = await devices.claim(code, address=ADDRESS, token=phone.token)

    assert (again.device.id, again.device.revoked_at, again.device.name) == (phone.device.id, None, "Luis")
    assert (again.device.prepared_by_id, again.device.enrol_until is None) == (cast.assistant.id, False)
    assert await bound(again.device) == {one.id for one in new.sessions}


async def test_code_of_another_hub_makes_another_phone_and_the_former_holds_up_nobody(sqlite_db: Settings) -> None:
    cast = await make_cast()
    here, there = await make.make_training(hub=cast.hub), await make.make_training(hub=cast.elsewhere)
    theirs = await prepare(there, await make.actor_of(cast.coordinator_elsewhere))
    _device, code = await devices.invite(await load_of(here), name="Luis", actor=await make.actor_of(cast.coordinator))

    ours = await devices.claim(code, address=ADDRESS, token=theirs.token)

    assert (ours.device.id == theirs.device.id, ours.token == theirs.token) == (False, False)
    assert await bound(ours.device) == {one.id for one in here.sessions}
    assert await phones_missing(next(iter(there.sessions)).id, clock.now()) == []
    assert await phones_missing(next(iter(here.sessions)).id, ours.device.last_seen_at or clock.now()) == []


async def test_wrong_codes_of_one_address_are_limited_and_right_ones_are_not_counted(sqlite_db: Settings) -> None:
    cast = await make_cast()
    load = await load_of(await make.make_training(hub=cast.hub))
    actor = await make.actor_of(cast.facilitator)
    codes = [(await devices.invite(load, name="Luis", actor=actor))[1] for _ in range(3)]
    await devices.claim(codes[0], address=ADDRESS)

    for _time in range(devices.MOST_MISSES):
        with pytest.raises(CodeOver):
            await devices.claim(tokens.short_code(), address=ADDRESS)

    with pytest.raises(TooManyTries):
        await devices.claim(codes[1], address=ADDRESS)
    await devices.claim(codes[2], address="203.0.113.9")


# -- names, taking away


async def test_revoked_phone_is_known_and_reads_nothing_and_prepared_again_has_only_what_is_new(db: Settings) -> None:
    cast = await make_cast()
    old, new = [await make.make_training(hub=cast.hub) for _ in range(2)]
    coordinator = await make.actor_of(cast.coordinator)
    phone = await prepare(old, coordinator)

    await devices.revoke(phone.device.id, actor=coordinator)
    await devices.revoke(phone.device.id, actor=coordinator)

    revoked = await device_by_token(phone.token)
    assert revoked is not None
    session = next(iter(old.sessions))
    assert (may_read_roster(revoked, session, session.ends_at), may_upload(revoked)) == (False, False)
    assert await AuditLine.filter(act="devices.revoke").count() == 1
    again = await prepare(new, await make.actor_of(cast.assistant), token=phone.token)
    assert (again.device.id, again.device.revoked_at, again.device.prepared_by_id) == (
        phone.device.id,
        None,
        cast.assistant.id,
    )
    assert await bound(again.device) == {one.id for one in new.sessions}


async def test_phone_is_renamed_and_revoked_by_who_prepared_it_or_leads_its_hub(sqlite_db: Settings) -> None:
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    phone = await prepare(training, await make.actor_of(cast.facilitator))

    def people(cast: Cast) -> dict[str, User]:
        names = ("facilitator", "assistant", "coordinator", "admin", "coordinator_elsewhere", "monitor", "platform")
        return {name: getattr(cast, name) for name in names}

    may = {}
    for name, user in people(cast).items():
        try:
            await devices.rename(phone.device.id, f"De {name}", actor=await make.actor_of(user))
            may[name] = True
        except NotYourPhone:
            may[name] = False
    assert {name for name, done in may.items() if done} == {"facilitator", "coordinator", "admin"}
    with pytest.raises(UnknownPhone):
        await devices.revoke(tokens.uuid7(), actor=await make.actor_of(cast.coordinator))


# -- how long


async def test_list_opens_until_a_week_after_the_training_and_marks_count_for_thirty_days_more(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    days = [(make.tomorrow_at(8, days=n), make.tomorrow_at(12, days=n)) for n in (1, 15)]
    training = await make.make_training(sessions=days)
    first, last = sorted(training.sessions, key=lambda one: one.starts_at)
    device, end = Device(hub_id=training.hub_id, name="x"), last.ends_at
    ends = await training_ends([training.id])
    assert ends == {training.id: end}

    seen = []
    moments = [end, end + timedelta(days=7, seconds=-1), end + timedelta(days=7)]
    for moment in (*moments, end + timedelta(days=37, seconds=-1), end + timedelta(days=37)):
        freeze(moment)
        seen.append((may_read_roster(device, first, ends[training.id]), may_upload(device, ends[training.id])))

    assert seen == [(True, True), (True, True), (False, True), (False, True), (False, False)]


async def test_list_of_a_session_that_is_moved_the_evening_before_still_opens(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    training = await make.make_training()
    [session] = training.sessions
    device, before = Device(hub_id=training.hub_id, name="x"), (await training_ends([training.id]))[training.id]
    later = timedelta(days=5)

    freeze(session.starts_at - timedelta(hours=12))
    await schedule.move_session(
        session.id, session.starts_at + later, session.ends_at + later, session.venue_id, actor=PROGRAM
    )

    moved = await TrainingSession.get(id=session.id)
    freeze(moved.starts_at)
    # As the phone was told before it lost its signal, and as it is now.
    after = (await training_ends([training.id]))[training.id]
    assert may_read_roster(device, moved, before)
    assert may_read_roster(device, moved, after)
    assert after - before == later
    await TrainingSession.filter(id=session.id).update(state=SessionState.CANCELLED, sequence=2)
    assert (await training_ends([training.id]))[training.id] == after, "called off, it ends when it would have ended"


async def names() -> list[str]:
    return [name for (name,) in await Device.all().order_by("created_at", "id").values_list("name")]


async def test_name_of_a_phone_in_use_is_typed_again_then_it_gets_a_number(sqlite_db: Settings) -> None:
    cast = await make_cast()
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    load, actor = await load_of(training), await make.actor_of(cast.coordinator)

    first = await prepare(training, actor)
    second = await prepare(training, actor)
    await devices.invite(load, name="teléfono de ana", actor=actor)
    assert await names() == ["Teléfono de Ana", "Teléfono de Ana 2", "teléfono de ana 3"]

    await devices.rename(second.device.id, "Teléfono de Ana", actor=actor)
    await prepare(training, actor, first.token)
    assert (await names())[:2] == ["Teléfono de Ana", "Teléfono de Ana 2"], "each keeps its own"

    await devices.revoke(first.device.id, actor=actor)
    await devices.rename(second.device.id, "Teléfono de Ana", actor=actor)
    assert (await names())[1] == "Teléfono de Ana", "the other one is out of use"

    for _ in range(2):
        await devices.prepare_this(load, name="a" * NAME_LENGTH, token="", actor=actor)
    there = await make.make_training(hub=cast.elsewhere)
    await prepare(there, await make.actor_of(cast.coordinator_elsewhere))
    assert (await names())[3:] == ["a" * NAME_LENGTH, "a" * (NAME_LENGTH - 2) + " 2", "Teléfono de Ana"]


@pytest.fixture
async def cast(sqlite_db: Settings) -> Cast:
    return await make_cast()


async def load_at(hub: Hub) -> Load:
    return Load(hub.id, [one.id for one in (await make.make_training(hub=hub)).sessions])


async def prepared_by(user: User, load: Load, name: str = "Teléfono de Luis") -> Prepared:
    return await devices.prepare_this(load, name=name, token="", actor=await make.actor_of(user))


async def is_in_use(phone: Prepared) -> bool:
    device = await device_by_token(phone.token)
    assert device is not None
    return device.revoked_at is None


async def test_phones_that_somebody_prepared_go_out_of_use_with_the_account_and_do_not_come_back(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    session = next(iter(training.sessions))
    load = Load(cast.hub.id, [one.id for one in training.sessions])
    own = await prepared_by(cast.facilitator, load)
    _device, code = await devices.invite(load, name="Ayuda", actor=await make.actor_of(cast.facilitator))
    given = await devices.claim(code, address=ADDRESS)
    others = await prepared_by(cast.assistant, load, "Teléfono de Eva")

    gone = await devices.close_account(cast.facilitator.id, actor=PROGRAM)

    assert [device.name for device in gone] == ["Ayuda", "Teléfono de Luis"]
    for phone in (own, given):
        device = await device_by_token(phone.token)
        assert device is not None
        assert (may_read_roster(device, session, session.ends_at), may_upload(device)) == (False, False)
    assert await is_in_use(others)
    assert await AuditLine.filter(act="devices.revoke").count() == 2
    await accounts.reopen_account(cast.facilitator, actor=PROGRAM)
    assert not await is_in_use(own)


async def test_mark_that_waited_on_the_phone_of_who_left_is_kept_for_somebody_to_decide(
    cast: Cast, client: AsyncClient, freeze: Callable[[datetime], None]
) -> None:
    door = await open_door()
    user = await make.make_user(hub=await door.training.hub)
    phone = await make_phone(client, door.training, user)
    freeze(door.ends_at)
    await devices.close_account(user.id, actor=PROGRAM)

    sheet = await phone.get(f"sesiones/{door.key}/lista")
    body = {"client_now": ms(clock.now()), "last_seq": 1, "n_unsent": 0, "app": "1.0.0"}
    answer = await phone.post("marcas", body | {"events": [event(door, h=h(door.ana))]})

    assert (sheet.status_code, sheet.json()["code"]) == (403, "revoked")
    assert [(one["state"], one["flag"]) for one in answer.json()["results"]] == [("flagged", "revoked")]
    assert await ScanEvent.all().count() == 1


async def test_what_is_somebody_elses_by_now_goes_on_and_a_code_that_no_phone_used_opens_nothing(cast: Cast) -> None:
    load = await load_at(cast.hub)
    phone = await prepared_by(cast.facilitator, load)
    await devices.prepare_this(load, name="", token=phone.token, actor=await make.actor_of(cast.assistant))
    actor = await make.actor_of(cast.facilitator)
    _device, code = await devices.invite(load, name="Ayuda", actor=actor)

    assert await devices.close_account(cast.facilitator.id, actor=PROGRAM) == []

    assert await is_in_use(phone)
    with pytest.raises(CodeOver):
        await devices.claim(code, address=ADDRESS)
    for act in (
        devices.prepare_this(load, name="Otro", token="", actor=actor),
        devices.invite(load, name="Otro", actor=actor),
    ):
        with pytest.raises(AccountClosed):
            await act
    assert await Device.all().count() == 1


async def test_role_taken_away_ends_phones_of_the_hub_where_no_other_role_is_held(cast: Cast) -> None:
    user = cast.facilitator
    await accounts.grant_role(user, Role.ASSISTANT, actor=PROGRAM, hub_id=cast.hub.id)
    await accounts.grant_role(user, Role.FACILITATOR, actor=PROGRAM, hub_id=cast.elsewhere.id)
    here = await prepared_by(user, await load_at(cast.hub))
    there = await prepared_by(user, await load_at(cast.elsewhere))
    first, second = await RoleGrant.filter(user_id=user.id, hub_id=cast.hub.id)

    kept = await devices.take_role(first, actor=PROGRAM)
    assert (kept, await is_in_use(here)) == ([], True)
    gone = await devices.take_role(second, actor=PROGRAM)

    assert [device.hub_id for device in gone] == [cast.hub.id]
    assert (await is_in_use(here), await is_in_use(there)) == (False, True)


async def test_who_is_refused_to_close_an_account_ends_no_phone(cast: Cast) -> None:
    phone = await prepared_by(cast.facilitator, await load_at(cast.hub))

    with pytest.raises(accounts.KeptElsewhere):
        await devices.close_account(cast.facilitator.id, actor=await make.actor_of(cast.coordinator_elsewhere))

    assert await is_in_use(phone)


async def test_preparing_and_closing_at_once_leave_no_phone_in_use(postgres_db: Settings) -> None:
    cast = await make_cast()
    load = await load_at(cast.hub)
    for round_ in range(8):
        user = await make.make_user(Role.FACILITATOR, cast.hub, email=f"ana{round_}@muni.example")

        await asyncio.gather(
            *(prepared_by(user, load) for _ in range(3)),
            devices.close_account(user.id, actor=PROGRAM),
            return_exceptions=True,
        )

        assert not (await User.get(id=user.id)).is_active
        assert await Device.filter(prepared_by_id=user.id, revoked_at=None).count() == 0
