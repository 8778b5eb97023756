"""An adult's own link: handed over on the family's page, made theirs, and from then on in nobody else's hands."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.certificates.held import AFTER, BEFORE, come, make_held
from tests.queries import until_somebody_waits
from tests.registrations.families import group_token, make_family
from tests.registrations.wishes import link_of
from tests.web.pages import Page
from trainings import clock
from trainings.accounts.models import Role
from trainings.accounts.queries import actor_of
from trainings.audit.actor import FILLER_OF_FORM, HOLDER_OF_LINK, PROGRAM, Actor
from trainings.audit.models import AuditLine
from trainings.certificates.issuing import names
from trainings.certificates.issuing.actions import issue, revoke
from trainings.certificates.models import Certificate, CertificateKind
from trainings.db import transaction
from trainings.lib import tokens
from trainings.registrations.eligibility import HasOwnLink
from trainings.registrations.links import claim_link
from trainings.registrations.models import OwnLink, Registration, RegistrationGroup
from trainings.registrations.own import group_actions
from trainings.registrations.queries import LINK_DAYS, UnknownLink
from trainings.registrations.seats import actions
from trainings.schedule.models import Training
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
NewClient = Callable[[], AsyncClient]

PRIVATE_PAGES = ("/datos", "/permisos", "/permisos/contact", "/cancelar", "/no-puedo")
PRIVATE_POSTS = ("/nombre", "/apoyo", "/datos", "/cancelar", "/volver", "/permisos/contact", "/acepto", "/no-puedo")
SECRETS = ("ya está arreglado", 'value="garifuna" selected', "Cocineras Unidas", "Una de antes")
"""What only Beto may read of himself: needs, answers, history."""


async def two_with_secrets(training: Training) -> tuple[Registration, Registration, str]:
    """Ana and Beto; Beto asked for support, answered questions, and was here before. The group's page."""
    [ana, beto] = await make_family(training, "Ana", "Beto", phone="5555 1234")
    beto.needs = "food=arranged"
    await beto.save(update_fields=["needs"])
    person = beto.participant
    person.pueblo, person.organization = "garifuna", "Cocineras Unidas"
    await person.save(update_fields=["pueblo", "organization"])
    earlier = await make.make_training(title="Una de antes", sessions=[(make.tomorrow_at(8), make.tomorrow_at(9))])
    before = await make.make_registration(earlier, given_names="Beto", surnames="Coc Xol")
    await Registration.filter(id=before.id).update(participant_id=person.id)
    return ana, beto, f"/i/{await group_token(ana)}"


async def a_coordinator() -> Actor:
    return await actor_of(await make.make_user(Role.HUB_COORDINATOR, await make.make_hub()))


async def claim(client: AsyncClient, path: str) -> str:
    """Open the link and press the button; the page that it leads to."""
    page = Page((await client.get(path)).text)
    answer = await client.post(f"{path}/mio", data={"claim": page.one("input", name="claim")["value"] or ""})
    assert answer.status_code == 303
    return answer.headers["location"]


# -- handing over


async def test_group_page_hands_an_adults_link_over_as_code_and_text_but_no_share_button(client: AsyncClient) -> None:
    training = await make.make_training(admits_minors=True)
    [ana, beto, cata] = await make_family(training, "Ana", "Beto", children=["Cata"])
    base = f"/i/{await group_token(ana)}"
    secret = await link_of(beto)

    group = Page((await client.get(base)).text)
    page = Page((await client.get(f"{base}/{beto.id}/enlace")).text)

    assert secret.removeprefix("/i/") not in group.source
    assert "Para pedir apoyo para una persona adulta" in group.text
    assert [one["href"] for one in group.all("a") if (one["href"] or "").endswith("/enlace")] == [
        f"{base}/{one.id}/enlace" for one in (ana, beto)
    ]
    assert f"http://localhost:8000{secret}" in page.text
    assert page.one("svg", **{"class": "qr"})["aria-label"] == "Código QR del enlace de Beto Coc Xol"
    assert not [one for one in page.all("a") if re.match(r"whatsapp:|sms:|mailto:|https?:", one["href"] or "")]
    assert not page.all("form", method="post")
    minor = await client.get(f"{base}/{cata.id}/enlace")
    assert (minor.status_code, minor.headers["location"]) == (303, base)


async def test_link_before_it_is_claimed_shows_the_ticket_and_nothing_else(client: AsyncClient) -> None:
    _ana, beto, _base = await two_with_secrets(await make.make_training())
    path = await link_of(beto)

    page = Page((await client.get(path)).text)

    assert "Beto Coc Xol" in page.text
    assert len(page.all("svg", **{"class": "qr"})) == 1
    assert [form["action"] for form in page.all("form", method="post")] == [f"{path}/mio"]
    assert not any(secret in page.source for secret in SECRETS)
    assert (await client.get(f"{path}/boleto.png")).status_code == 200
    for private in PRIVATE_PAGES:
        answer = await client.get(path + private)
        assert answer.status_code == 409, private
        assert not any(secret in answer.text for secret in SECRETS), private
    for private in PRIVATE_POSTS:
        assert (await client.post(path + private, data={"given_names": "X", "surnames": "Y"})).status_code == 409
    again = await Registration.get(id=beto.id).prefetch_related("participant")
    assert (again.state, again.needs, again.participant.given_names) == ("confirmed", "food=arranged", "Beto")


async def test_claiming_changes_the_address_and_shows_what_is_only_for_oneself(
    client: AsyncClient, new_client: NewClient
) -> None:
    ana, beto, base = await two_with_secrets(await make.make_training())
    path = await link_of(beto)

    own = await claim(client, path)

    assert own != path
    assert own == await link_of(beto)
    assert (await OwnLink.get(registration_id=beto.id)).claimed_at is not None
    page = Page((await client.get(own)).text)
    assert "Listo, este boleto es suyo." in page.text
    data = Page((await client.get(f"{own}/datos")).text)
    assert all(secret in page.text + data.source for secret in SECRETS)
    holder = new_client()
    assert (await holder.get(path)).status_code == 404
    family = Page((await holder.get(base)).text)
    assert "Ya tiene su propio enlace: desde ahí corrige su nombre o cancela." in family.text
    assert own.removeprefix("/i/") not in family.source
    handed = await holder.get(f"{base}/{beto.id}/enlace")
    assert (handed.status_code, handed.headers["location"]) == (303, base)
    [line] = await AuditLine.filter(act="registrations.claim_link")
    assert (line.object_id, line.actor_role) == (beto.id, "holder")
    assert (await OwnLink.get(registration_id=ana.id)).claimed_at is None
    for held in (path, own):
        assert (await client.post(f"{held}/mio", data={})).status_code == 404
    assert await link_of(beto) == own, "claimed by nobody else"
    with pytest.raises(UnknownLink):
        await claim_link(base.removeprefix("/i/"), tokens.own_link(), actor=HOLDER_OF_LINK)


async def test_needs_and_history_of_an_adult_are_on_no_page_and_in_no_post_of_another_link(client: AsyncClient) -> None:
    ana, beto, base = await two_with_secrets(await make.make_training())
    theirs = await claim(client, await link_of(ana))
    member = f"{base}/{beto.id}"

    gets = [base, f"{base}/cancelar", *(f"{member}{path}" for path in ("/cambiar", "/cancelar", "/enlace"))]
    gets += [f"{where}{path}" for where in (member, base, theirs) for path in ("/datos", "/permisos")]
    gets += [theirs, f"{theirs}/{beto.id}/datos", f"{theirs}/{beto.id}/cambiar"]
    for path in gets:
        answer = await client.get(path)
        assert not any(secret in answer.text for secret in SECRETS), path
    for path in (f"{member}/apoyo", f"{member}/datos", f"{member}/permisos/data", f"{theirs}/{beto.id}/apoyo"):
        answer = await client.post(path, data={"needs": "ramp", "pueblo": "maya"})
        assert answer.status_code == 404, path
    wrong = await client.post(f"{member}/nombre", data={"given_names": "", "surnames": ""})
    assert wrong.status_code == 422
    assert not any(secret in wrong.text for secret in SECRETS)
    again = await Registration.get(id=beto.id).prefetch_related("participant")
    assert (again.needs, again.participant.pueblo) == ("food=arranged", "garifuna")


async def test_claiming_again_after_the_answer_got_lost_leads_to_the_same_address(client: AsyncClient) -> None:
    [_ana, beto] = await make_family(await make.make_training(), "Ana", "Beto")
    path = await link_of(beto)
    form = {"claim": Page((await client.get(path)).text).one("input", name="claim")["value"] or ""}

    first = await client.post(f"{path}/mio", data=form)
    second = await client.post(f"{path}/mio", data=form)

    assert second.headers["location"] == first.headers["location"] == await link_of(beto)
    assert await AuditLine.filter(act="registrations.claim_link").count() == 1


async def test_address_that_we_did_not_make_or_made_for_another_link_is_not_taken(client: AsyncClient) -> None:
    [ana, *people] = await make_family(await make.make_training(), "Ana", "Beto", "Cata", "Diego", "Elsa")
    for_ana = Page((await client.get(await link_of(ana))).text).one("input", name="claim")["value"] or ""

    for person, sent in zip(people, ("", "0" * 32, "forged.signature.x", for_ana), strict=True):
        answer = await client.post(f"{await link_of(person)}/mio", data={"claim": sent})

        assert answer.headers["location"] == await link_of(person)
        assert (sent.partition(".")[0] or "0" * 32) not in answer.headers["location"]


async def test_who_claimed_their_link_is_neither_renamed_nor_cancelled_by_the_filler(client: AsyncClient) -> None:
    _ana, beto, base = await two_with_secrets(await make.make_training())
    own = await claim(client, await link_of(beto))

    refused = [await client.get(f"{base}/{beto.id}/cambiar"), await client.get(f"{base}/{beto.id}/cancelar")]
    refused.append(await client.post(f"{base}/{beto.id}/nombre", data={"given_names": "Otro", "surnames": "Nombre"}))
    refused.append(await client.post(f"{base}/{beto.id}/cancelar"))
    asked = Page((await client.get(f"{base}/cancelar")).text)
    answer = await client.post(f"{base}/cancelar")
    told = Page((await client.get(answer.headers["location"])).text).text
    again = await client.post(f"{base}/cancelar")

    assert (again.status_code, again.headers["location"]) == (303, base)
    assert "Listo, menos la inscripción de Beto Coc Xol: tiene su propio enlace y solo desde ahí se cancela." in told
    assert "Las inscripciones están canceladas" not in told
    assert {answer.status_code for answer in refused} == {409}
    assert "Desde ahí corrige su nombre o cancela ella misma." in refused[0].text
    assert "Ana Coc Xol" in asked.text
    assert "Beto Coc Xol" not in asked.text
    states = {
        one.participant.given_names: one.state for one in await Registration.all().prefetch_related("participant")
    }
    assert (states["Ana"], states["Beto"]) == ("cancelled", "confirmed")
    await client.post(f"{own}/cancelar")
    assert (await Registration.get(id=beto.id)).state == "cancelled"


async def _one(one: Registration) -> None:
    await actions.cancel(one.id, actor=FILLER_OF_FORM)


async def _all(one: Registration) -> None:
    await actions.cancel_group(one.group_id, actor=FILLER_OF_FORM)


async def _name(one: Registration) -> None:
    await names.correct(one.id, "Otro", "Nombre", None, actor=FILLER_OF_FORM)


async def _again(one: Registration) -> None:
    await group_actions.rejoin_member(one.id, actor=FILLER_OF_FORM)


async def test_link_claimed_while_the_filler_acts_then_out_of_the_fillers_reach(postgres_db: Settings) -> None:
    training = await make.make_training()
    for act in (_one, _all, _name):
        _ana, beto = await make_family(training, "Ana", "Beto")

        await _while_claimed(beto, act)

        again = await Registration.get(id=beto.id).prefetch_related("participant")
        assert (again.state, again.participant.given_names) == ("confirmed", "Beto"), act.__name__
    _ana, beto = await make_family(training, "Ana", "Beto")
    await actions.cancel(beto.id, actor=HOLDER_OF_LINK)

    await _while_claimed(beto, _again)

    assert (await Registration.get(id=beto.id)).state == "cancelled"


async def _while_claimed(one: Registration, act: Callable[[Registration], Awaitable[None]]) -> None:
    """The filler, let in by the page already, waits for who claims the link; and is refused, if it was for one."""
    is_claimed = asyncio.Event()

    async def beside() -> None:
        await is_claimed.wait()
        await act(one)

    # It begins outside the transaction, to be none of it.
    acting = asyncio.create_task(beside())
    async with transaction():
        await claim_link((await link_of(one)).removeprefix("/i/"), tokens.own_link(), actor=HOLDER_OF_LINK)
        is_claimed.set()
        await until_somebody_waits()
    if act is _all:
        await acting
    else:
        with pytest.raises(HasOwnLink):
            await acting


async def test_filler_says_no_to_an_offer_for_all_but_who_claimed_their_link(client: AsyncClient) -> None:
    training = await make.make_training()
    [ana, beto] = await make_family(training, "Ana", "Beto", phone="5555 1234")
    await RegistrationGroup.filter(id=ana.group_id).update(state="offered")
    await Registration.filter(group_id=ana.group_id).update(state="offered")
    base, own = f"/i/{await group_token(ana)}", await claim(client, await link_of(beto))

    asked = Page((await client.get(f"{base}/no-puedo")).text).text
    answer, again = [await client.post(f"{base}/no-puedo") for _ in range(2)]
    assert again.status_code == 303
    told = Page((await client.get(answer.headers["location"])).text).text
    kept = (await Registration.get(id=beto.id)).state
    await client.post(f"{own}/acepto")

    assert kept == "offered"
    assert "¿No puede ir?" in asked
    assert "Listo, menos la inscripción de Beto Coc Xol: tiene su propio enlace y solo desde ahí se cancela." in told
    assert [one.state for one in await Registration.filter(group_id=ana.group_id).order_by("id")] == [
        "cancelled",
        "confirmed",
    ]


async def test_pages_say_who_cancelled_and_when_to_each_reader(client: AsyncClient, freeze: Freeze) -> None:
    freeze(datetime(2027, 2, 3, 20, 5, tzinfo=UTC))
    training = await make.make_training()
    [ana, beto, cata, diego] = await make_family(training, "Ana", "Beto", "Cata", "Diego", phone="5555 1234")
    base, own = f"/i/{await group_token(ana)}", await claim(client, await link_of(beto))
    theirs = await claim(client, await link_of(diego))

    await client.post(f"{own}/cancelar")
    await client.post(f"{base}/{cata.id}/cancelar")
    await actions.cancel(diego.id, actor=await a_coordinator())

    family, alone, by_hub = [Page((await client.get(path)).text).text for path in (base, own, theirs)]
    when = "miércoles 3 de febrero, 2:05\xa0p.\xa0m."
    assert f"El {when} canceló con su propio enlace." in family
    assert f"El {when} canceló usted." in family
    assert f"El {when} canceló la ventanilla." in family
    assert f"El {when} la canceló usted." in alone
    assert f"El {when} la canceló la ventanilla." in by_hub


async def test_pages_say_who_corrected_a_name_and_when(client: AsyncClient, freeze: Freeze) -> None:
    freeze(datetime(2027, 2, 3, 20, 5, tzinfo=UTC))
    _ana, beto, base = await two_with_secrets(await make.make_training())
    await client.post(f"{base}/{beto.id}/nombre", data={"given_names": "Beto", "surnames": "Coc Xoól"})
    told = Page((await client.get(f"{base}/{beto.id}/cambiar")).text).text

    own = await claim(client, await link_of(beto))
    shown = Page((await client.get(own)).text).text
    await client.post(f"{own}/nombre", data={"given_names": "Beto", "surnames": "Coc Xol"})
    again = Page((await client.get(own)).text).text

    when = "miércoles 3 de febrero, 2:05\xa0p.\xa0m."
    assert f"El {when} lo corrigió usted." in told
    assert f"El {when} lo corrigió quien llenó el formulario." in shown
    assert f"El {when} lo corrigió usted." in again


async def test_old_page_claims_with_an_address_made_now(client: AsyncClient, freeze: Freeze) -> None:
    [_ana, beto] = await make_family(
        await make.make_training(sessions=[(make.tomorrow_at(8, days=9), make.tomorrow_at(9, days=9))]), "Ana", "Beto"
    )
    path = await link_of(beto)
    form = {"claim": Page((await client.get(path)).text).one("input", name="claim")["value"] or ""}
    freeze(clock.now() + timedelta(days=2))

    answer = await client.post(f"{path}/mio", data=form)

    assert answer.status_code == 303
    assert answer.headers["location"] == await link_of(beto)


async def test_new_link_of_who_was_taken_out_of_the_group_is_theirs_from_the_start(client: AsyncClient) -> None:
    [_ana, beto] = await make_family(await make.make_training(), "Ana", "Beto")
    await actions.detach(beto.id, phone=None, email=None, actor=PROGRAM)

    own = await link_of(beto)

    assert "Beto Coc Xol" in (await client.get(own)).text
    assert (await client.get(f"{own}/datos")).status_code == 200


# -- certificates


async def diploma_of(training: Training, person: Registration) -> Certificate:
    """The diploma of somebody who came to the only session."""
    await come(training.sessions[0], person)
    return await issue(person.id, CertificateKind.DIPLOMA, actor=PROGRAM)


async def test_certificate_opens_to_the_claimed_link_and_to_the_group_only_for_minors(
    client: AsyncClient, freeze: Freeze
) -> None:
    training = await make_held(4, admits_minors=True)
    with clock.frozen(BEFORE):
        [ana, cata] = await make_family(training, "Ana", children=["Cata"])
    freeze(AFTER)
    base = f"/i/{await group_token(ana)}"
    papers = {one.id: await diploma_of(training, one) for one in (ana, cata)}

    group = Page((await client.get(base)).text)
    for person, status in ((cata, 200), (ana, 404)):
        path = f"/diploma/{papers[person.id].code}.pdf"
        assert (f"{base}{path}" in group.source) is (status == 200)
        assert (await client.get(base + path)).status_code == status
    unclaimed = await link_of(ana)
    assert papers[ana.id].code not in (await client.get(unclaimed)).text
    assert (await client.get(f"{unclaimed}/diploma/{papers[ana.id].code}.pdf")).status_code == 409
    own = await claim(client, unclaimed)
    assert (await client.get(f"{own}/diploma/{papers[ana.id].code}.pdf")).status_code == 200
    assert (await client.get(f"{own}/diploma/{papers[cata.id].code}.pdf")).status_code == 404
    for paper in papers.values():
        await revoke(paper.id, "prueba", actor=PROGRAM)
    told = [Page((await client.get(path)).text).text for path in (base, unclaimed, own)]
    assert [[f"{papers[one.id].folio} fue anulado el" in page for one in (ana, cata)] for page in told] == [
        [False, True],
        [False, False],
        [True, False],
    ]


async def test_unclaimed_link_names_nobody_thirty_days_after(client: AsyncClient, freeze: Freeze) -> None:
    training = await make.make_training()
    [_ana, beto] = await make_family(training, "Ana", "Beto")
    path = await link_of(beto)
    freeze(training.sessions[0].ends_at + LINK_DAYS + timedelta(seconds=1))

    page = Page((await client.get(path)).text)

    assert "Beto" not in page.text
    assert not page.all("svg", **{"class": "qr"})
    assert "Aquí quedan sus diplomas." in (await client.get(await claim(client, path))).text
