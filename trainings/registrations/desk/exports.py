"""Names only with a reason, and never a minor's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from trainings import clock
from trainings.accounts.permissions import can_export
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import reads
from trainings.errors import WrongInput
from trainings.lib.dates import numeric_date
from trainings.limits import actions as limits
from trainings.people.choices import ANOTHER_PLACE_WORDS, in_words
from trainings.people.words import ACTOR_TYPES, AGE_GROUPS, SEXES
from trainings.registrations.models import Registration
from trainings.registrations.seats.cards import UnknownHub
from trainings.registrations.words import SOURCES, STATES
from trainings.schedule.models import OF_REAL, REAL, Training, TrainingSession
from trainings.schedule.queries import UnknownTraining
from trainings.web.i18n import N_, gettext

PER_HOUR = 10
LONGEST_DAYS = 400


class ExportFormat(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"


class ExportReason(StrEnum):
    PAPER_RECORD = "paper_record"
    CERTIFICATES = "certificates"
    NAMES_CHECK = "names_check"
    AUDIT = "audit"


REASONS: Mapping[ExportReason, str] = {
    ExportReason.PAPER_RECORD: N_("Archivar en papel quiénes participaron"),
    ExportReason.CERTIFICATES: N_("Preparar diplomas o constancias"),
    ExportReason.NAMES_CHECK: N_("Revisar nombres con la comunidad o institución"),
    ExportReason.AUDIT: N_("Auditoría o supervisión municipal"),
}

WITHOUT_NAMES = (
    N_("No."),
    N_("Capacitación"),
    N_("Fecha"),
    N_("Municipio"),
    N_("De parte de"),
    N_("Sexo"),
    N_("Edad"),
    N_("Estado"),
    N_("Minutos de asistencia"),
    N_("Cómo se inscribió"),
)
NAMES = (N_("Nombres"), N_("Apellidos"))
A_MINOR = N_("menor de edad")


class NoReason(WrongInput):
    sentence = N_("Diga para qué necesita los nombres.")


class WrongPeriod(WrongInput):
    sentence = N_("La segunda fecha debe ser igual o posterior a la primera, y con no más de 400 días entre las dos.")


@dataclass(frozen=True, slots=True)
class Asked:
    """A reason lets the names in."""

    as_format: ExportFormat
    reason: ExportReason | None = None

    @property
    def has_names(self) -> bool:
        return self.reason is not None


@dataclass(frozen=True, slots=True)
class Exported:
    header: Sequence[str]
    rows: Sequence[Sequence[str | int]]


async def training_to_export(training_id: UUID, actor: Actor) -> Training:
    training = await reads(Training).filter(REAL).get_or_none(id=training_id).prefetch_related("hub")
    if training is None or not can_export(actor, training.hub_id):
        raise UnknownTraining
    return training


async def export_training(training: Training, asked: Asked, *, actor: Actor) -> Exported:
    """Refuses the 11th file in an hour. Each is logged."""
    return await _export([training.id], asked, actor=actor, hub_id=training.hub_id, object_id=training.id)


async def export_hub(hub_id: UUID, first: date, last: date, asked: Asked, *, actor: Actor) -> Exported:
    """Trainings with a session from `first` to `last`, both included. Refuses another's hub, more than 400 days, and as
    `export_training`.
    """
    if not can_export(actor, hub_id):
        raise UnknownHub(field="hub")
    if not timedelta(0) <= last - first <= timedelta(days=LONGEST_DAYS):
        raise WrongPeriod(field="last")
    held = reads(TrainingSession).filter(
        OF_REAL,
        training__hub_id=hub_id,
        starts_at__gte=clock.midnight(first),
        starts_at__lt=clock.midnight(last + timedelta(days=1)),
    )
    ids = {key for (key,) in await held.values_list("training_id")}
    return await _export(
        sorted(ids), asked, actor=actor, hub_id=hub_id, object_id=hub_id, first=str(first), last=str(last)
    )


async def _export(
    training_ids: Sequence[UUID], asked: Asked, *, actor: Actor, hub_id: UUID, object_id: UUID, **detail: object
) -> Exported:
    await limits.hit("export", str(actor.id), PER_HOUR, 3_600)
    found = await _registrations(training_ids)
    began = await _first_days(training_ids)
    header = [gettext(words) for words in (*WITHOUT_NAMES, *(NAMES if asked.has_names else ()))]
    rows = [
        _row(number, one, began.get(one.training_id, ""), has_names=asked.has_names)
        for number, one in enumerate(found, start=1)
    ]
    await record(
        "registrations.export",
        actor=actor,
        object_id=object_id,
        hub_id=hub_id,
        format=asked.as_format.value,
        names=asked.has_names,
        reason=asked.reason.value if asked.reason else "",
        rows=len(rows),
        **detail,
    )
    return Exported(header, rows)


async def _registrations(training_ids: Sequence[UUID]) -> list[Registration]:
    return (
        await reads(Registration)
        .filter(training_id__in=list(training_ids), joined_to_id=None)
        .order_by("training_id", "created_at", "id")
        .prefetch_related("participant__municipality", "training")
    )


async def _first_days(training_ids: Sequence[UUID]) -> dict[UUID, str]:
    sessions = reads(TrainingSession).filter(training_id__in=list(training_ids)).order_by("-starts_at")
    return {key: numeric_date(starts_at) for key, starts_at in await sessions.values_list("training_id", "starts_at")}


def _row(number: int, registration: Registration, began: str, *, has_names: bool) -> list[str | int]:
    person = registration.participant
    row: list[str | int] = [
        number,
        registration.training.title,
        began,
        person.municipality.full_name if person.municipality else gettext(ANOTHER_PLACE_WORDS),
        in_words(ACTOR_TYPES, person.actor_type),
        in_words(SEXES, person.sex),
        in_words(AGE_GROUPS, person.age_group),
        gettext(STATES[registration.state]),
        registration.minutes_attended,
        gettext(SOURCES[registration.source]),
    ]
    if not has_names:
        return row
    if person.is_minor:
        return [*row, gettext(A_MINOR), ""]
    return [*row, person.given_names, person.surnames]
