"""Which role at which hub sees, prints, issues and annuls."""

from __future__ import annotations

import pytest
from httpx2 import AsyncClient

from tests.certificates.desk import Browsers, Desk, Freeze, make_desk, signed_in
from tests.certificates.held import AFTER, make_attendee, make_held
from tests.web.pages import Page
from trainings.accounts.models import Role, RoleGrant
from trainings.certificates.models import Certificate, CertificateKind
from trainings.lib import tokens

DIPLOMA, CONSTANCIA = CertificateKind.DIPLOMA, CertificateKind.CONSTANCIA


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


def addresses(desk: Desk) -> dict[str, tuple[str, str]]:
    person, paper = f"/panel/inscripciones/{desk.completed.id}/diploma", f"/panel/diplomas/{desk.certificate.id}"
    return {
        "list": ("GET", "/panel/diplomas"),
        "training": ("GET", desk.page),
        "sample": ("GET", f"/panel/capacitaciones/{desk.training.id}/diploma-muestra.png"),
        "person": ("GET", person),
        "file": ("GET", f"{paper}.pdf"),
        "rename": ("POST", f"{person}/nombre"),
        "ask to revoke": ("GET", f"{paper}/anular"),
        "issue": ("POST", person),
        "issue all": ("POST", desk.page),
        "revoke": ("POST", f"{paper}/anular"),
    }


BODY = {"kind": "diploma", "reason": "prueba", "given_names": "Beto", "surnames": "Caal"}
READS = ("list", "training", "sample", "person", "file", "ask to revoke")
EVERYTHING = {"list": 200, "training": 200, "sample": 200, "person": 200, "file": 200, "rename": 303}
ISSUING = {"ask to revoke": 200, "issue": 303, "issue all": 303, "revoke": 303}
HIDDEN = dict.fromkeys((*READS, "rename", "issue", "issue all", "revoke"), 404)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("coordinator", EVERYTHING | ISSUING),
        ("admin", EVERYTHING | ISSUING),
        ("assistant", EVERYTHING | dict.fromkeys(ISSUING, 403)),
        ("coordinator_elsewhere", HIDDEN | {"list": 200}),
        ("facilitator", dict.fromkeys(HIDDEN, 403)),
        ("facilitator_elsewhere", dict.fromkeys(HIDDEN, 403)),
        ("monitor", dict.fromkeys(HIDDEN, 403)),
        ("platform", dict.fromkeys(HIDDEN, 403)),
    ],
)
async def test_scope_when_role_and_hub_then_seen_done_or_hidden(
    new_client: Browsers, who: str, expected: dict[str, int]
) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, getattr(desk.cast, who))

    answered = {}
    for name, (method, address) in addresses(desk).items():
        answer = await browser.request(method, address, data=BODY if method == "POST" else None)
        answered[name] = answer.status_code

    assert answered == expected


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


async def test_scope_when_nobody_is_signed_in_then_led_to_sign_in(client: AsyncClient) -> None:
    desk = await make_desk()

    for method, address in addresses(desk).values():
        answer = await client.request(method, address, data=BODY if method == "POST" else None)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/entrar")
    assert await Certificate.all().count() == 1


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
