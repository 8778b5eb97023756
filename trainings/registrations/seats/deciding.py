"""Decides each command of a batch in turn, over plain values.

Pure: the same commands and situation give the same answers and changes, so that any log can be replayed. A refusal
comes before its command has changed anything; any other exception is a bug, and undoes the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

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
    LetGoFirst,
    Move,
    MoveOut,
    OfferAgain,
    Outcome,
    Reject,
    Rejoin,
    Resize,
    SetAside,
    StandAgain,
    UseCard,
)
from trainings.registrations.eligibility import check_ahead
from trainings.registrations.models import TAKES_PLACE, RegistrationState
from trainings.registrations.seats.changes import Changes
from trainings.registrations.seats.clerk import Clerk
from trainings.registrations.seats.counts import (
    CapacityBelowTaken,
    ChildcareBelowTaken,
    NotEnoughPlaces,
    NotHeld,
    NotWaiting,
    check_room,
    state_let_in,
)
from trainings.registrations.seats.entering import enter, use_card
from trainings.registrations.seats.leaving import decline, join, leave, reject
from trainings.registrations.seats.returning import move_out, rejoin, stand_again
from trainings.registrations.seats.situation import Run, Situation
from trainings.web.i18n import N_


def decide(commands: Sequence[Command], situation: Situation) -> tuple[list[Outcome | Exception], Changes]:
    """Answers in order, and what to write for all."""
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


def _offer_again(clerk: Clerk, command: OfferAgain, run: Run) -> None:
    for group_id in command.group_ids:
        clerk.move_up(clerk.situation.groups[str(group_id)], run, command.actor, again=True)


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
    OfferAgain: _offer_again,
    LetGoFirst: _let_go_first,
    Resize: _resize,
    SetAside: _set_aside,
    Fill: _fill,
    UseCard: use_card,
}
