"""An operator's folios of a year, in every state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from trainings import clock
from trainings.accounts.permissions import DESK, ISSUERS
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.designs.texts import day_on
from trainings.certificates.forms import PRINTED_FOLIO
from trainings.certificates.models import Certificate, CertificateState, FolioSeries, is_withdrawn
from trainings.certificates.words import KIND_WORDS, STATE_WORDS, WITHDRAWN
from trainings.db import reads, transaction
from trainings.errors import NotFound
from trainings.lib import dates
from trainings.lib.text import like_terms, short_name
from trainings.limits import actions as limits
from trainings.places.models import Hub, Operator
from trainings.web.i18n import N_, gettext

PAGE = 50
PER_HOUR, HOUR = 10, 3_600
HEADS = (
    N_("Folio"),
    N_("Fecha"),
    N_("Nombre"),
    N_("Documento"),
    N_("Capacitación"),
    N_("Horas"),
    N_("Ventanilla"),
    N_("Estado"),
    N_("Anulado el"),
    N_("Recibí conforme"),
)
WITHOUT_NAME = N_("(nombre borrado)")


class UnknownRegister(NotFound):
    sentence = N_("No encontramos ese libro de folios.")


@dataclass(frozen=True, slots=True)
class Volume:
    operator: Operator
    year: int
    n: int

    @property
    def address(self) -> str:
        return f"/panel/folios/{self.operator.id}/{self.year}"


@dataclass(frozen=True, slots=True)
class Line:
    """`name`: initials where the paper is of a hub outside the reader's scope."""

    id: UUID
    number: int
    folio: str
    made_out_on: date
    name: str
    kind: str
    title: str
    minutes: int
    hub: str
    state: CertificateState
    state_words: str
    is_withdrawn: bool
    revoked_at: datetime | None
    handed_over_at: datetime | None


async def volumes(actor: Actor) -> list[Volume]:
    operators = await operators_of(actor)
    series = await reads(FolioSeries).filter(operator_id__in=sorted(operators)).order_by("-year")
    found = [Volume(operators[one.operator_id], one.year, one.next_number - 1) for one in series]
    return sorted(found, key=lambda one: (one.operator.name, one.operator.id, -one.year))


async def volume_in_scope(actor: Actor, operator_id: UUID, year: int, *, to_take_out: bool = False) -> Volume:
    """`to_take_out`: as a file, for issuers only. Raises UnknownRegister."""
    operators = await operators_of(actor, ISSUERS if to_take_out else DESK)
    series = await reads(FolioSeries).get_or_none(operator_id=operator_id, year=year)
    if operator_id not in operators or series is None:
        raise UnknownRegister
    return Volume(operators[operator_id], year, series.next_number - 1)


async def operators_of(actor: Actor, roles: Sequence[Any] = DESK) -> dict[UUID, Operator]:
    hubs = sorted(actor.hubs_with(roles))
    return {one.id: one for one in await reads(Operator).filter(hubs__id__in=hubs).distinct()}


# -- lines


async def page_of(volume: Volume, actor: Actor, *, number: int, query: str = "") -> tuple[list[Line], int]:
    """(lines of a page, from 1; number of all). `query`: a folio, a number, or words of a name."""
    found = _found(volume, actor, query)
    start = (number - 1) * PAGE
    rows = await found.order_by("number").offset(start).limit(PAGE).prefetch_related("registration__participant")
    hubs = dict(await reads(Hub).filter(operator_id=volume.operator.id).values_list("id", "name"))
    lines = [_line(one, _short(one, actor), hubs) for one in rows]
    async with transaction():
        await record("certificates.open_register", actor=actor, object_id=volume.operator.id, year=volume.year)
    return lines, await found.count()


def _found(volume: Volume, actor: Actor, query: str) -> QuerySet[Certificate]:
    found = reads(Certificate).filter(operator_id=volume.operator.id, year=volume.year)
    typed = query.strip()
    if typed.isascii() and typed.isdigit() and len(typed) < 10:
        return found.filter(number=int(typed))
    if PRINTED_FOLIO.fullmatch(typed):
        return found.filter(folio=typed.upper())
    for term in like_terms(typed):
        # Names of other hubs' people cannot be looked for: they are not shown either.
        own = Q(hub_id__in=sorted(actor.hubs_with(DESK)), erased_at=None)
        found = found.filter(own & Q(registration__participant__search_text__contains=term.strip("%")))
    return found


def _line(one: Certificate, name: str, hubs: dict[UUID, str]) -> Line:
    return Line(
        id=one.id,
        number=one.number,
        folio=one.folio,
        made_out_on=day_on(one.sheet),
        name=name,
        kind=gettext(KIND_WORDS[one.kind]),
        title=one.title,
        minutes=one.minutes,
        hub=hubs.get(one.hub_id, ""),
        state=one.state,
        state_words=gettext(WITHDRAWN if is_withdrawn(one) else STATE_WORDS[one.state]),
        is_withdrawn=is_withdrawn(one),
        revoked_at=one.revoked_at,
        handed_over_at=one.handed_over_at,
    )


def _short(one: Certificate, actor: Actor) -> str:
    if one.erased_at is not None:
        return gettext(WITHOUT_NAME)
    if not actor.has_at(one.hub_id, DESK):
        return one.initials
    person = one.registration.participant
    return short_name(person.given_names, person.surnames) or one.initials


def _whole(one: Certificate, actor: Actor) -> str:
    if one.erased_at is not None:
        return gettext(WITHOUT_NAME)
    return one.printed_name if actor.has_at(one.hub_id, ISSUERS) else one.initials


# -- taken out


async def whole(volume: Volume, actor: Actor, *, as_what: str) -> list[Line]:
    """With printed names. Logged; refuses the 11th file in an hour."""
    await limits.hit("export", str(actor.id), PER_HOUR, HOUR)
    found = reads(Certificate).filter(operator_id=volume.operator.id, year=volume.year).order_by("number")
    hubs = dict(await reads(Hub).filter(operator_id=volume.operator.id).values_list("id", "name"))
    lines = [_line(one, _whole(one, actor), hubs) for one in await found]
    async with transaction():
        await record(
            "certificates.export_register",
            actor=actor,
            object_id=volume.operator.id,
            year=volume.year,
            format=as_what,
            rows=len(lines),
        )
    return lines


def table_of(lines: Sequence[Line]) -> tuple[list[str], list[list[str | int]]]:
    rows: list[list[str | int]] = [
        [
            one.folio,
            dates.numeric_date(one.made_out_on),
            one.name,
            one.kind,
            one.title,
            one.minutes // 60 if one.minutes % 60 == 0 else hours(one.minutes),
            one.hub,
            one.state_words,
            _day(one.revoked_at),
            _day(one.handed_over_at),
        ]
        for one in lines
    ]
    return [gettext(head) for head in HEADS], rows


def sheet_data(volume: Volume, lines: Sequence[Line]) -> dict[str, Any]:
    states = Counter(one.state for one in lines if not one.is_withdrawn)
    return {
        "operator": volume.operator.name,
        "year": volume.year,
        "printed": dates.numeric_date(clock.today()),
        "first": lines[0].folio if lines else "",
        "last": lines[-1].folio if lines else "",
        "n": len(lines),
        "n_valid": states[CertificateState.VALID],
        "n_prepared": states[CertificateState.PREPARED],
        "n_revoked": states[CertificateState.REVOKED],
        "n_withdrawn": sum(one.is_withdrawn for one in lines),
        "rows": [
            {
                "folio": one.folio,
                "day": dates.numeric_date(one.made_out_on),
                "name": one.name,
                "kind": one.kind,
                "title": one.title,
                "hours": hours(one.minutes),
                "state": _state_on_paper(one),
                "received": _day(one.handed_over_at),
            }
            for one in lines
        ],
    }


def _state_on_paper(line: Line) -> str:
    if line.is_withdrawn:
        return WITHDRAWN
    match line.state:
        case CertificateState.VALID:
            return ""
        case CertificateState.PREPARED:
            return "Preparado"
        case CertificateState.REVOKED:
            return f"Anulado el {_day(line.revoked_at)}"


def hours(minutes: int) -> str:
    """`8`, `5:30`."""
    whole_hours, rest = divmod(minutes, 60)
    return f"{whole_hours}:{rest:02d}" if rest else str(whole_hours)


def _day(moment: datetime | None) -> str:
    return dates.numeric_date(clock.local(moment)) if moment is not None else ""
