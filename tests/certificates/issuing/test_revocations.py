"""Annulling one, several, and many with a second person; another in its place; and that nothing happens by itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from httpx2 import AsyncClient

from tests.cast import Cast, make_cast
from tests.certificates.desk import Browsers, Freeze, make_desk, signed_in, text_of
from tests.certificates.held import AFTER, a_diploma, leave, make_attendee, make_held
from tests.make import kept
from trainings.accounts.queries import actor_of
from trainings.attendance import settling
from trainings.audit.actor import PROGRAM
from trainings.audit.models import AuditLine
from trainings.certificates.eligibility import NotEligible
from trainings.certificates.issuing import actions, late_data
from trainings.certificates.issuing.actions import (
    MOST_ALONE,
    AlreadyAsked,
    AlreadyDecided,
    NoneChosen,
    OwnRequest,
    ReasonMissing,
    annul_chosen,
    issue,
    reissue,
    revoke,
    to_decide,
)
from trainings.certificates.issuing.actions import decide_request as decide
from trainings.certificates.issuing.mails import MESSAGES
from trainings.certificates.issuing.preparing import validate_due
from trainings.certificates.models import Certificate, CertificateKind, CertificateState, RevocationRequest
from trainings.certificates.queries import Replacement, public_check
from trainings.db import lock, sql, transaction
from trainings.lib import tokens
from trainings.outbox.models import CallList, CallReason, OutboxJob
from trainings.privacy.actions import sweep
from trainings.registrations.models import Registration
from trainings.schedule.models import Course, Training
from trainings.schedule.session_actions import locked_training
from trainings.settings import Settings

DIPLOMA = CertificateKind.DIPLOMA
VALID, REVOKED = CertificateState.VALID, CertificateState.REVOKED
SOMEBODY_WAITS = """
    SELECT 1 AS one FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


@pytest.fixture(autouse=True)
def days_after(freeze: Freeze) -> None:
    freeze(AFTER)


@pytest.fixture
def two_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many papers one person may annul at once."""
    assert MOST_ALONE == 10
    monkeypatch.setattr(actions, "MOST_ALONE", 2)


@dataclass(frozen=True)
class Many:
    """A training at the cast's hub whose people all hold a diploma."""

    cast: Cast
    training: Training
    ids: list[UUID]

    @property
    def page(self) -> str:
        return f"/panel/capacitaciones/{self.training.id}/diplomas/anular"


@kept
async def many(n: int) -> Many:
    cast = await make_cast()
    training = await make_held(hub=cast.hub)
    papers = [await a_diploma(training, given_names=f"Ana {chr(65 + k)}") for k in range(n)]
    return Many(cast, training, [one.id for one in papers])


async def states() -> list[CertificateState]:
    return [one.state for one in await Certificate.all().order_by("number")]


# -- one


async def test_reissue_when_it_was_earned_then_both_know_each_other_and_the_mail_names_the_new_one(
    db: Settings,
) -> None:
    old = await a_diploma(await make_held(), given_names="Ana", email="ana@la-libertad.example")

    new = await reissue(old.id, "nombre mal escrito", actor=PROGRAM)

    was, now = await public_check(old.code), await public_check(new.code)
    assert (was.state, was.replaced_by, was.replaces) == (REVOKED, Replacement(new.folio, new.code), None)
    assert (now.state, now.replaces, now.replaced_by) == (VALID, Replacement(old.folio, old.code), None)
    mail = await MESSAGES["certificate_annulled"](await OutboxJob.get(kind="certificate_annulled"))
    assert mail is not None
    assert new.folio in mail.text


async def test_reissue_when_many_are_being_annulled_then_waits_for_their_training_holding_nothing(
    postgres_db: Settings,
) -> None:
    old = await a_diploma(await make_held())
    training_id = (await Registration.get(id=old.registration_id)).training_id
    has_begun = asyncio.Event()

    async def reissue_meanwhile() -> Certificate:
        await has_begun.wait()
        return await reissue(old.id, "nombre mal escrito", actor=PROGRAM)

    meanwhile = asyncio.create_task(reissue_meanwhile())
    async with transaction():
        await locked_training(training_id)
        has_begun.set()
        while not await sql.rows(SOMEBODY_WAITS):  # noqa: ASYNC110 - the database tells by being asked
            await asyncio.sleep(0.01)
        held = await lock(Certificate, [old.id])

    assert [one.state for one in held] == [VALID]
    assert (await meanwhile).replaces_id == old.id


async def test_reissue_when_no_longer_earned_then_neither_and_nobody_is_told(db: Settings) -> None:
    training = await make_held(4, 4)
    person = await make_attendee(training, given_names="Ana", email="ana@la-libertad.example")
    old = await issue(person.id, DIPLOMA, actor=PROGRAM)
    await left_early(training, person)

    with pytest.raises(NotEligible):
        await reissue(old.id, "horas", actor=PROGRAM)
    with pytest.raises(ReasonMissing):
        await reissue(old.id, " ", actor=PROGRAM)

    assert await states() == [VALID]
    assert not await OutboxJob.exists(kind="certificate_annulled")


async def left_early(training: Training, person: Registration) -> None:
    session = training.sessions[-1]
    await leave(session, person, session.starts_at + timedelta(minutes=5))


# -- many


@pytest.mark.usefixtures("two_alone")
async def test_many_when_few_then_at_once_and_another_trainings_are_left_out(db: Settings) -> None:
    world = await many(2)
    other = await a_diploma(given_names="Zoila")
    actor = await actor_of(world.cast.coordinator)

    done = await annul_chosen(world.training.id, [*world.ids, other.id], "prueba", actor=actor)

    assert (done.n, done.request) == (2, None)
    assert {one.state for one in await Certificate.filter(id__in=world.ids)} == {REVOKED}
    assert {one.revoked_by_id for one in await Certificate.filter(id__in=world.ids)} == {actor.id}
    assert (await Certificate.get(id=other.id)).state is VALID
    assert await CallList.filter(reason=CallReason.ANNULLED).count() == 1
    with pytest.raises(NoneChosen):
        await annul_chosen(world.training.id, world.ids, "prueba", actor=actor)


@pytest.mark.usefixtures("two_alone")
async def test_many_when_one_more_then_a_second_person_decides_once(db: Settings) -> None:
    world = await many(3)
    coordinator, admin = await actor_of(world.cast.coordinator), await actor_of(world.cast.admin)

    done = await annul_chosen(world.training.id, world.ids, "lista equivocada", actor=coordinator)
    assert done.request is not None
    with pytest.raises(AlreadyAsked):
        await annul_chosen(world.training.id, world.ids, "otra vez", actor=admin)
    with pytest.raises(OwnRequest):
        await decide(done.request.id, is_approved=True, actor=coordinator)
    waiting = [[one.id for one in await to_decide(actor)] for actor in (coordinator, admin)]
    before = set(await states())
    await revoke(world.ids[0], "aparte", actor=coordinator)
    n = await decide(done.request.id, is_approved=True, actor=admin)

    assert (done.n, before, waiting, n) == (0, {VALID}, [[], [done.request.id]], 2)
    assert set(await states()) == {REVOKED}
    assert (await Certificate.get(id=world.ids[1])).revoked_reason == "lista equivocada"
    with pytest.raises(AlreadyDecided):
        await decide(done.request.id, is_approved=False, actor=admin)
    assert await to_decide(admin) == []
    acts = [line.act for line in await AuditLine.filter(object_id=done.request.id).order_by("id")]
    assert acts == ["certificates.ask_to_revoke", "certificates.approve_revocation"]


@pytest.mark.usefixtures("two_alone")
async def test_many_when_refused_then_all_stand_and_it_is_logged(db: Settings) -> None:
    world = await many(3)
    done = await annul_chosen(world.training.id, world.ids, "x", actor=await actor_of(world.cast.coordinator))
    assert done.request is not None

    admin = await actor_of(world.cast.admin)
    n = await decide(done.request.id, is_approved=False, actor=admin)

    assert (n, set(await states()), await to_decide(admin)) == (0, {VALID}, [])
    assert await AuditLine.filter(act="certificates.refuse_revocation").count() == 1
    assert not await OutboxJob.exists(kind="certificate_annulled")
    assert not await CallList.exists(reason=CallReason.ANNULLED)


@pytest.mark.both_engines
@pytest.mark.usefixtures("two_alone")
async def test_many_when_decided_by_two_at_once_then_once(db: Settings) -> None:
    world = await many(3)
    done = await annul_chosen(world.training.id, world.ids, "x", actor=await actor_of(world.cast.coordinator))
    assert done.request is not None
    admin = await actor_of(world.cast.admin)

    answers = await asyncio.gather(
        *(decide(done.request.id, is_approved=True, actor=admin) for _ in range(4)), return_exceptions=True
    )

    assert sorted(type(one).__name__ for one in answers) == ["AlreadyDecided"] * 3 + ["int"]


# -- its pages


@pytest.mark.usefixtures("two_alone")
async def test_page_when_many_are_ticked_then_asked_decided_and_told_to_everybody_concerned(
    new_client: Browsers,
) -> None:
    world = await many(3)
    coordinator = await signed_in(new_client, world.cast.coordinator)
    admin = await signed_in(new_client, world.cast.admin)
    ticked = {"diploma": [str(one) for one in world.ids], "reason": "lista equivocada"}

    form = await coordinator.get(world.page)
    no_reason = await coordinator.post(world.page, data=ticked | {"reason": " "})
    none = await coordinator.post(world.page, data={"reason": "x", "diploma": ["no-uuid"]})
    nothing = await coordinator.post(world.page, data={"reason": "x"})
    asked = await coordinator.post(world.page, data=ticked)
    own = await coordinator.get(world.page)
    request = await RevocationRequest.get()
    panel = await admin.get("/panel")
    diplomas = await admin.get(world.page.removesuffix("/anular"))
    shown = await admin.get(world.page)
    forbidden = await coordinator.post(f"{world.page}/{request.id}", data={"approve": "true"})
    elsewhere = await admin.post(f"{world.page}/{tokens.uuid7()}", data={"approve": "true"})
    decided = await admin.post(f"{world.page}/{request.id}", data={"approve": "true"})
    after = await admin.get(world.page)

    assert form.text.count('name="diploma"') == 3
    assert (no_reason.status_code, none.status_code, nothing.status_code) == (422, 422, 422)
    assert no_reason.text.count(" checked") == 3
    assert "Marque al menos uno" in nothing.text
    assert (asked.status_code, asked.headers["location"]) == (303, world.page)
    assert "decide otra persona" in own.text
    assert 'name="approve"' not in own.text
    assert "Decidir si se anulan 3 documentos" in panel.text
    assert f'href="{world.page}"' in panel.text
    assert "Se pidió anular 3 documentos." in diplomas.text
    assert "lista equivocada" in shown.text
    assert (forbidden.status_code, elsewhere.status_code) == (403, 404)
    assert (decided.status_code, decided.headers["location"]) == (303, world.page)
    assert set(await states()) == {REVOKED}
    assert "lo aprobó" in after.text


async def test_page_when_one_is_annulled_and_issued_again_then_said_with_both_folios(new_client: Browsers) -> None:
    desk = await make_desk()
    browser = await signed_in(new_client, desk.cast.coordinator)
    page = f"/panel/diplomas/{desk.certificate.id}/anular"

    shown = await browser.get(page)
    missing = await browser.post(page, data={"reason": "", "another": "true"})
    done = await browser.post(page, data={"reason": "nombre mal escrito", "another": "true"})
    told = await browser.get(done.headers["location"])
    again = await browser.post(page, data={"reason": "x"})
    person = await browser.get(f"/panel/inscripciones/{desk.certificate.registration_id}/diploma")

    new = await Certificate.get(replaces_id=desk.certificate.id)
    assert "Anular y emitir otro" in shown.text
    assert missing.status_code == 422
    key = desk.certificate.registration_id
    assert (done.status_code, done.headers["location"]) == (303, f"{desk.page}?persona={key}#p-{key}")
    assert f"El folio {desk.certificate.folio} está anulado, y en su lugar se emitió el {new.folio}." in text_of(told)
    assert again.status_code == 409
    assert f"Lo reemplaza el folio {new.folio}." in person.text
    assert f"Reemplaza al folio {desk.certificate.folio}." in person.text


async def test_late_page_when_two_no_longer_meet_the_rule_then_both_ticked_to_be_annulled(
    new_client: Browsers,
) -> None:
    cast = await make_cast()
    training = await make_held(4, 4, hub=cast.hub)
    people = [await make_attendee(training, given_names=name) for name in ("Ana", "Beto", "Cata")]
    for person in people:
        await issue(person.id, DIPLOMA, actor=PROGRAM)
    for person in people[:2]:
        await left_early(training, person)
    browser = await signed_in(new_client, cast.coordinator)
    base = f"/panel/capacitaciones/{training.id}/diplomas"

    page = await browser.get(f"{base}/cambios")
    ticked = await browser.get(f"{base}/anular?marcar=cambios")

    assert f'href="{base}/anular?marcar=cambios"' in page.text
    assert "Anular los 2 que ya no cumplen" in page.text
    assert (ticked.text.count('name="diploma"'), ticked.text.count(" checked")) == (3, 2)


# -- nothing by itself


async def test_nothing_when_a_course_is_edited_or_the_day_is_swept_then_no_paper_and_no_message(
    db: Settings, client: AsyncClient, freeze: Freeze
) -> None:
    training = await make_held(4, 4)
    person = await make_attendee(training, given_names="Ana", email="ana@la-libertad.example", left_after=1)
    await issue(person.id, CertificateKind.CONSTANCIA, actor=PROGRAM)
    await OutboxJob.all().delete()
    before = await Certificate.all().values()

    await Course.filter(id=training.course_id).update(completion_share=10, pass_mark=1, title="Otro")
    await Training.filter(id=training.id).update(design="sobrio", completion_share=10, pass_mark=1)
    await settling.settle(training.id)
    freeze(AFTER + timedelta(days=30))
    await validate_due()
    await sweep()
    await client.get("/verificar")

    assert await Certificate.all().values() == before
    assert not await OutboxJob.filter(kind__startswith="certificate_").exists()
    assert not await CallList.exists(reason__in=[CallReason.CERTIFICATE, CallReason.ANNULLED], due_at__gt=AFTER)
    assert await late_data.changes_of(training.id) == []
