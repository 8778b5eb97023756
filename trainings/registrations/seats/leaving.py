"""People who leave, and the messages; joined sign-ups leave too."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from trainings.audit.actor import FILLER_OF_FORM
from trainings.registrations.commands import Decline, Join, Leave, Left, Reject, author_of
from trainings.registrations.eligibility import HasOwnLink, check_ahead
from trainings.registrations.models import Farewell, HoldReason, RegistrationState
from trainings.registrations.seats.clerk import Clerk
from trainings.registrations.seats.counts import EachForThemselves, NotHeld
from trainings.registrations.seats.situation import Group, Person, Run


def leave(clerk: Clerk, command: Leave, run: Run) -> Left:
    leaving = [(group, person) for group, person in _asked(clerk, command) if person.is_live]
    if not leaving:
        return Left(())
    if command.farewell is Farewell.CANCELLED:
        check_ahead(run, run.meetings, clerk.situation.at)
    is_told = _is_told(command, *leaving[0])
    frees = False
    taken_off = None if command.farewell is Farewell.CANCELLED else command.farewell
    for group, person in leaving:
        person.cancelled_at, person.cancelled_by, person.taken_off = (
            clerk.situation.at,
            author_of(command.actor),
            taken_off,
        )
        frees = clerk.release(group, person, run) or frees
    if is_told:
        clerk.tell(command.farewell.value, leaving, run, command.run_at, command.batch_id)
    why = {} if taken_off is None else {"why": taken_off.value}
    for _group, person in leaving:
        clerk.line("registrations.cancel", command.actor, person.id, run, people=len(leaving), **why)
    if frees:
        clerk.promote(run)
    return Left(tuple(UUID(person.id) for _group, person in leaving))


def _asked(clerk: Clerk, command: Leave) -> list[tuple[Group, Person]]:
    """People the actor may take out: the person who filled in the form leaves out claimed links."""
    named = [clerk.situation.person(str(one)) for one in command.registration_ids]
    groups = [clerk.situation.groups[str(one)] for one in command.group_ids]
    asked = named + [(group, one) for group in groups for one in group.people.values()]
    if command.actor != FILLER_OF_FORM:
        return asked
    in_reach = [(group, one) for group, one in asked if not one.has_own_link]
    if named and not in_reach:
        raise HasOwnLink
    return in_reach


def decline(clerk: Clerk, command: Decline, run: Run) -> Left:
    """People of an offered group without a claimed link or, if nobody else is left, the last one."""
    group, is_by_wish = clerk.situation.groups[command.group], command.farewell is Farewell.CANCELLED
    if group.state is RegistrationState.CANCELLED and is_by_wish:
        return Left(())
    clerk.check_offered(group, run)
    leaving = [one for one in group.live if not one.has_own_link]
    if not leaving and command.actor != FILLER_OF_FORM:
        if len(group.live) > 1 and is_by_wish:
            raise EachForThemselves
        leaving = group.live
    people = tuple(UUID(one.id) for one in leaving)
    left = leave(clerk, replace(command, group_ids=(), registration_ids=people), run)
    if left.registration_ids:
        act = "registrations.decline_offer" if is_by_wish else "registrations.release_offer"
        clerk.line(act, command.actor, group.id, run)
    return left


def reject(clerk: Clerk, command: Reject, run: Run) -> Left:
    group = clerk.situation.groups[command.group]
    if group.state is not RegistrationState.HELD:
        raise NotHeld
    left = leave(clerk, command, run)
    clerk.line("registrations.reject", command.actor, group.id, run, people=len(left.registration_ids))
    return left


def _is_told(command: Leave, group: Group, person: Person) -> bool:
    """People who were never let in are told only what staff decided; people held because too many came at once were
    never written to.
    """
    if command.farewell is Farewell.JOINED:
        return False
    if person.state is not RegistrationState.HELD:
        return True
    is_by_staff = command.actor.id is not None or command.farewell is Farewell.REJECTED
    return is_by_staff and group.hold_reason is not HoldReason.REVIEW


def join(clerk: Clerk, command: Join, run: Run) -> Left:
    """Each leaves, and its state is kept with it; the kept one counts what it asks for more."""
    kept_in, kept = clerk.situation.person(str(command.kept_id))
    for registration_id in command.registration_ids:
        group, one = clerk.situation.person(str(registration_id))
        if not one.is_live:
            continue
        one.joined_state, one.joined_to = one.state, kept.id
        one.joined_childcare = _lend_childcare(clerk, (group, one), (kept_in, kept), run)
    return leave(clerk, command, run)


def _lend_childcare(clerk: Clerk, joined: tuple[Group, Person], kept: tuple[Group, Person], run: Run) -> int:
    """The kept one counts the joined one's additional childcare places that are free; returns how many."""
    (group, one), (kept_in, other) = joined, kept
    more = group.childcare_places - kept_in.childcare_places
    if more <= 0 or group.n_people > 1 or (one.holds_place and not other.holds_place):
        return 0
    if other.holds_place and not one.holds_place:
        if more > run.room.childcare_free:
            return 0
        run.room = run.room.releasing(0, -more)
        clerk.changes.runs[run.id] = None
    clerk.count_childcare_with(kept_in, group, more)
    return more
