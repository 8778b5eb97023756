from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeVar
from uuid import UUID

from trainings.audit.actor import FILLER_OF_FORM, Actor
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.people.actions import UnknownMunicipality
from trainings.people.consents import PermissionGone
from trainings.people.models import ConsentPurpose
from trainings.registrations.commands import Done, Enter, MoveOut, Rejoin, SignedUp, SignUp, StandAgain, UseCard
from trainings.registrations.eligibility import CannotChange, HasOwnLink, check_people, field_of, refuse_in
from trainings.registrations.models import (
    TAKES_PLACE,
    CardState,
    HoldReason,
    RegistrationState,
    Source,
)
from trainings.registrations.seats.allocation import PAST_PROMOTING, Clerk, NoPlaceAgain, OtherTicket, state_for
from trainings.registrations.seats.situation import (
    Entrant,
    Entry,
    Group,
    Letter,
    Party,
    Person,
    Run,
    Situation,
    StandingGroup,
)
from trainings.schedule.models import TrainingState
from trainings.web.i18n import N_

NEEDED = frozenset({ConsentPurpose.DATA})
REPLAY = timedelta(hours=24)
"""This long the same key with the same answers is the same sign-up."""


class KeyUsedAgain(Refusal):
    sentence = N_(
        "Esta página ya se envió con otros datos. Si quería corregirlos, hágalo en el boleto. Si faltó alguien, deje "
        "aquí solo a quien falta y toque el botón otra vez: entra aparte."
    )


def enter(clerk: Clerk, number: int, command: Enter, run: Run) -> SignedUp:
    """The same sign-up again returns the registration that stands."""
    wish = _watched(clerk, number, command.wish)
    known = clerk.situation.known.get(number)
    standing = same_again(clerk.situation, wish, run) or (known.standing if known is not None else None)
    if standing is not None:
        return standing
    is_walk_in = wish.source is Source.WALK_IN
    if not is_walk_in:
        refuse_in(clerk.phase_of(run), wish.source)
    check_people(run, run.hub_phone, wish)
    _check_municipalities(clerk, wish)
    hold_reason = None if is_walk_in else wish.hold_reason or _missing_course(clerk, number, wish, run)
    is_held = hold_reason is not None or (run.approval_required and not is_walk_in)
    # Walk-ins take none of the counted places.
    state = RegistrationState.CONFIRMED if is_walk_in else state_for(run, _party(wish), hold=hold_reason is not None)
    if state in TAKES_PLACE and not is_walk_in:
        run.room = run.room.taking(_party(wish))
    entry = Entry(
        command=command,
        draft=clerk.situation.drafts[number],
        state=state,
        hold_reason=(hold_reason or HoldReason.APPROVAL) if is_held else None,
        wait_number=run.number() if state is RegistrationState.WAITLISTED else None,
        entrants=_entrants(clerk, number, wish),
        has_group_link=wish.n_people > 1 or wish.first.is_minor,
    )
    clerk.changes.entries.append(entry)
    clerk.changes.runs[run.id] = None
    clerk.changes.lines.append(entry.line(run.hub_id))
    if not is_walk_in and entry.hold_reason is not HoldReason.REVIEW:
        # Too frequent sign-ups write to nobody until staff have looked: the address may be somebody else's.
        _tell_addresses(clerk, entry, number, run)
    return _remember(clerk, entry, number, run)


def _watched(clerk: Clerk, number: int, wish: SignUp) -> SignUp:
    counted = clerk.situation.counted.get(number)
    beyond = [one for one in counted if one.is_beyond] if counted else ()
    for one in beyond:
        if one.watch.refuses:
            raise one.refusal()
    return wish.held(HoldReason.REVIEW) if beyond else wish


def same_again(situation: Situation, wish: SignUp, run: Run) -> SignedUp | None:
    """Refuses with KeyUsedAgain a key with other answers or older than a day."""
    if wish.idempotency_key:
        found = situation.by_key.get(wish.idempotency_key)
        if found is not None:
            is_same = found.training_id == run.id and tokens.same(found.body_hash, wish.body_hash)
            if not is_same or situation.at - found.created_at > REPLAY or found.answer is None:
                raise KeyUsedAgain
            return found.answer._replace(is_new=False)
    if wish.browser_key and wish.browser_is_known:
        same = run.same_browser(wish)
        return next((one.answer._replace(is_new=False) for one in same if one.answer is not None), None)
    return None


def _check_municipalities(clerk: Clerk, wish: SignUp) -> None:
    for number, keys in enumerate(wish.keys):
        if keys.municipality and keys.municipality not in clerk.situation.municipalities:
            raise UnknownMunicipality(field=field_of(number, "municipality"))


def _entrants(clerk: Clerk, number: int, wish: SignUp) -> tuple[Entrant, ...]:
    known, keys = clerk.situation.known.get(number), wish.keys[0]
    if known is None:
        filler = Entrant(None, wish.purposes)
    else:
        # Others can read a code and a name on paper: further consents need the own contact too.
        is_sure = bool(keys.phone_keys or keys.email_keys)
        filler = Entrant(known.participant_id, wish.purposes if is_sure else wish.purposes & NEEDED)
    # For further people the filler of the form gives only the consents needed to come in.
    return (filler, *[Entrant(None, wish.purposes & NEEDED)] * (wish.n_people - 1))


def _missing_course(clerk: Clerk, number: int, wish: SignUp, run: Run) -> HoldReason | None:
    """Held unless the person, alone and by a code, showed the earlier courses as completed."""
    if not run.required_courses:
        return None
    known = clerk.situation.known.get(number)
    is_shown = known is not None and wish.n_people == 1 and run.required_courses <= known.completed
    return None if is_shown else HoldReason.PREREQUISITE


def _tell_addresses(clerk: Clerk, entry: Entry, number: int, run: Run) -> None:
    if run.state is TrainingState.PRACTICE:
        return
    keys_of = entry.command.wish.keys
    written_to: set[str] = set()
    known = clerk.situation.known.get(number)
    for position, entrant in enumerate(entry.entrants):
        keys = keys_of[position]
        address = known.email_key if known is not None and entrant.known_id is not None else keys.email_key
        if address is None or address in written_to:
            continue
        written_to.add(address)
        registration_id = entry.draft.tickets[position].registration_id
        clerk.changes.letters.append(Letter(f"registration_{entry.state}", registration_id, run.hub_id))


def _remember(clerk: Clerk, entry: Entry, number: int, run: Run) -> SignedUp:
    wish, draft = entry.command.wish, entry.draft
    ids = tuple([ticket.registration_id for ticket in draft.tickets])
    answer = SignedUp(draft.group_id, ids, draft.link if entry.has_group_link else draft.tickets[0].link, True)
    standing = StandingGroup(run.id, wish.body_hash, clerk.situation.at, answer, wish=wish)
    if wish.idempotency_key:
        clerk.situation.by_key[wish.idempotency_key] = standing
    if wish.browser_key:
        run.by_browser.setdefault(wish.browser_key, []).append(standing)
    if number < clerk.last_move and entry.state is RegistrationState.WAITLISTED:
        _remember_waiting(clerk, entry, run)
    return answer


def _remember_waiting(clerk: Clerk, entry: Entry, run: Run) -> None:
    wish, group_id = entry.command.wish, entry.draft.group_id
    group = Group(
        group_id,
        run.id,
        entry.state,
        wish.n_people,
        wish.childcare_places,
        entry.wait_number,
        clerk.situation.at,
        entry.hold_reason,
    )
    clerk.situation.groups[group_id] = run.waiting[group_id] = group
    for ticket, keys in zip(entry.draft.tickets, wish.keys, strict=True):
        person = Person(ticket.registration_id, keys.email_key, entry.state, wish.source)
        clerk.situation.add_person(group, person)


# -- with a card


def use_card(clerk: Clerk, command: UseCard, run: Run) -> SignedUp:
    """A reserved card gives its place, whatever the waiting list; a spare card is a sign-up, at the door a walk-in.
    Held where an earlier course is required, except at the door: nobody waits there for that.
    """
    if not command.at_door:
        refuse_in(clerk.phase_of(run), Source.CARD)
    wish = command.wish
    check_people(run, run.hub_phone, wish)
    _check_municipalities(clerk, wish)
    state = _state_by_card(command, run)
    if state is RegistrationState.CONFIRMED and command.is_reserved:
        run.reserved -= 1
    if state in TAKES_PLACE and wish.source is not Source.WALK_IN:
        clerk.take(_party(wish), run)
    is_held = state is RegistrationState.HELD
    why_held = HoldReason.PREREQUISITE if run.required_courses else HoldReason.APPROVAL
    entry = Entry(
        command=command,
        draft=command.draft,
        state=state,
        hold_reason=why_held if is_held else None,
        wait_number=run.number() if state is RegistrationState.WAITLISTED else None,
        entrants=(Entrant(None, wish.purposes),),
        has_group_link=wish.first.is_minor,
    )
    clerk.changes.entries.append(entry)
    clerk.changes.runs[run.id] = None
    if state is RegistrationState.WAITLISTED:
        _remember_waiting(clerk, entry, run)
    # A spare card reserves nothing that would have to wait with the person.
    becomes = CardState.HELD if is_held and command.is_reserved else CardState.USED
    [ticket] = command.draft.tickets
    clerk.changes.used.append((command.card_id, becomes, ticket.registration_id))
    _tell_addresses(clerk, entry, -1, run)
    detail = {"card": str(command.card_id), "state": state.value, "source": wish.source.value}
    clerk.line("registrations.use_card", command.actor, ticket.registration_id, run, **detail)
    return SignedUp(command.draft.group_id, (ticket.registration_id,), ticket.link, is_new=True)


def _state_by_card(command: UseCard, run: Run) -> RegistrationState:
    is_course_missing = bool(run.required_courses) and not command.at_door
    if command.is_reserved or command.at_door:
        return RegistrationState.HELD if is_course_missing else RegistrationState.CONFIRMED
    return state_for(run, _party(command.wish), hold=is_course_missing)


def _party(wish: SignUp) -> Party:
    return Party("new", wish.n_people, wish.childcare_places)


# -- coming back


class Cancelled(Protocol):
    @property
    def cancelled_at(self) -> datetime | None: ...


C = TypeVar("C", bound=Cancelled)


def left_last(cancelled: Sequence[C]) -> Sequence[C]:
    """People who left last, in one go; others who cancelled before do not come back with them."""
    last = max((one.cancelled_at for one in cancelled if one.cancelled_at is not None), default=None)
    return [one for one in cancelled if one.cancelled_at == last]


def rejoin(clerk: Clerk, command: Rejoin, run: Run) -> Done:
    """One person, or the people of a group who left last. Refuses by window, state and places like a sign-up."""
    return _rejoin_member(clerk, command, run) if command.registration_ids else _rejoin_group(clerk, command, run)


def _rejoin_group(clerk: Clerk, command: Rejoin, run: Run) -> Done:
    """Takes up a group of which nobody comes; a group that stands stays as it is."""
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
    """With the family if a place is free, else alone: people with a claimed link, or any adult for staff."""
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
    """The person was never let in: they cancelled while held."""
    return actor.id is None and person.confirmed_at is None and group.hold_reason is not None


def _fits(person: Person, group: Group, run: Run, actor: Actor) -> bool:
    """A waiting group must not grow ahead of groups behind it."""
    if group.state is RegistrationState.HELD:
        return True
    if group.state not in TAKES_PLACE or _waits_for_staff(person, group, actor):
        return False
    return run.room.shortage(_one_more(group)) is None


def _one_more(group: Group) -> Party:
    return Party("again", 1, 0 if any(one.holds_place for one in group.live) else group.childcare_places)


def _all_again(clerk: Clerk, members: Sequence[Person], group: Group, run: Run, actor: Actor) -> None:
    party = Party("again", len(members), group.childcare_places)
    was_let_in = group.wait_number is not None or any(one.confirmed_at is not None for one in members)
    hold = not was_let_in and group.hold_reason is not None and actor.id is None
    state = RegistrationState.CONFIRMED if _are_walk_ins(members) else state_for(run, party, hold=hold)
    group.n_people = len(members)
    group.reached_at = group.offered_until = None
    _begin(clerk, group, members, state, run, actor)


def _are_walk_ins(members: Sequence[Person]) -> bool:
    return all(one.source is Source.WALK_IN for one in members)


def _with_the_others(clerk: Clerk, person: Person, group: Group, run: Run, actor: Actor) -> None:
    if group.state in TAKES_PLACE:
        clerk.take(_one_more(group), run)
    group.n_people += 1
    clerk.changes.groups[group.id] = None
    clerk.let_in(person, group.state)
    _say(clerk, group, [person], run, actor)


def _apart(clerk: Clerk, person: Person, left: Group, run: Run, actor: Actor) -> Group:
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


# -- apart from the family, and after a join


def move_out(clerk: Clerk, command: MoveOut, run: Run) -> Done:
    """`to_answer`: a person who need not answer an offer alone stays."""
    group, person = clerk.situation.person(command.person)
    is_offered = person.state is RegistrationState.OFFERED
    if command.to_answer and not (is_offered and group.n_people > 1 and person.has_own_link):
        return Done(UUID(group.id))
    return Done(UUID(clerk.move_out(group, person, run).id))


def stand_again(clerk: Clerk, command: StandAgain, run: Run) -> None:
    """As before the join. Without consent for data it stays cancelled, as withdrawing would have cancelled it.

    A sign-up whose place is gone becomes first of the waiting list; that is told, and an offer is told again. A card
    held with the sign-up reserves its place no more.
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
    has_to_answer = state is RegistrationState.OFFERED and group.reached_at is None
    if (state is not before or has_to_answer) and one.state is state:
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
