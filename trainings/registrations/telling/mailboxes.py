"""People of a group with one address are told together; by which link they come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainings.db import reads
from trainings.people.models import Guardian, Participant
from trainings.registrations.models import LinkScope, OwnLink, Registration


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What one address may read about one registration.

    `mates`: registrations of the group with the same address, in the order of the form, itself included; an adult with
    a claimed link is alone. The tokens are of links that open; the group's is None where this reader may not have it,
    since it shows the others' tickets.
    """

    registration: Registration
    mates: Sequence[Registration]
    own_token: str | None
    group_token: str | None

    @property
    def together(self) -> list[Registration]:
        """Mates about whom one text is true: the same state and, if cancelled, the same moment."""
        this = self.registration
        return [one for one in self.mates if (one.state, one.cancelled_at) == (this.state, this.cancelled_at)]

    def token_for(self, n_people: int) -> str | None:
        """The group's link for several people, one's own for one."""
        if n_people > 1:
            return self.group_token or self.own_token
        return self.own_token or self.group_token


def mailbox_of(registration: Registration, members: Sequence[Registration], links: Sequence[OwnLink]) -> Mailbox:
    """`members`: the whole group, people loaded; `links`: the group's. The group's link goes only to the address of the
    person who filled in the form.
    """
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


async def read_mailbox(registration: Registration) -> Mailbox:
    """Reads the group first. The registration's person is loaded."""
    members = await reads(Registration).filter(group_id=registration.group_id).prefetch_related("participant")
    links = await reads(OwnLink).filter(group_id=registration.group_id, revoked_at=None)
    return mailbox_of(registration, members, links)


async def address_of(participant: Participant) -> str | None:
    """Their own; a minor's is the last that a guardian left."""
    if participant.email or participant.age_group is None or not participant.age_group.is_minor:
        return participant.email
    permitted = reads(Guardian).filter(participant_id=participant.id, withdrawn_at=None, email__not_isnull=True)
    guardian = await permitted.order_by("-created_at", "-id").first()
    return guardian.email if guardian is not None else None


def _newest(registration: Registration | None, links: Sequence[OwnLink]) -> OwnLink | None:
    """None: the group's link."""
    wanted = (LinkScope.GROUP, None) if registration is None else (LinkScope.PERSON, registration.id)
    found = [link for link in links if (link.scope, link.registration_id) == wanted]
    return max(found, key=lambda link: (link.created_at, link.id), default=None)


def _is_apart(own: OwnLink | None) -> bool:
    return own is not None and own.claimed_at is not None
