"""Who stops working here: the phones that they prepared go out of use with the account or the role, and stay so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.attendance.doors import open_door
from tests.attendance.prepared_phones import make_phone
from tests.attendance.uploading import event, h, ms
from tests.cast import Cast, make_cast
from trainings import clock
from trainings.accounts import actions as accounts
from trainings.accounts.actions import AccountClosed
from trainings.accounts.models import Role, RoleGrant, User
from trainings.attendance.device_queries import device_by_token, may_read_roster, may_upload
from trainings.attendance.models import Device, ScanEvent
from trainings.attendance.phones import devices
from trainings.attendance.phones.devices import CodeOver, Load, Prepared
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.places.models import Hub
from trainings.settings import Settings

ADDRESS = "198.51.100.7"


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
