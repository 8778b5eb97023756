"""A file dropped on the check page: the very one, a corrected one, a doctored one, and whatever else people drop."""

from __future__ import annotations

import asyncio
import hashlib
import zlib
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pikepdf
import pypdf
import pytest
from httpx2 import AsyncClient, Response

from tests.certificates.desk import Freeze, text_of
from tests.certificates.held import AFTER, a_diploma
from tests.certificates.sheets import photographed
from trainings.audit.actor import PROGRAM
from trainings.certificates.check import dropped, pdf_claims, routes
from trainings.certificates.check.dropped import Claims, Dropped, FileVerdict, claims_of
from trainings.certificates.issuing.actions import revoke
from trainings.certificates.making.files import file_of
from trainings.certificates.models import SupersededFile
from trainings.lib import tokens
from trainings.lib.tokens import show_certificate_code

PAGE = "/verificar/archivo"
LONGEST_START_S = 30
FOLIO = "VIMMIG-1705-2027-000001"
FORM = f'action="{PAGE}" method="post" enctype="multipart/form-data"'


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


async def drop(client: AsyncClient, content: bytes, name: str = "diploma.pdf") -> Response:
    return await client.post(PAGE, files={"archivo": (name, content, "application/pdf")})


def a_pdf(*, title: str = "", attached: str = "", metadata: bytes = b"", password: str = "") -> bytes:
    pdf, file = pikepdf.new(), BytesIO()
    pdf.add_blank_page()
    if title:
        pdf.docinfo["/Title"] = title
    if attached:
        pdf.attachments["credential.json"] = attached.encode()
    if metadata:
        pdf.Root.Metadata = pdf.make_stream(metadata)
    locked = pikepdf.Encryption(user=password, owner=password) if password else None
    pdf.save(file, fix_metadata_version=False, encryption=locked)
    return file.getvalue()


def with_another_page(content: bytes) -> bytes:
    writer, file = pypdf.PdfWriter(), BytesIO()
    for page in pypdf.PdfReader(BytesIO(content)).pages:
        writer.add_page(page)
    writer.add_blank_page(200, 200)
    writer.write(file)
    return file.getvalue()


def only_its_pages(content: bytes, *, links: bool = True) -> bytes:
    """Without metadata, attachment and tags; without links where it is said."""
    with pikepdf.open(BytesIO(content)) as pdf:
        for name in ("/Metadata", "/Names", "/AF", "/StructTreeRoot"):
            if name in pdf.Root:
                del pdf.Root[name]
        del pdf.docinfo
        for page in pdf.pages if not links else ():
            page.obj["/Annots"] = pikepdf.Array()
        file = BytesIO()
        pdf.remove_unreferenced_resources()
        pdf.save(file, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return file.getvalue()


def printed_again(content: bytes) -> bytes:
    """Each page is a drawing within a page, as programs set it that print into a file."""
    with pikepdf.open(BytesIO(only_its_pages(content, links=False))) as whole:
        pdf, file = pikepdf.new(), BytesIO()
        for page in whole.pages:
            pdf.add_blank_page(page_size=(792, 612))
            pdf.pages[-1].add_overlay(page, None)
        pdf.save(file)
    return file.getvalue()


async def test_file_when_it_is_the_very_one_then_the_papers_page_without_the_name(client: AsyncClient) -> None:
    certificate = await a_diploma()
    content = (await file_of(certificate)).content

    page = await drop(client, content)
    await revoke(certificate.id, "motivo secreto", actor=PROGRAM)
    afterwards = await drop(client, content)

    assert (page.status_code, page.headers["cache-control"], page.headers["x-robots-tag"]) == (
        200,
        "no-store",
        "noindex",
    )
    assert "Este diploma es válido" in text_of(page)
    assert "El archivo es el que entregamos, sin ningún cambio." in text_of(page)
    assert "Caal" not in page.text
    assert "Este diploma fue anulado" in text_of(afterwards)
    assert "motivo secreto" not in afterwards.text


async def judged(content: bytes) -> Dropped:
    """What is thought of a file, its words read here."""
    *_, claims = pdf_claims.claims_of(content)
    return await dropped._judge(Claims(**claims))  # type: ignore[arg-type]


async def test_file_when_doctored_then_called_so_and_the_true_paper_is_shown_only_to_who_has_its_code(
    client: AsyncClient,
) -> None:
    certificate = await a_diploma()
    content = (await file_of(certificate)).content
    with pikepdf.open(BytesIO(content)) as pdf:
        resaved = BytesIO()
        pdf.save(resaved, qdf=True)
    by_folio_and_code = [
        with_another_page(content),
        only_its_pages(content),
        printed_again(content),
        resaved.getvalue(),
    ]
    address, printed = f"http://localhost:8000/verificar/{certificate.code}", show_certificate_code(certificate.code)
    by_code = [
        b"%PDF-1.7 stream\n" + zlib.compress(address.encode()),
        content[: len(content) // 2],
        a_pdf(attached=f'{{"id": "{address}"}}'),
        a_pdf(metadata=f"<x>{printed}</x>".encode()),
    ]
    by_folio = a_pdf(title=f"Diploma {certificate.folio}")

    found = [await judged(file) for file in (*by_folio_and_code, *by_code, by_folio)]
    pages = [await drop(client, file) for file in (by_folio_and_code[2], by_folio)]

    paper = (await dropped.check_file(content)).found
    assert [(one.verdict, one.found, one.folio, one.code) for one in found] == [
        *[(FileVerdict.CHANGED, paper, certificate.folio, "")] * 4,
        *[(FileVerdict.CHANGED, paper, "", certificate.code)] * 4,
        (FileVerdict.CHANGED, None, certificate.folio, ""),
    ]
    assert [page.status_code for page in pages] == [200, 200]
    assert all("Este archivo fue cambiado" in page.text for page in pages)
    assert not any("Caal" in page.text or "M. E. C. T." in page.text for page in pages)
    assert all(f"Nombra el folio {certificate.folio}, pero no es" in page.text for page in pages)
    assert [certificate.code in page.text for page in pages] == [True, False]


async def test_file_when_it_is_a_scan_then_a_copy_by_which_nothing_is_known(client: AsyncClient) -> None:
    certificate = await a_diploma()
    scan = BytesIO()
    photographed((await file_of(certificate)).content, 1, 100).save(scan, "PDF")

    page = await drop(client, scan.getvalue())

    assert page.status_code == 200
    assert "Es una foto o un escaneo del papel" in page.text
    assert f"Nombra el código {show_certificate_code(certificate.code)}." in page.text
    assert f'href="/verificar/{certificate.code}"' in page.text
    assert "fue cambiado" not in page.text


async def test_file_when_it_was_corrected_since_then_says_so_and_once_its_paper_is_annulled_that(
    client: AsyncClient,
) -> None:
    certificate = await a_diploma()
    earlier = a_pdf(title="con el nombre de antes")
    digest = hashlib.sha256(earlier).hexdigest()
    await SupersededFile.create(certificate_id=certificate.id, sha256=digest, revision=1)

    page = await drop(client, earlier)
    await revoke(certificate.id, "no asistió", actor=PROGRAM)
    afterwards = await drop(client, earlier)

    assert (page.status_code, afterwards.status_code) == (200, 200)
    assert "Hay una versión corregida de este archivo" in page.text
    assert f'href="/verificar/{certificate.code}"' in page.text
    assert "Este diploma fue anulado" in afterwards.text
    assert not any(words in afterwards.text for words in ("Hay una versión corregida", "sin ningún cambio"))


def bomb(megabytes: int, code: str) -> bytes:
    """A small PDF that names a folio, with metadata of so many megabytes that begin with a code."""
    squeezed = zlib.compressobj(9)
    first = squeezed.compress(f"/V/{code} ".encode() + bytes(1024 * 1024)) + squeezed.flush(zlib.Z_FULL_FLUSH)
    again = squeezed.compress(bytes(1024 * 1024)) + squeezed.flush(zlib.Z_FULL_FLUSH)
    pdf, file = pikepdf.new(), BytesIO()
    pdf.add_blank_page()
    pdf.docinfo["/Title"] = FOLIO
    stream = pdf.make_stream(b"x")
    stream.write(first + again * megabytes + b"\x03\x00", filter=pikepdf.Name.FlateDecode)
    pdf.Root.Metadata = stream
    pdf.save(file, fix_metadata_version=False, stream_decode_level=pikepdf.StreamDecodeLevel.none)
    return file.getvalue()


def without_end() -> bytes:
    pdf, file = pikepdf.new(), BytesIO()
    pdf.add_blank_page()
    form = pdf.make_stream(b"/F Do " * 100, Subtype=pikepdf.Name.Form)
    form.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(F=form))
    pdf.pages[0].obj.Resources = form.Resources
    pdf.pages[0].obj.Contents = form
    pdf.save(file)
    return file.getvalue()


async def test_file_when_it_is_none_of_ours_then_said_in_words_and_nothing_hangs(client: AsyncClient) -> None:
    await a_diploma()
    stranger = a_pdf(title="VIMMIG-1705-2027-999999", attached=f"/V/{tokens.certificate_code()}")
    pages = {
        "No reconocemos este archivo": (404, await drop(client, stranger)),
        "Este archivo tiene contraseña": (422, await drop(client, a_pdf(title="x", password="secreto"))),
        "Este archivo no es un PDF": (422, await drop(client, b"MZ\x90\x00" + bytes(5000))),
    }
    without_sense = [b"%PDF-1.7\n" + bytes(range(256)) * 400, a_pdf(title="x" * 3000)[:900], without_end()]

    for sentence, (status, page) in pages.items():
        assert (page.status_code, sentence in page.text, FORM in page.text) == (status, True, True)
    assert [(await judged(content)).verdict for content in without_sense] == [FileVerdict.UNKNOWN] * 3


def spoilt(monkeypatch: pytest.MonkeyPatch, folder: Path, change: str) -> None:
    """From now on files are read by the same reader with this change."""
    monkeypatch.setattr(dropped, "READER", folder / "reader.py")
    home = str(pdf_claims.__file__).rpartition("/")[0]
    dropped.READER.write_text(
        f"import signal, sys\nsys.path.insert(0, {home!r})\nimport pdf_claims\n{change}\npdf_claims.main()\n"
    )


async def test_reader_when_it_takes_too_much_memory_or_too_long_then_ended_and_nothing_more_is_believed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spoilt(monkeypatch, tmp_path, "pdf_claims.MEMORY //= 2")
    code = tokens.certificate_code()

    assert await claims_of(bomb(4, code)) == Claims(folios=[FOLIO], codes=[code])
    assert await claims_of(bomb(260, code)) == Claims(folios=[FOLIO], codes=[])
    assert await claims_of(a_pdf(title=FOLIO), seconds=0.001) == Claims()


async def test_reader_when_a_page_takes_too_long_then_what_the_file_says_of_itself_was_told_before(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    spoilt(monkeypatch, tmp_path, "pdf_claims._letters = lambda pdf: signal.pause()")
    content, seconds = a_pdf(title=FOLIO), 0.3

    # It never ends: what is told was told before it was killed, and a slow machine needs longer to begin.
    while not (told := await claims_of(content, seconds=seconds)).folios and seconds < LONGEST_START_S:
        seconds *= 2

    assert told == Claims(folios=[FOLIO], codes=[])


async def test_file_when_too_many_wait_then_told_to_come_back_instead_of_waiting(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dropped, "MOST_AT_A_TIME", 1)

    pages = await asyncio.gather(*(drop(client, a_pdf(title=f"Factura {n}")) for n in range(3)))

    turned_away = [one for one in pages if one.status_code == 503]
    assert [one.status_code for one in pages].count(404) >= 1
    assert turned_away
    assert all("Hay mucha gente en la página" in one.text and FORM in one.text for one in turned_away)
    assert all("Puede intentar otra vez a las" in one.text and "retry-after" in one.headers for one in turned_away)


async def test_file_when_missing_or_of_another_form_then_words(client: AsyncClient) -> None:
    empty = await client.post(PAGE, files={"archivo": ("", b"", "application/octet-stream")})
    other_field = await client.post(PAGE, files={"otro": ("a.pdf", b"%PDF-", "application/pdf")})
    urlencoded = await client.post(PAGE, data={"archivo": "x"})
    back = await client.get(PAGE)

    assert (empty.status_code, other_field.status_code, urlencoded.status_code) == (422, 422, 415)
    assert "Escoja primero el archivo." in empty.text
    assert all(FORM in page.text for page in (empty, other_field, urlencoded)), (
        "each may be sent again from where it is"
    )
    assert (back.status_code, back.headers["location"]) == (303, "/verificar#archivo")


async def test_file_when_too_large_then_refused_in_words_without_being_read(client: AsyncClient) -> None:
    n_read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal n_read
        yield b'--x\r\ncontent-disposition: form-data; name="archivo"; filename="a.pdf"\r\n\r\n%PDF-'
        for _ in range(50):
            n_read += 1
            yield bytes(1024 * 1024)

    headers = {"content-type": "multipart/form-data; boundary=x"}
    declared = await client.post(PAGE, content=bytes(10), headers=headers | {"content-length": str(50 * 1024 * 1024)})
    undeclared = await client.post(PAGE, content=endless(), headers=headers)
    just_over = await drop(client, b"%PDF-" + bytes(1024 * 1024))

    for answer in (declared, undeclared, just_over):
        assert answer.status_code == 413
        assert "El archivo pesa más de 1 MB" in answer.text
        assert "No pudimos revisar el archivo" in answer.text
        assert FORM in answer.text
    assert n_read <= 3


async def test_limit_when_as_many_files_as_may_be_are_not_ours_then_wait_however_many_were(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "MOST_MISSES", 3)
    content = (await file_of(await a_diploma())).content
    assert {(await drop(client, content)).status_code for _ in range(4)} == {200}
    for n in range(3):
        assert (await drop(client, b"MZ" + bytes([n]))).status_code == 422

    refused = await drop(client, content)

    assert refused.status_code == 429
    assert FORM in refused.text
    assert "Puede intentar otra vez a las" in refused.text
    assert (await client.get(f"/verificar/{tokens.certificate_code()}")).status_code == 429
