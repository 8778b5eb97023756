"""The printed name: who may say that it is right, what is refused, and papers set anew before they are handed over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from httpx2 import AsyncClient

from tests import make
from tests.certificates.held import AFTER, BEFORE, make_attendee, make_held, printed
from trainings import clock
from trainings.accounts.models import Role
from trainings.accounts.queries import actor_of
from trainings.audit.actor import HOLDER_OF_LINK, PROGRAM
from trainings.certificates.issuing import names
from trainings.certificates.issuing.actions import issue
from trainings.certificates.making.files import file_of
from trainings.certificates.models import (
    Certificate,
    CertificateKind,
    ConfirmedHow,
    HandedOver,
    NameConfirmation,
    SupersededFile,
)
from trainings.db import transaction
from trainings.people.actions import GuardianContact
from trainings.people.forms import PersonForm
from trainings.people.models import ConsentPurpose, Relation
from trainings.privacy import withdrawal
from trainings.registrations.commands import Member, SignUp
from trainings.registrations.models import OwnLink, Registration
from trainings.registrations.seats.actions import sign_up
from trainings.settings import Settings

Freeze = Callable[[datetime], None]
OWN, DESK = ConfirmedHow.OWN_LINK, ConfirmedHow.DESK


async def again(one: Registration) -> Registration:
    return await Registration.get(id=one.id).prefetch_related("participant")


async def how_confirmed(one: Registration) -> ConfirmedHow | None:
    found = (await names.confirmed([await again(one)])).get(one.id)
    return found.how if found is not None else None


async def test_own_page_then_the_name_is_read_said_to_be_right_and_corrected(
    client: AsyncClient, freeze: Freeze
) -> None:
    training = await make_held(4, 4)
    with clock.frozen(BEFORE):
        ana = await make.make_registration(training, given_names="Ana", surnames="Coc Xol")
    freeze(BEFORE + timedelta(days=1))
    address = f"/i/{(await OwnLink.get(registration_id=ana.id)).token}"

    shown = await client.get(address)
    stale = await client.post(f"{address}/nombre/bien", data={"name": "Anna Coc Xol"})
    said = await client.post(f"{address}/nombre/bien", data={"name": "Ana Coc Xol"})
    await client.post(f"{address}/nombre/bien", data={"name": "Ana Coc Xol"})
    after = await client.get(address)
    odd = await client.post(f"{address}/nombre", data={"given_names": "Ana \u6f22", "surnames": "Coc Xol"})
    odd_surname = await client.post(f"{address}/nombre", data={"given_names": "Ana", "surnames": "Coc \u6f22"})
    corrected = await client.post(f"{address}/nombre", data={"given_names": "Aná", "surnames": "Coc Xol"})

    assert "Sí, así se escribe" in shown.text
    assert (stale.status_code, "El nombre cambió mientras tanto." in stale.text) == (409, True)
    assert (said.status_code, said.headers["location"]) == (303, address)
    assert "Sí, así se escribe" not in after.text
    assert "Ya dijo que está bien escrito." in after.text
    assert (odd.status_code, "El diploma no puede imprimir «\u6f22»." in odd.text) == (422, True)
    assert "Ana \u6f22" in odd.text, "what was typed is kept"
    assert 'href="#surnames"' in odd_surname.text, "the field with the letter is named"
    assert corrected.status_code == 303
    assert await NameConfirmation.filter(registration_id=ana.id).count() == 2, "once for each name"
    assert await how_confirmed(ana) is OWN


async def test_group_link_then_speaks_for_the_minor_alone(client: AsyncClient, freeze: Freeze) -> None:
    training = await make_held(4, 4, admits_minors=True)
    freeze(BEFORE)
    person = {"surnames": "Coc", "municipality": "0000", "actor_type": "familia"}
    adults = [PersonForm.model_validate({**person, "given_names": name}) for name in ("Rosa", "Juan")]
    minor = PersonForm.model_validate({**person, "given_names": "Luz", "age_group": "14-17"})
    members = (*(Member(one) for one in adults), Member(minor, has_assented=True))
    guardian = GuardianContact("Rosa Coc", Relation.MADRE, "+50255551234")
    done = await sign_up(
        training.id, SignUp(members, frozenset({ConsentPurpose.DATA}), guardian=guardian), actor=PROGRAM
    )
    _rosa, juan, luz = [await Registration.get(id=key) for key in done.registration_ids]
    base = f"/i/{(await OwnLink.get(group_id=done.group_id, scope='group')).token}"

    about_juan = await client.get(f"{base}/{juan.id}/cambiar")
    for_juan = await client.post(f"{base}/{juan.id}/nombre/bien", data={"name": "Juan Coc"})
    renamed = await client.post(f"{base}/{juan.id}/nombre", data={"given_names": "Juan José", "surnames": "Coc"})
    for_luz = await client.post(f"{base}/{luz.id}/nombre/bien", data={"name": "Luz Coc"})

    assert "Sí, así se escribe" not in about_juan.text
    assert (for_juan.status_code, renamed.status_code, for_luz.status_code) == (404, 303, 303)
    assert (await how_confirmed(juan), await how_confirmed(luz)) == (None, OWN)


async def test_corrected_before_hand_over_then_same_folio_and_the_file_of_before_is_disowned(
    db: Settings, freeze: Freeze
) -> None:
    training = await make_held(4, 4)
    ana = await make_attendee(training, given_names="Ana", surnames="Cok Xol")
    freeze(AFTER)
    diploma = await issue(ana.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    first = await file_of(diploma)
    await Certificate.filter(id=diploma.id).update(printed_at=AFTER)
    user = await make.make_user(Role.ASSISTANT, await training.hub)

    freeze(AFTER + timedelta(minutes=5))
    n = await names.correct(ana.id, "Ana", "Coc Xol", DESK, actor=await actor_of(user))
    same = await names.correct(ana.id, "Ana", "Coc Xol", DESK, actor=await actor_of(user))

    now = await Certificate.get(id=diploma.id)
    assert (n, same) == (1, 0)
    assert (now.folio, now.code, now.revision, now.printed_at) == (diploma.folio, diploma.code, 2, AFTER)
    assert (now.printed_name, now.initials) == ("Ana Coc Xol", "A. C. X.")
    [old] = await SupersededFile.filter(certificate_id=diploma.id)
    assert (old.sha256, old.revision) == (first.sha256, 1)
    assert await names.changed_among(await Certificate.all()) == {diploma.id}
    assert "Ana Coc Xol" in (await printed(now))[0]
    assert (await file_of(now)).sha256 != first.sha256
    found = (await names.confirmed([await again(ana)]))[ana.id]
    assert (found.how, found.at, found.by) == (DESK, AFTER + timedelta(minutes=5), user.name)

    await Certificate.filter(id=diploma.id).update(printed_at=AFTER + timedelta(minutes=9))
    assert await names.changed_among(await Certificate.all()) == frozenset()


async def test_valid_paper_then_the_link_corrects_a_slip_once_and_never_makes_it_another_persons(
    client: AsyncClient, freeze: Freeze
) -> None:
    training = await make_held(4, 4)
    ana = await make_attendee(training, given_names="Ana", surnames="Cok Xol")
    freeze(AFTER)
    diploma = await issue(ana.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    address = f"/i/{(await OwnLink.get(registration_id=ana.id)).token}"

    async def write(given_names: str, surnames: str) -> tuple[int, bool]:
        answer = await client.post(f"{address}/nombre", data={"given_names": given_names, "surnames": surnames})
        return answer.status_code, "El diploma ya vale con este nombre" in answer.text

    sold = await write("Rigoberto", "Otra Persona")
    slip = await write("Ana", "Coc Xol")
    again_a_slip = await write("Anai", "Coc Xol")
    accent = await write("Aná", "Coc Xol")

    assert [sold, slip, again_a_slip, accent] == [(409, True), (303, False), (409, True), (303, False)]
    assert (await Certificate.get(id=diploma.id)).printed_name == "Aná Coc Xol"


async def test_valid_paper_when_the_name_is_written_by_the_link_of_another_sign_up_then_it_stays_its_persons(
    db: Settings, freeze: Freeze
) -> None:
    training, ahead = await make_held(4, 4), await make_held(4, start=AFTER + timedelta(days=30))
    ana = await make_attendee(training, given_names="Ana", surnames="Cok Xol")
    with clock.frozen(BEFORE):
        other = await make.make_registration(ahead, given_names="Eva", surnames="Pop")
    await Registration.filter(id=other.id).update(participant_id=ana.participant_id, created_at=BEFORE)
    freeze(AFTER)
    await issue(ana.id, CertificateKind.DIPLOMA, actor=PROGRAM)

    with pytest.raises(names.AlreadyValid):
        await names.correct(other.id, "Rigoberto", "Otra Persona", OWN, actor=HOLDER_OF_LINK)
    await names.correct(other.id, "Rigoberto", "Otra Persona", DESK, actor=PROGRAM)
    with pytest.raises(names.AlreadyValid):
        await names.confirm(ana.id, OWN, actor=HOLDER_OF_LINK)
    with pytest.raises(names.AlreadyValid):
        await names.correct(ana.id, "Rigoberto", "Otra Persona", OWN, actor=HOLDER_OF_LINK)
    assert await names.confirm(ana.id, DESK, actor=PROGRAM) == 1, "at the desk somebody sees who it is"

    await Certificate.all().update(printed_at=AFTER)
    assert await names.confirm(ana.id, OWN, actor=HOLDER_OF_LINK) == 0, "of the printed name itself"
    await names.correct(other.id, "Rigobérto", "Otra Persona", OWN, actor=HOLDER_OF_LINK)
    with pytest.raises(names.PaperPrinted):
        await names.confirm(ana.id, OWN, actor=HOLDER_OF_LINK)
    assert (await Certificate.get()).printed_name == "Rigoberto Otra Persona"


async def test_valid_paper_when_written_by_who_signed_up_a_group_then_no_slip_after_another_makes_it_somebody_elses(
    sqlite_db: Settings, freeze: Freeze
) -> None:
    ana = await make_attendee(await make_held(4, 4), given_names="Ana", surnames="Cok Xol")
    freeze(AFTER)
    await issue(ana.id, CertificateKind.DIPLOMA, actor=PROGRAM)

    for given_names, surnames in (("Anai", "Cok Xol"), ("Anais", "Coj Xol")):
        with pytest.raises(names.AlreadyValid):
            await names.correct(ana.id, given_names, surnames, None, actor=HOLDER_OF_LINK)
    await names.correct(ana.id, "Aná", "Cok Xol", None, actor=HOLDER_OF_LINK)

    assert (await Certificate.get()).printed_name == "Aná Cok Xol"


async def test_printed_paper_then_its_name_changes_by_staff_alone(client: AsyncClient, freeze: Freeze) -> None:
    ana = await make_attendee(await make_held(4, 4), given_names="Ana", surnames="Cok Xol")
    freeze(AFTER)
    diploma = await issue(ana.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    address = f"/i/{(await OwnLink.get(registration_id=ana.id)).token}"
    await Certificate.filter(id=diploma.id).update(printed_at=AFTER)

    page = await client.get(address)
    by_link = await client.post(f"{address}/nombre", data={"given_names": "Ana", "surnames": "Coc Xol"})
    with pytest.raises(names.PaperPrinted):
        await names.correct(ana.id, "Aná", "Cok Xol", None, actor=HOLDER_OF_LINK)

    assert "Su diploma ya se imprimió." in page.text
    assert "Corregir mi nombre" not in page.text
    assert (by_link.status_code, "El diploma ya se imprimió." in by_link.text) == (409, True)
    assert (await again(ana)).participant.surnames == "Cok Xol"
    assert await names.correct(ana.id, "Ana", "Coc Xol", DESK, actor=PROGRAM) == 1


async def test_corrected_after_hand_over_then_the_paper_stays_and_the_link_leads_to_the_desk(
    client: AsyncClient, freeze: Freeze
) -> None:
    training = await make_held(4, 4)
    ana = await make_attendee(training, given_names="Ana", surnames="Cok Xol")
    freeze(AFTER)
    diploma = await issue(ana.id, CertificateKind.DIPLOMA, actor=PROGRAM)
    await names.confirm(ana.id, OWN, actor=HOLDER_OF_LINK)
    await Certificate.filter(id=diploma.id).update(handed_over_at=AFTER, handed_over_how=HandedOver.LIST)

    n = await names.correct(ana.id, "Ana", "Coc Xol", None, actor=PROGRAM)

    now = await Certificate.get(id=diploma.id)
    assert (n, now.printed_name, now.revision) == (0, "Ana Cok Xol", 1)
    assert await how_confirmed(ana) is None
    for how, actor in ((DESK, PROGRAM), (None, HOLDER_OF_LINK)):
        with pytest.raises(names.LetterNotPrintable):
            await names.correct(ana.id, "Ana 😀", "Coc Xol", how, actor=actor)

    address = f"/i/{(await OwnLink.get(registration_id=ana.id)).token}"
    own_page = await client.get(address)
    by_link = await client.post(f"{address}/nombre", data={"given_names": "Ana", "surnames": "Cox"})
    said = await client.post(f"{address}/nombre/bien", data={"name": "Ana Coc Xol"})
    assert "Su diploma ya se entregó." in own_page.text
    assert "Corregir mi nombre" not in own_page.text
    assert [(one.status_code, "El diploma ya se entregó." in one.text) for one in (by_link, said)] == [(409, True)] * 2
    assert (await again(ana)).participant.surnames == "Coc Xol"

    async with transaction():
        await withdrawal.forget([(await again(ana)).participant])
    assert await NameConfirmation.filter(registration_id=ana.id).count() == 0, "it goes with the rest"
