"""The list of a training: by surname, in pages, by state and letter; who reads names and telephones."""

from __future__ import annotations

import re
from importlib import import_module
from types import SimpleNamespace

import pytest
from httpx2 import AsyncClient
from tortoise.connection import get_connection

from tests import make
from tests.cast import Cast
from tests.counting import statements
from tests.registrations.families import make_family
from tests.schedule.panel import EVERYBODY, as_, one, post
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.panel.trainings import people_list
from trainings.people.actions import GuardianContact
from trainings.people.models import Participant, Relation
from trainings.registrations.seats.actions import cancel
from trainings.schedule.models import Training
from trainings.settings import Settings

LA_CRUZ = ("Óscar", "De La Cruz")
PEOPLE = [("Zoila", "Álvarez"), ("Ana", "Ba Coc"), ("Ana", "Caal"), ("Berta", "Caal"), LA_CRUZ]


MOTHER = GuardianContact("Rosa Coc Xol", Relation.MADRE, "+50255559999")


async def a_training(cast: Cast) -> Training:
    """With five people who signed up in no order."""
    training = await make.make_training(hub=cast.hub, venue=cast.venue, facilitators=[cast.facilitator])
    for given, surnames in (PEOPLE[2], PEOPLE[0], PEOPLE[4], PEOPLE[3], PEOPLE[1]):
        await make.make_registration(training, given_names=given, surnames=surnames)
    return training


def names(page: str) -> list[str]:
    return re.findall(r'href="/panel/inscripciones/[^"]+">([^<]+)</a>', page)


async def test_list_is_by_surname_without_accents_in_pages(
    client: AsyncClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_list, "PAGE", 2)
    training = await a_training(cast)
    await as_(client, cast, "assistant")

    pages = [(await client.get(one(training, f"?pagina={number}"))).text for number in (1, 2, 3, 99)]

    assert [names(page) for page in pages] == [
        ["Álvarez, Zoila", "Ba Coc, Ana"],
        ["Caal, Ana", "Caal, Berta"],
        ["De La Cruz, Óscar"],
        ["De La Cruz, Óscar"],
    ]
    assert "3 a 4 de 5" in pages[1]
    assert f'rel="prev" href="{one(training)}#personas"' in pages[1]
    assert f'rel="next" href="{one(training)}?pagina=3#personas"' in pages[1]
    assert 'rel="next"' not in pages[2]


async def test_list_is_narrowed_by_state_and_letter(
    client: AsyncClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(people_list, "PAGE", 4)
    training = await a_training(cast)
    rosa = await make.make_registration(training, given_names="Rosa", surnames="Cuc")
    await cancel(rosa.id, actor=PROGRAM)
    await as_(client, cast, "coordinator")

    async def shown(asked: str) -> list[str]:
        return names((await client.get(one(training, asked))).text)

    page = (await client.get(one(training))).text

    assert await shown("?letra=C") == ["Caal, Ana", "Caal, Berta", "Cuc, Rosa"]
    assert await shown("?estado=cancelled") == ["Cuc, Rosa"]
    assert await shown("?estado=confirmed&letra=c") == ["Caal, Ana", "Caal, Berta"]
    assert await shown("?estado=held&letra=c") == []
    assert await shown("?estado=nada&letra=%25&pagina=-1") == names(page)
    told = [(text.strip(), int(n)) for text, n in re.findall(r'>([^<>]+)<span class="num soft">(\d+)</span>', page)]
    assert told == [
        ("Todas", 6), ("Con lugar", 5), ("Cancelada", 1),
        ("Todas", 6), ("A", 1), ("B", 1), ("C", 3), ("D", 1),
    ]  # fmt: skip


async def test_full_names_and_telephones_are_for_the_desk_and_opening_them_is_logged(
    client: AsyncClient, cast: Cast
) -> None:
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator], admits_minors=True)
    await make.make_registration(training, community="Las Pozas", phone="5555 1234")
    await make_family(training, "Rosa", children=["Luz"], guardian=MOTHER)

    pages = {who: (await (await as_(client, cast, who)).get(one(training))).text for who in EVERYBODY}

    desk = {"assistant", "coordinator", "admin"}
    assert {who for who, page in pages.items() if "Caal Tzib, María Elena" in page} == desk
    assert {who: re.findall(r'href="tel:([^"]+)"', page) for who, page in pages.items() if who in desk} == {
        who: ["+50255551234", "+50255559999"] for who in desk
    }
    assert {who for who, page in pages.items() if "María Elena C. T." in page} == {"facilitator"}
    assert "Las Pozas" in pages["facilitator"]
    others = [page for who, page in pages.items() if who not in desk]
    assert not [shown for shown in ("Caal", "5555 1234", "55551234") for page in others if shown in page]
    lines = await AuditLine.filter(act="registrations.open_list").order_by("id")
    assert [(line.object_id, line.hub_id, line.detail) for line in lines] == [(training.id, training.hub_id, {})] * 3
    assert {line.actor_id for line in lines} == {getattr(cast, who).id for who in desk}


async def test_answer_from_the_list_comes_back_to_the_part_that_was_open(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, approval_required=True)
    ana = await make.make_registration(training, given_names="Ana")
    await as_(client, cast, "assistant")

    page = (await client.get(one(training, "?estado=held"))).text
    [path] = re.findall(r'action="([^"]+/aceptar[^"]*)"', page)
    done = await post(client, path)
    after = (await client.get(done.headers["location"])).text

    assert path == one(training, f"/personas/{ana.id}/aceptar?estado=held")
    assert done.headers["location"] == one(training, "?estado=held#personas")
    assert (names(after), "Ya no hay nadie así" in after) == ([], True)


async def test_list_of_many_takes_the_statements_of_a_few(client: AsyncClient, cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    await make.make_registration(training)
    await as_(client, cast, "assistant")
    await client.get(one(training))

    with statements() as of_one:
        await client.get(one(training))
    for n in range(4):
        await make.make_registration(training, given_names=f"Ana {n}", phone=f"5555 100{n}")
    with statements() as of_five:
        await client.get(one(training))

    assert len(of_five) == len(of_one)


async def test_people_from_before_are_in_the_order_too(db: Settings) -> None:
    migration = import_module("trainings.migrations.0004_sort_key")
    training = await make.make_training()
    for given, surnames in PEOPLE:
        await make.make_registration(training, given_names=given, surnames=surnames)
    kept = dict(await Participant.all().values_list("id", "sort_key"))
    await Participant.all().update(sort_key="")

    await migration._fill(None, SimpleNamespace(client=get_connection("default")))

    assert dict(await Participant.all().values_list("id", "sort_key")) == kept
    assert sorted(kept.values()) == ["alvarez zoila", "ba coc ana", "caal ana", "caal berta", "de la cruz oscar"]
