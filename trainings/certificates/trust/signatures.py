"""Signs a certificate's PDF: PAdES B-B, certifying, in an invisible field; the design draws the words that say so.

Some ten milliseconds of CPU, and pyhanko runs its own loop: call `sign` in a thread or process.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from typing import Any

from asn1crypto import keys, pem, x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, IndirectObject, PdfObject, Reference
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko_certvalidator.registry import SimpleCertificateStore

from trainings.certificates.signing_material import SigningMaterial

FIELD, LABEL = "Firma", "Firma electrónica"
PRINTED_LOCKED = 132
SIGNED_APPEND_ONLY = 3
ROOM = 1500
"""Bytes of a signature besides its certificates."""


def sign(pdf: bytes, material: SigningMaterial, *, at: datetime) -> bytes:
    """The given file to the last byte, then, on a line of its own (ISO 19005-3, 6.1.9), a tagged field with the
    signature. Allows no later change. Never the same bytes twice.
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
    writer = _Writer(BytesIO(pdf if pdf.endswith(b"\n") else pdf + b"\n"))
    _add_field(writer)
    room = 2 * (ROOM + sum(len(one.dump()) for one in chain))
    signed: BytesIO = signer.sign_pdf(writer, existing_fields_only=True, bytes_reserved=room)
    return signed.getvalue()


class _SignerAt(PdfSigner):
    at: datetime

    def init_signing_session(self, pdf_out: BasePdfFileWriter, existing_fields_only: bool = False) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.at
        return session


class _Writer(IncrementalPdfFileWriter):
    def _update_meta(self) -> None:
        pass


# -- the field, which pyhanko would leave outside the tags

_pdf: Any = generic  # its constructors are untyped upstream


def _add_field(writer: Any) -> None:
    """An empty signature field of no size, tagged as a form element (PDF/UA-1, 7.18)."""
    page = writer.find_page_for_modification(0)[0].get_object()
    tree = writer.root["/StructTreeRoot"]
    whole = tree["/K"][0] if isinstance(tree["/K"], ArrayObject) else tree["/K"]
    key = 1 + max(_keys(tree["/ParentTree"]))
    widget = writer.add_object(
        _dictionary(
            Type=_pdf.NameObject("/Annot"),
            Subtype=_pdf.NameObject("/Widget"),
            FT=_pdf.NameObject("/Sig"),
            T=_pdf.TextStringObject(FIELD),
            TU=_pdf.TextStringObject(LABEL),
            F=_pdf.NumberObject(PRINTED_LOCKED),
            Rect=_pdf.ArrayObject([_pdf.NumberObject(0)] * 4),
            P=_reference(page, writer),
            StructParent=_pdf.NumberObject(key),
        )
    )
    told = _dictionary(Type=_pdf.NameObject("/OBJR"), Obj=widget, Pg=_reference(page, writer))
    form = writer.add_object(
        _dictionary(
            Type=_pdf.NameObject("/StructElem"),
            S=_pdf.NameObject("/Form"),
            P=_reference(whole, writer),
            Pg=_reference(page, writer),
            Alt=_pdf.TextStringObject(LABEL),
            K=_pdf.ArrayObject([told]),
        )
    )
    inside = whole["/K"]
    whole["/K"] = _pdf.ArrayObject([*(inside if isinstance(inside, ArrayObject) else [whole.raw_get("/K")]), form])
    _enter(tree, key, form, writer)
    page["/Annots"] = _pdf.ArrayObject([*page.get("/Annots", []), widget])
    page["/Tabs"] = _pdf.NameObject("/S")
    fields = _dictionary(Fields=_pdf.ArrayObject([widget]), SigFlags=_pdf.NumberObject(SIGNED_APPEND_ONLY))
    writer.root["/AcroForm"] = writer.add_object(fields)
    for changed in (page, whole, tree, writer.root):
        writer.update_container(changed)


def _dictionary(**entries: PdfObject) -> DictionaryObject:
    made: DictionaryObject = _pdf.DictionaryObject(
        {_pdf.NameObject(f"/{key}"): value for key, value in entries.items()}
    )
    return made


def _reference(whole: PdfObject, writer: Any) -> IndirectObject:
    at = whole.container_ref
    assert isinstance(at, Reference)
    made: IndirectObject = _pdf.IndirectObject(at.idnum, at.generation, writer)
    return made


def _keys(node: Any) -> Iterator[int]:
    yield from (int(number) for number in list(node.get("/Nums", []))[::2])
    for kid in node.get("/Kids", []):
        yield from _keys(kid)


def _enter(tree: Any, key: int, form: IndirectObject, writer: Any) -> None:
    leaf = tree["/ParentTree"]
    while "/Nums" not in leaf:
        leaf = leaf["/Kids"][-1]
    leaf["/Nums"].extend([_pdf.NumberObject(key), form])
    writer.update_container(leaf["/Nums"])
    if "/Limits" in leaf:
        leaf["/Limits"][1] = _pdf.NumberObject(key)
        writer.update_container(leaf["/Limits"])
    tree["/ParentTreeNextKey"] = _pdf.NumberObject(key + 1)
