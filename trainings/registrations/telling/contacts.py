from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import keyring, lock, reads, sql, transaction
from trainings.db.prepared import Select
from trainings.db.sql import as_uuid
from trainings.errors import Refusal
from trainings.people.actions import PHONE_KEYS, key_phone
from trainings.people.consents import PermissionGone, without_permission
from trainings.people.models import Guardian, Participant
from trainings.registrations.calls.told import was_refused
from trainings.registrations.models import LinkScope, OwnLink, Registration
from trainings.registrations.queries import UnknownRegistration
from trainings.schedule.models import TrainingState
from trainings.schedule.queries import InPractice
from trainings.web.i18n import N_


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What one address may read about one registration.

    `mates`: registrations of the group with this address, itself included, in the order of the form; an adult with a
    claimed link is alone. `group_token` None: it would show this reader other people's tickets.
    """

    registration: Registration
    mates: Sequence[Registration]
    own_token: str | None
    group_token: str | None

    @property
    def together(self) -> list[Registration]:
        """Mates for whom one text is true: the same state and, if cancelled, the same moment."""
        this = self.registration
        return [one for one in self.mates if (one.state, one.cancelled_at) == (this.state, this.cancelled_at)]

    def token_for(self, n_people: int) -> str | None:
        if n_people > 1:
            return self.group_token or self.own_token
        return self.own_token or self.group_token


def mailbox_of(registration: Registration, members: Sequence[Registration], links: Sequence[OwnLink]) -> Mailbox:
    """`members`: the whole group, people loaded. Only the address of the filler of the form gets the group's link."""
    in_order = sorted(members, key=lambda one: one.id)
    by_id = {one.id: _newest(one, links) for one in in_order}
    own = by_id[registration.id]
    own_token = own.token if own is not None else None
    if _is_apart(own):
        return Mailbox(registration, [registration], own_token, None)
    key = registration.participant.email_key
    mates = [
        one
        for one in in_order
        if one.id == registration.id or (key and one.participant.email_key == key and not _is_apart(by_id[one.id]))
    ]
    filled_in = in_order[0]
    is_its_reader = filled_in.id == registration.id or (key and filled_in.participant.email_key == key)
    group = _newest(None, links)
    return Mailbox(registration, mates, own_token, group.token if group is not None and is_its_reader else None)


MEMBERS = Select(Registration, "participant", where="this.group_id IN ?list")
LINKS = Select(OwnLink, where="this.group_id IN ?list AND this.revoked_at IS NULL")


async def read_mailboxes(registrations: Sequence[Registration]) -> dict[UUID, Mailbox]:
    """By registration."""
    groups = sorted({one.group_id for one in registrations})
    found = await sql.tables([MEMBERS.asked(groups), LINKS.asked(groups)], are_few=True)
    members, links = defaultdict[UUID, list[Registration]](list), defaultdict[UUID, list[OwnLink]](list)
    for member in MEMBERS.made(found[0]):
        members[member.group_id].append(member)
    for link in LINKS.made(found[1]):
        links[link.group_id].append(link)
    return {one.id: mailbox_of(one, members[one.group_id], links[one.group_id]) for one in registrations}


async def addresses_of(people: Collection[Participant]) -> dict[UUID, str | None]:
    """By person. A minor's is the last that a guardian left."""
    minors = [one.id for one in people if not one.email and _is_minor(one)]
    permitted = reads(Guardian).filter(participant_id__in=minors, withdrawn_at=None, email__not_isnull=True)
    guardians = await permitted.order_by("created_at", "id") if minors else []
    left = {one.participant_id: one.email for one in guardians}
    return {one.id: left.get(one.id) or one.email for one in people}


def _newest(registration: Registration | None, links: Sequence[OwnLink]) -> OwnLink | None:
    wanted = (LinkScope.GROUP, None) if registration is None else (LinkScope.PERSON, registration.id)
    found = [link for link in links if (link.scope, link.registration_id) == wanted]
    return max(found, key=lambda link: (link.created_at, link.id), default=None)


def _is_apart(own: OwnLink | None) -> bool:
    return own is not None and own.claimed_at is not None


class NoGuardian(Refusal):
    sentence = N_("De una persona menor de edad solo se guarda el contacto de quien dio permiso, y nadie lo ha dado.")


async def mark_refused(address: str) -> None:
    """Marks everybody with this address, found by keyed hashes."""
    people = await Participant.filter(email_key__in=keyring().blind_indexes(address, "email"))
    if not people:
        return
    ids, moment = [person.id for person in people], clock.now()
    async with transaction():
        await Participant.filter(id__in=ids, email_refused_at=None).update(email_refused_at=moment)
        for guardian in await Guardian.filter(participant_id__in=ids, email_refused_at=None):
            if guardian.email == address:
                await Guardian.filter(id=guardian.id).update(email_refused_at=moment)
        await was_refused(ids)


MARKED = "SELECT id FROM participant WHERE email_key IN ?list AND email_refused_at IS NOT NULL"


async def mark_accepted(address: str) -> None:
    """Runs after each message sent, so it writes only where there is a mark."""
    keys = keyring().blind_indexes(address, "email")
    ids = [as_uuid(person_id) for (person_id,) in await sql.tuples(MARKED, keys, are_few=True)]
    if not ids:
        return
    async with transaction():
        await Participant.filter(id__in=ids, email_key__in=keys).update(email_refused_at=None)
        for guardian in await Guardian.filter(participant_id__in=ids, email_refused_at__not_isnull=True):
            if guardian.email == address:
                await Guardian.filter(id=guardian.id).update(email_refused_at=None)


async def correct_email(registration_id: UUID, email: str | None, *, actor: Actor) -> None:
    """Change or remove the address of this person, and of people of the form with the same address.

    For a minor it is the guardian's. Forgets earlier refusals. Refuses with PermissionGone a withdrawn consent for
    data, with NoGuardian a minor without guardian.
    """
    async with transaction():
        registration = await _loaded(registration_id)
        mailbox = (await read_mailboxes([registration]))[registration.id]
        # An earlier code may put one person on several registrations of a form.
        people = await _held(registration, {one.participant_id for one in [registration, *mailbox.mates]})
        guardians = await _guardians(people, "email", registration.participant.email_key)
        if _is_minor(registration.participant) and not guardians:
            raise NoGuardian(field="address")
        for guardian in guardians:
            guardian.email, guardian.email_refused_at = email, None
            await guardian.save(update_fields=["email", "email_refused_at"])
        for person in people:
            await _write_to(person, email)
        await record(
            "registrations.correct_email",
            actor=actor,
            object_id=registration.id,
            hub_id=registration.training.hub_id,
            people=len(people),
            has_email=email is not None,
        )


async def correct_phone(registration_id: UUID, phone: str | None, *, actor: Actor) -> None:
    """Otherwise as `correct_email`. Without a telephone, or with the other one, no other one is left."""
    async with transaction():
        registration = await _loaded(registration_id)
        people = await _held(registration, await _called_together(registration))
        guardians = await _guardians(people, "phone", registration.participant.phone_key)
        if _is_minor(registration.participant) and not guardians:
            raise NoGuardian(field="number")
        for guardian in guardians:
            guardian.phone = phone
            await guardian.save(update_fields=["phone"])
        for person in people:
            person.phone = None if _is_minor(person) else phone
            if phone in (None, person.other_phone):
                person.other_phone = None
            key_phone(person, phone)
            await person.save(update_fields=["phone", "other_phone", *PHONE_KEYS])
        await record(
            "registrations.correct_phone",
            actor=actor,
            object_id=registration.id,
            hub_id=registration.training.hub_id,
            people=len(people),
            has_phone=phone is not None,
        )


async def _loaded(registration_id: UUID) -> Registration:
    """Refuses InPractice: somebody's real contact may be typed to try things out."""
    registration = await Registration.get_or_none(id=registration_id).prefetch_related("participant", "training")
    if registration is None:
        raise UnknownRegistration
    if registration.training.state is TrainingState.PRACTICE:
        raise InPractice
    return registration


async def _held(registration: Registration, people: Collection[UUID]) -> Sequence[Participant]:
    """Without people who withdrew consent. Locks first: a withdrawal locks the person too."""
    held, gone = await lock(Participant, people), await without_permission(people)
    if registration.participant_id in gone:
        raise PermissionGone
    return [one for one in held if one.id not in gone]


async def _called_together(registration: Registration) -> set[UUID]:
    key = registration.participant.phone_key
    people = {registration.participant_id}
    apart = OwnLink.filter(group_id=registration.group_id, revoked_at=None, claimed_at__not_isnull=True)
    claimed = {key for (key,) in await apart.values_list("registration_id")}
    if key and registration.id not in claimed:
        mates = Registration.filter(group_id=registration.group_id, participant__phone_key=key).order_by("id")
        people |= {one.participant_id for one in await mates if one.id not in claimed}
    return people


async def _guardians(people: Sequence[Participant], way: str, key: str | None) -> Sequence[Guardian]:
    """By minor, the guardian reached by this key, since another sign-up may name somebody else; else the last to
    permit.
    """
    minors = [person.id for person in people if _is_minor(person)]
    of_each: dict[UUID, list[Guardian]] = defaultdict(list)
    for one in await Guardian.filter(participant_id__in=minors, withdrawn_at=None).order_by("id"):
        of_each[one.participant_id].append(one)
    wanted: list[Guardian] = []
    for own in of_each.values():
        wanted += [one for one in own if _is_reached_by(one, way, key)] or own[-1:]
    return wanted


def _is_reached_by(guardian: Guardian, way: str, key: str | None) -> bool:
    told = getattr(guardian, way)
    return key in keyring().blind_indexes(told, way) if told else key is None


async def _write_to(person: Participant, email: str | None) -> None:
    """A minor holds only the key of the guardian's address."""
    person.email = None if _is_minor(person) else email
    person.email_key = keyring().blind_index(email, "email") if email else None
    person.email_refused_at = None
    await person.save(update_fields=["email", "email_key", "email_refused_at"])


def _is_minor(person: Participant) -> bool:
    return person.age_group is not None and person.age_group.is_minor
