"""What one's own page tells of papers that were annulled: who holds one learns it there, and what to do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from trainings.certificates.models import Certificate, CertificateKind, CertificateState
from trainings.db import reads
from trainings.lib import dates
from trainings.web.i18n import N_, gettext, language

_NO_LONGER = {
    CertificateKind.CONSTANCIA: N_("La constancia con el folio %(folio)s fue anulada el %(day)s. Ya no es válida."),
    CertificateKind.DIPLOMA: N_("El diploma con el folio %(folio)s fue anulado el %(day)s. Ya no es válido."),
    CertificateKind.CERTIFICADO: N_("El certificado con el folio %(folio)s fue anulado el %(day)s. Ya no es válido."),
}


@dataclass(frozen=True, slots=True)
class AnnulledPaper:
    """`sentence` names its folio and the day. `instead`: the folio of the one that is valid in its place, or empty."""

    sentence: str
    code: str
    instead: str


async def annulled_papers(registration_ids: Collection[UUID]) -> Mapping[UUID, Sequence[AnnulledPaper]]:
    """By registration, the last one first; who has none is missing. Of what was never valid nor handed over nobody
    knows, and of what its person withdrew nothing is said.
    """
    told: dict[UUID, list[AnnulledPaper]] = {}
    whose = reads(Certificate).filter(registration_id__in=list(registration_ids), erased_at=None)
    papers = await whose.exclude(state=CertificateState.PREPARED).order_by("-revoked_at", "-id")
    valid = {(one.registration_id, one.kind): one.folio for one in papers if one.state is CertificateState.VALID}
    for one in papers:
        if one.revoked_at is not None and (one.validated_at is not None or one.handed_over_at is not None):
            values = {"folio": one.folio, "day": dates.date_without_weekday(one.revoked_at, language())}
            paper = AnnulledPaper(
                gettext(_NO_LONGER[one.kind]) % values, one.code, valid.get((one.registration_id, one.kind), "")
            )
            told.setdefault(one.registration_id, []).append(paper)
    return told
