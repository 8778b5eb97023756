"""At the first hub: one ready, one with unsent marks, one lost."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from trainings import clock
from trainings.accounts.models import User
from trainings.accounts.queries import actor_of
from trainings.attendance.models import Device
from trainings.attendance.phones import devices
from trainings.attendance.phones.devices import Load
from trainings.schedule.models import SessionState, TrainingSession, TrainingState
from trainings.seed.world import DOMAIN, World

N_SESSIONS, N_UNSENT = 3, 2
HERE = "127.0.0.1"


async def build_phones(world: World) -> None:
    load = Load(world.hubs[0].id, await _next_sessions(world.hubs[0].id))
    if not load.session_ids:
        return
    holder = await actor_of(await User.get(email=f"facilita@{DOMAIN}"))
    leader = await actor_of(await User.get(email=f"coordina@{DOMAIN}"))
    ready = await devices.prepare_this(load, name="Teléfono de Marta", token="", actor=holder)
    await devices.note_ready(ready.device, (), "demo")
    _device, code = await devices.invite(load, name="Teléfono de Luis", actor=leader)
    helper = await devices.claim(code, address=HERE)
    await Device.filter(id=helper.device.id).update(n_unsent=N_UNSENT)
    now = clock.now()
    with clock.frozen(now - timedelta(days=3)):
        lost = await devices.prepare_this(load, name="Teléfono perdido", token="", actor=leader)
    with clock.frozen(now - timedelta(hours=2)):
        await devices.revoke(lost.device.id, actor=leader)


async def _next_sessions(hub_id: UUID) -> list[UUID]:
    coming = TrainingSession.filter(
        training__hub_id=hub_id,
        training__state=TrainingState.PUBLISHED,
        state=SessionState.PLANNED,
        ends_at__gt=clock.now(),
    )
    return [key for (key,) in await coming.order_by("starts_at", "id").limit(N_SESSIONS).values_list("id")]
