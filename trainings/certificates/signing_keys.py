"""The keys and certificates that an operator signs its PDFs with: loaded from a file, made here, retired."""

from __future__ import annotations

from uuid import UUID

from trainings import clock
from trainings.certificates.models import SigningKey
from trainings.certificates.signatures import SigningMaterial
from trainings.db import reads


async def material_of(operator_id: UUID) -> SigningMaterial | None:
    """What the operator signs with now: the key that is not retired, in its dates. Without one: unsigned."""
    now = clock.now()
    in_use = reads(SigningKey).filter(operator_id=operator_id, retired_at=None, not_before__lte=now, not_after__gt=now)
    key = await in_use.order_by("-created_at", "-id").first()
    if key is None:
        return None
    assert key.private_key is not None, "a certificate without its key signs nothing"
    return SigningMaterial(
        key.certificate_pem, key.private_key, key.subject, key.issued_by, key.fingerprint, key.is_self_signed
    )
