"""Signed files: what readers and checkers of others say of them, and what a changed byte does."""

from __future__ import annotations

import asyncio
import re
import zlib
from dataclasses import replace
from io import BytesIO

import pikepdf
import pypdf
import pytest
from pyhanko.pdf_utils.generic import TextStringObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation.status import SignatureCoverageLevel

from tests.certificates.desk import Freeze
from tests.certificates.held import AFTER, a_diploma, make_held
from tests.certificates.sheets import WHEN, sample, words
from tests.certificates.trust.signers import PASSWORD, PROVIDER, from_a_provider, material, seen_by_a_reader
from trainings.audit.actor import PROGRAM
from trainings.certificates.designs import pdf
from trainings.certificates.making.files import file_of
from trainings.certificates.making.merging import Merged, piece
from trainings.certificates.models import SigningKey
from trainings.certificates.signing_material import SigningMaterial, note_of
from trainings.certificates.trust import signatures, signing_keys
from trainings.places.models import Operator


@pytest.fixture(scope="module")
def signer() -> SigningMaterial:
    return material()


@pytest.fixture(scope="module")
def signed(signer: SigningMaterial) -> bytes:
    """The file with the longest note that a name can bring."""
    sheet = replace(sample(), note=note_of(signer))
    return signatures.sign(pdf.render(sheet, timestamp=WHEN, credential="{}"), signer, at=WHEN)


def test_signature_when_read_by_others_then_intact_trusted_over_all_and_nothing_may_follow(
    signed: bytes, signer: SigningMaterial
) -> None:
    status = seen_by_a_reader(signed, signer.certificate_pem, moment=WHEN)
    [signature] = PdfFileReader(BytesIO(signed)).embedded_signatures
    [strange] = [seen_by_a_reader(signed, material("Otra").certificate_pem, moment=WHEN)]

    assert (status.intact, status.valid, status.trusted, status.docmdp_ok) == (True, True, True, True)
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert status.signer_reported_dt == WHEN
    assert signature.docmdp_level is MDPPerm.NO_CHANGES
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert (strange.intact, strange.trusted) == (True, False)


def test_signed_file_then_begins_with_the_unsigned_one_and_says_the_same_of_itself(signer: SigningMaterial) -> None:
    unsigned = pdf.render(replace(sample(), note=note_of(signer)), timestamp=WHEN, credential="{}")

    signed = signatures.sign(unsigned, signer, at=WHEN)

    assert signed.startswith(unsigned)
    before, after = (pikepdf.open(BytesIO(file)) for file in (unsigned, signed))
    assert before.Root.Metadata.read_bytes() == after.Root.Metadata.read_bytes()
    assert dict(before.docinfo) == dict(after.docinfo)


def test_heavy_file_when_packed_then_the_same_document_also_for_who_checks_its_signature(
    signer: SigningMaterial, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = replace(sample(), note=note_of(signer))
    plain = pdf.render(sheet, timestamp=WHEN, credential='{"a": 1}')
    monkeypatch.setattr(pdf, "MOST_BYTES", 10_000)

    packed = pdf.render(sheet, timestamp=WHEN, credential='{"a": 1}')
    signed = signatures.sign(packed, signer, at=WHEN)

    assert len(packed) < 0.8 * len(plain)
    before, after = (pikepdf.open(BytesIO(file)) for file in (plain, packed))
    assert after.Root.Metadata.read_raw_bytes() == before.Root.Metadata.read_bytes()
    assert dict(after.docinfo) == dict(before.docinfo)
    assert after.attachments["credential.json"].get_file().read_bytes() == b'{"a": 1}'
    assert [words(page) for page in _pages(packed)] == [words(page) for page in _pages(plain)]
    assert [after.check_pdf_syntax(), after.Root.MarkInfo.Marked, str(after.Root.Lang)] == [[], True, "es-GT"]
    status = seen_by_a_reader(signed, signer.certificate_pem, moment=WHEN)
    assert (status.intact, status.trusted, status.docmdp_ok) == (True, True, True)
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE


def test_signature_has_no_place_on_the_page_and_says_in_words_who_signed(
    signed: bytes, signer: SigningMaterial
) -> None:
    with pikepdf.open(BytesIO(signed)) as file:
        [field] = file.Root.AcroForm.Fields
        assert [float(edge) for edge in field.Rect] == [0, 0, 0, 0]
        assert str(field.TU) == "Firma electrónica"
        assert file.Root.Metadata is not None
    text = " ".join(words(page) for page in _pages(signed))

    assert [line for line in note_of(signer) if line not in text] == []


def _pages(file: bytes) -> list[pypdf.PageObject]:
    return list(pypdf.PdfReader(BytesIO(file)).pages)


def test_signed_files_when_merged_for_the_printer_then_their_fields_and_tags_stay_behind(signed: bytes) -> None:
    whole = Merged()
    parts = [whole.begin(), whole.take(piece([signed, signed], whole.next_number)), *whole.end("Diplomas")]

    with pikepdf.open(BytesIO(b"".join(parts))) as merged:
        notes = [one.Subtype for page in merged.pages for one in page.obj.get("/Annots", [])]
        assert (len(merged.pages), "/Widget" in notes) == (4, False)
        assert [page for page in merged.pages if "/StructParents" in page.obj] == []


def test_file_when_one_letter_is_changed_then_no_longer_intact(signed: bytes, signer: SigningMaterial) -> None:
    title = signed.index(b"<dc:title>")
    streams = [found.end() + 7 for found in re.finditer(rb"stream\r?\n", signed)]
    assert len(streams) > 8

    status = seen_by_a_reader(_changed(signed, title + 40), signer.certificate_pem, moment=WHEN)

    assert (status.intact, status.bottom_line) == (False, False)
    assert [place for place in streams[:8] if _is_intact(_changed(signed, place), signer)] == []


def _changed(file: bytes, place: int) -> bytes:
    return file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :]


def _is_intact(file: bytes, signer: SigningMaterial) -> bool:
    try:
        status = seen_by_a_reader(file, signer.certificate_pem, moment=WHEN)
    except (PdfReadError, ValueError, zlib.error):
        return False
    return bool(status.intact and status.valid)


def test_file_when_something_is_added_behind_the_signature_then_a_reader_says_so(
    signed: bytes, signer: SigningMaterial
) -> None:
    writer = IncrementalPdfFileWriter(BytesIO(signed))
    writer.root[pdf_name("/Lang")] = TextStringObject("de")
    writer.update_root()  # type: ignore[no-untyped-call]  # untyped upstream
    more = BytesIO()
    writer.write(more)  # type: ignore[no-untyped-call]

    status = seen_by_a_reader(more.getvalue(), signer.certificate_pem, moment=WHEN)

    assert status.coverage is not SignatureCoverageLevel.ENTIRE_FILE
    assert not status.bottom_line


def test_key_when_the_material_is_shown_then_hidden(signer: SigningMaterial) -> None:
    assert "PRIVATE KEY" not in repr(signer)
    assert "PRIVATE KEY" not in str(signer)


async def test_keys_when_changed_then_old_files_stay_trusted_and_without_one_files_are_unsigned(
    db: object, freeze: Freeze
) -> None:
    freeze(AFTER)
    training = await make_held(4)
    operator = await Operator.get(code="1705")
    provided, root = from_a_provider()

    first_key = await signing_keys.make_key(operator.id, actor=PROGRAM)
    first = await file_of(await a_diploma(training, given_names="Ana"))
    second_key = await signing_keys.load_key(operator.id, provided, PASSWORD, actor=PROGRAM)
    await Operator.all().update(paper_language="en")
    second = await file_of(await a_diploma(training, given_names="Beto"))
    await signing_keys.retire_key(operator.id, second_key.id, actor=PROGRAM)
    third = await file_of(await a_diploma(training, given_names="Cata"))

    old, new = await asyncio.to_thread(
        lambda: (
            seen_by_a_reader(first.content, first_key.certificate_pem, moment=AFTER),
            seen_by_a_reader(second.content, root, moment=AFTER),
        )
    )
    assert [status.trusted and status.intact for status in (old, new)] == [True, True]
    assert [file.signed_by for file in (first, second, third)] == [first_key.fingerprint, second_key.fingerprint, ""]
    assert PdfFileReader(BytesIO(third.content)).embedded_signatures == []
    assert (second_key.subject, second_key.issued_by) == ("María Elena Caal Tzib", PROVIDER)
    assert await SigningKey.filter(retired_at=None).count() == 0
    in_english = " ".join(words(page) for page in _pages(second.content))
    assert f"Certificate by {PROVIDER}" in in_english
    assert "Signed electronically by María Elena Caal Tzib." in in_english
    assert "Firmado" not in in_english
