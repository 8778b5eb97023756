"""A group gets everything it asks for or waits whole. A freed place goes to the first waiting group that fits, with a
reason for each group passed over. No group that fits waits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from trainings.audit.actor import PROGRAM, Actor
from trainings.errors import Refusal
from trainings.registrations.eligibility import TrainingFull, refuse_in
from trainings.registrations.models import MOVES, CardState, RegistrationState, Source
from trainings.registrations.seats.situation import (
    Changes,
    Group,
    Letter,
    Line,
    Party,
    Person,
    Room,
    Run,
    Shortage,
    Situation,
)
from trainings.schedule.models import TrainingState
from trainings.schedule.phase import Phase, phase
from trainings.web.i18n import N_

PAST_PROMOTING = frozenset({Phase.CANCELLED, Phase.HELD})


class ChildcareFull(Refusal):
    sentence = N_("No quedan tantos lugares de cuidado infantil. Escriba un número menor, o llame a la ventanilla.")


class NoRoom(Refusal):
    sentence = N_("Faltan %(n)s lugares: aumente el cupo o cancele a alguien.")
    ONE = N_("Falta 1 lugar: aumente el cupo o cancele a alguien.")


class NoChildcareRoom(Refusal):
    sentence = N_("Faltan %(n)s lugares de cuidado infantil: auméntelos o cancele a alguien.")
    ONE = N_("Falta 1 lugar de cuidado infantil: auméntelos o cancele a alguien.")


class NotWaiting(Refusal):
    sentence = N_("Ya no está en la lista de espera. Vuelva a abrir la lista.")


class NoOffer(Refusal):
    sentence = N_("Ya no hay un lugar guardado. Si todavía le interesa, llame a la ventanilla.")


class CapacityBelowTaken(Refusal):
    sentence = N_("Ya hay %(taken)s lugares ocupados: el cupo no puede ser menor.")


class ChildcareBelowTaken(Refusal):
    sentence = N_("Ya hay %(taken)s lugares de cuidado infantil ocupados: no pueden ser menos.")


class NoPlaceAgain(Refusal):
    sentence = N_(
        "Ahora no queda lugar para esta persona junto con las demás. Inscríbala de nuevo en la página de la "
        "capacitación: queda al final de la lista de espera."
    )


class OtherTicket(Refusal):
    sentence = N_("Ya estaba inscrita: vale el otro boleto.")


class EachForThemselves(Refusal):
    sentence = N_(
        "Cada persona de este grupo tiene su propio enlace y responde por sí misma. Si una dijo que no, cancele la "
        "inscripción de esa persona."
    )


class NotHeld(Refusal):
    sentence = N_("Esta inscripción ya tiene respuesta. Vuelva a abrir la lista.")


class NothingToStepBackFrom(Refusal):
    sentence = N_("Solo quien tiene un lugar pasa a la lista de espera, y esta capacitación ha de tener una.")


class NobodyWaits(Refusal):
    sentence = N_("Nadie que quepa espera ese lugar: se le daría otra vez. Si ya no viene, cancele su inscripción.")


class NotEnoughPlaces(Refusal):
    sentence = N_("Lugares que quedan sin apartar: %(left)s. Escriba un número menor, o suba el cupo.")


# -- over numbers


@dataclass(frozen=True, slots=True)
class Promotion:
    room: Room
    promoted: tuple[str, ...]
    passed_over: tuple[tuple[str, Shortage], ...]


def promote(room: Room, waiting: Iterable[Party]) -> Promotion:
    """Free places go to the first waiting groups that fit. Groups behind the last promoted one were not passed over."""
    promoted: list[str] = []
    passed: list[tuple[str, Shortage]] = []
    overtaken = 0
    for party in waiting:
        if room.free <= 0:
            break
        lacking = room.shortage(party)
        if lacking is not None:
            passed.append((party.id, lacking))
            continue
        room = room.taking(party)
        promoted.append(party.id)
        overtaken = len(passed)
    return Promotion(room, tuple(promoted), tuple(passed[:overtaken]))


def state_for(run: Run, party: Party, *, hold: bool = False) -> RegistrationState:
    """First state of a new group; `hold`: for staff, as in a training by approval. Refuses what can never fit, and what
    does not fit without a waiting list.
    """
    if party.childcare_places > run.childcare_capacity:
        raise ChildcareFull(field="childcare_places")
    if hold or run.approval_required:
        return RegistrationState.HELD
    return state_let_in(run, party)


def state_let_in(run: Run, party: Party) -> RegistrationState:
    """A confirmed or waiting state. Refuses without a place or waiting list."""
    lacking = run.room.shortage(party)
    if lacking is None:
        return RegistrationState.CONFIRMED
    if run.has_waiting_list:
        return RegistrationState.WAITLISTED
    if lacking is Shortage.CHILDCARE:
        raise ChildcareFull(field="childcare_places")
    raise TrainingFull


def check_room(room: Room, party: Party) -> None:
    lacking = room.shortage(party)
    if lacking is Shortage.SEATS:
        _refuse(NoRoom, party.n_people - room.free)
    if lacking is Shortage.CHILDCARE:
        _refuse(NoChildcareRoom, party.childcare_places - room.childcare_free)


def _refuse(refusal: type[NoRoom | NoChildcareRoom], n_missing: int) -> None:
    raise refusal(refusal.ONE if n_missing == 1 else None, n=n_missing)


# -- over the situation


@dataclass(slots=True)
class Clerk:
    """Works through a batch; the situation is as after the last command. `last_move`: only sign-ups follow it. `key`:
    for a group made by the current command.
    """

    situation: Situation
    last_move: int
    key: str = ""
    changes: Changes = field(default_factory=Changes)
    phases: dict[tuple[UUID, bool], Phase] = field(default_factory=dict)

    def phase_of(self, run: Run) -> Phase:
        """Within a batch it changes only where places come or go."""
        key = (run.id, run.occupied < run.capacity)
        known = self.phases.get(key)
        if known is None:
            known = self.phases[key] = phase(run, run.meetings, self.situation.at)
        return known

    def check_offered(self, group: Group, run: Run) -> None:
        if group.state is not RegistrationState.OFFERED:
            raise NoOffer
        self.check_not_over(run)

    def check_not_over(self, run: Run) -> None:
        """People on the list do not need an open window."""
        refuse_in(self.phase_of(run), Source.DESK)

    # -- places

    def take(self, party: Party, run: Run) -> None:
        run.room = run.room.taking(party)
        self.changes.runs[run.id] = None

    def settle(self, group: Group, people: Iterable[Person], state: RegistrationState, run: Run) -> None:
        group.state, group.changed_at = state, self.situation.at
        group.wait_number = None
        if state is RegistrationState.WAITLISTED:
            group.wait_number = run.number()
            run.waiting[group.id] = group
            self.changes.runs[run.id] = None
        self.changes.groups[group.id] = None
        for person in people:
            self.let_in(person, state)

    def let_in(self, person: Person, state: RegistrationState) -> None:
        # A person who rejoins an offered group is offered a place as well.
        assert state in MOVES[person.state] or state is RegistrationState.OFFERED
        person.state, person.cancelled_at = state, None
        person.confirmed_at = self.situation.at if state is RegistrationState.CONFIRMED else None
        self.changes.people[person.id] = None

    def release(self, group: Group, person: Person, run: Run) -> bool:
        """True: a waiting group may fit now, the smaller group included."""
        held_place = person.holds_place
        person.state = RegistrationState.CANCELLED
        self.changes.people[person.id] = None
        gives_card_back = self._give_card_back(person, run)
        is_last = self._shrink(group, run)
        if held_place:
            run.room = run.room.releasing(1, group.childcare_places if is_last else 0)
            self.changes.runs[run.id] = None
        return held_place or gives_card_back or not is_last

    def _shrink(self, group: Group, run: Run) -> bool:
        is_last = not group.live
        if is_last:
            group.state = RegistrationState.CANCELLED
            run.waiting.pop(group.id, None)
        else:
            group.n_people -= 1
        if group.state is not RegistrationState.OFFERED:
            # When a person leaves an offered group, the rest keep their time to answer.
            group.changed_at, group.reached_at, group.offered_until = self.situation.at, None, None
        self.changes.groups[group.id] = None
        return is_last

    def _give_card_back(self, person: Person, run: Run) -> bool:
        if person.held_card is None:
            return False
        self.answer_card(person, CardState.RELEASED, run)
        return True

    def answer_card(self, person: Person, becomes: CardState, run: Run) -> None:
        person.held_card = None
        run.reserved -= 1
        self.changes.cards[person.id] = becomes
        self.changes.runs[run.id] = None

    # -- groups

    def part(self, group: Group, person: Person, own: Group) -> None:
        """The person's own link moves with them."""
        del group.people[person.id]
        self.situation.groups[own.id] = own
        self.situation.add_person(own, person)
        self.changes.made.append(own.id)
        self.changes.moved.append(person.id)
        self.changes.people[person.id] = None

    def move_out(self, group: Group, person: Person, run: Run) -> Group:
        """A group of one beside the family's, so that each answers, cancels and comes back alone.

        The family was told of an offer: for the person alone the time to answer has not begun. Childcare stays with the
        family. A waiting family that asks for less now moves up where it fits.
        """
        own = Group(self.key, run.id, person.state, 1, 0, None, group.changed_at, group.hold_reason)
        if group.wait_number is not None:
            own.wait_number = self.behind(group.wait_number, run)
        person.detached_at = self.situation.at
        self.part(group, person, own)
        if not person.is_live:
            return own
        needs_no_childcare = self._shrink(group, run) and person.holds_place
        if needs_no_childcare:
            run.room = run.room.releasing(0, group.childcare_places)
            self.changes.runs[run.id] = None
        if person.state is RegistrationState.WAITLISTED:
            self.queue(own, run)
        if needs_no_childcare or person.state is RegistrationState.WAITLISTED:
            self.promote(run)
        return own

    def count_childcare_with(self, more: Group, less: Group, n: int) -> None:
        more.childcare_places += n
        less.childcare_places -= n
        self.changes.groups[more.id] = self.changes.groups[less.id] = None

    def behind(self, number: int, run: Run) -> int:
        """The number right behind this number on the waiting list; later numbers move by one."""
        run.number()
        self.changes.runs[run.id] = None
        self.changes.shifts.append((run.id, number))
        for group in self.situation.groups.values():
            if group.training_id == run.id and group.wait_number is not None and group.wait_number > number:
                group.wait_number += 1
        self.changes.entries = [
            one._replace(wait_number=one.wait_number + 1)
            if one.command.training_id == run.id and one.wait_number is not None and one.wait_number > number
            else one
            for one in self.changes.entries
        ]
        return number + 1

    def queue(self, group: Group, run: Run) -> None:
        run.waiting[group.id] = group
        run.waiting = dict(sorted(run.waiting.items(), key=lambda each: each[1].wait_number or 0))

    # -- moving up

    def promote(self, run: Run) -> None:
        """Give free places to the first waiting groups that fit; never in a training called off or over."""
        if self.phase_of(run) in PAST_PROMOTING:
            return
        outcome = promote(run.room, (one.party for one in run.waiting.values()))
        for group_id in outcome.promoted:
            self.take(run.waiting[group_id].party, run)
            self.move_up(run.waiting[group_id], run, PROGRAM)
        for group_id, lacking in outcome.passed_over:
            self.line("registrations.pass_over", PROGRAM, group_id, run, lacking=lacking.value)

    def move_up(self, group: Group, run: Run, actor: Actor, **why: object) -> None:
        """Confirm a group, or offer its places where the training gives time to answer."""
        run.waiting.pop(group.id, None)
        group.state = RegistrationState.CONFIRMED if run.offer_hours is None else RegistrationState.OFFERED
        group.changed_at = group.moved_up_at = self.situation.at
        group.wait_number = group.reached_at = group.offered_until = None
        for person in group.live:
            person.state = group.state
            if group.state is RegistrationState.CONFIRMED:
                person.confirmed_at = self.situation.at
        self.changes.groups[group.id] = self.changes.promoted[group.id] = None
        self.line("registrations.promote", actor, group.id, run, **why)

    # -- words

    def tell(
        self,
        kind: str,
        people: Iterable[tuple[Group, Person]],
        run: Run,
        run_at: datetime | None = None,
        batch_id: UUID | None = None,
    ) -> None:
        written_to: set[tuple[str, str]] = set()
        for group, person in people if run.state is not TrainingState.PRACTICE else ():
            address = person.email_key
            if address is not None and (group.id, address) not in written_to:
                written_to.add((group.id, address))
                self.changes.letters.append(Letter(kind, person.id, run.hub_id, run_at, batch_id))

    def tell_group(self, kind: str, group: Group, run: Run) -> None:
        self.tell(kind, [(group, one) for one in group.live], run)

    def line(self, act: str, actor: Actor, object_id: str, run: Run, **detail: Any) -> None:
        self.changes.lines.append(Line(act, actor, object_id, run.hub_id, detail))
