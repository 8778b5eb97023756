"""Makes a certificate's file from values alone: no rows, no clock, no network. Imports nothing that reads the database,
so that the mill's processes stay small.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trainings.certificates.designs import pdf
from trainings.certificates.designs.texts import CertificateSheet, Picture
from trainings.certificates.signing_material import SigningMaterial
from trainings.certificates.trust import proofs
from trainings.lib.typst import CannotTypeset


@dataclass(frozen=True, slots=True)
class FileOrder:
    """All that makes a file, in plain values for another process. `timestamp`: the file's own moment. `credential`: the
    badge without its proof, made with the key at `key_method`. `material` signs the file at `signed_at`; None:
    unsigned.
    """

    sheet: dict[str, Any]
    timestamp: datetime
    pictures: Mapping[str, Picture]
    credential: dict[str, Any]
    key_method: str
    key_seed: bytes = field(repr=False)
    material: SigningMaterial | None
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class MadeFile:
    content: bytes
    sha256: str
    unsigned_sha256: str
    signed_by: str
    credential: str
    versions: dict[str, str]


class CannotBeMade(RuntimeError):
    """The design cannot set it; the text is for the log."""

    is_told = True


def make(order: FileOrder) -> MadeFile:
    """Unsigned, equal orders and versions give equal bytes. Some tens of milliseconds of a core: call it in a thread or
    process. Refuses: CannotBeMade.
    """
    sheet = CertificateSheet.from_json(order.sheet)
    badge = proofs.sign(order.credential, order.key_seed, verification_method=order.key_method, created=order.timestamp)
    credential = json.dumps(badge, ensure_ascii=False)
    try:
        unsigned = pdf.render(sheet, timestamp=order.timestamp, pictures=order.pictures, credential=credential)
    except CannotTypeset as problem:
        raise CannotBeMade(f"{sheet.design}: {problem}") from problem
    content = _signed(unsigned, order)
    return MadeFile(
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        unsigned_sha256=hashlib.sha256(unsigned).hexdigest(),
        signed_by=order.material.fingerprint if order.material is not None else "",
        credential=credential,
        versions=pdf.versions(sheet.design, sheet.language),
    )


def _signed(unsigned: bytes, order: FileOrder) -> bytes:
    if order.material is None:
        return unsigned
    from trainings.certificates.trust import signatures  # noqa: PLC0415 - twenty megabytes, for those only that sign

    return signatures.sign(unsigned, order.material, at=order.signed_at)
