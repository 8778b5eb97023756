"""The signed Open Badge of a certificate: as attached to its PDF, or with its holder's contact as a hash."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from trainings.certificates.making.files import file_of
from trainings.certificates.models import Certificate, CertificateState
from trainings.certificates.queries import UnknownCertificate
from trainings.certificates.trust import badges, issuer_keys, proofs
from trainings.certificates.trust.badges import Contact
from trainings.db import reads
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.places.models import Operator
from trainings.registrations.models import Registration
from trainings.web.i18n import N_

SALT_BYTES = 12


class NoContact(Refusal):
    code = "badge_without_contact"
    sentence = N_("No tenemos un correo suyo para ponerlo en la insignia. Bájela sin contacto, o agregue su correo.")


class MinorsContact(Refusal):
    code = "badge_of_a_minor"
    sentence = N_("La insignia de una persona menor de edad no lleva ningún contacto. Bájela sin contacto.")


async def valid_certificate(typed_code: str) -> Certificate:
    """A prepared or annulled one is unknown here."""
    code = tokens.read_certificate_code(typed_code) or ""
    certificate = await reads(Certificate).get_or_none(code=code, state=CertificateState.VALID)
    if certificate is None:
        raise UnknownCertificate
    return certificate


async def badge_of(certificate: Certificate) -> str:
    """JSON as in the PDF; signed anew where that key was stolen. It names nobody, so it outlives the name."""
    if certificate.erased_at is not None:
        return await _signed(certificate, None)
    kept = (await file_of(certificate)).credential  # the first files had none attached
    if kept and await issuer_keys.signs_still(json.loads(kept)["proof"]["verificationMethod"]):
        return kept
    return await _signed(certificate, None)


async def badge_with_contact(certificate: Certificate) -> str:
    """The same badge with a salted hash of its holder's e-mail address; nothing of it is kept.

    Refuses for a minor, whose contact is another person's, and without an address.
    """
    if certificate.is_minor:
        raise MinorsContact
    registration = await reads(Registration).get(id=certificate.registration_id).prefetch_related("participant")
    email = registration.participant.email
    if not email:
        raise NoContact
    salt = base64.urlsafe_b64encode(tokens.random_bytes(SALT_BYTES)).decode("ascii")
    return await _signed(certificate, Contact(email, salt))


async def _signed(certificate: Certificate, contact: Contact | None) -> str:
    operator = await reads(Operator).get(id=certificate.operator_id)
    pair = await issuer_keys.current(operator.id)
    document = badges.credential(badges.facts_of(certificate, operator.code), contact)
    signed: dict[str, Any] = await asyncio.to_thread(
        proofs.sign, document, pair.seed, verification_method=pair.method, created=certificate.issued_at
    )
    return json.dumps(signed, ensure_ascii=False)
