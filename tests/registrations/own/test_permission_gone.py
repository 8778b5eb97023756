"""Of who took back the permission for their data nothing more is kept: to come, they sign up anew."""

from __future__ import annotations

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.registrations.families import group_token, make_family
from tests.registrations.wishes import link_of, state_of
from tests.web.pages import Page
from trainings.audit.actor import HOLDER_OF_LINK
from trainings.people.consents import TEXT_VERSION
from trainings.people.models import Consent, ConsentHow, ConsentPurpose, Participant
from trainings.privacy.withdrawal import withdraw_data
from trainings.registrations.models import Registration, read_needs
from trainings.registrations.seats import actions

DATA = frozenset({ConsentPurpose.DATA})
NAMES = {"given_names": "Otra", "surnames": "Vez"}
TRIES: tuple[tuple[str, dict[str, str]], ...] = (
    ("/volver", {}),
    ("/nombre", NAMES),
    ("/apoyo", {"needs": "ramp"}),
    ("/datos", {"sex": "mujer"}),
)


async def nothing_is_kept_of(registration: Registration) -> None:
    stored = await Registration.get(id=registration.id)
    person = await Participant.get(id=registration.participant_id)
    assert (stored.state, read_needs(stored.needs)) == ("cancelled", {})
    assert (person.full_name, person.sex) == ("—", None)


async def test_own_link_keeps_nothing_more_and_leads_to_the_form(client: AsyncClient) -> None:
    training = await make.make_training()
    ana = await make.make_registration(training, purposes=DATA)
    base = await link_of(ana)
    await withdraw_data(ana.id, actor=HOLDER_OF_LINK)

    page, data = Page((await client.get(base)).text), Page((await client.get(f"{base}/datos")).text)
    answers = [await client.post(base + path, data=fields) for path, fields in TRIES]

    assert [answer.status_code for answer in answers] == [409] * 4
    assert "Se retiró el permiso de guardar estos datos" in answers[0].text
    await nothing_is_kept_of(ana)
    assert "Retiró el permiso de guardar sus datos. Si quiere venir, inscríbase de nuevo." in page.text
    assert page.all("a", href=f"/capacitaciones/{training.slug}/inscripcion")
    assert not page.all("form")
    assert not data.all("form")


async def test_family_takes_up_again_nobody_whose_permission_is_gone(client: AsyncClient) -> None:
    training = await make.make_training(admits_minors=True)
    ana, _beto, cata = await make_family(training, "Ana", "Beto", children=["Cata"])
    base = f"/i/{await group_token(ana)}"
    await withdraw_data(cata.id, actor=HOLDER_OF_LINK)

    page = Page((await client.get(base)).text)
    answers = [await client.post(f"{base}/{cata.id}{path}", data=fields) for path, fields in TRIES]

    assert [answer.status_code for answer in answers] == [409] * 4
    assert not page.all("form", action=f"{base}/{cata.id}/volver")
    await actions.cancel_group(ana.group_id, actor=HOLDER_OF_LINK)
    assert "Volver a inscribirnos" in (await client.get(base)).text
    assert (await client.post(f"{base}/volver")).status_code == 303
    await nothing_is_kept_of(cata)
    assert await state_of(ana) == "confirmed"


@pytest.mark.parametrize("purposes", [DATA, frozenset[ConsentPurpose]()])
async def test_who_agreed_again_or_was_never_asked_comes_back(
    client: AsyncClient, purposes: frozenset[ConsentPurpose]
) -> None:
    ana = await make.make_registration(await make.make_training(), purposes=purposes)
    await actions.cancel(ana.id, actor=HOLDER_OF_LINK)
    if purposes:
        await withdraw_data(ana.id, actor=HOLDER_OF_LINK)
        await Consent.create(
            participant_id=ana.participant_id,
            purpose=ConsentPurpose.DATA,
            text_version=TEXT_VERSION,
            how=ConsentHow.READ_ALOUD,
        )

    assert (await client.post(f"{await link_of(ana)}/volver")).status_code == 303
    assert await state_of(ana) == "confirmed"
