"""People who come back after cancelling or a join, and people who go on apart from their family."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from trainings.audit.actor import FILLER_OF_FORM, Actor
from trainings.people.consents import PermissionGone
from trainings.registrations.commands import Done, MoveOut, Rejoin, StandAgain
from trainings.registrations.eligibility import CannotChange, HasOwnLink, refuse_in
from trainings.registrations.models import TAKES_PLACE, HoldReason, RegistrationState, Source
from trainings.registrations.seats.allocation import Party
from trainings.registrations.seats.clerk import Clerk
from trainings.registrations.seats.counts import PAST_PROMOTING, NoPlaceAgain, OtherTicket, state_for
from trainings.registrations.seats.situation import Group, Person, Run


class Cancelled(Protocol):
    @property
    def cancelled_at(self) -> datetime | None: ...


C = TypeVar("C", bound=Cancelled)


def left_last(cancelled: Sequence[C]) -> Sequence[C]:
    """People who left last, in one go; people who had cancelled alone before do not come back with them."""
    last = max((one.cancelled_at for one in cancelled if one.cancelled_at is not None), default=None)
    return [one for one in cancelled if one.cancelled_at == last]


def move_out(clerk: Clerk, command: MoveOut, run: Run) -> Done:
    """`to_answer`: a person who need not answer an offer alone stays."""
    group, person = clerk.situation.person(command.person)
    is_offered = person.state is RegistrationState.OFFERED
    if command.to_answer and not (is_offered and group.n_people > 1 and person.has_own_link):
        return Done(UUID(group.id))
    return Done(UUID(clerk.move_out(group, person, run).id))


def rejoin(clerk: Clerk, command: Rejoin, run: Run) -> Done:
    """One person, or the people of a group who left last. Refuses by window, state and places like a sign-up."""
    return _rejoin_member(clerk, command, run) if command.registration_ids else _rejoin_group(clerk, command, run)


def _rejoin_group(clerk: Clerk, command: Rejoin, run: Run) -> Done:
    """All in, or all waiting, once nobody of the group comes; a group that stands stays as it is."""
    group = clerk.situation.groups[command.group]
    if group.state is RegistrationState.CANCELLED:
        _check_window(clerk, run, command.actor)
        together = [one for one in group.people.values() if one.joined_to is None and not one.has_own_link]
        members = left_last([one for one in together if one.participant_id not in command.without])
        if not members:
            raise CannotChange
        _all_again(clerk, members, group, run, command.actor)
    return Done(UUID(group.id))


def _rejoin_member(clerk: Clerk, command: Rejoin, run: Run) -> Done:
    """With the others if a place is free, else alone: people with a claimed link, or any adult for staff."""
    group, person = clerk.situation.person(command.person)
    if person.is_live:
        return Done(UUID(group.id))
    _check_may_return(command, person)
    actor = command.actor
    _check_window(clerk, run, actor)
    is_alone = len(group.people) > 1 and person.has_own_link
    if group.state is RegistrationState.CANCELLED and not is_alone:
        _all_again(clerk, [person], group, run, actor)
    elif _fits(person, group, run, actor):
        _with_the_others(clerk, person, group, run, actor)
    elif is_alone or (actor.id is not None and not person.is_minor):
        return Done(UUID(_apart(clerk, person, group, run, actor).id))
    else:
        raise CannotChange if _waits_for_staff(person, group, actor) else NoPlaceAgain
    return Done(UUID(group.id))


def _check_may_return(command: Rejoin, person: Person) -> None:
    if person.joined_to is not None:
        raise OtherTicket
    if command.actor == FILLER_OF_FORM and person.has_own_link:
        raise HasOwnLink
    if person.participant_id in command.without:
        raise PermissionGone


def _check_window(clerk: Clerk, run: Run, actor: Actor) -> None:
    """Staff are bound by the state alone."""
    refuse_in(clerk.phase_of(run), Source.DESK if actor.id is not None else Source.WEB)


def _waits_for_staff(person: Person, group: Group, actor: Actor) -> bool:
    """Never let in: the family was held, and they cancelled before it was answered."""
    return actor.id is None and person.confirmed_at is None and group.hold_reason is not None


def _fits(person: Person, group: Group, run: Run, actor: Actor) -> bool:
    """They can rejoin their family. A waiting one must not grow ahead of groups behind it."""
    if group.state is RegistrationState.HELD:
        return True
    if group.state not in TAKES_PLACE or _waits_for_staff(person, group, actor):
        return False
    return run.room.shortage(_one_more(group)) is None


def _one_more(group: Group) -> Party[str]:
    """With the family's childcare, if nobody of it counts so far."""
    return Party("again", 1, 0 if any(one.holds_place for one in group.live) else group.childcare_places)


def _all_again(clerk: Clerk, members: Sequence[Person], group: Group, run: Run, actor: Actor) -> None:
    """A group of which nobody came any more begins anew with these."""
    party = Party("again", len(members), group.childcare_places)
    was_let_in = group.wait_number is not None or any(one.confirmed_at is not None for one in members)
    hold = not was_let_in and group.hold_reason is not None and actor.id is None
    state = RegistrationState.CONFIRMED if _are_walk_ins(members) else state_for(run, party, hold=hold)
    group.n_people = len(members)
    group.reached_at = group.offered_until = None
    _begin(clerk, group, members, state, run, actor)


def _are_walk_ins(members: Sequence[Person]) -> bool:
    """They take none of the counted places."""
    return all(one.source is Source.WALK_IN for one in members)


def _with_the_others(clerk: Clerk, person: Person, group: Group, run: Run, actor: Actor) -> None:
    if group.state in TAKES_PLACE:
        clerk.take(_one_more(group), run)
    group.n_people += 1
    clerk.changes.groups[group.id] = None
    clerk.let_in(person, group.state)
    _say(clerk, group, [person], run, actor)


def _apart(clerk: Clerk, person: Person, left: Group, run: Run, actor: Actor) -> Group:
    """Their place no longer depends on the family's."""
    state = state_for(run, Party("again"), hold=_waits_for_staff(person, left, actor))
    own = Group(clerk.key, run.id, state, 1, 0, None, clerk.situation.at, left.hold_reason)
    clerk.part(left, person, own)
    _begin(clerk, own, [person], state, run, actor)
    return own


def _begin(
    clerk: Clerk, group: Group, members: Sequence[Person], state: RegistrationState, run: Run, actor: Actor
) -> None:
    if state in TAKES_PLACE and not _are_walk_ins(members):
        clerk.take(group.party, run)
    if state is RegistrationState.HELD:
        group.hold_reason = group.hold_reason or HoldReason.APPROVAL
    clerk.settle(group, members, state, run)
    _say(clerk, group, members, run, actor)


def _say(clerk: Clerk, group: Group, members: Sequence[Person], run: Run, actor: Actor) -> None:
    state = group.state.value
    clerk.tell(f"registration_{state}", [(group, one) for one in members], run)
    clerk.line("registrations.rejoin", actor, members[0].id, run, state=state, people=len(members))


# -- what was joined


def stand_again(clerk: Clerk, command: StandAgain, run: Run) -> None:
    """As before the join. A sign-up whose place is gone becomes first of the waiting list, and is told; one without
    permission for the data stays cancelled, as withdrawing would have cancelled it.
    """
    group, one = clerk.situation.person(command.person)
    before = one.joined_state
    if before is None:
        return
    kept_in, _kept = clerk.situation.person(str(command.kept_id))
    _take_back_loan(clerk, one, group, kept_in, run)
    if one.participant_id in command.without and clerk.phase_of(run) not in PAST_PROMOTING:
        _stay_away(clerk, one, run)
        return
    # People still in the group have its childcare already.
    party = Party("again", 1, group.childcare_places if group.state is RegistrationState.CANCELLED else 0)
    state = before
    if before in TAKES_PLACE and one.source is not Source.WALK_IN:
        if run.room.shortage(party) is not None:
            state = RegistrationState.WAITLISTED
        else:
            clerk.take(party, run)
    if group.state not in (state, RegistrationState.CANCELLED):
        # The others of the form have another state.
        group = clerk.move_out(group, one, run)
    _stand(clerk, one, group, state, run)
    clerk.promote(run)
    if state is not before and one.state is state:
        clerk.tell(f"registration_{state.value}", [(group, one)], run)


def _stay_away(clerk: Clerk, one: Person, run: Run) -> None:
    one.joined_to = one.joined_state = one.taken_off = None
    one.joined_childcare = 0
    clerk.changes.people[one.id] = None
    clerk.promote(run)


def _take_back_loan(clerk: Clerk, one: Person, group: Group, kept_in: Group, run: Run) -> None:
    n_lent = min(one.joined_childcare, kept_in.childcare_places)
    if not n_lent:
        return
    clerk.count_childcare_with(group, kept_in, n_lent)
    if any(other.holds_place for other in kept_in.live):
        run.room = run.room.releasing(0, n_lent)
        clerk.changes.runs[run.id] = None


def _stand(clerk: Clerk, one: Person, group: Group, state: RegistrationState, run: Run) -> None:
    is_alone = group.state is RegistrationState.CANCELLED
    group.n_people = 1 if is_alone else group.n_people + 1
    if is_alone:
        group.state, group.changed_at = state, clerk.situation.at
    if state is RegistrationState.WAITLISTED:
        group.wait_number = group.wait_number or clerk.behind(0, run)
        clerk.queue(group, run)
    one.state, one.joined_to, one.joined_state, one.joined_childcare = state, None, None, 0
    one.taken_off = one.cancelled_at = one.cancelled_by = None
    clerk.changes.groups[group.id] = clerk.changes.people[one.id] = None
