"""A certificate's file: set once, given out byte for byte; and its signed Open Badge."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from trainings import clock
from trainings.certificates.designs.brand import pictures
from trainings.certificates.making.typesetting import CannotBeMade, FileOrder, MadeFile, make
from trainings.certificates.models import Certificate, CertificateFile, CertificateState
from trainings.certificates.queries import UnknownCertificate
from trainings.certificates.signing_material import note_of
from trainings.certificates.trust import badges, issuers, proofs, signing_keys
from trainings.certificates.trust.badges import Contact
from trainings.db import is_in_transaction, lock, reads, transaction
from trainings.errors import Refusal
from trainings.lib import tokens
from trainings.places.models import Operator
from trainings.registrations.models import Registration
from trainings.web.i18n import N_

logger = logging.getLogger("trainings.certificates")


class NameRemoved(Refusal):
    sentence = N_("La persona pidió que se quitara su nombre, así que ya no hay archivo. El folio y el código siguen.")


class NotSet(Refusal):
    code = "file_not_set"
    sentence = N_("No se pudo hacer el archivo: falla el diseño. Avise a quien administra el programa.")


async def file_of(certificate: Certificate) -> CertificateFile:
    """The PDF as first given out; set now if there is none. Two calls at once keep one file.

    Not in a transaction. A name corrected meanwhile sets it again. Refuses (NameRemoved) a removed name, and (NotSet) a
    failing design.
    """
    while True:
        kept = await reads(CertificateFile).get_or_none(certificate_id=certificate.id)
        if kept is not None and kept.content:
            return kept
        now = await Certificate.get(id=certificate.id)
        if now.erased_at is not None:
            raise NameRemoved
        [order] = await order_for([now])
        try:
            made = await asyncio.to_thread(make, order)
        except CannotBeMade as problem:
            logger.error("the file of certificate %s could not be set: %s", now.id, problem)
            raise NotSet from problem
        await keep([(now, made)])


async def keep(made: Sequence[tuple[Certificate, MadeFile]]) -> None:
    """In one short transaction. A certificate keeps the file it has; files of an older revision are dropped."""
    async with transaction():
        now = {one.id: one.revision for one in await lock(Certificate, [one.id for one, _file in made])}
        rows = [_row(one, file) for one, file in made if now.get(one.id) == one.revision]
        await CertificateFile.bulk_create(rows, ignore_conflicts=True)


def _row(certificate: Certificate, made: MadeFile) -> CertificateFile:
    return CertificateFile(
        certificate_id=certificate.id,
        content=made.content,
        sha256=made.sha256,
        unsigned_sha256=made.unsigned_sha256,
        signed_by=made.signed_by,
        credential=made.credential,
        revision=certificate.revision,
        typst_version=made.versions["typst"],
        design_version=made.versions["design"],
        fonts_version=made.versions["fonts"],
    )


async def order_for(certificates: Sequence[Certificate]) -> list[FileOrder]:
    """Not in a transaction: it makes an operator's first key. The signature's words use the current key."""
    assert not is_in_transaction(), "no file is made in a transaction, nor what is for it"
    operators = {one.operator_id for one in certificates}
    codes = dict(await reads(Operator).filter(id__in=sorted(operators)).values_list("id", "code"))
    keys = {key: await issuers.current_key(key) for key in sorted(operators)}
    materials = {key: await signing_keys.material_of(key) for key in sorted(operators)}
    named = await pictures({sha256 for one in certificates for sha256 in _named(one.sheet)})
    moment = clock.now()
    orders = []
    for one in certificates:
        key, material = keys[one.operator_id], materials[one.operator_id]
        language = one.sheet["language"]
        note = list(note_of(material, language)) if material is not None else []
        orders.append(
            FileOrder(
                sheet={**one.sheet, "note": note},
                timestamp=one.issued_at,
                pictures={sha256: named[sha256] for sha256 in _named(one.sheet)},
                credential=badges.credential(badges.facts_of(one, codes[one.operator_id])),
                key_method=key.method,
                key_seed=key.seed,
                material=material,
                signed_at=moment,
            )
        )
    return orders


def _named(sheet: Mapping[str, Any]) -> list[str]:
    logos = [sha256 for sha256, _words in sheet["logos"]]
    return [sha256 for sha256 in [sheet["shield"], *logos] if sha256]


# -- the badge

SALT_BYTES = 12


class NoContact(Refusal):
    code = "badge_without_contact"
    sentence = N_("No tenemos un correo suyo para ponerlo en la insignia. Bájela sin contacto, o agregue su correo.")


class MinorsContact(Refusal):
    code = "badge_of_a_minor"
    sentence = N_("La insignia de una persona menor de edad no lleva ningún contacto. Bájela sin contacto.")


async def valid_certificate(typed_code: str) -> Certificate:
    """Refuses a prepared or annulled certificate as unknown."""
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
    if kept and await issuers.signs_still(json.loads(kept)["proof"]["verificationMethod"]):
        return kept
    return await _signed(certificate, None)


async def badge_with_contact(certificate: Certificate) -> str:
    """With a salted hash of its holder's e-mail address; nothing of it is kept. Refuses for a minor, whose contact is
    another person's, and without an address.
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
    pair = await issuers.current_key(operator.id)
    document = badges.credential(badges.facts_of(certificate, operator.code), contact)
    signed: dict[str, Any] = await asyncio.to_thread(
        proofs.sign, document, pair.seed, verification_method=pair.method, created=certificate.issued_at
    )
    return json.dumps(signed, ensure_ascii=False)
