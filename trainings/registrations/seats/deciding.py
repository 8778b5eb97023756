"""Pure: the same commands and situation give the same answers and changes, so that any log can be replayed. A refusal
comes before its command has changed anything; any other exception is a bug, and undoes the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from trainings.audit.actor import FILLER_OF_FORM
from trainings.errors import NotFound, Refusal
from trainings.registrations.commands import (
    Accept,
    Approve,
    Command,
    Decline,
    Done,
    Enter,
    FewerChildren,
    Fill,
    Join,
    Leave,
    Left,
    LetGoFirst,
    Move,
    MoveOut,
    Outcome,
    Reject,
    Rejoin,
    Resize,
    SetAside,
    StandAgain,
    StepBack,
    UseCard,
    author_of,
)
from trainings.registrations.eligibility import HasOwnLink, check_ahead
from trainings.registrations.models import TAKES_PLACE, Farewell, HoldReason, RegistrationState
from trainings.registrations.seats.allocation import (
    CapacityBelowTaken,
    ChildcareBelowTaken,
    Clerk,
    EachForThemselves,
    NobodyWaits,
    NotEnoughPlaces,
    NotHeld,
    NothingToStepBackFrom,
    NotWaiting,
    check_room,
    promote,
    state_let_in,
)
from trainings.registrations.seats.entering import enter, move_out, rejoin, stand_again, use_card
from trainings.registrations.seats.situation import Changes, Group, Person, Run, Situation
from trainings.web.i18n import N_


def decide(commands: Sequence[Command], situation: Situation) -> tuple[list[Outcome | Exception], Changes]:
    last = max((number for number, one in enumerate(commands) if not isinstance(one, Enter)), default=-1)
    clerk = Clerk(situation, last)
    return [_answer(clerk, number, command) for number, command in enumerate(commands)], clerk.changes


def _answer(clerk: Clerk, number: int, command: Command) -> Outcome | Exception:
    run = clerk.situation.runs.get(command.training_id)
    try:
        if run is None:
            raise NotFound(N_("No encontramos esa capacitación."))
        if isinstance(command, Enter):
            return enter(clerk, number, command, run)
        clerk.key = clerk.situation.spare_keys[number]
        return RULES[type(command)](clerk, command, run) or Done()
    except Refusal as refusal:
        return refusal


# -- leaving


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
    """The filler of the form leaves out claimed links."""
    named = [clerk.situation.person(str(one)) for one in command.registration_ids]
    groups = [clerk.situation.groups[str(one)] for one in command.group_ids]
    asked = named + [(group, one) for group in groups for one in group.people.values()]
    if command.actor != FILLER_OF_FORM:
        return asked
    in_reach = [(group, one) for group, one in asked if not one.has_own_link]
    if named and not in_reach:
        raise HasOwnLink
    return in_reach


def _is_told(command: Leave, group: Group, person: Person) -> bool:
    """People never let in are told only what staff decided; people held because too many came at once get no
    message.
    """
    if command.farewell is Farewell.JOINED:
        return False
    if person.state is not RegistrationState.HELD:
        return True
    is_by_staff = command.actor.id is not None or command.farewell is Farewell.REJECTED
    return is_by_staff and group.hold_reason is not HoldReason.REVIEW


def decline(clerk: Clerk, command: Decline, run: Run) -> Left:
    """The offered group's people without a claimed link, or its last person."""
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


def join(clerk: Clerk, command: Join, run: Run) -> Left:
    """Each leaves, and its state is kept with it; the kept sign-up gets what it asks for more."""
    kept_in, kept = clerk.situation.person(str(command.kept_id))
    for registration_id in command.registration_ids:
        group, one = clerk.situation.person(str(registration_id))
        if not one.is_live:
            continue
        one.joined_state, one.joined_to = one.state, kept.id
        one.joined_childcare = _lend_childcare(clerk, (group, one), (kept_in, kept), run)
    return leave(clerk, command, run)


def _lend_childcare(clerk: Clerk, joined: tuple[Group, Person], kept: tuple[Group, Person], run: Run) -> int:
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


def _fewer_children(clerk: Clerk, command: FewerChildren, run: Run) -> None:
    group = clerk.situation.groups[command.group]
    check_ahead(run, run.meetings, clerk.situation.at)
    given_up = group.childcare_places - command.n
    if given_up <= 0:
        return
    if any(one.holds_place for one in group.live):
        run.room = run.room.releasing(0, given_up)
        clerk.changes.runs[run.id] = None
    group.childcare_places = command.n
    clerk.changes.groups[group.id] = None
    clerk.line("registrations.fewer_childcare", command.actor, group.id, run, places=command.n)
    clerk.promote(run)


# -- being let in


def _approve(clerk: Clerk, command: Approve, run: Run) -> None:
    group = clerk.situation.groups[command.group]
    if group.state is not RegistrationState.HELD:
        raise NotHeld
    check_ahead(run, run.meetings, clerk.situation.at)
    people = group.live
    becomes = people[0].held_card
    state = RegistrationState.CONFIRMED if becomes is not None else state_let_in(run, group.party)
    if becomes is not None:
        clerk.answer_card(people[0], becomes, run)
    if state in TAKES_PLACE:
        clerk.take(group.party, run)
    clerk.settle(group, people, state, run)
    clerk.tell_group(f"registration_{state.value}", group, run)
    clerk.line("registrations.approve", command.actor, people[0].id, run, state=state.value)


def _accept(clerk: Clerk, command: Accept, run: Run) -> None:
    group = clerk.situation.groups[command.group]
    if group.state is RegistrationState.CONFIRMED:
        return
    clerk.check_offered(group, run)
    group.reached_at, group.offered_until = group.reached_at or clerk.situation.at, None
    clerk.settle(group, group.live, RegistrationState.CONFIRMED, run)
    clerk.tell_group("registration_confirmed", group, run)
    clerk.line("registrations.accept_offer", command.actor, group.id, run)


def _step_back(clerk: Clerk, command: StepBack, run: Run) -> None:
    group = clerk.situation.groups[command.group]
    if group.state is RegistrationState.WAITLISTED:
        return
    n_places = sum(one.holds_place for one in group.live)
    if group.state is not RegistrationState.CONFIRMED or not n_places or not run.has_waiting_list:
        raise NothingToStepBackFrom
    clerk.check_not_over(run)
    room = run.room.releasing(n_places, group.childcare_places)
    if group.id in promote(room, [*(one.party for one in run.waiting.values()), group.party]).promoted:
        raise NobodyWaits
    run.room = room
    clerk.settle(group, group.live, RegistrationState.WAITLISTED, run)
    clerk.tell("registration_waitlisted", [(group, one) for one in group.live], run, command.run_at, command.batch_id)
    clerk.line("registrations.step_back", command.actor, group.id, run, people=n_places)
    clerk.promote(run)


def _let_go_first(clerk: Clerk, command: LetGoFirst, run: Run) -> None:
    group, why = clerk.situation.groups[command.group], command.reason.value
    if group.wait_number is None or group.state is not RegistrationState.WAITLISTED:
        raise NotWaiting
    clerk.check_not_over(run)
    check_room(run.room, group.party)
    for one in run.waiting.values():
        if one is group:
            break
        clerk.line("registrations.pass_over", command.actor, one.id, run, reason=why)
    clerk.take(group.party, run)
    clerk.move_up(group, run, command.actor, reason=why)


# -- more places, and fewer


def _resize(clerk: Clerk, command: Resize, run: Run) -> None:
    wanted = command.capacity, command.childcare_capacity
    if command.capacity < run.occupied:
        raise CapacityBelowTaken(field="capacity", taken=run.occupied)
    if command.childcare_capacity < run.childcare_taken:
        raise ChildcareBelowTaken(field="childcare_capacity", taken=run.childcare_taken)
    if wanted == (run.capacity, run.childcare_capacity):
        return
    run.capacity, run.childcare_capacity = wanted
    clerk.changes.runs[run.id] = None
    clerk.line(
        "registrations.resize",
        command.actor,
        str(run.id),
        run,
        capacity=command.capacity,
        childcare=command.childcare_capacity,
    )
    clerk.promote(run)


def _set_aside(clerk: Clerk, command: SetAside, run: Run) -> None:
    if command.n_cards > run.room.free:
        raise NotEnoughPlaces(field="n", left=max(run.room.free, 0))
    run.reserved += command.n_cards
    clerk.changes.runs[run.id] = None


def _fill(clerk: Clerk, command: Fill, run: Run) -> None:
    if command.n_cards:
        run.reserved -= command.n_cards
        clerk.changes.runs[run.id] = None
    clerk.promote(run)


RULES: Mapping[type[Move], Callable[[Clerk, Any, Run], Outcome | None]] = {
    Leave: leave,
    Decline: decline,
    Reject: reject,
    Join: join,
    StandAgain: stand_again,
    MoveOut: move_out,
    Rejoin: rejoin,
    FewerChildren: _fewer_children,
    Approve: _approve,
    Accept: _accept,
    StepBack: _step_back,
    LetGoFirst: _let_go_first,
    Resize: _resize,
    SetAside: _set_aside,
    Fill: _fill,
    UseCard: use_card,
}
