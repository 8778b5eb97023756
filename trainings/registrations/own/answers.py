from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.lib.text import search_text
from trainings.people.consent_actions import locked_with_permission
from trainings.people.models import AgeGroup, Participant, Pueblo, Sex
from trainings.registrations.models import Registration


@dataclass(frozen=True, slots=True)
class Answers:
    """None: not answered."""

    sex: Sex | None
    age_group: AgeGroup | None
    language: str | None
    pueblo: Pueblo | None
    community: str
    organization: str
    public_official: bool | None


async def save_answers(registration_id: UUID, answers: Answers, *, actor: Actor) -> None:
    """The log says which questions changed, never the answers. Refuses (PermissionGone).

    A minor keeps the age band, which their protection depends on, and has no office.
    """
    async with transaction():
        registration = await Registration.get(id=registration_id).select_related("training")
        person = await locked_with_permission(registration.participant_id)
        changed = _changes(person, answers)
        if not changed:
            return
        for name, value in changed.items():
            setattr(person, name, value)
        person.search_text = search_text(person.given_names, person.surnames, person.community)[:500]
        await person.save(update_fields=[*changed, "search_text"])
        await record(
            "registrations.answer",
            actor=actor,
            object_id=registration.id,
            hub_id=registration.training.hub_id,
            questions=sorted(changed),
        )


def _changes(person: Participant, answers: Answers) -> dict[str, object]:
    wanted: dict[str, object] = {
        "sex": answers.sex,
        "language": answers.language,
        "pueblo": answers.pueblo.value if answers.pueblo else None,
        "community": answers.community,
    }
    if not (person.age_group and person.age_group.is_minor):
        wanted |= {
            "age_group": answers.age_group,
            "organization": answers.organization,
            "public_official": answers.public_official,
        }
    return {name: value for name, value in wanted.items() if getattr(person, name) != value}
