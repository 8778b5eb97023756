"""Nameless cards at the door: a scan leads to the form, the form makes the card a ticket, and no scan is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from httpx2 import Response

from tests import make
from tests.attendance.browsers import (
    ROSA,
    Freeze,
    NewClient,
    event,
    mark,
    open_held_door,
    path_of,
    send,
    signed_in,
)
from tests.attendance.doors import Opened, answers, open_door, scan, stay, take
from tests.cast import make_cast
from tests.registrations.card_world import (
    card_of,
    make_block,
    make_spare_cards,
    minor,
    named,
    places_of,
)
from tests.registrations.cards.test_bearer_pages import DIEGO
from tests.registrations.wishes import wish
from tests.web.pages import Page
from trainings.attendance import actions, settling
from trainings.attendance.models import Attendance, ScanEvent
from trainings.audit.actor import PROGRAM
from trainings.lib import tokens
from trainings.lib.tokens import show_short_code
from trainings.people.models import Guardian, Participant
from trainings.registrations.cards.use import CardClosed, CardOfAnotherTraining, CardTaken
from trainings.registrations.commands import SignUp
from trainings.registrations.eligibility import MinorAlone
from trainings.registrations.models import Card, CardState, Registration, Source
from trainings.registrations.seats import cards
from trainings.settings import Settings

MINUTE = timedelta(minutes=1)


def with_card(card: Card, **about: Any) -> SignUp:
    return wish(source=Source.WALK_IN, card_id=card.id, body_hash=str(card.id), **about)


async def spare_at(door: Opened) -> Card:
    [card] = await make_spare_cards(door.training)
    return card


async def reserved_at(door: Opened) -> Card:
    block = await make_block(door.training, 2, release_at=door.starts_at)
    return await card_of(block)


def qr(card: Card) -> str:
    assert card.qr_token is not None
    return card.qr_token


# -- scans


@pytest.mark.parametrize("is_reserved", [True, False])
async def test_scan_of_a_nameless_card_then_kept_and_told_to_be_one(db: Settings, is_reserved: bool) -> None:
    door = await open_door()
    card = await (reserved_at(door) if is_reserved else spare_at(door))

    said = await answers(door, scan(qr(card), door.starts_at), scan(card.short_code, door.starts_at))

    assert [(one.outcome, one.registration) for one in said] == [("card", None)] * 2
    assert [one.card and (one.card.id, one.card.is_reserved) for one in said] == [(card.id, is_reserved)] * 2
    assert await ScanEvent.filter(flag="unnamed", code_hash=card.qr_hash[:24]).count() == 2
    assert (await Card.get(id=card.id)).state is CardState.OPEN, "a scan alone uses nothing"


async def test_scan_of_a_card_that_is_given_up_or_of_elsewhere_then_unknown_with_words_of_its_own(db: Settings) -> None:
    door = await open_door()
    void, released = await spare_at(door), await reserved_at(door)
    await cards.void(void.id, actor=PROGRAM)
    await cards.give_back(released.id, actor=PROGRAM)
    other = await card_of(await make_block(await make.make_training(), 1))
    hub = await make.make_hub("tacana-san-marcos", municipality=make.TACANA)
    [elsewhere] = await make_spare_cards(await make.make_training(hub=hub))

    said = await answers(door, *(scan(qr(one), door.starts_at) for one in (void, released, other, elsewhere)))

    assert {(one.outcome, one.flag) for one in said} == {("unknown_code", "unknown_code")}
    shown = [one.card and (one.card.state, one.card.is_elsewhere) for one in said]
    assert shown[:2] == [(CardState.VOID, False), (CardState.RELEASED, False)]
    assert shown[2:] == [(CardState.OPEN, True), None], "another hub's cards are nothing here"


async def test_scan_of_a_card_with_a_name_then_present_like_any_ticket(db: Settings) -> None:
    door = await open_door()
    card = await reserved_at(door)
    used = await named(card)

    outcomes = await take(door, scan(qr(card), door.starts_at), scan(card.short_code, door.starts_at + MINUTE))

    assert outcomes == ["present", "already"]
    assert (await Attendance.get()).registration_id == used.registration_id


# -- the form


async def test_walk_in_with_a_spare_card_then_present_since_the_scan_and_no_place_taken(
    db: Settings, freeze: Freeze
) -> None:
    door = await open_door(capacity=1)
    card = await spare_at(door)
    freeze(door.starts_at + MINUTE)
    await take(door, scan(qr(card), door.starts_at))

    answer = await actions.add_walk_in(door.key, with_card(card), tokens.uuid7(), actor=PROGRAM)

    registration = await Registration.get(qr_hash=card.qr_hash)
    assert answer.registration is not None
    assert answer.registration.id == registration.id
    assert registration.source is Source.WALK_IN
    assert await places_of(door.training) == (1, 0)
    assert (await stay(door, registration)).arrived_at == door.starts_at
    assert await take(door, scan(qr(card), door.starts_at + MINUTE)) == ["already"]


async def test_walk_in_with_a_reserved_card_then_its_place(db: Settings) -> None:
    door = await open_door(capacity=5)
    card = await reserved_at(door)

    await actions.add_walk_in(door.key, with_card(card), tokens.uuid7(), actor=PROGRAM)

    registration = await Registration.get(qr_hash=card.qr_hash)
    assert (registration.source, registration.state) == (Source.CARD, "confirmed")
    assert await places_of(door.training) == (2, 1)
    assert (await stay(door, registration)).is_present


async def test_walk_in_with_a_card_that_is_not_theirs_to_use_then_refused_and_nobody_marked(db: Settings) -> None:
    door = await open_door(admits_minors=True)
    taken, void = await reserved_at(door), await spare_at(door)
    await named(taken)
    await cards.void(void.id, actor=PROGRAM)
    other = await card_of(await make_block(await make.make_training(), 1))
    n_people = await Participant.all().count()

    for wanted, refusal in (
        (with_card(taken, given_names="Berta"), CardTaken),
        (with_card(void), CardClosed),
        (with_card(other), CardOfAnotherTraining),
        (used_by(minor(guardian=None), await spare_at(door)), MinorAlone),
    ):
        with pytest.raises(refusal):
            await actions.add_walk_in(door.key, wanted, tokens.uuid7(), actor=PROGRAM)

    assert (await Attendance.all().count(), await Participant.all().count()) == (0, n_people)


def used_by(child: SignUp, card: Card) -> SignUp:
    return replace(child, card_id=card.id)


# -- names that come later


async def test_name_given_after_the_scan_then_counted_when_the_session_is_closed(db: Settings, freeze: Freeze) -> None:
    door = await open_door()
    card = await reserved_at(door)
    stranger = tokens.qr_token()
    freeze(door.starts_at)
    await take(door, scan(qr(card), door.starts_at), scan(stranger, door.starts_at))
    used = await named(card)
    freeze(door.ends_at)

    await actions.close_session(door.key, actor=PROGRAM)

    registration = await Registration.get(id=used.registration_id)
    assert registration.minutes_attended == 240
    assert registration.completed_at == door.ends_at
    matched = await ScanEvent.get(registration_id=registration.id)
    assert (matched.flag, matched.at, matched.unknown_code) == ("", door.starts_at, None)
    left = await ScanEvent.get(registration_id=None)
    assert (left.flag, left.unknown_code) == ("unknown_code", stranger)
    await settling.settle(door.training.id)
    assert (await ScanEvent.all().count(), await Attendance.filter(is_present=True).count()) == (2, 1)


# -- the pages


@pytest.mark.both_engines
async def test_scanner_when_it_sees_a_nameless_card_then_told_where_it_gets_a_name(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    card = await spare_at(door)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")

    [result] = (await send(client, door, event(qr(card)))).json()["results"]

    link = f"{path_of(door)}/sin-boleto?tarjeta={card.id}"
    assert (result["outcome"], result["state"], result["link"]) == ("card", "flagged", link)
    assert result["text"] == "Es una tarjeta de reserva."
    form = Page((await client.get(link)).text)
    assert form.one("input", name="card")["value"] == str(card.id)
    assert show_short_code(card.short_code) in form.text


async def test_page_without_script_when_a_card_is_typed_then_its_form_is_one_tap_away(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    card = await reserved_at(door)
    freeze(door.starts_at - MINUTE)
    client = await signed_in(new_client, cast, "facilitator")

    marked = await mark(client, door, code=show_short_code(card.short_code))

    page = Page((await client.get(marked.headers["location"].partition("#")[0])).text)
    link = f"{path_of(door)}/sin-boleto?tarjeta={card.id}"
    assert "Tarjeta sin nombre" in page.text
    assert "Tiene lugar apartado." in page.text
    assert link in [found["href"] for found in page.all("a")]
    form = Page((await client.get(link)).text)
    assert form.one("input", name="community")["value"] == "Las Pozas"


async def test_form_of_a_card_that_has_no_use_then_says_so_and_asks_without_it(new_client: NewClient) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    used, void, released = await reserved_at(door), await spare_at(door), await reserved_at(door)
    await named(used)
    await cards.void(void.id, actor=PROGRAM)
    await cards.give_back(released.id, actor=PROGRAM)
    [elsewhere] = await make_spare_cards(await make.make_training(hub=cast.elsewhere))
    client = await signed_in(new_client, cast, "facilitator")

    async def form_of(key: object) -> Response:
        return await client.get(f"{path_of(door)}/sin-boleto?tarjeta={key}")

    for card, words in ((used, "ya tiene nombre"), (void, "se anuló"), (released, "ya se soltó")):
        page = Page((await form_of(card.id)).text)
        assert (words in page.text, page.all("input", name="card")) == (True, []), words
    told = [(await form_of(key)).status_code for key in ("", "x", elsewhere.id, tokens.uuid7())]
    assert told == [200, 200, 404, 404]


async def test_walk_in_page_with_a_card_then_registered_and_present(new_client: NewClient, freeze: Freeze) -> None:
    cast = await make_cast()
    door = await open_held_door(cast)
    card = await spare_at(door)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")
    key = str(tokens.uuid7())

    sent = [
        await client.post(f"{path_of(door)}/sin-boleto", data=ROSA | {"id": key, "card": str(card.id)})
        for _ in range(2)
    ]

    other = ROSA | {"id": str(tokens.uuid7()), "card": str(card.id), "given_names": "Berta"}
    refused = await client.post(f"{path_of(door)}/sin-boleto", data=other)

    assert [answer.status_code for answer in (*sent, refused)] == [303, 303, 409]
    assert "Esta tarjeta ya es de otra persona." in refused.text
    page = (await client.get(sent[0].headers["location"].partition("#")[0])).text
    assert "Rosa Amalia C. X." in page
    assert (await Registration.get(short_code=card.short_code)).source is Source.WALK_IN
    assert await Attendance.filter(is_present=True).count() == 1


async def test_walk_in_page_with_a_card_of_a_minor_then_guardian_on_the_same_page(
    new_client: NewClient, freeze: Freeze
) -> None:
    cast = await make_cast()
    door = await open_held_door(cast, admits_minors=True)
    card = await spare_at(door)
    freeze(door.starts_at)
    client = await signed_in(new_client, cast, "facilitator")
    told = {"id": str(tokens.uuid7()), "card": str(card.id)}

    form = Page((await client.get(f"{path_of(door)}/sin-boleto?tarjeta={card.id}")).text)
    refused = await client.post(f"{path_of(door)}/sin-boleto", data=DIEGO | told | {"guardian_consent": ""})
    done = await client.post(f"{path_of(door)}/sin-boleto", data=DIEGO | told)

    assert form.one("input", name="guardian_name")
    assert refused.status_code == 422
    assert Page(refused.text).one("input", name="card")["value"] == str(card.id)
    assert done.status_code == 303
    guardian = await Guardian.get()
    assert (guardian.how, guardian.recorded_by_id) == ("read_aloud", cast.facilitator.id)
