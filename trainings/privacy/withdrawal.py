"""Withdraw the permission for a person's data: only what they were told stays."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q, Subquery
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.attendance.models import Attendance
from trainings.audit.actions import record
from trainings.audit.actor import HOLDER_OF_LINK, Actor
from trainings.certificates.issuing import names
from trainings.certificates.models import Certificate, NameConfirmation
from trainings.db import lock, reads, transaction
from trainings.lib.text import fold
from trainings.outbox.mailer import Composers
from trainings.outbox.models import OPEN, Call, OutboxJob
from trainings.people.actions import correct_name
from trainings.people.consents import without_permission
from trainings.people.merged import same_person_ids
from trainings.people.models import NOBODY, TELLING_ANSWERS, Consent, Guardian, Participant
from trainings.registrations.eligibility import CannotChange
from trainings.registrations.models import Registration, RegistrationState
from trainings.registrations.own.erasures import KIND, PAPERS, WAIT, What
from trainings.registrations.queries import UnknownRegistration
from trainings.registrations.seats import actions as registrations
from trainings.schedule.models import TrainingSession, TrainingState
from trainings.web.i18n import N_, gettext


@dataclass(frozen=True, slots=True)
class Traces:
    """Acts that others rely on: attendance, or a certificate that can be checked."""

    attended: frozenset[UUID]
    certified: frozenset[UUID]

    def keep_name_of(self, participant_id: UUID) -> bool:
        return participant_id in self.attended or participant_id in self.certified


async def what_stays(registration_id: UUID, *, actor: Actor) -> list[str]:
    """Sentences to read before withdrawing."""
    people = await _whose(await _registration(registration_id), actor)
    traces = await _traces(people)
    stays = []
    if traces.attended:
        stays.append(N_("Su nombre, su municipio, de parte de quién vino y su asistencia: prueban lo que aprendió."))
    if traces.certified:
        stays.append(N_("Su diploma con su nombre: se puede revisar con su código."))
    if not stays:
        stays.append(N_("Que hubo una inscripción y de parte de quién, sin su nombre: así cuadran las cuentas."))
    if await reads(Guardian).filter(participant_id__in=people).exists():
        stays.append(N_("Su grupo de edad, para seguir protegiendo sus datos como de menor de edad."))
    stays += await _left_with_others(people)
    if actor.id is None and not traces.attended and await _may_come_before(people, clock.now() + WAIT):
        stays.append(N_("Si asiste antes de ese día: también su nombre, su municipio y su asistencia."))
    if actor.id is None:
        stays.append(N_("Otras inscripciones suyas: cada una se retira con su enlace, o todas en la ventanilla."))
    stays.append(N_("Qué permisos dio y qué día los retiró."))
    return [gettext(sentence) for sentence in stays]


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


async def withdraw_data(registration_id: UUID, *, actor: Actor) -> None:
    """For this registration's person (a minor's guardian), at once. By own link it is asked first
    (`registrations.own.erasures`) and carried out 72 hours later.

    Staff withdraw it for everybody merged with this person; an own link for this participant alone, for somebody else
    may have registered with the same name and telephone before the merge.

    Coming registrations are cancelled, each in its own transaction: a repeat finishes an interrupted run. Then all
    permissions, contacts, optional answers, support needs and waiting messages go. The name stays only for attendance
    and certificates (`what_stays`). Twice is once.
    """
    await _take_back(await _registration(registration_id), actor)


async def carry_out(job: OutboxJob) -> None:
    """Job of an own link, after 72 hours, unless undone or done by staff meanwhile. The job is deleted with all that
    hangs on the permission, in one transaction: done once, or tried again.
    """
    if registration := await _taken_on(job):
        await _take_back(registration, HOLDER_OF_LINK, job=_ours(job))


async def _taken_on(job: OutboxJob) -> Registration | None:
    """With a hub its coordinators see the job until it is done. None: another worker took it on."""
    assert clock.now() >= job.run_at, "nothing is deleted before the moment that the person was told"
    registration = await _registration(UUID(job.payload["registration_id"]))
    return registration if await _ours(job).update(hub_id=registration.training.hub_id) else None


def _ours(job: OutboxJob) -> QuerySet[OutboxJob]:
    return OutboxJob.filter(id=job.id, attempts=job.attempts)


class _CameBack(Exception):
    """Registered again between cancelling and withdrawing: cancel once more."""


async def _take_back(registration: Registration, actor: Actor, *, job: QuerySet[OutboxJob] | None = None) -> None:
    n_cancelled = 0
    while True:
        cancelled, left = await _cancel_what_is_ahead(await _whose(registration, actor), actor)
        n_cancelled += cancelled
        with contextlib.suppress(_CameBack):
            async with transaction():
                people = await lock(Participant, await _whose(registration, actor))
                if job is None or await job.exists():
                    # A new registration locks the person too: from here on none comes.
                    if {one.id for one in await _ahead([one.id for one in people])} - left:
                        raise _CameBack
                    await _end(registration, people, n_cancelled, actor)
            return


async def _end(registration: Registration, people: Sequence[Participant], n_cancelled: int, actor: Actor) -> None:
    n_permissions = await _take_back_permissions(people)
    has_changed = await forget(people)
    if n_cancelled or n_permissions or has_changed:
        await record(
            "privacy.withdraw_data",
            actor=actor,
            object_id=registration.id,
            hub_id=registration.training.hub_id,
            cancelled=n_cancelled,
            permissions=n_permissions,
        )


async def _whose(registration: Registration, actor: Actor) -> list[UUID]:
    is_by_staff = actor.id is not None
    return await same_person_ids(registration.participant_id) if is_by_staff else [registration.participant_id]


async def _registration(registration_id: UUID) -> Registration:
    found = await reads(Registration).get_or_none(id=registration_id).select_related("training")
    if found is None:
        raise UnknownRegistration
    return found


async def _may_come_before(people: Sequence[UUID], moment: datetime) -> bool:
    """Registered for a session that begins until then and is not over."""
    live = reads(Registration).filter(participant_id__in=list(people)).exclude(state=RegistrationState.CANCELLED)
    soon = live.filter(training__sessions__ends_at__gt=clock.now(), training__sessions__starts_at__lt=moment)
    return await soon.exclude(training__state=TrainingState.CANCELLED).exists()


async def _ahead(people: Sequence[UUID]) -> list[Registration]:
    live = Registration.filter(participant_id__in=list(people)).exclude(state=RegistrationState.CANCELLED)
    called_on = await live.exclude(training__state=TrainingState.CANCELLED).order_by("training_id", "id")
    coming = TrainingSession.filter(training_id__in=[one.training_id for one in called_on], ends_at__gt=clock.now())
    still_to_come = {key for (key,) in await coming.values_list("training_id")}
    return [one for one in called_on if one.training_id in still_to_come]


async def _cancel_what_is_ahead(people: Sequence[UUID], actor: Actor) -> tuple[int, frozenset[UUID]]:
    """(number cancelled, registrations that cannot be cancelled any more)."""
    n_cancelled, left = 0, set[UUID]()
    for registration in await _ahead(people):
        try:
            await registrations.cancel(registration.id, actor=actor)
            n_cancelled += 1
        except CannotChange:  # it ended or was called off between our look and the cancelling
            left.add(registration.id)
    return n_cancelled, frozenset(left)


async def _take_back_permissions(people: Sequence[Participant]) -> int:
    ids, moment = [person.id for person in people], clock.now()
    n_own = await Consent.filter(participant_id__in=ids, withdrawn_at=None).update(withdrawn_at=moment)
    return n_own + await Guardian.filter(participant_id__in=ids, withdrawn_at=None).update(withdrawn_at=moment)


async def forget(people: Sequence[Participant]) -> bool:
    """What hung on withdrawn permissions, in the caller's transaction; returns whether there was anything."""
    ids = [person.id for person in people]
    traces = await _traces(ids)
    n_guardians = await _forget_guardians(ids, traces)
    has_changed = [await _forget_answers(person, traces) for person in people]
    registered = [key for (key,) in await Registration.filter(participant_id__in=ids).values_list("id")]
    n_needs = await Registration.filter(id__in=registered, needs__not_isnull=True).update(needs=None)
    about_them = OutboxJob.filter(subject_id__in=registered)
    n_messages = await about_them.filter(**OPEN).delete()
    n_messages += await about_them.filter(kind=KIND).delete()  # a failed job, too
    n_calls = await Call.filter(registration_id__in=registered).delete()
    n_names = await NameConfirmation.filter(registration_id__in=registered).delete()
    return any(has_changed) or bool(n_guardians or n_needs or n_messages or n_calls or n_names)


async def _forget_guardians(ids: Sequence[UUID], traces: Traces) -> int:
    """Contacts go; the guardian's name stays as long as the minor's."""
    reachable = Guardian.filter(Q(phone__not_isnull=True) | Q(email__not_isnull=True), participant_id__in=list(ids))
    n_changed = await reachable.update(phone=None, email=None, email_refused_at=None)
    nameless = [key for key in ids if not traces.keep_name_of(key)]
    named = Guardian.filter(participant_id__in=nameless, name__not_isnull=True)
    return n_changed + await named.update(name=None)


async def _forget_answers(person: Participant, traces: Traces) -> bool:
    """Returns whether anything changed. A minor's age group stays: without it the rest would be shown as an adult's."""
    columns = ["phone", "email", "phone_key", "email_key", "email_refused_at"]
    columns += ["sex", "public_official"]
    if not person.is_minor:
        columns.append("age_group")
    empty: dict[str, str | None] = {**dict.fromkeys(columns), **TELLING_ANSWERS}
    if not traces.keep_name_of(person.id):
        empty["municipality_id"] = None
    changed = [name for name, nothing in empty.items() if getattr(person, name) != nothing]
    for name in changed:
        setattr(person, name, empty[name])
    if changed:
        await person.save(update_fields=changed)
    names = (person.given_names, person.surnames) if traces.keep_name_of(person.id) else (NOBODY, "")
    is_renamed = (person.given_names, person.surnames) != names
    if changed or is_renamed:
        await correct_name(person, *names)
    return bool(changed) or is_renamed


async def _traces(people: Sequence[UUID]) -> Traces:
    ids = list(people)
    came = reads(Attendance).filter(registration__participant_id__in=ids, is_present=True)
    completed = reads(Registration).filter(participant_id__in=ids, completed_at__not_isnull=True)
    certified = reads(Certificate).filter(registration__participant_id__in=ids, erased_at=None)
    return Traces(
        attended=frozenset(
            key
            for (key,) in [
                *await came.values_list("registration__participant_id"),
                *await completed.values_list("participant_id"),
            ]
        ),
        certified=frozenset(key for (key,) in await certified.values_list("registration__participant_id")),
    )


# -- certificates


async def erasable_papers(registration_id: UUID, *, actor: Actor) -> list[Certificate]:
    """Certificates of the people of `withdraw_data`."""
    return await names.erasable(await _whose(await _registration(registration_id), actor))


async def erase_papers(registration_id: UUID, what: What, *, actor: Actor) -> int:
    """At once, at the desk; returns how many. Twice is once."""
    async with transaction():
        return await _erase(await _registration(registration_id), what, actor)


async def _carry_out_papers(job: OutboxJob) -> None:
    if registration := await _taken_on(job):
        async with transaction():
            await lock(Participant, [registration.participant_id])
            if await _ours(job).exists():
                await _erase(registration, What(job.payload["what"]), HOLDER_OF_LINK)


async def _erase(registration: Registration, what: What, actor: Actor) -> int:
    """Deletes the job too, and the name if only a certificate still kept it."""
    people = await lock(Participant, await _whose(registration, actor))
    ids = [person.id for person in people]
    n = await (names.remove_names(ids) if what is What.NAME else names.withdraw_all(ids))
    registered = [key for (key,) in await Registration.filter(participant_id__in=ids).values_list("id")]
    await OutboxJob.filter(kind=PAPERS, subject_id__in=registered).delete()
    gone = await without_permission(ids)
    await forget([person for person in people if person.id in gone])
    if n:
        hub_id = registration.training.hub_id
        await record(
            "privacy.erase_papers", actor=actor, object_id=registration.id, hub_id=hub_id, what=what.value, n=n
        )
    return n


COMPOSERS: Composers = {KIND: carry_out, PAPERS: _carry_out_papers}
