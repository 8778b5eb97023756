from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from trainings.accounts.models import User
from trainings.db import reads
from trainings.lib.text import short_name
from trainings.outbox.models import OutboxJob
from trainings.outreach.models import OutreachActivity
from trainings.registrations.models import Registration
from trainings.schedule.models import Training, TrainingSession
from trainings.web.i18n import N_, gettext

STAFF_ROLES = {
    "facilitator_changed": N_("%(name)s, facilita"),
    "facilitator_eve": N_("%(name)s, facilita"),
    "activity_eve": N_("%(name)s, responde por la actividad"),
    "activity_changed": N_("%(name)s, responde por la actividad"),
    "staff_digest": N_("%(name)s, coordina"),
}
ABOUT = ("training_id", "session_id", "activity_id")


@dataclass(frozen=True, slots=True)
class Destination:
    """Short name or staff role, and the title of the training or activity; empty: none."""

    to: str = ""
    training: str = ""


async def destinations_of(jobs: Sequence[OutboxJob]) -> Mapping[UUID, Destination]:
    people = await _registrations({job.subject_id for job in jobs if job.subject_id})
    users: dict[UUID | None, User] = {one.id: one for one in await reads(User).filter(id__in=_named(jobs, "user_id"))}
    titles = await _titles(_named(jobs, "training_id"), _named(jobs, "session_id"))
    titles |= await _titles_of_activities(_named(jobs, "activity_id"))
    found: dict[UUID, Destination] = {}
    for job in jobs:
        registration = people.get(job.subject_id) if job.subject_id else None
        if registration is not None:
            found[job.id] = Destination(_short(registration), registration.training.title)
            continue
        user = users.get(_key(job, "user_id"))
        about = next((titles[key] for name in ABOUT if (key := _key(job, name)) in titles), "")
        found[job.id] = Destination(_staff(job, user) if user is not None else "", about)
    return found


async def _registrations(ids: Collection[UUID]) -> Mapping[UUID, Registration]:
    found = await reads(Registration).filter(id__in=list(ids)).prefetch_related("participant", "training")
    return {registration.id: registration for registration in found}


async def _titles(training_ids: Collection[UUID], session_ids: Collection[UUID]) -> dict[UUID | None, str]:
    titles: dict[UUID | None, str] = {}
    for training in await reads(Training).filter(id__in=list(training_ids)):
        titles[training.id] = training.title
    for session in await reads(TrainingSession).filter(id__in=list(session_ids)).select_related("training"):
        titles[session.id] = session.training.title
    return titles


async def _titles_of_activities(ids: Collection[UUID]) -> Mapping[UUID | None, str]:
    found = reads(OutreachActivity).filter(id__in=list(ids))
    return dict(await found.values_list("id", "title")) if ids else {}


def _named(jobs: Sequence[OutboxJob], name: str) -> list[UUID]:
    return sorted({key for job in jobs if (key := _key(job, name)) is not None})


def _key(job: OutboxJob, name: str) -> UUID | None:
    written = job.payload.get(name)
    return UUID(written) if isinstance(written, str) else None


def _staff(job: OutboxJob, user: User) -> str:
    role = STAFF_ROLES.get(job.kind)
    return gettext(role) % {"name": user.name} if role else user.name


def _short(registration: Registration) -> str:
    participant = registration.participant
    if participant.age_group is not None and participant.age_group.is_minor:
        # This list crosses trainings, where a minor has no name; the guardian is written to.
        return gettext(N_("Una persona menor de edad"))
    name = short_name(participant.given_names, participant.surnames)
    return f"{name}, {participant.community}" if participant.community else name
