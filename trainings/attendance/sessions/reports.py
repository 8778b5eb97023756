from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from trainings import clock
from trainings.attendance.models import SessionReport
from trainings.attendance.queries import RosterLine, beside_list
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.db import lock, reads, transaction
from trainings.lib import dates
from trainings.lib.text import fold
from trainings.people.models import AgeGroup, Participant, Sex
from trainings.registrations.models import Registration, Source
from trainings.schedule.models import Offer, SessionState, Training, TrainingSession
from trainings.web.i18n import N_

ADULTS = tuple(band for band in AgeGroup if not band.is_minor)


class Told(NamedTuple):
    """None or empty: not answered."""

    sex: Sex | None
    age_group: AgeGroup | None
    community: str

    @property
    def is_minor(self) -> bool:
        return self.age_group is not None and self.age_group.is_minor


@dataclass(frozen=True, slots=True)
class Figures:
    """Everybody present. `adults`: by age and sex; None: not answered. Minors are only a number. `by_community`:
    largest first, empty name: not answered.
    """

    n_expected: int
    n_absent: int
    n_present: int
    n_walk_ins: int
    n_minors: int
    n_to_review: int
    n_unnamed: int
    n_companions: int
    by_sex: Mapping[Sex | None, int]
    adults: Mapping[tuple[AgeGroup | None, Sex | None], int]
    by_community: Sequence[tuple[str, int]]

    @property
    def n_all(self) -> int:
        """Portions of the snack."""
        return self.n_present + self.n_unnamed + self.n_companions


async def figures_of(session: TrainingSession, lines: Iterable[RosterLine]) -> Figures:
    known = list(lines)
    here = [line.registration_id for line in known if line.stay.is_present]
    sources = await reads(Registration).filter(id__in=here).values_list("source") if here else []
    people = list((await told_of(known)).values())
    adults = [one for one in people if not one.is_minor]
    return Figures(
        n_expected=sum(line.is_expected for line in known),
        n_absent=sum(line.is_expected and not line.stay.is_present for line in known),
        n_present=len(people),
        n_walk_ins=sum(source is Source.WALK_IN for (source,) in sources),
        n_minors=len(people) - len(adults),
        n_to_review=sum(line.stay.to_review for line in known),
        by_sex=Counter(one.sex for one in people),
        adults=Counter((one.age_group, one.sex) for one in adults),
        by_community=_communities(people),
        **(await beside_list(session.id))._asdict(),
    )


async def told_of(lines: Iterable[RosterLine]) -> dict[UUID, Told]:
    """Answers of people present, by their main registration; their other registrations fill gaps."""
    here = {line.registration_id: line.sign_ups for line in lines if line.stay.is_present}
    keys = sorted({key for sign_ups in here.values() for key in sign_ups})
    found = reads(Registration).filter(id__in=keys).order_by("id").select_related("participant")
    person_of = {one.id: one.participant for one in await found} if keys else {}
    return {key: _told([person_of[one] for one in sorted(sign_ups)]) for key, sign_ups in here.items()}


def _told(people: Sequence[Participant]) -> Told:
    kept_first = sorted(people, key=lambda one: one.merged_into_id is not None)
    return Told(
        sex=next((one.sex for one in kept_first if one.sex is not None), None),
        age_group=next((one.age_group for one in kept_first if one.age_group is not None), None),
        community=next((one.community for one in kept_first if one.community), ""),
    )


def _communities(people: Iterable[Told]) -> list[tuple[str, int]]:
    shown: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for one in people:
        key = fold(one.community)
        shown.setdefault(key, one.community)
        counted[key] += 1
    return sorted(((shown[key], n) for key, n in counted.items()), key=lambda one: (not one[0], -one[1], fold(one[0])))


@dataclass(frozen=True, slots=True)
class Report:
    """`transport_each`: quetzales for each person present."""

    agenda: str = ""
    summary: str = ""
    rations_planned: int | None = None
    rations_served: int | None = None
    transport_each: Decimal | None = None


EMPTY = Report()


async def report_of(session_id: UUID) -> Report | None:
    """None: not written yet."""
    kept = await reads(SessionReport).get_or_none(session_id=session_id)
    if kept is None:
        return None
    return Report(kept.agenda, kept.summary, kept.rations_planned, kept.rations_served, kept.transport_each)


async def write_report(session_id: UUID, report: Report, *, actor: Actor) -> None:
    async with transaction():
        session = await TrainingSession.get(id=session_id)
        [training] = await lock(Training, [session.training_id])
        columns: dict[str, Any] = asdict(report) | {"written_by_id": actor.id}
        if not await SessionReport.filter(session_id=session_id).update(**columns):
            await SessionReport.create(session_id=session_id, **columns)
        await record("attendance.write_report", actor=actor, object_id=session_id, hub_id=training.hub_id)


async def known_of(session: TrainingSession, figures: Figures) -> Report:
    """Defaults: contents as agenda; rations for expected people and for people who came."""
    training = await reads(Training).get(id=session.training_id)
    has_snack = Offer.SNACK in training.offers
    has_come = figures.n_all > 0
    return Report(
        agenda="\n".join(await _agenda(session, training.contents)),
        rations_planned=figures.n_expected if has_snack else None,
        rations_served=figures.n_all if has_snack and has_come else None,
    )


async def _agenda(session: TrainingSession, contents: list[dict[str, Any]]) -> list[str]:
    planned = reads(TrainingSession).filter(training_id=session.training_id, state=SessionState.PLANNED)
    fits = sum(int(one["minutes"]) for one in contents) <= session.minutes
    if not fits or await planned.count() != 1:
        return [str(one["title"]) for one in contents]
    at, lines = session.starts_at, []
    for one in contents:
        lines.append(f"{dates.time_of_day(at, 'es')} {one['title']}")
        at += timedelta(minutes=int(one["minutes"]))
    return lines


# -- what it lacks


@dataclass(frozen=True, slots=True)
class Paper:
    is_printed: bool
    n_not_kept: int


@dataclass(frozen=True, slots=True)
class Waiting:
    n_undecided: int
    n_phones: int


Lack = tuple[str, str, int]
"""Where to mend it (below the session's address, or a field), a sentence, and its number."""


def missing(
    session: TrainingSession, offers: list[str], report: Report, figures: Figures, paper: Paper, waiting: Waiting
) -> Iterator[Lack]:
    """Things to mend; none of them prevents printing."""
    yield from _of_the_session(session, figures)
    if waiting.n_phones:
        yield "/revisar", N_("Teléfonos que pueden tener marcas sin enviar: %(n)s."), waiting.n_phones
    if waiting.n_undecided:
        yield "/revisar", N_("Marcas que no cuentan hasta que alguien decida: %(n)s."), waiting.n_undecided
    if not paper.is_printed:
        yield "/hojas", N_("No se imprimió ninguna hoja: la lista saldrá de las marcas, sin firmas."), 0
    elif paper.n_not_kept:
        yield "/hojas", N_("Falta anotar dónde está la hoja firmada."), 0
    yield from _of_the_account(offers, report)


def _of_the_session(session: TrainingSession, figures: Figures) -> Iterator[Lack]:
    if not session.is_on:
        yield "", N_("La sesión está cancelada: el expediente diría que se realizó."), 0
    elif clock.now() < session.starts_at:
        yield "", N_("La sesión todavía no empieza: el informe saldrá sin nadie."), 0
    elif session.closed_at is None:
        yield "/asistencia", N_("La sesión sigue abierta. Ciérrela para que las cuentas ya no cambien."), 0
    if figures.n_to_review:
        yield "/revisar", N_("Llegadas por revisar: %(n)s."), figures.n_to_review
    if figures.n_unnamed:
        yield "/revisar", N_("Llegaron con tarjeta y todavía no tienen nombre: %(n)s."), figures.n_unnamed


def _of_the_account(offers: list[str], report: Report) -> Iterator[Lack]:
    if not report.agenda:
        yield "#agenda", N_("Falta la agenda."), 0
    if not report.summary:
        yield "#summary", N_("Falta contar qué se hizo."), 0
    if Offer.SNACK in offers and report.rations_served is None:
        yield "#rations_served", N_("Se ofreció refacción: falta cuántas se sirvieron."), 0
    if Offer.FARE in offers and not report.transport_each:
        yield "#transport_each", N_("Se ofreció pasaje: falta cuánto se da a cada persona."), 0
