"""Which kinds of certificate somebody has earned."""

from __future__ import annotations

from trainings.certificates.models import CertificateKind
from trainings.errors import Refusal
from trainings.registrations.models import Registration
from trainings.schedule.models import Course
from trainings.web.i18n import N_


class NotEligible(Refusal):
    code = "not_eligible"
    sentence = N_("Todavía no cumple las horas para este documento. Revise su asistencia, o emita una constancia.")


def kinds_open_to(registration: Registration, course: Course) -> list[CertificateKind]:
    """The kinds earned, the highest first: tested certificate, diploma for completed hours, note for hours attended."""
    kinds: list[CertificateKind] = []
    if registration.completed_at is not None:
        if course.pass_mark is not None and registration.mark is not None and registration.mark >= course.pass_mark:
            kinds.append(CertificateKind.CERTIFICADO)
        kinds.append(CertificateKind.DIPLOMA)
    if registration.minutes_attended > 0:
        kinds.append(CertificateKind.CONSTANCIA)
    return kinds
