"""Coming back after having cancelled: a whole family together, or one of its people while the others still come."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, transaction
from trainings.errors import Refusal
from trainings.people.consent_actions import locked_with_permission, without_permission
from trainings.people.models import Participant
from trainings.registrations.eligibility import CannotChange, check_phase
from trainings.registrations.fresh_links import replace_link
from trainings.registrations.messages import announce, announce_group
from trainings.registrations.models import (
    MOVES,
    TAKES_PLACE,
    HoldReason,
    LinkScope,
    OwnLink,
    Registration,
    RegistrationGroup,
    RegistrationState,
    Source,
)
from trainings.registrations.own.queries import left_last
from trainings.registrations.own_links import check_in_reach, claimed_in
from trainings.registrations.queries import UnknownRegistration
from trainings.registrations.seats import counts
from trainings.registrations.seats.allocation import Party
from trainings.schedule.locks import locked_training
from trainings.schedule.models import Training, TrainingSession
from trainings.web.i18n import N_


class NoPlaceAgain(Refusal):
    code = "no_place_again"
    sentence = N_(
        "Ahora no queda lugar para esta persona junto con las demás. Inscríbala de nuevo en la página de la "
        "capacitación: queda al final de la lista de espera."
    )


class OtherTicket(Refusal):
    code = "other_ticket"
    sentence = N_("Ya estaba inscrita: vale el otro boleto.")


async def rejoin_group(group_id: UUID, *, actor: Actor) -> None:
    """Take those up again who left last, if the group's link shows them and they have no link of their own: all in, or
    all waiting.

    Only once nobody of the group comes any more; a group that stands is left as it is. Who had cancelled alone before
    comes back alone. Who made their link their own decides for themselves, and who took back the permission for their
    data signs up anew. Refuses like any sign-up by window, state and places; who was never let in waits for staff.
    """
    async with transaction():
        found = await RegistrationGroup.get_or_none(id=group_id)
        if found is None:
            raise UnknownRegistration
        training = await locked_training(found.training_id)
        group = await RegistrationGroup.get(id=group_id)
        if group.state is not RegistrationState.CANCELLED:
            return
        await _check_window(training, actor)
        members = await _who_comes_back(group)
        if not members:
            raise CannotChange
        await _all_again(members, group, training, actor)


async def rejoin_member(registration_id: UUID, *, actor: Actor) -> None:
    """Take one cancelled person up again. Where the others still come, with them if a place is free.

    Otherwise who has a link of their own goes on alone: a place, or the end of the waiting list. So does any adult whom
    staff take up again, by a new link. For anybody else it is refused (NoPlaceAgain), since the family has one link and
    one number. Refuses like any sign-up by window and state, and (PermissionGone) who took back the permission for
    their data.
    """
    async with transaction():
        registration, group, training = await _locked(registration_id)
        if registration.state is not RegistrationState.CANCELLED:
            return
        if registration.joined_to_id is not None:
            raise OtherTicket
        await check_in_reach(registration, actor)
        await locked_with_permission(registration.participant_id)
        await _check_window(training, actor)
        is_alone = await _comes_alone(registration)
        if group.state is RegistrationState.CANCELLED and not is_alone:
            await _all_again([registration], group, training, actor)
        elif await _fits(registration, group, training, actor):
            await _with_the_others(registration, group, training, actor)
        elif is_alone or (actor.id is not None and not _is_minor(registration)):
            await _apart(registration, group, training, actor)
            if not is_alone:
                # Who filled in the form could read it, and alone it opens what is only for oneself.
                await replace_link(registration, LinkScope.PERSON)
        else:
            raise CannotChange if _waits_for_staff(registration, group, actor) else NoPlaceAgain


async def _locked(registration_id: UUID) -> tuple[Registration, RegistrationGroup, Training]:
    where = await Registration.get_or_none(id=registration_id)
    if where is None:
        raise UnknownRegistration
    training = await locked_training(where.training_id)
    registration = await Registration.get(id=registration_id).prefetch_related("participant")
    return registration, await RegistrationGroup.get(id=registration.group_id), training


async def _check_window(training: Training, actor: Actor) -> None:
    """Staff are bound by the state alone."""
    sessions = await TrainingSession.filter(training_id=training.id)
    check_phase(training, sessions, Source.DESK if actor.id is not None else Source.WEB, clock.now())


async def _who_comes_back(group: RegistrationGroup) -> Sequence[Registration]:
    together = Registration.filter(group_id=group.id, joined_to_id=None).exclude(id__in=await claimed_in(group.id))
    # Held before it is asked: who takes the permission back at this moment holds the person too.
    await lock(Participant, [key for (key,) in await together.values_list("participant_id")])
    members = await together.order_by("id").prefetch_related("participant")
    gone = await without_permission([one.participant_id for one in members])
    return left_last([one for one in members if one.participant_id not in gone])


async def _comes_alone(registration: Registration) -> bool:
    """Whether this is one of several who does not hang on the family's link: their own one is theirs."""
    if not await Registration.filter(group_id=registration.group_id).exclude(id=registration.id).exists():
        return False
    own = OwnLink.filter(registration_id=registration.id, scope=LinkScope.PERSON, revoked_at=None)
    return await own.filter(claimed_at__not_isnull=True).exists()


def _is_minor(registration: Registration) -> bool:
    age_group = registration.participant.age_group
    return age_group is not None and age_group.is_minor


def _waits_for_staff(registration: Registration, group: RegistrationGroup, actor: Actor) -> bool:
    """Whether nobody let this person in before: the family was held, and they cancelled before it was answered."""
    return actor.id is None and registration.confirmed_at is None and group.hold_reason is not None


async def _fits(registration: Registration, group: RegistrationGroup, training: Training, actor: Actor) -> bool:
    """Whether they can simply be one more of their family. A waiting one gets no larger before those behind it."""
    if group.state is RegistrationState.HELD:
        return True
    if group.state not in TAKES_PLACE or _waits_for_staff(registration, group, actor):
        return False
    return counts.room_of(training).shortage(await _one_more(group)) is None


async def _one_more(group: RegistrationGroup) -> Party[str]:
    """One more of a family; with its childcare, if nobody of it is counted so far."""
    others = await Registration.filter(group_id=group.id)
    return Party("again", 1, 0 if any(one.holds_place for one in others) else group.childcare_places)


async def _all_again(
    members: Sequence[Registration], group: RegistrationGroup, training: Training, actor: Actor
) -> None:
    """A group of which nobody came any more begins anew with these."""
    party = Party("again", len(members), group.childcare_places)
    was_let_in = group.wait_number is not None or any(one.confirmed_at is not None for one in members)
    hold = not was_let_in and group.hold_reason is not None and actor.id is None
    state = counts.state_for(training, party, hold=hold)
    await _take(training, party, state)
    group.n_people, group.reached_at, group.offered_until = len(members), None, None
    await _set_group(group, training, state)
    for one in members:
        await _set(one, state)
    await announce_group(group, training, f"registration_{state.value}")
    await _record(members[0], training, actor, state, len(members))


async def _with_the_others(
    registration: Registration, group: RegistrationGroup, training: Training, actor: Actor
) -> None:
    await _take(training, await _one_more(group), group.state)
    group.n_people += 1
    await group.save(update_fields=["n_people"])
    await _tell(registration, training, actor, group.state)


async def _apart(registration: Registration, left: RegistrationGroup, training: Training, actor: Actor) -> None:
    """A group of their own: their place no longer hangs on the family's. Their link comes along."""
    party = Party("again")
    state = counts.state_for(training, party, hold=_waits_for_staff(registration, left, actor))
    await _take(training, party, state)
    group = await RegistrationGroup.create(
        training_id=training.id, hold_reason=left.hold_reason, state=state, changed_at=clock.now()
    )
    await _set_group(group, training, state)
    registration.group_id = group.id
    await registration.save(update_fields=["group_id"])
    await OwnLink.filter(registration_id=registration.id).update(group_id=group.id)
    await _tell(registration, training, actor, state)


async def _tell(registration: Registration, training: Training, actor: Actor, state: RegistrationState) -> None:
    await _set(registration, state)
    await announce(registration, registration.participant, training, f"registration_{state.value}")
    await _record(registration, training, actor, state, 1)


async def _take(training: Training, party: Party[str], state: RegistrationState) -> None:
    if state in TAKES_PLACE:
        await counts.keep(training, counts.room_of(training).taking(party))


async def _set_group(group: RegistrationGroup, training: Training, state: RegistrationState) -> None:
    """The group in its state, at the end of the list where it waits."""
    is_waiting = state is RegistrationState.WAITLISTED
    group.state, group.changed_at = state, clock.now()
    group.wait_number = await counts.next_wait_number(training) if is_waiting else None
    if state is RegistrationState.HELD:
        group.hold_reason = group.hold_reason or HoldReason.APPROVAL
    columns = ["state", "changed_at", "wait_number", "hold_reason", "n_people", "reached_at", "offered_until"]
    await group.save(update_fields=columns)


async def _set(registration: Registration, state: RegistrationState) -> None:
    # Into a group that was offered its places one comes back as the others are.
    assert state in MOVES[registration.state] or state is RegistrationState.OFFERED
    registration.state, registration.cancelled_at = state, None
    registration.confirmed_at = clock.now() if state is RegistrationState.CONFIRMED else None
    await registration.save(update_fields=["state", "cancelled_at", "confirmed_at"])


async def _record(
    registration: Registration, training: Training, actor: Actor, state: RegistrationState, n_people: int
) -> None:
    await record(
        "registrations.rejoin",
        actor=actor,
        object_id=registration.id,
        hub_id=training.hub_id,
        state=state.value,
        people=n_people,
    )
