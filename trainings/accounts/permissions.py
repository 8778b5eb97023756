"""Who may do what: the whole matrix of roles and acts on one page.

| act | facilitator | assistant | coordinator | municipal admin | monitoring | platform admin |
|---|---|---|---|---|---|---|
| edit, publish, cancel trainings | | | hub | operator | | |
| roster, check in, walk-in, names, sheet | own sessions | hub | hub | operator | | |
| close a session | own sessions | | hub | operator | | |
| see what of the attendance waits for somebody | own sessions | hub | hub | operator | | |
| decide odd marks, register from slips, leave certificates as they are | | | hub | operator | | |
| prepare phones for taking attendance | own sessions | hub | hub | operator | | |
| rename phones, take them out of use | own phones | own phones | hub | operator | | |
| find a person by name or code | own sessions | hub | hub | operator | | |
| find a person by telephone | | hub | hub | operator | | |
| registrations with contacts, desk | | hub | hub | operator | | |
| letters of invitation; communities of the municipalities served | | hub | hub | operator | | |
| print certificates | | hub | hub | operator | | |
| enter the marks of a test | own trainings | | hub | operator | | |
| say that a name is printed right; record that a certificate was handed over | | hub | hub | operator | | |
| prepare, issue, revoke certificates | | | hub | operator | | |
| messages of the outbox | | | hub | operator | | |
| words of messages, days of reminders; keys that sign certificates | | | | operator | | |
| take registrations out as a file | | | hub | operator | | |
| call lists: telephones, marks, closing | | hub | hub | operator | | |
| say that two people are one, or are not | | | hub | operator | | |
| join people who agree in name, municipality and telephone; ask that a person be erased | | hub | hub | operator | | |
| confirm and take back an erasure asked for at the desk | | | hub | operator | | |
| change courses, rename topics | | | own | own | | nobody's |
| write, publish, review, withdraw information notes | | | hub | operator | | |
| say that a help contact is right as of today | | | all | all | | all |
| add, change, switch off help contacts | | | | | | all |
| plan, publish, move, cancel activities | | | hub | operator | | |
| count heads at an activity | hub | hub | hub | operator | | |
| tally orientations at the desk | | hub | hub | operator | | |
| make, close and open accounts; give and take roles | | | | operator | | all |

An operator's administrator holds the role at each of its hubs. Whether somebody holds a session is a row, not a role:
such functions are told by `is_facilitator`. What somebody may not see is 404 (`visible_to` in the queries), not here.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from trainings.accounts.models import Role
from trainings.audit.actor import Actor

STAFF = tuple(Role)
HUB_STAFF = (Role.FACILITATOR, Role.ASSISTANT, Role.HUB_COORDINATOR, Role.MUNICIPAL_ADMIN)
ATTENDANCE_TAKERS = HUB_STAFF
DESK = (Role.ASSISTANT, Role.HUB_COORDINATOR, Role.MUNICIPAL_ADMIN)
EDITORS = (Role.HUB_COORDINATOR, Role.MUNICIPAL_ADMIN)
ISSUERS = EDITORS
MESSAGE_READERS = EDITORS
OPERATOR_ADMINS = (Role.MUNICIPAL_ADMIN,)
CLOCK_KEEPERS = (*OPERATOR_ADMINS, Role.PLATFORM_ADMIN)
"""They hear that automatic deletion stopped, and confirm the clock."""
EXPORTERS = EDITORS
CALLERS = DESK
MERGERS = EDITORS
ERASERS = EDITORS
HEAD_COUNTERS = HUB_STAFF
NOTE_EDITORS = EDITORS
CONTACT_REVIEWERS = (*EDITORS, Role.PLATFORM_ADMIN)
CONTACT_EDITORS = (Role.PLATFORM_ADMIN,)
"""A changed number sends people in danger to it, in all municipalities at once."""
ACCOUNT_KEEPERS = (Role.MUNICIPAL_ADMIN, Role.PLATFORM_ADMIN)
CATALOGUE_EDITORS = (*EDITORS, Role.PLATFORM_ADMIN)


def can_give_role(actor: Actor, role: Role, *, hub_id: UUID | None = None, operator_id: UUID | None = None) -> bool:
    """The actor may give and take the role: at their operator and its hubs; the platform everywhere."""
    if Role.PLATFORM_ADMIN in actor.roles_everywhere:
        return True
    if hub_id is not None:
        return role in HUB_STAFF and actor.has_at(hub_id, OPERATOR_ADMINS)
    return operator_id is not None and operator_id in actor.operator_ids


def can_edit_trainings(actor: Actor, hub_id: UUID) -> bool:
    return actor.has_at(hub_id, EDITORS)


def can_edit_course(actor: Actor, owner_id: UUID | None, *, own: Collection[UUID]) -> bool:
    """`owner_id` None: the platform's. `own`: operators at whose hubs the actor coordinates."""
    return actor.has_any((Role.PLATFORM_ADMIN,)) if owner_id is None else owner_id in own


def can_rename_topic(actor: Actor, owner_ids: Collection[UUID | None], *, own: Collection[UUID]) -> bool:
    return actor.has_any((Role.PLATFORM_ADMIN,)) or all(can_edit_course(actor, one, own=own) for one in owner_ids)


def can_see_roster(actor: Actor, hub_id: UUID, *, is_facilitator: bool = False) -> bool:
    """Names and states of people expected at a session; record and undo arrivals and departures, add walk-ins."""
    return actor.has_at(hub_id, DESK) or (is_facilitator and actor.has_any(HUB_STAFF))


def can_correct_name(actor: Actor, hub_id: UUID, *, is_facilitator: bool = False) -> bool:
    return can_see_roster(actor, hub_id, is_facilitator=is_facilitator)


def can_close_session(actor: Actor, hub_id: UUID, *, is_facilitator: bool = False) -> bool:
    return actor.has_at(hub_id, EDITORS) or (is_facilitator and actor.has_any(HUB_STAFF))


def can_decide_marks(actor: Actor, hub_id: UUID) -> bool:
    return actor.has_at(hub_id, EDITORS)


def can_prepare_phone(actor: Actor, hub_id: UUID) -> bool:
    """For this hub: sessions whose attendance the actor may take."""
    return actor.has_at(hub_id, HUB_STAFF)


def can_manage_phone(actor: Actor, hub_id: UUID, *, is_own: bool = False) -> bool:
    """Rename, take out of use. `is_own`: the actor prepared it."""
    return actor.has_at(hub_id, EDITORS) or (is_own and actor.has_any(HUB_STAFF))


def can_see_registrations(actor: Actor, hub_id: UUID) -> bool:
    return actor.has_at(hub_id, DESK)


def can_register_at_desk(actor: Actor, hub_id: UUID) -> bool:
    return actor.has_at(hub_id, DESK)


def can_invite(actor: Actor, hub_id: UUID) -> bool:
    return actor.has_at(hub_id, DESK)


def can_enter_marks(actor: Actor, hub_id: UUID, *, is_facilitator: bool = False) -> bool:
    """`is_facilitator`: of a session of the training."""
    return actor.has_at(hub_id, EDITORS) or (is_facilitator and actor.has_any(HUB_STAFF))


def can_hand_over(actor: Actor, hub_id: UUID) -> bool:
    return actor.has_at(hub_id, DESK)


def can_issue_certificates(actor: Actor, hub_id: UUID) -> bool:
    """Issue, prepare and revoke them."""
    return actor.has_at(hub_id, ISSUERS)


def can_see_messages(actor: Actor, hub_id: UUID) -> bool:
    return actor.has_at(hub_id, MESSAGE_READERS)


def can_merge(actor: Actor, hub_id: UUID) -> bool:
    return actor.has_at(hub_id, MERGERS)


def can_erase(actor: Actor, hub_id: UUID) -> bool:
    """Without a second person's yes."""
    return actor.has_at(hub_id, ERASERS)


def can_edit_notes(actor: Actor, hub_id: UUID) -> bool:
    return actor.has_at(hub_id, NOTE_EDITORS)


def can_export(actor: Actor, hub_id: UUID) -> bool:
    return actor.has_at(hub_id, EXPORTERS)


def can_edit_activities(actor: Actor, hub_id: UUID) -> bool:
    return actor.has_at(hub_id, EDITORS)


def can_count_heads(actor: Actor, hub_id: UUID) -> bool:
    """Numbers, never names."""
    return actor.has_at(hub_id, HEAD_COUNTERS)


def can_tally_orientations(actor: Actor, hub_id: UUID) -> bool:
    return actor.has_at(hub_id, DESK)
