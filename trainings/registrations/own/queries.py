"""What an own link opens: one person's registration, or everybody who signed up together; and for whom it is enough.

A group link shows names and tickets of those who were not taken out of the group at the desk. What is only for oneself
(needs, answers, history, certificates) opens to an adult's own link once they made it theirs, and, of a minor, to the
group's: it is in the hands of who is responsible. A link tells nothing of people that staff hold to be the same: what
they went by, a name and a telephone, anybody may have typed.
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
from trainings.db import reads
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.people.models import Consent, Guardian
from trainings.registrations.models import LinkScope, OwnLink, Registration, RegistrationGroup, RegistrationState
from trainings.registrations.queries import (
    ALL_OF_IT,
    OwnRegistration,
    UnknownLink,
    changes_for_own,
    with_sessions,
)
from trainings.schedule.models import DatedChange, SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.snapshots import Snapshots
from trainings.web.i18n import N_

LONGEST_SESSION = timedelta(days=1)
MOST_HISTORY = 50
THEIR = "training__registrations__participant__"


class ClaimFirst(Refusal):
    code = "claim_first"
    sentence = N_("Primero abra su enlace y diga que este boleto es suyo.")


@dataclass(frozen=True, slots=True)
class OwnGroup:
    """Those who signed up together and are still seen by the group's link, in the order of the form.

    `links` are the adults' own ones, by registration.
    """

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
        """The state that all who are live share; cancelled where nobody is left to be seen."""
        return self.group.state if self.live else RegistrationState.CANCELLED

    def one(self, registration_id: UUID) -> OwnRegistration:
        """A member. Who was taken out of the group, or never was in it, is as unknown as a wrong link."""
        found = next((one for one in self.members if one.id == registration_id), None)
        if found is None:
            raise UnknownLink
        return OwnRegistration(found, self.sessions, self.changes, self.snapshots)

    @property
    def in_reach(self) -> Sequence[Registration]:
        """Who still comes and did not make their link their own: for whom its link speaks."""
        return [one for one in self.live if not self.is_claimed(one)]

    def is_claimed(self, registration: Registration) -> bool:
        """Whether this adult made their link their own."""
        link = self.links.get(registration.id)
        return link is not None and link.claimed_at is not None


def is_minor(registration: Registration) -> bool:
    """Whether the person, who is loaded, is under 18: they have no link of their own."""
    age_group = registration.participant.age_group
    return age_group is not None and age_group.is_minor


# -- opening links


async def open_link(token: str) -> OwnLink:
    """The link itself. Unknown, revoked and malformed are the same 404."""
    read = tokens.read_own_link(token)
    link = await reads(OwnLink).get_or_none(token_hash=tokens.digest(read, "own"), revoked_at=None) if read else None
    if link is None:
        raise UnknownLink
    return link


async def is_personal(link: OwnLink) -> bool:
    """Whether a person's link is in nobody's hands but theirs: they made it their own, or signed up alone."""
    if link.claimed_at is not None:
        return True
    return not await reads(OwnLink).filter(group_id=link.group_id, scope=LinkScope.GROUP).exists()


async def by_own_link(token: str) -> OwnRegistration:
    """What a person's own link opens to them alone. Refuses (ClaimFirst) a link that nobody made their own yet."""
    link = await open_link(token)
    if link.registration_id is None:
        raise UnknownLink
    if not await is_personal(link):
        raise ClaimFirst
    return await with_sessions(link.registration_id)


async def by_group_link(token: str) -> OwnGroup:
    """Everybody whom a group link shows. A person's link opens no group."""
    return await group_of(await open_link(token))


async def group_of(link: OwnLink) -> OwnGroup:
    """The group behind its link, with all that its pages show; unknown once nobody is left in it."""
    if link.scope is not LinkScope.GROUP:
        raise UnknownLink
    found = reads(Registration).filter(group_id=link.group_id).order_by("id")
    members = await found.prefetch_related(*ALL_OF_IT)
    if not members:
        raise UnknownLink
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


async def cared_for(token: str, registration_id: UUID) -> OwnRegistration:
    """A minor of the group, whose needs and answers the group's link looks after. Adults have a link of their own."""
    own = (await by_group_link(token)).one(registration_id)
    if not is_minor(own.registration):
        raise UnknownLink
    return own


async def with_papers(token: str) -> list[UUID]:
    """The registrations whose certificates this link opens: one's own, and those of the group's minors."""
    link = await open_link(token)
    if link.scope is LinkScope.GROUP:
        return [one.id for one in (await group_of(link)).members if is_minor(one)]
    return [(await by_own_link(token)).registration.id]


# -- what is told to oneself only


@dataclass(frozen=True, slots=True)
class Clash:
    """A meeting of another training that one is signed up for, at the same time as one of this one."""

    title: str
    starts_at: datetime
    ends_at: datetime


async def came_back(registration: Registration) -> bool:
    """Whether the person was known before this registration, by an earlier code and their name.

    Both stand on paper for others to read: such a link proves nothing about what was known before, so it shows nothing.
    """
    earlier = reads(Registration).filter(
        participant_id=registration.participant_id, created_at__lt=registration.created_at
    )
    return await earlier.exists()


async def clashes_of(own: OwnRegistration) -> list[Clash]:
    """Meetings at the same time of other trainings that this person is signed up for, in order.

    They are theirs as the very same participant, unless only a code says so, or as the same from the same browser, as a
    sign-up again is: by a name alone it may be somebody else, of whom nothing must be told.
    """
    registration = own.registration
    ids = [] if await came_back(registration) else [registration.participant_id]
    is_theirs = Q(training__registrations__participant_id__in=ids)
    if registration.group.browser_key is not None:
        is_theirs |= _from_browser(registration.group.browser_key, [registration])
    return await _clashes(is_theirs, own.sessions, registration.training)


async def clashes_of_family(group: OwnGroup, browser_key: str) -> list[Clash]:
    """The same for who filled in the form, who is the first of it, and for its minors.

    Told only to the very browser that both came from, since a family's page has several readers. Every other adult is
    told by their own link; of minors about whom nobody can be reached nothing is told: anybody may type a name.
    """
    if not browser_key or group.group.browser_key != browser_key:
        return []
    first = group.members[0]
    # The first who is left may be another: who filled in the form may have been taken out of it.
    is_of_first = not group.is_claimed(first) and first.id == group.group.filler_id
    theirs = [one for one in group.live if (one is first and is_of_first) or (is_minor(one) and _is_reached(one))]
    if not theirs:
        return []
    return await _clashes(_from_browser(browser_key, theirs), group.sessions, first.training)


def _is_reached(one: Registration) -> bool:
    return one.participant.phone_key is not None or one.participant.email_key is not None


def _from_browser(browser_key: str, people: Sequence[Registration]) -> Q:
    """Whether one of these was signed up from there: the same name, municipality and telephone or e-mail address.

    One telephone signs up namesakes of a whole village, and a name that is typed on a shared one must tell nothing.
    """
    return Q(training__registrations__group__browser_key=browser_key) & reduce(or_, map(_is_like, people))


def _is_like(one: Registration) -> Q:
    """Who left no contact is like who left none."""
    person = one.participant
    contacts = {"phone_key": person.phone_key, "email_key": person.email_key}
    left = [_theirs(**{name: key}) for name, key in contacts.items() if key is not None]
    is_reached_so = reduce(or_, left) if left else _theirs(phone_key=None, email_key=None)
    return _theirs(name_key=person.name_key, municipality_id=person.municipality_id) & is_reached_so


def _theirs(**columns: str | None) -> Q:
    """What stands of them, or that nothing does."""
    wanted: dict[str, Any] = {
        f"{THEIR}{name}{'__isnull' if value is None else ''}": True if value is None else value
        for name, value in columns.items()
    }
    return Q(**wanted)


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
    """The other trainings that this very participant signed up for, the newest first, at most 50."""
    others = reads(Registration).filter(participant_id=registration.participant_id).exclude(id=registration.id)
    found = await others.order_by("-id").limit(MOST_HISTORY).prefetch_related("training__sessions")
    return [OwnRegistration(one, list(one.training.sessions)) for one in found]


@dataclass(frozen=True, slots=True)
class Agreed:
    """What somebody agreed to, and for a minor who agreed for them, the newest first."""

    consents: Sequence[Consent]
    guardians: Sequence[Guardian]


async def agreed_by(registration: Registration) -> Agreed:
    """The permissions of this very participant, also of before; those taken back are among them."""
    consents = reads(Consent).filter(participant_id=registration.participant_id).order_by("-created_at", "-id")
    guardians = reads(Guardian).filter(participant_id=registration.participant_id).order_by("-created_at", "-id")
    return Agreed(await consents, await guardians)


async def guardians_of(members: Sequence[Registration]) -> Mapping[UUID, Guardian]:
    """Who permitted each minor to come, by participant."""
    ids = [one.participant_id for one in members if is_minor(one)]
    if not ids:
        return {}
    found = reads(Guardian).filter(participant_id__in=ids, withdrawn_at=None).order_by("created_at", "id")
    return {one.participant_id: one for one in await found}
