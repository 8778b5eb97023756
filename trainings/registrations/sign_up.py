"""The sign-up: one person becomes confirmed, waiting or held, under the training's row lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

from tortoise.exceptions import IntegrityError

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.errors import NotFound, Refusal
from trainings.lib import tokens
from trainings.lib.phones import show_phone
from trainings.people.actions import Sameness, add_consents, add_participant, sameness
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentHow, ConsentPurpose, Participant
from trainings.registrations import places
from trainings.registrations.allocation import Party
from trainings.registrations.messages import announce
from trainings.registrations.models import (
    TAKES_PLACE,
    LinkScope,
    OwnLink,
    Registration,
    RegistrationGroup,
    RegistrationState,
    Source,
)
from trainings.registrations.sameness import (
    earlier_participant,
    link_by_browser,
    link_by_key,
    look_alike,
    own_registration,
)
from trainings.schedule.models import Training, TrainingSession
from trainings.schedule.phase import Phase, phase
from trainings.web.i18n import N_


class SignUpClosed(Refusal):
    code = "closed"
    sentence = N_("La inscripción ya se cerró. Llame a la ventanilla: a veces todavía se puede llegar sin inscripción.")


class TrainingOver(Refusal):
    code = "over"
    sentence = N_("Esta capacitación ya terminó. Busque otra fecha en la página de su municipio.")


class NotYetOpen(Refusal):
    code = "not_yet_open"
    sentence = N_("La inscripción todavía no se abre. Vuelva a esta página en la fecha que indica.")


class TrainingCancelled(Refusal):
    code = "cancelled"
    sentence = N_("Esta capacitación se canceló. Busque otra fecha en la página de su municipio.")


class TooYoung(Refusal):
    code = "minor"
    sentence = N_(
        "Quienes tienen menos de 18 años se inscriben con su madre, padre o persona encargada en la ventanilla. "
        "Llame al %(phone)s y con gusto le ayudamos."
    )


REFUSED_TO_ALL: Mapping[Phase, type[Refusal]] = {Phase.CANCELLED: TrainingCancelled, Phase.HELD: TrainingOver}
REFUSED_ON_THE_WEB: Mapping[Phase, type[Refusal]] = {
    **REFUSED_TO_ALL,
    Phase.CLOSED: SignUpClosed,
    Phase.NOT_YET_OPEN: NotYetOpen,
    Phase.FULL: places.TrainingFull,
}
"""The window binds the public page; the desk may still take somebody in."""


@dataclass(frozen=True, slots=True)
class SignUp:
    """One person's wish to take part, with how it came in and what makes a repeat of it recognisable.

    `body_hash` is of all answers of the form, `browser_key` a digest of a cookie (not looked for where the cookie is
    new), `earlier_code` what somebody who was here before typed: an earlier ticket's or certificate's code, or an own
    link.
    """

    person: PersonForm
    purposes: frozenset[ConsentPurpose]
    needs: tuple[str, ...] = ()
    childcare_places: int = 0
    source: Source = Source.WEB
    consent_how: ConsentHow = ConsentHow.FORM
    idempotency_key: str | None = None
    body_hash: str = ""
    browser_key: str | None = None
    browser_is_known: bool = True
    hold_for_review: bool = False
    earlier_code: str = ""
    keys: Sameness = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", sameness(self.person))

    def held(self) -> SignUp:
        """The same wish, to be looked at by staff first."""
        return replace(self, hold_for_review=True)


@dataclass(frozen=True, slots=True)
class SignedUp:
    """The registration, and the secret address that opens it."""

    registration_id: UUID
    token: str
    is_new: bool


async def sign_up(training_id: UUID, wish: SignUp, *, actor: Actor) -> SignedUp:
    """Register one person: confirmed, on the waiting list, or held for staff.

    The same sign-up again answers with the registration that stands. A look-alike from elsewhere is stored as a
    duplicate that takes no place, and answered like any other. Refuses by window, state, age and places.
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
        await check_phase(training, wish.source)
        await _check_age(training, wish)
        known = await earlier_participant(wish.earlier_code, wish.keys) if wish.earlier_code else None
        first = await look_alike(training.id, wish.keys)
        if first is None and known is not None:
            first = await own_registration(training.id, known)
        group = await _new_group(training, wish, is_duplicate=first is not None)
        participant, registration, token = await _enter(training, group, wish, first, actor, known)
        if not wish.hold_for_review:
            # What comes too often writes to nobody until staff have looked: the address may be somebody else's.
            await _tell(training, registration, participant, first)
        await record(
            "registrations.sign_up",
            actor=actor,
            object_id=registration.id,
            hub_id=training.hub_id,
            state=group.state.value,
            source=wish.source.value,
            duplicate=first is not None,
        )
        return SignedUp(registration.id, token, is_new=True)


async def register_walk_in(training_id: UUID, wish: SignUp, *, actor: Actor) -> SignedUp:
    """Register somebody who stands at the door without a sign-up. It takes none of the counted places.

    A look-alike of somebody registered counts as that registration. Refuses who is under 18.
    """
    async with transaction():
        training = await locked_training(training_id)
        standing = await _standing(training, wish)
        if standing is not None:
            return standing
        await _check_age(training, wish)
        first = await look_alike(training.id, wish.keys)
        group = await _write_group(training, wish, RegistrationState.CONFIRMED)
        _participant, registration, token = await _enter(training, group, wish, first, actor)
        await record(
            "registrations.walk_in",
            actor=actor,
            object_id=registration.id,
            hub_id=training.hub_id,
            duplicate=first is not None,
        )
        return SignedUp(registration.id, token, is_new=True)


async def locked_training(training_id: UUID) -> Training:
    """The training, its row held until the transaction ends."""
    found = await lock(Training, [training_id])
    if not found:
        raise NotFound(N_("No encontramos esa capacitación."))
    return found[0]


async def check_phase(training: Training, source: Source) -> None:
    """Refuse what the training's state and window do not let in now; the window is for the public page only."""
    sessions = await TrainingSession.filter(training_id=training.id)
    now = phase(training, sessions, clock.now())
    if now is Phase.DRAFT:
        raise NotFound(N_("No encontramos esa capacitación."))
    refusals = REFUSED_ON_THE_WEB if source is Source.WEB else REFUSED_TO_ALL
    if now in refusals:
        raise refusals[now]


async def _standing(training: Training, wish: SignUp) -> SignedUp | None:
    link = None
    if wish.idempotency_key:
        link = await link_by_key(training.id, wish.idempotency_key, wish.body_hash)
    if link is None and wish.browser_key and wish.browser_is_known:
        link = await link_by_browser(training.id, wish.browser_key, wish.keys)
    if link is None or link.registration_id is None or link.token is None:
        return None
    return SignedUp(link.registration_id, link.token, is_new=False)


async def _check_age(training: Training, wish: SignUp) -> None:
    if wish.person.age_group is not None and wish.person.age_group.is_minor:
        await training.fetch_related("hub")
        raise TooYoung(field="age_group", phone=show_phone(training.contact_phone or training.hub.phone))


async def _new_group(training: Training, wish: SignUp, *, is_duplicate: bool) -> RegistrationGroup:
    """The group with its place, or its number on the waiting list. A look-alike takes no place."""
    party = Party("new", 1, wish.childcare_places)
    state = places.state_for(training, party, hold=wish.hold_for_review)
    if state in TAKES_PLACE and not is_duplicate:
        await places.keep(training, places.room_of(training).taking(party))
    return await _write_group(training, wish, state)


async def _write_group(training: Training, wish: SignUp, state: RegistrationState) -> RegistrationGroup:
    return await RegistrationGroup.create(
        training_id=training.id,
        state=state,
        n_people=1,
        childcare_places=wish.childcare_places,
        wait_number=await places.next_wait_number(training) if state is RegistrationState.WAITLISTED else None,
        idempotency_key=wish.idempotency_key,
        body_hash=wish.body_hash,
        browser_key=wish.browser_key,
        changed_at=clock.now(),
    )


async def _enter(
    training: Training,
    group: RegistrationGroup,
    wish: SignUp,
    first: Registration | None,
    actor: Actor,
    known: Participant | None = None,
) -> tuple[Participant, Registration, str]:
    """The person (known from before, or new), the registration with its codes, and the token of its own link."""
    participant = known or await add_participant(wish.person, wish.purposes, how=wish.consent_how, recorded_by=actor.id)
    if known is not None:
        # A code and a name stand on paper for others to read: further permissions need the person's own contact too.
        is_sure = bool(wish.keys.phone_keys or wish.keys.email_keys)
        purposes = wish.purposes if is_sure else wish.purposes & {ConsentPurpose.DATA}
        await add_consents(known, purposes, how=wish.consent_how, recorded_by=actor.id)
    qr, token = tokens.qr_token(), tokens.own_link()
    registration = await Registration.create(
        training_id=training.id,
        group=group,
        participant=participant,
        duplicate_of=first,
        state=group.state,
        source=wish.source,
        short_code=await _free_short_code(training),
        qr_hash=tokens.digest(qr, "qr"),
        qr_token=qr,
        needs=",".join(wish.needs) or None,
        confirmed_at=clock.now() if group.state is RegistrationState.CONFIRMED else None,
    )
    await OwnLink.create(
        token_hash=tokens.digest(token, "own"),
        token=token,
        scope=LinkScope.PERSON,
        group=group,
        registration=registration,
    )
    return participant, registration, token


async def _free_short_code(training: Training) -> str:
    """A code that no ticket of this training has. Looked for first: a refused insert would end the transaction."""
    while True:
        code = tokens.short_code()
        if not await Registration.exists(training_id=training.id, short_code=code):
            return code


async def _tell(
    training: Training, registration: Registration, participant: Participant, first: Registration | None
) -> None:
    """Confirm by mail. A look-alike's first contact gets its own link again; no address is written to twice."""
    if first is not None:
        await announce(first, first.participant, training, "own_link_again")
        if first.participant.email_key == participant.email_key:
            return
    await announce(registration, participant, training, f"registration_{registration.state.value}")
