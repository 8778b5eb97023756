"""Paper for the printer: parts that keep their folios while somebody downloads them, one file however many."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from html import unescape
from io import BytesIO
from uuid import UUID

import pikepdf
import pypdf
import pytest
from httpx2 import Response

from tests.certificates.desk import Browsers, Desk, Freeze, make_desk, signed_in, text_of
from tests.certificates.held import AFTER, make_attendee
from tests.certificates.issuing.test_bulk import work
from tests.certificates.sheets import said
from tests.make import kept
from trainings import clock
from trainings.accounts.queries import actor_of
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.ceremony import printing
from trainings.certificates.ceremony.printing import LONGEST_FOLIOS as LONGEST
from trainings.certificates.ceremony.printing import MOST_RANGES, FolioRanges, UnreadableFolios
from trainings.certificates.issuing import names
from trainings.certificates.issuing.actions import issue, revoke
from trainings.certificates.issuing.names import remove_names
from trainings.certificates.making.merging import Merged, piece
from trainings.certificates.models import (
    Certificate,
    CertificateFile,
    CertificateKind,
    CertificateState,
    ConfirmedHow,
)
from trainings.db import transaction
from trainings.outbox.models import OutboxJob
from trainings.registrations.models import Registration
from trainings.schedule.models import Training
from trainings.settings import Settings

FORM = re.compile(r'<form action="[^"]+/imprimir" method="post".*?</form>', re.DOTALL)
FIELD = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
FOLIOS_FIELD = re.compile(r'<input id="folios" [^>]*value="([^"]*)"')
FOLIO = re.compile(r"VIMMIG-1705-2027-(\d{6})")


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


@kept
async def many() -> Desk:
    """Five papers, called in another order than they are numbered: folio 1, of no community, comes last."""
    desk = await make_desk()
    for name, community in (("Dora", "Zapote"), ("Eva", "Las Pozas"), ("Fe", "Zapote")):
        one = await make_attendee(desk.training, given_names=name, surnames="Ba", community=community)
        await issue(one.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    await issue(desk.completed.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    return desk


def buttons(page: Response) -> list[dict[str, str]]:
    """What each button posts: the whole first, then the parts."""
    return [dict(FIELD.findall(form)) for form in FORM.findall(page.text)]


def folios(file: Response) -> list[int]:
    """Of the papers in it, in order: each is said on its back."""
    found = [FOLIO.search(back) for back in said(file.content)[1::2]]
    return [int(one[1]) for one in found if one]


async def test_parts_of_what_changed_when_downloaded_one_after_the_other_then_each_is_what_its_button_said(
    new_client: Browsers, monkeypatch: pytest.MonkeyPatch, freeze: Freeze
) -> None:
    monkeypatch.setattr(printing, "PART", 2)
    desk = await many()
    browser = await signed_in(new_client, desk.cast.coordinator)
    other = await signed_in(new_client, desk.cast.assistant)

    page = await browser.get(f"{desk.page}/imprimir?solo=cambiados")
    _whole, *parts = buttons(page)
    first, second = [await browser.post(f"{desk.page}/imprimir", data=parts[n]) for n in (0, 1)]
    # Meanwhile somebody else prints them all, and one is annulled.
    await other.post(f"{desk.page}/imprimir")
    await revoke((await Certificate.get(number=2)).id, "error", actor=PROGRAM)
    third, again = [await browser.post(f"{desk.page}/imprimir", data=parts[n]) for n in (2, 1)]

    assert [(one["parte"], one["de"], one["solo"]) for one in parts] == [(str(n), "3", "cambiados") for n in (1, 2, 3)]
    on_buttons = re.findall(r"VIMMIG-1705-2027-0*(\d+) … VIMMIG-1705-2027-0*(\d+)", text_of(page))
    assert [(folios(one)[0], folios(one)[-1]) for one in (first, second, third)] == [
        (int(begins), int(ends)) for begins, ends in on_buttons
    ]
    assert sorted(folios(first) + folios(second) + folios(third)) == [1, 2, 3, 4, 5], "each once"
    assert [f"-{n}-de-3.pdf" in one.headers["content-disposition"] for n, one in ((1, first), (3, third))] == [True] * 2
    assert folios(again) == [one for one in folios(second) if one != 2], "the annulled one is left out"
    assert "No hay nada que imprimir" in (await browser.get(f"{desk.page}/imprimir?solo=cambiados")).text


async def test_whole_when_there_are_many_then_one_file_in_calling_order_written_some_at_a_time(
    new_client: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "PART", 2)
    monkeypatch.setattr(printing, "AT_ONCE", 2)
    desk = await many()
    browser = await signed_in(new_client, desk.cast.coordinator)
    most, contents = [0], printing._contents

    async def counted(ids: Sequence[object]) -> dict[object, bytes]:
        most.append(len(ids))
        return await contents(ids)  # type: ignore[arg-type,return-value]

    monkeypatch.setattr(printing, "_contents", counted)
    page = await browser.get(f"{desk.page}/imprimir")
    file = await browser.post(f"{desk.page}/imprimir", data=buttons(page)[0])

    assert folios(file) == [5, 3, 2, 4, 1]
    assert max(most) == 2
    assert pikepdf.Pdf.open(BytesIO(file.content)).check_pdf_syntax() == []
    assert await Certificate.filter(printed_at=AFTER).count() == 5
    assert "5 documentos." in page.text
    assert await AuditLine.filter(act="certificates.print", actor_id=desk.cast.coordinator.id).count() == 1


async def test_folios_that_are_nobodys_then_nothing_and_what_is_no_folio_or_too_many_is_refused_and_kept(
    new_client: Browsers,
) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    page = f"{desk.page}/imprimir"
    scattered = "2027:" + ".".join(str(n) for n in range(1, 2 * MOST_RANGES + 2, 2))

    absent = await browser.post(page, data={"folios": "2027:2-999999999"})
    typed = ("1-2", "2027:", '2027:1;"x', "2027:1-2-3")
    answers = [await browser.post(page, data={"folios": text, "solo": "cambiados"}) for text in typed]
    too_many = [await browser.post(page, data={"folios": text}) for text in (scattered, "2027:1" + "0" * LONGEST)]

    assert (absent.status_code, "No hay nada que imprimir" in text_of(absent)) == (409, True)
    assert [one.status_code for one in answers + too_many] == [422] * 6
    assert all("No se entiende qué folios pide." in text_of(one) for one in answers)
    assert all("Son demasiados folios" in text_of(one) for one in too_many)
    kept = [FOLIOS_FIELD.findall(one.text) for one in answers + too_many[:1]]
    assert [[unescape(text) for text in one] for one in kept] == [[text] for text in (*typed, scattered)]
    assert all({"solo": "cambiados"} in buttons(one) for one in answers)
    assert all(f'href="{desk.page}"' in one.text for one in answers + too_many)


async def test_more_files_are_missing_than_one_waits_for_then_left_to_the_background_and_told(
    new_client: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "MADE_AT_ONCE", 4)
    desk = await many()
    browser = await signed_in(new_client, desk.cast.coordinator)
    await OutboxJob.all().update(done_at=clock.now())
    n_before = await OutboxJob.filter(kind="certificate_file").count()

    choice = {"folios": "2027:1-5", "solo": "cambiados", "parte": "2", "de": "3"}

    answer, again = [await browser.post(f"{desk.page}/imprimir", data=choice) for _press in range(2)]

    assert (answer.status_code, "Todavía se hacen 5 archivos." in text_of(answer)) == (409, True)
    assert (again.status_code, buttons(again)[0], "PDF 2 de 3" in text_of(again)) == (409, choice, True)
    assert f'href="{desk.page}"' in again.text
    assert await OutboxJob.filter(kind="certificate_file").count() == n_before + 5
    assert not await CertificateFile.exists()


def test_ranges_when_all_are_known_then_what_is_not_of_them_makes_no_gap() -> None:
    everybody = [Certificate(year=year, number=n) for year, n in ((2027, 3), (2027, 9), (2027, 12), (2028, 1))]
    three = [everybody[0], everybody[2], everybody[3]]

    assert str(FolioRanges.of(everybody, among=everybody)) == "2027:3-12;2028:1"
    assert str(FolioRanges.of(three, among=everybody)) == "2027:3.12;2028:1"


def test_ranges_then_hold_what_lies_in_one_of_them_also_where_they_overlap() -> None:
    chosen = FolioRanges.read("2027:1-60.62.70-72.5-9.2-3;2026:7-9.8;2028:6-4")
    asked = {2026: (1, 8, 9), 2027: (1, 60, 61, 62, 69, 72, 73), 2028: (1, 5)}

    held = {year: [n for n in numbers if Certificate(year=year, number=n) in chosen] for year, numbers in asked.items()}

    assert held == {2026: [8, 9], 2027: [1, 60, 62, 72], 2028: []}


def test_ranges_when_written_and_read_then_the_same_folios() -> None:
    papers = [Certificate(year=year, number=n) for year, n in ((2027, 3), (2027, 1), (2028, 4), (2027, 2), (2027, 9))]

    written = str(FolioRanges.of(papers))
    read = FolioRanges.read(written)

    assert written == "2027:1-3.9;2028:4"
    assert [one in read for one in papers] == [True] * 5
    assert [Certificate(year=year, number=n) in read for year, n in ((2027, 4), (2028, 3), (2026, 1))] == [False] * 3
    with pytest.raises(UnreadableFolios):
        FolioRanges.read("")


def test_merge_when_a_paper_has_one_page_or_three_then_each_begins_on_a_front() -> None:
    papers = []
    for n_pages in (1, 3, 2):
        with pikepdf.Pdf.new() as paper:
            for _ in range(n_pages):
                paper.add_blank_page(page_size=(792, 612))
            paper.pages[0].obj.Note = pikepdf.String("(1 0 R) no es una referencia")
            file = BytesIO()
            paper.save(file)
            papers.append(file.getvalue())

    merged = Merged()
    content = merged.begin()
    content += merged.take(piece(papers[:2], merged.next_number))
    content += merged.take(piece(papers[2:], merged.next_number))
    content += b"".join(merged.end("Niñez"))
    whole = pypdf.PdfReader(BytesIO(content))

    assert [(float(page.mediabox.width), float(page.mediabox.height)) for page in whole.pages] == [(792, 612)] * 8
    assert whole.metadata is not None
    assert whole.metadata.title == "Niñez"
    assert str(whole.pages[6]["/Note"]) == "(1 0 R) no es una referencia"
    assert pikepdf.Pdf.open(BytesIO(content)).check_pdf_syntax() == []


async def test_print_page_when_names_changed_since_they_were_printed_then_lists_who_changed_which_into_which(
    new_client: Browsers, freeze: Freeze
) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    await browser.post(f"{desk.page}/imprimir")
    key, member = desk.certificate.registration_id, await actor_of(desk.cast.assistant)
    freeze(AFTER + timedelta(minutes=5))
    await names.correct(key, "Ana", "Coj Xol", ConfirmedHow.DESK, actor=member)
    freeze(AFTER + timedelta(minutes=6))
    await names.correct(key, "Anabella", "Coj Xol", ConfirmedHow.DESK, actor=member)

    pages = [text_of(await browser.get(f"{desk.page}/imprimir{asked}")) for asked in ("?solo=cambiados", "")]
    freeze(AFTER + timedelta(minutes=7))
    await browser.post(f"{desk.page}/imprimir", data={"solo": "cambiados"})
    after = text_of(await browser.get(f"{desk.page}/imprimir"))

    told = f"Ana Coc Xol → Anabella Coj Xol {desk.certificate.folio} · {desk.cast.assistant.name}, "
    assert [("Nombres que cambiaron" in page, told in page) for page in pages] == [(True, True)] * 2
    assert "Nombres que cambiaron" not in after
    assert await AuditLine.filter(act="names.open_changes", object_id=desk.training.id).count() == 2


async def test_print_page_when_a_name_was_changed_by_its_own_link_before_it_was_printed_then_says_so(
    new_client: Browsers, freeze: Freeze
) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    freeze(AFTER + timedelta(minutes=5))
    await names.correct(desk.certificate.registration_id, "Ana", "Coj Xol", ConfirmedHow.OWN_LINK, actor=HOLDER_OF_LINK)

    page = text_of(await browser.get(f"{desk.page}/imprimir"))

    assert f"Ana Coc Xol → Ana Coj Xol {desk.certificate.folio} · por su enlace, " in page


async def test_changed_names_when_the_person_is_erased_then_gone(sqlite_db: Settings) -> None:
    desk = await make_desk()
    await names.correct(desk.certificate.registration_id, "Ana", "Coj Xol", ConfirmedHow.DESK, actor=PROGRAM)
    assert (await Certificate.get(id=desk.certificate.id)).name_before == "Ana Coc Xol"

    person = await Registration.get(id=desk.certificate.registration_id)
    async with transaction():
        await remove_names([person.participant_id])

    assert (await Certificate.get(id=desk.certificate.id)).name_before == ""


async def test_what_changed_when_a_name_was_corrected_while_its_paper_was_printed_then_printed_again(
    new_client: Browsers, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The correction was written before the printing began, and seen only after it."""
    desk = await make_desk()
    corrected = await make_attendee(desk.training, given_names="Zoila", surnames="Ac")
    browser = await signed_in(new_client, desk.cast.coordinator)
    freeze(AFTER + timedelta(minutes=1))
    await browser.post(desk.page)
    await work()
    contents = printing._contents

    async def read_then_corrected(ids: list[UUID]) -> dict[UUID, bytes]:
        monkeypatch.setattr(printing, "_contents", contents)
        found = await contents(ids)
        with clock.frozen(AFTER + timedelta(minutes=1, seconds=59)):
            await names.correct(corrected.id, "Zoila", "Ak", None, actor=PROGRAM)
        return found

    monkeypatch.setattr(printing, "_contents", read_then_corrected)
    freeze(AFTER + timedelta(minutes=2))
    await browser.post(f"{desk.page}/imprimir")
    freeze(AFTER + timedelta(minutes=3))
    await work()

    assert "No hay nada que imprimir" not in (await browser.get(f"{desk.page}/imprimir?solo=cambiados")).text


async def test_print_when_all_were_annulled_while_files_were_set_then_said_and_no_empty_file(
    new_client: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    await browser.post(desk.page)
    see_to_files = printing._see_to_files

    async def annulled_meanwhile(training: Training, papers: Sequence[Certificate]) -> None:
        await see_to_files(training, papers)
        await Certificate.all().update(state=CertificateState.REVOKED)

    monkeypatch.setattr(printing, "_see_to_files", annulled_meanwhile)
    answer = await browser.post(f"{desk.page}/imprimir")

    assert answer.status_code == 409
    assert "No hay nada que imprimir" in answer.text
