"""A place that is kept for who waited: answered on their own page, by whoever answers for all of them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.registrations.families import group_token, make_family, people_of
from tests.registrations.own.test_links import claim
from tests.registrations.waiting_world import DAY, MONDAY, Freeze, a_training, one_offered
from tests.registrations.wishes import link_of, places_of, state_of
from tests.web.pages import Page
from trainings import clock
from trainings.attendance.sessions import rescheduling
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.registrations.models import Registration, RegistrationGroup
from trainings.registrations.seats import actions
from trainings.registrations.seats.actions import detach
from trainings.registrations.seats.waiting import expire_offers, mark_reached
from trainings.registrations.telling import changes
from trainings.schedule.models import Training, TrainingSession


@pytest.fixture(autouse=True)
def _on_monday(freeze: Freeze) -> None:
    freeze(MONDAY)


async def test_offered_place_is_taken_by_its_button(client: AsyncClient) -> None:
    training, [_ana, berta, _cruz] = await one_offered()
    base = await link_of(berta)
    until = make.tomorrow_at(9)
    await RegistrationGroup.filter(id=berta.group_id).update(reached_at=clock.now(), offered_until=until)

    page = Page((await client.get(base)).text)
    assert "Hay lugar para usted" in page.text
    assert "Diga sí antes del" in page.text
    assert "9:00\xa0a.\xa0m." in page.text
    assert not page.all("svg", **{"class": "qr"})
    for file in ("boleto.png", "boleto.svg", "evento.ics"):
        assert (await client.get(f"{base}/{file}")).status_code == 404
    answer = await client.post(f"{base}/acepto")

    assert answer.headers["location"] == base
    assert await state_of(berta) == "confirmed"
    assert await places_of(training) == (1, 0)
    assert "Listo, ya tiene su lugar" in (await client.get(base)).text


async def test_who_waits_is_told_that_the_place_has_to_be_answered(client: AsyncClient) -> None:
    _training, [_ana, _berta, cruz] = await one_offered()
    roomier = await a_training(capacity=2)
    await make.make_registration(roomier, given_names="Ana")
    family = await make_family(roomier, "Dora", "Elmer")

    alone = Page((await client.get(await link_of(cruz))).text).text
    together = Page((await client.get(f"/i/{await group_token(family[0])}")).text).text

    assert "se lo guardamos y usted dice en esta página si viene. También le avisamos." in alone
    assert "Cuando haya lugar para las 2, se los guardamos y usted dice en esta página si vienen." in together
    assert "es suyo" not in alone


async def test_who_has_no_ticket_yet_is_told_to_keep_the_address(client: AsyncClient) -> None:
    _training, [_ana, berta, cruz] = await one_offered()
    roomier = await a_training(capacity=1)
    await make.make_registration(roomier, given_names="Ana")
    looked_at = await make.make_training(approval_required=True)
    family, held = await make_family(roomier, "Dora", "Elmer"), await make_family(looked_at, "Fina", "Gil")
    alone = [await link_of(one) for one in (berta, cruz, await make.make_registration(looked_at))]
    together = [f"/i/{await group_token(people[0])}" for people in (family, held)]

    shown = [Page((await client.get(path)).text).text for path in (*alone, *together)]
    await changes.call_off_training(roomier.id, "Lluvia", actor=PROGRAM)
    called_off = Page((await client.get(together[0])).text).text

    assert [page.count("Guarde la dirección de esta página: con ella vuelve aquí.") for page in shown] == [1] * 5
    assert ["ábrala de vez en cuando" in page for page in shown[2:]] == [True] * 3
    assert "Guarde la dirección" not in called_off


async def test_offered_place_is_given_on_after_being_asked(client: AsyncClient) -> None:
    training, [_ana, berta, cruz] = await one_offered()
    base = await link_of(berta)

    asked = await client.get(f"{base}/no-puedo")
    assert "El lugar pasa a quien sigue en la lista" in asked.text
    assert await state_of(berta) == "offered"
    await client.post(f"{base}/no-puedo")

    assert [await state_of(one) for one in (berta, cruz)] == ["cancelled", "offered"]
    assert await places_of(training) == (1, 0)
    assert (await client.get(f"{base}/no-puedo")).headers["location"] == base
    late = await client.post(f"{base}/acepto")
    assert late.status_code == 409
    assert "Ya no hay un lugar guardado." in late.text
    assert Page(late.text).all("a", href=base)


async def test_family_answers_an_offer_by_its_own_link_and_nobody_before_their_link_is_theirs(
    client: AsyncClient,
) -> None:
    training, family = await family_offered()
    base, own = f"/i/{await group_token(family[0])}", await link_of(family[1])

    refused = [await client.post(own + path) for path in ("/acepto", "/no-puedo")]
    await client.post(f"{base}/acepto")

    assert [one.status_code for one in refused] == [409, 409]
    assert {one.state.value for one in await people_of(family[0].group_id)} == {"confirmed"}
    assert await places_of(training) == (3, 0)


@pytest.mark.parametrize(("verb", "states"), [("acepto", ["confirmed", 3]), ("no-puedo", ["cancelled", 2])])
async def test_who_claimed_their_link_answers_an_offer_for_themselves_alone(
    client: AsyncClient, verb: str, states: list[object]
) -> None:
    training, family = await family_offered()
    base, own = f"/i/{await group_token(family[0])}", await claim(client, await link_of(family[1]))

    page = Page((await client.get(own)).text)
    assert "Hay lugar para usted" in page.text
    page.one("form", action=f"{own}/acepto")
    for _time in range(2):
        assert (await client.post(f"{own}/{verb}")).headers["location"] == own

    state, n_taken = states
    assert [await state_of(one) for one in family] == ["offered", state, "offered"]
    assert await places_of(training) == (n_taken, 0)
    assert "Hay lugar para ustedes" in (await client.get(base)).text
    await client.post(f"{base}/acepto")
    assert [await state_of(one) for one in family] == ["confirmed", state, "confirmed"]


async def test_family_that_says_no_reads_how_many_places_go_and_leaves_who_claimed_their_link(
    client: AsyncClient,
) -> None:
    training, family = await family_offered()
    base, own = f"/i/{await group_token(family[0])}", await claim(client, await link_of(family[1]))

    asked = Page((await client.get(f"{base}/no-puedo")).text)
    await client.post(f"{base}/no-puedo")

    assert "Los 2 lugares pasan a quien sigue en la lista" in asked.text
    assert [await state_of(one) for one in family] == ["cancelled", "offered", "cancelled"]
    await client.post(f"{own}/acepto")
    assert await state_of(family[1]) == "confirmed"
    assert await places_of(training) == (1, 0)


async def family_offered() -> tuple[Training, list[Registration]]:
    """Cruz signed Dora and Elmer up with her: three places are kept for them."""
    training = await a_training(capacity=3)
    first = await make_family(training, "Ana", "Beto", "Eva")
    family = await make_family(training, "Cruz", "Dora", "Elmer")
    await actions.cancel_group(first[0].group_id, actor=HOLDER_OF_LINK)
    return training, family


async def test_family_says_no_without_who_was_separated_who_then_answers_alone(client: AsyncClient) -> None:
    training = await a_training(capacity=3)
    first = await make_family(training, "Ana", "Beto", "Eva")
    family = await make_family(training, "Cruz", "Dora", "Elmer")
    await detach(family[1].id, phone=None, email=None, actor=PROGRAM)
    await actions.cancel_group(first[0].group_id, actor=HOLDER_OF_LINK)
    base, own = f"/i/{await group_token(family[0])}", await link_of(family[1])

    assert "Los 2 lugares pasan" in (await client.get(f"{base}/no-puedo")).text
    for _time in range(2):
        assert (await client.post(f"{base}/no-puedo")).status_code == 303
    assert (await client.post(f"{base}/acepto")).status_code == 409

    assert [await state_of(one) for one in family] == ["cancelled", "offered", "cancelled"]
    assert await places_of(training) == (1, 0)
    await client.post(f"{own}/acepto")
    assert await state_of(family[1]) == "confirmed"


@pytest.mark.parametrize("state", ["confirmed", "waitlisted"])
async def test_nothing_to_answer_where_nothing_is_offered(client: AsyncClient, state: str) -> None:
    training = await make.make_training(capacity=1 if state == "confirmed" else 0)
    ana = await make.make_registration(training)
    base = await link_of(ana)

    assert (await client.get(f"{base}/no-puedo")).headers["location"] == base
    await client.post(f"{base}/no-puedo")
    await client.post(f"{base}/acepto")

    assert await state_of(ana) == state


async def test_offer_of_what_was_called_off_has_its_time_again_once_it_takes_place(db: object, freeze: Freeze) -> None:
    training, [_ana, berta, _cruz] = await one_offered()
    await mark_reached(berta.group_id, actor=PROGRAM)
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)
    freeze(MONDAY + 2 * DAY)

    await rescheduling.reopen(training.id, actor=PROGRAM)

    assert await expire_offers() == 0
    assert (await RegistrationGroup.get(id=berta.group_id)).offered_until == MONDAY + 3 * DAY


async def test_offer_ends_when_a_training_begins_that_is_held_earlier(db: object) -> None:
    training, [_ana, berta, _cruz] = await one_offered()
    await mark_reached(berta.group_id, actor=PROGRAM)
    session, starts_at = await TrainingSession.get(training_id=training.id), MONDAY + timedelta(hours=20)

    await rescheduling.move(session.id, starts_at, starts_at + timedelta(hours=4), None, actor=PROGRAM)

    assert (await RegistrationGroup.get(id=berta.group_id)).offered_until == starts_at


async def test_training_moved_there_and_back_then_an_offer_ends_when_they_were_told(db: object, freeze: Freeze) -> None:
    training, [_ana, berta, _cruz] = await one_offered()
    await mark_reached(berta.group_id, actor=PROGRAM)
    right, wrong = await TrainingSession.get(training_id=training.id), MONDAY + timedelta(hours=3)

    for starts_at in (wrong, right.starts_at):
        await rescheduling.move(right.id, starts_at, starts_at + timedelta(hours=4), None, actor=PROGRAM)
    freeze(wrong + timedelta(minutes=1))

    assert await expire_offers() == 0
    assert (await RegistrationGroup.get(id=berta.group_id)).offered_until == MONDAY + DAY


async def test_training_takes_place_after_all_then_a_later_move_leaves_the_offers_their_time(
    db: object, freeze: Freeze
) -> None:
    training, [_ana, berta, _cruz] = await one_offered()
    await mark_reached(berta.group_id, actor=PROGRAM)
    session = await TrainingSession.get(training_id=training.id)
    await rescheduling.call_off(training.id, "No hay paso.", actor=PROGRAM)
    freeze(MONDAY + 2 * DAY)
    await rescheduling.reopen(training.id, actor=PROGRAM)

    await rescheduling.move(session.id, session.starts_at + DAY, session.ends_at + DAY, None, actor=PROGRAM)

    group = await RegistrationGroup.get(id=berta.group_id)
    assert (group.reached_at, group.offered_until) == (MONDAY + 2 * DAY, MONDAY + 3 * DAY)


async def test_less_time_is_given_by_now_then_a_move_takes_none_from_who_was_told(db: object) -> None:
    training, [_ana, berta, _cruz] = await one_offered()
    await mark_reached(berta.group_id, actor=PROGRAM)
    session = await TrainingSession.get(training_id=training.id)
    await Training.filter(id=training.id).update(offer_hours=2)

    await rescheduling.move(session.id, session.starts_at + DAY, session.ends_at + DAY, None, actor=PROGRAM)

    assert (await RegistrationGroup.get(id=berta.group_id)).offered_until == MONDAY + DAY
