"""«Recibí conforme»: afterwards a mistake is annulled and issued again."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from trainings import clock
from trainings.accounts.permissions import DESK, can_issue_certificates
from trainings.accounts.queries import names_of
from trainings.attendance.models import AttendanceSheet
from trainings.attendance.settling import stays_counting
from trainings.attendance.sheets.queries import UnknownSheet, open_sheet
from trainings.attendance.sheets.row_lists import read_rows
from trainings.audit.actions import Act, record_all
from trainings.audit.actor import Actor
from trainings.certificates.forms import PRINTED_FOLIO
from trainings.certificates.models import Certificate, CertificateState, HandedOver
from trainings.db import lock, reads, transaction
from trainings.errors import NotAllowed, Refusal, WrongInput
from trainings.lib import tokens
from trainings.registrations.models import TAKES_PLACE, Registration
from trainings.web.i18n import N_

LONGEST_SCAN = 300
UNDONE_WITHIN = timedelta(days=1)


class NothingScanned(WrongInput):
    sentence = N_(
        "Ese código no es de un diploma ni de un boleto de esta capacitación. Escanéelo otra vez, o escríbalo."
    )


class NothingToHandOver(Refusal):
    sentence = N_("Esa persona no tiene un diploma por entregar en esta capacitación.")


class NothingTicked(WrongInput):
    sentence = N_("No marcó a nadie. Marque a quienes ya recibieron su diploma.")


class NobodyInRows(WrongInput):
    sentence = N_("En esas filas nadie tiene un diploma por entregar. Revise los números y el código de la hoja.")


class NotedLongAgo(NotAllowed):
    sentence = N_("Esa entrega se anotó hace más de un día. Pida a la coordinación que la deshaga.")


@dataclass(frozen=True, slots=True)
class Handed:
    now: Sequence[Certificate]
    before: Sequence[Certificate]


async def of_training(training_id: UUID) -> list[Certificate]:
    """Without papers prepared for people who gave their place back and never came."""
    standing = reads(Certificate).filter(registration__training_id=training_id, erased_at=None)
    ordered = standing.exclude(state=CertificateState.REVOKED).order_by("year", "number", "id")
    # Joined: a separate fetch takes Tortoise quadratic time.
    found = await ordered.select_related("registration__participant")
    left = [one.registration_id for one in found if _is_left(one)]
    stays = await stays_counting(left) if left else {}
    return [one for one in found if not _is_left(one) or stays[one.registration_id]]


def _is_left(one: Certificate) -> bool:
    is_open = one.state is CertificateState.PREPARED and one.handed_over_at is None
    return is_open and one.registration.state not in TAKES_PLACE


async def hand_over(training_id: UUID, certificate_ids: Collection[UUID], how: HandedOver, *, actor: Actor) -> Handed:
    """Prepared papers too. Skips annulled papers and papers of other trainings."""
    wanted = set(certificate_ids)
    keys = [one.id for one in await of_training(training_id) if one.id in wanted]
    async with transaction():
        held = [one for one in await lock(Certificate, keys) if one.state is not CertificateState.REVOKED]
        new = [one for one in held if one.handed_over_at is None]
        before = [one for one in held if one.handed_over_at is not None]
        moment = clock.now()
        for one in new:
            one.handed_over_at, one.handed_over_by_id, one.handed_over_how = moment, actor.id, how
        same = Certificate.filter(id__in=[one.id for one in new])
        await same.update(handed_over_at=moment, handed_over_by_id=actor.id, handed_over_how=how)
        acts = [Act(one.id, one.hub_id, {"folio": one.folio, "how": how.value}) for one in new]
        await record_all("certificates.hand_over", acts, actor=actor)
        return Handed(new, before)


async def take_back(training_id: UUID, certificate_ids: Collection[UUID], *, actor: Actor) -> list[Certificate]:
    """Returns the papers that had a note. A name may then change under the same folio, so after a day only issuers may
    undo it (NotedLongAgo).
    """
    wanted = set(certificate_ids)
    keys = [one.id for one in await of_training(training_id) if one.id in wanted]
    async with transaction():
        noted = [one for one in await lock(Certificate, keys) if one.handed_over_at is not None]
        may_always = all(can_issue_certificates(actor, one.hub_id) for one in noted)
        since = clock.now() - UNDONE_WITHIN
        if not may_always and any(one.handed_over_at is not None and one.handed_over_at < since for one in noted):
            raise NotedLongAgo
        for one in noted:
            one.handed_over_at = one.handed_over_by_id = one.handed_over_how = None
        same = Certificate.filter(id__in=[one.id for one in noted])
        await same.update(handed_over_at=None, handed_over_by_id=None, handed_over_how=None)
        acts = [Act(one.id, one.hub_id, {"folio": one.folio}) for one in noted]
        await record_all("certificates.take_back", acts, actor=actor)
        return noted


async def paper_at_desk(code: str, *, actor: Actor) -> Certificate | None:
    """None: the actor may not hand it over. A stranger's request asks no database."""
    hubs = sorted(actor.hubs_with(DESK))
    return await reads(Certificate).get_or_none(code=code, hub_id__in=hubs, erased_at=None) if hubs else None


async def noted_by(certificate: Certificate) -> str:
    """Empty: no staff."""
    key = certificate.handed_over_by_id
    return (await names_of([key])).get(key, "")


async def scanned(training_id: UUID, typed: str) -> list[Certificate]:
    """One paper by its code, address or folio, or all papers of a ticket's holder. Refuses NothingScanned,
    NothingToHandOver.
    """
    text = typed.strip()[:LONGEST_SCAN]
    papers = await of_training(training_id)
    codes, folio = _certificate_codes(text), PRINTED_FOLIO.search(text.upper())
    found = [one for one in papers if one.code in codes or (folio is not None and one.folio == folio.group())]
    if found:
        return found
    registration_id = await _holder(training_id, text)
    if registration_id is None:
        raise NothingScanned(field="code")
    own = [one for one in papers if one.registration_id == registration_id]
    if not own:
        raise NothingToHandOver(field="code")
    return own


def _certificate_codes(text: str) -> set[str]:
    """Readers set to another keyboard type dashes for slashes. Both ends of a text may look like codes: `….json` does
    once in thirty.
    """
    path = re.split("[?#]", text.strip())[0]
    ends = ("".join(sign for sign in one if sign.isalnum()) for one in (text, path.removesuffix(".json")))
    read = (tokens.read_certificate_code(one[-tokens.CERTIFICATE_CODE_LENGTH :]) for one in ends)
    return {code for code in read if code is not None}


async def _holder(training_id: UUID, text: str) -> UUID | None:
    """A joined registration leads to the kept registration."""
    of_training = reads(Registration).filter(training_id=training_id)
    token, short = tokens.read_qr(text), tokens.read_short_code(text)
    found = None
    if token is not None:
        found = await of_training.get_or_none(qr_hash=tokens.digest(token, "qr"))
    elif short is not None:
        found = await of_training.get_or_none(short_code=short)
    return (found.joined_to_id or found.id) if found is not None else None


async def in_rows(training_id: UUID, sheet_id: UUID, typed: str) -> list[Certificate]:
    """`typed`: "1-40 menos 4, 9". Refuses UnknownSheet, unreadable or missing rows, NobodyInRows."""
    sheet = await reads(AttendanceSheet).get_or_none(id=sheet_id, session__training_id=training_id)
    if sheet is None:
        raise UnknownSheet
    opened = await open_sheet(sheet)
    numbers = set(read_rows(typed, named=opened.n_named, last=len(opened.lines)))
    people = {line.registration_id for line in opened.lines if line.number in numbers}
    found = [one for one in await of_training(training_id) if one.registration_id in people]
    if not found:
        raise NobodyInRows(field="rows")
    return found


async def sheets_of_training(training_id: UUID) -> list[AttendanceSheet]:
    found = reads(AttendanceSheet).filter(session__training_id=training_id).order_by("-created_at", "-id")
    return await found.select_related("session")
