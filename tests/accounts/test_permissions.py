"""The matrix of roles and acts, row by row, over two hubs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from tests.cast import make_cast
from trainings.accounts import permissions
from trainings.accounts.models import Role
from trainings.accounts.permissions import can_give_role
from trainings.accounts.queries import actor_of
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM, VISITOR, Actor
from trainings.settings import Settings

ROLES = ("facilitator", "assistant", "coordinator", "admin", "monitor", "platform")
DESK = {"assistant", "coordinator", "admin"}
EDITORS = {"coordinator", "admin"}

AT_A_HUB: dict[Callable[..., bool], set[str]] = {
    permissions.can_edit_trainings: EDITORS,
    permissions.can_see_roster: DESK,
    permissions.can_correct_name: DESK,
    permissions.can_close_session: EDITORS,
    permissions.can_decide_marks: EDITORS,
    permissions.can_see_registrations: DESK,
    permissions.can_register_at_desk: DESK,
    permissions.can_invite: DESK,
    permissions.can_enter_marks: EDITORS,
    permissions.can_hand_over: DESK,
    permissions.can_issue_certificates: EDITORS,
    permissions.can_see_messages: EDITORS,
    permissions.can_merge: EDITORS,
    permissions.can_erase: EDITORS,
    permissions.can_export: EDITORS,
    permissions.can_edit_notes: EDITORS,
    permissions.can_edit_activities: EDITORS,
    permissions.can_count_heads: DESK | {"facilitator"},
    permissions.can_tally_orientations: DESK,
    permissions.can_prepare_phone: DESK | {"facilitator"},
    permissions.can_manage_phone: EDITORS,
}
AT_AN_OPERATOR = (permissions.can_give_role, permissions.can_edit_course, permissions.can_rename_topic)
"""What is held at no hub: roles are below, courses and topics in `tests/schedule/catalogue/test_course_owners.py`."""
OF_OWN_SESSIONS = (
    permissions.can_see_roster,
    permissions.can_correct_name,
    permissions.can_close_session,
    permissions.can_enter_marks,
)


def test_every_permission_is_in_the_matrix() -> None:
    written = {value for name, value in vars(permissions).items() if name.startswith("can_")}

    assert written == {*AT_A_HUB, *AT_AN_OPERATOR}


@pytest.mark.parametrize(
    ("role", "gives"),
    [
        ("platform", {"here", "there", "operator", "elsewhere", "everywhere"}),
        ("admin", {"here", "operator"}),
        ("coordinator", set()),
    ],
)
async def test_roles_are_given_at_the_own_operator_and_by_the_platform_everywhere(
    sqlite_db: Settings, role: str, gives: set[str]
) -> None:
    cast = await make_cast()
    actor = await actor_of(getattr(cast, role))
    may = {
        "here": can_give_role(actor, Role.FACILITATOR, hub_id=cast.hub.id),
        "there": can_give_role(actor, Role.FACILITATOR, hub_id=cast.elsewhere.id),
        "operator": can_give_role(actor, Role.MUNICIPAL_ADMIN, operator_id=cast.hub.operator_id),
        "elsewhere": can_give_role(actor, Role.MUNICIPAL_ADMIN, operator_id=cast.elsewhere.operator_id),
        "everywhere": can_give_role(actor, Role.PLATFORM_ADMIN),
    }

    assert {what for what, is_allowed in may.items() if is_allowed} == gives


async def test_each_role_may_at_its_hub_what_the_matrix_says(sqlite_db: Settings) -> None:
    cast = await make_cast()
    actors = {role: await actor_of(getattr(cast, role)) for role in ROLES}

    for may, expected in AT_A_HUB.items():
        allowed = {role for role, actor in actors.items() if may(actor, cast.hub.id)}
        assert allowed == expected, may.__name__


async def test_nobody_may_anything_at_a_hub_of_others(sqlite_db: Settings) -> None:
    cast = await make_cast()

    for role in set(ROLES) - {"monitor"}:
        actor = await actor_of(getattr(cast, role))
        allowed = {may.__name__ for may in AT_A_HUB if may(actor, cast.elsewhere.id)}
        assert allowed == set(), role


async def test_facilitator_may_take_attendance_of_own_sessions(sqlite_db: Settings) -> None:
    cast = await make_cast()
    actor = await actor_of(cast.facilitator)

    for may in OF_OWN_SESSIONS:
        assert may(actor, cast.hub.id, is_facilitator=True), may.__name__
        assert not may(actor, cast.hub.id, is_facilitator=False), may.__name__


async def test_holding_a_session_gives_nothing_without_a_role_at_a_hub(sqlite_db: Settings) -> None:
    cast = await make_cast()

    for actor in (await actor_of(cast.monitor), await actor_of(cast.platform)):
        assert not permissions.can_see_roster(actor, cast.hub.id, is_facilitator=True)


@pytest.mark.parametrize("actor", [VISITOR, HOLDER_OF_LINK, PROGRAM])
def test_who_is_not_staff_may_nothing(actor: Actor) -> None:
    somewhere = UUID(int=1)

    assert not any(may(actor, somewhere) for may in AT_A_HUB)


def test_audiences_hold_only_role_codes() -> None:
    audiences: dict[str, Any] = {
        name: value for name, value in vars(permissions).items() if name.isupper() and isinstance(value, tuple)
    }

    assert {code for audience in audiences.values() for code in audience} == set(permissions.STAFF)
