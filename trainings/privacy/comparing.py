"""Two people side by side, as far as the staff of a hub may see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from trainings.accounts.permissions import can_merge
from trainings.audit.actor import Actor
from trainings.certificates.models import Certificate
from trainings.db import reads
from trainings.errors import NotFound
from trainings.people.merged import same_person_ids
from trainings.people.models import Participant
from trainings.registrations.models import Registration, RegistrationState
from trainings.web.i18n import N_


class UnknownPerson(NotFound):
    code = "unknown_person"
    sentence = N_("No encontramos a esas dos personas en su ventanilla. Búsquelas en la lista.")


@dataclass(frozen=True, slots=True)
class Side:
    """`person` as asked for, and `people` merged with it, all at own hubs."""

    person: Participant
    people: Sequence[Participant]
    registrations: Sequence[Registration]
    certificates: Sequence[Certificate]

    @property
    def is_minor(self) -> bool:
        return any(one.age_group is not None and one.age_group.is_minor for one in self.people)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`are_one`: merged already. `both_live`: pairs of live registrations in the same training."""

    one: Side
    other: Side
    are_one: bool

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.one, self.other

    @property
    def both_live(self) -> list[tuple[Registration, Registration]]:
        live = [[row for row in side.registrations if _is_live(row)] for side in self.sides]
        return [(one, other) for one in live[0] for other in live[1] if one.training_id == other.training_id]

    @property
    def hub_id(self) -> UUID:
        """A hub of the second person, for the audit."""
        return self.other.registrations[0].training.hub_id


async def compare(one_id: UUID, other_id: UUID, actor: Actor) -> Comparison:
    """Both with their history at hubs where the actor may merge.

    Refuses (UnknownPerson) a person who was at none of these, and a minor with somebody of no common training: minors
    are found only inside their own session, so only common trainings are shown. Merged people are shown apart, as each
    came.
    """
    if one_id == other_id:
        raise UnknownPerson
    one, other = await _side(one_id, actor), await _side(other_id, actor)
    if one.is_minor or other.is_minor:
        common = _trainings_of(one) & _trainings_of(other)
        if not common:
            raise UnknownPerson
        one, other = _within(one, common), _within(other, common)
    are_one = other_id in await same_person_ids(one_id)
    if are_one:
        one, other = _alone(one), _alone(other)
    return Comparison(one, other, are_one)


async def hub_in_scope(participant_id: UUID, actor: Actor) -> UUID | None:
    hubs = reads(Registration).filter(participant_id=participant_id).distinct().values_list("training__hub_id")
    return next((hub_id for (hub_id,) in await hubs if can_merge(actor, hub_id)), None)


async def _side(participant_id: UUID, actor: Actor) -> Side:
    all_of_them = await same_person_ids(participant_id)
    found = (
        await reads(Registration)
        .filter(participant_id__in=all_of_them)
        .order_by("-created_at", "-id")
        .prefetch_related("participant__municipality", "training__sessions")
    )
    own = [row for row in found if can_merge(actor, row.training.hub_id)]
    people = {row.participant_id: row.participant for row in reversed(own)}
    if participant_id not in people:
        raise UnknownPerson
    certificates = reads(Certificate).filter(registration_id__in=[row.id for row in own]).order_by("-issued_at", "-id")
    return Side(people[participant_id], list(people.values()), own, await certificates)


def _trainings_of(side: Side) -> set[UUID]:
    return {row.training_id for row in side.registrations}


def _within(side: Side, trainings: set[UUID]) -> Side:
    return _with(side, [row for row in side.registrations if row.training_id in trainings])


def _alone(side: Side) -> Side:
    """Without merged participants, else both sides would show the same."""
    own = [row for row in side.registrations if row.participant_id == side.person.id]
    return replace(_with(side, own), people=[side.person])


def _with(side: Side, rows: Sequence[Registration]) -> Side:
    ids = {row.id for row in rows}
    return replace(
        side, registrations=rows, certificates=[one for one in side.certificates if one.registration_id in ids]
    )


def _is_live(registration: Registration) -> bool:
    return registration.state is not RegistrationState.CANCELLED
