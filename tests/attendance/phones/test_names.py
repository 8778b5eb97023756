"""Two phones of a hub that are in use are never called the same: what is missing is told by their names."""

from __future__ import annotations

from tests import make
from tests.attendance.phones.test_devices import load_of, prepare
from tests.cast import make_cast
from trainings.attendance.models import Device
from trainings.attendance.phones import devices
from trainings.attendance.phones.devices import NAME_LENGTH
from trainings.settings import Settings


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
