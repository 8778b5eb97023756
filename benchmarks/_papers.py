"""Certificates to be made, each for somebody else: equal ones would come out of what Typst has kept."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from trainings.certificates.designs.designs import DESIGNS
from trainings.certificates.designs.texts import CertificateSheet
from trainings.certificates.making.typesetting import FileOrder
from trainings.certificates.models import CertificateKind
from trainings.certificates.signing_material import SigningMaterial, note_of
from trainings.certificates.trust import badges
from trainings.lib import tokens

WHEN = datetime(2027, 3, 5, 15, tzinfo=UTC)
SEED = bytes(range(32))
KEY = "https://ventanillas.example/emisores/1705/llaves/1"


def material() -> SigningMaterial:
    """A key and a certificate of its own, for this run."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Municipalidad de La Libertad")])
    about = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = (
        about.serial_number(1).not_valid_before(WHEN - timedelta(days=1)).not_valid_after(WHEN + timedelta(days=900))
    )
    made = dated.sign(key, hashes.SHA256())
    return SigningMaterial(
        made.public_bytes(Encoding.PEM).decode(),
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "Municipalidad de La Libertad",
        "Municipalidad de La Libertad",
        made.fingerprint(hashes.SHA256()).hex(),
        is_self_signed=True,
    )


def orders(count: int, *, signed_with: SigningMaterial | None = None, first: int = 1) -> list[FileOrder]:
    kept = json.loads((DESIGNS / "diploma" / "samples" / "diploma-8-horas.json").read_text(encoding="utf-8"))
    sheet = CertificateSheet.from_json(kept)
    made = []
    with tokens.fixed_randomness(first):
        for number in range(first, first + count):
            code = tokens.certificate_code()
            own = replace(
                sheet,
                person_name=f"{sheet.person_name} {tokens.slug_suffix().capitalize()}",
                folio=f"VIMMIG-1705-2027-{number:06}",
                code=code,
                check_url=f"HTTPS://VENTANILLAS.EXAMPLE/V/{code}",
                note=note_of(signed_with) if signed_with is not None else (),
            )
            made.append(_order(own, number, signed_with))
    return made


def _order(sheet: CertificateSheet, number: int, signed_with: SigningMaterial | None) -> FileOrder:
    facts = badges.BadgeFacts(
        base_url="https://ventanillas.example",
        operator_code="1705",
        issuer="Municipalidad de La Libertad, Petén",
        code=sheet.code,
        folio=sheet.folio,
        kind=CertificateKind.DIPLOMA,
        title=sheet.title,
        activity=sheet.activity,
        minutes=sheet.minutes,
        share=80,
        pass_mark=None,
        year=2027,
        number=number,
        awarded_at=WHEN,
        valid_from=WHEN,
    )
    return FileOrder(sheet.to_json(), WHEN, {}, badges.credential(facts), KEY, SEED, signed_with, WHEN)
