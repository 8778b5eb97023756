"""What an own link opens.

A group link shows names and tickets of people not detached. Needs, answers, history and certificates open to an adult's
claimed link and, of a minor, to the group's. A link tells nothing of merged participants: anybody may have typed a name
and a telephone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from trainings import clock
from trainings.db import reads, sql
from trainings.db.prepared import Select
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.lib.text import fold
from trainings.people.models import Consent, Guardian, Participant
from trainings.registrations.models import LinkScope, OwnLink, Registration, RegistrationGroup, RegistrationState
from trainings.registrations.queries import (
    ALL_OF_IT,
    OwnRegistration,
    UnknownLink,
    around,
    changes_for_own,
)
from trainings.schedule.models import DatedChange, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.snapshots import Snapshots
from trainings.web.i18n import N_
from trainings.web.render import note_practice

LONGEST_SESSION = timedelta(days=1)
MOST_HISTORY = 50
MOST_OF_BROWSER = 20
THEIR = "training__registrations__participant__"


class ClaimFirst(Refusal):
    sentence = N_("Primero abra su enlace y diga que este boleto es suyo.")


@dataclass(frozen=True, slots=True)
class OwnGroup:
    """`links`: the adults' own, by registration."""

    group: RegistrationGroup
    members: Sequence[Registration]
    sessions: Sequence[TrainingSession]
    links: Mapping[UUID, OwnLink]
    changes: Sequence[DatedChange] = ()
    snapshots: Snapshots = field(default_factory=Snapshots)

    @property
    def first(self) -> OwnRegistration:
        return OwnRegistration(self.members[0], self.sessions, self.changes, self.snapshots)

    @property
    def is_only_archive(self) -> bool:
        return self.first.is_only_archive

    @property
    def live(self) -> Sequence[Registration]:
        return [one for one in self.members if one.state is not RegistrationState.CANCELLED]

    @property
    def state(self) -> RegistrationState:
        return self.group.state if self.live else RegistrationState.CANCELLED

    def one(self, registration_id: UUID) -> OwnRegistration:
        """Refuses (UnknownLink) a detached person."""
        found = next((one for one in self.members if one.id == registration_id), None)
        if found is None:
            raise UnknownLink
        return OwnRegistration(found, self.sessions, self.changes, self.snapshots)

    @property
    def in_reach(self) -> Sequence[Registration]:
        """Live members without a claimed link."""
        return [one for one in self.live if not self.is_claimed(one)]

    def is_claimed(self, registration: Registration) -> bool:
        link = self.links.get(registration.id)
        return link is not None and link.claimed_at is not None


# -- opening links


LINK = Select(OwnLink, where="this.token_hash = ? AND this.revoked_at IS NULL", are_few=True)
LINK_AND_ALL = Select(
    OwnLink,
    *(f"registration__{path}" for path in ALL_OF_IT),
    where="this.token_hash = ? AND this.revoked_at IS NULL",
    are_few=True,
)
FILLED_FOR_MANY = "SELECT 1 FROM own_link WHERE group_id = ? AND scope = 'group' LIMIT 1"


async def open_link(token: str) -> OwnLink:
    """Unknown, revoked and malformed are one 404."""
    return await _opened(token, LINK)


async def open_with_registration(token: str) -> OwnLink:
    """As `open_link`; a person's with the registration, as `around` wants it."""
    return await _opened(token, LINK_AND_ALL)


async def _opened(token: str, select: Select[OwnLink]) -> OwnLink:
    read = tokens.read_own_link(token)
    link = await select.first(tokens.digest(read, "own")) if read else None
    if link is None:
        raise UnknownLink
    return link


async def is_personal(link: OwnLink) -> bool:
    """The person claimed it, or signed up alone."""
    if link.claimed_at is not None:
        return True
    return not await sql.tuples(FILLED_FOR_MANY, link.group_id, are_few=True)


async def by_own_link(token: str) -> OwnRegistration:
    """Refuses (ClaimFirst) an unclaimed link."""
    link = await open_with_registration(token)
    if link.registration is None:
        raise UnknownLink
    if not await is_personal(link):
        raise ClaimFirst
    return await around(link.registration)


async def by_group_link(token: str) -> OwnGroup:
    return await group_of(await open_link(token))


async def group_of(link: OwnLink) -> OwnGroup:
    """Refuses (UnknownLink) a person's link, and a group without people."""
    if link.scope is not LinkScope.GROUP:
        raise UnknownLink
    found = reads(Registration).filter(group_id=link.group_id).order_by("id")
    members = await found.prefetch_related(*ALL_OF_IT)
    if not members:
        raise UnknownLink
    note_practice(members[0].training.state is TrainingState.PRACTICE)
    sessions = reads(TrainingSession).filter(training_id=members[0].training_id)
    links = await reads(OwnLink).filter(group_id=link.group_id, scope=LinkScope.PERSON, revoked_at=None).order_by("id")
    changes, snapshots = await changes_for_own(members[0].training_id)
    return OwnGroup(
        group=members[0].group,
        members=members,
        sessions=await sessions.prefetch_related("venue__municipality"),
        links={one.registration_id: one for one in links if one.registration_id is not None},
        changes=changes,
        snapshots=snapshots,
    )


async def number_of_filler(group: OwnGroup) -> str | None:
    """The number typed for the person who filled in the form; of a minor's own sign-up the guardian's. None where the
    group's link may be in other hands, or the number is of a guardian who does not come.
    """
    first = group.members[0]
    if first.id != group.group.filler_id or group.is_claimed(first) or await came_back(first):
        return None
    guardians, person = await guardians_of(group.members), first.participant
    if person.is_minor:
        return guardians[first.participant_id].phone if first.participant_id in guardians else None
    own_name = fold(person.full_name)
    is_of_another = any(one.phone == person.phone and fold(one.name or "") != own_name for one in guardians.values())
    return None if is_of_another else person.phone


# -- what one browser signed up


@dataclass(frozen=True, slots=True)
class OfBrowser:
    """`names`: given names of all who still come together. `starts_at`: of the next session."""

    path: str
    names: Sequence[str]
    title: str
    starts_at: datetime


async def of_browser(browser_key: str, training_id: UUID | None = None) -> list[OfBrowser]:
    """What stands of the sign-ups of this browser and is not over, newest first. A link that an adult made their own or
    the desk made anew is in other hands and not among them.
    """
    if not browser_key:
        return []
    standing = reads(RegistrationGroup).filter(browser_key=browser_key, training__sessions__ends_at__gt=clock.now())
    if training_id is not None:
        standing = standing.filter(training_id=training_id)
    coming = standing.exclude(state=RegistrationState.CANCELLED).distinct().order_by("-id").limit(MOST_OF_BROWSER)
    groups = await coming.prefetch_related("training__sessions")
    ids = [one.id for one in groups]
    open_links = reads(OwnLink).filter(group_id__in=ids, revoked_at=None, claimed_at=None)
    # The group's before one person's: who signed up alone has no other.
    links = {one.group_id: one for one in await open_links.order_by("-scope")}
    live = reads(Registration).filter(group_id__in=ids).exclude(state=RegistrationState.CANCELLED)
    people = await live.order_by("id").prefetch_related("participant")
    return [
        OfBrowser(
            path=f"/i/{links[group.id].token}",
            names=[one.participant.given_names for one in people if one.group_id == group.id],
            title=group.training.title_told,
            starts_at=min(one.starts_at for one in group.training.sessions if one.ends_at > clock.now()),
        )
        for group in groups
        if group.id in links and links[group.id].token is not None
    ]


async def cared_for(token: str, registration_id: UUID) -> OwnRegistration:
    """A minor of the group."""
    own = (await by_group_link(token)).one(registration_id)
    if not own.registration.participant.is_minor:
        raise UnknownLink
    return own


async def with_papers(token: str) -> list[UUID]:
    """Registrations of the person, and of the group's minors."""
    link = await open_link(token)
    if link.scope is LinkScope.GROUP:
        return [one.id for one in (await group_of(link)).members if one.participant.is_minor]
    return [(await by_own_link(token)).registration.id]


# -- what is told to oneself only


@dataclass(frozen=True, slots=True)
class Clash:
    title: str
    starts_at: datetime
    ends_at: datetime


EARLIER = "SELECT 1 FROM registration WHERE participant_id = ? AND created_at < ? LIMIT 1"


async def came_back(registration: Registration) -> bool:
    """Recognised by an earlier code and name. Both stand on paper for others to read: such a link shows nothing
    earlier.
    """
    return bool(await sql.tuples(EARLIER, registration.participant_id, registration.created_at, are_few=True))


async def clashes_of(own: OwnRegistration, *, has_come_back: bool) -> list[Clash]:
    """Clashes of the same participant (not by a code alone: `came_back`), or of the same person from the same browser:
    a name alone may be somebody else's.
    """
    registration = own.registration
    person, training, browser = registration.participant_id, registration.training_id, registration.group.browser_key
    if not await sql.tuples(ELSEWHERE, person, training, browser, training, are_few=True):
        return []
    ids = [] if has_come_back else [person]
    is_theirs = Q(training__registrations__participant_id__in=ids)
    if browser is not None:
        is_theirs |= _from_browser(browser, [registration])
    return await _clashes(is_theirs, own.sessions, registration.training)


async def clashes_of_family(group: OwnGroup, browser_key: str) -> list[Clash]:
    """For the filler of the form and its minors, only in the browser of both sign-ups: a family's page has several
    readers. Other adults read their clashes by their own link.
    """
    if not browser_key or group.group.browser_key != browser_key:
        return []
    first = group.members[0]
    # The first person left need not be the filler of the form, who may have been detached.
    is_of_first = not group.is_claimed(first) and first.id == group.group.filler_id
    theirs = [one for one in group.live if (one is first and is_of_first) or _is_minor_reached(one.participant)]
    if not theirs:
        return []
    return await _clashes(_from_browser(browser_key, theirs), group.sessions, first.training)


def _is_minor_reached(person: Participant) -> bool:
    return person.is_minor and (person.phone_key is not None or person.email_key is not None)


def _from_browser(browser_key: str, people: Sequence[Registration]) -> Q:
    """The same name, municipality and contact: one telephone signs up namesakes of a village."""
    return Q(training__registrations__group__browser_key=browser_key) & reduce(or_, map(_is_like, people))


def _is_like(one: Registration) -> Q:
    """An empty contact is like no other."""
    person = one.participant
    contacts = {"phone_key": person.phone_key, "email_key": person.email_key}
    left = [_theirs(**{name: key}) for name, key in contacts.items() if key is not None]
    is_reached_so = reduce(or_, left) if left else _theirs(phone_key=None, email_key=None)
    return _theirs(name_key=person.name_key, municipality_id=person.municipality_id) & is_reached_so


def _theirs(**columns: str | None) -> Q:
    wanted: dict[str, Any] = {
        f"{THEIR}{name}{'__isnull' if value is None else ''}": True if value is None else value
        for name, value in columns.items()
    }
    return Q(**wanted)


ELSEWHERE = """
    SELECT 1 WHERE EXISTS (SELECT 1 FROM registration WHERE participant_id = ? AND training_id <> ?)
        OR EXISTS (SELECT 1 FROM registration_group WHERE browser_key = ? AND training_id <> ?)
"""
"""Whether anything can clash: hardly ever."""


async def _clashes(is_theirs: Q, sessions: Sequence[TrainingSession], training: Training) -> list[Clash]:
    mine = [one for one in sessions if one.state is SessionState.PLANNED and one.ends_at > clock.now()]
    if not mine or training.state is TrainingState.CANCELLED:
        return []
    is_at_once = reduce(or_, (Q(starts_at__lt=one.ends_at, ends_at__gt=one.starts_at) for one in mine))
    others = reads(TrainingSession).filter(
        is_at_once & is_theirs,
        training__registrations__state__not=RegistrationState.CANCELLED,
        # Of all sessions ever, only these are looked at.
        starts_at__gt=min(one.starts_at for one in mine) - LONGEST_SESSION,
        state=SessionState.PLANNED,
        training__state__not=TrainingState.CANCELLED,
        training_id__not=training.id,
    )
    columns = ("starts_at", "ends_at", "id", "training__title", "training__neutral_title")
    found = await others.order_by("starts_at", "id").distinct().values_list(*columns)
    return [Clash(neutral or title, starts_at, ends_at) for starts_at, ends_at, _id, title, neutral in found]


async def history_of(registration: Registration) -> list[OwnRegistration]:
    """Newest first, at most 50."""
    others = reads(Registration).filter(participant_id=registration.participant_id).exclude(id=registration.id)
    found = await others.order_by("-id").limit(MOST_HISTORY).prefetch_related("training__sessions")
    return [OwnRegistration(one, list(one.training.sessions)) for one in found]


@dataclass(frozen=True, slots=True)
class Agreed:
    consents: Sequence[Consent]
    guardians: Sequence[Guardian]


async def agreed_by(registration: Registration) -> Agreed:
    consents = reads(Consent).filter(participant_id=registration.participant_id).order_by("-created_at", "-id")
    guardians = reads(Guardian).filter(participant_id=registration.participant_id).order_by("-created_at", "-id")
    return Agreed(await consents, await guardians)


async def guardians_of(members: Sequence[Registration]) -> Mapping[UUID, Guardian]:
    ids = [one.participant_id for one in members if one.participant.is_minor]
    if not ids:
        return {}
    found = reads(Guardian).filter(participant_id__in=ids, withdrawn_at=None).order_by("created_at", "id")
    return {one.participant_id: one for one in await found}
