"""Prepared papers that no longer hold are set anew, with the same folio and code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from trainings.attendance.settling import settle
from trainings.audit.actor import Actor
from trainings.certificates.designs import designs, pdf
from trainings.certificates.designs.texts import CertificateSheet
from trainings.certificates.issuing import actions, revisions
from trainings.certificates.issuing.preparing import Waiting, as_now, held_prepared, occasion_now, waiting, waiting_of
from trainings.certificates.making.contents import Occasion, texts_in_common
from trainings.certificates.models import Certificate
from trainings.certificates.refusals import UnprintableText
from trainings.db import transaction
from trainings.schedule.session_actions import locked_training

PAPERS_AT_ONCE = 25
"""In one transaction, of some hundredths of a second."""

Signing = dict[date, tuple[tuple[str, str], ...]]


async def correct_outdated(training_id: UUID, *, actor: Actor) -> int:
    """Set papers anew whose hours, days or title no longer hold; returns their number. In small transactions, so that
    nobody waits for thousands; another press continues after an interruption.

    A new day takes that day's signatories. Leaves handed-over papers, which are annulled and issued again, and unused
    ones, which wait to be annulled. Refuses (NoSignatory, UnprintableText) as issuing does, before the first.
    """
    await settle(training_id)
    found = [one.certificate for one in await waiting(training_id) if _is_to_correct(one)]
    if not found:
        return 0
    await _signing(training_id, _changes(found, await occasion_now(training_id)))
    keys = [one.id for one in found]
    some = (keys[first : first + PAPERS_AT_ONCE] for first in range(0, len(keys), PAPERS_AT_ONCE))
    return sum([await _correct_some(training_id, few, actor=actor) for few in some])


async def _correct_some(training_id: UUID, keys: Sequence[UUID], *, actor: Actor) -> int:
    async with transaction():
        await locked_training(training_id)
        held, occasion = await held_prepared(keys), await occasion_now(training_id)
        changes = _changes([one for one in held if _is_to_correct(waiting_of(one, occasion))], occasion)
        signing = await _signing(training_id, changes)
        for one in changes:
            sheet = replace(one.now, signatories=signing[one.now.issued_on]) if one.is_of_another_day else one.now
            one.certificate.held_on = occasion.last_day
            await revisions.set_anew(one.certificate, sheet, actor=actor)
        return len(changes)


def _is_to_correct(one: Waiting) -> bool:
    return bool(one.outdated) and not one.is_unused and not revisions.in_hand(one.certificate)


@dataclass(frozen=True, slots=True)
class _Change:
    certificate: Certificate
    said: CertificateSheet
    now: CertificateSheet

    @property
    def is_of_another_day(self) -> bool:
        return self.now.issued_on != self.said.issued_on


def _changes(certificates: Sequence[Certificate], occasion: Occasion) -> list[_Change]:
    """Refuses (UnprintableText) letters that the designs lack: else none could be printed."""
    changes = [_change(one, occasion) for one in certificates]
    for one in changes:
        design = designs.design_of_kept(one.now.to_json())
        if missing := pdf.missing_in(design, *texts_in_common(one.now)):
            raise UnprintableText(letters=missing)
    return changes


def _change(certificate: Certificate, occasion: Occasion) -> _Change:
    said = CertificateSheet.from_json(certificate.sheet)
    return _Change(certificate, said, as_now(certificate, said, occasion))


async def _signing(training_id: UUID, changes: Sequence[_Change]) -> Signing:
    days = sorted({one.now.issued_on for one in changes if one.is_of_another_day})
    return {day: tuple((await actions.same_occasion(training_id, day=day)).signatories) for day in days}
