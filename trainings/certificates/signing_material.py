"""Apart from the twenty megabytes that sign."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SigningMaterial:
    """A certificate, its chain if any, and its EC P-256 key. Never logged: `repr` leaves the key out. `subject` and
    `issued_by`: names in the certificate; `fingerprint`: its SHA-256 in hex.
    """

    certificate_pem: str = field(repr=False)
    private_key_pem: str = field(repr=False)
    subject: str
    issued_by: str
    fingerprint: str
    is_self_signed: bool


_NOTES = {
    "es": (
        "Firmado electrónicamente por {subject}.",
        "Certificado electrónico propio, huella {mark}.",
        "Certificado de {issuer}, huella {mark}.",
    ),
    "en": (
        "Signed electronically by {subject}.",
        "Electronic certificate of its own, fingerprint {mark}.",
        "Certificate by {issuer}, fingerprint {mark}.",
    ),
}
"""Lines of the note: the signer, an own certificate, a provider's. Languages without lines get Spanish, the law's."""


def note_of(material: SigningMaterial, language: str = "es") -> tuple[str, ...]:
    """In the paper's first language (`es`, `en`, `es+kek`)."""
    signed, own, provided = _NOTES.get(language.partition("+")[0], _NOTES["es"])
    return (
        signed.format(subject=material.subject.removesuffix(".")),
        (own if material.is_self_signed else provided).format(
            issuer=material.issued_by, mark=material.fingerprint[:16].upper()
        ),
    )
