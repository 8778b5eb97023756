"""Who gets in, who waits, who moves up: each command of a batch in turn, decided over plain values.

Pure: the same commands and situation give the same answers and changes, so that any log can be replayed. A rule that
says no refuses its command before anything has changed; whatever else is raised is a bug, and undoes the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from trainings.audit.actor import FILLER_OF_FORM, PROGRAM
from trainings.errors import NotFound, Refusal
from trainings.people.actions import UnknownMunicipality
from trainings.people.models import ConsentPurpose
from trainings.registrations.allocation import Party, promote
from trainings.registrations.changes import Changes, Entrant, Entry, Letter, Line
from trainings.registrations.commands import Command, Enter, Leave, Left, Outcome, SignedUp, author_of
from trainings.registrations.eligibility import HasOwnLink, check_ahead, check_people, field_of, refuse_in
from trainings.registrations.models import TAKES_PLACE, Farewell, HoldReason, RegistrationState, Source
from trainings.registrations.places import PAST_PROMOTING, state_for
from trainings.registrations.sameness import same_again
from trainings.registrations.situation import Group, Person, Run, Situation, Standing
from trainings.registrations.wishes import SignUp
from trainings.schedule.phase import Phase, phase
from trainings.web.i18n import N_

NEEDED = frozenset({ConsentPurpose.DATA})


def decide(commands: Sequence[Command], situation: Situation) -> tuple[list[Outcome | Exception], Changes]:
    """The answer to each command, in order, and what has to be written for all of them."""
    last = max((number for number, one in enumerate(commands) if isinstance(one, Leave)), default=-1)
    clerk = _Clerk(situation, last)
    return [clerk.answer(number, command) for number, command in enumerate(commands)], clerk.changes


@dataclass(slots=True)
class _Clerk:
    """Goes through a batch; the situation is always as after the last command. `last_leave`: nobody leaves after it."""

    situation: Situation
    last_leave: int
    changes: Changes = field(default_factory=Changes)
    phases: dict[tuple[UUID, bool], Phase] = field(default_factory=dict)

    def answer(self, number: int, command: Command) -> Outcome | Exception:
        run = self.situation.runs.get(command.training_id)
        try:
            if run is None:
                raise NotFound(N_("No encontramos esa capacitación."))
            return self._enter(number, command, run) if isinstance(command, Enter) else self._leave(command, run)
        except Refusal as refusal:
            return refusal

    # -- entering

    def _enter(self, number: int, command: Enter, run: Run) -> SignedUp:
        wish = self._watched(number, command.wish)
        known = self.situation.known.get(number)
        standing = same_again(self.situation, wish, run) or (known.standing if known is not None else None)
        if standing is not None:
            return standing
        is_walk_in = wish.source is Source.WALK_IN
        if not is_walk_in:
            refuse_in(self._phase(run), wish.source)
        check_people(run, run.hub_phone, wish)
        self._check_municipalities(wish)
        hold_reason = None if is_walk_in else wish.hold_reason or self._missing_course(number, wish, run)
        is_held = hold_reason is not None or (run.approval_required and not is_walk_in)
        # Who stands at the door takes none of the counted places.
        state = RegistrationState.CONFIRMED if is_walk_in else self._state(wish, run, hold_reason)
        if state in TAKES_PLACE and not is_walk_in:
            run.room = run.room.taking(_party(wish))
        entry = Entry(
            command=command,
            draft=self.situation.drafts[number],
            state=state,
            hold_reason=(hold_reason or HoldReason.APPROVAL) if is_held else None,
            wait_number=run.number() if state is RegistrationState.WAITLISTED else None,
            entrants=self._entrants(number, wish),
            has_group_link=wish.n_people > 1 or wish.first.is_minor,
        )
        self.changes.entries.append(entry)
        self.changes.runs[run.id] = None
        self.changes.lines.append(entry.line(run.hub_id))
        if not is_walk_in and entry.hold_reason is not HoldReason.REVIEW:
            # What comes too often writes to nobody until staff have looked: the address may be somebody else's.
            self._tell_addresses(entry, number, run)
        return self._remember(entry, number, run)

    def _watched(self, number: int, wish: SignUp) -> SignUp:
        """What comes too often is refused, or looked at by staff first."""
        counted = self.situation.counted.get(number)
        beyond = [one for one in counted if one.is_beyond] if counted else ()
        for one in beyond:
            if one.watch.refuses:
                raise one.refusal()
        return wish.held(HoldReason.REVIEW) if beyond else wish

    def _phase(self, run: Run) -> Phase:
        """The phase of a training, which changes within a batch only where places come or go."""
        key = (run.id, run.occupied < run.capacity)
        known = self.phases.get(key)
        if known is None:
            known = self.phases[key] = phase(run, run.meetings, self.situation.at)
        return known

    def _state(self, wish: SignUp, run: Run, hold_reason: HoldReason | None) -> RegistrationState:
        return state_for(run, _party(wish), hold=hold_reason is not None)

    def _check_municipalities(self, wish: SignUp) -> None:
        for number, keys in enumerate(wish.keys):
            if keys.municipality and keys.municipality not in self.situation.municipalities:
                raise UnknownMunicipality(field=field_of(number, "municipality"))

    def _entrants(self, number: int, wish: SignUp) -> tuple[Entrant, ...]:
        known, keys = self.situation.known.get(number), wish.keys[0]
        if known is None:
            filler = Entrant(None, wish.purposes)
        else:
            # A code and a name stand on paper for others to read: further permissions need the own contact too.
            is_sure = bool(keys.phone_keys or keys.email_keys)
            filler = Entrant(known.participant_id, wish.purposes if is_sure else wish.purposes & NEEDED)
        # Who fills the form speaks for the others only where they could not come in else.
        return (filler, *[Entrant(None, wish.purposes & NEEDED)] * (wish.n_people - 1))

    def _missing_course(self, number: int, wish: SignUp, run: Run) -> HoldReason | None:
        """Staff decide about who has not shown, alone and by a code, that the courses before this one are completed."""
        if not run.required_courses:
            return None
        known = self.situation.known.get(number)
        is_shown = known is not None and wish.n_people == 1 and run.required_courses <= known.completed
        return None if is_shown else HoldReason.PREREQUISITE

    def _tell_addresses(self, entry: Entry, number: int, run: Run) -> None:
        """Confirm by mail; no address is written to twice."""
        command = entry.command
        written_to: set[str] = set()
        known = self.situation.known.get(number)
        for position, entrant in enumerate(entry.entrants):
            keys = command.wish.keys[position]
            address = known.email_key if known is not None and entrant.known_id is not None else keys.email_key
            if address is None or address in written_to:
                continue
            written_to.add(address)
            self._letter(f"registration_{entry.state}", entry.draft.tickets[position].registration_id, run, command)

    def _remember(self, entry: Entry, number: int, run: Run) -> SignedUp:
        """Later commands of the batch find this sign-up as if it were stored."""
        wish, draft = entry.command.wish, entry.draft
        ids = tuple([ticket.registration_id for ticket in draft.tickets])
        answer = SignedUp(draft.group_id, ids, draft.link if entry.has_group_link else draft.tickets[0].link, True)
        standing = Standing(run.id, wish.body_hash, self.situation.at, answer, wish=wish)
        if wish.idempotency_key:
            self.situation.by_key[wish.idempotency_key] = standing
        if wish.browser_key:
            run.by_browser.setdefault(wish.browser_key, []).append(standing)
        if number < self.last_leave and entry.state is RegistrationState.WAITLISTED:
            self._remember_waiting(entry, run)
        return answer

    def _remember_waiting(self, entry: Entry, run: Run) -> None:
        """Who waits may move up before the batch ends."""
        wish, group_id = entry.command.wish, entry.draft.group_id
        group = Group(group_id, entry.state, wish.n_people, wish.childcare_places, entry.wait_number)
        self.situation.groups[group_id] = run.waiting[group_id] = group
        for ticket, keys in zip(entry.draft.tickets, wish.keys, strict=True):
            person = Person(ticket.registration_id, keys.email_key, entry.state, wish.source)
            self.situation.add_person(group, person)

    # -- leaving

    def _leave(self, command: Leave, run: Run) -> Left:
        asked = [self.situation.person(one) for one in self._in_reach(command)]
        leaving = [(group, person) for group, person in asked if person.is_live]
        if not leaving:
            return Left(())
        if command.farewell is Farewell.CANCELLED:
            check_ahead(run, run.meetings, self.situation.at)
        is_told = self._is_told(command, *leaving[0])
        frees = False
        taken_off = None if command.farewell is Farewell.CANCELLED else command.farewell
        for group, person in leaving:
            self.changes.left[person.id] = (author_of(command.actor), taken_off)
            frees = self._release(group, person, run) or frees
        if is_told:
            self._tell_left(command, run, leaving)
        why = {} if taken_off is None else {"why": taken_off.value}
        for _group, person in leaving:
            together = {"people": len(leaving), **why}
            self.changes.lines.append(Line("registrations.cancel", command.actor, person.id, run.hub_id, together))
        if frees:
            self._promote(run)
        return Left(tuple(UUID(person.id) for _group, person in leaving))

    def _in_reach(self, command: Leave) -> list[str]:
        """Whom the actor may take out: who filled in the form, not those who made their link their own."""
        asked = list(map(str, command.registration_ids))
        if command.actor != FILLER_OF_FORM:
            return asked
        in_reach = [one for one in asked if one not in self.situation.claimed]
        if not in_reach:
            raise HasOwnLink
        return in_reach

    def _is_told(self, command: Leave, group: Group, person: Person) -> bool:
        """Who was never let in is told only what staff decided; who came with too many others was never written to."""
        if command.farewell is Farewell.JOINED:
            return False
        if person.state is not RegistrationState.HELD:
            return True
        is_by_staff = command.actor.id is not None or command.farewell is Farewell.REJECTED
        return is_by_staff and group.hold_reason is not HoldReason.REVIEW

    def _release(self, group: Group, person: Person, run: Run) -> bool:
        """Take one out of a group; whether somebody who waits may fit now, the smaller group itself included."""
        held_place = person.holds_place
        person.state = RegistrationState.CANCELLED
        gives_card_back = self._give_card_back(person, run)
        self.changes.groups[group.id] = None
        is_last = not group.live
        if is_last:
            group.state = RegistrationState.CANCELLED
            run.waiting.pop(group.id, None)
        else:
            group.n_people -= 1
        if held_place:
            run.room = run.room.releasing(1, group.childcare_places if is_last else 0)
            self.changes.runs[run.id] = None
        return held_place or gives_card_back or not is_last

    def _give_card_back(self, person: Person, run: Run) -> bool:
        """Free the place that was reserved for who waited for staff with a named card."""
        if not person.keeps_card:
            return False
        person.keeps_card = False
        run.reserved -= 1
        self.changes.cards.append(person.id)
        self.changes.runs[run.id] = None
        return True

    def _tell_left(self, command: Leave, run: Run, leaving: Sequence[tuple[Group, Person]]) -> None:
        """One message for each address of a group."""
        written_to: set[tuple[str, str]] = set()
        for group, person in leaving:
            address = person.email_key
            if address is not None and (group.id, address) not in written_to:
                written_to.add((group.id, address))
                self._letter(command.farewell.value, person.id, run, command)

    # -- moving up

    def _promote(self, run: Run) -> None:
        """Give the free places to who waits, first that fits; nobody moves up into what is called off or over."""
        if self._phase(run) in PAST_PROMOTING:
            return
        waiting = [Party(one.id, one.n_people, one.childcare_places) for one in run.waiting.values()]
        outcome = promote(run.room, waiting)
        run.room = outcome.room
        for group_id in outcome.promoted:
            group = run.waiting.pop(group_id)
            self._move_up(group, run)
        for group_id, lacking in outcome.passed_over:
            detail = {"lacking": lacking.value}
            self.changes.lines.append(Line("registrations.pass_over", PROGRAM, group_id, run.hub_id, detail))

    def _move_up(self, group: Group, run: Run) -> None:
        group.state = RegistrationState.CONFIRMED if run.offer_hours is None else RegistrationState.OFFERED
        group.wait_number = None
        for person in group.live:
            person.state = group.state
        self.changes.groups[group.id] = None
        self.changes.promoted[group.id] = run.id
        self.changes.runs[run.id] = None
        self.changes.lines.append(Line("registrations.promote", PROGRAM, group.id, run.hub_id, {}))

    # -- words

    def _letter(self, kind: str, registration_id: str, run: Run, command: Command) -> None:
        run_at, batch_id = (command.run_at, command.batch_id) if isinstance(command, Leave) else (None, None)
        self.changes.letters.append(Letter(kind, registration_id, run.hub_id, run_at, batch_id))


def _party(wish: SignUp) -> Party[str]:
    return Party("new", wish.n_people, wish.childcare_places)
