"""The mark of a course with a test, 0 to 100 points. By name, unlike the anonymous tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from trainings.accounts.permissions import can_enter_marks
from trainings.attendance.models import Attendance
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.db import reads, transaction
from trainings.errors import NotAllowed, Refusal
from trainings.lib.text import search_text
from trainings.registrations.models import TAKES_PLACE, Registration
from trainings.registrations.queries import UnknownTraining
from trainings.schedule.models import SessionFacilitator, Training
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_

MOST_POINTS = 100


class NoTest(Refusal):
    sentence = N_("Este curso no tiene evaluación. La coordinación puede ponerle una en el catálogo.")


class MarkStated(Refusal):
    sentence = N_(
        "Hay certificados que dicen que esa persona aprobó. Para bajar su nota, anúlelos primero: %(folios)s."
    )


class MayNotEnterMarks(NotAllowed):
    sentence = N_("Las notas las anota quien facilita la capacitación, o la coordinación.")


async def training_to_mark(training_id: UUID, actor: Actor) -> Training:
    """Raises UnknownTraining, MayNotEnterMarks, and NoTest without a pass mark."""
    training = await reads(Training).get_or_none(id=training_id).select_related("hub__seat")
    if training is None:
        raise UnknownTraining
    holds = await reads(SessionFacilitator).filter(session__training_id=training_id, user_id=actor.id).exists()
    if not can_enter_marks(actor, training.hub_id, is_facilitator=holds):
        raise MayNotEnterMarks if training.hub_id in actor.roles_at else UnknownTraining
    if training.pass_mark is None:
        raise NoTest
    return training


async def examined(training_id: UUID) -> list[Registration]:
    came = (
        await reads(Attendance)
        .filter(registration__training_id=training_id, is_present=True)
        .values_list("registration_id")
    )
    present = {key for (key,) in came}
    found = reads(Registration).filter(training_id=training_id).select_related("participant")
    people = [one for one in await found if one.state in TAKES_PLACE or one.id in present]
    return sorted(people, key=lambda one: (search_text(one.participant.given_names, one.participant.surnames), one.id))


async def enter_marks(training_id: UUID, marks: Mapping[UUID, int | None], *, actor: Actor) -> int:
    """None removes a mark; returns the number of changes. Refuses (MarkStated) a mark below the pass mark where a
    certificate says passed.
    """
    async with transaction():
        training = await locked_training(training_id)
        own = Registration.filter(training_id=training_id, id__in=list(marks))
        changed = [one for one in await own.order_by("id") if one.mark != marks[one.id]]
        for one in changed:
            one.mark = marks[one.id]
        await _check_stated(changed, training.pass_mark)
        for one in changed:
            await one.save(update_fields=["mark"])
        if changed:
            n = len(changed)
            await record("certificates.enter_marks", actor=actor, object_id=training_id, hub_id=training.hub_id, n=n)
        return len(changed)


async def _check_stated(changed: Sequence[Registration], pass_mark: int | None) -> None:
    failing = [one.id for one in changed if pass_mark is not None and (one.mark is None or one.mark < pass_mark)]
    stated = Certificate.filter(registration_id__in=failing, kind=CertificateKind.CERTIFICADO)
    found = await stated.exclude(state=CertificateState.REVOKED).order_by("folio") if failing else []
    if found:
        raise MarkStated(folios=", ".join(one.folio for one in found))
