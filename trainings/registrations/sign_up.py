"""The sign-up: a person or a family becomes confirmed, waiting or held, under the training's row lock."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from tortoise.exceptions import IntegrityError

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.errors import NotFound
from trainings.lib import tokens
from trainings.people.actions import Sameness, add_consents, add_guardian, add_participant
from trainings.people.models import ConsentPurpose, Participant
from trainings.registrations import places
from trainings.registrations.allocation import Party
from trainings.registrations.eligibility import check_people, check_phase
from trainings.registrations.messages import announce, announce_group
from trainings.registrations.models import (
    TAKES_PLACE,
    HoldReason,
    LinkScope,
    OwnLink,
    Registration,
    RegistrationGroup,
    RegistrationState,
)
from trainings.registrations.sameness import (
    earlier_participant,
    has_completed,
    link_by_browser,
    link_by_key,
    look_alike,
    own_registration,
)
from trainings.registrations.wishes import Member, SignUp
from trainings.schedule.models import Training, TrainingSession
from trainings.web.i18n import N_


@dataclass(frozen=True, slots=True)
class SignedUp:
    """The registrations, and the secret address that opens them."""

    group_id: UUID
    registration_ids: tuple[UUID, ...]
    token: str
    is_new: bool

    @property
    def registration_id(self) -> UUID:
        """The first person's."""
        return self.registration_ids[0]


@dataclass(frozen=True, slots=True)
class _Entrant:
    """A member as they come in: known from before or new; `first` is the registration that they look like."""

    member: Member
    keys: Sameness
    known: Participant | None
    first: Registration | None


async def sign_up(training_id: UUID, wish: SignUp, *, actor: Actor) -> SignedUp:
    """Register the people of one wish: all confirmed, all on the waiting list, or all held for staff.

    The same sign-up again answers with the registration that stands. A look-alike from elsewhere is stored as a
    duplicate that takes no place, and answered like any other. Refuses by window, state, audience, age and places.
    """
    try:
        return await _sign_up(training_id, wish, actor)
    except IntegrityError:
        # The same key came in for another training between our look and our write: now it can be found.
        return await _sign_up(training_id, wish, actor)


async def _sign_up(training_id: UUID, wish: SignUp, actor: Actor) -> SignedUp:
    async with transaction():
        training = await locked_training(training_id)
        standing = await _standing(training, wish)
        if standing is not None:
            return standing
        check_phase(training, await TrainingSession.filter(training_id=training.id), wish.source, clock.now())
        await _check_people(training, wish)
        entrants = await _entrants(training, wish)
        wish = await _held_where_a_course_is_missing(training, wish, entrants[0])
        group = await _new_group(training, wish, n_alike=sum(one.first is not None for one in entrants))
        signed_up = await _enter_all(training, group, wish, entrants, actor)
        if wish.hold_reason is not HoldReason.REVIEW:
            # What comes too often writes to nobody until staff have looked: the address may be somebody else's.
            await _tell(training, group, entrants)
        await record(
            "registrations.sign_up",
            actor=actor,
            object_id=signed_up.registration_id,
            hub_id=training.hub_id,
            state=group.state.value,
            source=wish.source.value,
            people=wish.n_people,
            duplicates=sum(one.first is not None for one in entrants),
        )
        return signed_up


async def register_walk_in(training_id: UUID, wish: SignUp, *, actor: Actor) -> SignedUp:
    """Register somebody who stands at the door without a sign-up. It takes none of the counted places.

    A look-alike of somebody registered counts as that registration. Refuses a minor whose guardian is not named.
    """
    async with transaction():
        training = await locked_training(training_id)
        standing = await _standing(training, wish)
        if standing is not None:
            return standing
        await _check_people(training, wish)
        entrants = await _entrants(training, wish)
        group = await _write_group(training, wish, RegistrationState.CONFIRMED)
        signed_up = await _enter_all(training, group, wish, entrants, actor)
        await record(
            "registrations.walk_in",
            actor=actor,
            object_id=signed_up.registration_id,
            hub_id=training.hub_id,
            duplicate=entrants[0].first is not None,
        )
        return signed_up


async def locked_training(training_id: UUID) -> Training:
    """The training, its row held until the transaction ends."""
    found = await lock(Training, [training_id])
    if not found:
        raise NotFound(N_("No encontramos esa capacitación."))
    return found[0]


async def _standing(training: Training, wish: SignUp) -> SignedUp | None:
    link = None
    if wish.idempotency_key:
        link = await link_by_key(training.id, wish.idempotency_key, wish.body_hash)
    if link is None and wish.browser_key and wish.browser_is_known:
        link = await link_by_browser(training.id, wish.browser_key, wish.keys)
    if link is None or link.token is None:
        return None
    members = await Registration.filter(group_id=link.group_id).order_by("id").values_list("id")
    return SignedUp(link.group_id, tuple(key for (key,) in members), link.token, is_new=False)


async def _check_people(training: Training, wish: SignUp) -> None:
    await training.fetch_related("hub")
    check_people(training, training.hub.phone, wish)


async def _entrants(training: Training, wish: SignUp) -> list[_Entrant]:
    """Who the members are, as far as we can know."""
    entrants = []
    for number, (member, keys) in enumerate(zip(wish.members, wish.keys, strict=True)):
        is_first = number == 0 and wish.earlier_code
        known = await earlier_participant(wish.earlier_code, keys) if is_first else None
        first = await look_alike(training.id, keys)
        if first is None and known is not None:
            first = await own_registration(training.id, known)
        entrants.append(_Entrant(member, keys, known, first))
    return entrants


async def _held_where_a_course_is_missing(training: Training, wish: SignUp, first: _Entrant) -> SignUp:
    """Staff decide about who has not shown that the courses before this one are completed."""
    if wish.hold_reason is not None or await has_completed(training.course_id, first.known, wish.n_people):
        return wish
    return wish.held(HoldReason.PREREQUISITE)


async def _new_group(training: Training, wish: SignUp, *, n_alike: int) -> RegistrationGroup:
    """The group with its places, or its number on the waiting list. Look-alikes take no place."""
    party = Party("new", wish.n_people, wish.childcare_places, n_alike)
    state = places.state_for(training, party, hold=wish.hold_reason is not None)
    if state in TAKES_PLACE:
        await places.keep(training, places.room_of(training).taking(party))
    return await _write_group(training, wish, state)


async def _write_group(training: Training, wish: SignUp, state: RegistrationState) -> RegistrationGroup:
    is_held = state is RegistrationState.HELD
    return await RegistrationGroup.create(
        training_id=training.id,
        state=state,
        n_people=wish.n_people,
        childcare_places=wish.childcare_places,
        wait_number=await places.next_wait_number(training) if state is RegistrationState.WAITLISTED else None,
        hold_reason=(wish.hold_reason or HoldReason.APPROVAL) if is_held else None,
        idempotency_key=wish.idempotency_key,
        body_hash=wish.body_hash,
        browser_key=wish.browser_key,
        changed_at=clock.now(),
    )


async def _enter_all(
    training: Training, group: RegistrationGroup, wish: SignUp, entrants: list[_Entrant], actor: Actor
) -> SignedUp:
    """Everybody's rows and own links; the address of all together where one person alone may not have it."""
    needs_group_link = wish.n_people > 1 or wish.first.is_minor
    link = await _add_link(group, None) if needs_group_link else None
    ids = []
    for entrant in entrants:
        participant = await _participant(wish, entrant, actor)
        registration = await _add_registration(training, group, wish, entrant, participant)
        ids.append(registration.id)
        if not entrant.member.is_minor:
            own = await _add_link(group, registration)
            link = link or own
    assert link is not None
    return SignedUp(group.id, tuple(ids), link, is_new=True)


async def _participant(wish: SignUp, entrant: _Entrant, actor: Actor) -> Participant:
    """The person (known from before, or new) with what they, or their guardian, agreed to."""
    how, by = wish.consent_how, actor.id
    if entrant.known is not None:
        # A code and a name stand on paper for others to read: further permissions need the person's own contact too.
        is_sure = bool(entrant.keys.phone_keys or entrant.keys.email_keys)
        purposes = wish.purposes if is_sure else wish.purposes & {ConsentPurpose.DATA}
        await add_consents(entrant.known, purposes, how=how, recorded_by=by)
        return entrant.known
    is_minor = entrant.member.is_minor
    phone, email = (None, None) if is_minor else (wish.contact_phone, wish.contact_email)
    participant = await add_participant(entrant.member.person, entrant.keys, phone=phone, email=email)
    if is_minor:
        assert wish.guardian is not None
        # No photograph of a minor, and nothing else that the guardian's own permission is for.
        await add_guardian(participant, wish.guardian_contact, how=how, recorded_by=by)
    else:
        await add_consents(participant, wish.purposes, how=how, recorded_by=by)
    return participant


async def _add_registration(
    training: Training, group: RegistrationGroup, wish: SignUp, entrant: _Entrant, participant: Participant
) -> Registration:
    qr = tokens.qr_token()
    return await Registration.create(
        training_id=training.id,
        group=group,
        participant=participant,
        duplicate_of=entrant.first,
        state=group.state,
        source=wish.source,
        short_code=await _free_short_code(training),
        qr_hash=tokens.digest(qr, "qr"),
        qr_token=qr,
        needs=",".join(entrant.member.needs) or None,
        confirmed_at=clock.now() if group.state is RegistrationState.CONFIRMED else None,
    )


async def _add_link(group: RegistrationGroup, registration: Registration | None) -> str:
    """A new link: one person's, or without a registration the whole group's."""
    token = tokens.own_link()
    await OwnLink.create(
        token_hash=tokens.digest(token, "own"),
        token=token,
        scope=LinkScope.GROUP if registration is None else LinkScope.PERSON,
        group=group,
        registration=registration,
    )
    return token


async def _free_short_code(training: Training) -> str:
    """A code that no ticket of this training has. Looked for first: a refused insert would end the transaction."""
    while True:
        code = tokens.short_code()
        if not await Registration.exists(training_id=training.id, short_code=code):
            return code


async def _tell(training: Training, group: RegistrationGroup, entrants: list[_Entrant]) -> None:
    """Confirm by mail. A look-alike's first contact gets its own link again; no address is written to twice."""
    for entrant in entrants:
        if entrant.first is not None:
            await announce(entrant.first, entrant.first.participant, training, "own_link_again")
    await announce_group(group, training, f"registration_{group.state.value}")
