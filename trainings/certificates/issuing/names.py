"""The printed name: a person confirms it or has it corrected; staff see who, how and when."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from trainings.accounts.models import User
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.designs import pdf
from trainings.certificates.designs.brand import paper_of
from trainings.certificates.issuing import revisions
from trainings.certificates.models import Certificate, CertificateState, ConfirmedHow, NameConfirmation
from trainings.db import keyring, reads, transaction
from trainings.errors import NotFound, Refusal
from trainings.lib.text import are_alike, fold
from trainings.people.actions import name_key
from trainings.people.consents import locked_with_permission
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions as registrations
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_

PURPOSE = "printed name"


class LetterNotPrintable(Refusal):
    code = "letter_not_printable"
    status = 422
    sentence = N_("El diploma no puede imprimir «%(letters)s». Escriba el nombre sin eso, o con otra letra.")


class NameChanged(Refusal):
    code = "name_changed"
    sentence = N_("El nombre cambió mientras tanto. Léalo otra vez antes de decir que está bien.")


class AlreadyValid(Refusal):
    code = "name_of_a_valid_paper"
    sentence = N_(
        "El diploma ya vale con este nombre: por aquí solo se corrige cómo se escribe. "
        "Para otro nombre, pida ayuda en la ventanilla."
    )


class PaperInHand(Refusal):
    code = "paper_in_hand"
    sentence = N_("El diploma ya se entregó. Si el nombre está mal escrito, pida otro en la ventanilla.")


class PaperPrinted(PaperInHand):
    """Printed but not handed over: only staff change it."""

    code = "paper_printed"
    sentence = N_("El diploma ya se imprimió. Si el nombre está mal escrito, pida a la ventanilla que lo corrija.")


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How and when the name was confirmed, and which staff noted it (empty: by the own link)."""

    how: ConfirmedHow
    at: datetime
    by: str


def check_letters(given_names: str, surnames: str, design: str) -> None:
    """Refuses (LetterNotPrintable) a letter that this design's fonts lack, at its field."""
    for field, name in (("given_names", given_names), ("surnames", surnames)):
        missing = pdf.missing_glyphs(name, design=design)
        if missing:
            raise LetterNotPrintable(field=field, letters=missing)


async def confirm(registration_id: UUID, how: ConfirmedHow, *, actor: Actor, name: str | None = None) -> int:
    """The person says that their name is right; returns the number of papers set anew with it. Twice is once.

    `name`: what the person read; refuses (NameChanged) another one now. Refuses LetterNotPrintable, a withdrawn consent
    (PermissionGone), and by a link a handed-over paper (PaperInHand), one printed with another name (PaperPrinted) or
    valid with another person's name (AlreadyValid).
    """
    async with transaction():
        registration = await _held(registration_id)
        await _check_open(registration_id, actor)
        registration.participant = await locked_with_permission(registration.participant_id)
        if name is not None and name != registration.participant.full_name:
            raise NameChanged
        if actor.is_by_link:
            await _check_printed(registration)
        return await _confirm(registration, how, actor)


async def correct(
    registration_id: UUID, given_names: str, surnames: str, how: ConfirmedHow | None, *, actor: Actor
) -> int:
    """Write the name as the person wants it printed; returns the number of papers, not handed over, set anew with it.

    Refuses LetterNotPrintable, by a link any change of a printed paper (PaperPrinted) and another person's name on a
    valid one (AlreadyValid), and as `registrations.rename` does. `how` also confirms it, and a link is refused a
    handed-over paper (PaperInHand): the desk annuls that and issues another. None: the writer neither speaks for the
    person nor hears of their papers.
    """
    async with transaction():
        registration = await _held(registration_id)
        registration.participant = await locked_with_permission(registration.participant_id)
        if how is not None:
            await _check_open(registration_id, actor)
        check_letters(given_names, surnames, paper_of(registration.training).design)
        if actor.is_by_link:
            await _check_same_person(registration, given_names, surnames, is_confirming=how is not None)
        await registrations.rename(registration_id, given_names, surnames, actor=actor)
        renamed = await _held(registration_id)
        if actor.is_by_link:
            await _check_printed(renamed)
        if how is not None:
            return await _confirm(renamed, how, actor)
        return await revisions.set_name(await revisions.not_in_hand(renamed.id), renamed.participant, actor=actor)


async def _confirm(registration: Registration, how: ConfirmedHow, actor: Actor) -> int:
    person = registration.participant
    check_letters(person.given_names, person.surnames, paper_of(registration.training).design)
    keys = _keys(registration.id, person.full_name)
    if not await NameConfirmation.exists(registration_id=registration.id, name_key__in=keys):
        await NameConfirmation.create(
            registration_id=registration.id, name_key=keys[0], how=how, confirmed_by_id=actor.id
        )
        hub_id = registration.training.hub_id
        await record("names.confirm", actor=actor, object_id=registration.id, hub_id=hub_id, how=how.value)
    return await revisions.set_name(await revisions.not_in_hand(registration.id), person, actor=actor)


async def _check_open(registration_id: UUID, actor: Actor) -> None:
    if actor.is_by_link and await revisions.settled(registration_id) is revisions.Settled.IN_HAND:
        raise PaperInHand


async def _check_same_person(
    registration: Registration, given_names: str, surnames: str, *, is_confirming: bool
) -> None:
    """Refuses (AlreadyValid) to turn a valid paper into another person's: a link may be sold.

    A slip is corrected once; afterwards, and once confirmed, only accents and the like. Where nobody confirms names
    this holds from the start: slip by slip a name would become any other.
    """
    person = registration.participant
    if name_key(given_names, surnames) == person.name_key:
        return
    sign_ups = await Registration.filter(participant_id=person.id).prefetch_related("participant")
    proofs = Certificate.filter(registration_id__in=[one.id for one in sign_ups], state=CertificateState.VALID)
    if not await proofs.exists():
        return
    is_slip = is_confirming and are_alike(person.full_name, f"{given_names} {surnames}")
    if not is_slip or await confirmed(sign_ups):
        raise AlreadyValid(field="given_names")


async def _check_printed(registration: Registration) -> None:
    """Refuses (PaperPrinted) another name on a printed paper, accents included; and as `_check_same_person` where the
    name was changed elsewhere meanwhile, and confirming would print it.
    """
    name = registration.participant.full_name
    for paper in await revisions.not_in_hand(registration.id):
        if paper.printed_at is not None and paper.sheet["person_name"] != name:
            raise PaperPrinted(field="given_names")
        is_another = fold(paper.printed_name) != fold(name) and not are_alike(paper.printed_name, name)
        if paper.state is CertificateState.VALID and is_another:
            raise AlreadyValid(field="given_names")


async def _held(registration_id: UUID) -> Registration:
    """With its person and its hub's operator, under its training's lock."""
    where = await Registration.get_or_none(id=registration_id)
    if where is None:
        raise NotFound(N_("No encontramos esa inscripción."))
    await locked_training(where.training_id)
    return await Registration.get(id=registration_id).prefetch_related("participant", "training__hub__operator")


def _keys(registration_id: UUID, name: str) -> list[str]:
    """Keyed hashes of this person's printed name, the current key's first. A different accent is another name."""
    text = f"{registration_id}\0{unicodedata.normalize('NFC', name)}"
    return keyring().blind_indexes(text, PURPOSE)


async def confirmed(registrations_: Collection[Registration]) -> Mapping[UUID, Confirmed]:
    """Confirmations of the current names by registration (people loaded); unconfirmed ones are missing."""
    wanted = {one.id: frozenset(_keys(one.id, one.participant.full_name)) for one in registrations_}
    if not wanted:
        return {}
    rows = await reads(NameConfirmation).filter(registration_id__in=list(wanted)).order_by("created_at", "id")
    standing = [row for row in rows if row.name_key in wanted[row.registration_id]]
    by = await _names(standing)
    return {
        one.registration_id: Confirmed(one.how, one.created_at, by.get(one.confirmed_by_id, "")) for one in standing
    }


async def _names(rows: Sequence[NameConfirmation]) -> Mapping[UUID | None, str]:
    users = {row.confirmed_by_id for row in rows if row.confirmed_by_id is not None}
    return {one.id: one.name for one in await reads(User).filter(id__in=sorted(users))} if users else {}
