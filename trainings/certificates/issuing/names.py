"""A paper set anew before hand-over keeps folio and code."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from trainings import clock
from trainings.accounts.queries import names_of
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.designs import pdf
from trainings.certificates.designs.brand import paper_of
from trainings.certificates.designs.texts import CertificateSheet
from trainings.certificates.issuing.mails import have_set
from trainings.certificates.making.contents import NO_CODE
from trainings.certificates.models import (
    WITHDRAWN_MARK,
    Certificate,
    CertificateFile,
    CertificateState,
    ConfirmedHow,
    IssueSkip,
    NameConfirmation,
    SkipReason,
    SupersededFile,
    Transcript,
)
from trainings.certificates.queries import papers_of
from trainings.certificates.trust import status_lists
from trainings.db import keyring, lock, reads, sql, transaction
from trainings.db.prepared import Select
from trainings.db.sql import as_uuid
from trainings.errors import NotFound, Refusal, WrongInput
from trainings.lib import tokens
from trainings.lib.text import are_alike, fold, initials
from trainings.people.actions import name_key
from trainings.people.consents import locked_with_permission
from trainings.people.merged import same_person_ids
from trainings.people.models import Participant
from trainings.registrations.models import Registration
from trainings.registrations.seats import actions as registrations
from trainings.schedule.session_actions import locked_training
from trainings.web.i18n import N_

LONGEST_PRINTED, LONGEST_INITIALS = 240, 40
"""The sheet keeps a longer name whole."""

PURPOSE = "printed name"
NOBODY = "—"
CHANGED = (
    *("revision", "sheet", "printed_name", "initials", "title", "minutes", "held_on"),
    *("name_before", "renamed_at", "renamed_by_id"),
)


# -- a paper set anew


def in_hand(certificate: Certificate) -> bool:
    """From «recibí conforme» on a mistake is annulled and issued again."""
    return certificate.handed_over_at is not None


class Settled(StrEnum):
    """Why an own link no longer changes the name on papers."""

    IN_HAND = "in_hand"
    PRINTED = "printed"


async def settled(registration_id: UUID) -> Settled | None:
    return settled_among(await papers_of([registration_id]))


def settled_among(papers: Iterable[Certificate]) -> Settled | None:
    """Of one registration. None: no paper stands, or no paper still to be handed over was printed."""
    standing = [one for one in papers if one.state is not CertificateState.REVOKED]
    if standing and all(one.handed_over_at is not None for one in standing):
        return Settled.IN_HAND
    is_printed = any(one.handed_over_at is None and one.printed_at is not None for one in standing)
    return Settled.PRINTED if is_printed else None


async def not_in_hand(registration_id: UUID) -> list[Certificate]:
    """Standing papers, not handed over, locked."""
    standing = Certificate.filter(registration_id=registration_id, handed_over_at=None, erased_at=None)
    ids = await standing.exclude(state=CertificateState.REVOKED).values_list("id")
    held = await lock(Certificate, [key for (key,) in ids])
    return [one for one in held if one.state is not CertificateState.REVOKED and not in_hand(one)]


async def set_name(certificates: Sequence[Certificate], person: Participant, *, actor: Actor) -> int:
    """Print the current name on locked papers that state another; returns their number."""
    n = 0
    for certificate in certificates:
        sheet = CertificateSheet.from_json(certificate.sheet)
        if sheet.person_name != person.full_name:
            certificate.initials = initials(person.given_names, person.surnames)[:LONGEST_INITIALS].strip()
            _note_name_before(certificate, sheet.person_name, actor)
            await set_anew(certificate, replace(sheet, person_name=person.full_name), actor=actor)
            n += 1
    return n


def _note_name_before(certificate: Certificate, name: str, actor: Actor) -> None:
    printed_at, renamed_at = certificate.printed_at, certificate.renamed_at
    if renamed_at is None or (printed_at is not None and renamed_at <= printed_at):
        certificate.name_before = name
    certificate.renamed_at, certificate.renamed_by_id = clock.now(), actor.id


async def set_anew(certificate: Certificate, sheet: CertificateSheet, *, actor: Actor) -> None:
    """Freeze another sheet for a locked certificate not handed over, in the caller's transaction. The old file's hash
    tells its holder. `printed_at` stays.
    """
    assert not in_hand(certificate), "what was handed over is annulled, not changed"
    kept = await CertificateFile.get_or_none(certificate_id=certificate.id)
    if kept is not None:
        await SupersededFile.create(certificate_id=certificate.id, sha256=kept.sha256, revision=kept.revision)
        await kept.delete()
    certificate.revision += 1
    certificate.sheet, certificate.printed_name = sheet.to_json(), sheet.person_name[:LONGEST_PRINTED]
    certificate.title, certificate.minutes = sheet.title, sheet.minutes
    await certificate.save(update_fields=CHANGED)
    await have_set(certificate)
    await record(
        "certificates.set_anew",
        actor=actor,
        object_id=certificate.id,
        hub_id=certificate.hub_id,
        folio=certificate.folio,
        revision=certificate.revision,
    )


async def changed_among(certificates: Iterable[Certificate]) -> frozenset[UUID]:
    printed = {one.id: one.printed_at for one in certificates if one.printed_at is not None}
    if not printed:
        return frozenset()
    superseded = await reads(SupersededFile).filter(certificate_id__in=list(printed))
    return frozenset(one.certificate_id for one in superseded if one.created_at > printed[one.certificate_id])


@dataclass(frozen=True, slots=True)
class ChangedName:
    """Another name than when last printed or issued. `by`: staff; empty: its own link."""

    folio: str
    before: str
    after: str
    by: str
    at: datetime


async def changed_names(papers: Sequence[Certificate]) -> list[ChangedName]:
    changed = [
        (one, one.renamed_at)
        for one in papers
        if one.renamed_at is not None
        and (one.printed_at is None or one.renamed_at > one.printed_at)
        and one.name_before != one.sheet["person_name"]
    ]
    by = await names_of(one.renamed_by_id for one, _at in changed)
    return [
        ChangedName(one.folio, one.name_before, one.sheet["person_name"], by.get(one.renamed_by_id, ""), at)
        for one, at in changed
    ]


# -- confirmed or corrected


class LetterNotPrintable(WrongInput):
    sentence = N_("El diploma no puede imprimir «%(letters)s». Escriba el nombre sin eso, o con otra letra.")


class NameChanged(Refusal):
    sentence = N_("El nombre cambió mientras tanto. Léalo otra vez antes de decir que está bien.")


class AlreadyValid(Refusal):
    code = "name_of_a_valid_paper"
    sentence = N_(
        "El diploma ya vale con este nombre: por aquí solo se corrige cómo se escribe. "
        "Para otro nombre, pida ayuda en la ventanilla."
    )


class PaperInHand(Refusal):
    sentence = N_("El diploma ya se entregó. Si el nombre está mal escrito, pida otro en la ventanilla.")


class PaperPrinted(PaperInHand):
    """Only staff change the name on a printed paper."""

    sentence = N_("El diploma ya se imprimió. Si el nombre está mal escrito, pida a la ventanilla que lo corrija.")


@dataclass(frozen=True, slots=True)
class Confirmed:
    """`by`: staff who noted it; empty: the own link."""

    how: ConfirmedHow
    at: datetime
    by: str


def check_letters(given_names: str, surnames: str, design: str) -> None:
    """Refuses (LetterNotPrintable) at its field."""
    for field, name in (("given_names", given_names), ("surnames", surnames)):
        missing = pdf.missing_glyphs(name, design=design)
        if missing:
            raise LetterNotPrintable(field=field, letters=missing)


async def confirm(registration_id: UUID, how: ConfirmedHow, *, actor: Actor, name: str | None = None) -> int:
    """The person says that the name is right; returns the number of papers set anew.

    `name`: what the person read; refuses (NameChanged) if the name is another now. Refuses LetterNotPrintable,
    PermissionGone, and by a link PaperInHand, PaperPrinted (another name) and AlreadyValid (another person's name).
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
    """Write the name to print; returns the number of papers set anew. `how` also confirms it; None: the writer does not
    speak for the person.

    Refuses LetterNotPrintable, by a link PaperPrinted, PaperInHand and AlreadyValid, and as `registrations.rename`
    does.
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
        return await set_name(await not_in_hand(renamed.id), renamed.participant, actor=actor)


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
    return await set_name(await not_in_hand(registration.id), person, actor=actor)


async def _check_open(registration_id: UUID, actor: Actor) -> None:
    if actor.is_by_link and await settled(registration_id) is Settled.IN_HAND:
        raise PaperInHand


async def _check_same_person(
    registration: Registration, given_names: str, surnames: str, *, is_confirming: bool
) -> None:
    """Refuses (AlreadyValid) to turn a valid paper into another person's: a link may be sold.

    A slip is corrected once; afterwards, or once confirmed, only accents and the like.
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
    """Refuses (PaperPrinted) another name on a printed paper, accents included; AlreadyValid where the name was changed
    elsewhere meanwhile.
    """
    name = registration.participant.full_name
    for paper in await not_in_hand(registration.id):
        if paper.printed_at is not None and paper.sheet["person_name"] != name:
            raise PaperPrinted(field="given_names")
        is_another = fold(paper.printed_name) != fold(name) and not are_alike(paper.printed_name, name)
        if paper.state is CertificateState.VALID and is_another:
            raise AlreadyValid(field="given_names")


async def _held(registration_id: UUID) -> Registration:
    """Under the training's lock."""
    where = await Registration.get_or_none(id=registration_id)
    if where is None:
        raise NotFound(N_("No encontramos esa inscripción."))
    await locked_training(where.training_id)
    return await Registration.get(id=registration_id).prefetch_related("participant", "training__hub__operator")


def _keys(registration_id: UUID, name: str) -> list[str]:
    """Keyed hashes of the printed name, the current key's first. A different accent is another name."""
    text = f"{registration_id}\0{unicodedata.normalize('NFC', name)}"
    return keyring().blind_indexes(text, PURPOSE)


CONFIRMED = Select(
    NameConfirmation, where="this.registration_id IN ?list", order="this.created_at, this.id", are_few=True
)


async def confirmed(registrations_: Collection[Registration]) -> Mapping[UUID, Confirmed]:
    """Of the current names, by registration (people loaded)."""
    wanted = {one.id: frozenset(_keys(one.id, one.participant.full_name)) for one in registrations_}
    if not wanted:
        return {}
    rows = await CONFIRMED.rows(list(wanted))
    standing = [row for row in rows if row.name_key in wanted[row.registration_id]]
    by = await names_of(row.confirmed_by_id for row in standing)
    return {
        one.registration_id: Confirmed(one.how, one.created_at, by.get(one.confirmed_by_id, "")) for one in standing
    }


CONFIRMED_IN = """
    SELECT n.registration_id, n.name_key FROM registration r JOIN name_confirmation n ON n.registration_id = r.id
    WHERE r.training_id = ?
"""


async def n_confirmed_in(training_id: UUID, people: Iterable[tuple[UUID, str]]) -> int:
    """How many of these registrations have a name that somebody confirmed as it is now."""
    said = defaultdict[UUID, set[str]](set)
    for key, hashed in await sql.tuples(CONFIRMED_IN, training_id):
        said[as_uuid(key)].add(hashed)
    return sum(key in said and not said[key].isdisjoint(_keys(key, name)) for key, name in people) if said else 0


ERASED = (
    "sheet",
    "code",
    "state",
    "revoked_at",
    "revoked_reason",
    "printed_name",
    "initials",
    "name_before",
    "erased_at",
    "revision",
)


# -- removed, because the person asked for it


async def erasable(participant_ids: Collection[UUID]) -> list[Certificate]:
    """Certificates that still hold something personal."""
    found = reads(Certificate).filter(registration__participant_id__in=list(participant_ids))
    left = found.exclude(code__startswith=WITHDRAWN_MARK)
    return await left.order_by("year", "number", "id")


async def remove_names(participant_ids: Collection[UUID]) -> int:
    """In the caller's transaction; returns the number of certificates: folio, code and hash still verify. Withdraws
    prepared papers; deletes transcripts.
    """
    held = [one for one in await _locked_papers(participant_ids) if one.erased_at is None]
    await _withdraw([one for one in held if one.state is CertificateState.PREPARED])
    await _forget_names([one for one in held if one.state is not CertificateState.PREPARED])
    await _forget_around(participant_ids)
    return len(held)


async def withdraw_all(participant_ids: Collection[UUID]) -> int:
    """In the caller's transaction; returns the number of certificates: codes answer like unknown codes, folios stay.
    Deletes transcripts.
    """
    held = await _locked_papers(participant_ids)
    await _withdraw(held)
    await _forget_around(participant_ids)
    return len(held)


async def _locked_papers(participant_ids: Collection[UUID]) -> list[Certificate]:
    return await lock(Certificate, [one.id for one in await erasable(participant_ids)])


async def _forget_names(certificates: Sequence[Certificate]) -> None:
    """The file goes, its hash stays."""
    for one in certificates:
        one.sheet = {**one.sheet, "person_name": NOBODY}
        await _make_nameless(one)
    kept = CertificateFile.filter(certificate_id__in=[one.id for one in certificates])
    await kept.update(content=b"", credential=None)


async def _withdraw(certificates: Sequence[Certificate]) -> None:
    for one in certificates:
        one.code = WITHDRAWN_MARK + tokens.certificate_code()[1:]
        one.sheet = {**one.sheet, "person_name": NOBODY, "code": NO_CODE, "check_url": ""}
        if one.state is not CertificateState.REVOKED:
            one.state, one.revoked_at = CertificateState.REVOKED, clock.now()
        await _make_nameless(one)
    ids = [one.id for one in certificates]
    await CertificateFile.filter(certificate_id__in=ids).delete()
    await SupersededFile.filter(certificate_id__in=ids).delete()
    status_lists.touch(certificates)


async def _make_nameless(certificate: Certificate) -> None:
    certificate.printed_name, certificate.initials, certificate.name_before = NOBODY, "", ""
    certificate.revoked_reason = ""  # staff write names into it
    certificate.erased_at, certificate.revision = clock.now(), certificate.revision + 1
    await certificate.save(update_fields=ERASED)


async def _forget_around(participant_ids: Collection[UUID]) -> None:
    await Transcript.filter(participant_id__in=list(participant_ids)).delete()
    await _forget_in_others(participant_ids)
    await NameConfirmation.filter(registration__participant_id__in=list(participant_ids)).delete()
    letters = IssueSkip.filter(registration__participant_id__in=list(participant_ids), reason=SkipReason.LETTERS)
    await letters.update(detail="")


async def _forget_in_others(participant_ids: Collection[UUID]) -> None:
    """Also of participants held to be the same person."""
    others = {one for key in participant_ids for one in await same_person_ids(key)} - set(participant_ids)
    own = Certificate.filter(registration__participant_id__in=list(participant_ids))
    folios = {folio for (folio,) in await own.values_list("folio")}
    made = await Transcript.filter(participant_id__in=sorted(others)).only("id", "entries") if others else []
    told = [one.id for one in made if any(entry["folio"] in folios for entry in one.entries)]
    await Transcript.filter(id__in=told).delete()
