"""All trainings of one person on one page: what is on it, who gets it, what its code tells a stranger."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pikepdf
import pytest
import zxingcpp
from httpx2 import AsyncClient

from tests.certificates.aloud import errors_in
from tests.certificates.desk import Browsers, Freeze, make_desk, signed_in, text_of
from tests.certificates.held import AFTER, make_attendee, make_held
from tests.certificates.sheets import photographed, said
from trainings.accounts.queries import actor_of
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.issuing.actions import issue, revoke
from trainings.certificates.making import transcripts as transcript_pdf
from trainings.certificates.making.transcripts import (
    Entry,
    NothingAttended,
    UnprintableTranscript,
    check_transcript,
    entries_of,
    make_transcript,
)
from trainings.certificates.models import CertificateKind, Transcript
from trainings.lib import tokens
from trainings.lib.tokens import show_certificate_code
from trainings.people.models import AgeGroup, MergeReason, Participant
from trainings.privacy.merging import merge
from trainings.privacy.withdrawal import erase_papers
from trainings.registrations.models import OwnLink, Registration
from trainings.registrations.own.erasures import What
from trainings.settings import Settings

DIPLOMA, CONSTANCIA = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


async def loaded(registration: Registration) -> Registration:
    return await Registration.get(id=registration.id).prefetch_related("participant")


async def link_of(registration: Registration) -> str:
    link = await OwnLink.get(registration_id=registration.id)
    assert link.token is not None
    return link.token


async def test_entries_when_some_were_attended_then_only_those_with_their_paper(db: Settings) -> None:
    person = await make_attendee(await make_held(4, 4, title="Con diploma"))
    diploma = await issue(person.id, DIPLOMA, actor=PROGRAM)
    note = await issue(person.id, CONSTANCIA, actor=PROGRAM)
    missed = await make_attendee(await make_held(title="Sin venir"), sessions=[])
    partly = await make_attendee(await make_held(4, 4, title="A medias"), left_after=1)
    for other in (missed, partly):
        await Registration.filter(id=other.id).update(participant_id=person.participant_id)

    entries = await entries_of([person.participant_id])

    assert [(one.title, one.minutes, one.place, one.folio) for one in entries] == [
        ("A medias", 300, "La Libertad, Petén", ""),
        ("Con diploma", 480, "La Libertad, Petén", diploma.folio),
    ]
    assert [(one.held_text, one.is_completed, one.kind) for one in entries] == [
        ("4 y 5 de marzo de 2027", False, ""),
        ("4 y 5 de marzo de 2027", True, "diploma"),
    ]
    assert note.folio != diploma.folio


async def test_transcript_when_asked_again_then_the_same_until_something_changes(db: Settings) -> None:
    person = await loaded(await make_attendee(await make_held(4, 4)))

    first, *both = await asyncio.gather(*(make_transcript(person, actor=HOLDER_OF_LINK) for _ in range(3)))
    both.append(await make_transcript(person, actor=HOLDER_OF_LINK))
    certificate = await issue(person.id, DIPLOMA, actor=PROGRAM)
    with_diploma = await make_transcript(person, actor=HOLDER_OF_LINK)
    await revoke(certificate.id, "prueba", actor=PROGRAM)
    without = await make_transcript(person, actor=HOLDER_OF_LINK)

    assert {one.id for one in both} == {first.id} == {without.id}
    assert with_diploma.id != first.id
    assert await Transcript.all().count() == 2
    assert (await check_transcript(with_diploma.code)).n_annulled == 1
    assert (await check_transcript(first.code)).n_annulled == 0


async def test_transcript_when_nothing_or_odd_letters_then_refused(db: Settings) -> None:
    nobody = await loaded(await make_attendee(await make_held(), sessions=[]))
    odd = await loaded(await make_attendee(await make_held(), given_names="Ana 😀"))

    with pytest.raises(NothingAttended):
        await make_transcript(nobody, actor=HOLDER_OF_LINK)
    with pytest.raises(UnprintableTranscript):
        await make_transcript(odd, actor=HOLDER_OF_LINK)
    assert await Transcript.all().count() == 0


async def test_transcript_when_records_were_merged_then_whole_at_the_desk_and_by_the_link_only_ones_own(
    db: Settings,
) -> None:
    desk = await make_desk()
    before = await make_attendee(
        await make_held(hub=desk.cast.hub, title="Antes"), given_names="Beto", surnames="Caal Tzib"
    )
    coordinator = await actor_of(desk.cast.coordinator)
    await merge(desk.completed.participant_id, before.participant_id, MergeReason.KNOWN_IN_PERSON, actor=coordinator)
    person = await loaded(desk.completed)

    whole = await make_transcript(person, actor=coordinator)
    own = await make_transcript(person, actor=HOLDER_OF_LINK)

    assert {one["title"] for one in whole.entries} == {"Antes", desk.training.title}
    assert {one["title"] for one in own.entries} == {desk.training.title}

    await issue(before.id, DIPLOMA, actor=PROGRAM)
    with_paper = await make_transcript(person, actor=coordinator)
    await erase_papers(before.id, What.NAME, actor=HOLDER_OF_LINK)
    left = {one.id for one in await Transcript.all()}
    assert (with_paper.id in left, whole.id in left, own.id in left) == (False, True, True)


# -- the page on paper


def entry(n: int, title: str = "Riesgos de la migración irregular: mitos y realidades") -> Entry:
    return Entry(
        title=title,
        minutes=240,
        first_on="2027-03-04",
        held_text="4 de marzo de 2027",
        place="La Libertad, Petén",
        is_completed=True,
        kind="diploma",
        folio=f"VIMMIG-1705-2027-{n:06d}",
        code="7K3MQ9XBFHJ4T2",
    )


@pytest.mark.parametrize(("title", "n_hidden"), [(entry(1).title, 0), ("Taller " * 25, 5)])
def test_page_when_many_or_too_many_then_one_page_that_says_what_is_missing(title: str, n_hidden: int) -> None:
    content = rendered([entry(k, title) for k in range(25)])

    [told] = said(content)
    hidden = int(told.partition(" capacitaciones más")[0].rpartition(" ")[2]) if "capacitaciones más" in told else 0
    assert hidden >= n_hidden if n_hidden else hidden == 0
    assert sum(f"VIMMIG-1705-2027-{k:06d}" in told for k in range(25)) == 25 - hidden
    assert "VIMMIG-1705-2027-000024" in told


def test_page_then_read_aloud_and_its_code_scanned() -> None:
    content = rendered([entry(1), entry(2)])

    with pikepdf.open(BytesIO(content)) as pdf:
        assert str(pdf.docinfo["/Title"]) == "Historial de capacitaciones 7K3M-Q9XB-FHJ4-T2"
        assert str(pdf.Root.Lang) == "es-GT"
        assert pdf.open_metadata().pdfa_status == "3A"
    assert errors_in(content) == []
    [read] = zxingcpp.read_barcodes(photographed(content, 0, 100))
    assert read.text == "HTTP://LOCALHOST:8000/V/7K3MQ9XBFHJ4T2"
    assert content == rendered([entry(1), entry(2)]), "made again it is the same"


def rendered(entries: list[Entry]) -> bytes:
    moment = datetime(2027, 3, 5, 15, tzinfo=UTC)
    return transcript_pdf.rendered("María Elena Caal Tzib", "7K3MQ9XBFHJ4T2", entries, made_at=moment)


# -- by the own link, at the desk, on the check page


async def test_own_link_when_asked_then_page_file_and_the_check_without_a_name(client: AsyncClient) -> None:
    person = await make_attendee(await make_held(4, 4))
    certificate = await issue(person.id, DIPLOMA, actor=PROGRAM)
    base = f"/i/{await link_of(person)}/historial"

    before = await client.get(base)
    made = await client.post(base)
    file = await client.get(made.headers["location"])
    after = await client.get(base)
    code = (await Transcript.get()).code
    checked = await client.get(f"/verificar/{code.lower()}")
    compared = await client.post(f"/verificar/{code}", data={"name": "maria elena caal tzib"})
    other = await client.post(f"/verificar/{code}", data={"name": "Otra Persona"})
    dropped = await client.post("/verificar/archivo", files={"archivo": ("a.pdf", file.content, "application/pdf")})
    await revoke(certificate.id, "prueba", actor=PROGRAM)
    annulled = await client.get(f"/verificar/{code}")

    assert (before.status_code, made.status_code, after.status_code) == (200, 303, 200)
    assert "1 capacitación con asistencia: 8 horas" in text_of(before)
    assert "Hacer mi historial (PDF)" in before.text
    assert f'href="{base}/{code}.pdf"' in after.text
    assert (file.status_code, file.headers["content-type"]) == (200, "application/pdf")
    assert (file.headers["cache-control"], file.headers["x-robots-tag"]) == ("no-store", "noindex")
    assert certificate.folio in said(file.content)[0]
    shown = text_of(checked)
    assert "Este historial es auténtico" in shown
    assert "M. E. C. T." in shown
    assert certificate.folio in shown
    assert "fue anulada" not in shown
    assert "Caal" not in checked.text
    assert (checked.headers["cache-control"], checked.headers["x-robots-tag"]) == ("no-store", "noindex")
    assert "Sí, ese es el nombre impreso." in compared.text
    assert "Este papel no coincide" in other.text
    assert "El archivo es el que entregamos, sin ningún cambio." in dropped.text
    assert "Su única constancia fue anulada después." in annulled.text
    assert show_certificate_code(code) in annulled.text


async def test_own_link_when_it_is_anothers_or_nothing_was_attended_then_refused(client: AsyncClient) -> None:
    mine = await make_attendee(await make_held())
    theirs = await loaded(await make_attendee(await make_held(), given_names="Beto"))
    nothing = await make_attendee(await make_held(), given_names="Cata", sessions=[])
    transcript = await make_transcript(theirs, actor=HOLDER_OF_LINK)
    base = f"/i/{await link_of(mine)}/historial"

    answers = [
        await client.get(f"{base}/{transcript.code}.pdf"),
        await client.get(f"{base}/{tokens.certificate_code()}.pdf"),
        await client.get(f"/i/{tokens.own_link()}/historial"),
    ]
    empty = await client.post(f"/i/{await link_of(nothing)}/historial")

    assert {answer.status_code for answer in answers} == {404}
    assert empty.status_code == 409
    assert "Todavía no consta asistencia a ninguna capacitación." in empty.text


async def test_own_link_when_ten_were_made_in_a_day_then_no_other_but_at_the_desk_and_the_next_day(
    client: AsyncClient, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcript_pdf, "MADE_A_DAY", 2)
    desk = await make_desk()
    person = await loaded(desk.completed)
    base = f"/i/{await link_of(person)}/historial"

    made = []
    for name in ("Ana", "Eva", "Eva", "Luz"):
        await Participant.filter(id=person.participant_id).update(given_names=name)
        made.append(await client.post(base))
    kept = await client.get(made[0].headers["location"])
    at_desk = await make_transcript(await loaded(person), actor=await actor_of(desk.cast.coordinator))
    await Participant.filter(id=person.participant_id).update(given_names="Sol")
    freeze(AFTER + timedelta(days=1, minutes=1))
    later = await client.post(base)

    assert [one.status_code for one in made] == [303, 303, 303, 429], "the same twice is one"
    assert "Hubo demasiados intentos." in made[3].text
    assert "Mi historial de capacitaciones" in made[3].text
    assert int(made[3].headers["retry-after"]) > 80_000
    assert (kept.status_code, at_desk.printed_name, later.status_code) == (200, "Luz Caal Tzib", 303)


async def test_check_when_minor_then_no_initials(client: AsyncClient) -> None:
    person = await make_attendee(await make_held())
    await Participant.filter(id=person.participant_id).update(age_group=AgeGroup.A14_17)
    transcript = await make_transcript(await loaded(person), actor=PROGRAM)

    page = await client.get(f"/verificar/{transcript.code}")

    assert "M. E. C. T." not in page.text
    assert "Menor de edad: no mostramos iniciales." in page.text


async def test_desk_when_asked_then_the_file_and_both_acts_are_logged(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.assistant)
    base = f"/panel/inscripciones/{desk.completed.id}/historial"

    made = await browser.post(base)
    file = await browser.get(made.headers["location"])
    absent = await make_attendee(desk.training, given_names="Dora", sessions=[])
    refused = await browser.post(f"/panel/inscripciones/{absent.id}/historial")

    assert (made.status_code, file.status_code) == (303, 200)
    assert "Beto Caal Tzib" in said(file.content)[0]
    acts = {line.act for line in await AuditLine.filter(object_id=desk.completed.id)}
    assert {"certificates.make_transcript", "certificates.open_transcript"} <= acts
    assert (refused.status_code, refused.headers["location"]) == (303, f"/panel/inscripciones/{absent.id}")


async def test_check_when_a_folio_is_typed_beside_the_code_then_looked_for_among_what_it_lists(
    client: AsyncClient,
) -> None:
    person = await make_attendee(await make_held())
    certificate = await issue(person.id, DIPLOMA, actor=PROGRAM)
    code = (await make_transcript(await loaded(person), actor=PROGRAM)).code

    pages = [text_of(await client.get(f"/verificar/{code}?folio={folio}")) for folio in ("2027-1", "2027-2", "")]

    listed = f"El folio {certificate.folio} está en este historial."
    not_listed = "El folio 2027-2 no está en este historial."
    assert [(listed in page, not_listed in page) for page in pages] == [(True, False), (False, True), (False, False)]
    assert ["Este papel no coincide" in page and "auténtico" not in page for page in pages] == [False, True, False]
