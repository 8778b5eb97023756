"""The page of a family: everybody's ticket, names, who comes and who does not; and nobody who is not of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO

import pytest
import zxingcpp
from httpx2 import AsyncClient
from icalendar import Calendar
from PIL import Image

from tests import make
from tests.counting import statements
from tests.registrations.families import group_of, group_token, make_family, people_of
from tests.registrations.wishes import link_of, places_of, state_of
from tests.web.pages import Page
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.registrations.models import Registration
from trainings.registrations.queries import LINK_DAYS
from trainings.registrations.seats import actions
from trainings.registrations.telling import changes
from trainings.schedule.models import Training

Freeze = Callable[[datetime], None]

MEMBER_PAGES = ("/cambiar", "/cancelar", "/enlace", "/boleto.png", "/boleto.svg")
MINOR_PAGES = ("/datos", "/permisos")
MEMBER_POSTS = ("/nombre", "/cancelar", "/volver", "/apoyo", "/datos", "/permisos/contact")
NAME = {"given_names": "Otro", "surnames": "Nombre"}


async def a_family(**columns: object) -> tuple[Training, list[Registration], str]:
    """Ana and Beto with Cata, who is 15; the group's page."""
    training = await make.make_training(**({"admits_minors": True, "childcare_capacity": 5} | columns))  # type: ignore[arg-type]
    people = await make_family(training, "Ana", "Beto", children=["Cata"], childcare_places=2)
    return training, people, f"/i/{await group_token(people[0])}"


async def page_of(client: AsyncClient, path: str, status: int = 200) -> Page:
    answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return Page(answer.text)


async def states(person: Registration) -> list[str]:
    return [one.state.value for one in await people_of(person.group_id)]


async def detach(registration: Registration) -> None:
    """As the desk does it."""
    await actions.detach(registration.id, phone=None, email=None, actor=PROGRAM)


# -- what is shown


async def test_group_page_shows_everybody_with_their_own_code(client: AsyncClient) -> None:
    _training, people, base = await a_family()

    page = await page_of(client, base)

    assert "Listo, ya tienen su lugar" in page.text
    for person in people:
        assert person.participant.full_name in page.text
        assert tokens.show_short_code(person.short_code) in page.text
    assert [svg["aria-label"] for svg in page.all("svg", **{"class": "qr"})] == [
        f"Código QR del boleto de {name} Coc Xol" for name in ("Ana", "Beto", "Cata")
    ]
    assert "Con permiso de su madre" in page.text
    assert page.text.count("Persona adulta") == 2
    assert "Cuidado de niñas y niños: 2 lugares apartados." in page.text


@pytest.mark.parametrize("is_called_off", [True, False])
async def test_data_and_permissions_of_a_minor_who_does_not_come_are_still_reached(
    client: AsyncClient, *, is_called_off: bool
) -> None:
    training, people, base = await a_family()
    if is_called_off:
        await changes.call_off_training(training.id, "Llueve mucho", actor=HOLDER_OF_LINK)
    else:
        await actions.cancel(people[2].id, actor=HOLDER_OF_LINK)

    page = await page_of(client, base)

    for path in MINOR_PAGES:
        assert page.all("a", href=f"{base}/{people[2].id}{path}")
        assert not page.all("a", href=f"{base}/{people[1].id}{path}")
        assert (await client.get(f"{base}/{people[2].id}{path}")).status_code == 200


async def test_group_page_of_eight_asks_no_more_of_the_database_and_stays_small(client: AsyncClient) -> None:
    training = await make.make_training(capacity=30, admits_minors=True)
    two = await make_family(training, "Ana", children=["Beto"])
    eight = await make_family(training, *"ABCDE", children=["F", "G", "H"])
    small, large = [f"/i/{await group_token(family[0])}" for family in (two, eight)]

    with statements() as few:
        await client.get(small)
    with statements() as many:
        answer = await client.get(large)

    assert len(many) == len(few)
    assert len(answer.content) < 75_000


async def test_each_ticket_can_be_kept_as_a_picture(client: AsyncClient) -> None:
    _training, people, base = await a_family()

    beto = people[1]
    picture, drawing = [await client.get(f"{base}/{beto.id}/boleto.{kind}") for kind in ("png", "svg")]
    assert picture.headers["content-disposition"] == 'attachment; filename="boleto.png"'
    [read] = zxingcpp.read_barcodes(Image.open(BytesIO(picture.content)))
    assert read.text == beto.qr_token
    assert drawing.text.startswith("<svg ")
    entry = await client.get(f"{base}/evento.ics")
    assert len(Calendar.from_ical(entry.content).events) == 1


async def test_waiting_group_sees_one_number_for_all_and_no_code(client: AsyncClient) -> None:
    training, people, base = await a_family(capacity=3)
    later = await make_family(training, "Dora", "Elmer")
    last = await make_family(training, "Flor", "Gil")
    later_base, last_base = [f"/i/{await group_token(one[0])}" for one in (later, last)]

    first, second = await page_of(client, later_base), await page_of(client, last_base)

    assert "Están en la lista de espera" in first.text
    in_english = await client.get(last_base, params={"idioma": "en"})
    assert in_english.status_code == 200
    assert "people are on the waiting list" in in_english.text
    assert "Son las primeras personas de la lista." in first.text
    assert "Su número en la lista es 2, para todas las personas juntas." in second.text
    assert "Cuando haya lugar para las 2, los boletos aparecen en esta página." in second.text
    assert not second.all("svg", **{"class": "qr"})
    for file in ("boleto.png", "boleto.svg"):
        assert (await client.get(f"{last_base}/{last[0].id}/{file}")).status_code == 404
    assert (await client.get(f"{last_base}/evento.ics")).status_code == 404
    assert "Ana Coc Xol" in (await page_of(client, base)).text
    assert len(people) == 3


async def test_minor_with_a_guardian_alone_has_the_group_page_in_the_singular(client: AsyncClient) -> None:
    training = await make.make_training(admits_minors=True)
    [ana, cata] = await make_family(training, "Ana", children=["Cata"])
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)

    page = await page_of(client, f"/i/{await group_token(cata)}")

    assert "Listo, ya tiene su lugar" in page.text
    assert len(page.all("svg", **{"class": "qr"})) == 1


async def test_called_off_and_over_say_so_to_the_group(client: AsyncClient, freeze: Freeze) -> None:
    training, _people, base = await a_family()
    off, _others, off_base = await a_family(title="Otra")
    await changes.call_off_training(off.id, "No hay quien facilite ese día.", actor=HOLDER_OF_LINK)

    called_off = await page_of(client, off_base)
    freeze(training.sessions[0].ends_at)
    over = await page_of(client, base)

    assert "No hay quien facilite ese día." in called_off.text
    assert not called_off.all("form", method="post")
    assert "Esta capacitación ya terminó" in over.text
    assert "Corregir, pedir apoyo o cancelar" not in over.text


# -- who is not of it


async def test_people_of_other_groups_are_as_unknown_as_nobody(client: AsyncClient) -> None:
    training, people, base = await a_family()
    [stranger, _other] = await make_family(training, "Dora", "Elmer")
    alone = await make.make_registration(training, given_names="Flor")

    for somebody, n in ((stranger, 0), (alone, 1)):
        for path in (*MEMBER_PAGES, *MINOR_PAGES)[n::2]:
            answer = await client.get(f"{base}/{somebody.id}{path}")
            assert answer.status_code == 404, path
            assert somebody.participant.given_names not in answer.text
        for path in MEMBER_POSTS[n::2]:
            assert (await client.post(f"{base}/{somebody.id}{path}", data=NAME)).status_code == 404, path
        assert (await Registration.get(id=somebody.id)).state == "confirmed"
    assert (await client.get(f"{await link_of(alone)}/{people[0].id}/cambiar")).status_code == 404


async def test_who_was_taken_out_of_the_group_is_nowhere_on_its_pages(client: AsyncClient) -> None:
    training, [ana, beto, cata], base = await a_family()
    await detach(beto)

    page = await page_of(client, base)
    cancelling = await page_of(client, f"{base}/cancelar")
    one = await page_of(client, f"{base}/{ana.id}/cancelar")

    for shown in (page, cancelling, one):
        assert "Beto" not in shown.source
        assert str(beto.id) not in shown.source
        assert beto.short_code not in shown.source.replace("-", "")
    assert "Boleto 2 de 2" in page.text
    assert "Cuidado de niñas y niños" not in (await client.get(await link_of(beto))).text
    for path in (*MEMBER_PAGES, *MINOR_PAGES):
        assert (await client.get(f"{base}/{beto.id}{path}")).status_code == 404, path
    for path in MEMBER_POSTS:
        assert (await client.post(f"{base}/{beto.id}{path}", data=NAME)).status_code == 404, path

    await client.post(f"{base}/cancelar")

    assert [await state_of(one) for one in (ana, beto, cata)] == ["cancelled", "confirmed", "cancelled"]
    assert await places_of(training) == (1, 0)
    assert (await group_of(cata)).state == "cancelled"
    gone = await page_of(client, base)
    assert "Estas inscripciones están canceladas" in gone.text
    assert "Beto" not in gone.source


async def test_group_link_with_nobody_left_behind_it_opens_nothing(client: AsyncClient) -> None:
    training = await make.make_training()
    [ana, beto] = await make_family(training, "Ana", "Beto")
    base = f"/i/{await group_token(ana)}"
    await detach(ana)
    assert "Ana" not in (await page_of(client, base)).source
    await detach(beto)

    for path in ("", "/cancelar", "/evento.ics"):
        assert (await client.get(base + path)).status_code == 404
    assert (await client.post(f"{base}/cancelar")).status_code == 404


async def test_group_link_opens_none_of_the_pages_of_one_person(client: AsyncClient) -> None:
    _training, _people, base = await a_family()

    for path in ("/datos", "/permisos", "/permisos/contact", "/boleto.png", "/boleto.svg"):
        assert (await client.get(base + path)).status_code == 404, path
    for path in ("/nombre", "/apoyo", "/datos", "/permisos/contact", "/mio"):
        assert (await client.post(base + path, data=NAME)).status_code == 404, path


# -- names


async def test_any_member_is_renamed(client: AsyncClient) -> None:
    _training, people, base = await a_family()

    for person in people:
        asked = await page_of(client, f"{base}/{person.id}/cambiar")
        assert asked.one("input", name="given_names")["value"] == person.participant.given_names
        answer = await client.post(f"{base}/{person.id}/nombre", data={"given_names": "Luz", "surnames": "Tz’ib"})
        assert (answer.status_code, answer.headers["location"]) == (303, base)

    assert [one.participant.full_name for one in await people_of(people[0].group_id)] == ["Luz Tz’ib"] * 3
    assert "Listo. Así se escribirá el nombre en el diploma." in (await page_of(client, base)).text
    assert await AuditLine.filter(act="registrations.rename", actor_role="filler").count() == 3


# -- cancelling


async def test_one_member_cancels_after_being_asked_and_the_others_keep_theirs(client: AsyncClient) -> None:
    training, [ana, beto, cata], base = await a_family()

    asked = await page_of(client, f"{base}/{beto.id}/cancelar")
    assert "¿Beto Coc Xol ya no puede ir?" in asked.text
    assert "No cambia nada para: Ana Coc Xol, Cata Coc Xol." in asked.text
    assert "cuidado infantil" not in asked.text
    assert await states(ana) == ["confirmed"] * 3
    answer = await client.post(f"{base}/{beto.id}/cancelar")

    assert answer.headers["location"] == base
    assert await states(ana) == ["confirmed", "cancelled", "confirmed"]
    assert await places_of(training) == (2, 2)
    page = await page_of(client, base)
    assert "canceló usted." in page.text
    assert len(page.all("svg", **{"class": "qr"})) == 2
    assert (await client.get(f"{base}/{beto.id}/boleto.png")).status_code == 404
    assert (await client.get(f"{base}/{beto.id}/cancelar")).headers["location"] == base
    assert (await group_of(cata)).n_people == 2
    last_adult, minor = [await page_of(client, f"{base}/{one.id}/cancelar") for one in (ana, cata)]
    assert "No cambia nada para: Cata Coc Xol. Pero queda sin una persona adulta de su familia" in last_adult.text
    assert "sin una persona adulta" not in asked.text + minor.text


async def test_all_cancel_together_and_the_first_waiting_group_that_fits_gets_the_places(client: AsyncClient) -> None:
    training, people, base = await a_family(capacity=3)
    pair = await make_family(training, "Dora", "Elmer")
    alone = await make.make_registration(training, given_names="Flor")

    asked = await page_of(client, f"{base}/cancelar")
    assert "¿Ya no pueden ir?" in asked.text
    assert "Cancelar las 3 inscripciones" in asked.text
    assert "También se suelta el cuidado infantil que apartaron." in asked.text
    answer = await client.post(f"{base}/cancelar")

    assert answer.headers["location"] == base
    assert await states(people[0]) == ["cancelled"] * 3
    # One by one they would have let Flor in before the two who came before her.
    assert await states(pair[0]) == ["confirmed"] * 2
    assert await states(alone) == ["confirmed"]
    assert await places_of(training) == (3, 0)
    assert await AuditLine.filter(act="registrations.pass_over").count() == 0
    assert (await client.get(f"{base}/cancelar")).headers["location"] == base


async def test_nothing_of_a_group_is_cancelled_once_it_is_over(client: AsyncClient, freeze: Freeze) -> None:
    training, people, base = await a_family()
    freeze(training.sessions[0].ends_at)

    for path in ("/cancelar", f"/{people[0].id}/cancelar"):
        assert (await client.get(base + path)).headers["location"] == base
        assert (await client.post(base + path)).status_code == 409

    assert await states(people[0]) == ["confirmed"] * 3


# -- thirty days after


async def test_group_link_shows_only_certificates_and_data_of_minors_thirty_days_after(
    client: AsyncClient, freeze: Freeze
) -> None:
    training, [ana, beto, cata], base = await a_family()
    freeze(training.sessions[0].ends_at + LINK_DAYS + timedelta(seconds=1))

    page = await page_of(client, base)

    assert "Aquí quedan los diplomas." in page.text
    assert not page.all("form", method="post")
    assert not page.all("svg", **{"class": "qr"})
    assert tokens.show_short_code(ana.short_code) not in page.text
    for path in ("/datos", "/permisos"):
        assert (await client.get(f"{base}/{cata.id}{path}")).status_code == 200
        assert (await client.get(f"{base}/{beto.id}{path}")).status_code == 404
    assert (await client.get(f"{base}/{ana.id}/enlace")).status_code == 200
    for path in ("/boleto.png", "/boleto.svg"):
        assert (await client.get(f"{base}/{cata.id}{path}")).status_code == 404
    assert (await client.get(f"{base}/{cata.id}/cambiar")).status_code == 409
    for path in ("/cancelar", "/volver", f"/{cata.id}/nombre", f"/{cata.id}/cancelar", f"/{cata.id}/apoyo"):
        assert (await client.post(base + path, data=NAME)).status_code == 409, path
    assert {one.participant.surnames for one in await people_of(ana.group_id)} == {"Coc Xol"}
