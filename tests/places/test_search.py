"""Finding municipalities by what people type, on both databases."""

from __future__ import annotations

import pytest

from trainings.audit.actor import PROGRAM, Actor
from trainings.places import data
from trainings.places.actions import create_hub, create_operator, load_municipalities
from trainings.places.hub_file import HubEntry, demo_hubs
from trainings.places.models import Hub, Municipality
from trainings.places.queries import hubs_visible_to, search_municipalities
from trainings.schedule.public.queries import hubs_serving


@pytest.fixture
async def places(db: object) -> None:
    await load_municipalities()


async def names(typed: str, limit: int = 20) -> list[str]:
    return [place.full_name for place in await search_municipalities(typed, limit)]


async def open_hub(seed: HubEntry) -> None:
    operator = await create_operator(seed.operator, actor=PROGRAM)
    await create_hub(seed.hub, operator=operator, actor=PROGRAM)


async def test_load_twice_keeps_340_rows_and_mends_what_differs(places: None) -> None:
    await Municipality.filter(ine_code="1705").update(name="La Livertad", slug="dirección-de-siempre")

    assert await load_municipalities() == 340

    assert await Municipality.all().count() == 340
    again = await Municipality.get(ine_code="1705")
    assert (again.name, again.slug) == ("La Libertad", "dirección-de-siempre")


async def test_load_keeps_every_column_of_the_file(places: None) -> None:
    sayaxche = await Municipality.get(ine_code="1710")

    row = data.by_code()["1710"]
    assert (sayaxche.name, sayaxche.department_code, sayaxche.slug) == ("Sayaxché", "17", "sayaxche-peten")
    assert (sayaxche.lat, sayaxche.lon, sayaxche.population_2018) == (row.lat, row.lon, row.population_2018)
    assert sayaxche.languages.split() == ["spa", "kek"]


async def test_search_la_libertad_finds_both_and_says_the_department(places: None) -> None:
    assert await names("la libertad") == ["La Libertad, Petén", "La Libertad, Huehuetenango"]
    assert await names("La Libertad, Petén") == ["La Libertad, Petén"]
    assert await names("libertad huehue") == ["La Libertad, Huehuetenango"]


FORGIVEN: list[tuple[str, str]] = [
    ("santa maria chiquimula", "Santa María Chiquimula, Totonicapán"),
    ("SAN ANDRES ITZAPA", "San Andrés Itzapa, Chimaltenango"),
    ("san andre's itza’pa", "San Andrés Itzapa, Chimaltenango"),
    ("siguila", "San Miguel Sigüilá, Quetzaltenango"),
    ("sayaxche", "Sayaxché, Petén"),
    ("  Melchor   de\tMencos ", "Melchor de Mencos, Petén"),
    ("ostuncalco", "San Juan Ostuncalco, Quetzaltenango"),
    ("el rodeo", "San José el Rodeo, San Marcos"),
    ("nebaj", "Santa María Nebaj, Quiché"),
    ("xela", "Quetzaltenango, Quetzaltenango"),
]


@pytest.mark.both_engines
async def test_search_forgives_accents_apostrophes_and_knows_other_names(places: None) -> None:
    for typed, found in FORGIVEN:
        assert (await names(typed))[0] == found


async def test_search_puts_the_very_name_before_those_of_its_department(places: None) -> None:
    found = await names("san marcos", 40)

    assert found[0] == "San Marcos, San Marcos"
    assert found[1] == "San Marcos La Laguna, Sololá"
    assert len([name for name in found if name.endswith(", San Marcos")]) == 30
    assert len(await names("san marcos")) == 20


async def test_search_puts_the_larger_first_among_equals(places: None) -> None:
    found = await search_municipalities("san pedro sacatepequez")

    assert [place.department for place in found] == ["San Marcos", "Guatemala"]
    assert found[0].population_2018 > found[1].population_2018


WITHOUT_A_MATCH: list[str] = ["", "   ", "%", "_", "’’", "zzz", "<script>", "la libertad belice", "x" * 5000]


@pytest.mark.both_engines
async def test_search_without_a_match_is_empty(places: None) -> None:
    for typed in WITHOUT_A_MATCH:
        assert await names(typed) == []


async def test_hubs_of_a_municipality_are_those_that_serve_it(places: None) -> None:
    for seed in demo_hubs():
        await open_hub(seed)

    assert [hub.seat.full_name for hub in await hubs_serving("1710")] == ["La Libertad, Petén"]
    assert [hub.name for hub in await hubs_serving("0901")] == ["Ventanilla de la Asociación ACD, Quetzaltenango"]
    assert await hubs_serving("0301") == []


async def test_closed_hub_is_nowhere(places: None) -> None:
    await open_hub(demo_hubs()[0])

    await Hub.filter(slug="la-libertad-peten").update(is_active=False)

    assert await hubs_serving("1705") == []


async def test_hubs_visible_to_staff_are_those_of_their_roles(places: None) -> None:
    for seed in demo_hubs()[:3]:
        await open_hub(seed)
    hub = await Hub.get(slug="melchor-de-mencos-peten")
    coordinator = Actor(id=None, role="hub_coordinator", roles_at={hub.id: frozenset({"hub_coordinator"})})
    monitoring = Actor(id=None, role="monitoring_officer", roles_everywhere=frozenset({"monitoring_officer"}))
    nobody = Actor(id=None, role="visitor")

    assert [hub.slug for hub in await hubs_visible_to(coordinator)] == ["melchor-de-mencos-peten"]
    assert len(await hubs_visible_to(monitoring)) == 3
    assert await hubs_visible_to(nobody) == []
