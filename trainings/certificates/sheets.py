"""What a certificate prints, from the rows as they stand at issue. The paper is in Spanish."""

from __future__ import annotations

from collections.abc import Sequence

from trainings import clock
from trainings.certificates.models import CertificateKind
from trainings.certificates.pdf import CertificateSheet
from trainings.lib import dates
from trainings.places.models import Hub, OperatorKind
from trainings.registrations.models import Registration
from trainings.schedule.models import CourseKind, SessionState, TrainingSession
from trainings.settings import Settings

ACTIVITIES: dict[CourseKind, str] = {
    CourseKind.CHARLA: "la charla",
    CourseKind.TALLER: "el taller",
    CourseKind.CURSO: "el curso",
    CourseKind.DIPLOMADO: "el diplomado",
}
HUB_NAME = "Ventanilla Informativa Municipal sobre Migración"


def sheet_for(
    registration: Registration,
    kind: CertificateKind,
    sessions: Sequence[TrainingSession],
    signatories: Sequence[tuple[str, str]],
    *,
    folio: str,
    code: str,
    settings: Settings,
) -> CertificateSheet:
    """The sheet of one person's certificate. A diploma states the hours held, a note the hours attended."""
    training = registration.training
    held = sorted(
        (session for session in sessions if session.state is SessionState.PLANNED),
        key=lambda session: session.starts_at,
    )
    held_minutes = sum(session.minutes for session in held)
    hub = training.hub
    return CertificateSheet(
        kind=kind.value,
        authority=_authority(hub),
        letterhead=_letterhead(hub),
        person_name=registration.participant.full_name,
        activity=ACTIVITIES[training.course.kind],
        title=training.title,
        minutes=registration.minutes_attended if kind is CertificateKind.CONSTANCIA else held_minutes,
        held_text=dates.held_on([clock.local(session.starts_at).date() for session in held], "es"),
        place=hub.seat.full_name,
        issued_on=clock.today(),
        contents=tuple((str(part["title"]), int(part.get("minutes", 0))) for part in training.course.contents),
        signatories=tuple(signatories),
        folio=folio,
        code=code,
        check_url=f"{settings.base_url}/V/{code}".upper(),
        host_text=f"{settings.host}/verificar",
    )


def _authority(hub: Hub) -> str:
    return f"La {hub.operator.name}, por medio de su {HUB_NAME}"


def _letterhead(hub: Hub) -> tuple[str, ...]:
    if hub.operator.kind is OperatorKind.ASSOCIATION:
        return (hub.operator.name, hub.seat.full_name)
    municipality = hub.operator.municipality
    return (f"Municipalidad de {municipality.name}", f"Departamento de {municipality.department}")
