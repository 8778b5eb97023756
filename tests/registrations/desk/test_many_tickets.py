"""All tickets of a training or of a call list, on paper and as pictures."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pypdf
import zxingcpp
from PIL import Image

from tests import make
from tests.cast import make_cast
from tests.registrations.call_pages import INDEX, NewClient, at_desk
from tests.registrations.call_world import MONDAY, Freeze, a_list, a_training
from trainings.audit.models import AuditLine
from trainings.registrations.models import Registration, Source
from trainings.schedule.models import PlaceShown, PrintKind, Printout, Training


async def people_of(training: Training) -> list[Registration]:
    """Nine with a place, out of order, and Zoila who waits. Two came by an imported list; Ana has mail."""
    about = [("Ana", ""), ("Beto", "Las Pozas"), *((f"Carla{n}", "El Subín") for n in range(7)), ("Zoila", "")]
    return [
        await make.make_registration(
            training,
            given_names=name,
            surnames="Caal Tzib",
            community=community,
            email="ana@x.example" if name == "Ana" else "",
            source=Source.IMPORT if name in ("Beto", "Carla0") else Source.WEB,
        )
        for name, community in about
    ]


async def test_all_tickets_on_paper_are_in_order_of_community_and_name_and_each_is_noted(
    new_client: NewClient, freeze: Freeze
) -> None:
    freeze(MONDAY)
    cast = await make_cast()
    training = await a_training(cast, capacity=9, title="Refugio", place_shown=PlaceShown.AFTER_CONFIRMATION)
    people = await people_of(training)
    client = await at_desk(new_client, cast)
    path = f"/panel/capacitaciones/{training.id}/boletos"

    page = await client.get(path)
    paper = await client.get(f"{path}.pdf")

    texts = [" ".join(one.extract_text().split()) for one in pypdf.PdfReader(BytesIO(paper.content)).pages]
    whole = " ".join(texts)
    names = [*(f"Carla{n} Caal Tzib" for n in range(7)), "Beto Caal Tzib", "Ana Caal Tzib"]
    assert "9 boletos, en orden de comunidad y nombre." in page.text
    assert "1 persona sin lugar todavía no tiene boleto." in page.text
    assert "La imagen no dice el tema." in page.text
    assert [text.count("Boleto ") for text in texts] == [8, 1]
    assert [whole.index(name) for name in names] == sorted(whole.index(name) for name in names)
    assert "Salón municipal" in whole, "who has a ticket has a place"
    assert not [word for word in ("Refugio", "Zoila") if word in whole]
    printed = await Printout.filter(kind=PrintKind.TICKETS).values_list("subject_id")
    assert {key for (key,) in printed} == {one.id for one in people[:9]}
    [line] = await AuditLine.filter(act="registrations.print_tickets")
    assert (line.object_id, line.detail["n"]) == (training.id, 9)


async def test_pictures_come_in_an_archive_named_by_community_and_initials_and_are_scanned(
    new_client: NewClient, freeze: Freeze
) -> None:
    freeze(MONDAY)
    cast = await make_cast()
    training = await a_training(cast, capacity=9)
    people = await people_of(training)
    client = await at_desk(new_client, cast)

    answer = await client.get(f"/panel/capacitaciones/{training.id}/boletos.zip?grupo=imported")

    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        names = archive.namelist()
        seen = [zxingcpp.read_barcodes(Image.open(archive.open(name)).convert("L"))[0].text for name in names]
    assert answer.headers["cache-control"] == "no-store"
    assert names == ["001-el-subin-carla0-c-t.png", "002-las-pozas-beto-c-t.png"]
    assert seen == [people[2].qr_token, people[1].qr_token]


async def test_tickets_of_a_call_list_are_of_its_people_and_nobody_elses(new_client: NewClient, freeze: Freeze) -> None:
    freeze(MONDAY)
    cast = await make_cast()
    training = await a_training(cast, capacity=9)
    await people_of(training)
    call_list = await a_list(training)
    path = f"{INDEX}/{call_list.id}/boletos"

    client = await at_desk(new_client, cast)
    page, paper = await client.get(path), await client.get(f"{path}.pdf")
    statuses = [
        (await (await at_desk(new_client, cast, who)).get(f"{path}{end}")).status_code
        for who in ("facilitator", "coordinator_elsewhere")
        for end in ("", ".pdf", ".zip")
    ]

    whole = "".join(one.extract_text() for one in pypdf.PdfReader(BytesIO(paper.content)).pages)
    assert "8 boletos, en orden de comunidad y nombre." in page.text
    assert "Ana" not in whole, "she has mail"
    assert "Beto" in whole
    assert statuses == [403] * 3 + [404] * 3


async def test_without_tickets_the_page_says_who_gets_one_and_a_file_is_refused(
    new_client: NewClient, freeze: Freeze
) -> None:
    freeze(MONDAY)
    cast = await make_cast()
    training = await a_training(cast)
    client = await at_desk(new_client, cast)
    path = f"/panel/capacitaciones/{training.id}/boletos"

    page, paper, pictures = [await client.get(f"{path}{end}") for end in ("", ".pdf?desde=9", ".zip?grupo=nadie")]

    assert (page.status_code, paper.status_code, pictures.status_code) == (200, 409, 409)
    assert "Todavía no hay boletos" in page.text
    assert "Aquí nadie tiene boleto todavía" in paper.text
