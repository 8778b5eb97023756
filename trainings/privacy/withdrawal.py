"""Erase a person: only what they were told stays."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.attendance.models import Attendance
from trainings.audit.actions import record
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM, Actor
from trainings.certificates.issuing import names
from trainings.certificates.models import Certificate, NameConfirmation
from trainings.db import lock, reads, transaction
from trainings.lib.text import fold
from trainings.outbox.mailer import Composers
from trainings.outbox.models import OPEN, Call, OutboxJob
from trainings.people.actions import PHONE_KEYS, correct_name
from trainings.people.models import NOBODY, TELLING_ANSWERS, Consent, Guardian, Participant
from trainings.privacy.models import ErasureRequest
from trainings.registrations.eligibility import CannotChange
from trainings.registrations.models import Registration, RegistrationState
from trainings.registrations.own.erasures import ASKED, KIND, PAPERS, What, papers_of
from trainings.registrations.queries import UnknownRegistration
from trainings.registrations.seats import actions as registrations
from trainings.schedule.models import TrainingSession, TrainingState
from trainings.web.i18n import N_, gettext


async def what_stays(people: Sequence[UUID], *, by_link: bool) -> list[str]:
    """Sentences to read before erasing these participants."""
    stays = [NAMELESS_COUNT]
    if await reads(Guardian).filter(participant_id__in=list(people)).exists():
        stays.append(N_("Su grupo de edad, para seguir protegiendo sus datos como de menor de edad."))
    stays += await _left_with_others(people)
    if by_link:
        stays.append(N_("Otras inscripciones suyas: cada una se borra con su enlace, o todas en la ventanilla."))
    return [gettext(sentence) for sentence in [*stays, *STAYS_ELSEWHERE]]


NAMELESS_COUNT = N_(
    "Que hubo una inscripción o una asistencia, sin su nombre: de parte de quién vino y, si asistió, de qué municipio. "
    "Así cuadran las cuentas."
)
STAYS_ELSEWHERE = (
    N_("Su nombre en lo que ya salió de aquí: expedientes de sesión, listas impresas y archivos exportados."),
    N_("Lo que otra ventanilla anotó aparte: eso se pide allá."),
    N_("Las copias de seguridad, hasta 30 días."),
    N_("Qué permisos dio y qué día los retiró."),
)


async def _left_with_others(people: Sequence[UUID]) -> list[str]:
    own = await reads(Participant).filter(id__in=people)
    groups = reads(Registration).filter(participant_id__in=people).values("group_id")
    together = reads(Registration).filter(group_id__in=Subquery(groups)).values("participant_id")
    others = reads(Participant).filter(id__in=Subquery(together)).exclude(id__in=people)
    names = {fold(one.full_name) for one in own} - {""}
    contacts = {key for one in own if one.phone or one.email for key in (one.phone_key, one.email_key)} - {None}
    found = await others
    stays = []
    guardians = reads(Guardian).filter(participant_id__in=[one.id for one in found], withdrawn_at=None)
    if any(fold(one.name or "") in names for one in await guardians):
        stays.append(
            N_("Su nombre y su contacto como persona encargada de menores: se borran al retirar también ese permiso.")
        )
    if any(contacts & {one.phone_key, one.email_key} for one in found if one.phone or one.email):
        stays.append(N_("El mismo teléfono o correo de quienes vinieron en su formulario: se cambia en la ventanilla."))
    return stays


async def carry_out(job: OutboxJob) -> None:
    """After 72 hours, unless undone meanwhile. The job is deleted with all that hangs on the permission, in one
    transaction: done once, or tried again.
    """
    if registration := await _taken_on(job):
        actor = PROGRAM if "asked_by" in job.payload else HOLDER_OF_LINK
        await withdraw_data(registration.id, actor=actor, papers=papers_of(job), job=_ours(job))


async def _taken_on(job: OutboxJob) -> Registration | None:
    """With a hub its coordinators see the job until it is done. None: another worker took it on."""
    assert clock.now() >= job.run_at, "nothing is deleted before the moment that the person was told"
    registration = await _registration(UUID(job.payload["registration_id"]))
    return registration if await _ours(job).update(hub_id=registration.training.hub_id) else None


def _ours(job: OutboxJob) -> QuerySet[OutboxJob]:
    return OutboxJob.filter(id=job.id, attempts=job.attempts)


class _CameBack(Exception):
    """Registered again between cancelling and withdrawing: cancel once more."""


async def withdraw_data(
    registration_id: UUID, *, actor: Actor, papers: What = What.DATA, job: QuerySet[OutboxJob] | None = None
) -> None:
    """Erase this registration's person (a minor's guardian too), at once; it was asked for 72 hours before
    (`registrations.own.erasures`). Another participant, even if merged with this one, is asked for alone.

    Coming registrations are cancelled, each in its own transaction: a repeat finishes an interrupted run. Then all
    permissions, contacts, answers, support needs and waiting messages go, and the name: attendance stays without it,
    certificates keep it unless `papers` says otherwise (`what_stays`). Twice is once, and nothing once `job` is gone.
    """
    registration = await _registration(registration_id)
    person_id, n_cancelled = registration.participant_id, 0
    while True:
        cancelled, left = await _cancel_what_is_ahead(person_id, actor)
        n_cancelled += cancelled
        with contextlib.suppress(_CameBack):
            async with transaction():
                [person] = await lock(Participant, [person_id])
                if job is None or await job.exists():
                    # A new registration locks the person too: from here on none comes.
                    if {one.id for one in await _ahead(person_id)} - left:
                        raise _CameBack
                    await _end(registration, person, n_cancelled, actor)
                    await _erase(registration, papers, actor)
                    if job is not None:
                        await job.delete()
            return


async def _end(registration: Registration, person: Participant, n_cancelled: int, actor: Actor) -> None:
    n_permissions = await _take_back_permissions(person)
    has_changed = await forget([person])
    if n_cancelled or n_permissions or has_changed:
        await record(
            "privacy.withdraw_data",
            actor=actor,
            object_id=registration.id,
            hub_id=registration.training.hub_id,
            cancelled=n_cancelled,
            permissions=n_permissions,
        )


async def _registration(registration_id: UUID) -> Registration:
    found = await reads(Registration).get_or_none(id=registration_id).select_related("training")
    if found is None:
        raise UnknownRegistration
    return found


async def _ahead(person_id: UUID) -> list[Registration]:
    live = Registration.filter(participant_id=person_id).exclude(state=RegistrationState.CANCELLED)
    called_on = await live.exclude(training__state=TrainingState.CANCELLED).order_by("training_id", "id")
    coming = TrainingSession.filter(training_id__in=[one.training_id for one in called_on], ends_at__gt=clock.now())
    still_to_come = {key for (key,) in await coming.values_list("training_id")}
    return [one for one in called_on if one.training_id in still_to_come]


async def _cancel_what_is_ahead(person_id: UUID, actor: Actor) -> tuple[int, frozenset[UUID]]:
    """(number cancelled, registrations that cannot be cancelled any more)."""
    n_cancelled, left = 0, set[UUID]()
    for registration in await _ahead(person_id):
        try:
            await registrations.cancel(registration.id, actor=actor)
            n_cancelled += 1
        except CannotChange:  # it ended or was called off between our look and the cancelling
            left.add(registration.id)
    return n_cancelled, frozenset(left)


async def _take_back_permissions(person: Participant) -> int:
    standing: Mapping[str, Any] = {"participant_id": person.id, "withdrawn_at": None}
    moment = clock.now()
    n_own = await Consent.filter(**standing).update(withdrawn_at=moment)
    return n_own + await Guardian.filter(**standing).update(withdrawn_at=moment)


async def forget(people: Sequence[Participant]) -> bool:
    """What hung on withdrawn permissions, in the caller's transaction; returns whether there was anything."""
    ids = [person.id for person in people]
    attended = await _attended(ids)
    has_changed = [await _forget_answers(person, came=person.id in attended) for person in people]
    named = Q(name__not_isnull=True) | Q(phone__not_isnull=True) | Q(email__not_isnull=True)
    n_guardians = await Guardian.filter(named, participant_id__in=ids).update(**NAMELESS)
    registered = [key for (key,) in await Registration.filter(participant_id__in=ids).values_list("id")]
    n_needs = await Registration.filter(id__in=registered, needs__not_isnull=True).update(needs=None)
    n_messages = await OutboxJob.filter(subject_id__in=registered, **OPEN).exclude(kind__in=ASKED).delete()
    asked = await OutboxJob.filter(subject_id__in=registered, kind=KIND)
    # A failed job, too; a wish about certificates is still to be carried out.
    done = [job.id for job in asked if papers_of(job) is What.DATA]
    n_messages += await OutboxJob.filter(id__in=done).delete()
    n_calls = await Call.filter(registration_id__in=registered).delete()
    n_names = await NameConfirmation.filter(registration_id__in=registered).delete()
    await ErasureRequest.filter(registration_id__in=registered).delete()
    return any(has_changed) or bool(n_guardians or n_needs or n_messages or n_calls or n_names)


NAMELESS: Mapping[str, Any] = dict.fromkeys(("name", "phone", "email", "email_refused_at"))
"""A guardian."""


async def _forget_answers(person: Participant, *, came: bool) -> bool:
    """Returns whether anything changed. A minor's age group stays: without it the rest would be shown as an adult's.
    The municipality stays with an attendance, for the figures.
    """
    columns = ["phone", "other_phone", "email", *PHONE_KEYS, "email_key", "email_refused_at"]
    columns += ["sex", "public_official"]
    if not person.is_minor:
        columns.append("age_group")
    if not came:
        columns.append("municipality_id")
    empty: dict[str, str | None] = {**dict.fromkeys(columns), **TELLING_ANSWERS}
    changed = [name for name, nothing in empty.items() if getattr(person, name) != nothing]
    for name in changed:
        setattr(person, name, empty[name])
    if changed:
        await person.save(update_fields=changed)
    is_renamed = (person.given_names, person.surnames) != (NOBODY, "")
    if changed or is_renamed:
        await correct_name(person, NOBODY, "")
    return bool(changed) or is_renamed


async def _attended(people: Sequence[UUID]) -> frozenset[UUID]:
    ids = list(people)
    came = reads(Attendance).filter(registration__participant_id__in=ids, is_present=True)
    completed = reads(Registration).filter(participant_id__in=ids, completed_at__not_isnull=True)
    rows = [
        *await came.values_list("registration__participant_id"),
        *await completed.values_list("participant_id"),
    ]
    return frozenset(key for (key,) in rows)


# -- certificates


async def erasable_papers(registration_id: UUID) -> list[Certificate]:
    """Certificates of the person of `withdraw_data`."""
    return await names.erasable([(await _registration(registration_id)).participant_id])


async def erase_papers(
    registration_id: UUID, what: What, *, actor: Actor, job: QuerySet[OutboxJob] | None = None
) -> int:
    """At once; returns how many. Twice is once, and nothing once `job` is gone."""
    registration = await _registration(registration_id)
    async with transaction():
        await lock(Participant, [registration.participant_id])
        return await _erase(registration, what, actor) if job is None or await job.exists() else 0


async def _carry_out_papers(job: OutboxJob) -> None:
    if registration := await _taken_on(job):
        what = What(job.payload["what"])
        await erase_papers(registration.id, what, actor=HOLDER_OF_LINK, job=_ours(job))


async def _erase(registration: Registration, what: What, actor: Actor) -> int:
    """Deletes the job of papers alone too."""
    if what is What.DATA:
        return 0
    ids = [registration.participant_id]
    n = await (names.remove_names(ids) if what is What.NAME else names.withdraw_all(ids))
    registered = [key for (key,) in await Registration.filter(participant_id__in=ids).values_list("id")]
    await OutboxJob.filter(kind=PAPERS, subject_id__in=registered).delete()
    if n:
        hub_id = registration.training.hub_id
        await record(
            "privacy.erase_papers", actor=actor, object_id=registration.id, hub_id=hub_id, what=what.value, n=n
        )
    return n


COMPOSERS: Composers = {KIND: carry_out, PAPERS: _carry_out_papers}
