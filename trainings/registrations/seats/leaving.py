"""Who leaves, and to whom it is told; sign-ups of one person that become one leave too."""

from __future__ import annotations

from uuid import UUID

from trainings.audit.actor import FILLER_OF_FORM
from trainings.registrations.commands import Join, Leave, Left, author_of
from trainings.registrations.eligibility import HasOwnLink, check_ahead
from trainings.registrations.models import Farewell, HoldReason, RegistrationState
from trainings.registrations.seats.clerk import Clerk
from trainings.registrations.seats.situation import Group, Person, Run


def leave(clerk: Clerk, command: Leave, run: Run) -> Left:
    """Some of a group give their places back, to who waits."""
    asked = [clerk.situation.person(one) for one in _in_reach(clerk, command)]
    leaving = [(group, person) for group, person in asked if person.is_live]
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


def _in_reach(clerk: Clerk, command: Leave) -> list[str]:
    """Whom the actor may take out: who filled in the form, not those who made their link their own."""
    asked = list(map(str, command.registration_ids))
    if command.actor != FILLER_OF_FORM:
        return asked
    in_reach = [one for one in asked if not clerk.situation.person(one)[1].has_own_link]
    if not in_reach:
        raise HasOwnLink
    return in_reach


def _is_told(command: Leave, group: Group, person: Person) -> bool:
    """Who was never let in is told only what staff decided; who came with too many others was never written to."""
    if command.farewell is Farewell.JOINED:
        return False
    if person.state is not RegistrationState.HELD:
        return True
    is_by_staff = command.actor.id is not None or command.farewell is Farewell.REJECTED
    return is_by_staff and group.hold_reason is not HoldReason.REVIEW


def join(clerk: Clerk, command: Join, run: Run) -> Left:
    """Each leaves as it stood, which is kept with it; the kept one counts what it asks for more."""
    kept_in, kept = clerk.situation.person(str(command.kept_id))
    for registration_id in command.registration_ids:
        group, one = clerk.situation.person(str(registration_id))
        if not one.is_live:
            continue
        one.joined_state, one.joined_to = one.state, kept.id
        one.joined_childcare = _lend_childcare(clerk, (group, one), (kept_in, kept), run)
    return leave(clerk, command, run)


def _lend_childcare(clerk: Clerk, joined: tuple[Group, Person], kept: tuple[Group, Person], run: Run) -> int:
    """What the joined one asks for more than the kept one counts with that, where so many places are free; how many."""
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
