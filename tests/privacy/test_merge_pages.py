"""The pages on which coordinators compare two people, hold them to be one or two, and take that back."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.cast import Cast
from tests.certificates.held import AFTER, a_diploma, make_held
from tests.counting import statements
from tests.privacy.people import merged_into, minor, someone
from tests.web.pages import Page
from trainings import clock
from trainings.audit.models import AuditLine
from trainings.people.models import Merge
from trainings.registrations.models import Registration

INDEX = "/panel/personas/repetidas"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
async def browser(client: AsyncClient, cast: Cast) -> AsyncClient:
    """The coordinator's."""
    await make.sign_in(client, cast.coordinator)
    return client


def address(one: Registration, other: Registration) -> str:
    return f"{INDEX}/{one.participant_id}/{other.participant_id}"


async def post(browser: AsyncClient, path: str, **answers: object) -> Response:
    return await browser.post(path, content=urlencode(answers), headers=FORM)


# -- the list


async def test_list_shows_short_names_of_pairs_and_leads_to_their_comparison(browser: AsyncClient, cast: Cast) -> None:
    first = await someone(cast.hub, community="Las Pozas")
    second = await someone(cast.hub, community="El Chal")

    page = await browser.get(INDEX)

    assert page.status_code == 200
    assert f'href="{address(first, second)}"' in page.text
    assert "Rosa C." in page.text
    assert "Las Pozas, La Libertad, Petén" in page.text
    assert "Rosa Coc" not in page.text
    assert not [shown for shown in ("5555 1234", "55551234") if shown in page.text]
    assert "Nombre, municipio y teléfono iguales" in page.text


async def test_minors_are_in_no_list_and_unnamed_in_what_was_decided(browser: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, admits_minors=True)
    about = {"given_names": "Xochitl", "community": "Las Pozas"}
    first, second = await minor(training, **about), await minor(training, **about)

    listed = await browser.get(INDEX, params={"nombre": "xochitl"})
    await post(browser, f"{address(first, second)}/unir", kept=first.participant_id, reason="said_so")
    merged = await browser.get(INDEX)

    for page in (listed, merged):
        assert "Nada que revisar" in page.text
        assert str(first.participant_id) not in page.text
        assert str(second.participant_id) not in page.text
        assert "Xochitl C." not in page.text
        assert "Las Pozas" not in page.text
    assert "Una persona menor de edad" in merged.text


async def test_page_of_a_person_leads_the_coordinator_to_the_comparison_with_whom_they_look_like(
    browser: AsyncClient, new_client: Callable[[], AsyncClient], cast: Cast
) -> None:
    training = await make.make_training(hub=cast.hub, admits_minors=True, facilitators=[cast.facilitator])
    first, second = await minor(training, "Xochitl"), await minor(training, "Xochitl")
    desk, door = new_client(), new_client()
    await make.sign_in(desk, cast.assistant)
    await make.sign_in(door, cast.facilitator)

    pages = [Page((await one.get(f"/panel/inscripciones/{second.id}")).text) for one in (browser, desk, door)]

    assert [len(page.all("a", href=address(second, first))) for page in pages] == [1, 0, 0]
    assert (await browser.get(address(second, first))).status_code == 200


async def test_comparison_of_minors_tells_of_their_common_training_alone_and_of_no_contact(
    browser: AsyncClient, cast: Cast
) -> None:
    common, another = [
        await make.make_training(hub=cast.hub, admits_minors=True, title=title) for title in ("Refugio", "Otro taller")
    ]
    first, second, elsewhere = await minor(common), await minor(common), await minor(another)
    await Registration.filter(id=elsewhere.id).update(participant_id=first.participant_id)

    page = await browser.get(address(first, second))

    assert page.text.count(f'href="/panel/inscripciones/{first.id}"') == 2, "as a twin, and in the list"
    assert "Otro taller" not in page.text
    assert str(elsewhere.id) not in page.text
    text = " ".join(Page(page.text).text.split())
    assert "Teléfono Igual el de su familia el de su familia" in text
    assert "234" not in text


async def test_list_asks_the_database_as_often_for_many_as_for_one(browser: AsyncClient, cast: Cast) -> None:
    async def n_queries() -> int:
        with statements() as sent:
            assert (await browser.get(INDEX)).status_code == 200
        return len(sent)

    for name in ("Ana", "Ana"):
        await someone(cast.hub, name)
    await n_queries()  # That the session is in use is noted once a minute.
    few = await n_queries()
    for name in ("Bea", "Bea", "Cata", "Cata", "Cata"):
        await someone(cast.hub, name)

    assert await n_queries() == few


# -- the search


async def test_search_leads_from_two_ticked_people_to_their_comparison(browser: AsyncClient, cast: Cast) -> None:
    ana, bea = await someone(cast.hub, "Ana María"), await someone(cast.hub, "Beatriz")

    found = Page((await browser.get(INDEX, params={"nombre": "coc"})).text)
    ticked = {"nombre": "coc", "persona": [str(ana.participant_id), str(bea.participant_id)]}
    led = await browser.get(INDEX, params=ticked)

    assert [box["value"] for box in found.all("input", type="checkbox")] == [
        str(ana.participant_id),
        str(bea.participant_id),
    ]
    assert (led.status_code, led.headers["location"]) == (303, address(ana, bea))


CANNOT_BE: list[tuple[dict[str, str], str]] = [
    ({"nombre": ""}, "Escriba por lo menos 3 letras del nombre."),
    ({"nombre": "ñ%"}, "Escriba por lo menos 3 letras del nombre."),
    ({"nombre": "x" * 121}, "Es demasiado largo"),
    ({"nombre": "coc", "persona": "nadie"}, "Escoja una de las opciones."),
    ({"nombre": "coc", "persona": "00000000-0000-0000-0000-000000000000"}, "Marque a dos personas"),
]


async def test_search_that_cannot_be_done_says_why(browser: AsyncClient, cast: Cast) -> None:
    await someone(cast.hub)
    assert "Nadie con ese nombre" in (await browser.get(INDEX, params={"nombre": "xyz"})).text

    for asked, sentence in CANNOT_BE:
        answer = await browser.get(INDEX, params=asked)

        assert answer.status_code == 422, asked
        assert sentence in answer.text, asked
        assert "<title>Error:" in answer.text, asked


# -- two side by side


async def test_comparison_marks_what_differs_and_masks_contacts(browser: AsyncClient, cast: Cast) -> None:
    first = await someone(cast.hub, "María", email="maria.coc@correo.example", community="Las Pozas")
    second = await someone(cast.hub, "Maria", phone="+50255559876", community="El Chal")

    page = await browser.get(address(first, second))

    text = " ".join(Page(page.text).text.split())
    assert "María Coc Maria Coc" in text
    for said in (
        "Nombre completo Escrito de otra forma",
        "Comunidad Distinto",
        "Municipio Igual",
        "Teléfono Distinto termina en 234 termina en 876",
        "Correo m•••@correo.example —",
    ):
        assert said in text
    for hidden in ("+502", "5555 1234", "5555 9876", "maria.coc"):
        assert hidden not in page.text
    line = await AuditLine.get(act="privacy.compare")
    assert (line.object_id, line.hub_id, line.detail) == (
        first.participant_id,
        cast.hub.id,
        {"other": str(second.participant_id)},
    )


async def test_comparison_shows_trainings_and_certificates_of_own_hubs_only(browser: AsyncClient, cast: Cast) -> None:
    held = await make_held(hub=cast.hub)
    with clock.frozen(AFTER):
        certificate = await a_diploma(held, given_names="Rosa", surnames="Coc")
        first = await Registration.get(id=certificate.registration_id)
        there = await make.make_training(hub=cast.elsewhere, title="Taller de Tacaná")
        await make.make_registration(there, given_names="Rosa", surnames="Coc", earlier_code=first.short_code)
        second = await someone(cast.hub, "Rosita", await make.make_training(hub=cast.hub, title="Otro taller"))
        await make.sign_in(browser, cast.coordinator)
        page = await browser.get(address(first, second))

    assert await Registration.filter(participant_id=first.participant_id).count() == 2
    assert certificate.folio in page.text
    assert "La completó" in page.text
    assert "04/03/2027" in page.text
    assert "Otro taller" in page.text
    assert "Taller de Tacaná" not in page.text


async def test_both_of_one_training_are_led_to_and_once_merged_compared_as_each_came(
    browser: AsyncClient, cast: Cast
) -> None:
    training = await make.make_training(hub=cast.hub, title="Refugio")
    first, second = await someone(cast.hub, training=training), await someone(cast.hub, training=training)
    third = await someone(cast.hub, training=await make.make_training(hub=cast.hub, title="Trata"))
    before = await browser.get(address(first, second))
    assert "Las dos están inscritas en «Refugio»." in " ".join(Page(before.text).text.split())
    assert before.text.count(f'href="/panel/inscripciones/{first.id}">La primera') == 1
    assert before.text.count(f'href="/panel/inscripciones/{second.id}">La segunda') == 1
    for merged in (first, third):
        await post(browser, f"{address(merged, second)}/unir", kept=second.participant_id, reason="said_so")

    page = Page((await browser.get(address(first, second))).text)
    refused = await post(browser, f"{address(first, second)}/distintas")

    text = " ".join(page.text.split())
    assert "Ya están unidas" in text
    assert "Trata" not in text
    assert "/unir" not in page.source
    assert (refused.status_code, "Ya están unidas" in refused.text) == (409, True)
    people = {f"/panel/inscripciones/{one.id}" for one in (first, second)}
    assert {str(one["href"]) for one in page.all("a")} & {f"/panel/inscripciones/{third.id}", *people} == people


# -- deciding


async def test_merge_is_shown_and_undone_on_the_list(browser: AsyncClient, cast: Cast) -> None:
    first, second = await someone(cast.hub), await someone(cast.hub)

    done = await post(browser, f"{address(first, second)}/unir", kept=second.participant_id, reason="same_document")
    shown = await browser.get(INDEX)
    row = await Merge.get()
    undone = await post(browser, f"{INDEX}/decisiones/{row.id}/deshacer")
    after = await browser.get(INDEX)

    assert (done.status_code, done.headers["location"]) == (303, INDEX)
    assert (row.kept_id, row.merged_id) == (second.participant_id, first.participant_id)
    for said in ("Listo. Desde ahora cuentan como una sola persona.", "Mostró su documento", "Rosa Xol", "Deshacer"):
        assert said in shown.text
    assert "Nada que revisar" in shown.text
    assert undone.headers["location"] == INDEX
    assert await merged_into(first) is None
    assert "Deshecha el" in after.text
    assert address(first, second) in after.text


async def test_pair_held_to_be_two_is_shown_and_taken_back_on_the_list(browser: AsyncClient, cast: Cast) -> None:
    first, second = await someone(cast.hub), await someone(cast.hub)

    done = await post(browser, f"{address(first, second)}/distintas")
    shown = await browser.get(INDEX)
    row = await Merge.get()
    back = await post(browser, f"{INDEX}/decisiones/{row.id}/mostrar")

    assert done.headers["location"] == back.headers["location"] == INDEX
    assert "No son la misma persona" in shown.text
    assert address(first, second) not in shown.text
    assert address(first, second) in (await browser.get(INDEX)).text


async def test_merge_without_who_stays_or_why_or_with_somebody_else_is_not_done(
    browser: AsyncClient, cast: Cast
) -> None:
    first, second, third = await someone(cast.hub), await someone(cast.hub), await someone(cast.hub, "Berta")

    path = f"{address(first, second)}/unir"
    lacking, odd = await post(browser, path), await post(browser, path, kept="x", reason="porque sí")
    answer = await post(browser, f"{address(first, second)}/unir", kept=third.participant_id, reason="said_so")

    assert (lacking.status_code, odd.status_code, answer.status_code) == (422, 422, 404)
    for sentence in ("Escoja con qué datos se queda.", "Escoja cómo se sabe."):
        assert sentence in lacking.text
    assert "Escoja una de las opciones." in odd.text
    assert await Merge.all().count() == 0


# -- who may


async def test_nobody_of_another_hub_learns_that_a_pair_exists(client: AsyncClient, cast: Cast) -> None:
    first, second = await someone(cast.hub), await someone(cast.hub)
    await make.sign_in(client, cast.coordinator_elsewhere)

    answers = [
        await client.get(address(first, second)),
        await post(client, f"{address(first, second)}/unir", kept=first.participant_id, reason="said_so"),
        await post(client, f"{address(first, second)}/distintas"),
    ]
    listed = await client.get(INDEX, params={"nombre": "rosa"})

    assert [answer.status_code for answer in answers] == [404] * 3
    assert str(first.participant_id) not in listed.text
    assert await Merge.all().count() == 0
    assert await AuditLine.filter(act="privacy.compare").count() == 0
