from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from trainings.certificates.models import FolioSeries, IssuerKey, SigningKey
from trainings.certificates.trust import badges, expansion, issuer_keys, proofs, signing_keys
from trainings.db import reads
from trainings.errors import NotFound
from trainings.places.models import Operator
from trainings.settings import get_settings
from trainings.web.i18n import N_

CONTROLLERS, MULTIKEY = "https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"


class UnknownIssuer(NotFound):
    code = "unknown_issuer"
    sentence = N_("No encontramos a quien emite estos certificados.")


@dataclass(frozen=True, slots=True)
class Issuer:
    """An operator with its municipality, badge keys, PDF certificates and years of issue, each newest first."""

    operator: Operator
    keys: Sequence[IssuerKey]
    certificates: Sequence[SigningKey]
    years: Sequence[int]

    @property
    def address(self) -> str:
        return badges.issuer_address(get_settings().base_url.rstrip("/"), self.operator.code)


async def find_issuer(operator_code: str) -> Issuer:
    operator = await issuer_keys.operators_with(operator_code).first().prefetch_related("municipality")
    if operator is None:
        raise UnknownIssuer
    years: Any = (
        await reads(FolioSeries).filter(operator_id=operator.id).order_by("-year").values_list("year", flat=True)
    )
    return Issuer(
        operator,
        await issuer_keys.public_keys(operator.id),
        await signing_keys.signing_keys_of([operator.id]),
        list(years),
    )


def profile(issuer: Issuer) -> dict[str, Any]:
    """Open Badges 3.0 Profile, with its keys: retired ones too, stolen ones not."""
    methods = [_method(issuer, key) for key in issuer.keys]
    return {
        "@context": [CONTROLLERS, MULTIKEY, expansion.OPEN_BADGES],
        "id": issuer.address,
        "type": ["Profile"],
        "name": issuer.operator.name,
        "url": issuer.address,
        "description": issuer.operator.municipality.full_name,
        "verificationMethod": methods,
        "assertionMethod": [method["id"] for method in methods if "revoked" not in method],
    }


def public_key(issuer: Issuer, key_id: UUID) -> dict[str, Any]:
    """As a document. Raises UnknownIssuer for another's key."""
    key = next((one for one in issuer.keys if one.id == key_id), None)
    if key is None:
        raise UnknownIssuer
    return {"@context": MULTIKEY, **_method(issuer, key)}


def certificate_of(issuer: Issuer, fingerprint: str) -> str:
    """With its chain, as PEM. Raises UnknownIssuer for another's fingerprint."""
    found = next((one for one in issuer.certificates if one.fingerprint == fingerprint), None)
    if found is None:
        raise UnknownIssuer
    return found.certificate_pem


def _method(issuer: Issuer, key: IssuerKey) -> dict[str, Any]:
    return {
        "id": issuer_keys.key_address(issuer.operator.code, key.id),
        "type": "Multikey",
        "controller": issuer.address,
        "publicKeyMultibase": key.public_key,
        **({"revoked": proofs.moment_text(key.compromised_since)} if key.compromised_since is not None else {}),
    }
