from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import transaction
from trainings.errors import Refusal
from trainings.people.actions import UnknownMunicipality, searchable
from trainings.people.consents import locked_with_permission
from trainings.people.models import ActorType, AgeGroup, Participant, Pueblo, Sex
from trainings.places.models import Municipality
from trainings.registrations.eligibility import REFUSED_TO_ALL, minor_ages
from trainings.registrations.models import Registration, RegistrationState
from trainings.registrations.queries import UnknownRegistration
from trainings.schedule.models import SessionState, Training, TrainingSession, TrainingState
from trainings.schedule.phase import phase
from trainings.web.i18n import N_


@dataclass(frozen=True, slots=True)
class Answers:
    """None: not answered."""

    actor_type: ActorType | None
    sex: Sex | None
    age_group: AgeGroup | None
    language: str | None
    pueblo: Pueblo | None
    community: str
    organization: str
    public_official: bool | None


async def save_answers(registration_id: UUID, answers: Answers, *, actor: Actor) -> None:
    """The log says which questions changed, never the answers. Refuses (PermissionGone). A minor keeps the age band,
    which their protection depends on, and has no office. Where a training has an audience the answer that let somebody
    in stays.
    """
    wanted: dict[str, object] = {
        "sex": answers.sex,
        "language": answers.language,
        "pueblo": answers.pueblo.value if answers.pueblo else None,
        "community": answers.community,
        "organization": answers.organization,
        "public_official": answers.public_official,
        "age_group": answers.age_group,
    }
    training = (await Registration.get(id=registration_id).select_related("training")).training
    if not training.audience:
        wanted["actor_type"] = answers.actor_type
    await _save(registration_id, wanted, actor, "registrations.answer")


async def correct_answers(registration_id: UUID, answers: Mapping[str, object], *, actor: Actor) -> None:
    """What the desk corrects, by column; refuses with UnknownMunicipality and PermissionGone."""
    code = answers.get("municipality_id")
    if code is not None and not await Municipality.exists(ine_code=code):
        raise UnknownMunicipality(field="municipality")
    await _save(registration_id, answers, actor, "registrations.correct_answers")


OF_ADULTS = frozenset({"age_group", "organization", "public_official"})


async def _save(registration_id: UUID, answers: Mapping[str, object], actor: Actor, act: str) -> None:
    async with transaction():
        registration = await Registration.get(id=registration_id).select_related("training")
        person = await locked_with_permission(registration.participant_id)
        changed = {
            name: value
            for name, value in answers.items()
            if getattr(person, name) != value and not (person.is_minor and name in OF_ADULTS)
        }
        if not changed:
            return
        for name, value in changed.items():
            setattr(person, name, value)
        person.search_text = searchable(person.given_names, person.surnames, person.community)
        await person.save(update_fields=[*changed, "search_text"])
        hub_id = registration.training.hub_id
        await record(act, actor=actor, object_id=registration.id, hub_id=hub_id, questions=sorted(changed))


class NeedsGuardian(Refusal):
    sentence = N_(
        "Con menos de 18 años hace falta el permiso de su madre, padre o persona encargada. Inscríbale de nuevo con "
        "esa persona, y después cancele esta inscripción."
    )
    OVER = N_(
        "Con menos de 18 años hacía falta el permiso de su madre, padre o persona encargada, y aquí ya no se puede "
        "anotar. Si no lo da, borre sus datos al final de esta página."
    )


class NeedsOwnPermission(Refusal):
    sentence = N_(
        "Se inscribió con el permiso y el contacto de su persona encargada. Si tiene 18 años o más, inscríbale de "
        "nuevo con su propio permiso, y después cancele esta inscripción."
    )
    OVER = N_(
        "Se inscribió con el permiso y el contacto de su persona encargada, y así queda. Si ahora tiene 18 años o más, "
        "la próxima vez inscríbale con su propio permiso."
    )


class AgeNotTaken(Refusal):
    sentence = N_("«%(title)s» no recibe a personas de esa edad. Revise la edad; si es así, cancele esa inscripción.")


async def correct_age(registration_id: UUID, age_group: AgeGroup | None, *, actor: Actor) -> None:
    """Set another age band, or (of an adult) none. Both are logged.

    A minor's permission and contact are the guardian's: an adult stays an adult (NeedsGuardian), a minor a minor
    (NeedsOwnPermission). Refuses (AgeNotTaken) an age too young for a coming training of the hub, and (PermissionGone).
    """
    async with transaction():
        registration = await Registration.get_or_none(id=registration_id).select_related("training")
        if registration is None:
            raise UnknownRegistration
        person = await locked_with_permission(registration.participant_id)
        old = person.age_group
        if age_group == old:
            return
        await _check_age(person, age_group, registration.training)
        person.age_group = age_group
        await person.save(update_fields=["age_group"])
        await record(
            "registrations.correct_age",
            actor=actor,
            object_id=registration.id,
            hub_id=registration.training.hub_id,
            old=old.value if old is not None else "",
            new=age_group.value if age_group is not None else "",
        )


async def _is_ahead(training: Training) -> bool:
    sessions = await TrainingSession.filter(training_id=training.id)
    return phase(training, sessions, clock.now()) not in REFUSED_TO_ALL


async def _check_age(person: Participant, age_group: AgeGroup | None, training: Training) -> None:
    was_minor = person.is_minor
    is_minor = age_group is not None and age_group.is_minor
    is_ahead = await _is_ahead(training)
    if is_minor and not was_minor:
        if is_ahead and age_group not in minor_ages(training):
            # The form of this training would not take them either.
            raise AgeNotTaken(field="age_group", title=training.title)
        raise NeedsGuardian(None if is_ahead else NeedsGuardian.OVER, field="age_group")
    if was_minor and not is_minor:
        raise NeedsOwnPermission(None if is_ahead else NeedsOwnPermission.OVER, field="age_group")
    if not is_minor:
        return
    # Of this hub alone: where else a minor comes is not told, and of what is called off nobody can be taken out.
    own = Registration.filter(participant_id=person.id, training__hub_id=training.hub_id)
    live = own.exclude(state=RegistrationState.CANCELLED).exclude(training__state=TrainingState.CANCELLED)
    ids = {key for (key,) in await live.values_list("training_id")}
    to_come = {"sessions__ends_at__gt": clock.now(), "sessions__state": SessionState.PLANNED}
    for one in await Training.filter(id__in=sorted(ids), **to_come).distinct().order_by("id"):
        if age_group not in minor_ages(one):
            raise AgeNotTaken(field="age_group", title=one.title)
