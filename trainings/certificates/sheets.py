"""What a certificate prints, from the rows as they stand at issue. The paper is in Spanish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from trainings import clock
from trainings.certificates import pdf
from trainings.certificates.models import CertificateKind
from trainings.certificates.pdf import CertificateSheet
from trainings.lib import dates
from trainings.lib.tokens import CERTIFICATE_CODE_LENGTH
from trainings.places.models import Hub, OperatorKind
from trainings.places.words import HUB_NAME
from trainings.registrations.models import Registration
from trainings.schedule.models import CourseKind, SessionState, Training, TrainingSession
from trainings.settings import get_settings

ACTIVITIES: dict[CourseKind, str] = {
    CourseKind.CHARLA: "la charla",
    CourseKind.TALLER: "el taller",
    CourseKind.CURSO: "el curso",
    CourseKind.DIPLOMADO: "el diplomado",
}
NO_CODE = "0" * CERTIFICATE_CODE_LENGTH
"""The code of a sample: it belongs to nobody."""
SAMPLE_NAME = "Nombre de la Persona"
SAMPLE_SIGNATORY = ("Nombre de quien firma", "Cargo")


@dataclass(frozen=True, slots=True)
class Occasion:
    """What all certificates of one training share.

    `training` comes with its course, its hub's seat, and the hub's operator with its municipality; `sessions` are all
    of it, in any order; `signatories` pairs of name and office, of which the first three are printed.
    """

    training: Training
    sessions: Sequence[TrainingSession]
    signatories: Sequence[tuple[str, str]]
    issued_on: date

    @property
    def held(self) -> list[TrainingSession]:
        planned = [session for session in self.sessions if session.state is SessionState.PLANNED]
        return sorted(planned, key=lambda session: session.starts_at)

    @property
    def minutes_held(self) -> int:
        return sum(session.minutes for session in self.held)

    @property
    def last_day(self) -> date:
        return clock.local(self.held[-1].ends_at).date()

    @property
    def held_text(self) -> str:
        return dates.held_on([clock.local(session.starts_at).date() for session in self.held], "es")


def folio_of(operator_code: str, year: int, number: int) -> str:
    """`VIMMIG-1705-2027-000123`: one series per operator and local year, over all kinds."""
    return f"VIMMIG-{operator_code}-{year}-{number:06d}"


def sheet_for(
    occasion: Occasion, registration: Registration, kind: CertificateKind, *, folio: str, code: str
) -> CertificateSheet:
    """The sheet of one person's certificate. A diploma states the hours held, a note the hours attended."""
    is_note = kind is CertificateKind.CONSTANCIA
    return _sheet(
        occasion,
        kind,
        person_name=registration.participant.full_name,
        minutes=registration.minutes_attended if is_note else occasion.minutes_held,
        folio=folio,
        code=code,
    )


def sample_sheet(occasion: Occasion) -> CertificateSheet:
    """A diploma of this training for nobody, to look at the design; it needs neither sessions nor signatories."""
    operator = occasion.training.hub.operator
    return _sheet(
        occasion,
        CertificateKind.DIPLOMA,
        person_name=SAMPLE_NAME,
        minutes=occasion.minutes_held or occasion.training.course.minutes,
        folio=folio_of(operator.code, occasion.issued_on.year, 0),
        code=NO_CODE,
    )


def _sheet(
    occasion: Occasion, kind: CertificateKind, *, person_name: str, minutes: int, folio: str, code: str
) -> CertificateSheet:
    training = occasion.training
    hub, settings = training.hub, get_settings()
    signatories = tuple(occasion.signatories)[: pdf.MOST_SIGNATORIES]
    held_text = occasion.held_text if occasion.held else dates.held_on([occasion.issued_on], "es")
    return CertificateSheet(
        kind=kind.value,
        authority=f"La {hub.operator.name}, por medio de su {HUB_NAME}",
        letterhead=_letterhead(hub),
        person_name=person_name,
        activity=ACTIVITIES[training.course.kind],
        title=training.title,
        minutes=minutes,
        held_text=held_text,
        place=hub.seat.full_name,
        issued_on=occasion.issued_on,
        contents=tuple((str(part["title"]), int(part.get("minutes", 0))) for part in training.course.contents),
        signatories=signatories or (SAMPLE_SIGNATORY,),
        folio=folio,
        code=code,
        check_url=f"{settings.base_url.rstrip('/')}/V/{code}".upper(),
        host_text=f"{settings.host}/verificar",
    )


def _letterhead(hub: Hub) -> tuple[str, ...]:
    if hub.operator.kind is OperatorKind.ASSOCIATION:
        return (hub.operator.name, hub.seat.full_name)
    municipality = hub.operator.municipality
    return (f"Municipalidad de {municipality.name}", f"Departamento de {municipality.department}")


def texts_in_common(sheet: CertificateSheet) -> list[str]:
    """What it prints besides the person's name: the same on all certificates of the training."""
    texts = [sheet.authority, *sheet.letterhead, sheet.title, sheet.place, *(title for title, _ in sheet.contents)]
    return texts + [text for pair in sheet.signatories for text in pair]
