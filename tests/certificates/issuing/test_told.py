"""Who is told that a certificate is ready, or annulled: by mail where there is an address, else by a list of calls."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.cast import make_cast
from tests.certificates.desk import Browsers, signed_in, text_of
from tests.certificates.held import AFTER, a_diploma, issue_all, make_attendee, make_held
from tests.registrations.call_world import calls, households, said_to_all
from trainings import clock, jobs
from trainings.accounts.queries import actor_of
from trainings.audit.actor import PROGRAM
from trainings.certificates.issuing.actions import issue, revoke, stop_telling
from trainings.certificates.issuing.mails import waiting
from trainings.certificates.issuing.names import remove_names, withdraw_all
from trainings.certificates.models import Certificate, CertificateKind, HandedOver
from trainings.db import transaction
from trainings.outbox.actions import TooLateToStop, stop_batch
from trainings.outbox.models import Call, CallList, CallReason, CallResult, CallVia, OutboxJob
from trainings.registrations.calls.texts import text_for, told_by
from trainings.registrations.models import Registration
from trainings.schedule.models import Training
from trainings.settings import Settings

DIPLOMA = CertificateKind.DIPLOMA
Freeze = Callable[[datetime], None]


async def list_about(training: Training, reason: CallReason) -> CallList:
    return await CallList.get(training_id=training.id, reason=reason)


async def reached(call_list: CallList) -> None:
    [household] = await households(call_list)
    for registration_id in household.keys:
        await Call.create(
            call_list=call_list, registration_id=registration_id, result=CallResult.REACHED, via=CallVia.CALL
        )


async def test_ready_then_mails_where_there_is_an_address_and_one_list_of_calls_for_the_others(
    db: Settings, freeze: Freeze
) -> None:
    training = await make_held()
    await make_attendee(training, given_names="Ana", email="ana@correo.example")
    beto = await make_attendee(training, given_names="Beto")
    freeze(AFTER)

    await issue_all(training)

    assert await OutboxJob.filter(kind="certificate_ready").count() == 1
    call_list = await list_about(training, CallReason.CERTIFICATE)
    assert list(await calls(call_list)) == ["Beto"]
    told = await told_by(call_list)
    [household] = await households(call_list)
    assert "ya está listo su documento: puede recogerlo en la ventanilla." in text_for(household, told)
    assert training.title not in text_for(household, told) + await said_to_all(call_list)
    freeze(AFTER + timedelta(hours=1))
    await reached(call_list)
    await revoke((await Certificate.get(registration_id=beto.id)).id, "nombre mal escrito", actor=PROGRAM)
    freeze(AFTER + timedelta(hours=2))
    await issue(beto.id, DIPLOMA, actor=PROGRAM)
    assert [one.is_reached for one in await households(call_list)] == [False]


async def test_calls_that_a_paper_is_ready_then_from_when_and_not_before_a_day_that_is_past(
    new_client: Browsers, freeze: Freeze
) -> None:
    cast = await make_cast()
    person = await make_attendee(await make_held(hub=cast.hub), given_names="Beto")
    freeze(AFTER)
    await issue(person.id, DIPLOMA, actor=PROGRAM)
    browser = await signed_in(new_client, cast.coordinator)

    pages = [await browser.get("/panel/llamadas")]
    one = re.search(r'href="(/panel/llamadas/[0-9a-f-]+)"', pages[0].text)
    assert one is not None
    pages += [await browser.get(one[1]), await browser.get(one[1] + "/hoja")]

    panel = text_of(await browser.get("/panel"))
    assert "1 persona por llamar Documento listo: «" in panel
    assert "Lo más urgente" not in panel
    for page in pages:
        assert "Se llama desde: domingo 14 de marzo" in text_of(page)
        assert "antes del" not in text_of(page).lower()


async def test_calls_that_a_paper_is_ready_then_not_to_who_holds_it_or_had_the_name_taken_out(
    sqlite_db: object, freeze: Freeze
) -> None:
    """At a ceremony papers are handed over before they are valid: nobody is called to fetch one afterwards."""
    training = await make_held()
    ana, beto, _cata, dora = [
        await make_attendee(training, given_names=name) for name in ("Ana", "Beto", "Cata", "Dora")
    ]
    freeze(AFTER)
    await issue_all(training)
    await revoke((await Certificate.get(registration_id=dora.id)).id, "se emitió por error", actor=PROGRAM)

    await Certificate.filter(registration_id=ana.id).update(handed_over_at=AFTER, handed_over_how=HandedOver.LIST)
    async with transaction():
        await remove_names([beto.participant_id])

    assert list(await calls(await list_about(training, CallReason.CERTIFICATE))) == ["Cata"]
    assert list(await calls(await list_about(training, CallReason.ANNULLED))) == ["Dora"]
    async with transaction():
        await withdraw_all([dora.participant_id])
    assert list(await calls(await list_about(training, CallReason.ANNULLED))) == []


async def test_annulled_when_it_was_valid_then_the_same_people_are_told(db: Settings, freeze: Freeze) -> None:
    training = await make_held()
    await make_attendee(training, given_names="Ana", email="ana@correo.example")
    await make_attendee(training, given_names="Beto")
    freeze(AFTER)
    issued = await issue_all(training)

    for one in issued:
        await revoke(one.id, "se emitió por error", actor=PROGRAM)

    assert list(await calls(await list_about(training, CallReason.ANNULLED))) == ["Beto"]
    assert list(await calls(await list_about(training, CallReason.CERTIFICATE))) == []
    [job] = await OutboxJob.filter(kind="certificate_annulled")
    mail = await jobs.COMPOSERS[job.kind](job)
    assert mail is not None
    assert ("ya no es válido" in mail.text, issued[0].folio in mail.text) == (True, True)
    assert "se emitió por error" not in mail.text
    assert training.title not in mail.subject
    [earlier] = await OutboxJob.filter(kind="certificate_ready")
    overtaken = await jobs.COMPOSERS[earlier.kind](earlier)
    assert overtaken is not None
    assert overtaken.is_overtaken
    assert clock.now() == AFTER


async def test_annulled_then_after_ten_minutes_and_until_then_it_can_be_stopped(db: Settings, freeze: Freeze) -> None:
    cast = await make_cast()
    actor = await actor_of(cast.coordinator)
    training = await make_held(hub=cast.hub)
    await make_attendee(training, given_names="Ana", email="ana@correo.example")
    for name in ("Beto", "Cata"):
        await make_attendee(training, given_names=name)
    freeze(AFTER)
    ana, beto, cata = await issue_all(training)

    for minutes, one in ((0, ana), (5, beto)):
        freeze(AFTER + timedelta(minutes=minutes))
        await revoke(one.id, "se emitió por error", actor=actor)
    [told] = await waiting(training.id)
    [job] = await OutboxJob.filter(kind="certificate_annulled")
    call_list = await list_about(training, CallReason.ANNULLED)
    n_stopped = await stop_batch(told.batch_id, actor=actor)
    freeze(AFTER + timedelta(minutes=20))
    await revoke(cata.id, "se emitió por error", actor=actor)
    freeze(AFTER + timedelta(minutes=31))
    later = await CallList.get(reason=CallReason.ANNULLED, closed_at=None)

    leaves_at = AFTER + timedelta(minutes=15)
    assert (told.n_people, told.n_calls, told.leaves_at) == (1, 1, leaves_at), "the second joined the first"
    assert (job.run_at, job.batch_id, call_list.due_at) == (leaves_at, told.batch_id, leaves_at)
    assert (n_stopped, list(await calls(call_list))) == (1, [])
    assert (list(await calls(later)), await waiting(training.id)) == (["Cata"], []), "what was stopped stays untold"
    await CallList.filter(id=call_list.id).delete()  # as it is, a month later
    await Certificate.filter(id__in=[ana.id, beto.id]).update(revoked_at=AFTER - timedelta(days=31))
    assert list(await calls(later)) == ["Cata"]
    with pytest.raises(TooLateToStop):
        await stop_batch(later.batch_id, actor=actor)  # type: ignore[arg-type]  # it is one of a batch


async def test_telling_when_stopped_while_another_is_annulled_then_that_is_stopped_too_or_told_whole(
    postgres_db: Settings, freeze: Freeze
) -> None:
    """Once at the diplomas, once at the messages."""
    freeze(AFTER)
    cast = await make_cast()
    actor, training = await actor_of(cast.coordinator), await make_held(hub=cast.hub)
    papers = [
        await a_diploma(training, given_names=f"Ana {chr(65 + k)}", email=f"ana{k}@la-libertad.example")
        for k in range(4)
    ]
    for by_batch, (first, second) in ((False, papers[:2]), (True, papers[2:])):
        freeze(clock.now() + timedelta(minutes=20))
        await revoke(first.id, "prueba", actor=actor)
        batch_id = (await CallList.get(closed_at=None, due_at__gt=clock.now())).batch_id
        assert batch_id is not None
        freeze(clock.now() + timedelta(minutes=1))

        stop = stop_batch(batch_id, actor=actor) if by_batch else stop_telling(training.id, batch_id, actor=actor)
        await asyncio.gather(revoke(second.id, "prueba", actor=actor), stop)

        job = await OutboxJob.get(kind="certificate_annulled", subject_id=second.registration_id)
        its_list = await CallList.get(batch_id=job.batch_id)
        assert (job.stopped_at is None) == (its_list.closed_at is None)
        assert (await OutboxJob.get(kind="certificate_annulled", subject_id=first.registration_id)).stopped_at


async def test_annulled_then_counts_and_reaches_the_one_of_a_family_whom_it_is_about(
    sqlite_db: object, freeze: Freeze
) -> None:
    training = await make_held()
    ana, beto = [
        await make_attendee(training, given_names=name, email="familia@correo.example") for name in ("Ana", "Beto")
    ]
    await Registration.filter(id=beto.id).update(group_id=ana.group_id)
    freeze(AFTER)
    papers = {one.registration_id: one for one in await issue_all(training)}

    await revoke(papers[ana.id].id, "prueba", actor=PROGRAM)
    [told] = await waiting(training.id)

    assert (told.n_people, told.n_calls) == (1, 0)


async def test_ready_then_nobody_who_was_written_to_long_ago_is_called_when_another_gets_theirs(
    db: Settings, freeze: Freeze
) -> None:
    training = await make_held()
    ana = await make_attendee(training, given_names="Ana", email="ana@correo.example")
    beto = await make_attendee(training, given_names="Beto")
    freeze(AFTER)
    await issue(ana.id, DIPLOMA, actor=PROGRAM)
    freeze(AFTER + timedelta(days=60))
    await OutboxJob.all().delete()  # as they are, a month later

    await issue(beto.id, DIPLOMA, actor=PROGRAM)
    freeze(AFTER + timedelta(days=60, hours=3))

    assert list(await calls(await list_about(training, CallReason.CERTIFICATE))) == ["Beto"]


async def test_page_when_annulled_then_says_when_people_are_told_and_stops_it(
    new_client: Browsers, freeze: Freeze
) -> None:
    freeze(AFTER)
    cast = await make_cast()
    training = await make_held(hub=cast.hub)
    ana = await a_diploma(training, given_names="Ana", email="ana@la-libertad.example")
    beto, cata = [await a_diploma(training, given_names=name) for name in ("Beto", "Cata")]
    base = f"/panel/capacitaciones/{training.id}/diplomas"
    browser = await signed_in(new_client, cast.coordinator)

    await browser.post(f"{base}/anular", data={"diploma": [str(ana.id), str(beto.id)], "reason": "lista equivocada"})
    shown, chosen = await browser.get(base), await browser.get(f"{base}/anular")
    stop = re.search(rf'action="({base}/anular/avisos/[0-9a-f-]+/detener)"', shown.text)
    assert stop is not None
    helped = await (await signed_in(new_client, cast.assistant)).get(base)
    messages = await browser.get("/panel/mensajes")
    stopped = await browser.post(stop[1])
    after = await browser.get(base)
    freeze(clock.now() + timedelta(minutes=1))
    await browser.post(f"/panel/diplomas/{cata.id}/anular", data={"reason": "otra persona"})
    by_call = await browser.get(base)
    freeze(clock.now() + timedelta(minutes=11))
    late_stop = await browser.post(re.findall(r'action="([^"]+/detener)"', by_call.text)[0])

    said = text_of(shown)
    assert "Por lo que se anuló: Se le avisa por correo a 1 persona el" in said
    assert "A 1 persona hay que llamarle." in said
    assert stop[1] in chosen.text
    assert ("Se le avisa por correo" in text_of(helped), "/detener" in helped.text) == (True, False)
    assert "Diploma o constancia, anulado" in text_of(messages).split("Lista de mensajes")[0]
    assert (stopped.status_code, stopped.headers["location"]) == (303, base)
    assert "Listo: no se le avisa a nadie. Lo anulado queda anulado." in after.text
    assert "/detener" not in after.text
    assert "A nadie le llega un correo: hay que llamar. La lista se abre el" in text_of(by_call)
    assert (late_stop.status_code, "Los avisos ya salieron" in late_stop.text) == (409, True)
