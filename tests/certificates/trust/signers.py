"""Certificates and PKCS#12 files as providers hand them out, good and bad; and what a reader says of a signature."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from asn1crypto import pem
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from tests.certificates.held import AFTER
from tests.certificates.sheets import WHEN
from trainings.certificates.signing_material import SigningMaterial
from trainings.certificates.trust.signing_keys import make_key_file

PASSWORD = "clave del proveedor"
PROVIDER = "Prestador Autorizado, S. A."
YEAR = timedelta(days=365)
OPERATOR = "Municipalidad de La Libertad, Petén"
AnyKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def material(name: str = OPERATOR) -> SigningMaterial:
    """A key of one's own, as the program makes it."""
    return make_key_file(name, now=WHEN - timedelta(days=1)).material


def a_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) if text else x509.Name([])


def a_certificate(
    whose: str,
    key: AnyKey,
    *,
    by: str = "",
    with_key: AnyKey | None = None,
    start: datetime = AFTER - YEAR,
    end: datetime = AFTER + YEAR,
    is_authority: bool = False,
) -> x509.Certificate:
    """Signed by itself, unless `by` somebody `with_key`."""
    usage = {
        "digital_signature": True,
        "content_commitment": True,
        "key_cert_sign": is_authority,
        "crl_sign": is_authority,
        **dict.fromkeys(("key_encipherment", "data_encipherment", "key_agreement"), False),
        **dict.fromkeys(("encipher_only", "decipher_only"), False),
    }
    return (
        x509.CertificateBuilder(a_name(by or whose), a_name(whose), key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .sign(with_key or key, SHA256())
    )


def a_file(key: Any, certificate: Any, *chain: x509.Certificate, password: str = PASSWORD) -> bytes:
    return serialize_key_and_certificates(b"firma", key, certificate, chain, BestAvailableEncryption(password.encode()))


def from_a_provider(whose: str = "María Elena Caal Tzib") -> tuple[bytes, str]:
    """A file with a chain of two, and the provider's root, which is not in it, as PEM."""
    root_key, middle_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    root = a_certificate("Raíz", root_key, is_authority=True)
    middle = a_certificate(PROVIDER, middle_key, by="Raíz", with_key=root_key, is_authority=True)
    own = a_certificate(whose, key, by=PROVIDER, with_key=middle_key)
    return a_file(key, own, middle), root.public_bytes(Encoding.PEM).decode()


def seen_by_a_reader(file: bytes, root_pem: str, *, moment: datetime) -> PdfSignatureStatus:
    """What pyhanko says of the one signature of a file, trusting this certificate alone."""
    _, _, der = pem.unarmor(root_pem.encode())
    context = ValidationContext(trust_roots=[asn1.Certificate.load(der)], moment=moment)
    [signature] = PdfFileReader(BytesIO(file)).embedded_signatures
    return validate_pdf_signature(signature, context)
