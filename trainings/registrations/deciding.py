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
from trainings.registrations.situation import Alike, Group, Person, Run, Situation, Standing
from trainings.registrations.wishes import SignUp
from trainings.schedule.phase import Phase, phase
from trainings.web.i18n import N_

NEEDED = frozenset({ConsentPurpose.DATA})


class ListCut(Exception):
    """More of a waiting list is needed than was read."""


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
        standing = same_again(self.situation, wish, run)
        if standing is not None:
            return standing
        is_walk_in = wish.source is Source.WALK_IN
        if not is_walk_in:
            refuse_in(self._phase(run), wish.source)
        check_people(run, run.hub_phone, wish)
        self._check_municipalities(wish)
        hold_reason = None if is_walk_in else wish.hold_reason or self._missing_course(number, wish, run)
        is_held = hold_reason is not None or (run.approval_required and not is_walk_in)
        firsts = self._firsts(number, wish, run, is_held=is_held)
        # Who stands at the door takes none of the counted places.
        state = RegistrationState.CONFIRMED if is_walk_in else self._state(wish, run, hold_reason)
        is_in = state in TAKES_PLACE and not is_walk_in
        passed = self._passed(firsts) if is_in else {}
        first_ids = [None if one is None or place in passed else one.id for place, one in enumerate(firsts)]
        entrants = self._entrants(number, wish, first_ids)
        if is_in:
            self._take(wish, run, entrants)
        entry = Entry(
            command=command,
            draft=self.situation.drafts[number],
            state=state,
            hold_reason=(hold_reason or HoldReason.APPROVAL) if is_held else None,
            wait_number=run.number() if state is RegistrationState.WAITLISTED else None,
            entrants=entrants,
            has_group_link=wish.n_people > 1 or wish.first.is_minor,
        )
        self.changes.entries.append(entry)
        self.changes.runs[run.id] = None
        self.changes.lines.append(entry.line(run.hub_id))
        for place, one in passed.items():
            self._stand_first(entry.draft.tickets[place].registration_id, one, run)
        if not is_walk_in and entry.hold_reason is not HoldReason.REVIEW:
            # What comes too often writes to nobody until staff have looked: the address may be somebody else's.
            self._tell_addresses(entry, number, firsts, run)
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
        """The state in which a group begins: look-alikes are asked for like anybody."""
        party = Party("new", wish.n_people, wish.childcare_places)
        return state_for(run, party, hold=hold_reason is not None)

    def _take(self, wish: SignUp, run: Run, entrants: Sequence[Entrant]) -> None:
        n_alike = sum(one.first_id is not None for one in entrants)
        run.room = run.room.taking(Party("new", wish.n_people, wish.childcare_places, n_alike))

    def _check_municipalities(self, wish: SignUp) -> None:
        for number, keys in enumerate(wish.keys):
            if keys.municipality and keys.municipality not in self.situation.municipalities:
                raise UnknownMunicipality(field=field_of(number, "municipality"))

    def _firsts(self, number: int, wish: SignUp, run: Run, *, is_held: bool) -> list[Alike | None]:
        """Whom each of a wish looks like; who comes with an earlier code may be known by that alone."""
        firsts = [self.situation.look_alike(run, keys, is_held=is_held) for keys in wish.keys]
        known = self.situation.known.get(number)
        if known is not None:
            firsts[0] = firsts[0] or known.standing_for(is_held=is_held)
        return firsts

    def _passed(self, firsts: Sequence[Alike | None]) -> dict[int, Alike]:
        """Those who wait while somebody who looks like them is let in, who takes a place of their own."""
        waits = self.situation.waits
        return {place: one for place, one in enumerate(firsts) if one is not None and one.id in waits}

    def _entrants(self, number: int, wish: SignUp, first_ids: Sequence[str | None]) -> tuple[Entrant, ...]:
        known, keys = self.situation.known.get(number), wish.keys[0]
        if known is None:
            filler = Entrant(None, first_ids[0], wish.purposes)
        else:
            # A code and a name stand on paper for others to read: further permissions need the own contact too.
            is_sure = bool(keys.phone_keys or keys.email_keys)
            filler = Entrant(known.participant_id, first_ids[0], wish.purposes if is_sure else wish.purposes & NEEDED)
        # Who fills the form speaks for the others only where they could not come in else.
        return (filler, *[Entrant(None, one, wish.purposes & NEEDED) for one in first_ids[1:]])

    def _missing_course(self, number: int, wish: SignUp, run: Run) -> HoldReason | None:
        """Staff decide about who has not shown, alone and by a code, that the courses before this one are completed."""
        if not run.required_courses:
            return None
        known = self.situation.known.get(number)
        is_shown = known is not None and wish.n_people == 1 and run.required_courses <= known.completed
        return None if is_shown else HoldReason.PREREQUISITE

    def _tell_addresses(self, entry: Entry, number: int, firsts: Sequence[Alike | None], run: Run) -> None:
        """Confirm by mail. A look-alike's first contact gets its own link again; no address is written to twice."""
        command = entry.command
        written_to: set[str] = set()
        known = self.situation.known.get(number)
        for position, (entrant, first) in enumerate(zip(entry.entrants, firsts, strict=True)):
            keys = command.wish.keys[position]
            address = known.email_key if known is not None and entrant.known_id is not None else keys.email_key
            has_same = first is not None and first.email_key == address
            # Who got in before the first is the one who has to know.
            is_told = has_same and entrant.first_id is not None
            if first is not None and first.email_key is not None and (is_told or not has_same):
                self._letter("own_link_again", first.id, run, command)
            if address is None or is_told or address in written_to:
                continue
            written_to.add(address)
            kind = f"registration_{entry.state}"
            self._letter(kind, entry.draft.tickets[position].registration_id, run, command)

    def _remember(self, entry: Entry, number: int, run: Run) -> SignedUp:
        """Later commands of the batch find this sign-up as if it were stored."""
        wish, draft = entry.command.wish, entry.draft
        ids, state = tuple([ticket.registration_id for ticket in draft.tickets]), entry.state
        answer = SignedUp(draft.group_id, ids, draft.link if entry.has_group_link else draft.tickets[0].link, True)
        standing = Standing(run.id, wish.body_hash, self.situation.at, answer, wish=wish)
        if wish.idempotency_key:
            self.situation.by_key[wish.idempotency_key] = standing
        if wish.browser_key:
            run.by_browser.setdefault(wish.browser_key, []).append(standing)
        is_held, is_waiting = state is RegistrationState.HELD, state is RegistrationState.WAITLISTED
        for registration_id, keys, entrant in zip(ids, wish.keys, entry.entrants, strict=True):
            if entrant.first_id is None:
                name_key, phone, email = keys.name_key, keys.phone_key, keys.email_key
                alike = Alike(registration_id, name_key, keys.municipality, phone, email, is_held)
                run.alike.setdefault(name_key, []).append(alike)
                if is_waiting:
                    self.situation.waits[registration_id] = draft.group_id
        if number < self.last_leave:
            self._remember_group(entry, run)
        return answer

    def _remember_group(self, entry: Entry, run: Run) -> None:
        """Who waits may move up, and a look-alike may come in the stead of its first, before the batch ends."""
        wish, is_waiting = entry.command.wish, entry.state is RegistrationState.WAITLISTED
        if not is_waiting and all(one.first_id is None for one in entry.entrants):
            return
        children, group_id = wish.childcare_places, entry.draft.group_id
        group = Group(group_id, entry.state, wish.n_people, children, entry.wait_number, hold_reason=entry.hold_reason)
        self.situation.groups[group_id] = group
        if is_waiting:
            run.waiting[group_id] = group
        for ticket, keys, entrant in zip(entry.draft.tickets, wish.keys, entry.entrants, strict=True):
            looks = Alike(ticket.registration_id, keys.name_key, keys.municipality, keys.phone_key, keys.email_key)
            self.situation.add_person(group, Person(looks, entry.state, wish.source, entrant.first_id))

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
        for _group, person in leaving:
            self._pass_on(person, run)
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
        if person.state is not RegistrationState.HELD:
            return True
        is_by_staff = command.actor.id is not None or command.farewell is Farewell.REJECTED
        return is_by_staff and group.hold_reason is not HoldReason.REVIEW

    def _release(self, group: Group, person: Person, run: Run) -> bool:
        """Take one out of a group; whether somebody who waits may fit now, the smaller group itself included."""
        held_place = person.holds_place
        person.state = RegistrationState.CANCELLED
        self.situation.waits.pop(person.id, None)
        gives_card_back = self._give_card_back(person, run)
        self.changes.groups[group.id] = None
        run.drop_alike(person.looks)
        is_last = not group.live
        if is_last:
            group.state = RegistrationState.CANCELLED
            run.waiting.pop(group.id, None)
        else:
            group.n_people -= 1
            group.alike.pop(person.id, None)
        if held_place:
            has_counted = any(not one.is_alike for one in group.live)
            run.room = run.room.releasing(1, 0 if has_counted else group.childcare_places)
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

    def _pass_on(self, left: Person, run: Run) -> None:
        """A look-alike of who left comes in their stead: the oldest who is in, else who waits, else who is held.

        Nobody saw the difference, and nobody does now: the other look-alikes look like that one. Who does not fit, with
        more childcare than is free, goes on taking nothing.
        """
        heirs = self.situation.heirs.pop(left.id, [])
        live = [(group, person) for group, person in map(self.situation.person, heirs) if person.is_live]
        # Behind who may never be let in, another would move up and take nothing.
        live.sort(key=lambda each: (not each[1].is_counted, each[1].state is RegistrationState.HELD, each[1].id))
        heir = next(((group, person) for group, person in live if self._comes_instead(group, person, run)), None)
        if heir is None:
            return
        group, chosen = heir
        if chosen.state is RegistrationState.WAITLISTED:
            self.situation.waits[chosen.id] = group.id
        run.add_alike(chosen.looks)
        self.changes.firsts[chosen.id] = None
        self.changes.lines.append(Line("registrations.come_instead", PROGRAM, chosen.id, run.hub_id, {}))
        others = [(theirs, person) for theirs, person in live if person is not chosen]
        for theirs, person in others:
            person.first_id = self.changes.firsts[person.id] = theirs.alike[person.id] = chosen.id
        self.situation.heirs[chosen.id] = [person.id for _theirs, person in others]

    def _comes_instead(self, group: Group, person: Person, run: Run) -> bool:
        """Count a look-alike like anybody, if there is room for what that takes."""
        if person.is_counted:
            children = 0 if any(one.holds_place for one in group.live) else group.childcare_places
            if run.room.free < 1 or run.room.childcare_free < children:
                return False
            run.room = run.room.releasing(-1, -children)
            self.changes.runs[run.id] = None
        person.first_id = None
        group.alike.pop(person.id, None)
        return True

    def _tell_left(self, command: Leave, run: Run, leaving: Sequence[tuple[Group, Person]]) -> None:
        """One message for each address of a group."""
        written_to: set[tuple[str, str]] = set()
        for group, person in leaving:
            address = person.looks.email_key
            if address is not None and (group.id, address) not in written_to:
                written_to.add((group.id, address))
                self._letter(command.farewell.value, person.id, run, command)

    # -- moving up

    def _promote(self, run: Run) -> None:
        """Give the free places to who waits, first that fits; nobody moves up into what is called off or over."""
        if self._phase(run) in PAST_PROMOTING:
            return
        outcome = promote(run.room, self.situation.parties(run.waiting.values()))
        if run.is_cut and outcome.room.free > 0:
            raise ListCut
        run.room = outcome.room
        for group_id in outcome.promoted:
            group = run.waiting.pop(group_id)
            self._move_up(group, run)
        for group_id, lacking in outcome.passed_over:
            detail = {"lacking": lacking.value}
            self.changes.lines.append(Line("registrations.pass_over", PROGRAM, group_id, run.hub_id, detail))

    def _move_up(self, group: Group, run: Run) -> None:
        self._pass(group, run)
        group.state = RegistrationState.CONFIRMED if run.offer_hours is None else RegistrationState.OFFERED
        group.wait_number = None
        for person in group.live:
            person.state = group.state
        self.changes.groups[group.id] = None
        self.changes.promoted[group.id] = run.id
        self.changes.runs[run.id] = None
        self.changes.lines.append(Line("registrations.promote", PROGRAM, group.id, run.hub_id, {}))

    def _pass(self, group: Group, run: Run) -> None:
        """Who of a group moves up before the one that they look like is the first of them from now on."""
        passing = sorted(self.situation.behind(group))
        if not all(one in self.situation.group_of for pair in passing for one in pair):
            raise ListCut
        for person_id, first_id in passing:
            person = self.situation.person(person_id)[1]
            del group.alike[person_id]
            person.first_id = self.changes.firsts[person_id] = None
            self.situation.heirs[first_id].remove(person_id)
            run.add_alike(person.looks)
        for person_id, first_id in passing:
            self._stand_first(person_id, self.situation.person(first_id)[1].looks, run)
        gone = [one for one, group_id in self.situation.waits.items() if group_id == group.id]
        for one in gone:
            del self.situation.waits[one]

    def _stand_first(self, chosen_id: str, first: Alike | None, run: Run) -> None:
        """Of several who look alike, who got in is the first; the one who waits takes nothing when its turn comes."""
        if first is None or first.id not in self.situation.waits:
            return
        run.drop_alike(first)
        for one in self.situation.stand_first(chosen_id, first.id):
            self.changes.firsts[one] = chosen_id
        self.changes.stand_ins[first.id] = chosen_id

    # -- words

    def _letter(self, kind: str, registration_id: str, run: Run, command: Command) -> None:
        run_at, batch_id = (command.run_at, command.batch_id) if isinstance(command, Leave) else (None, None)
        self.changes.letters.append(Letter(kind, registration_id, run.hub_id, run_at, batch_id))
