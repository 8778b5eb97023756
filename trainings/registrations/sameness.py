"""Who signs up twice: the very same sign-up again, and look-alikes, which nobody may learn of."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from tortoise.queryset import QuerySet

from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.people.actions import Sameness
from trainings.people.merged import held_apart_from, same_person_ids
from trainings.people.models import Participant
from trainings.registrations.allocation import Party
from trainings.registrations.commands import SignedUp
from trainings.registrations.models import TAKES_PLACE, Registration, RegistrationGroup, RegistrationState, Source
from trainings.registrations.situation import Alike, Known, Run, Situation
from trainings.registrations.wishes import SignUp
from trainings.web.i18n import N_

REPLAY = timedelta(hours=24)
"""How long the same key with the same answers is the same sign-up."""


class KeyUsedAgain(Refusal):
    code = "key_used_again"
    sentence = N_(
        "Esta página ya se envió con otros datos. Si quería corregirlos, hágalo en el boleto. Si faltó alguien, deje "
        "aquí solo a quien falta y toque el botón otra vez: entra aparte."
    )


def same_again(situation: Situation, wish: SignUp, run: Run) -> SignedUp | None:
    """The same sign-up again. Refuses with KeyUsedAgain a key that came with other answers, or a day ago."""
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


async def known_by_code(training_id: UUID, wish: SignUp) -> Known | None:
    """The person whom the earlier code of a sign-up means, with what counts for this training.

    A minor is no adult of the same name, nor the other way round: who permits, and what, is another matter.
    """
    participant = await earlier_participant(wish.earlier_code, wish.keys[0])
    if participant is None or _is_minor(participant) is not wish.first.is_minor:
        return None
    everybody = await same_person_ids(participant.id)
    own = await own_registration(training_id, everybody)
    done = Registration.filter(participant_id__in=everybody, completed_at__not_isnull=True)
    completed = await done.values_list("training__course_id")
    return Known(participant.id, participant.email_key, own, frozenset(course_id for (course_id,) in completed))


async def look_alike(training_id: UUID, keys: Sameness, *, is_held: bool = False) -> Registration | None:
    """The first live registration with the same names, municipality and phone or e-mail address, with its participant.

    Who waits for staff is the first only of others that do (`is_held`). By name alone nobody is the same: a village has
    several María López.
    """
    if not keys.phone_keys and not keys.email_keys:
        return None
    alike = Registration.filter(
        training_id=training_id,
        participant__name_key=keys.name_key,
        participant__municipality_id=keys.municipality,
        duplicate_of_id=None,
    )
    out = [RegistrationState.CANCELLED] if is_held else [RegistrationState.CANCELLED, RegistrationState.HELD]
    found = [
        one
        for one in await alike.exclude(state__in=out).order_by("id").select_related("participant")
        if one.participant.phone_key in keys.phone_keys or one.participant.email_key in keys.email_keys
    ]
    return _in_before_waiting(found)


async def first_like(registration: Registration) -> UUID | None:
    """Whom somebody looks like who is let in, or comes back, by what is stored. The registration's person is loaded.

    Who waits for staff is nobody's first then. Nobody of one form is another of it: father and son may have one name.
    Nor is anybody whom staff hold to be somebody else.
    """
    person = registration.participant
    others = Registration.filter(
        training_id=registration.training_id,
        participant__name_key=person.name_key,
        participant__municipality_id=person.municipality_id,
        duplicate_of_id=None,
    ).exclude(group_id=registration.group_id)
    out = [RegistrationState.CANCELLED, RegistrationState.HELD]
    live = others.exclude(state__in=out).order_by("id").select_related("participant")
    contacts = {person.phone_key, person.email_key} - {None}
    found = [one for one in await live if contacts & {one.participant.phone_key, one.participant.email_key}]
    apart = await held_apart_from(person.id) if found else set()
    found = [one for one in found if one.participant_id not in apart]
    first = _in_before_waiting(found)
    return None if first is None else first.id


def _in_before_waiting(found: Iterable[Registration]) -> Registration | None:
    """The first of these: who waits is nobody's before who is in."""
    return min(found, key=lambda one: one.state is RegistrationState.WAITLISTED, default=None)


async def takes_nothing(registration: Registration) -> bool:
    """Whether this one, let in now, is a look-alike of somebody who is in: who waits is passed (`stand_first`)."""
    first = Registration.filter(id=registration.duplicate_of_id).exclude(state=RegistrationState.WAITLISTED)
    return registration.duplicate_of_id is not None and await first.exists()


async def parties_of(groups: Sequence[RegistrationGroup]) -> list[Party[UUID]]:
    """What groups of one training's waiting list ask for, of whom some look alike."""
    alike = Registration.filter(
        group_id__in=[group.id for group in groups],
        state=RegistrationState.WAITLISTED,
        duplicate_of_id__not_isnull=True,
    )
    n_alike: Counter[UUID] = Counter()
    shared: dict[UUID, list[UUID]] = defaultdict(list)
    for one in await alike.order_by("id").select_related("duplicate_of"):
        first = one.duplicate_of
        if first is None or first.state is not RegistrationState.WAITLISTED or first.group_id == one.group_id:
            n_alike[one.group_id] += 1
            continue
        shared[one.group_id].append(first.id)
        if first.id not in shared[first.group_id]:
            shared[first.group_id].append(first.id)
    return [
        Party(group.id, group.n_people, group.childcare_places, n_alike[group.id], tuple(shared[group.id]))
        for group in groups
    ]


async def stand_first(group_id: UUID) -> None:
    """Who of a group got in while the one that they look like waits is the first from now on; the others look like
    them, and take nothing when their turn comes.
    """
    let_in = Registration.filter(group_id=group_id, state__in=list(TAKES_PLACE), duplicate_of_id__not_isnull=True)
    members = let_in.exclude(source=Source.WALK_IN).order_by("id").select_related("duplicate_of")
    passed: dict[UUID, UUID] = {}
    for one in await members:
        if one.duplicate_of is not None and one.duplicate_of.state is RegistrationState.WAITLISTED:
            passed.setdefault(one.duplicate_of.id, one.id)
            await Registration.filter(id=one.id).update(duplicate_of_id=None)
    for first_id, chosen_id in passed.items():
        await Registration.filter(duplicate_of_id=first_id).update(duplicate_of_id=chosen_id)
        await Registration.filter(id=first_id).update(duplicate_of_id=chosen_id)


async def earlier_participant(typed: str, keys: Sameness) -> Participant | None:
    """The person behind an earlier ticket, certificate or own link, where the name is theirs too.

    A code alone must not open or change anybody: with another name, or a contact that is not the one we know, it is
    as if no code had been typed, and nothing tells.
    """
    standing = _behind(typed)
    if standing is None:
        return None
    named = standing.filter(participant__name_key=keys.name_key).prefetch_related("participant")
    registration = await named.order_by("-created_at").first()
    if registration is None:
        return None
    person = registration.participant
    has_other_contact = (keys.phone_keys and person.phone_key not in keys.phone_keys) or (
        keys.email_keys and person.email_key not in keys.email_keys
    )
    return None if has_other_contact else person


def _is_minor(person: Participant) -> bool:
    return person.age_group is not None and person.age_group.is_minor


def _behind(typed: str) -> QuerySet[Registration] | None:
    """The registrations that a typed code may mean; none for what is no code of ours."""
    link = tokens.read_own_link(typed.strip().rstrip("/").rpartition("/")[2])
    if link is not None:
        return Registration.filter(links__token_hash=tokens.digest(link, "own"), links__revoked_at=None)
    if (qr := tokens.read_qr(typed)) is not None:
        return Registration.filter(qr_hash=tokens.digest(qr, "qr"))
    if (code := tokens.read_certificate_code(typed)) is not None:
        return Registration.filter(certificates__code=code)
    if (code := tokens.read_short_code(typed)) is not None:
        return Registration.filter(short_code=code)
    return None


async def own_registration(training_id: UUID, participant_ids: Sequence[UUID]) -> Alike | None:
    """The live registration that this very person has in a training already."""
    found = Registration.filter(training_id=training_id, participant_id__in=participant_ids, duplicate_of_id=None)
    live = await found.exclude(state=RegistrationState.CANCELLED).order_by("id").select_related("participant")
    first = _in_before_waiting(live)
    if first is None:
        return None
    person = first.participant
    is_held = first.state is RegistrationState.HELD
    waits_in = str(first.group_id) if first.state is RegistrationState.WAITLISTED else None
    contacts = person.phone_key, person.email_key
    return Alike(str(first.id), person.name_key, person.municipality_id, *contacts, is_held, waits_in)
