"""A new own link for who stands at the desk: shown once, as a code for their own telephone, and never in letters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import AsyncClient, Response

from tests import make
from tests.cast import Cast, make_cast
from tests.registrations.families import group_token, make_family
from tests.registrations.wishes import KEY, link_of, wish
from tests.web.pages import Page
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.audit.models import AuditLine
from trainings.lib import qr, tokens
from trainings.outbox.models import OutboxJob
from trainings.registrations.links import claim_link, renew_link
from trainings.registrations.models import LinkScope, OwnLink, Registration
from trainings.registrations.seats import actions
from trainings.registrations.seats.actions import sign_up
from trainings.schedule.models import Training
from trainings.web.render import absolute

NewClient = Callable[[], AsyncClient]


async def at_desk(new_client: NewClient, who: str = "assistant", **training: Any) -> tuple[Cast, AsyncClient, Training]:
    cast = await make_cast()
    client = new_client()
    await make.sign_in(client, getattr(cast, who))
    return cast, client, await make.make_training(hub=cast.hub, facilitators=[cast.facilitator], **training)


def path_of(registration: Registration) -> str:
    return f"/panel/inscripciones/{registration.id}"


async def own_link(registration: Registration) -> OwnLink:
    return await OwnLink.get(registration_id=registration.id, revoked_at=None)


async def group_link(registration: Registration) -> OwnLink:
    return await OwnLink.get(group_id=registration.group_id, scope=LinkScope.GROUP, revoked_at=None)


async def offered(client: AsyncClient, registration: Registration) -> list[str]:
    """The keys of the links that the person's page offers to give anew."""
    page = Page((await client.get(path_of(registration))).text)
    return [str(field["value"]) for field in page.all("input", name="link")]


async def renew(client: AsyncClient, registration: Registration, link: OwnLink) -> Response:
    return await client.post(f"{path_of(registration)}/enlace-nuevo", data={"link": str(link.id)})


def drawn(page: Page) -> str | None:
    """The code on the page."""
    [square] = [attrs for tag, attrs in page.elements if tag == "svg" and attrs.get("class") == "qr"]
    assert square["aria-label"] == "Código QR"
    at = page.elements.index(("svg", square))
    return page.elements[at + 2][1]["d"]


# -- what is shown


async def test_new_link_is_a_code_to_scan_and_stands_nowhere_in_letters(new_client: NewClient) -> None:
    cast, client, training = await at_desk(new_client)
    rosa = await make.make_registration(training, phone="+50255551234")
    before = await own_link(rosa)
    assert await offered(client, rosa) == [str(before.id)]

    answer = await renew(client, rosa, before)

    page, link = Page(answer.text), await own_link(rosa)
    assert answer.status_code == 200
    assert link.token
    assert drawn(page) == qr.svg_path(absolute(f"/i/{link.token}"), "M")[1]
    assert link.token not in answer.text
    assert "/i/" not in answer.text
    assert "Se muestra una sola vez." in page.text
    assert (answer.headers["cache-control"], answer.headers["x-robots-tag"]) == ("no-store", "noindex")
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "set-cookie" not in answer.headers
    [line] = await AuditLine.filter(act="registrations.renew_link")
    assert (line.object_id, line.hub_id, line.actor_id) == (rosa.id, cast.hub.id, cast.assistant.id)
    assert line.detail == {"scope": "person"}


async def test_old_link_is_unknown_and_the_new_one_opens(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    rosa = await make.make_registration(training, phone="+50255551234")
    old, telephone = await link_of(rosa), new_client()

    await renew(client, rosa, await own_link(rosa))

    assert (await telephone.get(old)).status_code == 404
    assert (await telephone.get(await link_of(rosa))).status_code == 200
    [revoked] = await OwnLink.filter(registration_id=rosa.id, revoked_at__not_isnull=True)
    assert revoked.token is None


async def test_asked_for_again_the_page_shows_nothing_and_changes_nothing(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    rosa = await make.make_registration(training)
    before = await own_link(rosa)
    await renew(client, rosa, before)
    new = await own_link(rosa)

    got, sent_again = await client.get(f"{path_of(rosa)}/enlace-nuevo"), await renew(client, rosa, before)

    assert (got.status_code, sent_again.status_code) == (405, 409)
    assert "haga otro" in sent_again.text
    for answer in (got, sent_again):
        assert 'class="qr"' not in answer.text
    assert await own_link(rosa) == new, "what was scanned a moment ago still opens"


async def test_ticket_and_messages_stay_as_they_are(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    rosa = await make.make_registration(training, email="rosa@example.org")
    n_messages = await OutboxJob.all().count()

    await renew(client, rosa, await own_link(rosa))

    stored = await Registration.get(id=rosa.id)
    assert (stored.qr_hash, stored.short_code) == (rosa.qr_hash, rosa.short_code)
    assert await OutboxJob.all().count() == n_messages


@pytest.mark.parametrize("answer", [{"link": "x"}])
async def test_form_without_a_link_changes_nothing(new_client: NewClient, answer: dict[str, str]) -> None:
    _cast, client, training = await at_desk(new_client)
    rosa = await make.make_registration(training)
    before = await link_of(rosa)

    assert (await client.post(f"{path_of(rosa)}/enlace-nuevo", data=answer)).status_code == 422

    assert await link_of(rosa) == before


# -- whose


async def test_link_that_somebody_made_their_own_is_given_anew_to_them_alone(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    ana, beto = await make_family(training, "Ana", "Beto")
    await claim_link((await link_of(beto)).removeprefix("/i/"), tokens.own_link(), actor=HOLDER_OF_LINK)

    answer = await renew(client, beto, await own_link(beto))

    new = await own_link(beto)
    assert answer.status_code == 200
    assert new.claimed_at is not None
    assert "Este boleto es mío" not in answer.text
    family = await new_client().get(f"/i/{await group_token(ana)}/{beto.id}/enlace")
    assert family.status_code == 303, "the family is not shown it either"


async def test_adult_of_a_family_is_told_to_make_the_link_theirs(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    _ana, beto = await make_family(training, "Ana", "Beto")
    assert await offered(client, beto) == [str((await own_link(beto)).id)]

    answer = await renew(client, beto, await own_link(beto))

    assert "Este boleto es mío" in answer.text
    assert (await own_link(beto)).claimed_at is None


async def test_who_filled_in_the_form_gets_the_family_s_link_too(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client, admits_minors=True)
    ana, beto, luz = await make_family(training, "Ana", "Beto", children=["Luz"])
    old, others = await group_token(ana), [await link_of(one) for one in (ana, beto)]
    family = str((await group_link(ana)).id)
    assert {family, str((await own_link(ana)).id)} == set(await offered(client, ana))
    assert await offered(client, luz) == [family]

    answer = await renew(client, ana, await group_link(ana))

    new, telephone = await group_token(ana), new_client()
    assert drawn(Page(answer.text)) == qr.svg_path(absolute(f"/i/{new}"), "M")[1]
    assert (await telephone.get(f"/i/{old}")).status_code == 404
    assert "Luz Coc Xol" in (await telephone.get(f"/i/{new}")).text
    assert [await link_of(one) for one in (ana, beto)] == others
    [line] = await AuditLine.filter(act="registrations.renew_link")
    assert line.detail == {"scope": "group"}


async def test_guardian_of_a_minor_who_came_alone_gets_the_link_of_the_form(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client, admits_minors=True)
    ana, luz = await make_family(training, "Ana", children=["Luz"])
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)

    answer = await renew(client, luz, await group_link(luz))

    assert answer.status_code == 200
    assert await OwnLink.filter(registration_id=luz.id).count() == 0


async def test_family_s_link_is_not_given_to_another_adult_nor_to_who_was_separated(new_client: NewClient) -> None:
    _cast, client, training = await at_desk(new_client)
    ana, beto, carlos = await make_family(training, "Ana", "Beto", "Carlos")
    await actions.detach(carlos.id, phone=None, email=None, actor=PROGRAM)
    before = await group_token(ana)

    answers = [await renew(client, one, await group_link(ana)) for one in (beto, carlos)]
    answers.append(await renew(client, carlos, await own_link(beto)))

    assert [answer.status_code for answer in answers] == [409, 409, 409]
    assert await group_token(ana) == before


# -- the browser that signed up


@pytest.mark.parametrize("n_adults", [1, 2])
async def test_browser_that_signed_up_is_led_to_no_new_link(new_client: NewClient, n_adults: int) -> None:
    _cast, _client, training = await at_desk(new_client)
    known = wish(browser_key="b" * 64, idempotency_key=KEY, body_hash="x")
    done = await sign_up(training.id, known, actor=PROGRAM)
    rosa = await Registration.get(id=done.registration_id)
    if n_adults == 2:
        await OwnLink.create(token_hash="g" * 64, token="g", scope=LinkScope.GROUP, group_id=rosa.group_id)
    link = await (group_link(rosa) if n_adults == 2 else own_link(rosa))

    token = await renew_link(rosa.id, link.id, actor=PROGRAM)
    again = await sign_up(training.id, known, actor=PROGRAM)

    assert again.is_new
    assert again.token != token
