"""Accounts of the staff under `/panel/cuentas`: made, given roles, closed at once, by those who may."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.accounts.people import ANOTHER, PASSWORD, actor_behind, make_user, sign_in
from tests.cast import Cast
from trainings.accounts import actions
from trainings.accounts.actions import AccountClosed, OwnAccount, WrongPassword, WrongSignIn
from trainings.accounts.models import Role, RoleGrant, StaffSession, User
from trainings.attendance.models import Device
from trainings.attendance.phones.devices import Load, prepare_this
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.errors import NotFound
from trainings.settings import Settings

LINK = re.compile(r"/entrar/enlace/(\w+)")


async def post(client: AsyncClient, path: str, **fields: str) -> Response:
    return await client.post(f"/panel/cuentas{path}", data=fields)


# -- closing


async def test_closed_account_is_out_at_once_by_session_password_and_link(db: Settings) -> None:
    user = await make_user()
    token = await sign_in()
    await actions.close_account(user.id, actor=PROGRAM)

    with pytest.raises(WrongSignIn):
        await sign_in()

    assert await actions.load_actor(token) is None
    assert (await User.get(id=user.id)).password_hash == ""
    assert await StaffSession.filter(ended_at=None).count() == 0
    assert await AuditLine.filter(act="accounts.close_account", object_id=user.id).count() == 1


async def test_new_link_ends_password_sessions_and_earlier_links(db: Settings) -> None:
    user = await make_user()
    of_another = await actions.make_sign_in_link(await make_user("luis@muni.example"), actor=PROGRAM)
    token = await sign_in()
    link = await actions.make_sign_in_link(user, actor=PROGRAM)

    assert await actions.load_actor(token) is None
    with pytest.raises(WrongSignIn):
        await sign_in()
    earlier, link = link, await actions.make_sign_in_link(user, actor=PROGRAM)
    with pytest.raises(NotFound):
        await actions.use_sign_in_link(earlier, ANOTHER)
    await actions.use_sign_in_link(link, ANOTHER)
    await actions.use_sign_in_link(of_another, ANOTHER)
    assert await sign_in(password=ANOTHER)


async def test_signing_in_while_the_account_is_closed_leaves_no_session(postgres_db: Settings) -> None:
    for round_ in range(10):
        user = await make_user(f"ana{round_}@muni.example")

        await asyncio.gather(
            *(sign_in(user.email, PASSWORD, address=f"10.0.{round_}.{n}") for n in range(4)),
            actions.close_account(user.id, actor=PROGRAM),
            return_exceptions=True,
        )

        assert await StaffSession.filter(user_id=user.id, ended_at=None).count() == 0


async def test_opened_again_it_has_its_roles_and_needs_a_new_password(db: Settings) -> None:
    user = await make_user()
    await actions.grant_role(user, Role.ASSISTANT, actor=PROGRAM, hub_id=(await make.make_hub()).id)
    await actions.close_account(user.id, actor=PROGRAM)

    with pytest.raises(AccountClosed):
        await actions.grant_role(user, Role.FACILITATOR, actor=PROGRAM, hub_id=(await make.make_hub()).id)
    link = await actions.reopen_account(user, actor=PROGRAM)

    with pytest.raises(WrongSignIn):
        await sign_in()
    await actions.use_sign_in_link(link, ANOTHER)
    assert [grant.role for grant in await RoleGrant.filter(user_id=user.id)] == [Role.ASSISTANT]


# -- the pages


@pytest.fixture
async def admin(cast: Cast, client: AsyncClient) -> AsyncClient:
    """A browser in which the administrator of La Libertad is signed in."""
    await make.sign_in(client, cast.admin)
    return client


async def test_account_is_made_with_its_role_and_a_link_shown_once(cast: Cast, admin: AsyncClient) -> None:
    where = f"assistant {cast.hub.id}"

    answer = await post(admin, "", name="Eva Pop", email=" Eva@Muni.example", office="Secretaria", post=where)

    found = LINK.search(answer.text)
    assert found is not None
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    user = await User.get(email="eva@muni.example").prefetch_related("grants")
    assert [(grant.role, grant.hub_id) for grant in user.grants] == [(Role.ASSISTANT, cast.hub.id)]
    assert found[1] not in (await admin.get(f"/panel/cuentas/{user.id}")).text
    token, _session = await actions.use_sign_in_link(found[1], ANOTHER)
    actor = await actions.load_actor(token)
    assert actor is not None
    assert actor.has_at(cast.hub.id, (Role.ASSISTANT,))


async def test_account_of_another_municipality_is_given_no_role_and_not_taken_over(
    cast: Cast, admin: AsyncClient
) -> None:
    stranger = cast.coordinator_elsewhere
    where = f"facilitator {cast.hub.id}"

    refused = await post(admin, "", name="Otra", email=stranger.email, post=where)
    # The platform gives the role; the place of another municipality stays out of reach.
    await RoleGrant.create(user=stranger, role=Role.FACILITATOR, hub=cast.hub)
    page = f"/{stranger.id}"
    acts = [await post(admin, page + act) for act in ("/enlace", "/cerrar", "/abrir")]
    acts.append(await post(admin, f"{page}/roles", post=where))

    assert refused.status_code == 403
    assert [answer.status_code for answer in acts] == [403] * 4
    theirs = await RoleGrant.get(user_id=stranger.id, role=Role.HUB_COORDINATOR)
    assert (await post(admin, f"{page}/roles/{theirs.id}/quitar")).status_code == 403
    own = await RoleGrant.get(user_id=stranger.id, role=Role.FACILITATOR)
    taken = await post(admin, f"{page}/roles/{own.id}/quitar")
    assert (taken.status_code, taken.headers["location"]) == (303, "/panel/cuentas")
    assert (await admin.get(f"/panel/cuentas{page}")).status_code == 404


async def test_role_from_the_platform_ends_the_password_that_an_earlier_keeper_may_know(
    cast: Cast, client: AsyncClient
) -> None:
    user = await make_user("nueva@muni.example")
    await RoleGrant.create(user=user, role=Role.ASSISTANT, hub=cast.hub)
    earlier = await actions.make_sign_in_link(user, actor=PROGRAM)
    token, _session = await actions.use_sign_in_link(earlier, ANOTHER)
    await make.sign_in(client, cast.platform)

    answer = await post(client, f"/{user.id}/roles", post="platform_admin")

    assert LINK.search(answer.text)
    assert await actions.load_actor(token) is None
    with pytest.raises(WrongSignIn):
        await sign_in("nueva@muni.example", ANOTHER)


async def test_role_for_an_account_that_nobody_keeps_any_more_ends_the_password_of_before(
    cast: Cast, admin: AsyncClient
) -> None:
    user = await make_user("nueva@muni.example")
    token = await sign_in("nueva@muni.example", PASSWORD)

    answer = await post(admin, "", name="Nueva", email=user.email, post=f"assistant {cast.hub.id}")

    assert LINK.search(answer.text)
    assert await actions.load_actor(token) is None
    with pytest.raises(WrongSignIn):
        await sign_in("nueva@muni.example", PASSWORD)


async def test_password_that_a_new_link_ended_does_not_come_back_by_a_change_in_flight(db: Settings) -> None:
    user = await make_user()
    token = await sign_in()
    actor = await actor_behind(token)
    stale = await User.get(id=user.id)
    await actions.make_sign_in_link(user, actor=PROGRAM)
    assert (await User.get(id=user.id)).password_hash != stale.password_hash

    with pytest.raises(WrongPassword):
        await actions.change_password(PASSWORD, ANOTHER, token=token, actor=actor)

    assert (await User.get(id=user.id)).password_hash == ""


@pytest.mark.parametrize("post_value", ["platform_admin", "monitoring_officer", "facilitator {there}", "", "x"])
async def test_nobody_gives_a_role_beyond_the_own_operator(cast: Cast, admin: AsyncClient, post_value: str) -> None:
    value = post_value.format(there=cast.elsewhere.id)

    made = await post(admin, "", name="Eva Pop", email="eva@muni.example", post=value)
    given = await post(admin, f"/{cast.assistant.id}/roles", post=value)

    assert {made.status_code, given.status_code} <= {409, 422}
    assert 'value="Eva Pop"' in made.text
    assert not await User.exists(email="eva@muni.example")
    assert await RoleGrant.filter(user_id=cast.assistant.id).count() == 1


async def test_roles_are_given_and_taken_and_the_person_signs_in_again(
    cast: Cast, admin: AsyncClient, new_client: Callable[[], AsyncClient]
) -> None:
    page, own = f"/{cast.assistant.id}", new_client()
    await make.sign_in(own, cast.assistant)
    assert (await own.get("/panel/cuenta")).status_code == 200

    given = await post(admin, f"{page}/roles", post=f"hub_coordinator {cast.hub.id}")
    assert (await own.get("/panel/cuenta")).headers["location"].startswith("/entrar")
    old = await RoleGrant.get(user_id=cast.assistant.id, role=Role.ASSISTANT)
    taken = await post(admin, f"{page}/roles/{old.id}/quitar")

    assert (given.status_code, taken.status_code) == (303, 303)
    assert {grant.role for grant in await RoleGrant.filter(user_id=cast.assistant.id)} == {Role.HUB_COORDINATOR}
    assert {line.act for line in await AuditLine.filter(object_id=cast.assistant.id)} == {
        "accounts.grant_role",
        "accounts.take_role",
    }


async def test_account_is_closed_and_opened_in_the_panel(cast: Cast, admin: AsyncClient) -> None:
    page = f"/{cast.coordinator.id}"

    closed = await post(admin, f"{page}/cerrar")
    told = (await admin.get(f"/panel/cuentas{page}")).text
    listed = (await admin.get("/panel/cuentas")).text
    opened = await post(admin, f"{page}/abrir")

    assert closed.status_code == 303
    assert "La cuenta está cerrada" in told
    assert "Cerrada" in listed
    assert LINK.search(opened.text)
    assert (await User.get(id=cast.coordinator.id)).is_active


async def test_nobody_closes_or_demotes_oneself(cast: Cast, admin: AsyncClient) -> None:
    page = f"/{cast.admin.id}"
    own = await RoleGrant.get(user_id=cast.admin.id)

    answers = [await post(admin, page + act) for act in ("/cerrar", "/enlace")]
    taken = await post(admin, f"{page}/roles/{own.id}/quitar")

    assert [answer.status_code for answer in (*answers, taken)] == [409, 409, 403]
    assert str(OwnAccount()) in answers[0].text
    assert await RoleGrant.exists(id=own.id)
    shown = (await admin.get(f"/panel/cuentas{page}")).text
    assert "Cerrar la cuenta" not in shown


async def test_sessions_to_come_are_named_before_an_account_is_closed(cast: Cast, admin: AsyncClient) -> None:
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])

    page = (await admin.get(f"/panel/cuentas/{cast.facilitator.id}")).text

    assert "Tiene 1 sesión por dar: ponga a otra persona<" in page
    assert f"/panel/capacitaciones/{training.id}" in page


async def test_phones_that_go_out_of_use_are_named_before_an_account_is_closed_and_counted_afterwards(
    cast: Cast, admin: AsyncClient
) -> None:
    training = await make.make_training(hub=cast.hub, facilitators=[cast.facilitator])
    load = Load(cast.hub.id, [one.id for one in training.sessions])
    phone = await prepare_this(load, name="Teléfono de Luis", token="", actor=await make.actor_of(cast.facilitator))
    page = f"/panel/cuentas/{cast.facilitator.id}"

    before = (await admin.get(page)).text
    await post(admin, f"/{cast.facilitator.id}/cerrar")
    after = (await admin.get(page)).text

    assert "Teléfono de Luis" in before
    assert "Con la cuenta sale de uso 1 teléfono que preparó" in before
    assert "Salió de uso 1 teléfono que preparó." in after
    assert (await Device.get(id=phone.device.id)).revoked_by_id == cast.admin.id


async def test_role_taken_away_says_how_many_phones_went_out_of_use(cast: Cast, admin: AsyncClient) -> None:
    training = await make.make_training(hub=cast.hub)
    load = Load(cast.hub.id, [one.id for one in training.sessions])
    await prepare_this(load, name="Teléfono de Eva", token="", actor=await make.actor_of(cast.assistant))
    own = await RoleGrant.get(user_id=cast.assistant.id)

    taken = await post(admin, f"/{cast.assistant.id}/roles/{own.id}/quitar")

    assert "Salió de uso 1 teléfono que preparó." in (await admin.get(taken.headers["location"])).text
    assert await Device.filter(revoked_at=None).count() == 0


async def test_list_shows_the_own_places_only(cast: Cast, admin: AsyncClient) -> None:
    page = (await admin.get("/panel/cuentas")).text

    assert cast.assistant.email in page
    assert not any(user.email in page for user in (cast.coordinator_elsewhere, cast.monitor, cast.platform))
