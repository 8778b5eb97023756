"""Communities: what people wrote, what staff decide, and what nobody may learn from a form."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.cast import Cast, make_cast
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.people import communities
from trainings.people.communities import Known, NamelessCommunity, NotDecided, Written
from trainings.people.models import Community, Participant
from trainings.settings import Settings

HERE, NEAR, ELSEWHERE = "1705", "1710", make.TACANA
PAGE = "/panel/comunidades"


@pytest.fixture
async def cast(db: Settings) -> Cast:
    cast = await make_cast()
    for code in (HERE, NEAR, ELSEWHERE):
        await make.make_municipality(code)
    return cast


async def wrote(*names: str, municipality: str = HERE) -> None:
    """One person each who wrote this."""
    training = await make.make_training(capacity=100)
    for number, name in enumerate(names):
        await make.make_registration(
            training, given_names=f"Persona{number}", municipality=municipality, community=name
        )


async def post(client: AsyncClient, act: str, **form: str) -> Response:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return await client.post(f"{PAGE}/{act}", content=urlencode({"municipality": HERE, **form}), headers=headers)


async def as_(client: AsyncClient, cast: Cast, who: str) -> AsyncClient:
    client.cookies.clear()
    await make.sign_in(client, getattr(cast, who))
    return client


# -- what is suggested


@pytest.mark.usefixtures("cast")
async def test_only_what_staff_confirmed_is_suggested_by_alphabet() -> None:
    await wrote("Casa azul detrás de la iglesia", "Las Pozas")
    for name in ("Zacatal", "Élmar", "El Subín"):
        await communities.confirm(HERE, name, actor=PROGRAM)
    await communities.hide(HERE, "Broma", actor=PROGRAM)
    await communities.confirm(NEAR, "Vecina", actor=PROGRAM)

    assert await communities.suggestions(HERE) == ["El Subín", "Élmar", "Zacatal"]
    assert await communities.suggestions(ELSEWHERE) == []


@pytest.mark.usefixtures("cast")
async def test_no_more_than_200_are_suggested() -> None:
    rows = [Community(municipality_id=HERE, name=f"Aldea {n}", key=f"aldea {n:03}") for n in range(201)]
    await Community.bulk_create(rows)

    found = await communities.suggestions(HERE)

    assert (len(found), found[0], found[-1]) == (200, "Aldea 0", "Aldea 199")


# -- what people wrote


@pytest.mark.usefixtures("cast")
async def test_spellings_that_fold_alike_are_one_name_in_the_way_most_wrote_it() -> None:
    await wrote("las pozas", "Las Pozas", "LAS POZAS", "Las Pozas", "El Subín", "", "¡!")
    await wrote("Paxcamán", municipality=NEAR)

    found = await communities.written_by_people([HERE, ELSEWHERE])

    assert found == {HERE: [Written("Las Pozas", 4), Written("El Subín", 1)], ELSEWHERE: []}


@pytest.mark.usefixtures("cast")
async def test_decided_names_are_new_no_more_whatever_the_spelling() -> None:
    await wrote("q’anil", "Qanil", "El Subín")
    await communities.confirm(HERE, "Q'anil", actor=PROGRAM)
    await communities.hide(HERE, "el subin", actor=PROGRAM)

    found = await communities.communities_of(HERE)

    assert found.new == []
    assert (found.confirmed, found.hidden) == ([Known("Q'anil", 2, 2)], [Known("el subin", 1, 1)])


@pytest.mark.usefixtures("cast")
async def test_a_person_merged_into_another_is_counted_once() -> None:
    await wrote("Las Pozas", "Las Pozas")
    first, second = await Participant.filter(community="Las Pozas").order_by("id")
    await Participant.filter(id=second.id).update(merged_into_id=first.id)

    assert (await communities.written_by_people([HERE]))[HERE] == [Written("Las Pozas", 1)]


# -- deciding


@pytest.mark.usefixtures("cast")
async def test_the_last_word_counts_and_is_undone() -> None:
    await communities.hide(HERE, "las pozas", actor=PROGRAM)
    await communities.confirm(HERE, "Las Pozas", actor=PROGRAM)
    confirmed = await communities.suggestions(HERE)
    await communities.take_back(HERE, "LAS POZAS", actor=PROGRAM)

    assert confirmed == ["Las Pozas"]
    assert await Community.all().count() == 0
    with pytest.raises(NotDecided):
        await communities.take_back(HERE, "Las Pozas", actor=PROGRAM)
    acts = [line.act for line in await AuditLine.filter(act__startswith="people.").order_by("id")]
    assert acts == ["people.hide_community", "people.confirm_community", "people.take_back_community"]


@pytest.mark.usefixtures("cast")
async def test_names_confirmed_by_two_at_once_are_one() -> None:
    await asyncio.gather(
        *(communities.confirm(HERE, name, actor=PROGRAM) for name in ("Las Pozas", "las pozas", "Las pozas"))
    )

    assert await Community.filter(municipality_id=HERE).count() == 1


@pytest.mark.usefixtures("cast")
async def test_corrected_name_is_suggested_and_what_was_written_is_not() -> None:
    await wrote("Las Posas")

    await communities.correct(HERE, "Las Posas", "Las Pozas", actor=PROGRAM)
    found = await communities.communities_of(HERE)

    assert (found.new, found.confirmed, found.hidden) == (
        [],
        [Known("Las Pozas", 0, 0)],
        [Known("Las Posas", 1, 0)],
    )
    assert await Participant.filter(community="Las Posas").count() == 1


@pytest.mark.usefixtures("cast")
async def test_corrected_spelling_of_the_same_name_hides_nothing() -> None:
    await communities.correct(HERE, "las pozas", "Las Pozas", actor=PROGRAM)

    found = await communities.communities_of(HERE)
    assert (found.confirmed, found.hidden) == ([Known("Las Pozas", 0, 0)], [])


@pytest.mark.parametrize("name", ["", "¡!", "’"])
@pytest.mark.usefixtures("cast")
async def test_a_name_without_letters_is_refused(name: str) -> None:
    with pytest.raises(NamelessCommunity):
        await communities.confirm(HERE, name, actor=PROGRAM)


@pytest.mark.usefixtures("cast")
@pytest.mark.both_engines
async def test_one_spelling_is_written_for_all_who_wrote_the_same_name_and_for_nobody_else() -> None:
    await wrote("las pozas", "LAS POZAS", "Las Pozas", "Las Pozas II")
    await wrote("las pozas", municipality=NEAR)
    await communities.confirm(HERE, "Las Pozas", actor=PROGRAM)

    n_people = await communities.use_spelling(HERE, "Las Pozas", actor=PROGRAM)

    assert n_people == 2
    people = await Participant.filter(municipality_id=HERE).order_by("id")
    assert [one.community for one in people] == ["Las Pozas", "Las Pozas", "Las Pozas", "Las Pozas II"]
    assert people[0].search_text == " persona0 caal tzib las pozas"
    assert (await Participant.get(municipality_id=NEAR)).community == "las pozas"
    line = await AuditLine.get(act="people.respell_community")
    assert line.detail == {"municipality": HERE, "n_people": 2}


@pytest.mark.usefixtures("cast")
async def test_a_spelling_that_nobody_confirmed_is_written_for_nobody() -> None:
    await wrote("las pozas")
    await communities.hide(HERE, "Las Pozas", actor=PROGRAM)

    with pytest.raises(NotDecided):
        await communities.use_spelling(HERE, "Las Pozas", actor=PROGRAM)

    assert (await Participant.get()).community == "las pozas"


# -- pages


async def test_suggestions_are_public_kept_for_an_hour_and_empty_for_unknown_codes(
    client: AsyncClient, cast: Cast
) -> None:
    await wrote("Casa de Juan Pérez")
    await communities.confirm(HERE, "Las Pozas", actor=PROGRAM)

    known = await client.get(f"/comunidades/{HERE}.json")
    others = [
        await client.get(f"/comunidades/{code}.json") for code in ("9999", "0000", "abc", "%00", "١٧٠٥", "17051705")
    ]

    assert (known.status_code, known.json()) == (200, {"communities": ["Las Pozas"]})
    assert known.headers["cache-control"] == "public, max-age=3600"
    assert [(one.status_code, one.json()) for one in others] == [(200, {"communities": []})] * 6


async def test_staff_confirm_correct_hide_and_undo_without_script(client: AsyncClient, cast: Cast) -> None:
    await wrote("las pozas", "Las Pozas", "Las Pozas", "El Subin", "Broma")
    await as_(client, cast, "assistant")

    answers = [
        await post(client, "confirmar", name="Las Pozas"),
        await post(client, "corregir", name="El Subin", right="El Subín"),
        await post(client, "ocultar", name="Broma"),
    ]
    page = (await client.get(PAGE)).text
    respelled = await post(client, "escritura", name="Las Pozas")
    told = (await client.get(respelled.headers["location"])).text
    undone = await post(client, "deshacer", name="Broma")

    assert [one.headers["location"] for one in answers] == [f"{PAGE}?municipio={HERE}"] * 3
    assert "Nada por confirmar" in page
    assert "3 personas, 1 la escribe distinto" in page
    assert 'Usar esta escritura<span class="hide">: Las Pozas' in page
    assert "1 persona tiene ahora «Las Pozas»" in told
    assert 'Usar esta escritura<span class="hide">: Las Pozas' not in told
    assert undone.status_code == 303
    assert await communities.suggestions(HERE) == ["El Subín", "Las Pozas"]
    assert [one.name for one in (await communities.communities_of(HERE)).new] == ["Broma"]


async def test_page_shows_counts_and_no_person(client: AsyncClient, cast: Cast) -> None:
    await wrote("Las <b>Pozas</b>", "El Subín")
    await as_(client, cast, "coordinator")

    page = (await client.get(PAGE)).text

    assert "Las &lt;b&gt;Pozas&lt;/b&gt;" in page
    assert "1 persona<" in page
    assert "Persona0" not in page
    assert "Caal" not in page


async def test_municipality_where_most_is_new_comes_first_and_others_are_a_click_away(
    client: AsyncClient, cast: Cast
) -> None:
    hub = await make.make_hub("otra", municipality=NEAR, serves=("1713",), operator=await make.make_operator())
    await make.make_municipality("1713")
    await wrote("Uno")
    await wrote("Dos", "Tres", municipality=NEAR)
    await wrote("Cuatro", municipality=ELSEWHERE)
    await as_(client, cast, "admin")

    first = (await client.get(PAGE)).text
    asked = (await client.get(PAGE, params={"municipio": HERE})).text
    foreign = (await client.get(PAGE, params={"municipio": ELSEWHERE})).text

    assert hub.seat_id == NEAR
    assert "<strong>Dos</strong>" in first
    assert "<strong>Uno</strong>" in asked
    assert f'href="{PAGE}?municipio=1713"' in first
    assert all("Cuatro" not in page and "Tacaná" not in page for page in (first, asked, foreign))


CANNOT_BE: list[tuple[str, dict[str, str], str]] = [
    ("confirmar", {"name": " "}, "Escriba el nombre de la comunidad."),
    ("confirmar", {"name": "¿?"}, "con letras o números"),
    ("confirmar", {"name": "x" * 121}, "hasta 120 letras"),
    ("corregir", {"name": "Las Pozas", "right": ""}, "Escriba el nombre de la comunidad."),
    ("deshacer", {"name": "Las Pozas"}, "Eso ya se deshizo."),
    ("escritura", {"name": "Las Pozas"}, "Eso ya se deshizo."),
]


async def test_what_cannot_be_done_is_said_on_the_same_page(client: AsyncClient, cast: Cast) -> None:
    await as_(client, cast, "coordinator")

    for act, form, sentence in CANNOT_BE:
        answer = await post(client, act, **form)

        assert answer.status_code in (409, 422), (act, form)
        assert sentence in answer.text, (act, form)
        assert await Community.all().count() == 0, (act, form)


async def test_only_the_desk_of_a_hub_that_serves_the_municipality_decides(client: AsyncClient, cast: Cast) -> None:
    seen = {}
    for who in ("assistant", "coordinator", "admin", "facilitator", "monitor", "platform", "coordinator_elsewhere"):
        await as_(client, cast, who)
        answer = await post(client, "confirmar", name=who)
        seen[who] = answer.status_code

    assert seen == {
        "assistant": 303,
        "coordinator": 303,
        "admin": 303,
        "facilitator": 403,
        "monitor": 403,
        "platform": 403,
        "coordinator_elsewhere": 404,
    }
    assert await communities.suggestions(HERE) == ["admin", "assistant", "coordinator"]
