from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from tortoise.functions import Count

from trainings import clock
from trainings.db import reads, sql
from trainings.db.prepared import Select, hang
from trainings.db.sql import Table, as_uuid
from trainings.errors import NotFound
from trainings.people.models import Guardian
from trainings.registrations.models import (
    Registration,
    RegistrationGroup,
    RegistrationState,
)
from trainings.schedule.changes import SHOWN_FOR, changes_since
from trainings.schedule.models import DatedChange, Training, TrainingSession, TrainingState
from trainings.schedule.phase import over_at
from trainings.schedule.queries import SESSIONS_OF
from trainings.schedule.snapshots import Snapshots, snapshots_of
from trainings.web.i18n import N_
from trainings.web.render import note_practice

LINK_DAYS = timedelta(days=30)
"""This long after the last session the link shows more than certificates and own data."""

LONGEST_SLUG = 120
SHOWN = (TrainingState.PUBLISHED, TrainingState.UNLISTED, TrainingState.CANCELLED)
ALL_OF_IT = (
    "participant__municipality",
    "group",
    "training__course",
    "training__hub__seat",
    "training__venue__municipality",
)


class UnknownLink(NotFound):
    sentence = N_("Este enlace no abre ninguna inscripción. Revise que esté completo, o llame a la ventanilla.")


class UnknownTraining(NotFound):
    sentence = N_("No encontramos esa capacitación. Busque otra en la página de su municipio.")


@dataclass(frozen=True, slots=True)
class OwnRegistration:
    """With training, hub, sessions in order, and their changes of a week."""

    registration: Registration
    sessions: Sequence[TrainingSession]
    changes: Sequence[DatedChange] = ()
    snapshots: Snapshots = field(default_factory=Snapshots)

    @property
    def is_only_archive(self) -> bool:
        """The link shows only certificates and own data."""
        end = over_at(self.sessions)
        return end is not None and clock.now() > end + LINK_DAYS


OWN = Select(Registration, *ALL_OF_IT, where="this.id IN ?list", are_few=True)


async def with_sessions(registration_id: UUID) -> OwnRegistration:
    [registration] = await OWN.rows([registration_id])
    return await around(registration)


async def around(registration: Registration) -> OwnRegistration:
    """`ALL_OF_IT` is loaded."""
    note_practice(registration.training.state is TrainingState.PRACTICE)
    return OwnRegistration(
        registration,
        await SESSIONS_OF.rows([registration.training_id]),
        *await changes_for_own(registration.training_id),
    )


async def changes_for_own(training_id: UUID) -> tuple[Sequence[DatedChange], Snapshots]:
    """Changes of a week, and the snapshots before them."""
    changes = await changes_since(training_id, clock.now() - SHOWN_FOR)
    return changes, (await snapshots_of([training_id]))[training_id] if changes else Snapshots()


OF_SLUG = "this.slug = ? AND this.state IN ?list AND this.published_at IS NOT NULL"
ID_OF_OPEN = f"SELECT id FROM training AS this WHERE {OF_SLUG}"  # noqa: S608  a constant
OPEN = Select(Training, "course", "hub__seat", "venue__municipality", where=OF_SLUG, are_few=True)

_ids: dict[str, UUID] = {}
MOST_IDS = 4_096


async def id_of_open_training(slug: str) -> UUID:
    """Refuses (UnknownTraining) a draft. Cached: a slug never changes, and nothing published becomes a draft again."""
    kept = _ids.get(slug)
    if kept is not None:
        return kept
    found = await sql.tuples(ID_OF_OPEN, slug, list(SHOWN), are_few=True) if _is_slug(slug) else ()
    if not found:
        raise UnknownTraining
    if len(_ids) >= MOST_IDS:
        _ids.clear()
    training_id = as_uuid(found[0][0])
    _ids[slug] = training_id
    return training_id


async def open_training(slug: str) -> Training:
    """As `id_of_open_training`, with everything its sign-up page shows."""
    training, _facts = await open_training_and_facts(slug)
    return training


async def open_training_and_facts(slug: str) -> tuple[Training, tuple[Table, Table]]:
    """As `open_training`, and all that its rows say but how many places are taken: equal while nobody changed it."""
    found = await sql.tuples(OPEN.text, slug, list(SHOWN), are_few=True) if _is_slug(slug) else ()
    if not found:
        raise UnknownTraining
    [training] = OPEN.made(found)
    sessions = await sql.tuples(SESSIONS_OF.text, [training.id], are_few=True)
    hang([training], "sessions", SESSIONS_OF.made(sessions))
    return training, (OPEN.but(found, "taken", "reserved", "next_wait_number"), sessions)


def _is_slug(text: str) -> bool:
    return len(text) <= LONGEST_SLUG and text.isascii() and text.isprintable()


async def position_on_waiting_list(registration: Registration) -> int | None:
    """1 is next; None: not waiting."""
    group = registration.group
    if group.state is not RegistrationState.WAITLISTED or group.wait_number is None:
        return None
    ahead = reads(RegistrationGroup).filter(
        training_id=group.training_id,
        state=RegistrationState.WAITLISTED,
        wait_number__lt=group.wait_number,
    )
    return await ahead.count() + 1


async def counts_by_state(training_ids: Sequence[UUID]) -> Mapping[UUID, Mapping[RegistrationState, int]]:
    rows = (
        await reads(Registration)
        .filter(training_id__in=list(training_ids))
        .annotate(n=Count("id"))
        .group_by("training_id", "state")
        .values("training_id", "state", "n")
    )
    counted: dict[UUID, dict[RegistrationState, int]] = {}
    for row in rows:
        counted.setdefault(row["training_id"], {})[RegistrationState(row["state"])] = row["n"]
    return counted


PERMITTING = Select(
    Guardian,
    where="this.participant_id IN ?list AND this.withdrawn_at IS NULL",
    order="this.created_at, this.id",
)


async def guardians_phones(minors: Collection[UUID]) -> dict[UUID, str]:
    """By minor (participant): the newest that a permitting guardian gave."""
    found = await PERMITTING.rows(list(minors)) if minors else []
    return {one.participant_id: one.phone for one in found if one.phone}


class UnknownRegistration(NotFound):
    sentence = N_("No encontramos esa inscripción.")
