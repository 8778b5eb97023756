"""Signing keys: from a provider's PKCS#12 file, or made here with an own certificate."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from trainings.errors import Refusal
from trainings.lib.text import clean
from trainings.web.i18n import N_

YEARS = 10
"""Of an own certificate: its signatures should not look expired while the diploma hangs."""
SECONDS = 15.0
LONGEST_NAME = 160
_CHILD = Path(__file__).with_name("key_file_child.py")


class UnreadableKeyFile(Refusal):
    code = "unreadable_key_file"
    status = 422
    sentence = N_("Ese archivo no es un certificado que se pueda usar. Pida a su proveedor un archivo .p12 o .pfx.")


class WrongKeyPassword(Refusal):
    code = "wrong_key_password"
    status = 422
    sentence = N_("La contraseña no abre ese archivo. Es la que le dio el proveedor, no la de su usuario.")


class KeyMissing(Refusal):
    code = "key_missing"
    status = 422
    sentence = N_(
        "El archivo no trae la llave privada junto con su certificado. Pida al proveedor el archivo completo."
    )


class WrongKeyKind(Refusal):
    code = "wrong_key_kind"
    status = 422
    sentence = N_("La llave de ese archivo es de otro tipo. Pida al proveedor una de curva elíptica P-256 (ES256).")


class CertificateExpired(Refusal):
    code = "certificate_expired"
    status = 422
    sentence = N_("Ese certificado venció el %(day)s. Pida uno nuevo a su proveedor.")


class CertificateNotYet(Refusal):
    code = "certificate_not_yet"
    status = 422
    sentence = N_("Ese certificado vale hasta desde el %(day)s. Cárguelo ese día.")


class CertificateNameless(Refusal):
    code = "certificate_nameless"
    status = 422
    sentence = N_("El certificado no dice de quién es. Pida otro a su proveedor.")


_WRONG: dict[str, type[Refusal]] = {
    "unreadable": UnreadableKeyFile,
    "password": WrongKeyPassword,
    "no_key": KeyMissing,
    "kind": WrongKeyKind,
}
_FIELDS = {"password": "password"}


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A certificate with its chain and private key. `subject` and `issued_by`: names in it."""

    certificate_pem: str
    private_key_pem: str = field(repr=False)
    subject: str
    issued_by: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    is_self_signed: bool


def read_key_file(content: bytes, password: str) -> KeyFile:
    """Takes some tenths of a second in another process: call it in a thread.

    Refuses UnreadableKeyFile, WrongKeyPassword, KeyMissing, WrongKeyKind, CertificateNameless; does not check its
    dates.
    """
    asked = json.dumps({"content": base64.b64encode(content).decode("ascii"), "password": password})
    try:
        ended = subprocess.run(  # noqa: S603 - our own file and interpreter
            [sys.executable, "-I", str(_CHILD)],
            input=asked,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        # Without the cause: what it was asked holds the password.
        raise UnreadableKeyFile(field="file") from None
    said = json.loads(ended.stdout)
    if "wrong" in said:
        raise _WRONG[said["wrong"]](field=_FIELDS.get(said["wrong"], "file"))
    return _key_file(said["chain"], said["key"])


def make_key_file(name: str, *, now: datetime) -> KeyFile:
    """A new EC P-256 key with a self-signed certificate in the operator's name, from now for ten years."""
    key = generate_private_key(SECP256R1())
    whose = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "GT"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name[:64]),
            x509.NameAttribute(NameOID.COMMON_NAME, name[:64]),
        ]
    )
    start = now.astimezone(UTC).replace(microsecond=0)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder(whose, whose, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=YEARS * 365))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return _key_file([certificate.public_bytes(Encoding.PEM).decode()], private)


def _key_file(chain: list[str], private_key: str) -> KeyFile:
    certificate = x509.load_pem_x509_certificate(chain[0].encode())
    return KeyFile(
        certificate_pem="".join(chain),
        private_key_pem=private_key,
        subject=_name(certificate.subject),
        issued_by=_name(certificate.issuer),
        fingerprint=certificate.fingerprint(SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        is_self_signed=certificate.subject == certificate.issuer,
    )


def _name(whose: x509.Name) -> str:
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for one in whose.get_attributes_for_oid(kind):
            try:
                return clean(str(one.value)[:LONGEST_NAME], LONGEST_NAME)
            except ValueError:
                continue
    raise CertificateNameless(field="file")
