"""«Enviármelo por WhatsApp»: one's own link, to the number that was typed for oneself and to nobody else's."""

from __future__ import annotations

import re
from urllib.parse import unquote

from httpx2 import AsyncClient

from tests import make
from tests.registrations.families import group_token, make_family
from tests.registrations.wishes import link_of
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.people.actions import GuardianContact
from trainings.people.models import Relation
from trainings.registrations.links import claim_link
from trainings.registrations.models import Registration
from trainings.registrations.own.queries import open_link
from trainings.registrations.seats import actions

CHAT = re.compile(r'href="https://wa\.me/(\d+)\?text=([^"]+)"')


async def chats_on(client: AsyncClient, path: str) -> list[tuple[str, str]]:
    """(number, text) of each chat that the page opens."""
    answer = await client.get(path)
    assert answer.status_code == 200
    return [(number, unquote(text)) for number, text in CHAT.findall(answer.text)]


async def test_person_sends_their_own_link_to_their_own_number_and_the_text_tells_nothing(client: AsyncClient) -> None:
    training = await make.make_training(title="Trata de personas", capacity=1)
    ana = await make.make_registration(training, given_names="Ana", phone="5555 1234")
    waiting = await make.make_registration(training, given_names="Eva", phone="4123 4567")

    for registration, number in ((ana, "50255551234"), (waiting, "50241234567")):
        base = await link_of(registration)
        text = f"Este enlace abre mi inscripción. No lo reenvíe: http://localhost:8000{base}"
        assert await chats_on(client, base) == [(number, text)]


async def test_without_a_number_that_takes_messages_nothing_is_offered(client: AsyncClient) -> None:
    training = await make.make_training()
    silent = await make.make_registration(training, given_names="Ana")
    at_home = await make.make_registration(training, given_names="Eva", phone="7926 1234")

    assert [await chats_on(client, await link_of(one)) for one in (silent, at_home)] == [[], []]


async def test_who_came_back_by_a_code_does_not_read_the_number_of_that_person(client: AsyncClient) -> None:
    first = await make.make_registration(await make.make_training(), phone="5555 1234")
    again = await make.make_registration(await make.make_training(), earlier_code=first.short_code)
    training = await make.make_training(admits_minors=True)
    second = await make.make_registration(training, phone="4123 4567")
    assert again.participant_id == first.participant_id

    page = await client.get(await link_of(again))

    assert not [shown for shown in ("5555 1234", "55551234") if shown in page.text]
    assert await chats_on(client, await link_of(second)) != []


async def test_group_s_link_goes_to_who_filled_in_the_form_and_to_no_companion(client: AsyncClient) -> None:
    training = await make.make_training(admits_minors=True)
    [ana, beto, _cata] = await make_family(training, "Ana", "Beto", children=["Cata"], phone="5555 1234")
    base = f"/i/{await group_token(ana)}"

    before = await chats_on(client, base)
    companion = await chats_on(client, await link_of(beto))
    await actions.detach(ana.id, phone=None, email=None, actor=PROGRAM)

    assert [number for number, _text in before] == ["50255551234"]
    assert before[0][1].endswith(f" http://localhost:8000{base}")
    assert companion == [], "nobody claimed it"
    assert await chats_on(client, base) == [], "who filled in the form is no longer behind it"


async def test_number_of_a_claimed_person_is_not_in_the_group_s_page(client: AsyncClient) -> None:
    [ana, _beto] = await make_family(await make.make_training(), "Ana", "Beto", phone="5555 1234")
    await claim_link((await link_of(ana)).removeprefix("/i/"), "9" * 32, actor=HOLDER_OF_LINK)

    assert await chats_on(client, f"/i/{await group_token(ana)}") == []
    assert [number for number, _text in await chats_on(client, f"/i/{'9' * 32}")] == ["50255551234"]


async def test_number_of_a_guardian_is_not_taken_for_the_filler_s(client: AsyncClient) -> None:
    training = await make.make_training(admits_minors=True)
    uncle = GuardianContact("Pedro Tut", Relation.TIO, "+50255551234")
    family = await make_family(training, "Ana", children=["Cata"], guardian=uncle, phone="5555 1234")
    alone = await make_family(training, children=["Dina"], guardian=uncle)

    assert await chats_on(client, await page_of(family[0])) == []
    assert [number for number, _text in await chats_on(client, await page_of(alone[0]))] == ["50255551234"]


async def page_of(registration: Registration) -> str:
    token = await group_token(registration)
    assert (await open_link(token)).group_id == registration.group_id
    return f"/i/{token}"
