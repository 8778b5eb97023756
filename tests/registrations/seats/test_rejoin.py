"""Coming back after having cancelled: with the family, without it, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.registrations.families import group_of, group_token, make_family, people_of
from tests.registrations.waiting_world import told
from tests.registrations.wishes import link_of, places_of, state_of, waiting, wish
from tests.web.pages import Page
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.errors import NotFound
from trainings.lib import tokens
from trainings.outbox.models import OutboxJob
from trainings.registrations.eligibility import CannotChange
from trainings.registrations.links import claim_link
from trainings.registrations.models import OwnLink, Registration, Source
from trainings.registrations.own.group_actions import rejoin_group, rejoin_member
from trainings.registrations.seats import actions
from trainings.registrations.seats.actions import register_walk_in
from trainings.schedule.models import Training
from trainings.settings import Settings

Freeze = Callable[[datetime], None]


async def states(person: Registration) -> list[str]:
    return [one.state.value for one in await people_of(person.group_id)]


async def claimed(person: Registration) -> str:
    """Make the person's link theirs; its page."""
    token = tokens.own_link()
    await claim_link((await link_of(person)).removeprefix("/i/"), token, actor=HOLDER_OF_LINK)
    return f"/i/{token}"


async def full_family() -> tuple[Training, list[Registration]]:
    """Ana and Beto have the two places; Beto cancelled, and Cruz, who waited, has his."""
    training = await make.make_training(capacity=2)
    family = await make_family(training, "Ana", "Beto")
    await make.make_registration(training, given_names="Cruz")
    await actions.cancel(family[1].id, actor=HOLDER_OF_LINK)
    return training, family


# -- all together


async def test_family_that_cancelled_comes_back_whole(client: AsyncClient) -> None:
    training = await make.make_training(admits_minors=True, childcare_capacity=2)
    people = await make_family(training, "Ana", children=["Cata"], childcare_places=2, email="ana@x.example")
    base = f"/i/{await group_token(people[0])}"
    await actions.cancel_group(people[0].group_id, actor=HOLDER_OF_LINK)
    await OutboxJob.all().delete()
    page = Page((await client.get(base)).text)
    assert [form["action"] for form in page.all("form", method="post")] == [f"{base}/volver"]
    assert "Con este botón" not in page.text

    answer = await client.post(f"{base}/volver")

    assert answer.headers["location"] == base
    assert await states(people[0]) == ["confirmed", "confirmed"]
    assert await places_of(training) == (2, 2)
    assert (await group_of(people[0])).n_people == 2
    assert await told() == [("registration_confirmed", people[0].id)]
    [line] = await AuditLine.filter(act="registrations.rejoin")
    assert line.detail == {"state": "confirmed", "people": 2}


async def test_family_comes_back_without_who_had_cancelled_alone_before(client: AsyncClient) -> None:
    training = await make.make_training()
    people = await make_family(training, "Ana", "Beto", "Cruz")
    base = f"/i/{await group_token(people[0])}"
    await actions.cancel(people[1].id, actor=HOLDER_OF_LINK)
    await actions.cancel_group(people[0].group_id, actor=HOLDER_OF_LINK)
    cancelled = Page((await client.get(base)).text).text
    assert "Volver a inscribirnos" in cancelled
    assert "Con este botón vuelven: Ana Coc Xol, Cruz Coc Xol. Después se puede volver a inscribir a" in cancelled

    await client.post(f"{base}/volver")

    assert await states(people[0]) == ["confirmed", "cancelled", "confirmed"]
    assert (await group_of(people[0])).n_people == 2
    assert await places_of(training) == (2, 0)
    page = Page((await client.get(base)).text)
    assert page.all("form", action=f"{base}/{people[1].id}/volver")


async def test_one_who_left_last_comes_back_alone_and_the_others_after_them(client: AsyncClient) -> None:
    people = await make_family(await make.make_training(), "Ana", "Beto")
    base = f"/i/{await group_token(people[0])}"
    for person in people:
        await actions.cancel(person.id, actor=HOLDER_OF_LINK)
    text = Page((await client.get(base)).text).text
    assert "Volver a inscribir" in text
    assert "Volver a inscribirnos" not in text
    assert "Con este botón vuelve: Beto Coc Xol." in text

    await client.post(f"{base}/volver")
    assert await states(people[0]) == ["cancelled", "confirmed"]
    assert "Listo. La inscripción vale otra vez." in (await client.get(base)).text
    await client.post(f"{base}/{people[0].id}/volver")

    assert await states(people[0]) == ["confirmed", "confirmed"]


async def test_nobody_comes_back_for_a_family_of_links_of_their_own(db: Settings) -> None:
    people = await make_family(await make.make_training(), "Ana", "Beto")
    for person in people:
        await claimed(person)
    await actions.cancel_group(people[0].group_id, actor=HOLDER_OF_LINK)

    with pytest.raises(CannotChange):
        await rejoin_group(people[0].group_id, actor=HOLDER_OF_LINK)


# -- one of them


async def test_one_comes_back_to_the_others_where_a_place_is_free(client: AsyncClient) -> None:
    training = await make.make_training(capacity=4)
    [ana, beto] = await make_family(training, "Ana", "Beto")
    base = f"/i/{await group_token(ana)}"
    await actions.cancel(beto.id, actor=HOLDER_OF_LINK)
    page = Page((await client.get(base)).text)
    assert [form["action"] for form in page.all("form", method="post")] == [f"{base}/{beto.id}/volver"]

    answer = await client.post(f"{base}/{beto.id}/volver")

    assert answer.headers["location"] == base
    assert await states(ana) == ["confirmed", "confirmed"]
    assert (await group_of(ana)).n_people == 2
    assert await places_of(training) == (2, 0)
    assert (await Registration.get(id=beto.id)).cancelled_at is None


async def test_one_without_a_place_is_told_so_with_a_next_step_and_nothing_changes(client: AsyncClient) -> None:
    training, [ana, beto] = await full_family()
    base = f"/i/{await group_token(ana)}"

    answer = await client.post(f"{base}/{beto.id}/volver")

    page = Page(answer.text)
    assert answer.status_code == 409
    assert "Ahora no queda lugar para esta persona junto con las demás." in page.text
    assert page.all("a", href=f"/capacitaciones/{training.slug}/inscripcion")
    assert answer.headers["cache-control"] == "no-store"
    assert await states(ana) == ["confirmed", "cancelled"]
    assert await places_of(training) == (2, 0)


async def test_who_has_a_link_of_their_own_goes_on_alone_where_no_place_is_left(client: AsyncClient) -> None:
    training, [ana, beto] = await full_family()
    own = await claimed(beto)
    base = f"/i/{await group_token(ana)}"

    answer = await client.post(f"{own}/volver")

    assert answer.headers["location"] == own
    again = await Registration.get(id=beto.id).prefetch_related("group")
    assert (again.state, again.group.state, again.group.n_people) == ("waitlisted", "waitlisted", 1)
    assert again.group_id != ana.group_id
    assert await waiting(training) == [again.group.wait_number]
    assert "Es la primera persona de la lista." in (await client.get(own)).text
    assert "Beto" not in (await client.get(base)).text
    assert (await client.get(f"{base}/{beto.id}/cambiar")).status_code == 404
    assert (await OwnLink.get(registration_id=beto.id)).group_id == again.group_id
    assert await states(ana) == ["confirmed"]


async def test_family_cannot_bring_back_who_decides_for_themselves(client: AsyncClient) -> None:
    [ana, beto] = await make_family(await make.make_training(), "Ana", "Beto")
    base = f"/i/{await group_token(ana)}"
    await claimed(beto)
    await actions.cancel(beto.id, actor=HOLDER_OF_LINK)

    page = Page((await client.get(base)).text)
    answer = await client.post(f"{base}/{beto.id}/volver")

    assert "Tiene su propio enlace: desde ahí puede volver." in page.text
    assert not page.all("form", action=f"{base}/{beto.id}/volver")
    assert answer.status_code == 409
    assert await states(ana) == ["confirmed", "cancelled"]


async def test_who_left_before_staff_answered_is_not_let_in_by_the_answer_to_the_others(db: Settings) -> None:
    training = await make.make_training(approval_required=True)
    [ana, beto] = await make_family(training, "Ana", "Beto")
    await actions.cancel(beto.id, actor=HOLDER_OF_LINK)
    await actions.approve(ana.group_id, actor=PROGRAM)

    with pytest.raises(CannotChange):
        await rejoin_member(beto.id, actor=HOLDER_OF_LINK)
    await claimed(beto)
    await rejoin_member(beto.id, actor=HOLDER_OF_LINK)

    assert (await Registration.get(id=beto.id)).state == "held"
    assert await places_of(training) == (1, 0)


async def test_refused_return_of_a_family_is_told_on_its_page(client: AsyncClient, freeze: Freeze) -> None:
    training = await make.make_training(capacity=2, has_waiting_list=False)
    people = await make_family(training, "Ana", "Beto")
    base = f"/i/{await group_token(people[0])}"
    await actions.cancel_group(people[0].group_id, actor=HOLDER_OF_LINK)
    await make.make_registration(training, given_names="Cruz")

    answer = await client.post(f"{base}/volver")

    assert answer.status_code == 409
    assert "Ya no quedan lugares y no hay lista de espera." in Page(answer.text).text
    assert await states(people[0]) == ["cancelled", "cancelled"]


@pytest.mark.parametrize("act", [rejoin_group, rejoin_member])
async def test_unknown_group_or_member_is_not_found(sqlite_db: Settings, act: Callable[..., object]) -> None:
    with pytest.raises(NotFound):
        await act(tokens.uuid7(), actor=PROGRAM)  # type: ignore[misc]


# -- at the door


@pytest.mark.parametrize("capacity", [1, 2])
async def test_walk_in_who_comes_back_takes_none_of_the_counted_places(db: Settings, capacity: int) -> None:
    training = await make.make_training(capacity=capacity)
    await make.make_registration(training)
    done = await register_walk_in(training.id, wish(source=Source.WALK_IN), actor=PROGRAM)
    person = await Registration.get(id=done.registration_id)
    await actions.cancel(person.id, actor=PROGRAM)

    await rejoin_member(person.id, actor=PROGRAM)

    assert await state_of(person) == "confirmed"
    assert await places_of(training) == (1, 0)
    await actions.cancel(person.id, actor=PROGRAM)
    assert await places_of(training) == (1, 0)
