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
    """`sentence` names its folio and day. `instead`: the folio of the valid one in its place, or empty."""

    sentence: str
    code: str
    instead: str


async def annulled_papers(registration_ids: Collection[UUID]) -> Mapping[UUID, Sequence[AnnulledPaper]]:
    """By registration, last first; registrations without any are missing. Leaves out papers never valid nor handed
    over, which nobody knows, and papers that their person withdrew.
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
