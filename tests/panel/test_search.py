"""A person is found by half a name, by digits of the telephone or by a code, and by nobody whose person it is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.cast import Cast
from tests.certificates.held import AFTER, a_diploma, make_held
from tests.counting import statements
from tests.privacy.people import minor, someone
from tests.registrations.card_world import card_of, make_block
from tests.web.pages import Page
from trainings import clock
from trainings.accounts.models import Role, RoleGrant, User
from trainings.accounts.queries import actor_of
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib import tokens
from trainings.panel.people.search import CANDIDATES, MOST_SHOWN, NotByTelephone, _named, search
from trainings.people.models import MergeReason
from trainings.privacy import merging
from trainings.privacy.withdrawal import withdraw_data
from trainings.registrations.models import Registration, RegistrationState
from trainings.registrations.seats.actions import cancel, replace_ticket
from trainings.schedule.models import Training

NewClient = Callable[[], AsyncClient]


async def names(typed: str, user: User) -> list[str]:
    """Who is found, as shown."""
    return [one.name for one in (await search(typed, await actor_of(user))).hits]


async def opened(client: AsyncClient, typed: str, status: int = 200, **asked: str) -> Page:
    answer = await client.get("/panel/buscar", params={"q": typed, **asked})
    assert answer.status_code == status, answer.text
    return Page(answer.text)


# -- by words of the name


@pytest.mark.both_engines
async def test_person_is_found_by_beginnings_of_all_words_in_any_order(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    await make.make_registration(training, given_names="María Elena", surnames="Caal Tzib", community="Las Pozas")
    await make.make_registration(training, given_names="Mariano", surnames="De La Cruz Q’eq")

    asked = (
        "maria",
        "MARÍA",
        "tzib el",
        "caa mar",
        "maría pozas",
        "cruz",
        "de la cruz",
        "qeq",
        "tzibal",
        "pozas",
        "mar",
    )
    found = {typed: await names(typed, cast.assistant) for typed in asked}

    maria, mariano = "María Elena C. T.", "Mariano C. Q."
    assert found == {
        "maria": [maria, mariano],
        "MARÍA": [maria, mariano],
        "tzib el": [maria],
        "caa mar": [maria],
        "maría pozas": [maria],
        "cruz": [mariano],
        "de la cruz": [mariano],
        "qeq": [mariano],
        "tzibal": [],
        "pozas": [],
        "mar": [mariano, maria],
    }, "whole words first, then who came last; a community alone names nobody"


@pytest.mark.both_engines
async def test_words_that_many_have_bring_the_latest_of_them_and_say_that_there_are_more(cast: Cast) -> None:
    training, actor = await make.make_training(hub=cast.hub), await actor_of(cast.coordinator)
    for number in range(CANDIDATES + 1):
        await make.make_registration(training, given_names="Rosa", surnames=f"Coc{number}")
    latest = [one.id for one in await Registration.all().order_by("-id").limit(MOST_SHOWN)]

    found = {typed: await search(typed, actor) for typed in ("rosa", "ros", "rosa coc", "coc21 rosa")}

    shown = {typed: ([one.registration_id for one in each.hits], each.has_more) for typed, each in found.items()}
    assert shown.pop("coc21 rosa") == ([latest[-1]], False)
    assert shown == dict.fromkeys(shown, (latest, True))


@pytest.mark.both_engines
async def test_word_of_the_community_finds_people_also_where_it_is_the_name_of_others(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub)
    for given_names, community in (("Juana", "Santa Elena"), ("Juana", "Las Pozas"), ("Elena", "Las Pozas")):
        await make.make_registration(training, given_names=given_names, community=community)

    found = [await search(typed, await actor_of(cast.assistant)) for typed in ("juana elena", "juana san elen")]

    assert [[(one.name, one.community) for one in each.hits] for each in found] == [
        [("Juana C. T.", "Santa Elena")]
    ] * 2


@pytest.mark.both_engines
async def test_who_facilitates_finds_their_people_whatever_many_of_the_hub_are_named(
    cast: Cast, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    await make.make_registration(own, given_names="Rosa", surnames="Xol")
    crowd = await make.make_training(hub=cast.hub)
    for number in range(3):
        await make.make_registration(crowd, given_names="Rosa", surnames=f"Coc{number}", community="Las Pozas")
    monkeypatch.setattr("trainings.panel.people.search.READ", 2)
    _named.cache_clear()
    await make.sign_in(client, cast.assistant)

    found = await search("ros", await actor_of(cast.facilitator))
    nobody_seen = await opened(client, "rosa x")
    _named.cache_clear()

    assert ([one.name for one in found.hits], found.has_more) == (["Rosa X."], False)
    assert "Son demasiadas personas para verlas todas" in nobody_seen.text


async def test_page_shows_short_name_community_training_state_and_days(cast: Cast, client: AsyncClient) -> None:
    with clock.frozen(clock.at(date(2027, 2, 1), time(9))):
        training = await make_held(hub=cast.hub)
        registration = await make.make_registration(training, community="Las Pozas")
    await make.sign_in(client, cast.assistant)

    n_lines = await AuditLine.all().count()
    page = await opened(client, "caal")
    part = await opened(client, "caal", parte="lista")

    assert page.one("a", href=f"/panel/inscripciones/{registration.id}")
    assert page.one("input", name="q")["value"] == "caal"
    said = " ".join(part.text.split())
    assert said == f"María Elena C. T., Las Pozas {training.title} Con lugar · 4 de marzo de 2027"
    assert part.all("html") == []
    assert await AuditLine.all().count() == n_lines, "looking is not logged"


# -- by a telephone


@pytest.mark.both_engines
async def test_last_digits_of_a_telephone_find_its_people_and_the_minor_of_a_guardian(cast: Cast) -> None:
    training = await make.make_training(hub=cast.hub, admits_minors=True)
    await someone(cast.hub, "Rosa", phone="+50255551234")
    await someone(cast.hub, "Ana", phone="+50277771234", other_phone="+50244449999")
    await minor(training, "Luz")

    whole = (
        "5555-1234",
        "+502 5555 1234",
        "00502 5555/1234",
        "5555\u20131234",
        "5555\u202f1234",
        "\uff15\uff15\uff15\uff15\uff11\uff12\uff13\uff14",
    )
    asked = ("1234", *whole, "71234", "77 77 12 34", "9999", "4444 9999", "4321", "12345", "11 5555 1234")
    found = {typed: await names(typed, cast.coordinator) for typed in asked}

    assert found == {
        "1234": ["Luz C.", "Ana C.", "Rosa C."],
        **{typed: ["Luz C.", "Rosa C."] for typed in whole},
        "71234": ["Ana C."],
        "77 77 12 34": ["Ana C."],
        "9999": ["Ana C."],
        "4444 9999": ["Ana C."],
        "4321": [],
        "12345": [],
        "11 5555 1234": [],
    }


# -- by a code


@pytest.mark.both_engines
async def test_codes_of_tickets_and_papers_find_the_registration_that_they_are_of(cast: Cast) -> None:
    with clock.frozen(AFTER):
        paper = await a_diploma(await make_held(hub=cast.hub))
        later = await make.make_registration(await make.make_training(hub=cast.hub))
        await replace_ticket(later.id, actor=PROGRAM)
    ticket = await Registration.get(id=paper.registration_id)
    renewed = await Registration.get(id=later.id)
    start, _dash, number = paper.folio.rpartition("-")

    asked = {
        tokens.show_short_code(ticket.short_code): ticket.id,
        ticket.short_code.lower(): ticket.id,
        str(ticket.qr_token): ticket.id,
        f"https://ventanillas.example/C/{ticket.qr_token}": ticket.id,
        tokens.show_certificate_code(paper.code): ticket.id,
        f"HTTPS://VENTANILLAS.EXAMPLE/V/{paper.code}": ticket.id,
        paper.folio: ticket.id,
        f"{start} {int(number)}".lower(): ticket.id,
        later.short_code: renewed.id,
        renewed.short_code: renewed.id,
    }
    found = {typed: (await search(typed, await actor_of(cast.assistant))).hits for typed in asked}

    assert {typed: [one.registration_id for one in hits] for typed, hits in found.items()} == {
        typed: [registration_id] for typed, registration_id in asked.items()
    }


async def test_card_without_a_name_is_said_to_be_one(cast: Cast, client: AsyncClient) -> None:
    card = await card_of(await make_block(await make.make_training(hub=cast.hub)))
    await make.sign_in(client, cast.assistant)

    page = await opened(client, tokens.show_short_code(card.short_code))

    assert "una tarjeta que todavía no tiene nombre" in page.text


# -- whose people they are


@pytest.mark.both_engines
async def test_each_finds_people_of_their_own_hubs_or_sessions_alone(cast: Cast) -> None:
    held = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    other = await make.make_training(hub=cast.hub)
    there = await make.make_training(hub=cast.elsewhere)
    people = [
        await make.make_registration(training, given_names=name, phone="+50255551234")
        for training, name in ((held, "Ana"), (other, "Beto"), (there, "Cora"))
    ]

    asked = ["caal", *(one.short_code for one in people)]
    users = (cast.facilitator, cast.assistant, cast.coordinator, cast.admin, cast.coordinator_elsewhere, cast.monitor)
    found = {user.email: [sorted(await names(typed, user)) for typed in asked] for user in (*users, cast.platform)}
    by_telephone = {user.email: sorted(await names("1234", user)) for user in (cast.admin, cast.coordinator_elsewhere)}

    ana, beto, cora = (f"{name} C. T." for name in ("Ana", "Beto", "Cora"))
    at_hub = [[ana, beto], [ana], [beto], []]
    assert found == {
        cast.facilitator.email: [[ana], [ana], [], []],
        cast.assistant.email: at_hub,
        cast.coordinator.email: at_hub,
        cast.admin.email: at_hub,
        cast.coordinator_elsewhere.email: [[cora], [], [], [cora]],
        cast.monitor.email: [[]] * 4,
        cast.platform.email: [[]] * 4,
    }
    assert by_telephone == {cast.admin.email: [ana, beto], cast.coordinator_elsewhere.email: [cora]}
    with pytest.raises(NotByTelephone):
        await names("1234", cast.facilitator)


async def test_joined_people_are_one_and_erased_ones_nobody(cast: Cast) -> None:
    first, second, third = [await someone(cast.hub, phone="+50255551234") for _number in range(3)]
    actor = await actor_of(cast.coordinator)
    await merging.merge(first.participant_id, second.participant_id, MergeReason.SAID_SO, actor=actor)
    await cancel(second.id, actor=actor)

    together = await search("rosa coc", actor)
    await withdraw_data(third.id, actor=actor)

    assert [(one.registration_id, one.n_more) for one in together.hits] == [(third.id, 0), (first.id, 1)]
    assert [one.registration_id for one in (await search("rosa coc", actor)).hits] == [first.id]
    assert [one.registration_id for one in (await search("1234", actor)).hits] == [first.id]
    assert [one.name for one in (await search(third.short_code, actor)).hits] == ["(nombre borrado)"]
    await merging.merge(first.participant_id, third.participant_id, MergeReason.SAID_SO, actor=actor)
    await Registration.filter(id=third.id).update(state=RegistrationState.CONFIRMED)  # as where it was held before
    assert [(one.name, one.n_more) for one in (await search("rosa coc", actor)).hits] == [("Rosa C.", 2)]


@pytest.mark.both_engines
async def test_person_at_two_hubs_is_a_hit_for_each_as_a_page_shows_one_hub(cast: Cast, client: AsyncClient) -> None:
    here = [await someone(cast.hub) for _number in range(2)]
    there = await someone(cast.elsewhere)
    await Registration.filter(id__in=[here[1].id, there.id]).update(participant_id=here[0].participant_id)
    await RoleGrant.create(user_id=cast.coordinator.id, role=Role.HUB_COORDINATOR, hub_id=cast.elsewhere.id)
    await make.sign_in(client, cast.coordinator)

    hits = (await search("rosa coc", await actor_of(cast.coordinator))).hits
    pages = [(await client.get(f"/panel/inscripciones/{one.registration_id}")).text for one in hits]

    assert [(one.registration_id, one.n_more) for one in hits] == [(there.id, 0), (here[1].id, 1)]
    assert [[str(one.id) in page for one in (*here, there)] for page in pages] == [
        [False, False, True],
        [True, True, False],
    ]


@pytest.mark.both_engines
async def test_minor_or_person_of_who_facilitates_is_a_hit_for_each_registration_not_joined(cast: Cast) -> None:
    own = [await make.make_training(hub=cast.hub, facilitators=[cast.facilitator]) for _number in range(2)]
    came = [await someone(cast.hub, training=one) for one in (*own, own[1])]
    await Training.filter(id=own[0].id).update(admits_minors=True)
    girls = [await minor(own[0], "Luz") for _number in range(2)]
    actor = await actor_of(cast.coordinator)
    for first, second in (came[:2], came[1:], girls):
        await merging.merge(first.participant_id, second.participant_id, MergeReason.SAID_SO, actor=actor)
    repeats = [one.id for one in await Registration.exclude(joined_to_id=None)]

    found = {
        (user.email, typed): [(one.registration_id, one.n_more) for one in (await search(typed, reader)).hits]
        for user in (cast.coordinator, cast.facilitator)
        for reader in [await actor_of(user)]
        for typed in ("rosa coc", "luz coc", girls[1].short_code)
    }

    assert sorted(repeats) == sorted([came[2].id, girls[1].id])
    assert found == {
        (cast.coordinator.email, "rosa coc"): [(came[1].id, 2)],
        (cast.coordinator.email, "luz coc"): [(girls[0].id, 0)],
        (cast.coordinator.email, girls[1].short_code): [(girls[1].id, 0)],
        (cast.facilitator.email, "rosa coc"): [(came[1].id, 0), (came[0].id, 0)],
        (cast.facilitator.email, "luz coc"): [(girls[0].id, 0)],
        (cast.facilitator.email, girls[1].short_code): [(girls[1].id, 0)],
    }


# -- what cannot be looked for


async def test_what_cannot_be_looked_for_is_answered_with_what_to_do(cast: Cast, client: AsyncClient) -> None:
    await make.sign_in(client, cast.assistant)
    await someone(cast.elsewhere)
    asked = {
        "a": "Escriba por lo menos 2 letras del nombre",
        "%": "Escriba por lo menos 2 letras del nombre",
        "a _ %": "Escriba por lo menos 2 letras del nombre",
        "123": "Escriba por lo menos los últimos 4 números",
        "a" * 10_000: "Es demasiado largo",
    }

    said = {typed: (await opened(client, typed, 422)).text for typed in asked}
    nobody, nothing = await opened(client, "rosa coc"), await opened(client, " ")

    assert [typed for typed, text in said.items() if asked[typed] not in text] == []
    assert "No encontramos a nadie con «rosa coc» en su ventanilla" in nobody.text
    assert "escriba palabras del nombre" in nothing.text


async def test_forty_words_ask_no_more_than_eight(cast: Cast) -> None:
    training, actor = await make.make_training(hub=cast.hub), await actor_of(cast.coordinator)
    many = " ".join(f"{one}{other}" for one in "abcdef" for other in "uvwxyz")
    await make.make_registration(training, given_names=many)

    asked = []
    for typed in (" ".join(many.split()[:8]), many):
        with statements() as sent:
            assert len((await search(typed, actor)).hits) == 1
        asked.append(len(sent))

    assert asked[0] == asked[1]


# -- the key


async def test_slash_is_switched_on_in_the_account_and_never_leads_away_from_attendance(
    cast: Cast, client: AsyncClient
) -> None:
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    door = f"/panel/sesiones/{next(iter(training.sessions)).id}/asistencia"
    await make.sign_in(client, cast.facilitator)

    async def has_key(path: str) -> bool:
        return "data-slash" in Page((await client.get(path)).text).one("form", action="/panel/buscar")

    before = [await has_key("/panel"), await has_key("/panel/mes")]
    answer = await client.post("/panel/cuenta/tecla", data={"slash": "yes"})
    after = [await has_key("/panel"), await has_key("/panel/mes"), await has_key(door), await has_key("/panel/hojas")]
    await client.post("/panel/cuenta/tecla", data={"slash": "no"})

    assert answer.headers["location"] == "/panel/cuenta"
    assert (before, after, await has_key("/panel")) == ([False, False], [True, True, False, False], False)
