"""Issued papers keep their signatures after a term ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.designs import pdf
from trainings.certificates.designs.texts import MOST_SIGNATORIES, day_on
from trainings.certificates.models import Certificate, CertificateState
from trainings.certificates.refusals import UnprintableWords
from trainings.db import lock, reads, transaction
from trainings.errors import NotFound, Refusal, WrongInput
from trainings.places.models import Operator, Signatory
from trainings.schedule.models import SessionFacilitator, sessions_on
from trainings.web.i18n import N_, ngettext

MOST_KEPT = 12


TRAINER = "trainer"
"""Stands for the training's facilitator, named at issue."""


@dataclass(frozen=True, slots=True)
class Office:
    feminine: str
    masculine: str
    english: str

    def spanish(self, *, is_feminine: bool) -> str:
        return self.feminine if is_feminine else self.masculine


OFFICES: dict[str, Office] = {
    "mayor": Office("Alcaldesa municipal", "Alcalde municipal", "Mayor"),
    "hub_coordinator": Office("Coordinadora de la ventanilla", "Coordinador de la ventanilla", "Hub coordinator"),
    "facilitator": Office("Facilitadora", "Facilitador", "Facilitator"),
    "councillor": Office("Concejala municipal", "Concejal municipal", "Municipal councillor"),
    "secretary": Office("Secretaria municipal", "Secretario municipal", "Municipal secretary"),
    "women_office": Office(
        "Directora municipal de la mujer", "Director municipal de la mujer", "Head of the municipal women's office"
    ),
    "president": Office("Presidenta de la asociación", "Presidente de la asociación", "President of the association"),
}
TRAINED = ("Facilitó la capacitación", "Facilitated the training")
"""Under the facilitator's name: needs no gender."""


def office_choices() -> list[tuple[str, str]]:
    return [
        (f"{code}.{form}", office.spanish(is_feminine=form == "f"))
        for code, office in OFFICES.items()
        for form in ("f", "m")
    ]


def read_office(value: str) -> tuple[str, bool] | None:
    """(code, whether feminine); None: no form offers it."""
    code, _, form = value.partition(".")
    return (code, form == "f") if code in OFFICES and form in ("f", "m") else None


def office_in(signatory: Signatory, language: str) -> str:
    """As printed on a paper with this first language. Own words stay as written."""
    office = OFFICES.get(signatory.office_code)
    return office.english if office is not None and language == "en" else signatory.office


class TooManySignatories(Refusal):
    sentence = N_(
        "En el diploma caben %(most)s firmas, y esos días ya firman tantas personas. "
        "Quite una, o diga hasta cuándo firma."
    )


class EndsBeforeItBegins(WrongInput):
    sentence = N_("La fecha final es anterior a la primera. Revise las dos.")


class UnknownSignatory(NotFound):
    sentence = N_("Esa firma ya no está en la lista. Abra la página otra vez.")


class PapersOutstanding(Refusal):
    """A warning, overridden by `is_sure`. `n` papers, of the trainings `titles`."""

    def __init__(self, titles: Sequence[str]) -> None:
        named = ", ".join(dict.fromkeys(titles))
        words = ngettext(
            "Hay %(n)s diploma preparado que lleva esta firma y aún no vale: %(titles)s.",
            "Hay %(n)s diplomas preparados que llevan esta firma y aún no valen: %(titles)s.",
            len(titles),
        )
        super().__init__(words, n=len(titles), titles=named)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatoryPlan:
    """`office_code` empty: the office is in own words. `TRAINER` has neither name nor form."""

    name: str
    office: str
    office_code: str = ""
    is_feminine: bool | None = None
    valid_from: date | None = None
    valid_until: date | None = None


def holds(signatory: Signatory, day: date) -> bool:
    begins, ends = signatory.valid_from, signatory.valid_until
    return (begins is None or begins <= day) and (ends is None or day <= ends)


async def add_signatory(operator_id: UUID, plan: SignatoryPlan, *, actor: Actor) -> Signatory:
    """Last in order. Refuses a fourth on any day, unprintable letters, and a term that ends before it begins."""
    _check_letters(plan)
    _check_term(plan.valid_from, plan.valid_until)
    async with transaction():
        standing = await _locked(operator_id)
        signatory = Signatory(
            operator_id=operator_id,
            name=plan.name,
            office=plan.office,
            office_code=plan.office_code,
            is_feminine=plan.is_feminine,
            valid_from=plan.valid_from,
            valid_until=plan.valid_until,
            position=standing[-1].position + 1 if standing else 1,
        )
        _check_room([*standing, signatory])
        await signatory.save()
        await record("certificates.add_signatory", actor=actor, object_id=signatory.id, operator=str(operator_id))
        return signatory


async def set_term(
    operator_id: UUID,
    signatory_id: UUID,
    begins: date | None,
    ends: date | None,
    *,
    actor: Actor,
    is_sure: bool = False,
) -> None:
    """Refuses as `add_signatory`. Unless `is_sure`, warns (PapersOutstanding) of prepared papers of a later day."""
    _check_term(begins, ends)
    async with transaction():
        standing = await _locked(operator_id)
        signatory = _find(standing, signatory_id)
        if ends is not None and not is_sure:
            await _warn_of_papers(signatory, after=ends)
        signatory.valid_from, signatory.valid_until = begins, ends
        _check_room(standing)
        await signatory.save(update_fields=["valid_from", "valid_until"])
        await record("certificates.set_term", actor=actor, object_id=signatory_id, operator=str(operator_id))


async def remove_signatory(operator_id: UUID, signatory_id: UUID, *, actor: Actor, is_sure: bool = False) -> None:
    """Future certificates lack the signature. Unless `is_sure`, warns (PapersOutstanding) of prepared papers."""
    async with transaction():
        signatory = _find(await _locked(operator_id), signatory_id)
        if not is_sure:
            await _warn_of_papers(signatory, after=date.min)
        await signatory.delete()
        await record("certificates.remove_signatory", actor=actor, object_id=signatory_id, operator=str(operator_id))


async def move_signatory_up(operator_id: UUID, signatory_id: UUID, *, actor: Actor) -> None:
    async with transaction():
        standing = await _locked(operator_id)
        place = standing.index(_find(standing, signatory_id))
        if place == 0:
            return
        standing[place - 1 : place + 1] = reversed(standing[place - 1 : place + 1])
        for position, signatory in enumerate(standing, start=1):
            signatory.position = position
            await signatory.save(update_fields=["position"])
        await record("certificates.move_signatory", actor=actor, object_id=signatory_id, operator=str(operator_id))


# -- what is printed


async def printed(
    signatories: Iterable[Signatory],
    day: date,
    *,
    training_id: UUID | None = None,
    language: str = "es",
    stand_in: str = "",
) -> list[tuple[str, str]]:
    """That day's signatories, in a paper's `language`. The facilitator holds most of the training's sessions; without
    one `stand_in`, or nobody.
    """
    found: list[tuple[str, str]] = []
    for one in sorted(signatories, key=lambda one: (one.position, one.id)):
        if not holds(one, day):
            continue
        if one.office_code != TRAINER:
            found.append((one.name, office_in(one, language)))
        elif trainer := await _trainer(training_id) or ((stand_in, "") if stand_in else None):
            name, office = trainer
            found.append((name, TRAINED[1] if language == "en" else office or TRAINED[0]))
    return found[:MOST_SIGNATORIES]


async def _trainer(training_id: UUID | None) -> tuple[str, str] | None:
    held = reads(SessionFacilitator).filter(sessions_on("session__"), session__training_id=training_id)
    found = await held.values_list("user__name", "user__office") if training_id is not None else []
    return min(set(found), key=lambda one: (-found.count(one), one), default=None)


# -- rules


def _check_letters(plan: SignatoryPlan) -> None:
    for field, text in (("name", plan.name), ("own_office", plan.office)):
        missing = pdf.missing_glyphs(text)
        if missing:
            raise UnprintableWords(field=field, letters=missing)


def _check_term(begins: date | None, ends: date | None) -> None:
    if begins is not None and ends is not None and ends < begins:
        raise EndsBeforeItBegins(field="valid_until")


def _check_room(standing: Sequence[Signatory]) -> None:
    """At most three on any day: their number grows only on the first day of a term."""
    beginnings = {one.valid_from or date.min for one in standing}
    is_full = any(sum(holds(one, day) for one in standing) > MOST_SIGNATORIES for day in beginnings)
    if is_full or len(standing) > MOST_KEPT:
        raise TooManySignatories(most=MOST_SIGNATORIES)


async def _warn_of_papers(signatory: Signatory, *, after: date) -> None:
    """Prepared papers of a later day would bear the name of a person who has left."""
    prepared = Certificate.filter(operator_id=signatory.operator_id, state=CertificateState.PREPARED, erased_at=None)
    titles = [
        title
        for title, sheet in await prepared.order_by("title", "id").values_list("title", "sheet")
        if day_on(sheet) > after and signatory.name in {name for name, _office in sheet["signatories"]}
    ]
    if titles:
        raise PapersOutstanding(titles)


async def _locked(operator_id: UUID) -> list[Signatory]:
    await lock(Operator, [operator_id])
    return await Signatory.filter(operator_id=operator_id).order_by("position", "id")


def _find(standing: list[Signatory], signatory_id: UUID) -> Signatory:
    found = next((one for one in standing if one.id == signatory_id), None)
    if found is None:
        raise UnknownSignatory
    return found
