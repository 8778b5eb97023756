"""Keys and certificates that sign an operator's PDFs: one in use at a time. Signatures of a retired key stay: its
certificate is in the file.
"""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from trainings import clock
from trainings.audit.actions import record
from trainings.audit.actor import Actor
from trainings.certificates.designs import pdf
from trainings.certificates.models import SigningKey
from trainings.certificates.signing_material import SigningMaterial, note_of
from trainings.db import lock, reads, transaction
from trainings.errors import NotFound, Refusal, WrongInput
from trainings.lib.dates import numeric_date
from trainings.lib.text import clean
from trainings.places.models import Operator
from trainings.web.i18n import N_

YEARS = 10
"""Years of an own certificate: its signatures should not look expired while the diploma hangs."""
SECONDS = 15.0
LONGEST_NAME = 160
_CHILD = Path(__file__).with_name("key_file_child.py")


class UnreadableKeyFile(WrongInput):
    sentence = N_("Ese archivo no es un certificado que se pueda usar. Pida a su proveedor un archivo .p12 o .pfx.")


class WrongKeyPassword(WrongInput):
    sentence = N_("La contraseña no abre ese archivo. Es la que le dio el proveedor, no la de su usuario.")


class KeyMissing(WrongInput):
    sentence = N_(
        "El archivo no trae la llave privada junto con su certificado. Pida al proveedor el archivo completo."
    )


class WrongKeyKind(WrongInput):
    sentence = N_("La llave de ese archivo es de otro tipo. Pida al proveedor una de curva elíptica P-256 (ES256).")


class CertificateExpired(WrongInput):
    sentence = N_("Ese certificado venció el %(day)s. Pida uno nuevo a su proveedor.")


class CertificateNotYet(WrongInput):
    sentence = N_("Ese certificado vale hasta desde el %(day)s. Cárguelo ese día.")


class CertificateNameless(WrongInput):
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
    material: SigningMaterial
    not_before: datetime
    not_after: datetime


def read_key_file(content: bytes, password: str) -> KeyFile:
    """Some tenths of a second in another process: call it in a thread. Refuses UnreadableKeyFile, WrongKeyPassword,
    KeyMissing, WrongKeyKind, CertificateNameless; does not check its dates.
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
    return _key_file(**said)


def make_key_file(name: str, *, now: datetime) -> KeyFile:
    """EC P-256, self-signed in the operator's name."""
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


def _key_file(chain: list[str], key: str) -> KeyFile:
    certificate = x509.load_pem_x509_certificate(chain[0].encode())
    material = SigningMaterial(
        certificate_pem="".join(chain),
        private_key_pem=key,
        subject=_name(certificate.subject),
        issued_by=_name(certificate.issuer),
        fingerprint=certificate.fingerprint(SHA256()).hex(),
        is_self_signed=certificate.subject == certificate.issuer,
    )
    return KeyFile(material, certificate.not_valid_before_utc, certificate.not_valid_after_utc)


def _name(whose: x509.Name) -> str:
    for kind in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for one in whose.get_attributes_for_oid(kind):
            try:
                return clean(str(one.value)[:LONGEST_NAME], LONGEST_NAME)
            except ValueError:
                continue
    raise CertificateNameless(field="file")


PUBLIC_FIELDS = (
    "id",
    "created_at",
    "operator_id",
    "certificate_pem",
    "subject",
    "issued_by",
    "fingerprint",
    "not_before",
    "not_after",
    "is_self_signed",
    "retired_at",
    "compromised_since",
)


class UnprintableCertificate(WrongInput):
    sentence = N_("El diploma no puede imprimir «%(letters)s», que está en el nombre del certificado.")


class AlreadyLoaded(Refusal):
    sentence = N_("Ese certificado ya se cargó antes. Si necesita otro, pídalo a su proveedor.")


class UnknownSigningKey(NotFound):
    sentence = N_("No encontramos ese certificado. Abra la página otra vez.")


class TheftAhead(WrongInput):
    sentence = N_("Ese día todavía no llega. Escriba desde qué día la pudo tener alguien ajeno.")


async def material_of(operator_id: UUID) -> SigningMaterial | None:
    """The key not retired, within its dates. None: papers stay unsigned."""
    now = clock.now()
    in_use = reads(SigningKey).filter(operator_id=operator_id, retired_at=None, not_before__lte=now, not_after__gt=now)
    key = await in_use.order_by("-created_at", "-id").first()
    if key is None:
        return None
    assert key.private_key is not None, "a certificate without its key signs nothing"
    return SigningMaterial(
        key.certificate_pem, key.private_key, key.subject, key.issued_by, key.fingerprint, key.is_self_signed
    )


async def signing_keys_of(operator_ids: Collection[UUID]) -> list[SigningKey]:
    """Newest first, without private halves."""
    keys = reads(SigningKey).filter(operator_id__in=sorted(operator_ids)).order_by("-created_at", "-id")
    return await keys.only(*PUBLIC_FIELDS)


async def running_out(operator_ids: Collection[UUID], within: timedelta) -> list[SigningKey]:
    """In use, and ending within this time or ended: papers are then unsigned."""
    keys = reads(SigningKey).filter(operator_id__in=sorted(operator_ids), retired_at=None)
    ending = keys.filter(not_after__lte=clock.now() + within).order_by("not_after", "id")
    return await ending.only(*PUBLIC_FIELDS)


async def load_key(operator_id: UUID, content: bytes, password: str, *, actor: Actor) -> SigningKey:
    """Sign with this PKCS#12 file's key from now on; retires the key in use. The password is not kept. Refuses as
    `read_key_file`, an expired, not yet valid or known certificate, and an unprintable name.
    """
    return await _use(operator_id, await asyncio.to_thread(read_key_file, content, password), actor=actor)


async def _use(operator_id: UUID, file: KeyFile, *, actor: Actor) -> SigningKey:
    now = clock.now()
    if file.not_after <= now:
        raise CertificateExpired(field="file", day=numeric_date(file.not_after))
    if file.not_before > now:
        raise CertificateNotYet(field="file", day=numeric_date(file.not_before))
    return await _begin(operator_id, file, actor=actor, act="certificates.load_signing_key")


async def make_key(operator_id: UUID, *, actor: Actor) -> SigningKey:
    """Sign with a new key and an own certificate; retires the key in use."""
    operator = await reads(Operator).get(id=operator_id)
    file = await asyncio.to_thread(make_key_file, operator.name, now=clock.now())
    return await _begin(operator_id, file, actor=actor, act="certificates.make_signing_key")


async def retire_key(operator_id: UUID, key_id: UUID, *, actor: Actor) -> None:
    """Later papers stay unsigned. Refuses another operator's key."""
    async with transaction():
        await lock(Operator, [operator_id])
        key = await SigningKey.get_or_none(id=key_id, operator_id=operator_id)
        if key is None:
            raise UnknownSigningKey
        if key.retired_at is not None:
            return
        await _retire([key], clock.now())
        await record("certificates.retire_signing_key", actor=actor, object_id=key.id, operator=str(operator_id))


async def report_stolen(operator_id: UUID, key_id: UUID, since: date, *, actor: Actor) -> None:
    """The key signs no more, and its signatures count only on files that we held before that day. The earlier of two
    days stands. Refuses TheftAhead (a future day), UnknownSigningKey (another operator's).
    """
    moment = theft_at(since)
    async with transaction():
        await lock(Operator, [operator_id])
        key = await SigningKey.get_or_none(id=key_id, operator_id=operator_id)
        if key is None:
            raise UnknownSigningKey
        key.compromised_since = min(moment, key.compromised_since or moment)
        key.retired_at = key.retired_at or clock.now()
        await key.save(update_fields=["compromised_since", "retired_at"])
        await record("certificates.report_stolen_key", actor=actor, object_id=key.id, since=since.isoformat())


def theft_at(since: date) -> datetime:
    """The day's beginning. Refuses a future day (TheftAhead)."""
    if since > clock.today():
        raise TheftAhead(field="since")
    return clock.midnight(since)


async def _begin(operator_id: UUID, file: KeyFile, *, actor: Actor, act: str) -> SigningKey:
    material = file.material
    missing = pdf.missing_glyphs(*note_of(material), *note_of(material, "en"))
    if missing:
        raise UnprintableCertificate(field="file", letters=missing)
    key = SigningKey(
        operator_id=operator_id,
        certificate_pem=material.certificate_pem,
        private_key=material.private_key_pem,
        subject=material.subject,
        issued_by=material.issued_by,
        fingerprint=material.fingerprint,
        not_before=file.not_before,
        not_after=file.not_after,
        is_self_signed=material.is_self_signed,
        added_by_id=actor.id,
    )
    async with transaction():
        await lock(Operator, [operator_id])
        if await SigningKey.filter(fingerprint=material.fingerprint).exists():
            raise AlreadyLoaded(field="file")
        await _retire(await SigningKey.filter(operator_id=operator_id, retired_at=None), clock.now())
        await key.save(force_create=True)
        await record(act, actor=actor, object_id=key.id, operator=str(operator_id), fingerprint=key.fingerprint)
        return key


async def _retire(keys: Collection[SigningKey], moment: datetime) -> None:
    for key in keys:
        key.retired_at = moment
        await key.save(update_fields=["retired_at"])
