"""Signs the PDF of a certificate electronically: PAdES B-B, certifying, in a field that nobody sees.

The words that say so are drawn by the design (`note_of`), so that they are text among the text, in embedded fonts. CPU
work of some ten milliseconds, and pyhanko runs a loop of its own: call `sign` in a thread or another process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any

import pikepdf
from asn1crypto import keys, pem, x509
from pikepdf import Array, Dictionary, Name, String
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko_certvalidator.registry import SimpleCertificateStore

FIELD, LABEL = "Firma", "Firma electrónica"
PRINTED_LOCKED = 132
"""Flags of an annotation: printed with the page, locked."""
ROOM = 1500
"""Bytes of a signature besides its certificates."""


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


def note_of(material: SigningMaterial) -> tuple[str, ...]:
    """The lines that a design prints, in the language of the paper."""
    by = "Certificado electrónico propio" if material.is_self_signed else f"Certificado de {material.issued_by}"
    return (
        f"Firmado electrónicamente por {material.subject.removesuffix('.')}.",
        f"{by}, huella {material.fingerprint[:16].upper()}.",
    )


def sign(pdf: bytes, material: SigningMaterial, *, at: datetime) -> bytes:
    """The signed file: the given one, a tagged field, and the signature behind it. No later change is allowed by it.

    Never the same bytes twice: keep the hash of the unsigned file where it must be made again.
    """
    chain = [x509.Certificate.load(der) for _, _, der in pem.unarmor(material.certificate_pem.encode(), multiple=True)]
    _, _, key = pem.unarmor(material.private_key_pem.encode())
    store = SimpleCertificateStore.from_certs(chain)  # type: ignore[no-untyped-call]  # untyped upstream
    signer = _SignerAt(
        PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            subfilter=SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=MDPPerm.NO_CHANGES,
            name=material.subject,
        ),
        SimpleSigner(
            signing_cert=chain[0],
            signing_key=keys.PrivateKeyInfo.load(key),
            cert_registry=store,
        ),
    )
    signer.at = at
    writer = IncrementalPdfFileWriter(BytesIO(with_field(pdf)))
    room = 2 * (ROOM + sum(len(one.dump()) for one in chain))
    signed: BytesIO = signer.sign_pdf(writer, existing_fields_only=True, bytes_reserved=room)
    return signed.getvalue()


class _SignerAt(PdfSigner):
    """Dates a signature by the clock of the caller."""

    at: datetime

    def init_signing_session(self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.at
        return session


# -- the field, which pyhanko would leave outside the tags


def with_field(pdf: bytes) -> bytes:
    """The file with an empty signature field of no size, told to readers as a form element (PDF/UA-1, 7.18)."""
    with pikepdf.open(BytesIO(pdf)) as file:
        page, tree = file.pages[0].obj, file.Root.StructTreeRoot
        whole = tree.K[0] if isinstance(tree.K, Array) else tree.K
        key = 1 + max(_keys(tree.ParentTree))
        widget = file.make_indirect(
            Dictionary(
                Type=Name.Annot,
                Subtype=Name.Widget,
                FT=Name.Sig,
                T=String(FIELD),
                TU=String(LABEL),
                F=PRINTED_LOCKED,
                Rect=Array([0, 0, 0, 0]),
                P=page,
                StructParent=key,
            )
        )
        reference = Dictionary(Type=Name.OBJR, Obj=widget, Pg=page)
        form = file.make_indirect(
            Dictionary(Type=Name.StructElem, S=Name.Form, P=whole, Pg=page, Alt=String(LABEL), K=Array([reference]))
        )
        whole.K = Array([*(whole.K if isinstance(whole.K, Array) else [whole.K]), form])
        _enter(tree, key, form)
        page.Annots = Array([*page.get("/Annots", []), widget])
        page.Tabs = Name.S
        file.Root.AcroForm = file.make_indirect(Dictionary(Fields=Array([widget]), SigFlags=3))
        made = BytesIO()
        file.save(made, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return made.getvalue()


def _keys(node: Any) -> Iterator[int]:
    """The numbers of a number tree."""
    yield from (int(number) for number in list(node.get("/Nums", []))[::2])
    for kid in node.get("/Kids", []):
        yield from _keys(kid)


def _enter(tree: Any, key: int, form: Any) -> None:
    """Put the form's element under its number, which is the highest, into the last leaf."""
    leaf = tree.ParentTree
    while "/Nums" not in leaf:
        leaf = leaf.Kids[-1]
    leaf.Nums.extend([key, form])
    if "/Limits" in leaf:
        leaf.Limits[1] = key
    tree.ParentTreeNextKey = key + 1
