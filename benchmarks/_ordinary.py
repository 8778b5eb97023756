"""The baseline of `commits.py`: the same sign-up with the object mapper, in one ordinary transaction each.

The same looks and rules (repeats, window, people, places), the same rows, seals, message and audit line.
"""

from __future__ import annotations

from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import PROGRAM
from trainings.db import lock, transaction
from trainings.lib import tokens
from trainings.people.actions import UnknownMunicipality, searchable, sort_key
from trainings.people.consents import TEXT_VERSION
from trainings.people.models import Consent, Participant
from trainings.places.models import Municipality
from trainings.registrations.commands import SignUp
from trainings.registrations.eligibility import check_people, check_phase
from trainings.registrations.messages import announce
from trainings.registrations.models import (
    TAKES_PLACE,
    LinkScope,
    OwnLink,
    Registration,
    RegistrationGroup,
    RegistrationState,
)
from trainings.schedule.models import Training, TrainingSession


async def sign_up(training_id: UUID, wish: SignUp) -> None:
    """One person, in a transaction of their own."""
    async with transaction():
        [training] = await lock(Training, [training_id])
        assert not await RegistrationGroup.exists(idempotency_key=wish.idempotency_key)
        check_phase(training, await TrainingSession.filter(training_id=training.id), wish.source, clock.now())
        await training.fetch_related("hub")
        check_people(training, training.hub.phone, wish)
        assert not training.required_courses
        is_full = training.occupied >= training.capacity
        state = RegistrationState.WAITLISTED if is_full else RegistrationState.CONFIRMED
        if state in TAKES_PLACE:
            training.taken, training.childcare_taken = (
                training.taken + 1,
                training.childcare_taken + wish.childcare_places,
            )
            await training.save(update_fields=["taken", "childcare_taken"])
        group = await _group(training, wish, state)
        registration = await _registration(training, group, wish)
        await announce(registration, registration.participant, training, f"registration_{state.value}")
        detail = {"state": state.value, "source": wish.source.value, "people": 1, "childcare": 0}
        await record(
            "registrations.sign_up", actor=PROGRAM, object_id=registration.id, hub_id=training.hub_id, **detail
        )


async def _group(training: Training, wish: SignUp, state: RegistrationState) -> RegistrationGroup:
    is_waiting = state is RegistrationState.WAITLISTED
    return await RegistrationGroup.create(
        training_id=training.id,
        state=state,
        n_people=wish.n_people,
        childcare_places=wish.childcare_places,
        wait_number=await _next_wait_number(training) if is_waiting else None,
        idempotency_key=wish.idempotency_key,
        body_hash=wish.body_hash,
        browser_key=wish.browser_key,
        changed_at=clock.now(),
    )


async def _next_wait_number(training: Training) -> int:
    number: int = training.next_wait_number
    training.next_wait_number = number + 1
    await training.save(update_fields=["next_wait_number"])
    return number


async def _registration(training: Training, group: RegistrationGroup, wish: SignUp) -> Registration:
    """The person's rows."""
    participant = await _participant(wish)
    qr, link, code = tokens.qr_token(), tokens.own_link(), tokens.short_code()
    assert not await Registration.exists(training_id=training.id, short_code=code)
    registration = await Registration.create(
        training_id=training.id,
        group=group,
        participant=participant,
        state=group.state,
        source=wish.source,
        short_code=code,
        qr_hash=tokens.digest(qr, "qr"),
        qr_token=qr,
        confirmed_at=clock.now() if group.state is RegistrationState.CONFIRMED else None,
    )
    await OwnLink.create(
        token_hash=tokens.digest(link, "own"),
        token=link,
        scope=LinkScope.PERSON,
        group=group,
        registration=registration,
    )
    return registration


async def _participant(wish: SignUp) -> Participant:
    """With what they agreed to."""
    person, keys = wish.first.person, wish.keys[0]
    if keys.municipality and not await Municipality.exists(ine_code=keys.municipality):
        raise UnknownMunicipality(field="municipality")
    participant = await Participant.create(
        given_names=person.given_names,
        surnames=person.surnames,
        name_key=keys.name_key,
        sort_key=sort_key(person.given_names, person.surnames),
        search_text=searchable(person.given_names, person.surnames, person.community),
        municipality_id=keys.municipality,
        community=person.community,
        actor_type=person.actor_type,
        organization=person.organization,
        sex=person.sex,
        age_group=person.age_group,
        public_official=person.public_official,
        phone=wish.contact_phone,
        email=wish.contact_email,
        phone_key=keys.phone_key,
        email_key=keys.email_key,
        language=person.language,
        pueblo=person.pueblo.value if person.pueblo else None,
    )
    for purpose in sorted(wish.purposes):
        await Consent.create(participant=participant, purpose=purpose, text_version=TEXT_VERSION, how=wish.consent_how)
    return participant
