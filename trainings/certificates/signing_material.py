"""What signs an operator's papers, and the words that say so: without the twenty megabytes that do it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SigningMaterial:
    """What signs: a certificate, with its chain where it has one, and its EC P-256 key. Never logged: its key is not
    part of how it shows itself.

    `subject` and `issued_by` are the names in the certificate, `fingerprint` its SHA-256 in hex.
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
"""Who signed, with a certificate of one's own, with that of a provider. Other languages follow the law's: Spanish."""


def note_of(material: SigningMaterial, language: str = "es") -> tuple[str, ...]:
    """The lines that a design prints, in the first language of the paper (`es`, `en`, `es+kek`)."""
    signed, own, provided = _NOTES.get(language.partition("+")[0], _NOTES["es"])
    return (
        signed.format(subject=material.subject.removesuffix(".")),
        (own if material.is_self_signed else provided).format(
            issuer=material.issued_by, mark=material.fingerprint[:16].upper()
        ),
    )
