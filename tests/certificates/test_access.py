"""What an assistant prints and may not issue; who gets where else is in `test_access_matrix.py`."""

from __future__ import annotations

import pytest

from tests.certificates.desk import Browsers, Freeze, make_desk, signed_in
from tests.certificates.held import AFTER, make_attendee, make_held
from tests.web.pages import Page
from trainings.accounts.models import Role, RoleGrant
from trainings.certificates.models import Certificate
from trainings.lib import tokens


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


BODY = {"kind": "diploma", "reason": "prueba"}


async def test_scope_when_assistant_then_no_page_offers_to_annul(new_client: Browsers) -> None:
    desk = await make_desk()
    paper = desk.certificate
    pages = (desk.page, f"/panel/inscripciones/{paper.registration_id}/diploma")

    offered = {}
    for who in ("coordinator", "assistant"):
        browser = await signed_in(new_client, getattr(desk.cast, who))
        links = [link["href"] for page in pages for link in Page((await browser.get(page)).text).all("a")]
        offered[who] = {link for link in links if link and link.endswith("/anular")}

    assert offered == {"coordinator": {f"{desk.page}/anular", f"/panel/diplomas/{paper.id}/anular"}, "assistant": set()}


async def test_scope_when_assistant_here_and_coordinator_elsewhere_then_prints_here_and_issues_there(
    new_client: Browsers,
) -> None:
    desk = await make_desk()
    there = await make_attendee(await make_held(hub=desk.cast.elsewhere))
    both = desk.cast.assistant
    await RoleGrant.create(user=both, role=Role.HUB_COORDINATOR, hub=desk.cast.elsewhere)
    browser = await signed_in(new_client, both)

    opened = await browser.get(f"/panel/diplomas/{desk.certificate.id}.pdf")
    here = [
        await browser.post(desk.page),
        await browser.post(f"/panel/inscripciones/{desk.completed.id}/diploma", data=BODY),
        await browser.post(f"/panel/diplomas/{desk.certificate.id}/anular", data=BODY),
    ]
    issued = await browser.post(f"/panel/inscripciones/{there.id}/diploma", data=BODY)

    assert opened.status_code == 200
    assert [answer.status_code for answer in here] == [403, 403, 403]
    assert "Solo la coordinación prepara, emite y anula diplomas." in here[0].text
    assert issued.status_code == 303
    assert (await Certificate.get(registration_id=there.id)).folio == "VIMMIG-1207-2027-000001"


async def test_scope_when_address_is_unknown_then_404(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    key = tokens.uuid7()

    for address in (
        f"/panel/capacitaciones/{key}/diplomas",
        f"/panel/inscripciones/{key}/diploma",
        f"/panel/diplomas/{key}.pdf",
        f"/panel/diplomas/{key}/anular",
        "/panel/diplomas/x.pdf",
    ):
        assert (await browser.get(address)).status_code == 404
