"""What somebody may do where, from the grants in the database."""

from __future__ import annotations

from tests import make
from tests.cast import make_cast
from trainings.accounts.models import Role, RoleGrant
from trainings.accounts.queries import actor_of
from trainings.settings import Settings


async def test_role_counts_at_its_hub_at_all_hubs_of_its_operator_or_everywhere(db: Settings) -> None:
    cast = await make_cast()
    later = await make.make_hub("segunda-la-libertad")

    coordinator, admin = await actor_of(cast.coordinator, request_id="R1"), await actor_of(cast.admin)
    monitor, platform = await actor_of(cast.monitor), await actor_of(cast.platform)

    assert coordinator.roles_at == {cast.hub.id: frozenset({"hub_coordinator"})}
    assert (coordinator.roles_everywhere, coordinator.operator_ids) == (frozenset(), frozenset())
    assert (coordinator.id, coordinator.role, coordinator.name, coordinator.email, coordinator.request_id) == (
        cast.coordinator.id,
        "hub_coordinator",
        "Rosa Xol",
        "coordina@la-libertad.example",
        "R1",
    )
    assert set(admin.roles_at) == {cast.hub.id, later.id}
    assert admin.operator_ids == {cast.hub.operator_id}
    assert not admin.has_at(cast.elsewhere.id, [Role.MUNICIPAL_ADMIN])
    assert (set(monitor.roles_everywhere), dict(monitor.roles_at)) == ({"monitoring_officer"}, {})
    assert (set(platform.roles_everywhere), platform.role) == ({"platform_admin"}, "platform_admin")


async def test_operator_without_hubs_still_names_its_administrator(db: Settings) -> None:
    operator = await make.make_operator()
    user = await make.make_user(Role.MUNICIPAL_ADMIN, operator=operator)

    actor = await actor_of(user)

    assert (set(actor.operator_ids), dict(actor.roles_at)) == ({operator.id}, {})


async def test_several_roles_add_up_and_the_highest_names_the_person(db: Settings) -> None:
    cast = await make_cast()
    await RoleGrant.create(user=cast.facilitator, role=Role.HUB_COORDINATOR, hub=cast.elsewhere)
    await RoleGrant.create(user=cast.facilitator, role=Role.ASSISTANT, hub=cast.hub)

    actor = await actor_of(cast.facilitator)

    assert actor.role == "hub_coordinator"
    assert actor.roles_at == {
        cast.hub.id: frozenset({"facilitator", "assistant"}),
        cast.elsewhere.id: frozenset({"hub_coordinator"}),
    }


async def test_somebody_without_grants_may_do_nothing(db: Settings) -> None:
    actor = await actor_of(await make.make_user(None))

    assert (actor.role, dict(actor.roles_at), actor.roles_everywhere) == ("staff", {}, frozenset())
