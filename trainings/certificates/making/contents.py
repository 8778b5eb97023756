from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from trainings import clock
from trainings.certificates.designs import designs
from trainings.certificates.designs import texts as design_texts
from trainings.certificates.designs.brand import letterhead_of, paper_of
from trainings.certificates.designs.signatories import printed
from trainings.certificates.designs.texts import MOST_SIGNATORIES, CertificateSheet, made_out_on
from trainings.certificates.models import CertificateKind
from trainings.lib.tokens import CERTIFICATE_CODE_LENGTH
from trainings.places.models import Hub, OperatorKind
from trainings.registrations.models import Registration
from trainings.schedule.models import Training, TrainingSession
from trainings.settings import get_settings

NO_CODE = "0" * CERTIFICATE_CODE_LENGTH
SAMPLE_NAME = "Nombre de la Persona"
SAMPLE_SIGNATORY = ("Nombre de quien firma", "Cargo")


@dataclass(frozen=True, slots=True)
class Occasion:
    """What all certificates of a training share.

    `training` comes with its hub's seat, and the hub's operator with its municipality. `sessions`: all. `signatories`:
    the first three are printed. `shield` and `logos`: by SHA-256, a logo with its alternative text.
    """

    training: Training
    sessions: Sequence[TrainingSession]
    signatories: Sequence[tuple[str, str]]
    issued_on: date
    shield: str = ""
    logos: Sequence[tuple[str, str]] = ()
    note: Sequence[str] = ()

    @property
    def held(self) -> list[TrainingSession]:
        planned = [session for session in self.sessions if session.is_on]
        return sorted(planned, key=lambda session: session.starts_at)

    @property
    def minutes_held(self) -> int:
        return sum(session.minutes_held for session in self.held)

    @property
    def last_day(self) -> date:
        return clock.local(self.held[-1].ends_at).date()

    @property
    def held_days(self) -> list[date]:
        """Without sessions the day of issue."""
        return sorted({clock.local(session.starts_at).date() for session in self.held}) or [self.issued_on]


def day_of_paper(sessions: Sequence[TrainingSession]) -> date:
    """The day on a paper made now, whose signatories sign it."""
    last = [clock.local(one.ends_at).date() for one in sessions if one.is_on]
    return made_out_on(clock.now(), max(last, default=date.min))


def design_of(training: Training, kind: CertificateKind) -> designs.DesignInfo:
    """The training's, or the first that has the kind."""
    paper = paper_of(training)
    return designs.design_for(paper.design, kind.value, paper.language)


def given_by(training: Training) -> list[CertificateKind]:
    marked = [CertificateKind.CERTIFICADO] if training.pass_mark is not None else []
    return [*marked, CertificateKind.DIPLOMA]


def folio_of(operator_code: str, year: int, number: int) -> str:
    return f"VIMMIG-{operator_code}-{year}-{number:06d}"


def sheet_for(
    occasion: Occasion, registration: Registration, kind: CertificateKind, *, folio: str, code: str
) -> CertificateSheet:
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
    operator = occasion.training.hub.operator
    return _sheet(
        occasion,
        CertificateKind.DIPLOMA,
        person_name=SAMPLE_NAME,
        minutes=occasion.minutes_held or occasion.training.minutes,
        folio=folio_of(operator.code, occasion.issued_on.year, 0),
        code=NO_CODE,
    )


def _sheet(
    occasion: Occasion, kind: CertificateKind, *, person_name: str, minutes: int, folio: str, code: str
) -> CertificateSheet:
    training = occasion.training
    hub, settings = training.hub, get_settings()
    language = paper_of(training).language
    first = language.partition("+")[0]
    return CertificateSheet(
        kind=kind.value,
        authority=design_texts.authority(first, hub.operator.name),
        letterhead=_letterhead(hub),
        person_name=person_name,
        activity=design_texts.activity(first, training.kind.value),
        title=training.title,
        minutes=minutes,
        held_text=design_texts.days(first, occasion.held_days),
        place=hub.seat.full_name,
        issued_on=occasion.issued_on,
        contents=tuple((str(part["title"]), int(part.get("minutes", 0))) for part in training.contents),
        signatories=tuple(occasion.signatories)[:MOST_SIGNATORIES] or (SAMPLE_SIGNATORY,),
        folio=folio,
        code=code,
        check_url=f"{settings.base_url.rstrip('/')}/V/{code}".upper(),
        host_text=f"{settings.host}/verificar",
        design=design_of(training, kind).key,
        language=language,
        operator=hub.operator.name,
        activity_kind=training.kind.value,
        held_days=tuple(occasion.held_days),
        shield=occasion.shield,
        logos=tuple(occasion.logos),
        note=tuple(occasion.note),
        share=training.completion_share,
        pass_mark=training.pass_mark,
    )


def _letterhead(hub: Hub) -> tuple[str, ...]:
    if hub.operator.letterhead:
        return tuple(hub.operator.letterhead.splitlines())
    if hub.operator.kind is OperatorKind.ASSOCIATION:
        return (hub.operator.name, hub.seat.full_name)
    municipality = hub.operator.municipality
    return (f"Municipalidad de {municipality.name}", f"Departamento de {municipality.department}")


def texts_in_common(sheet: CertificateSheet) -> list[str]:
    texts = [sheet.authority, *sheet.letterhead, sheet.title, sheet.place, *(title for title, _ in sheet.contents)]
    return texts + [text for pair in sheet.signatories for text in pair]


async def gathered(
    training: Training, sessions: Sequence[TrainingSession], issued_on: date, *, stand_in: str = ""
) -> Occasion:
    """The training comes as `Occasion` says. `stand_in`: a sample's facilitator where nobody holds a session."""
    operator = training.hub.operator
    letterhead = await letterhead_of(operator)
    return Occasion(
        training,
        sessions,
        await printed(
            operator.signatories,
            issued_on,
            training_id=training.id,
            language=paper_of(training).language,
            stand_in=stand_in,
        ),
        issued_on,
        shield=letterhead.shield,
        logos=letterhead.logos,
    )
