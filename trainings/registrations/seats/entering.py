from __future__ import annotations

from trainings.people.actions import UnknownMunicipality
from trainings.people.models import ConsentPurpose
from trainings.registrations.commands import Enter, SignedUp, SignUp, UseCard
from trainings.registrations.eligibility import check_people, field_of, refuse_in
from trainings.registrations.models import TAKES_PLACE, CardState, HoldReason, RegistrationState, Source
from trainings.registrations.seats.allocation import Party
from trainings.registrations.seats.changes import Entrant, Entry, Letter
from trainings.registrations.seats.clerk import Clerk
from trainings.registrations.seats.counts import state_for
from trainings.registrations.seats.sameness import same_again
from trainings.registrations.seats.situation import Group, Person, Run, Standing

NEEDED = frozenset({ConsentPurpose.DATA})


def enter(clerk: Clerk, number: int, command: Enter, run: Run) -> SignedUp:
    """A place, the waiting list, or held. The same sign-up again is the one that stands."""
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
    """Too frequent sign-ups are refused or held."""
    counted = clerk.situation.counted.get(number)
    beyond = [one for one in counted if one.is_beyond] if counted else ()
    for one in beyond:
        if one.watch.refuses:
            raise one.refusal()
    return wish.held(HoldReason.REVIEW) if beyond else wish


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
    # For others the person who fills in the form gives only the consents needed to come in.
    return (filler, *[Entrant(None, wish.purposes & NEEDED)] * (wish.n_people - 1))


def _missing_course(clerk: Clerk, number: int, wish: SignUp, run: Run) -> HoldReason | None:
    """Held unless the person, alone and by a code, showed the earlier courses as completed."""
    if not run.required_courses:
        return None
    known = clerk.situation.known.get(number)
    is_shown = known is not None and wish.n_people == 1 and run.required_courses <= known.completed
    return None if is_shown else HoldReason.PREREQUISITE


def _tell_addresses(clerk: Clerk, entry: Entry, number: int, run: Run) -> None:
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
    """Later commands of the batch find this sign-up as if stored."""
    wish, draft = entry.command.wish, entry.draft
    ids = tuple([ticket.registration_id for ticket in draft.tickets])
    answer = SignedUp(draft.group_id, ids, draft.link if entry.has_group_link else draft.tickets[0].link, True)
    standing = Standing(run.id, wish.body_hash, clerk.situation.at, answer, wish=wish)
    if wish.idempotency_key:
        clerk.situation.by_key[wish.idempotency_key] = standing
    if wish.browser_key:
        run.by_browser.setdefault(wish.browser_key, []).append(standing)
    if number < clerk.last_move and entry.state is RegistrationState.WAITLISTED:
        _remember_waiting(clerk, entry, run)
    return answer


def _remember_waiting(clerk: Clerk, entry: Entry, run: Run) -> None:
    """Waiting groups may move up before the batch ends."""
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
    """A reserved card gives its place, whatever the waiting list; a spare one is a sign-up, at the door a walk-in. Held
    where an earlier course is required, except at the door: nobody waits there for that.
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
    entry = Entry(
        command=command,
        draft=command.draft,
        state=state,
        hold_reason=_why_by_card(run) if is_held else None,
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


def _why_by_card(run: Run) -> HoldReason:
    return HoldReason.PREREQUISITE if run.required_courses else HoldReason.APPROVAL


def _party(wish: SignUp) -> Party[str]:
    return Party("new", wish.n_people, wish.childcare_places)
