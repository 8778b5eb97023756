"""Named people for tests about who may do what: two hubs of two operators, and one person in each role."""

from __future__ import annotations

from dataclasses import dataclass

from tests import make
from trainings.accounts.models import Role, User
from trainings.places.models import Hub, Venue


@dataclass(frozen=True, slots=True)
class Cast:
    """`elsewhere` is the other hub, with a coordinator and a facilitator of its own."""

    hub: Hub
    venue: Venue
    elsewhere: Hub
    venue_elsewhere: Venue
    facilitator: User
    assistant: User
    coordinator: User
    admin: User
    monitor: User
    platform: User
    facilitator_elsewhere: User
    coordinator_elsewhere: User


@make.kept
async def make_cast() -> Cast:
    """La Libertad, Petén with everybody; Tacaná, San Marcos with two."""
    hub = await make.make_hub()
    elsewhere = await make.make_hub("tacana-san-marcos", municipality=make.TACANA)
    operator = await make.make_operator()
    return Cast(
        hub=hub,
        venue=await make.make_venue(hub),
        elsewhere=elsewhere,
        venue_elsewhere=await make.make_venue(elsewhere, "Salón comunal"),
        facilitator=await make.make_user(Role.FACILITATOR, hub, email="facilita@la-libertad.example", name="Ana Coc"),
        assistant=await make.make_user(Role.ASSISTANT, hub, email="asiste@la-libertad.example", name="Luis Ba"),
        coordinator=await make.make_user(
            Role.HUB_COORDINATOR, hub, email="coordina@la-libertad.example", name="Rosa Xol"
        ),
        admin=await make.make_user(
            Role.MUNICIPAL_ADMIN, operator=operator, email="municipal@la-libertad.example", name="Pedro Chub"
        ),
        monitor=await make.make_user(Role.MONITORING_OFFICER, email="monitoreo@vimmig.example", name="Inés Mó"),
        platform=await make.make_user(Role.PLATFORM_ADMIN, email="admin@vimmig.example", name="Julia Ical"),
        facilitator_elsewhere=await make.make_user(
            Role.FACILITATOR, elsewhere, email="facilita@tacana.example", name="Mateo Ramírez"
        ),
        coordinator_elsewhere=await make.make_user(
            Role.HUB_COORDINATOR, elsewhere, email="coordina@tacana.example", name="Elsa Roblero"
        ),
    )
