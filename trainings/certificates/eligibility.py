from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from trainings.attendance.models import Attendance
from trainings.attendance.projection import Stay, counts, minutes_of
from trainings.certificates.models import Certificate, CertificateKind, CertificateState, SkipReason, is_withdrawn
from trainings.errors import Refusal
from trainings.schedule.completion import Outlook, minutes_counted, minutes_made_up, minutes_planned, outlook_of
from trainings.schedule.models import Training, TrainingSession
from trainings.web.i18n import N_

HIGHER = frozenset({CertificateKind.CERTIFICADO, CertificateKind.DIPLOMA})
NOTE = CertificateKind.CONSTANCIA
UNUSED = N_("No se usó: la persona no completó la capacitación.")
"""Annuls an unused prepared certificate; says nothing against a new certificate."""
EXCHANGED = N_("Se emitió un certificado en su lugar.")
"""Annuls a diploma whose person passed the test as well."""


class NotEligible(Refusal):
    sentence = N_("Todavía no cumple las horas para este documento. Revise su asistencia, o emita una constancia.")


class TrainingNotOver(Refusal):
    sentence = N_(
        "La capacitación todavía no termina. Los diplomas dicen las horas impartidas: "
        "emítalos después de la última sesión."
    )


class EndToConfirm(Refusal):
    sentence = N_(
        "Un teléfono dice que una sesión terminó antes de lo planeado, y nadie lo confirmó. "
        "Abra esa sesión en «Asistencia por revisar», confirme a qué hora terminó y emita después."
    )


@dataclass(frozen=True, slots=True)
class Hours:
    """Minutes at a training: attended, planned, and still to come. `missed`: by held session. `made_up`: part of
    `attended`, at other trainings of the course.
    """

    attended: int
    planned: int
    to_come: int
    missed: Sequence[int] = ()
    made_up: int = 0

    def outlook(self, share: int | None) -> Outlook:
        return outlook_of(self.attended, self.planned, self.to_come, share)


@dataclass(frozen=True, slots=True)
class _Minutes:
    session_id: UUID
    minutes: int


def hours_of(attendances: Iterable[Attendance], sessions: Sequence[TrainingSession], course_id: UUID) -> Hours:
    """The sum that attendance stores, but also right where nobody closed an ended session. `attendances` come with
    session and training; other trainings of the course make up for missed sessions.
    """
    stays = [
        _Minutes(one.session_id, minutes_of(one.session, Stay(arrived_at=one.arrived_at, left_at=one.left_at)))
        for one in attendances
        if one.session.training.course_id == course_id
    ]
    planned = [session for session in sessions if session.is_on]
    to_come = sum(session.minutes for session in planned if not counts(session))
    by_session = {stay.session_id: stay.minutes for stay in stays}
    lacking = [session.minutes - by_session.get(session.id, 0) for session in planned if counts(session)]
    missed = tuple(minutes for minutes in lacking if minutes > 0)
    made_up = minutes_made_up(stays, sessions)
    return Hours(minutes_counted(stays, sessions), minutes_planned(sessions), to_come, missed, made_up)


def is_over(sessions: Sequence[TrainingSession]) -> bool:
    """All sessions not called off are closed or have ended, and there is at least one."""
    planned = [session for session in sessions if session.is_on]
    return bool(planned) and all(counts(session) for session in planned)


def earned_kinds(training: Training, *, minutes: int, has_completed: bool, mark: int | None) -> list[CertificateKind]:
    """Highest first: certificado, diploma for completed hours, constancia for attended hours."""
    kinds: list[CertificateKind] = []
    if has_completed:
        if training.pass_mark is not None and mark is not None and mark >= training.pass_mark:
            kinds.append(CertificateKind.CERTIFICADO)
        kinds.append(CertificateKind.DIPLOMA)
    if minutes > 0:
        kinds.append(CertificateKind.CONSTANCIA)
    return kinds


# -- when many are issued to


CAME_SHORT = "r.minutes_attended > 0 AND r.completed_at IS NULL"
"""SQL: registrations `r` that `note_due` may decide on."""


@dataclass(frozen=True, slots=True)
class Due:
    """A kind, or the reason for none. `paper`: the certificate that is the reason."""

    kind: CertificateKind | None = None
    reason: SkipReason | None = None
    paper: Certificate | None = None


def diploma_due(earned: Sequence[CertificateKind], papers: Collection[Certificate]) -> Due:
    """The highest kind earned by completing. `papers`: all that the person has there."""
    highest = next((kind for kind in earned if kind in HIGHER), None)
    return Due(reason=SkipReason.HOURS) if highest is None else _due_unless_annulled(highest, papers)


def note_due(earned: Sequence[CertificateKind], papers: Collection[Certificate]) -> Due:
    """A constancia for people who came and earned no diploma. A valid diploma replaces it; a prepared diploma does
    not.
    """
    if NOTE not in earned or not HIGHER.isdisjoint(earned):
        return Due()
    valid = (one for one in papers if one.kind in HIGHER and one.state is CertificateState.VALID)
    diploma = next(valid, None)
    return Due(reason=SkipReason.HAS_ONE, paper=diploma) if diploma else _due_unless_annulled(NOTE, papers)


def exchangeable(kind: CertificateKind, papers: Collection[Certificate]) -> Certificate | None:
    """The standing diploma that a certificado replaces when issued to its person alone."""
    if kind is not CertificateKind.CERTIFICADO or _held([kind], papers):
        return None
    return _held([CertificateKind.DIPLOMA], papers)


def may_be_issued(kind: CertificateKind, papers: Collection[Certificate]) -> bool:
    return due_unless_held(kind, papers).paper is None or exchangeable(kind, papers) is not None


def due_unless_held(kind: CertificateKind, papers: Collection[Certificate]) -> Due:
    """Unless a paper stands or was taken away. A certificado replaces a diploma only when issued alone
    (`exchangeable`).
    """
    held = _held(_one_stands_of(kind), papers)
    if held is not None:
        return Due(reason=SkipReason.HAS_ONE, paper=held)
    return Due() if any(is_withdrawn(one) for one in papers) else Due(kind)


def _one_stands_of(kind: CertificateKind) -> Collection[CertificateKind]:
    return HIGHER if kind in HIGHER else frozenset({kind})


def _held(kinds: Collection[CertificateKind], papers: Collection[Certificate]) -> Certificate | None:
    standing = (one for one in papers if one.kind in kinds and one.state is not CertificateState.REVOKED)
    return next(standing, None)


def _due_unless_annulled(kind: CertificateKind, papers: Collection[Certificate]) -> Due:
    """Staff meant to annul it: another is issued to that person alone."""
    due, annulled = due_unless_held(kind, papers), annulled_of(kind, papers)
    return due if due.kind is None or annulled is None else Due(reason=SkipReason.ANNULLED, paper=annulled)


def annulled_of(kind: CertificateKind, papers: Collection[Certificate]) -> Certificate | None:
    """The newest paper of this kind, or of the other higher kind, that staff annulled: neither unused nor withdrawn at
    its person's word.
    """
    kinds = _one_stands_of(kind)
    newest = max((one for one in papers if one.kind in kinds), key=lambda one: (one.year, one.number), default=None)
    if newest is None or newest.state is not CertificateState.REVOKED:
        return None
    return None if newest.revoked_reason == UNUSED or is_withdrawn(newest) else newest
